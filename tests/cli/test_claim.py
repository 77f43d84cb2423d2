"""``jifen claim``: the answer in words and for programs, and what is wrongly asked."""

import json

import pytest

from jifen.assess.shop import COST_ASSUMED
from jifen.cli.assumptions import COST_USUAL, read_cost


def test_a_claim_is_answered_with_its_condition_and_its_example(jifen):
    found = jifen("claim", "points_dividend", "100天全返")
    assert found.code == 0
    assert "True only on conditions: 100天全返" in found.out
    assert "Sales must grow by 0.46 % every day, for ever" in found.out
    assert "At constant sales the money ends on day 253" in found.out


def test_a_refuted_claim_leaves_with_one_and_speaks_chinese(jifen):
    found = jifen("claim", "rebate_queue", "全返", "--lang", "zh")
    assert found.code == 1
    assert "不成立" in found.out
    assert "第 21 名" in found.out


def test_what_cannot_be_read_is_said_with_what_can(jifen):
    found = jifen("claim", "rebate_queue", "全国联保")
    assert found.code == 1
    assert "全国联保" in found.out
    assert "推3人回本" in found.out


def test_for_programs_the_numbers_stand_apart(jifen):
    found = jifen("claim", "points_dividend", "50天全返，好货", "--json", "--order", "500")
    answer = json.loads(found.out)
    assert (answer["verdict"], answer["cost"], answer["unread"]) == ("refuted", "0.2", ["好货"])
    (one,) = answer["answers"]
    assert one["claim"] == {"kind": "full_return", "text": "50天全返", "denied": False, "times": "1", "days": 50}
    assert one["order"] == "500.00"
    assert one["examples"][0]["numbers"]["has"] == "250"


def test_a_parameter_and_the_cost_may_be_set(jifen):
    found = jifen("claim", "appreciation", "只涨不跌", "--set", "refund_mode=exact_undo", "--cost", "0")
    assert found.code == 1
    assert "a refund takes the quoted price from 1.8674 to 1.6807" in found.out


@pytest.mark.parametrize(
    ("option", "value"),
    [("--cost", "2x"), ("--cost", "101%"), ("--cost", "-1%"), ("--order", "0"), ("--order", "-5"), ("--order", "1e3"),
     ("--order", "0.001"), ("--order", "9" * 30)],
)  # fmt: skip
def test_an_option_that_cannot_be_meant_is_refused(jifen, option, value):
    found = jifen("claim", "points_dividend", "全返", f"{option}={value}", "--json")
    assert found.code == 2
    assert json.loads(found.out)["problems"][0]["code"] == "bad_option"


def test_goods_cost_the_same_wherever_nothing_is_said():
    assert read_cost(COST_USUAL) == COST_ASSUMED


def test_an_unknown_plan_is_refused(jifen):
    assert jifen("claim", "nothing_of_the_kind", "全返").code == 2
