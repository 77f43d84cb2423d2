"""Every event, and what it does to the books."""

from typing import Any

import pytest
from tests.engine.shop import Shop, yuan

from jifen.core.errors import BrokenInvariant
from jifen.engine import apply
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    DayClosed,
    LiabilityBooked,
    MemberJoined,
    MemberMoved,
    OrderReceived,
    OrderSettled,
    PlanActivated,
    PlanEnded,
    PlanPaused,
    TaskDone,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.ledger.journal import Account
from jifen.plan import revise


def test_members_join_below_their_referrers() -> None:
    shop = Shop().join(a=None, b="a")
    shop.book(MemberJoined, member="c", referrer="b", region="粤/深")
    assert list(shop.world.member_names) == ["a", "b", "c"]
    assert [shop.world.referrer(member) for member in "abc"] == [None, "a", "b"]
    assert shop.world.regions == {2: "粤/深"}


def test_a_moved_member_brings_later_rewards_to_the_new_referrer() -> None:
    shop = Shop(generations=["20%"]).join(a=None, b=None, c="a")
    for member in "ab":
        shop.order(f"o{member}", member, "1000")
    assert shop.order("o1", "c", "100").paid() == {"a": {"generation": yuan("20")}}
    shop.book(MemberMoved, member="c", referrer="b")
    assert shop.order("o2", "c", "100").paid() == {"b": {"generation": yuan("20")}}
    assert shop.cash("a") == yuan("20")


def test_a_member_without_a_referrer_may_bind_one_once() -> None:
    shop = Shop().join(a=None, b=None, c=None)
    assert shop.book(MemberMoved, member="c", referrer="a", by="member").accepted == 1
    assert shop.book(MemberMoved, member="c", referrer="b", by="member").refusals[0].code == "bound"


def test_an_agency_is_given_and_taken_back() -> None:
    shop = Shop().join(a=None)
    shop.book(AgentSet, member="a", region="粤/深")
    assert shop.world.agent("a") == "粤/深"
    shop.book(AgentSet, member="a", region=None)
    assert shop.world.agent("a") is None


# -- withdrawals and transfers -----------------------------------------------------------------------------------------


def rich() -> Shop:
    shop = Shop(coin_transferable=True).join(a=None, b=None)
    shop.adjust("a", "cash", "100")
    shop.adjust("a", "coin", "30")
    return shop


def pending(journals: list[Any]) -> int:
    """What lies in accounts of pending withdrawals, added up from transfers."""
    total = 0
    for journal in journals:
        rows = journal.transfers
        total += int(rows["amount"][rows["to_kind"] == Account.PENDING].sum())
        total -= int(rows["amount"][rows["from_kind"] == Account.PENDING].sum())
    return total


def test_a_requested_withdrawal_cannot_be_spent_twice() -> None:
    shop = rich()
    journal = shop.book(WithdrawalRequested, id="w", member="a", amount=yuan("60"))
    assert (shop.cash("a"), pending([journal])) == (yuan("40"), yuan("60"))
    again = shop.book(WithdrawalRequested, member="a", amount=yuan("40.000001"))
    assert again.refusals[0].code == "insufficient"


@pytest.mark.parametrize(
    ("end", "cash", "state"), [(WithdrawalPaid, "40", "paid"), (WithdrawalRejected, "100", "rejected")]
)
def test_a_withdrawal_ends_once(end: type, cash: str, state: str) -> None:
    shop = rich()
    journals = [shop.book(WithdrawalRequested, id="w", member="a", amount=yuan("60"))]
    assert shop.world.withdrawals["w"][3] == "requested"
    journals.append(shop.book(end, withdrawal="w"))
    assert (shop.cash("a"), pending(journals), shop.world.withdrawals["w"][3]) == (yuan(cash), 0, state)
    for other in (WithdrawalPaid, WithdrawalRejected):
        assert shop.book(other, withdrawal="w").refusals[0].code == "conflict"


def test_coin_goes_from_wallet_to_wallet() -> None:
    shop = rich()
    shop.book(AssetTransferred, member="a", to="b", amount=yuan("10"))
    assert [shop.world.balance(member, "coin") for member in "ab"] == [yuan("20"), yuan("10")]


# -- the back office --------------------------------------------------------------------------------------------------


def test_assets_are_given_and_taken_but_not_more_than_is_there() -> None:
    shop = rich()
    shop.adjust("a", "voucher", "5")
    shop.adjust("a", "coin", "-100")
    assert [shop.world.balance("a", asset) for asset in ("voucher", "coin")] == [yuan("5"), 0]


def test_lots_by_hand_release_only_what_their_base_gives() -> None:
    """1% of 500 each day; a lot without base stays."""
    shop = Shop(lot_mode="parallel").join(a=None)
    shop.adjust("a", "points", "100")
    shop.adjust("a", "points", "100", base="500")
    shop.close(2)
    assert shop.remaining("a") == [yuan("100"), yuan("95")]


def test_removals_drain_the_newest_lot_first_without_paying() -> None:
    shop = Shop().join(a=None)
    shop.order("o1", "a", "100")
    shop.order("o2", "a", "50")
    assert shop.adjust("a", "points", "-70").paid() == {}
    assert shop.remaining("a") == [yuan("80"), 0]
    shop.adjust("a", "points", "-1000")
    assert shop.remaining("a") == [0, 0]


def test_a_removal_survives_in_proportion_to_the_order_of_its_lot() -> None:
    """40 of 100 removed; half the order returned: of 50 granted, 20 stay removed."""
    shop = Shop().join(a=None)
    shop.order("o1", "a", "100")
    shop.adjust("a", "points", "-40")
    shop.refund("o1", "50")
    assert shop.remaining("a") == [yuan("30")]


def hands_over_today(shop: Shop) -> bool:
    """Whether a lot granted now, that needs no lag, releases in today's run."""
    shop.order("last", "a", "100")
    paid = [shop.close().paid(), shop.close().paid()]
    assert paid[1] == {"a": {"static": yuan("1")}}
    return paid[0] == paid[1]


def test_sequential_lots_hand_over_a_day_after_the_back_office_emptied_the_oldest() -> None:
    shop = Shop(start_lag_days=0, daily_base="granted").join(a=None)
    shop.order("o1", "a", "50")
    shop.adjust("a", "points", "-50")
    assert not hands_over_today(shop)


def test_sequential_lots_hand_over_at_once_after_a_refund_took_the_oldest_away() -> None:
    shop = Shop(start_lag_days=0).join(a=None)
    shop.order("o1", "a", "50")
    shop.refund("o1", "50")
    assert hands_over_today(shop)


def test_a_younger_lot_that_the_back_office_emptied_holds_nobody_up() -> None:
    shop = Shop(start_lag_days=0).join(a=None)
    shop.order("o1", "a", "50")
    shop.order("o2", "a", "50")
    shop.adjust("a", "points", "-50")
    assert shop.remaining("a") == [yuan("50"), 0]
    shop.refund("o1", "50")
    assert hands_over_today(shop)


def test_sequential_lots_do_not_top_up_on_the_last_day_of_the_oldest() -> None:
    """o1 of 10 releases 6, then its last 4, alone; o2 begins the day after."""
    shop = Shop(daily_rate="60%").join(a=None)
    shop.order("o1", "a", "10")
    shop.order("o2", "a", "100")
    shop.close()
    assert [shop.close().paid()["a"]["static"] for _ in range(3)] == [yuan("6"), yuan("4"), yuan("60")]


def test_an_acceleration_that_empties_the_oldest_lot_hands_over_tomorrow() -> None:
    """b's order accelerates a by 20, o1 is emptied by it on day 1, so o2 first releases on day 2."""
    shop = Shop(generations=["20%"]).join(a=None, b="a")
    shop.order("o1", "a", "20")
    shop.order("o2", "a", "100")
    shop.close()
    shop.order("o3", "b", "100")
    assert [shop.close().paid().get("a", {}).get("static", 0) for _ in range(2)] == [0, yuan("1")]


def test_money_from_outside_goes_into_pools_and_the_reserve() -> None:
    shop = Shop("rebate_queue").join(a=None)
    shop.donate("queue", "30")
    shop.top_up("20")
    assert (shop.world.pool("queue"), shop.world.reserve) == (yuan("30"), yuan("20"))


# -- orders and their refund window -----------------------------------------------------------------------------------


def test_an_order_brings_its_money_in_and_a_refund_returns_it() -> None:
    """10 of 100 in coin: a fifth returned gives 2 in coin, 18 outside."""
    shop = rich()
    shop.order("o1", "a", "100", pay={"coin": "10"})
    assert shop.world.balance("a", "coin") == yuan("20")
    journal = shop.refund("o1", "20")
    assert shop.world.balance("a", "coin") == yuan("22")
    outside = journal.transfers[journal.transfers["to_kind"] == Account.OUTSIDE]
    assert outside["amount"].tolist() == [yuan("18")]


def settled(**params: Any) -> Shop:
    return Shop(settle_at="settled", refund_days=2, **params).join(a=None)


def test_an_order_takes_effect_when_its_window_ends_with_what_is_kept() -> None:
    shop = settled()
    shop.order("o1", "a", "100")
    shop.refund("o1", "30")
    shop.close(2)
    assert (shop.remaining("a"), shop.world.performance("a")) == ([], 0)
    shop.close()
    assert (shop.remaining("a"), shop.world.performance("a")) == ([yuan("70")], yuan("70"))


def test_an_order_returned_inside_its_window_never_takes_effect() -> None:
    shop = settled()
    shop.order("o1", "a", "100")
    shop.refund("o1", "100")
    shop.close(4)
    assert (shop.remaining("a"), shop.world.performance("a"), shop.cash("a")) == ([], 0, 0)


def test_a_window_of_no_days_ends_in_the_run_of_the_same_day() -> None:
    shop = Shop(settle_at="settled", refund_days=0).join(a=None)
    shop.order("o1", "a", "100")
    shop.close()
    assert shop.remaining("a") == [yuan("100")]


def test_where_receipts_come_the_window_starts_with_them() -> None:
    shop = Shop(receipts=True, settle_at="settled", refund_days=2).join(a=None)
    shop.order("o1", "a", "100")
    shop.close(5)
    assert shop.remaining("a") == []
    shop.book(OrderReceived, order="o1")
    shop.close(2)
    assert shop.remaining("a") == []
    shop.close()
    assert shop.remaining("a") == [yuan("100")]
    assert shop.book(OrderReceived, order="o1").accepted == 1, "it counts already: nothing changes"
    shop.close(4)
    assert len(shop.remaining("a")) == 1


def test_where_no_receipts_come_one_that_does_moves_nothing() -> None:
    shop = settled()
    shop.order("o1", "a", "100")
    shop.close()
    shop.book(OrderReceived, order="o1")
    shop.close(2)
    assert shop.remaining("a") == [yuan("100")]


def test_a_second_receipt_moves_the_window_again() -> None:
    shop = Shop(receipts=True, settle_at="settled", refund_days=2).join(a=None)
    shop.order("o1", "a", "100")
    shop.book(OrderReceived, order="o1")
    shop.close()
    shop.book(OrderReceived, order="o1")
    shop.close(2)
    assert shop.remaining("a") == []
    shop.close()
    assert shop.remaining("a") == [yuan("100")]


def test_a_shop_with_its_own_window_says_when_it_has_ended() -> None:
    shop = settled()
    shop.order("o1", "a", "100")
    shop.book(OrderSettled, order="o1")
    assert shop.remaining("a") == [yuan("100")]
    shop.close(4)
    assert len(shop.remaining("a")) == 1, "the close does not settle it again"
    assert shop.book(OrderSettled, order="o1").refusals[0].code == "conflict"


def test_settlements_of_one_run_come_in_order_of_arrival() -> None:
    shop = Shop(receipts=True, settle_at="settled", refund_days=1).join(a=None, b="a")
    shop.order("o1", "a", "100")
    shop.order("o2", "b", "100")
    shop.book(OrderReceived, order="o2")
    shop.book(OrderReceived, order="o1")
    shop.close(2)
    assert shop.cash("a") == yuan("20"), "a's lot was granted before b's order accelerated it"


# -- plans ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [PlanPaused, PlanEnded])
def test_without_an_active_plan_orders_count_but_grant_nothing_and_open_lots_run_on(kind: type) -> None:
    shop = Shop().join(a=None)
    shop.order("o1", "a", "100")
    shop.book(kind)
    shop.order("o2", "a", "100")
    assert (shop.remaining("a"), shop.world.performance("a")) == ([yuan("100")], yuan("200"))
    shop.close()
    assert shop.close().paid() == {"a": {"static": yuan("1")}}
    shop.refund("o2", "100")
    assert shop.world.performance("a") == yuan("100")
    shop.book(PlanActivated, plan=revise(shop.plan, {"daily_rate": "2%"}))
    shop.order("o3", "a", "100")
    assert shop.remaining("a") == [yuan("99"), yuan("100")]


def test_a_new_version_counts_for_later_events_and_this_days_run_but_open_lots_keep_their_terms() -> None:
    shop = Shop("green_points", generations=["50%"]).join(a=None, b="a")
    shop.order("oa", "a", "3000")
    shop.order("ob", "b", "3000")
    shop.close()
    shop.book(PlanActivated, plan=revise(shop.plan, {"generations": ["10%"], "daily_rate": "2.4%"}))
    assert shop.close().paid()["a"] == {"static": yuan("36"), "generation": yuan("3.6")}
    shop.order("oc", "b", "3000")
    shop.close()
    assert shop.close().paid()["b"] == {"static": yuan("36") + yuan("72")}


def test_events_that_no_rule_of_the_plan_hears_change_no_balance() -> None:
    shop = Shop().join(a=None)
    assert len(shop.book(TaskDone, member="a").transfers) == 0
    assert len(shop.book(LiabilityBooked, member="a", amount=yuan("5")).transfers) == 0


# -- the door ---------------------------------------------------------------------------------------------------------


def test_an_event_of_a_day_that_is_not_open_yet_is_the_callers_mistake() -> None:
    shop = Shop().join(a=None)
    with pytest.raises(BrokenInvariant, match="day 0 is open"):
        apply(shop.world, [DayClosed(id="early", day=1)])


def test_an_empty_batch_is_an_empty_journal() -> None:
    journal = apply(Shop().world, [])
    assert (len(journal.transfers), len(journal.forfeits), journal.refusals, journal.accepted) == (0, 0, (), 0)
