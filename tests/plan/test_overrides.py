"""Other values: as a caller gives them, by order line, and as a new version of a running plan."""

import pickle
from decimal import Decimal

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text, revise
from jifen.plan.model import Override, Plan, Row


def told(source, overrides):
    with pytest.raises(PlanError) as error:
        load_plan(source, overrides)
    return [(problem.code, problem.column) for problem in error.value.problems]


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [
        ("daily_rate", "1.2%", 12_000),
        ("daily_rate", "0.012", 12_000),
        ("daily_rate", "1.2345%", 12_345),
        ("daily_rate", 1, 1_000_000),
        ("asset_per_point", "0.01", 10_000),
        ("refund_days", 0, 0),
        ("refund_days", "15", 15),
        ("team_cap", None, None),
        ("team_cap", "35%", 350_000),
        ("skus", ["S1", 2], ("S1", "2")),
        ("voucher_skus", ("S1",), ("S1",)),
        ("retier", True, True),
        ("generations", ["50%"], (500_000,)),
        ("generations", ("0.5", "0.333333"), (500_000, 333_333)),
        ("tiers", [{"min": "3000", "multiple": "3"}], (Row("0", 3_000_000_000, columns={"multiple": 3_000_000}),)),
        ("ranks", [{"rank": "青铜", "min": "1000000", "rate": "10%"}],
         (Row("青铜", 1_000_000_000_000, columns={"rate": 100_000}),)),
    ],
)  # fmt: skip
def test_a_value_is_held_as_exact_integers(name, value, held):
    assert load_plan("green_points", {name: value}).params[name] == held


def test_a_binary_float_is_refused_and_so_is_anything_else_yaml_does_not_write():
    for value in (0.5, Decimal("0.5"), b"1", object()):
        assert told("green_points", {"daily_rate": value}) == [("wrong_type", "daily_rate")]


def test_mistakes_in_overrides_come_at_once():
    overrides = {"daily_rate": "0%", "generations": ["x"], "spil": 1, "tiers": [{"multiple": -1}]}
    assert told("green_points", overrides) == [
        ("missing_column", "tiers[0]"),
        ("out_of_bounds", "tiers[0].multiple"),
        ("out_of_bounds", "daily_rate"),
        ("wrong_type", "generations[0]"),
        ("unknown_parameter", "spil"),
    ]


def test_a_parameter_of_another_plan_is_unknown_here():
    assert told("green_points", {"pool_share": "1%"}) == [("unknown_parameter", "pool_share")]


def test_the_house_default_settles_orders_and_pays_from_the_reserve():
    rule = "{id: a, when: order, amount: {per: 1, of: trigger_amount}, pay: {weight: w}}"
    plan = load_plan_text(f"preset: mine\nstores: {{w: {{weight: member}}}}\nrules: [{rule}]")
    assert (plan.params["settle_at"], plan.params["funding"]) == ("settled", "reserve")


# -- by order line --------------------------------------------------------------------------------------------------


def test_lines_may_have_other_rates_in_order_of_precedence():
    given = [
        {"where": {"zone": "z1"}, "pool_share": "1%"},
        {"where": {"merchant": "m1"}, "pool_share": "2%"},
        {"where": {"merchant": "m2"}, "pool_share": "3%", "claim_multiple": "1.1"},
        {"where": {"category": "c1"}, "pool_share": "4%"},
        {"where": {"sku": "s1"}, "pool_share": "5%"},
    ]
    plan = load_plan("rebate_queue", {"overrides": given})
    assert plan.rules[1].amount.overrides == (
        Override("sku", "s1", 50_000),
        Override("category", "c1", 40_000),
        Override("merchant", "m1", 20_000),
        Override("merchant", "m2", 30_000),
        Override("zone", "z1", 10_000),
    )
    assert plan.rules[0].amount.overrides == (Override("merchant", "m2", 1_100_000),)
    assert plan.rules[2].amount.overrides == ()


def test_a_file_may_have_overrides_and_a_rule_with_one_is_not_off():
    text = """
preset: mine
compose: [rebate_queue]
params: {pool_share: 0%}
overrides:
  - {where: {merchant: m1}, pool_share: 30%}
"""
    plan = load_plan_text(text)
    assert plan.rules[1].amount.overrides == (Override("merchant", "m1", 300_000),)
    assert not plan.rules[1].off
    assert load_plan_text(text, overrides={"overrides": []}).rules[1].off


@pytest.mark.parametrize(
    ("overrides", "told_as"),
    [
        (5, [("wrong_type", "overrides")]),
        ([5], [("wrong_type", "overrides[0]")]),
        ([{"pool_share": "1%"}], [("missing_key", "overrides[0].where")]),
        ([{"where": {}, "pool_share": "1%"}], [("out_of_bounds", "overrides[0].where")]),
        ([{"where": {"shop": "a"}, "pool_share": "1%"}], [("unknown_option", "overrides[0].where.shop")]),
        ([{"where": {"sku": None}, "pool_share": "1%"}], [("wrong_type", "overrides[0].where.sku")]),
        ([{"where": {"sku": "a"}, "pool_share": "101%"}], [("out_of_bounds", "overrides[0].pool_share")]),
        ([{"where": {"sku": "a"}, "lock_days": 1}], [("override_parameter", "overrides[0].lock_days")]),
        ([{"where": {"sku": "a"}, "pool_sare": "1%"}], [("override_parameter", "overrides[0].pool_sare")]),
        ([{"where": {"sku": "a"}, "pool_share": "1%"}, {"where": {"sku": "a"}, "pool_share": "2%"}],
         [("override_duplicate", "overrides[1].pool_share")]),
    ],
)  # fmt: skip
def test_a_wrong_override_is_told(overrides, told_as):
    assert told("rebate_queue", {"overrides": overrides}) == told_as


def test_rates_of_walks_do_not_differ_by_line_and_a_rate_of_one_number_does():
    one = [{"where": {"sku": "a"}, "generations": ["1%"]}]
    assert told("points_dividend", {"overrides": one}) == [("override_parameter", "overrides[0].generations")]
    peer = [{"where": {"sku": "a"}, "peer_rate": "1%"}]
    assert not load_plan("points_dividend", {"overrides": peer, "team_base": "trigger_amount"}).rules[4].off
    for base in ("trigger_points", "static_release"):
        found = told("points_dividend", {"overrides": peer, "team_base": base})
        assert found == [("slot_mismatch", "rules.peer.amount.of")]


# -- versions -------------------------------------------------------------------------------------------------------


def test_a_revision_keeps_what_was_set_before():
    plan = load_plan("green_points", {"daily_rate": "1%", "spill": "forfeit"})
    later = revise(plan, {"daily_rate": "2%"})
    assert (later.params["daily_rate"], later.params["spill"]) == (20_000, "forfeit")
    assert plan.params["daily_rate"] == 10_000
    assert revise(later, {"daily_rate": "1%"}) == plan


def test_a_name_can_be_revised_too():
    assert revise("green_points", {"daily_rate": "1%"}) == load_plan("green_points", {"daily_rate": "1%"})


def test_a_plan_that_no_file_made_cannot_be_revised():
    plan = load_plan("green_points")
    bare = Plan(plan.name, plan.title, plan.digest, plan.params, plan.stores, plan.ranks, plan.rules)
    with pytest.raises(TypeError):
        revise(bare, {})


def test_the_digest_is_of_what_a_plan_does():
    plan = load_plan("green_points")
    assert len(plan.digest) == 64
    assert load_plan("green_points").digest == plan.digest
    assert load_plan("green_points", {"daily_rate": "0.012"}).digest == plan.digest
    others = [
        load_plan("green_points", {"daily_rate": "1.2001%"}),
        load_plan("green_points", {"refund_days": 8}),
        load_plan("green_points", {"upstream": "keep"}),
        load_plan("points_dividend"),
    ]
    assert len({plan.digest, *(other.digest for other in others)}) == 5


def test_the_digest_does_not_know_the_title():
    text = "preset: NAME\ntitle: {en: TITLE, zh: 题}\ncompose: [green_points]"
    plans = [load_plan_text(text.replace("NAME", name).replace("TITLE", name)) for name in ("one", "two")]
    assert plans[0].digest == plans[1].digest == load_plan("green_points").digest


def test_a_plan_can_be_stored_and_brought_back_and_still_be_revised():
    plan = pickle.loads(pickle.dumps(load_plan("green_points", {"spill": "forfeit"})))
    assert plan == load_plan("green_points", {"spill": "forfeit"})
    assert revise(plan, {"daily_rate": "1%"}).params["spill"] == "forfeit"
