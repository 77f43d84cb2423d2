"""Sentences with numbers: the same numbers in both languages, written as people read them."""

from fractions import Fraction
from string import Formatter

import pytest

from jifen.assess.texts import LANGUAGES, Statement, decimal_text, plain_numbers, say, texts

FILES = ("claim_answers.yaml", "disclosure.yaml", "downgrade.yaml")
SENTENCES = [(file, code) for file in FILES for code in texts(file)["statements"]]


def holes(template: str) -> list[tuple[str, str]]:
    return sorted((name, spec) for _, name, spec, _ in Formatter().parse(template) if name)


@pytest.mark.parametrize(("file", "code"), SENTENCES)
def test_a_sentence_has_the_same_numbers_in_both_languages(file, code):
    written = texts(file)["statements"][code]
    assert sorted(written) == sorted(LANGUAGES)
    assert holes(written["en"]) == holes(written["zh"])


def test_numbers_are_rounded_half_up_with_signs_and_groups():
    numbers = {"net": Fraction(-1, 80)}
    assert "−1.25 %" in say("claim_answers.yaml", Statement("kept", numbers), "en")
    has = {"order": 1_234_567_890_000, "has": 5_005_000}
    assert say("claim_answers.yaml", Statement("paid_first", has), "en") == (
        "The buyer pays 1,234,567.89 yuan first; at the end of that day he has 5.01 of it."
    )
    price = {"event": "refund", "before": Fraction(2000, 1071), "price": Fraction(200, 119)}
    assert say("claim_answers.yaml", Statement("price_falls", price), "zh") == "一笔退款使挂牌价从 1.8674 降到 1.6807。"


def test_for_programs_amounts_are_yuan_and_shares_plain_decimals():
    statement = Statement("grow", {"growth": 0.0046029, "inflow": Fraction(4, 5), "promised": Fraction(1)})
    assert plain_numbers("claim_answers.yaml", statement) == {"growth": "0.004603", "inflow": "0.8", "promised": "1"}
    assert plain_numbers("claim_answers.yaml", Statement("paid_first", {"order": 1_500_000, "has": 0})) == {
        "order": "1.5",
        "has": "0",
    }
    assert decimal_text(Fraction(-2, 3)) == "-0.666667"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_that_is_missing_is_no_sentence(language):
    with pytest.raises(KeyError):
        say("claim_answers.yaml", Statement("kept"), language)
