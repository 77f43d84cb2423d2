"""Beyond 64 bits: totals are right however large, and what one column could not hold is refused and changes nothing.

An order has at most 10^15 micro-units (a thousand million yuan), a column at most ``SUM_MAX``, 2^62: 4611 such amounts,
and 0.686 of another.
"""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from tests.engine.shop import Shop, everything

from jifen.batch.holdings import balance_rows
from jifen.core.errors import BrokenInvariant
from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.engine import World, apply
from jifen.engine.columns import SUM_MAX
from jifen.engine.events import (
    AssetTransferred,
    DayClosed,
    Event,
    LiabilityBooked,
    Line,
    OrderPaid,
    PoolDonated,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
)
from jifen.engine.kernels.run import credit
from jifen.plan import load_plan_text

FIT = SUM_MAX // AMOUNT_MAX
"""So many of the largest amounts fit."""


def many(count: int, event: Callable[[str], Event]) -> list[Event]:
    return [event(f"one of many {number}") for number in range(count)]


def order(name: str, member: str = "a", day: int = 0, amount: int = AMOUNT_MAX) -> OrderPaid:
    return OrderPaid(id=name, day=day, member=member, lines=(Line(amount=amount),))


def given(name: str, store: str, member: str = "a") -> StoreAdjusted:
    return StoreAdjusted(id=name, day=0, member=member, store=store, amount=AMOUNT_MAX)


def top_up(name: str) -> ReserveToppedUp:
    return ReserveToppedUp(id=name, day=0, amount=AMOUNT_MAX)


def refused(world: World, event: Event) -> list[str]:
    """The codes by which an event is refused, if it changes nothing."""
    before = everything(world)
    codes = [refusal.code for refusal in apply(world, [event]).refusals]
    assert everything(world) == before
    return codes


def accepted(world: World, events: Iterable[Event]) -> World:
    assert apply(world, events).refusals == ()
    return world


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_wallet_takes_no_more_than_can_be_counted() -> None:
    world = accepted(Shop().join(a=None).world, many(FIT, lambda name: given(name, "cash")))
    assert refused(world, given("one more", "cash")) == ["limit"]
    assert world.balance("a", "cash") == FIT * AMOUNT_MAX


def test_nobody_is_sent_more_than_can_be_counted() -> None:
    world = Shop(coin_transferable=True).join(a=None, b=None).world
    accepted(world, [*many(FIT, lambda name: given(name, "coin")), given("b has", "coin", "b")])
    sent = AssetTransferred(id="sent", day=0, member="b", to="a", amount=AMOUNT_MAX, asset="coin")
    assert refused(world, sent) == ["limit"]


def test_a_pool_takes_no_donation_and_no_order_beyond_what_can_be_counted() -> None:
    def donated(name: str) -> PoolDonated:
        return PoolDonated(id=name, day=0, pool="queue", amount=AMOUNT_MAX)

    world = accepted(Shop("rebate_queue").join(a=None).world, many(FIT, donated))
    assert refused(world, donated("one more")) == ["limit"]
    assert refused(world, order("an order feeds it")) == ["limit"]


def test_the_reserve_takes_no_more_than_can_be_counted() -> None:
    world = accepted(Shop(funding="reserve", reserve_share="10%").join(a=None).world, many(FIT, top_up))
    assert refused(world, top_up("one more")) == ["limit"]
    assert refused(world, order("an order feeds it")) == ["limit"]


@pytest.mark.parametrize("multiple", [FIT, FIT + 1])
def test_an_order_brings_no_more_credits_than_can_be_counted(multiple: int) -> None:
    world = Shop("cyclic_purchase", credit_multiple=str(multiple)).join(a=None).world
    if multiple > FIT:
        assert refused(world, order("o")) == ["limit"]
    else:
        assert accepted(world, [order("o")]).remaining("a", "credits") == [FIT * AMOUNT_MAX]


POINTS_OF_POINTS = """
preset: points_of_points
params: {settle_at: paid, funding: merchant}
stores: {points: {lots: parallel}}
rules:
  - {id: grant, when: order, amount: {share: 100, of: trigger_amount}, pay: {grant: points}}
  - {id: above, when: order, amount: {share: [60], of: trigger_points}, who: {walk: referral, by: generation}, gate: {drain: points}, pay: {asset: cash}}
"""  # noqa: E501 - one rule a line


def test_what_rules_make_of_what_others_have_made_is_counted_too() -> None:
    """100 points a yuan and 60 times as much to the one above: 6000 times an order, where 4611 times can be counted."""
    shop = Shop(load_plan_text(POINTS_OF_POINTS)).join(a=None, b="a")
    assert refused(shop.world, order("o", "b")) == ["limit"]
    accepted(shop.world, [order("o", "b", amount=AMOUNT_MAX // 2)])


def test_an_old_debt_becomes_no_more_coin_than_can_be_counted() -> None:
    world = Shop("legacy_conversion", coin_per_liability=str(FIT + 1)).join(a=None).world
    assert refused(world, LiabilityBooked(id="debt", day=0, member="a", amount=AMOUNT_MAX)) == ["limit"]


# -- what a run cannot refuse: it stops, and its batch is not accepted ------------------------------------------------


def test_a_run_that_would_pay_a_wallet_more_than_can_be_counted_stops() -> None:
    world = accepted(Shop().join(a=None).world, [*many(FIT, lambda name: given(name, "cash")), order("o")])
    full = StoreAdjusted(id="full", day=0, member="a", store="cash", amount=SUM_MAX - FIT * AMOUNT_MAX)
    accepted(world, [full, DayClosed(id="no lot releases yet", day=0)])
    with pytest.raises(BrokenInvariant, match="more of an asset than can be counted"):
        apply(world, [DayClosed(id="one per cent", day=1)])


def test_a_credit_beyond_what_can_be_counted_is_not_made() -> None:
    balances = np.array([SUM_MAX - 5, -SUM_MAX])
    assert credit(balances, np.array([0, 1], dtype=np.int32), np.array([5, SUM_MAX]))
    assert balances.tolist() == [SUM_MAX, 0]
    assert not credit(balances, np.array([1, 0], dtype=np.int32), np.array([7, 1]))
    assert balances.tolist() == [SUM_MAX, 7]


def test_a_pool_of_more_than_can_be_counted_is_not_divided() -> None:
    """Orders that wait were accepted while the pool was empty; then 5000 settle at once, and all goes to the pool."""
    shop = Shop("cyclic_purchase", settle_at="settled", refund_days=0, pool_share="100%").join(a=None, b=None)
    for member in "ab":
        accepted(shop.world, many(2500, lambda name, member=member: order(f"{name} {member}", member)))
    with pytest.raises(BrokenInvariant, match="more than can be divided"):
        shop.close()


def test_more_of_one_members_orders_than_can_be_counted_do_not_settle() -> None:
    """Each was accepted while none of them counted yet."""
    shop = Shop(settle_at="settled", refund_days=0).join(a=None)
    accepted(shop.world, many(FIT + 1, order))
    with pytest.raises(BrokenInvariant, match="of which some have waited"):
        shop.close()


# -- totals that are right however large ------------------------------------------------------------------------------


def test_team_performance_is_right_beyond_64_bits_and_gives_ranks() -> None:
    """4000 orders each of a, b below a, and c below b: 12 × 10^18 in all, where 64 bits hold 9.2."""
    ranks = [{"rank": "first", "min": "1000000000", "rate": "1%"}]
    shop = Shop(rank_by="performance", ranks=ranks, generations=[], daily_rate="0.0001%").join(a=None, b="a", c="b")
    for member in "abc":
        accepted(shop.world, many(4000, lambda name, member=member: order(f"{name} {member}", member)))
    shop.close()
    world = shop.world
    assert [world.performance(member) for member in "abc"] == [each * 4000 * AMOUNT_MAX for each in (3, 2, 1)]
    assert [world.rank(member) for member in "abc"] == ["first"] * 3
    assert world.control["claim points"] == 12_000 * AMOUNT_MAX - sum(shop.cash(member) for member in "abc")


def test_what_all_lots_of_a_member_hold_is_right_beyond_64_bits() -> None:
    """A hundred orders of 10^15 at a hundred points a yuan: 10^19."""
    shop = Shop(points_per_yuan="100", generations=[], ranks=[]).join(a=None)
    accepted(shop.world, many(100, order))
    assert ("a", "points", 10**19) in list(balance_rows(shop.world))


def test_a_stock_beyond_64_bits_is_paid_by_the_last_row() -> None:
    """The same 10^19: 30 a day for two tasks, 15 each; below 10 points it would be 9 a day."""
    tiers = [{"max": "10", "reward": "9"}, {"max": None, "reward": "30"}]
    shop = Shop("ad_tasks", points_per_yuan="100", task_tiers=tiers, tasks_per_day=2).join(a=None)
    accepted(shop.world, many(100, order))
    shop.close()
    accepted(shop.world, [TaskDone(id="task", day=1, member="a")])
    assert shop.cash("a") == 15 * MICRO
