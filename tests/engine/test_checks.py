"""Every reason to refuse an event; a refused event changes nothing and leaves its id free."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.engine.shop import Shop, everything, yuan

from jifen.core.micros import AMOUNT_MAX
from jifen.engine import apply
from jifen.engine.checks import REFUSAL_CODES
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    DayClosed,
    Event,
    LiabilityBooked,
    Line,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PlanWoundUp,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)


def shop() -> Shop:
    """a above b above c; a has coin and cash, order o1 of 100 in two lines, order o2 of 50 of voucher goods."""
    made = Shop(
        coin_max_share="50%", voucher_skus=["v"], coin_transferable=True, coin_withdrawable=False
    ).join(a=None, b="a", c="b")  # fmt: skip
    made.close()
    for asset in ("cash", "coin", "voucher"):
        made.adjust("a", asset, "1000")
    made.lines("o1", "a", Line(amount=yuan("60")), Line(amount=yuan("40"), line="2"))
    made.order("o2", "b", "50")
    made.book(WithdrawalRequested, id="w1", member="a", amount=yuan("10"))
    made.book(WithdrawalPaid, withdrawal="w1")
    return made


def curve(**params: Any) -> Shop:
    made = Shop("appreciation", **params).join(a=None, b=None)
    made.order("o1", "a", "1000")
    return made


def ended() -> Shop:
    made = shop()
    made.book(PlanWoundUp)
    return made


@dataclass
class Refused:
    """An event that is refused with ``code``, in the shop ``made``."""

    code: str
    kind: type[Event]
    facts: dict[str, Any] = field(default_factory=dict)
    made: Callable[[], Shop] = shop

    def event(self, world: Any) -> Event:
        return self.kind(**{"id": "tried", "day": world.open_day} | self.facts)


def buy(member: str = "b", amount: int = yuan("10"), **facts: Any) -> dict[str, Any]:
    line = {key: facts.pop(key) for key in ("sku", "cost") if key in facts}
    return {"member": member, "lines": (Line(amount=amount, **line),)} | facts


def coin(amount: str) -> dict[str, Any]:
    return {"pay": (("coin", yuan(amount)),)}


REFUSED = (
    Refused("duplicate", WithdrawalPaid, {"id": "withdrawal_paid 11", "withdrawal": "w1"}),
    Refused("conflict", OrderPaid, {"id": "o1"} | buy()),
    Refused("conflict", MemberJoined, {"id": "o1", "member": "d"}),
    Refused("conflict", MemberJoined, {"member": "a"}),
    Refused("conflict", WithdrawalPaid, {"withdrawal": "w1"}),
    Refused("conflict", WithdrawalRejected, {"withdrawal": "w1"}),
    Refused("conflict", OrderSettled, {"order": "o1"}),
    Refused("out_of_order", DayClosed, {"day": 0}),
    Refused("out_of_order", OrderPaid, {"day": 0} | buy("nobody")),
    Refused("unknown_member", OrderPaid, buy("nobody")),
    Refused("unknown_member", MemberJoined, {"member": "d", "referrer": "nobody"}),
    Refused("unknown_member", MemberMoved, {"member": "nobody", "referrer": "a"}),
    Refused("unknown_member", MemberMoved, {"member": "a", "referrer": "nobody"}),
    Refused("unknown_member", RankSet, {"member": "nobody", "rank": None}),
    Refused("unknown_member", AgentSet, {"member": "nobody", "region": None}),
    Refused("unknown_member", TaskDone, {"member": "nobody"}),
    Refused("unknown_member", TokensSold, {"member": "nobody", "tokens": None}),
    Refused("unknown_member", AssetTransferred, {"member": "a", "to": "nobody", "amount": 1}),
    Refused("unknown_member", WithdrawalRequested, {"member": "nobody", "amount": 1}),
    Refused("unknown_member", LiabilityBooked, {"member": "nobody", "amount": 1}),
    Refused("unknown_member", StoreAdjusted, {"member": "nobody", "store": "nowhere", "amount": 1}),
    Refused("unknown_order", OrderRefunded, {"order": "nothing", "amount": 0}),
    Refused("unknown_order", OrderRefunded, {"order": "o1", "amount": yuan("1"), "lines": (("9", yuan("1")),)}),
    Refused("unknown_order", OrderReceived, {"order": "nothing"}),
    Refused("unknown_order", OrderSettled, {"order": "nothing"}),
    Refused("unknown_order", WithdrawalPaid, {"withdrawal": "nothing"}),
    Refused("unknown_order", WithdrawalRejected, {"withdrawal": "nothing"}),
    Refused("unknown_pool", PoolDonated, {"pool": "nowhere", "amount": 0}),
    Refused("unknown_store", StoreAdjusted, {"member": "a", "store": "nowhere", "amount": 0}),
    Refused("unknown_store", StoreAdjusted, {"member": "a", "store": "pool", "amount": 1}, curve),
    Refused("unknown_store", TokensSold, {"member": "a", "tokens": None}),
    Refused("bad_amount", OrderPaid, buy(amount=0)),
    Refused("bad_amount", OrderPaid, buy(amount=-10_000)),
    Refused("bad_amount", OrderPaid, buy(amount=10_001)),
    Refused("bad_amount", OrderPaid, buy(amount=AMOUNT_MAX + 10_000)),
    Refused("bad_amount", OrderPaid, buy(cost=-1)),
    Refused("bad_amount", OrderPaid, {"member": "b", "lines": ()}),
    Refused("bad_amount", OrderPaid, {"member": "b", "lines": (Line(amount=AMOUNT_MAX), Line(amount=10**4, line="2"))}),
    Refused("bad_amount", OrderPaid, buy("a") | coin("0")),
    Refused("bad_amount", OrderPaid, buy("a", yuan("10")) | coin("10.01")),
    Refused("bad_amount", OrderRefunded, {"order": "o1", "amount": 0}),
    Refused("bad_amount", OrderRefunded, {"order": "o1", "amount": 10_001}),
    Refused("bad_amount", OrderRefunded, {"order": "o1", "amount": yuan("2"), "lines": (("1", yuan("1")),)}),
    Refused("bad_amount", OrderRefunded, {"order": "o1", "amount": 1, "lines": (("1", 2), ("2", -1)), "share": True}),
    Refused("bad_amount", TokensSold, {"member": "a", "tokens": 0}, curve),
    Refused("bad_amount", AssetTransferred, {"member": "a", "to": "b", "amount": 0}),
    Refused("bad_amount", WithdrawalRequested, {"member": "a", "amount": -1}),
    Refused("bad_amount", LiabilityBooked, {"member": "a", "amount": AMOUNT_MAX + 1}),
    Refused("bad_amount", StoreAdjusted, {"member": "a", "store": "points", "amount": 0}),
    Refused("bad_amount", StoreAdjusted, {"member": "a", "store": "cash", "amount": -AMOUNT_MAX - 1}),
    Refused("bad_amount", StoreAdjusted, {"member": "a", "store": "points", "amount": 1, "base": 0}),
    Refused("bad_amount", PoolDonated, {"pool": "pool", "amount": 0}, curve),
    Refused("bad_amount", ReserveToppedUp, {"amount": 0}),
    Refused("too_much", OrderRefunded, {"order": "o1", "amount": yuan("100.01")}),
    Refused("too_much", OrderRefunded, {"order": "o1", "amount": yuan("41"), "lines": (("2", yuan("41")),)}),
    Refused("self", MemberMoved, {"member": "a", "referrer": "a"}),
    Refused("self", AssetTransferred, {"member": "a", "to": "a", "amount": 1}),
    Refused("descendant", MemberMoved, {"member": "a", "referrer": "c"}),
    Refused("bound", MemberMoved, {"member": "c", "referrer": "a", "by": "member"}),
    Refused("limit", OrderPaid, buy(amount=AMOUNT_MAX), lambda: curve(launch_price="0.000001")),
    Refused("wound_up", PlanWoundUp, {}, ended),
    Refused("wound_up", StoreAdjusted, {"member": "a", "store": "points", "amount": 1}, ended),
    Refused("unbacked_mint", StoreAdjusted, {"member": "a", "store": "tokens", "amount": 1}, curve),
    Refused("unbacked_mint", StoreAdjusted, {"member": "a", "store": "tokens", "value": 1}, curve),
    Refused("asset_forbidden", OrderPaid, buy("a", pay=(("gold", 1),))),
    Refused("asset_forbidden", OrderPaid, buy("a", pay=(("voucher", 1),))),
    Refused("asset_forbidden", AssetTransferred, {"member": "a", "to": "b", "amount": 1, "asset": "cash"}),
    Refused("asset_forbidden", AssetTransferred, {"member": "a", "to": "b", "amount": 1}, curve),
    Refused("asset_forbidden", WithdrawalRequested, {"member": "a", "amount": 1, "asset": "coin"}),
    Refused("asset_limit", OrderPaid, buy("a") | coin("5.000001")),
    Refused("asset_limit", OrderPaid, {"member": "a", "pay": (("voucher", yuan("5.01")),),
                                       "lines": (Line(amount=yuan("5"), sku="v"), Line(amount=yuan("5"), line="2"))}),
    Refused("insufficient", OrderPaid, buy("b") | coin("1")),
    Refused("insufficient", TokensSold, {"member": "b", "tokens": None}, curve),
    Refused("insufficient", TokensSold, {"member": "a", "tokens": yuan("210") + 1}, curve),
    Refused("insufficient", AssetTransferred, {"member": "a", "to": "b", "amount": yuan("1000.000001")}),
    Refused("insufficient", WithdrawalRequested, {"member": "a", "amount": yuan("1000.000001")}),
)  # fmt: skip


@pytest.mark.parametrize("refused", REFUSED, ids=lambda each: f"{each.code} {each.kind.name}")
def test_a_refused_event_says_why_changes_nothing_and_leaves_its_id_free(refused: Refused) -> None:
    made = refused.made()
    world, before = made.world, everything(made.world)
    event = refused.event(world)
    journal = apply(world, [event])
    assert [refusal.code for refusal in journal.refusals] == [refused.code]
    assert journal.refusals[0].event == event.id
    assert journal.refusals[0].message
    assert (journal.accepted, len(journal.transfers), len(journal.forfeits)) == (0, 0, 0)
    assert everything(world) == before
    if event.id == "tried":
        good = MemberJoined(id="tried", day=world.open_day, member="new")
        assert apply(world, [good]).accepted == 1


def test_every_code_is_tried() -> None:
    assert {refused.code for refused in REFUSED} == set(REFUSAL_CODES)


def test_the_first_reason_that_holds_is_given() -> None:
    """An order of nobody, of nothing, paid with what nobody has, on a closed day: reason after reason is mended."""
    made = shop()
    event = OrderPaid(id="x", day=0, member="nobody", lines=(Line(amount=0),), pay=(("gold", 1),))
    codes = []
    for mended in (
        {}, {"day": 1}, {"member": "b"}, {"lines": (Line(amount=yuan("1")),)},
        {"pay": (("coin", yuan("0.6")),)}, {"pay": (("coin", yuan("0.5")),)},
    ):  # fmt: skip
        event = replace(event, **mended)
        codes.append(apply(made.world, [event]).refusals[0].code)
    assert codes == [
        "out_of_order", "unknown_member", "bad_amount", "asset_forbidden", "asset_limit", "insufficient",
    ]  # fmt: skip


def test_the_same_event_again_is_a_duplicate_whatever_its_day() -> None:
    made = Shop().join(a=None)
    event = OrderPaid(id="o", day=0, member="a", lines=(Line(amount=yuan("1")),))
    assert apply(made.world, [event]).accepted == 1
    made.close()
    for day in (0, 1):
        journal = apply(made.world, [replace(event, day=day)])
        assert (journal.duplicates, journal.refusals[0].code) == (1, "duplicate")
    other = replace(event, day=1, lines=(Line(amount=yuan("2")),))
    assert apply(made.world, [other]).refusals[0].code == "conflict"


def test_one_refusal_in_a_batch_stops_no_other_event() -> None:
    made = Shop()
    joins = [MemberJoined(id=f"j{n}", day=0, member=member) for n, member in enumerate("aab")]
    journal = apply(made.world, joins)
    assert (journal.accepted, [refusal.code for refusal in journal.refusals]) == (2, ["conflict"])
    assert list(made.world.member_names) == ["a", "b"]


@pytest.mark.parametrize("amount", [1, AMOUNT_MAX])
def test_the_limits_themselves_are_accepted(amount: int) -> None:
    made = Shop("rebate_queue")
    assert apply(made.world, [PoolDonated(id="d", day=0, pool="queue", amount=amount)]).accepted == 1


def test_vouchers_pay_for_voucher_goods_only_up_to_their_amount() -> None:
    made = shop()
    lines = (Line(amount=yuan("5"), sku="v"), Line(amount=yuan("5"), line="2"))
    event = OrderPaid(id="o9", day=1, member="a", lines=lines, pay=(("voucher", yuan("5")), ("coin", yuan("5"))))
    assert apply(made.world, [event]).accepted == 1


# -- what two names for one thing would break --------------------------------------------------------------------------


def test_an_asset_named_twice_in_one_payment_is_counted_together() -> None:
    """5 and 5 coins of a wallet of 5 are not there."""
    made = Shop().join(a=None)
    made.adjust("a", "coin", "5")
    pay = (("coin", yuan("5")), ("coin", yuan("5")))
    event = OrderPaid(id="o", day=0, member="a", lines=(Line(amount=yuan("10")),), pay=pay)
    assert [refusal.code for refusal in apply(made.world, [event]).refusals] == ["insufficient"]
    assert made.world.balance("a", "coin") == yuan("5")


def test_a_refund_that_names_a_line_twice_takes_back_no_more_than_the_line() -> None:
    made = Shop().join(a=None)
    made.lines("o", "a", Line(amount=yuan("10")), Line(amount=yuan("10"), line="2"))
    event = OrderRefunded(id="r", day=0, order="o", amount=yuan("20"), lines=(("1", yuan("10")), ("1", yuan("10"))))
    assert [refusal.code for refusal in apply(made.world, [event]).refusals] == ["too_much"]


def test_two_lines_of_an_order_have_two_names() -> None:
    made = Shop().join(a=None)
    journal = made.lines("o", "a", Line(amount=yuan("10")), Line(amount=yuan("10")))
    assert [refusal.code for refusal in journal.refusals] == ["bad_amount"]


def test_a_line_named_twice_within_what_is_left_is_given_back_twice() -> None:
    made = Shop().join(a=None)
    made.lines("o", "a", Line(amount=yuan("10")), Line(amount=yuan("10"), line="2"))
    event = OrderRefunded(id="r", day=0, order="o", amount=yuan("6"), lines=(("1", yuan("2")), ("1", yuan("4"))))
    assert apply(made.world, [event]).accepted == 1
    assert made.remaining("a") == [yuan("14")]
    assert made.refund("o", "4.01", **{"1": "4.01"}).refusals[0].code == "too_much"


def test_the_line_of_an_order_keeps_its_name() -> None:
    made = Shop().join(a=None)
    made.order("o1", "a", "10")
    made.lines("o2", "a", Line(amount=yuan("10"), line="x"))
    assert [refusal.code for refusal in made.refund("o1", "10", x="10").refusals] == ["unknown_order"]
    assert made.refund("o2", "10", x="10").accepted == 1
    assert made.refund("o1", "10", **{"1": "10"}).accepted == 1
