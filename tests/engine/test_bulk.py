"""The bulk lane by hand: who is paid over deep chains, what it leaves to the handlers, when it forgets ranks."""

import sys

import numpy as np
import pytest
from tests.engine.shop import Shop, chain_of, yuan

from jifen.core.errors import BrokenInvariant
from jifen.core.micros import AMOUNT_MAX
from jifen.engine.apply import apply, apply_log
from jifen.engine.bulk_shop import Ways
from jifen.engine.columns import SUM_MAX
from jifen.engine.events import Line, MemberJoined, OrderPaid, OrderRefunded, PlanActivated, PoolDonated
from jifen.engine.instructions import why_not
from jifen.engine.log import JOIN, ORDER, REFUND, Log
from jifen.engine.positions import place_taken
from jifen.engine.tables import NONE
from jifen.ledger.journal import Account
from jifen.ledger.names import Texts
from jifen.plan import load_plan, revise

DOOR = sys.modules["jifen.engine.apply"]


def log_of(*rows: tuple[int, int, int, str], names: tuple[str, ...] = ()) -> Log:
    """Rows of (kind, member, order, amount in yuan); the n-th event is called e n."""
    kind, member, order = (np.array([row[column] for row in rows], dtype=np.int32) for column in range(3))
    amount = np.array([yuan(row[3]) for row in rows], dtype=np.int64)
    return Log(kind, member, order, amount, Texts.of(f"e{place}" for place in range(len(rows))), Texts.of(names))


def test_an_order_at_the_end_of_a_long_chain_jumps_over_all_without_a_rank():
    count = 5000
    shop = Shop("points_dividend")
    rows = [(JOIN, place - 1, NONE, "0") for place in range(count)]
    journal = apply_log(shop.world, log_of(*rows, names=tuple(f"m{place}" for place in range(count))))
    assert journal.accepted == count
    shop.rank("m0", "总经理")
    orders = log_of((ORDER, 0, NONE, "5000"), (ORDER, count - 1, NONE, "1000"), (ORDER, count - 1, NONE, "100"))
    apply_log(shop.world, Log(**{**vars_of(orders), "ids": Texts.of(["first", "second", "third"])}))
    # 60 % of 1000 and of 100 points; nobody else has a rank, and the two sponsors have no lots.
    assert shop.cash("m0") == yuan("660")
    assert isinstance(shop.world.ways, Ways)
    above = shop.world.ways.paths.above[0]
    assert above[count - 2] == above[count // 2] == above[1] == 0


@pytest.mark.parametrize(("coming", "loaded"), [(0, False), (DOOR.FIRST - 1, False), (DOOR.FIRST, True)])
def test_the_lane_is_loaded_at_once_where_many_events_are_to_come(coming, loaded):
    shop = Shop("points_dividend")
    joins = [MemberJoined(id=f"j{place}", day=0, member=f"m{place}") for place in range(DOOR.LEAST)]
    journal = apply(shop.world, joins, coming=coming)
    assert (journal.accepted, shop.world.members.size) == (DOOR.LEAST, DOOR.LEAST)
    assert (shop.world.lane is not None) is loaded


def vars_of(log: Log) -> dict[str, object]:
    return {name: getattr(log, name) for name in Log.__dataclass_fields__}


def test_a_new_rank_counts_for_the_next_log():
    shop = Shop("points_dividend").join(**chain_of(4))
    shop.rank("m0", "总监")
    apply_log(shop.world, log_of((ORDER, 0, NONE, "5000"), (ORDER, 1, NONE, "5000"), (ORDER, 3, NONE, "1000")))
    # m1 is the second generation of m3, at 15 %; m0 gets 50 % of the team reward, and shares of m1's order.
    assert shop.cash("m1") == yuan("150")
    first = shop.cash("m0")
    shop.rank("m1", "经理")
    again = log_of((ORDER, 3, NONE, "1000"))
    apply_log(shop.world, Log(**{**vars_of(again), "ids": Texts.of(["again"])}))
    # 150 as before and 30 % of 1000; of the 50 % there are 20 left for m0.
    assert shop.cash("m1") == yuan("600")
    assert shop.cash("m0") - first == yuan("200")


def test_rows_that_the_lane_does_not_know_go_through_the_handlers(monkeypatch, done):
    monkeypatch.setattr(DOOR, "LEAST", 1)
    monkeypatch.setattr(DOOR, "FIRST", 1)
    shop = Shop("points_dividend").join(**chain_of(2))
    day, plain = shop.world.open_day, (Line(amount=yuan("100")),)
    lines = (Line(amount=yuan("60"), line="a"), Line(amount=yuan("40"), line="b"))
    done.clear()
    journal = DOOR.apply(
        shop.world,
        [
            OrderPaid(id="o1", day=day, member="m1", lines=plain),
            OrderPaid(id="o2", day=day, member="m1", lines=plain),
            OrderPaid(id="two lines", day=day, member="m1", lines=lines),
            OrderPaid(id="o2", day=day, member="m1", lines=plain),
            OrderPaid(id="nobody", day=day, member="m9", lines=plain),
            OrderRefunded(id="r1", day=day, order="two lines", amount=yuan("50")),
            OrderRefunded(id="r2", day=day, order="o2", amount=yuan("50")),
        ],
    )
    assert [refusal.code for refusal in journal.refusals] == ["duplicate", "unknown_member"]
    assert shop.remaining("m1") == [yuan("100"), yuan("50"), yuan("50")]
    assert sum(done) == 1  # o2: the names of rules have no numbers before o1, nor has refund before r1 and r2


def test_a_refund_of_a_log_takes_back_what_its_order_has_paid():
    shop = Shop("points_dividend").join(**chain_of(2))
    rows = [(ORDER, 0, NONE, "1000"), (ORDER, 1, NONE, "1000"), (ORDER, 1, NONE, "500")]
    rows += [(REFUND, NONE, 1, "10"), (REFUND, NONE, 1, "490"), (REFUND, NONE, 2, "500")]
    apply_log(shop.world, log_of(*rows))
    # 20 % of the 500 that are kept of the second order stand.
    assert shop.cash("m0") == yuan("100")
    assert shop.remaining("m0") == [yuan("900")]
    assert shop.remaining("m1") == [yuan("500"), 0]


def test_it_is_said_why_a_plan_does_not_go_through_the_lane():
    assert why_not(Shop("points_dividend").world) == why_not(Shop("appreciation").world) == ""
    assert why_not(Shop("three_for_one").world) == "rule ticket counts in another way"
    assert why_not(Shop("appreciation", exit_scope="lot").world) == "rule exit forces out by other than spend"


def test_peers_of_each_height_are_paid_up_to_their_number():
    shop = Shop("points_dividend", peer_rate="10%", peer_max=1).join(**chain_of(6))
    for place, rank in enumerate((None, "主管", "主管", "经理", "经理")):
        shop.rank(f"m{place}", rank)
    # The lowest first: those above have no lots yet, so nobody is paid for these.
    lots = [(ORDER, place, NONE, "100000") for place in reversed(range(6))]
    apply_log(shop.world, Log(**{**vars_of(log_of(*lots)), "ids": Texts.of(f"lot {place}" for place in range(6))}))
    apply_log(shop.world, log_of((ORDER, 5, NONE, "1000")))
    paid = [shop.cash(f"m{place}") for place in range(6)]
    # m4: 30 % and the first generation's 20 %; m3: a peer's 10 % and 15 %; m2: 40 % − 30 %; m1: a peer's 10 %.
    assert paid == [yuan(amount) for amount in ("0", "100", "100", "250", "500", "0")]


def test_rows_that_forfeit_much_get_more_room(done):
    shop = Shop("points_dividend", generations=["1%"] * 15).join(**chain_of(16))
    shop.order("first", "m15", "1")  # rules have their numbers now
    count = 6000
    ids = Texts.of(f"o{place}" for place in range(count))
    journal = apply_log(shop.world, Log(**{**vars_of(log_of(*[(ORDER, 15, NONE, "1")] * count)), "ids": ids}))
    # Nobody above has lots: each of fifteen loses 1 % of a point by every order.
    assert len(journal.forfeits) == 15 * count
    assert journal.forfeited() == {f"m{place}": yuan("60") for place in range(15)}
    assert sum(done) == count
    assert len(done) > 1


def test_a_pool_near_what_can_be_counted_leaves_orders_to_the_handlers(done):
    shop = Shop("rebate_queue").join(a=None)
    shop.order("first", "a", "100")
    gifts = range(SUM_MAX // AMOUNT_MAX)
    full = [PoolDonated(id=f"gift {gift}", day=0, pool="queue", amount=AMOUNT_MAX) for gift in gifts]
    assert DOOR.apply(shop.world, full).refusals == ()
    journal = apply_log(shop.world, log_of((ORDER, 0, NONE, "40"), (ORDER, 0, NONE, "1000000000")))
    assert [refusal.code for refusal in journal.refusals] == ["limit"]
    assert sum(done) == 1


def test_a_wallet_that_would_hold_more_than_can_be_counted_stops_the_lane():
    shop = Shop("points_dividend").join(**chain_of(2))
    shop.order("first", "m0", "1000")
    shop.order("second", "m1", "100")
    shop.world.wallets[0][0] = SUM_MAX - yuan("10")
    with pytest.raises(BrokenInvariant, match="more of an asset than can be counted"):
        apply_log(shop.world, log_of((ORDER, 1, NONE, "100")))  # m0 would get 20 % of it


def test_a_refund_of_a_log_takes_rewards_back_from_the_nearest_first_as_they_were_paid(done):
    plan = load_plan("per_order_reward", {"settle_at": "paid", "funding": "merchant"})
    shop = Shop(plan).join(**chain_of(4))
    shop.order("first", "m3", "1000")
    shop.refund("first", "10")
    journal = apply_log(shop.world, log_of((ORDER, 3, NONE, "1000"), (REFUND, NONE, 1, "500")))
    assert sum(done) == 2
    transfers = journal.transfers.array()
    taken = transfers[transfers["from_kind"] == Account.WALLET]
    # Each of the three above was paid 10 and keeps 5.
    assert taken["from_id"].tolist() == [2, 1, 0]
    assert taken["amount"].tolist() == [yuan("5")] * 3


def told(shop: Shop, name: str, *rows: tuple[int, int, int, str]) -> None:
    """Apply rows as a log of its own."""
    ids = Texts.of(f"{name} {place}" for place in range(len(rows)))
    apply_log(shop.world, Log(**{**vars_of(log_of(*rows)), "ids": ids}))


def sponsored(referrals: int, **params: object) -> Shop:
    """A sponsor m0 with orders of his own and referrals m1, m2, …; all rules have their numbers."""
    shop = Shop("refer_three", **params).join(t=None, z="t", m0=None)
    shop.join(**{f"m{place}": "m0" for place in range(1, referrals + 1)})
    for order, member in (("t", "t"), ("z", "z"), ("first", "m0"), ("second", "m0")):
        shop.order(order, member, "100")
    shop.refund("z", "100")
    return shop


SPONSOR, FIRST_ORDER = 2, 4
"""The number of m0, and of the next order."""


def places_of(shop: Shop, *orders: int) -> list[int]:
    return [place_taken(shop.world, "referrals", order) for order in orders]


def test_only_a_whole_refund_in_a_log_frees_a_place_and_the_lowest_is_taken_first(done):
    shop, (a, b, c, d, e, f) = sponsored(6), range(SPONSOR + 1, SPONSOR + 7)
    done.clear()
    orders = [(ORDER, member, NONE, "100") for member in (a, b, c, a)]
    o_a, o_b, o_c, again, o_d, o_e, o_f, o_b2 = range(FIRST_ORDER, FIRST_ORDER + 8)
    rows = [*orders, (REFUND, NONE, o_c, "100"), (REFUND, NONE, o_a, "99.99"), (ORDER, d, NONE, "100")]
    rows += [(REFUND, NONE, o_b, "100"), (REFUND, NONE, o_a, "0.01"), (ORDER, e, NONE, "100"), (ORDER, f, NONE, "100")]
    told(shop, "all", *rows, (ORDER, b, NONE, "100"))
    assert sum(done) == len(rows) + 1
    # d has the place of c, while a still had a cent in his; e and f have those of a and b; b takes the fourth.
    assert places_of(shop, again, o_d, o_e, o_f, o_b2) == [NONE, 2, 0, 1, 3]
    # 70 for d, 10 for e, 20 for f, 10 for b; what a, b and c brought has been taken back.
    assert shop.cash("m0") == yuan("110")


def test_many_freed_places_come_back_lowest_first_whoever_takes_them(done):
    """Refunds in disorder, some by the lane and some by the handlers; then both take turns, and a loaded world too."""
    shop, count = sponsored(1, referral_count="orders"), 60
    buys = [(ORDER, SPONSOR + 1, NONE, "100")]
    told(shop, "taken", *buys * count)
    freed = [(place * 37 + 11) % count for place in range(count - 10)]
    told(shop, "freed", *((REFUND, NONE, FIRST_ORDER + place, "100") for place in freed[:30]))
    for place in freed[30:]:
        shop.refund(f"taken {place}", "100")
    for turn in range(len(freed) // 2):
        told(shop, f"turn {turn}", *buys)
        shop.order(f"by hand {turn}", "m1", "100")
        if turn % 7 == 0:
            shop.world.taken = None
    told(shop, "beyond", *buys)
    took = places_of(shop, *range(FIRST_ORDER + count, shop.world.orders.size))
    assert took == [*sorted(freed), count]
    assert sum(done) == count + 30 + len(freed) // 2 + 1


@pytest.mark.parametrize(("base", "paid"), [("trigger_amount", "10"), ("own_amount", "6"), ("lesser", "6")])
def test_a_place_in_a_log_is_paid_of_the_sponsors_first_live_order(base: str, paid: str, done):
    """The first order of 100 is given back, 60 are kept of the second."""
    shop = sponsored(1, referral_base=base)
    shop.refund("first", "100")
    shop.refund("second", "40")
    told(shop, "a", (ORDER, SPONSOR + 1, NONE, "100"))
    assert shop.cash("m0") == yuan(paid)
    assert sum(done) == 1


def test_an_order_that_waits_in_a_log_takes_no_place_before_it_counts(done):
    shop = sponsored(2, settle_at="settled")
    told(shop, "a", (ORDER, SPONSOR + 1, NONE, "100"), (REFUND, NONE, FIRST_ORDER, "100"))
    assert sum(done) == 2
    assert shop.world.positions.size == 0


def test_an_own_order_that_still_waits_is_not_the_first_live_one(done):
    """The sponsor's first order of 500 waits, since a plan before let it; the second, of 60, counts at once."""
    shop = sponsored(1, referral_base="own_amount", requires_own_order=False, settle_at="settled")
    told(shop, "waits", (ORDER, SPONSOR, NONE, "500"))
    shop.book(PlanActivated, plan=revise(shop.plan, {"settle_at": "paid"}))
    told(shop, "counts", (ORDER, SPONSOR, NONE, "60"))
    for member in "tz":  # the rule has its number now
        shop.order(f"{member} again", member, "100")
    done.clear()
    told(shop, "a", (ORDER, SPONSOR + 1, NONE, "100"))
    assert shop.cash("m0") == yuan("6")
    assert sum(done) == 1
