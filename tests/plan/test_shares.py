"""No plan takes more of an order than the order: what counts, at which rate, and what does not."""

from fractions import Fraction

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text
from jifen.plan.check_shares import order_shares


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
    plan = load_plan("refer_three_appreciation")
    assert shares(plan) == {"referral": 700_000, "feed": 300_000}
    message = refused("refer_three_appreciation", {"pool_share": "30.0001%"})
    assert message == "an order can cost 100.0001% of itself: referral 70%, feed 30.0001%"


def test_generations_add_up_and_a_differential_counts_at_its_highest_rate():
    plan = load_plan("distribution", {"pool_share": "1%"})
    assert shares(plan) == {"generation": 150_000, "region": 80_000, "feed": 10_000}
    assert "generation 92%, region 8%, feed 1%" in refused(
        "distribution", {"generations": ["50%", "42%"], "pool_share": "1%"}
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


# -- compositions, each by hand -------------------------------------------------------------------------------------


def composed(*parts, **params):
    """Plans put together by text; the values beside them are those of the whole."""
    lines = "".join(f"  - {part}\n" for part in parts)
    values = "".join(f"  {name}: {value}\n" for name, value in params.items())
    return "preset: whole\ncompose:\n" + lines + ("params:\n" + values if values else "")


def test_seventy_and_thirty_percent_are_the_whole_order_and_a_percent_more_is_refused():
    parts = ("refer_three", "appreciation")
    plan = load_plan_text(composed(*parts))
    assert shares(plan) == {"referral": 700_000, "feed": 300_000}  # 10 %, 20 %, 70 % in turn: the third costs most
    with pytest.raises(PlanError) as error:
        load_plan_text(composed(*parts, referral_rates="[10%, 20%, 71%]"))
    (problem,) = error.value.problems
    assert problem.message == "an order can cost 101% of itself: referral 71%, feed 30%"
    assert problem.column == "rules.referral.amount"


def test_feeds_of_one_id_are_told_apart_by_their_pools():
    text = composed("refer_three", "appreciation", "{rebate_queue: {pool_share: queue_share}}")
    with pytest.raises(PlanError) as error:
        load_plan_text(text)
    (problem,) = error.value.problems
    # 70 + 30 + 20; what the queue pays was fed, and acceleration drains a claim
    assert (
        problem.message == "an order can cost 120% of itself: referral 70%, feed into `pool` 30%, feed into `queue` 20%"
    )


def test_spread_pools_count_for_what_they_are_fed_and_commission_from_ones_own_quota_does_not():
    # 10 % × (40 % + 60 %) for the tier pools; 10 % dividend; shareholders 0 % are off; 15 % + 8 % of distribution
    parts = ("consumption_dividend", "cyclic_purchase", "{distribution: {pool_share: stake_share}}")
    house = {"settle_at": "paid", "funding": "merchant"}
    text = composed(parts[0], "{cyclic_purchase: {referral_weight_rate: weight_rate}}", parts[2], **house)
    plan = load_plan_text(text)
    by_place = order_shares(plan)
    named = [(plan.rules[place].id, plan.rules[place].part, share) for place, share in by_place.items()]
    assert named == [
        ("feed", 0, 100_000), ("feed", 1, 100_000), ("generation", 2, 150_000), ("region", 2, 80_000)
    ]  # fmt: skip


def test_margins_count_as_the_amount():
    both = composed("{member_rebate: {pay_asset: rebate_asset}}", "friend_bonus", rebate_rate="90%")
    assert [int(share) for share in order_shares(load_plan_text(both)).values()] == [900_000, 100_000]
    with pytest.raises(PlanError) as error:
        load_plan_text(both.replace("90%", "91%"))
    assert "101% of itself: feed into `rebate` 91%, feed into `bonus` 10%" in error.value.problems[0].message


def test_feeds_and_the_reserve_come_out_of_the_same_order():
    assert load_plan("rebate_queue", {"reserve_share": "80%"}).params["reserve_share"] == 800_000
    assert "feed 20%, the reserve 81%" in refused("rebate_queue", {"reserve_share": "81%"})
    assert load_plan("refer_three", {"reserve_share": "100%"})  # the reserve pays the referral


SHOP = """
preset: mine
params:
  credit_multiple: 2
  ranks: [{rank: A, min: null, rate: 20%}, {rank: B, min: null, rate: 50%}]
stores:
  points: {lots: sequential}
  shares: {weight: member}
ranks:
  team: {ladder: $ranks, by: appointed, at_most: 30%}
rules:
  - {id: grant, when: order, amount: {share: $credit_multiple, of: trigger_amount}, pay: {grant: points}}
  - {id: weigh, when: order, amount: {per: 2000, of: trigger_amount}, pay: {weight: shares}}
  - {id: own, when: order, amount: {share: $ranks.rate, of: trigger_amount}, who: {walk: referral, by: own_rank, ranks: team, depth: 2}, pay: {asset: cash}}
  - {id: worth, when: order, amount: {share: 50%, of: trigger_points}, pay: {asset: cash, per_point: 0.01}}
  - {id: weighed, when: order, amount: {share: 400, of: trigger_weight}, pay: {asset: cash}}
"""  # noqa: E501 - as wide as a plan


def test_own_ranks_are_capped_points_count_at_their_price_and_weights_at_what_an_order_weighs():
    # own: at most 30 % × 2 up; worth: 50 % of 2 points a yuan at a cent each; weighed: 400 × 1 ÷ 2000
    assert shares(load_plan_text(SHOP)) == {"own": 600_000, "worth": 10_000, "weighed": 200_000}


FIXED = """
preset: mine
params:
  order_rewards: [{min: 100, reward: 2}, {min: 1000, reward: 30}]
  pool_share: 88%
stores:
  box: {pool: money}
  shares: {weight: member}
rules:
  - {id: sight, when: order, amount: {tier: $order_rewards.reward, at: single_order}, who: {walk: referral, depth: 4}, pay: {asset: cash}}
  - {id: weigh, when: order, amount: {per: 1, of: trigger_amount}, pay: {weight: shares}}
  - {id: feed, when: order, amount: {share: $pool_share, of: trigger_amount}, pay: {feed: box}}
  - {id: split, when: daily, amount: {balance: box}, who: {split: shares}, pay: {asset: cash, from: box}}
"""  # noqa: E501 - as wide as a plan


def test_a_fixed_sum_counts_at_the_lowest_order_at_which_it_is_paid():
    plan = load_plan_text(FIXED)
    assert shares(plan)["sight"] == 0
    # four levels: 8 of 100, 8 of 999, 120 of 1000
    at = {yuan: order_shares(plan, None, yuan * 1_000_000)[0] for yuan in (99, 100, 200, 1000, 2000)}
    assert at == {99: 0, 100: 80_000, 200: 40_000, 1000: 120_000, 2000: 60_000}
    with pytest.raises(PlanError) as error:
        load_plan_text(FIXED.replace("88%", "88.1%"))
    assert error.value.problems[0].message == "an order of 1000 yuan can cost 100.1% of itself: sight 12%, feed 88.1%"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{min: 100, reward: 2}", "{min: 0, reward: 2}"),
        ("{min: 100, reward: 2}", "{min: null, reward: 2}"),
        ("at: single_order", "at: cumulative"),
    ],
)
def test_a_fixed_sum_without_a_lowest_order_is_a_warning(old, new):
    assert not any("fixed sum" in warning for warning in load_plan_text(FIXED).warnings)
    warnings = load_plan_text(FIXED.replace(old, new)).warnings
    assert [warning for warning in warnings if "rule `sight` pays a fixed sum" in warning]


def test_a_share_of_the_receivers_own_order_is_a_warning():
    assert load_plan("refer_three").warnings == ()
    (warning,) = load_plan("refer_three", {"referral_base": "own_amount"}).warnings
    assert "rule `referral` counts from the receiver's own order" in warning
