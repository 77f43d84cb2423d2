"""No plan takes more of an order than the order: what counts, at which rate, and what does not."""

from fractions import Fraction
from pathlib import Path

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text
from jifen.plan.check_shares import order_shares

PLANS = Path(__file__).parent / "plans"


def shares(plan, line=None):
    return {plan.rules[position].id: share for position, share in order_shares(plan, line).items()}


def refused(source, overrides):
    with pytest.raises(PlanError) as error:
        load_plan(source, overrides)
    (problem,) = error.value.problems
    assert problem.code == "shares_above_all"
    return problem.message


def test_shares_that_drain_the_receiver_or_are_paid_from_a_pool_do_not_count():
    assert shares(load_plan("points_dividend")) == {}
    assert shares(load_plan("rebate_queue")) == {"feed": 200_000}
    assert shares(load_plan("appreciation")) == {"feed": 300_000}


def test_acceleration_counts_when_the_plan_itself_pays_without_draining():
    plan = load_plan("rebate_queue", {"accelerate_fund": "platform"})
    assert shares(plan) == {"feed": 200_000}  # it still drains the receiver's claim


def test_a_cycle_counts_at_its_highest_rate_so_the_composition_is_exactly_whole():
    plan = load_plan(PLANS / "refer_three_appreciation.yaml")
    assert shares(plan) == {"referral": 700_000, "feed": 300_000}
    message = refused(PLANS / "refer_three_appreciation.yaml", {"pool_share": "30.0001%"})
    assert message == "an order can cost 100.0001% of itself: referral 70%, feed 30.0001%"


def test_generations_add_up_and_a_differential_counts_at_its_highest_rate():
    plan = load_plan(PLANS / "distribution.yaml", {"pool_share": "1%"})
    assert shares(plan) == {"generation": 150_000, "region": 80_000, "feed": 10_000}
    assert "generation 92%, region 8%, feed 1%" in refused(
        PLANS / "distribution.yaml", {"generations": ["50%", "42%"], "pool_share": "1%"}
    )


TEXT = """
preset: mine
params:
  points_per_yuan: 3
  ranks: [{rank: A, min: null, rate: 1%}, {rank: B, min: null, rate: 2%}]
  peer_rate: 5%
stores:
  points: {lots: parallel}
ranks:
  team: {ladder: $ranks, by: appointed}
rules:
  - {id: grant, when: order, amount: {share: $points_per_yuan, of: trigger_amount}, pay: {grant: points}}
  - {id: up, when: order, amount: {share: 10%, of: trigger_points}, who: {walk: referral, depth: 2}, pay: {asset: cash}}
  - {id: peer, when: order, amount: {share: $peer_rate, of: trigger_amount}, who: {walk: referral, by: peer, ranks: team, most: 2}, pay: {asset: cash}}
  - {id: of_up, when: order, amount: {share: 1%, of: up}, pay: {asset: cash}}
  - {id: per, when: order, amount: {per: 50, of: trigger_amount}, pay: {asset: cash}}
"""  # noqa: E501 - as wide as a plan


def test_bases_that_are_multiples_or_parts_of_the_order_are_counted_as_such():
    # up: 10 % × 2 ancestors × 3 points a yuan; peer: 5 % × 2 peers × 2 ranks; of_up: 1 % of 60 %; per: 1 of 50
    assert shares(load_plan_text(TEXT)) == {"up": 600_000, "peer": 200_000, "of_up": 6_000, "per": 20_000}


def test_at_most_caps_what_a_differential_counts():
    text = TEXT.replace("share: $peer_rate", "share: $ranks.rate")
    text = text.replace("by: peer, ranks: team, most: 2", "by: rank, ranks: team")
    text = text.replace("  peer_rate: 5%\n", "").replace("by: appointed", "by: appointed, at_most: 1.5%")
    assert shares(load_plan_text(text))["peer"] == 15_000


OVERRIDES = [
    {"where": {"merchant": "m1"}, "pool_share": "60%"},
    {"where": {"merchant": "m2"}, "pool_share": "35%"},
    {"where": {"sku": "s1"}, "pool_share": "50%", "token_share": "40%"},
]
COMPOSED = """
preset: both
compose: [rebate_queue, {appreciation: {pool_share: token_share, feed: token_feed}}]
"""


def test_a_line_counts_by_the_override_that_goes_first():
    plan = load_plan_text(COMPOSED, overrides={"overrides": OVERRIDES})
    assert shares(plan, {}) == {"feed": 200_000, "token_feed": 300_000}
    assert shares(plan, {"merchant": "m1"}) == {"feed": 600_000, "token_feed": 300_000}
    assert shares(plan, {"merchant": "m1", "sku": "s1"}) == {"feed": 500_000, "token_feed": 400_000}


def test_the_worst_combination_of_lines_is_found_and_named():
    overrides = [*OVERRIDES, {"where": {"zone": "z"}, "token_share": "45%"}]
    with pytest.raises(PlanError) as error:
        load_plan_text(COMPOSED, overrides={"overrides": overrides})
    assert error.value.problems[0].message == (
        "an order of merchant m1, zone z can cost 105% of itself: feed 60%, token_feed 45%"
    )


def test_too_many_different_lines_count_at_the_highest_share_of_each():
    overrides = [
        {"where": {key: f"{key}{number}"}, "pool_share": f"{number}%"}
        for key in ("sku", "category", "merchant", "zone")
        for number in range(1, 13)
    ]
    plan = load_plan_text(COMPOSED, overrides={"overrides": overrides})
    assert shares(plan, None) == {"feed": Fraction(200_000), "token_feed": Fraction(300_000)}
    overrides.append({"where": {"sku": "a"}, "pool_share": "71%"})
    with pytest.raises(PlanError):
        load_plan_text(COMPOSED, overrides={"overrides": overrides})
