"""Every preset loads, and resolves to the values its text has, worked by hand."""

from dataclasses import replace

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text, preset_names
from jifen.plan.load import example_names
from jifen.plan.model import (
    Asset,
    Balance,
    Curve,
    Cycle,
    Feed,
    Gate,
    Grant,
    Head,
    Lots,
    Mint,
    Money,
    Nothing,
    Per,
    Positions,
    Ranks,
    Remaining,
    Row,
    Rule,
    Schedule,
    Share,
    Split,
    Tier,
    Value,
    Walk,
    Weigh,
    Weight,
)

VENDORS = (
    "ad_tasks", "appreciation", "consumption_dividend", "cyclic_purchase", "distribution", "green_points",
    "legacy_conversion", "points_dividend", "rebate_queue", "refer_three", "refer_three_appreciation", "share_plan",
    "three_for_one",
)  # fmt: skip
OURS = ("friend_bonus", "member_rebate")
CASH = Asset("cash")


def rules(plan):
    return [rule.id + " off" * rule.off for rule in plan.rules]


def test_thirteen_presets_of_vendors_and_two_of_ours_are_shipped():
    assert {*VENDORS, *OURS} <= set(preset_names())


@pytest.mark.parametrize("source", VENDORS)
def test_every_plan_of_a_vendor_pins_what_its_vendor_meant_and_has_all_house_parameters(source):
    params = load_plan(source).params
    assert params["settle_at"] == "paid"
    assert params["funding"] == "merchant"
    assert params["refund_days"] == 7
    assert params["upstream"] == "reverse"
    assert params["skus"] is None
    assert params["pay_asset"] == "cash"
    assert params["coin_max_share"] == 1_000_000
    assert params["voucher_skus"] == ()
    assert params["coin_withdrawable"] is params["coin_transferable"] is False
    assert params["reserve_share"] == 0
    assert params["on_shortfall"] == "prorate"


def test_points_dividend():
    plan = load_plan("points_dividend")
    assert plan.title == {"en": "Points dividend", "zh": "积分分红"}
    assert plan.stores == {"points": Lots("points", "sequential", 1)}
    names = [("经理", 300_000), ("主管", 400_000), ("总监", 500_000), ("总经理", 600_000)]
    ladder = tuple(Row(name, columns={"rate": rate}) for name, rate in names)
    assert plan.ranks == {"team": Ranks("team", ladder, "appointed", "next_run", "on_refund", 600_000)}
    gate = Gate("points", "next_lot", "forfeit")
    assert plan.rules == (
        Rule("grant", "order", Share("trigger_amount", (1_000_000,)), Grant("points")),
        Rule("static", "daily", Schedule("points", 10_000, "granted"), CASH, gate=Gate("points")),
        Rule("generation", "order", Share("trigger_points", (200_000, 150_000)), CASH,
             Walk("referral", "generation"), gate),
        Rule("team", "order", Share("trigger_points", column="rate"), CASH,
             Walk("referral", "rank", ranks="team"), gate),
        Rule("peer", "order", Share("trigger_points", (0,)), CASH,
             Walk("referral", "peer", ranks="team", most=1, applies="equal"), gate, off=True),
    )  # fmt: skip


def test_green_points():
    plan = load_plan("green_points")
    assert plan.stores == {"points": Lots("points", "parallel", 1)}
    tiers = [
        ("初级", 3_000, 2_500_000),
        ("中级", 9_000, 3_000_000),
        ("高级", 27_000, 3_500_000),
        ("VIP", 51_000, 4_000_000),
    ]
    rows = tuple(Row(name, low * 1_000_000, columns={"multiple": multiple}) for name, low, multiple in tiers)
    assert plan.rules[0] == Rule(
        "grant", "order", Tier(rows, "multiple", "single_order", "trigger_amount"), Grant("points")
    )
    assert plan.rules[1].amount == Schedule("points", 12_000, "order_amount")
    assert [row.columns["rate"] for row in plan.ranks["team"].ladder] == [
        100_000, 200_000, 260_000, 320_000, 380_000, 440_000, 500_000
    ]  # fmt: skip
    assert plan.ranks["team"].ladder[6] == Row("王者", 30_000_000_000_000, columns={"rate": 500_000})
    assert (plan.ranks["team"].by, plan.ranks["team"].at_most) == ("performance", None)
    assert [rule.when for rule in plan.rules] == ["order", "daily", "daily", "daily", "daily"]
    assert plan.rules[4].amount == Share("static_release", (30_000,))
    assert not any(rule.off for rule in plan.rules)


def test_appreciation():
    plan = load_plan("appreciation")
    assert plan.stores == {
        "pool": Curve("pool", 1_000_000, "last_price", unbacked=False, refund="at_value"),
        "tokens": Lots("tokens", "tokens", 0, priced_by="pool"),
    }
    sold = Asset("cash", source="pool", retain=200_000)
    exit_gate = Gate("tokens", reaches=2_000_000, of="spend", realised=True, closes=("spend",))
    assert plan.rules == (
        Rule("feed", "order", Share("trigger_amount", (300_000,)), Feed("pool")),
        Rule("mint", "order", Share("feed", (700_000,)), Mint("tokens", "pre_deposit")),
        Rule("sell", "sale", Value("tokens"), sold, gate=Gate("tokens")),
        Rule("exit", "event", Value("tokens", "clip_to_cap"), sold, Head("tokens", each="member"), exit_gate),
    )


def test_rebate_queue():
    plan = load_plan("rebate_queue")
    assert plan.stores == {"claim": Lots("claim", "queue", 15), "queue": Money("queue")}
    paid = Asset("cash", source="queue")
    assert plan.rules == (
        Rule("claim", "order", Share("trigger_amount", (1_000_000,)), Grant("claim")),
        Rule("feed", "order", Share("trigger_amount", (200_000,)), Feed("queue")),
        Rule("accelerate", "order", Share("trigger_amount", (200_000,)), paid,
             Walk("referral", "generation", 1), Gate("claim", "next_lot")),
        Rule("serve", "daily", Remaining("claim"), paid, Head("claim", "strict"), Gate("claim", funded="queue")),
    )  # fmt: skip


def test_refer_three():
    plan = load_plan("refer_three")
    assert plan.stores == {"referrals": Positions("referrals", "persons")}
    cycle = Cycle((100_000, 200_000, 700_000), "referrals", "trigger_amount")
    walk = Walk("referral", "generation", 1, own_order=True)
    assert plan.rules == (Rule("referral", "order", cycle, CASH, walk),)


def test_refer_three_appreciation_is_both_in_order():
    plan, first, second = load_plan("refer_three_appreciation"), load_plan("refer_three"), load_plan("appreciation")
    assert plan.name == "refer_three_appreciation"
    assert plan.rules == first.rules + tuple(replace(rule, part=1) for rule in second.rules)
    assert plan.stores == {**first.stores, **second.stores}
    assert plan.params == {**first.params, **second.params}


def test_legacy_conversion():
    plan = load_plan("legacy_conversion")
    assert plan.stores["debt"] == Lots("debt", "sequential", 1)
    assert plan.stores["coin"] == Lots("coin", "parallel", 0)
    assert plan.rules[0] == Rule("convert", "liability", Share("trigger_amount", (1_000_000,)), Grant("debt"))
    assert plan.rules[2].amount == Schedule("coin", 0, "granted", 10, 30)
    assert plan.rules[2].pay == Asset("coin")
    assert plan.rules[3] == Rule("deliver", "order", Share("coin_paid", (1_000_000,)), Nothing(), gate=Gate("debt"))
    assert plan.rules[5].gate == Gate("tokens", reaches=1_000_000, of="debt", closes=("debt", "coin"))
    assert len(plan.warnings) == 1
    assert "no rule feeds the pool `pool`" in plan.warnings[0]


def test_cyclic_purchase():
    plan = load_plan("cyclic_purchase")
    assert plan.stores["shares"] == Weight("shares")
    assert plan.rules[1] == Rule("grant", "order", Per(2_000_000_000, "trigger_amount"), Weigh("shares"))
    assert plan.rules[5] == Rule("dividend", "daily", Balance("dividend"), Asset("cash", source="dividend"),
                                 Split("shares", retire=True), Gate("credits"))  # fmt: skip
    assert plan.ranks["honour_level"] == Ranks("honour_level", (), "shares", "immediate", "on_refund")
    assert rules(plan) == ["grant", "grant", "grant off", "feed", "feed off", "dividend", "honour off"]


def test_cyclic_purchase_with_honour_members():
    plan = load_plan("cyclic_purchase", {"honour_share": "8%", "honour_levels": [{"rank": "V1", "min": None}]})
    assert rules(plan) == ["grant", "grant", "grant off", "feed", "feed", "dividend", "honour"]
    assert plan.ranks["honour_level"].ladder == (Row("V1"),)


def test_consumption_dividend():
    plan = load_plan("consumption_dividend")
    columns = {"quota": 2_000_000, "contribution": 1_000_000, "commission": 100_000}
    rows = (
        Row("L1", 1_000_000_000, columns={**columns, "pool_part": 400_000}),
        Row("L2", 3_000_000_000, columns={**columns, "pool_part": 600_000}),
    )
    assert plan.params["tiers"] == plan.ranks["tier"].ladder == rows
    assert plan.stores["pools"] == Money("pools", "tier")
    assert plan.rules[1].amount == Tier(rows, "contribution", "single_order", "trigger_amount")
    assert plan.rules[2].amount == Share("trigger_weight", (200_000,))
    assert plan.rules[3].amount == Share("trigger_amount", column="commission")
    assert plan.rules[3].who == Walk("referral", "own_rank", 1, "tier")
    assert plan.rules[4].amount == Share("trigger_amount", (100_000,), spread=(400_000, 600_000))
    assert plan.rules[5].who == Split("contribution", "tier", lower_too=True, retire=True)


def test_three_for_one():
    plan = load_plan("three_for_one")
    assert plan.stores == {"ticket": Lots("ticket", "queue", 0, "after_head")}
    assert plan.rules == (
        Rule("ticket", "order", Share("cumulative", (700_000,), whole=1_000_000_000), Grant("ticket")),
        Rule("serve", "order", Remaining("ticket"), CASH, Head("ticket"), Gate("ticket", newcomers=3)),
    )


def test_ad_tasks():
    plan = load_plan("ad_tasks")
    ends = [(200, 2), (1000, 10), (2000, 20), (4000, 40), (None, 50)]
    rows = tuple(
        Row(str(index), max=None if end is None else end * 1_000_000, columns={"reward": reward * 1_000_000})
        for index, (end, reward) in enumerate(ends)
    )
    assert plan.rules[1] == Rule("task", "task", Tier(rows, "reward", "stock"), CASH, gate=Gate("stock"))


def test_distribution_turns_a_table_of_regions_into_ranks_by_level():
    plan = load_plan("distribution")
    levels = [("district", 30_000), ("city", 50_000), ("province", 80_000)]
    ladder = tuple(Row(level, columns={"rate": rate}) for level, rate in levels)
    assert plan.ranks == {"region_rates": Ranks("region_rates", ladder, "appointed", "immediate")}
    assert plan.rules[1] == Rule("region", "order", Share("trigger_amount", column="rate"), CASH,
                                 Walk("region", "rank", ranks="region_rates"))  # fmt: skip
    assert rules(plan) == ["generation", "region", "feed off", "shareholders"]


def test_share_plan():
    plan = load_plan("share_plan")
    assert plan.stores == {"shares": Weight("shares", 10_000_000_000_000_000)}
    assert plan.rules == (Rule("grant", "order", Per(2_000_000_000, "trigger_amount"), Weigh("shares")),)


@pytest.mark.parametrize(
    ("source", "overrides", "off"),
    [
        ("green_points", {"generations": []}, ["generation"]),
        ("green_points", {"generations": ["0%", "0%"]}, ["generation"]),
        ("green_points", {"ranks": []}, ["team", "peer"]),
        ("green_points", {"peer_rate": 0}, ["peer"]),
        ("green_points", {"peer_max": 0}, ["peer"]),
        ("green_points", {"tiers": []}, ["grant"]),
        ("appreciation", {"exit_multiple": None}, ["exit"]),
        ("appreciation", {"pool_share": "0%"}, ["feed", "mint"]),
        ("rebate_queue", {"accelerate_rate": "0%"}, ["accelerate"]),
        ("refer_three", {"referral_rates": []}, ["referral"]),
        ("distribution", {"region_rates": {}, "pool_share": "1%"}, ["region"]),
    ],
)
def test_an_empty_parameter_switches_its_rules_off(source, overrides, off):
    assert [rule.id for rule in load_plan(source, overrides).rules if rule.off] == off


def test_a_base_follows_the_switch_from_the_run_to_the_order():
    plan = load_plan("green_points", {"generation_base": "own_granted", "team_base": "trigger_amount"})
    assert [rule.when for rule in plan.rules] == ["order", "daily", "order", "order", "order"]


def test_member_rebate_puts_aside_what_it_promises():
    plan = load_plan("member_rebate")
    house = {"settle_at": "settled", "funding": "reserve", "pay_asset": "coin", "refund_days": 7}
    assert {name: plan.params[name] for name in house} == house
    assert plan.params["coin_withdrawable"] is plan.params["coin_transferable"] is False
    assert plan.stores == {"points": Lots("points", "parallel", 1), "rebate": Money("rebate")}
    promised = Share("trigger_margin", (300_000,))
    assert plan.rules == (
        Rule("feed", "order", promised, Feed("rebate")),
        Rule("grant", "order", promised, Grant("points")),
        Rule("static", "daily", Schedule("points", 10_000), Asset("coin", source="rebate"), gate=Gate("points")),
    )


def test_friend_bonus_pays_the_referrer_what_the_same_order_fed():
    plan = load_plan("friend_bonus")
    house = {"settle_at": "settled", "funding": "reserve", "pay_asset": "cash", "refund_days": 7}
    assert {name: plan.params[name] for name in house} == house
    fed = Share("trigger_margin", (100_000,))
    assert plan.rules == (
        Rule("feed", "order", fed, Feed("bonus")),
        Rule("referral", "order", fed, Asset("cash", source="bonus"), Walk("referral", "generation", 1)),
    )


@pytest.mark.parametrize(
    ("preset", "rate"), [("member_rebate", "rebate_rate"), ("friend_bonus", "bonus_rate")], ids=lambda text: text
)
def test_a_preset_of_ours_cannot_promise_more_than_it_feeds(preset, rate):
    for written in ("0.0001%", "33.3333%", "100%"):
        feed, *promises = (rule for rule in load_plan(preset, {rate: written}).rules if rule.when == "order")
        assert [rule.amount for rule in promises] == [feed.amount]
    for written in ("0%", "100.0001%"):
        with pytest.raises(PlanError):
            load_plan(preset, {rate: written})


# -- examples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", example_names())
def test_an_example_loads_by_name_without_a_bound_that_is_missing(name):
    plan = load_plan(name)
    assert plan.name == name
    assert set(plan.title) == {"en", "zh"}
    assert [warning for warning in plan.warnings if "fixed sum" in warning or "donations" in warning] == []


def test_an_example_can_be_a_part_of_another_plan_and_is_no_preset():
    assert not set(example_names()) & set(preset_names())
    plan = load_plan_text("preset: x\ncompose: [per_order_reward, friend_bonus]\nparams: {reserve_share: 10%}\n")
    assert [rule.id for rule in plan.rules] == ["reward", "feed", "referral"]


def test_the_line_for_all_is_the_queue_by_threes_with_pairs():
    rules = load_plan("public_line").rules
    assert rules[0].amount == Share("single_order", (600_000,), whole=100_000_000)
    assert rules[1].gate == Gate("ticket", newcomers=2)
