"""A shop file: read with the same care as a plan."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jifen.assess.compliance import check
from jifen.assess.shop import FACTS, load_shop, read_shop
from jifen.core.errors import InputError
from jifen.plan import load_plan


def problems(text) -> list[tuple[str, int, str]]:
    with pytest.raises(InputError) as raised:
        read_shop(text, "shop.yaml")
    return [(problem.code, problem.line, problem.column) for problem in raised.value.problems]


def test_all_facts_are_read_exactly():
    shop = read_shop("""
seat: CN
currency: CNY
phone_countries: [CN, HK]
cost: 33.3%
merchants: 12
coin_purchasable: true
price_to_market: 1.25
random_reward: 888.88
safeguards: [buy_back]
texts: {poster: 买一送一, push: "12"}
""")
    assert (shop.seat, shop.currency, shop.phone_countries) == ("CN", "CNY", ("CN", "HK"))
    assert shop.cost == Fraction(333, 1000)
    assert shop.texts == {"poster": "买一送一", "push": "12"}
    assert shop.safeguards == ("buy_back",)
    assert shop.facts == {
        "merchants": 12,
        "coin_purchasable": True,
        "price_to_market": Fraction(5, 4),
        "random_reward": Fraction(88888, 100),
    }


def test_what_is_left_out_is_not_known():
    shop = read_shop("{seat: US, currency: USD}")
    assert shop.cost is None
    assert shop.texts is None
    assert shop.facts == {}


def test_texts_may_be_a_list_and_are_then_named_by_number():
    assert read_shop("{seat: CN, currency: CNY, texts: [一, 二]}").texts == {"0": "一", "1": "二"}


def test_norway_is_no_no():
    assert read_shop("{seat: NO, currency: NOK, phone_countries: [NO, SE]}").phone_countries == ("NO", "SE")


def test_all_mistakes_come_at_once_with_file_line_key_and_remedy():
    text = """seat: china
currency: 7
phone_countries:
  - CN
  - 86
cost: 120%
mercants: 1
coin_purchasable: maybe
safeguards: [by_back]
texts: {poster: [1]}
"""
    with pytest.raises(InputError) as raised:
        read_shop(text, "shop.yaml")
    found = {(each.line, each.column): each for each in raised.value.problems}
    assert {place: each.code for place, each in found.items()} == {
        (1, "seat"): "wrong_type",
        (2, "currency"): "wrong_type",
        (5, "phone_countries[1]"): "wrong_type",
        (6, "cost"): "out_of_bounds",
        (7, "mercants"): "unknown_key",
        (8, "coin_purchasable"): "wrong_type",
        (9, "safeguards[0]"): "unknown_option",
        (10, "texts.poster"): "wrong_type",
    }
    assert all(each.file == "shop.yaml" and each.remedy for each in found.values())
    assert found[7, "mercants"].remedy == "did you mean `merchants`?"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "wrong_type"),
        ("[1, 2]", "wrong_type"),
        ("seat: CN", "missing_key"),
        ("{seat: CN, currency: CNY, texts: 你好}", "wrong_type"),
        ("{seat: CN, currency: CNY, phone_countries: {CN: 1}}", "wrong_type"),
        ("{seat: CN, currency: CNY, merchants: 1000000000000000000000}", "yaml"),
        ("{seat: CN, currency: CNY, merchants: 1000000001}", "out_of_bounds"),
        ("{seat: CN, currency: CNY, merchants: -1}", "out_of_bounds"),
        ("{seat: CN, currency: CNY, merchants: 1.5}", "wrong_type"),
        ("{seat: CN, currency: CNY, cost: 0.1234567}", "too_fine"),
        ("{seat: CN, seat: US, currency: CNY}", "duplicate_key"),
        ("seat: &a CN\ncurrency: *a\n", "yaml_unsupported"),
        ("seat: [", "yaml_syntax"),
        (b"\xff\xfe", "plan_encoding"),
        ("x" * 300_000, "plan_too_large"),
    ],
)
def test_rubbish_is_refused_with_a_reason(text, code):
    assert any(found.startswith(code.removesuffix("yaml")) for found, _, _ in problems(text))


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(InputError) as raised:
        load_shop(tmp_path / "none.yaml")
    assert raised.value.problems[0].code == "unreadable"


_VALUES = st.sampled_from(
    ["CN", "CNY", "true", "no", "20%", "-1", "1e9", "0.5", "[CN]", "[CN, 86, null]", "{a: b}", "{a: {b: c}}", "~", "",
     "'", "*x", "&x y", "!!python/object:os.system x", "[" * 40, "9" * 30, "2026-01-01", "\t", "[buy_back, buy_back]",
     "100.0000001%"]
)  # fmt: skip
_KEYS = st.one_of(st.sampled_from([*FACTS, "seat ", "cots", "? a"]), st.text(max_size=8))
_ROWS = st.lists(st.tuples(_KEYS, _VALUES).map(": ".join), max_size=8).map("\n".join)


def problems_of(text) -> list:
    """What is wrong with a shop file; what is right can be checked."""
    try:
        shop = read_shop(text, "shop.yaml")
    except InputError as error:
        return list(error.problems)
    assert check(load_plan("member_rebate"), shop).jurisdictions[0] == "solvency"
    return []


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200), _ROWS))
def test_whatever_stands_in_a_shop_file_it_is_read_or_refused_with_a_remedy(text):
    assert all(each.code and each.message and each.remedy and each.file == "shop.yaml" for each in problems_of(text))
