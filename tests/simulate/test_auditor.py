"""The auditor by hand: shortfalls, banked payments, hand-over, refunds under changing rules, exits."""

from typing import Any

import pytest

from jifen.core.micros import MICRO, parse_micros
from jifen.engine.events import (
    DayClosed,
    Line,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PlanActivated,
    PlanEnded,
    PlanPaused,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TokensSold,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.plan import Plan, load_plan, revise
from jifen.simulate.auditor import Auditor, Outcome

BARE = {"generations": [], "ranks": [], "daily_rate": "10%", "lot_mode": "parallel"}
"""Points only: 10 % a day of what was granted, nothing for anybody else."""


class Shop:
    """An auditor with short words for its events; amounts are written in units."""

    def __init__(self, plan: str | Plan, members: dict[str, str | None], receipts: bool = False, **params: Any) -> None:
        self.auditor = Auditor(plan if isinstance(plan, Plan) else load_plan(plan, params), receipts=receipts)
        self.count = 0
        for member, referrer in members.items():
            self.do(MemberJoined, member=member, referrer=referrer)

    def do(self, kind: type, **facts: Any) -> Outcome:
        self.count += 1
        facts.setdefault("id", f"e{self.count}")
        facts.setdefault("day", self.auditor.open_day)
        return self.auditor.apply(kind(**facts))

    def buy(self, order: str, member: str, amount: str) -> Outcome:
        return self.do(OrderPaid, id=order, member=member, lines=(Line(amount=parse_micros(amount)),))

    def refund(self, order: str, amount: str) -> Outcome:
        return self.do(OrderRefunded, order=order, amount=parse_micros(amount))

    def adjust(self, member: str, store: str, amount: str) -> Outcome:
        return self.do(StoreAdjusted, member=member, store=store, amount=parse_micros(amount))

    def switch(self, **params: Any) -> None:
        assert self.do(PlanActivated, plan=revise(self.auditor.books.plan, params)).refused is None

    def close(self) -> Outcome:
        return self.do(DayClosed)

    def lots(self, member: str, store: str = "points") -> list[float]:
        return [remaining / MICRO for remaining in self.auditor.remaining(member, store)]


def units(outcome: Outcome) -> dict[tuple[str, str], float]:
    return {key: amount / MICRO for key, amount in outcome.paid.items()}


# -- the reserve ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "paid", "left"),
    [
        ("prorate", {("A", "static"): 5, ("B", "static"): 10}, (95, 190)),
        ("defer", {("A", "static"): 10, ("B", "static"): 5}, (90, 195)),
        ("suspend", {}, (100, 200)),
    ],
)
def test_a_short_reserve_pays_as_the_plan_says_and_the_rest_stays_in_the_lots(mode, paid, left) -> None:
    shop = Shop("points_dividend", {"A": None, "B": None}, funding="reserve", on_shortfall=mode, **BARE)
    shop.buy("o1", "A", "100")
    shop.buy("o2", "B", "200")
    shop.do(ReserveToppedUp, amount=15 * MICRO)
    shop.close()
    outcome = shop.close()
    assert units(outcome) == paid
    assert outcome.forfeited == {}
    assert (shop.lots("A"), shop.lots("B")) == ([left[0]], [left[1]])


def test_a_share_of_each_order_is_put_aside_and_given_back_with_the_refund() -> None:
    shop = Shop("points_dividend", {"A": None}, funding="reserve", reserve_share="30%", **BARE)
    shop.buy("o1", "A", "100")
    assert shop.auditor.reserve == 30 * MICRO
    shop.close()
    shop.close()  # 10 are paid
    shop.refund("o1", "50")  # 15 go back to the merchant, 5 come back from A
    assert shop.auditor.reserve == (30 - 10 - 15 + 5) * MICRO
    assert shop.auditor.balance("A", "cash") == 5 * MICRO


def test_a_reserve_that_cannot_give_back_owes_and_the_next_top_up_repays_first() -> None:
    params = {**BARE, "generations": ["50%"], "upstream": "keep"}
    shop = Shop("points_dividend", {"A": None, "B": "A"}, funding="reserve", reserve_share="30%", **params)
    shop.adjust("A", "points", "1000")
    shop.buy("o1", "B", "100")  # reserve 30, A wants 50 and gets 30
    assert shop.auditor.reserve == 0
    shop.refund("o1", "100")
    assert (shop.auditor.reserve, shop.auditor.reserve_debt) == (0, 30 * MICRO)
    shop.do(ReserveToppedUp, amount=40 * MICRO)
    assert (shop.auditor.reserve, shop.auditor.reserve_debt) == (10 * MICRO, 0)


def test_what_the_reserve_cannot_pay_is_taken_from_the_oldest_lot_only_as_far_as_it_is_paid() -> None:
    params = {**BARE, "generations": ["50%"], "reserve_share": "20%"}
    shop = Shop("points_dividend", {"A": None, "B": "A"}, funding="reserve", **params)
    shop.adjust("A", "points", "15")
    shop.adjust("A", "points", "100")
    outcome = shop.buy("o1", "B", "100")  # A wants 50 (15 + 35), the reserve has 20
    assert units(outcome) == {("A", "generation"): 20}
    assert outcome.forfeited == {}
    assert shop.lots("A") == [0, 95]


def test_a_walk_is_based_on_the_release_before_the_shortfall() -> None:
    params = {**BARE, "generations": ["50%"], "generation_base": "static_release", "on_shortfall": "defer"}
    shop = Shop("points_dividend", {"B": None, "A": "B"}, funding="reserve", **params)
    shop.buy("o1", "A", "100")
    shop.adjust("B", "points", "3")
    shop.close()
    shop.do(ReserveToppedUp, amount=7 * MICRO)
    outcome = shop.close()  # A wants 10 and gets 7; B wants 5, his lots take 3, the reserve has nothing left
    assert units(outcome) == {("A", "static"): 7}
    assert outcome.forfeited == {"B": 2 * MICRO}
    assert (shop.lots("A"), shop.lots("B")) == ([93], [3])


# -- lots -----------------------------------------------------------------------------------------------------------


def test_what_is_banked_shrinks_with_its_order_before_it_is_released() -> None:
    shop = Shop("points_dividend", {"A": None, "B": "A"}, no_lot="bank")
    shop.buy("b1", "B", "100")
    assert shop.auditor.banked("A") == 20 * MICRO
    shop.refund("b1", "50")
    assert shop.auditor.banked("A") == 10 * MICRO
    assert units(shop.buy("o1", "A", "4")) == {("A", "bank"): 4}
    assert shop.auditor.banked("A") == 6 * MICRO
    shop.refund("b1", "25")  # 5 stand: 4 released, 1 in the bank
    assert shop.auditor.banked("A") == 1 * MICRO
    assert units(shop.refund("b1", "25")) == {("A", "refund"): -4}
    assert shop.lots("A") == [4]


def test_an_emptied_sequential_lot_hands_over_on_the_next_day_but_at_once_after_its_refund() -> None:
    shop = Shop("points_dividend", {"A": None}, generations=[], ranks=[], start_lag_days=0)
    shop.adjust("A", "points", "50")
    shop.buy("o1", "A", "100")
    shop.adjust("A", "points", "-120")  # newest first: 100 of the order's lot, 20 of the other
    shop.buy("o2", "A", "100")
    shop.adjust("A", "points", "0.000001")
    assert units(shop.close()) == {}  # the oldest lot (30 left) has no daily release
    shop.adjust("A", "points", "-200")
    shop.buy("o3", "A", "100")
    assert units(shop.close()) == {}  # the oldest live lot was emptied today
    assert units(shop.close()) == {("A", "static"): 1}
    shop.buy("o4", "A", "200")
    shop.refund("o3", "100")
    assert units(shop.close()) == {("A", "static"): 2}


def test_own_and_upstream_refund_undo_a_common_payment_once() -> None:
    shop = Shop("points_dividend", {"A": None, "B": "A"})
    shop.buy("o1", "A", "100")
    shop.buy("o2", "B", "100")  # A: 20
    assert units(shop.refund("o2", "50")) == {("A", "refund"): -10}
    assert units(shop.refund("o1", "50")) == {("A", "refund"): -5}
    assert shop.lots("A") == [45]


def test_refunds_while_upstream_is_kept_never_count_for_others_and_later_ones_do() -> None:
    shop = Shop("points_dividend", {"A": None, "B": "A"}, upstream="keep")
    shop.buy("o1", "A", "100")
    shop.buy("o2", "B", "100")
    assert units(shop.refund("o2", "50")) == {}
    shop.switch(upstream="reverse")
    assert units(shop.refund("o2", "25")) == {("A", "refund"): -5}
    shop.switch(upstream="keep")
    assert units(shop.refund("o2", "25")) == {}
    assert shop.auditor.balance("A", "cash") == 15 * MICRO


def test_a_retiered_lot_gives_back_its_newest_release_first() -> None:
    tiers = [{"name": "a", "min": "100", "multiple": "1"}, {"name": "b", "min": "200", "multiple": "2"}]
    params = {"tiers": tiers, "retier": True, "daily_rate": "50%", "generations": [], "ranks": []}
    shop = Shop("green_points", {"A": None}, **params)
    shop.buy("o1", "A", "200")  # 400 points, 100 a day
    shop.close()
    shop.close()
    shop.close()
    shop.close()  # 300 released
    outcome = shop.refund("o1", "100")  # half of each release stands: 150, but only 100 are granted now
    assert units(outcome) == {("A", "refund"): -200}
    assert [drain.standing for drain in shop.auditor.books.lots[0].drains] == [50 * MICRO, 50 * MICRO, 0]
    assert shop.lots("A") == [0]


@pytest.mark.parametrize("first", ["oa", "ob"])
def test_what_stands_again_comes_out_of_the_reserve_that_took_it_back(first: str) -> None:
    """Two runs give A 2 × (100 + 50) and B 2 × 100. After both refunds A keeps the 100 that his lot still grants."""
    tiers = [{"name": "a", "min": "100", "multiple": "1"}, {"name": "b", "min": "200", "multiple": "2"}]
    terms: dict[str, Any] = {"tiers": tiers, "retier": True, "daily_rate": "50%", "generations": ["50%"], "ranks": []}
    shop = Shop("green_points", {"A": None, "B": "A"}, **terms, funding="reserve", reserve_share="0%")
    shop.buy("oa", "A", "200")
    shop.buy("ob", "B", "200")
    shop.do(ReserveToppedUp, amount=500 * MICRO)
    for _ in range(3):
        shop.close()
    for order in sorted(("oa", "ob"), key=first.__ne__):
        shop.refund(order, {"oa": "100", "ob": "200"}[order])
    assert (shop.auditor.balance("A", "cash"), shop.auditor.reserve) == (100 * MICRO, 400 * MICRO)


# -- ranks ----------------------------------------------------------------------------------------------------------


def test_an_appointed_rank_is_a_floor_from_the_event_on_and_an_earned_one_comes_with_the_run() -> None:
    ranks = [{"rank": "a", "min": "100", "rate": "10%"}, {"rank": "b", "min": "300", "rate": "20%"}]
    shop = Shop("points_dividend", {"A": None}, ranks=ranks, rank_by="performance")
    shop.buy("o1", "A", "300")
    assert shop.auditor.rank("A") is None
    shop.do(RankSet, member="A", rank="a")
    assert shop.auditor.rank("A") == "a"
    shop.close()
    assert shop.auditor.rank("A") == "b"
    shop.refund("o1", "300")
    shop.close()
    assert shop.auditor.rank("A") == "a"
    shop.do(RankSet, member="A", rank=None)
    assert shop.auditor.rank("A") is None


# -- curves and queues ----------------------------------------------------------------------------------------------


def test_an_exit_is_not_undone_but_its_proceeds_follow_the_order() -> None:
    shop = Shop("appreciation", {"A": None}, exit_multiple="0.2", exit_value="actual", sell_fee="0%")
    outcome = shop.buy("o1", "A", "1000")  # 300 in the pool, 210 tokens worth 300, cap 200
    assert units(outcome) == {("A", "exit"): 300}
    assert units(shop.refund("o1", "500")) == {("A", "refund"): -150}
    # The pool got 150 back and returns min(150, nothing burned + 150).
    assert (shop.auditor.pool("pool"), shop.auditor.pool_debt("pool")) == (0, 0)
    assert shop.auditor.tokens("A") == 0


def test_sales_before_an_exit_do_not_count_after_it() -> None:
    shop = Shop("appreciation", {"A": None}, sell_fee="0%")
    shop.buy("o1", "A", "1000")
    shop.do(TokensSold, member="A", tokens=105 * MICRO)  # gross 150
    shop.do(PoolDonated, pool="pool", amount=1700 * MICRO)  # 105 tokens worth 1850 = 2000 − 150
    assert shop.auditor.balance("A", "cash") == 2000 * MICRO
    shop.buy("o2", "A", "10")
    candidates = [order.closed for order in shop.auditor.books.orders.values()]
    assert candidates == [True, False]
    assert sum(drain.gross for lot in shop.auditor.books.lots for drain in lot.drains) == 0


def test_a_refunded_claim_pays_back_to_the_pool_that_served_it() -> None:
    shop = Shop("rebate_queue", {"A": None}, lock_days=0)
    shop.buy("o1", "A", "100")
    shop.do(PoolDonated, pool="queue", amount=80 * MICRO)
    assert units(shop.close()) == {("A", "serve"): 100}
    assert units(shop.refund("o1", "50")) == {("A", "refund"): -50}
    assert shop.auditor.pool("queue") == 40 * MICRO  # 50 came back, 10 of the order's 20 left


# -- the door -------------------------------------------------------------------------------------------------------


def test_a_known_id_is_a_duplicate_on_any_day_and_a_conflict_with_other_facts() -> None:
    shop = Shop("points_dividend", {"A": None})
    assert shop.buy("o1", "A", "100").refused is None
    shop.close()
    assert shop.buy("o1", "A", "100").refused == "duplicate"
    assert shop.buy("o1", "A", "101").refused == "conflict"
    assert shop.do(ReserveToppedUp, id="late", day=0, amount=1).refused == "out_of_order"
    assert shop.do(ReserveToppedUp, id="late", amount=1).refused is None


def test_the_first_reason_of_the_list_is_given() -> None:
    shop = Shop("points_dividend", {"A": None, "B": "A"})
    assert shop.buy("o1", "nobody", "0.001").refused == "unknown_member"
    assert shop.buy("o1", "A", "0.001").refused == "bad_amount"
    assert shop.buy("o1", "A", "100").refused is None
    assert shop.refund("o1", "100.01").refused == "too_much"
    assert shop.do(MemberMoved, member="A", referrer="A").refused == "self"
    assert shop.do(MemberMoved, member="A", referrer="B", by="member").refused == "descendant"
    assert shop.do(WithdrawalRequested, member="A", amount=MICRO, asset="coin").refused == "asset_forbidden"


def test_an_event_of_a_day_that_is_not_open_yet_is_a_mistake_of_the_caller() -> None:
    shop = Shop("points_dividend", {"A": None})
    with pytest.raises(ValueError, match="day 1, but day 0 is open"):
        shop.do(ReserveToppedUp, day=1, amount=1)


def test_a_rejected_withdrawal_returns_to_the_wallet() -> None:
    shop = Shop("points_dividend", {"A": None})
    shop.adjust("A", "cash", "10")
    assert shop.do(WithdrawalRequested, id="w1", member="A", amount=4 * MICRO).refused is None
    assert shop.auditor.balance("A", "cash") == 6 * MICRO
    shop.do(WithdrawalRejected, withdrawal="w1")
    assert shop.auditor.balance("A", "cash") == 10 * MICRO
    assert shop.do(WithdrawalRejected, withdrawal="w1").refused == "conflict"
    assert shop.do(WithdrawalRejected, withdrawal="w2").refused == "unknown_order"


def test_an_order_that_takes_effect_while_the_plan_is_stopped_counts_in_measures_only() -> None:
    shop = Shop("points_dividend", {"A": None}, settle_at="settled", refund_days=2, reserve_share="10%")
    shop.buy("o1", "A", "100")  # paid under the plan, settled while it is stopped
    shop.do(PlanPaused)
    shop.close()
    shop.buy("o2", "A", "50")  # paid while it is stopped, settled under the plan
    shop.close()
    shop.close()
    assert (shop.lots("A"), shop.auditor.performance("A"), shop.auditor.reserve) == ([], 100 * MICRO, 0)
    assert shop.do(PlanActivated, plan=shop.auditor.books.plan).refused is None
    shop.close()
    assert (shop.lots("A"), shop.auditor.performance("A"), shop.auditor.reserve) == ([50], 150 * MICRO, 5 * MICRO)
    shop.do(PlanEnded)
    assert units(shop.close()) == {("A", "static"): 0.5}  # what is open runs off
    shop.refund("o1", "40")
    assert shop.auditor.performance("A") == 110 * MICRO


def test_an_order_settles_at_once_when_a_foreign_shop_says_so_but_only_once() -> None:
    shop = Shop("points_dividend", {"A": None}, settle_at="settled", refund_days=2)
    assert shop.do(OrderSettled, order="o1").refused == "unknown_order"
    shop.buy("o1", "A", "100")
    assert shop.do(OrderSettled, order="o1").refused is None
    assert shop.lots("A") == [100]
    assert shop.do(OrderSettled, order="o1").refused == "conflict"


def test_where_the_shop_sends_receipts_the_window_starts_with_the_last_of_them() -> None:
    shop = Shop("points_dividend", {"A": None}, receipts=True, settle_at="settled", refund_days=1)
    shop.buy("o1", "A", "100")
    for _ in range(4):
        shop.close()
    assert shop.lots("A") == []
    shop.do(OrderReceived, order="o1")  # day 4
    shop.close()
    shop.do(OrderReceived, order="o1")  # day 5
    shop.close()
    assert shop.lots("A") == []
    shop.close()
    assert shop.lots("A") == [100]
    assert shop.do(OrderReceived, order="o1").refused is None


def test_where_it_sends_none_the_window_starts_with_the_order() -> None:
    shop = Shop("points_dividend", {"A": None}, settle_at="settled", refund_days=2)
    shop.buy("o1", "A", "100")
    shop.close()
    assert shop.do(OrderReceived, order="o1").refused is None
    shop.close()
    assert shop.lots("A") == []
    shop.close()
    assert shop.lots("A") == [100]
