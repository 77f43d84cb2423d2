"""The auditor by hand: rewards that drain no lot, what the reserve owes of them, places, agents, fixed sums, peers."""

from pathlib import Path

import pytest
from tests.simulate.test_auditor import Shop, units

from jifen.core.micros import MICRO, parse_micros
from jifen.engine.events import AgentSet, Line, MemberMoved, OrderPaid, RankSet, ReserveToppedUp
from jifen.plan import load_plan, load_plan_text
from jifen.simulate.auditor import Outcome

BONUSES = Path(__file__).parent / "plans" / "bonuses.yaml"
NOW = {"settle_at": "paid", "funding": "merchant"}


def cash(shop: Shop, member: str) -> float:
    return shop.auditor.balance(member, "cash") / MICRO


def to(shop: Shop, region: str | None, amount: str = "1000") -> Outcome:
    return shop.do(OrderPaid, member="X", lines=(Line(amount=parse_micros(amount)),), region=region)


# -- places ---------------------------------------------------------------------------------------------------------


def test_a_person_holds_one_place_in_all_wherever_it_was_taken() -> None:
    shop = Shop("refer_three", {"A": None, "C": None, "B": "A"})
    shop.buy("a1", "A", "100")
    shop.buy("c1", "C", "100")
    assert units(shop.buy("b1", "B", "100")) == {("A", "referral"): 10}
    shop.do(MemberMoved, member="B", referrer="C")
    assert units(shop.buy("b2", "B", "200")) == {}
    assert units(shop.refund("b1", "99.99")) == {("A", "refund"): -9.999}
    assert units(shop.buy("b3", "B", "200")) == {}  # a cent is kept, and so is the place
    shop.refund("b1", "0.01")
    assert units(shop.buy("b4", "B", "300")) == {("C", "referral"): 30}


def test_a_place_is_taken_where_the_payment_comes_to_nothing_but_not_without_an_own_order_where_one_is_needed() -> None:
    open_to_all = {"requires_own_order": False, "referral_base": "own_amount"}
    shop = Shop("refer_three", {"A": None, "B": "A", "C": "A"}, **open_to_all)
    assert units(shop.buy("b1", "B", "500")) == {}
    shop.buy("a1", "A", "100")
    assert units(shop.buy("c1", "C", "500")) == {("A", "referral"): 20}  # the second place, of A's 100
    strict = Shop("refer_three", {"A": None, "B": "A", "C": "A"}, referral_base="own_amount")
    strict.buy("b1", "B", "500")
    strict.buy("a1", "A", "100")
    assert units(strict.buy("c1", "C", "500")) == {("A", "referral"): 10}


def test_the_own_amount_is_what_is_kept_of_the_first_live_order() -> None:
    shop = Shop("refer_three", {"A": None, "B": "A", "C": "A"}, referral_base="own_amount")
    shop.buy("a1", "A", "100")
    shop.buy("a2", "A", "50")
    shop.refund("a1", "40")
    assert units(shop.buy("b1", "B", "1000")) == {("A", "referral"): 6}
    shop.refund("a1", "60")  # it stood on b1 only
    assert cash(shop, "A") == 6
    assert units(shop.buy("c1", "C", "1000")) == {("A", "referral"): 10}  # 20 % of the second order


def test_the_lesser_of_the_order_and_the_own_one_is_what_counts() -> None:
    shop = Shop("refer_three", {"A": None, "B": "A", "C": "A"}, referral_base="lesser")
    shop.buy("a1", "A", "100")
    assert units(shop.buy("b1", "B", "50")) == {("A", "referral"): 5}
    assert units(shop.buy("c1", "C", "1000")) == {("A", "referral"): 20}


# -- what the reserve owes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "paid", "owed"),
    [("prorate", (4, 2), (6, 3)), ("defer", (6, 0), (4, 5)), ("suspend", (0, 0), (10, 5))],
)
def test_what_a_short_reserve_cannot_pay_is_owed(mode, paid, owed) -> None:
    shop = Shop("distribution", {"A": None, "B": "A", "C": "B"}, funding="reserve", on_shortfall=mode)
    shop.do(ReserveToppedUp, amount=6 * MICRO)
    outcome = shop.buy("c1", "C", "100")
    assert (cash(shop, "B"), cash(shop, "A")) == paid
    assert (shop.auditor.owed("B") / MICRO, shop.auditor.owed("A") / MICRO) == owed
    assert outcome.forfeited == {}


def owing() -> Shop:
    """B has 6 of 10 and A 3 of 5 after one run that had 3 for them."""
    shop = Shop("distribution", {"A": None, "B": "A", "C": "B"}, funding="reserve")
    shop.do(ReserveToppedUp, amount=6 * MICRO)
    shop.buy("c1", "C", "100")
    shop.do(ReserveToppedUp, amount=3 * MICRO)
    assert units(shop.close()) == {("B", "generation"): 2, ("A", "generation"): 1}
    return shop


def test_claims_are_paid_in_the_next_runs_and_a_refund_lowers_what_is_owed_first() -> None:
    shop = owing()
    assert units(shop.refund("c1", "20")) == {}
    assert (shop.auditor.owed("B"), shop.auditor.owed("A")) == (2 * MICRO, 1 * MICRO)
    shop.do(ReserveToppedUp, amount=30 * MICRO)
    assert units(shop.close()) == {("B", "generation"): 2, ("A", "generation"): 1}
    assert (shop.auditor.owed("B"), shop.auditor.reserve) == (0, 27 * MICRO)


def test_what_was_paid_of_a_claim_goes_back_to_the_reserve() -> None:
    shop = owing()
    assert units(shop.refund("c1", "50")) == {("B", "refund"): -1, ("A", "refund"): -0.5}
    assert (shop.auditor.owed("B"), shop.auditor.owed("A"), shop.auditor.reserve) == (0, 0, 1_500_000)


def test_claims_come_before_the_orders_that_settle_in_the_run() -> None:
    params = {"funding": "reserve", "generations": ["10%"], "settle_at": "settled", "refund_days": 0}
    shop = Shop("distribution", {"A": None, "B": "A"}, **params)
    shop.buy("b1", "B", "100")
    shop.close()  # 10 are owed
    shop.do(ReserveToppedUp, amount=12 * MICRO)
    shop.buy("b2", "B", "100")
    assert units(shop.close()) == {("A", "generation"): 12}
    assert [payment.owed for payment in shop.auditor.books.payments] == [0, 8 * MICRO]


# -- amounts --------------------------------------------------------------------------------------------------------


def test_points_without_a_lot_become_the_asset_in_one_quotient_and_again_after_a_refund() -> None:
    shop = Shop(load_plan(BONUSES, NOW), {"A": None, "B": "A", "C": "B"})
    shop.buy("b1", "B", "1")
    outcome = shop.buy("c1", "C", "100")  # 4 % for B, who has an order of his own; nothing for A
    assert outcome.paid[("B", "thanks")] == 1_480_000
    assert ("A", "thanks") not in outcome.paid
    shop.refund("c1", "33.33")  # ⌊4 × 66.67 ÷ 100⌋ = 2.6668 points
    assert shop.auditor.balance("B", "coin") == 986_716


def test_a_fixed_sum_goes_to_each_of_two_ancestors_and_an_order_below_the_table_is_outside() -> None:
    shop = Shop(load_plan(BONUSES, NOW), {"A": None, "B": "A", "C": "B", "D": "C"})
    shop.buy("d1", "D", "1000")
    assert [shop.auditor.weight(member, "stake") for member in "DCBA"] == [0, 20 * MICRO, 20 * MICRO, 0]
    shop.refund("d1", "250")
    assert shop.auditor.weight("B", "stake") == 15 * MICRO
    assert units(shop.buy("d2", "D", "99.99")) == {}


def test_a_list_of_peer_awards_gives_each_peer_of_a_height_its_own_rate() -> None:
    shop = Shop(load_plan(BONUSES, NOW), {"A": None, "B": "A", "C": "B", "D": "C", "E": "D"})
    for member in "ABCD":
        shop.do(RankSet, member=member, rank="V1")
    outcome = units(shop.buy("x1", "E", "200"))  # D 5 %, then C 2 %, B 1 %, and no third
    assert outcome == {("D", "team"): 10, ("C", "peer"): 4, ("B", "peer"): 2, ("E", "self"): 1}
    shop.do(RankSet, member="B", rank="V2")
    outcome = units(shop.buy("x2", "E", "200"))  # B rises above: 4 % more, and the count begins again
    assert outcome == {("D", "team"): 10, ("C", "peer"): 4, ("B", "team"): 8, ("E", "self"): 1}


def test_a_reward_to_the_buyer_survives_as_his_own_also_while_upstream_is_kept() -> None:
    shop = Shop(load_plan(BONUSES, {**NOW, "upstream": "keep"}), {"A": None, "B": "A"})
    shop.do(RankSet, member="A", rank="V1")
    assert units(shop.buy("b1", "B", "200")) == {("A", "team"): 10, ("B", "self"): 1}
    assert units(shop.refund("b1", "100")) == {("B", "refund"): -0.5}


POOL = """
preset: from_a_pool
params: {pool_share: 5%, daily_rate: 10%, points_per_yuan: 0.4}
stores: {fund: {pool: money}, points: {lots: parallel}}
rules:
  - {id: feed, when: order, amount: {share: $pool_share, of: trigger_amount}, pay: {feed: fund}}
  - {id: bring, when: order, amount: {share: 4%, of: trigger_amount}, who: {walk: referral, depth: 2}, pay: {asset: cash, from: fund}}
  - {id: grant, when: order, amount: {share: $points_per_yuan, of: trigger_amount}, pay: {grant: points}}
  - {id: daily, when: daily, amount: {schedule: points, rate: $daily_rate}, gate: {drain: points}, pay: {asset: cash, from: fund}}
  - {id: up, when: daily, amount: {share: 50%, of: static_release}, who: {walk: referral}, pay: {asset: coin, from: fund}}
"""  # noqa: E501 - one rule a line


def test_a_pool_pays_at_most_what_it_has_and_the_rest_is_lost() -> None:
    shop = Shop(load_plan_text(POOL, overrides={"settle_at": "paid"}), {"A": None, "B": "A", "C": "B"})
    outcome = shop.buy("c1", "C", "100")  # 5 in the pool; 4 to B, then 1 of the 4 to A
    assert units(outcome) == {("B", "bring"): 4, ("A", "bring"): 1}
    assert outcome.forfeited == {"A": 3 * MICRO}
    assert units(shop.refund("c1", "50")) == {("B", "refund"): -2, ("A", "refund"): -0.5}
    assert (shop.auditor.pool("fund"), shop.auditor.pool_debt("fund")) == (0, 0)  # 2.5 come back and are returned


def test_a_release_of_every_day_takes_what_the_pool_has_and_leaves_the_rest_in_its_lot() -> None:
    shop = Shop(load_plan_text(POOL, overrides={"settle_at": "paid", "pool_share": "7%"}), {"A": None, "B": "A"})
    shop.buy("a1", "A", "100")  # 7
    shop.buy("b1", "B", "100")  # 7 more, of which 4 go to A: 10
    shop.close()
    assert units(shop.close()) == {("A", "daily"): 4, ("B", "daily"): 4, ("A", "up"): 2}  # all that is there
    outcome = shop.close()
    assert (units(outcome), outcome.forfeited) == ({}, {"A": 2 * MICRO})
    assert (shop.lots("A"), shop.lots("B")) == ([36], [36])


# -- regions --------------------------------------------------------------------------------------------------------


def agents(**regions: str) -> Shop:
    """X buys; the others are agents of what they are given."""
    shop = Shop("distribution", {**dict.fromkeys(regions), "X": None})
    for member, region in regions.items():
        shop.do(AgentSet, member=member, region=region)
    return shop


def test_the_earlier_joined_of_two_agents_of_a_path_is_paid_and_a_missing_level_passes_up() -> None:
    shop = agents(D="P/C/D", C1="P/C", C2="P/C", P="P")
    assert units(to(shop, "P/C/D")) == {("D", "region"): 30, ("C1", "region"): 20, ("P", "region"): 30}
    assert units(to(shop, "P/C/E")) == {("C1", "region"): 50, ("P", "region"): 30}
    shop.do(AgentSet, member="C1", region=None)
    assert units(to(shop, "P/C")) == {("C2", "region"): 50, ("P", "region"): 30}


def test_a_longer_path_counts_by_its_first_three_parts_and_no_path_pays_nobody() -> None:
    shop = agents(S="P/C/D/S", D="P/C/D", P="P", Q="Q")
    assert units(to(shop, "P/C/D/S")) == {("D", "region"): 30, ("P", "region"): 50}
    assert units(to(shop, None)) == {}
    assert units(to(shop, "R/C")) == {}


def test_the_buyer_may_be_his_own_agent_and_a_level_of_a_lower_rate_gets_nothing() -> None:
    shop = agents(P="P")
    shop.switch(region_rates={"district": "6%", "city": "6%", "province": "6%"})
    shop.do(AgentSet, member="X", region="P/C")
    assert units(to(shop, "P/C/D")) == {("X", "region"): 60}
    shop.switch(upstream="keep")
    order = shop.auditor.order_names[-1]
    assert units(shop.refund(order, "500")) == {("X", "refund"): -30}


SELVES = """
preset: two_selves
params: {settle_at: paid}
rules:
  - {id: one, when: order, amount: {share: 1%, of: trigger_amount}, pay: {asset: voucher, per_point: 0.5}}
  - {id: two, when: order, amount: {share: 1%, of: trigger_amount}, pay: {asset: voucher, per_point: 0.5}}
"""


def test_a_claim_paid_in_two_runs_becomes_the_asset_as_if_it_were_paid_in_one() -> None:
    shop = Shop(load_plan_text(SELVES), {"A": None})
    shop.do(ReserveToppedUp, amount=7)
    shop.buy("a1", "A", "0.01")  # twice 100 points, worth 50 each; of 7 each has 7 points, ⌊3.5⌋
    assert (shop.auditor.balance("A", "voucher"), shop.auditor.owed("A")) == (6, 186)
    shop.do(ReserveToppedUp, amount=1000)
    assert shop.close().paid == {("A", "one"): 47, ("A", "two"): 47}
    assert shop.auditor.reserve == 907
