from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from jifen.core.micros import AMOUNT_MAX, CENT, MICRO, format_micros, format_rate, mul_div, parse_micros, parse_rate

amounts = st.integers(-(10**30), 10**30) | st.sampled_from([0, 1, -1, MICRO, CENT, AMOUNT_MAX, -AMOUNT_MAX, 2**63 - 1])
RUBBISH = [
    "", " ", ".", "-", "+", "+-1", "--1", "1.2.3", "1,5", "1 000", "1_000", "1e3", "1E3", "0x10", "inf", "NaN", "￥5",
    "¥5", "5元", "１", "١", "½", "一", "1\x00", "1\n2", "1" * 41, "9" * 10_000,
]  # fmt: skip


@given(amounts, st.integers(0, 6))
def test_an_amount_is_written_and_read_back(amount, places):
    text = format_micros(amount, places)
    assert parse_micros(text) == amount
    assert Fraction(Decimal(text)) == Fraction(amount, MICRO)


@given(amounts, st.integers(0, 6))
def test_an_amount_has_at_least_the_places_asked_for_and_no_more_than_it_needs(amount, places):
    decimals = format_micros(amount, places).partition(".")[2]
    assert len(decimals) >= places
    assert len(decimals) == places or not decimals.endswith("0")


@pytest.mark.parametrize(
    ("amount", "places", "text"),
    [
        (0, 6, "0.000000"),
        (0, 0, "0"),
        (-1, 0, "-0.000001"),
        (-MICRO, 0, "-1"),
        (CENT, 2, "0.01"),
        (AMOUNT_MAX, 2, "1000000000.00"),
    ],
)  # fmt: skip
def test_amounts_are_written_like_this(amount, places, text):
    assert format_micros(amount, places) == text


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0), ("-0", 0), ("+1", MICRO), (" 1.5 ", 1_500_000), (".5", 500_000), ("-.5", -500_000), ("5.", 5 * MICRO),
        ("0.000001", 1), ("1.50000000000", 1_500_000), ("000001", MICRO), ("0" * 33 + "1.00000", MICRO),
    ],
)  # fmt: skip
def test_numbers_are_read_like_this(text, amount):
    assert parse_micros(text) == amount


@example(10**39 - 1, 0)
@example(12345678901234567890123456789, 5)
@given(st.integers(0, 10**39 - 1), st.integers(0, 6))
def test_no_digit_is_lost_however_long_the_number(digits, decimals):
    text = f"{digits:0{decimals + 1}d}"
    text = f"{text[: len(text) - decimals]}.{text[len(text) - decimals :]}"
    assume(len(text) <= 40)
    assert parse_micros(text) == digits * 10 ** (6 - decimals)


@given(st.integers(0, 10**9), st.integers(1, 6))
def test_a_number_with_one_decimal_more_than_allowed_is_refused(whole, last):
    with pytest.raises(ValueError, match="more than 2 decimals"):
        parse_micros(f"{whole}.00{last}", decimals=2)
    assert parse_micros(f"{whole}.000", decimals=2) == whole * MICRO


@pytest.mark.parametrize("text", ["0.0000001", "1.23456789", "-0.0000005", "0." + "0" * 37 + "1"])
def test_a_number_finer_than_a_micro_unit_is_refused_and_never_rounded(text):
    with pytest.raises(ValueError, match="more than 6 decimals"):
        parse_micros(text)


@pytest.mark.parametrize("text", RUBBISH)
def test_rubbish_is_no_number_and_is_not_repeated_at_length(text):
    for parse in (parse_micros, parse_rate):
        with pytest.raises(ValueError, match="not a plain decimal number") as caught:
            parse(text)
        assert len(str(caught.value)) < 100


@given(st.text(max_size=50))
def test_any_text_is_a_number_or_a_value_error(text):
    for parse in (parse_micros, parse_rate):
        with suppress(ValueError):
            assert isinstance(parse(text), int)


@given(st.integers(-(10**20), 10**20))
def test_a_rate_is_written_and_read_back(rate):
    assert parse_rate(format_rate(rate)) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100%", MICRO), ("1", MICRO), ("0.0001%", 1), ("0.000001", 1), ("1.2 %", 12_000), (" 33.3333% ", 333_333),
        ("0%", 0), ("-5%", -50_000), ("150%", 1_500_000), (".5%", 5_000), ("1.20000%", 12_000),
    ],
)  # fmt: skip
def test_rates_are_read_like_this(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["0.00001%", "33.33333%", "0.0000001"])
def test_a_rate_finer_than_one_in_a_million_is_refused(text):
    with pytest.raises(ValueError, match="decimals"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["%", "%5", "5%%", "5‰", "５%", "5 % %"])
def test_rubbish_with_a_percent_sign_is_no_rate(text):
    with pytest.raises(ValueError, match="not a plain decimal number"):
        parse_rate(text)


@given(st.integers(-(10**40), 10**40), st.integers(-(10**20), 10**20), st.integers(1, 10**20))
def test_a_quotient_is_the_largest_integer_not_above_the_exact_one(amount, numerator, denominator):
    exact = Fraction(amount * numerator, denominator)
    result = mul_div(amount, numerator, denominator)
    assert result <= exact < result + 1


def test_a_quotient_below_zero_is_rounded_down_and_not_towards_zero():
    assert (mul_div(-1, 1, 2), mul_div(1, -1, 2), mul_div(-4, 1, 2)) == (-1, -1, -2)


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_that_is_not_above_zero_is_refused(denominator):
    with pytest.raises(ZeroDivisionError, match="above 0"):
        mul_div(1, 1, denominator)
