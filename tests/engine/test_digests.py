"""What makes two events of one id the same: every fact counts, in digests by numbers as in hashes."""

from dataclasses import replace

import pytest
from tests.engine.shop import Shop, yuan

from jifen.engine import apply
from jifen.engine.digests import digest_of
from jifen.engine.events import Event, Line, MemberJoined, OrderPaid, OrderRefunded, TokensSold

PLAIN = Line(amount=yuan("100"))
JOIN = MemberJoined(id="x", day=0, member="ben", referrer="ann")
ORDER = OrderPaid(id="x", day=0, member="ann", lines=(PLAIN,))
REFUND = OrderRefunded(id="x", day=0, order="o1", amount=yuan("1"))
SALE = TokensSold(id="x", day=0, member="ann", tokens=5)
EVENTS = [
    JOIN, replace(JOIN, member="ann"), replace(JOIN, referrer=None), replace(JOIN, referrer="nobody"),
    replace(JOIN, region="cn"), replace(JOIN, at="2026-01-01"),
    ORDER, replace(ORDER, member="ben"), replace(ORDER, member="nobody"), replace(ORDER, at="2026-01-01"),
    replace(ORDER, region="cn"), replace(ORDER, pay=(("coin", 1),)), replace(ORDER, lines=(Line(amount=yuan("101")),)),
    replace(ORDER, lines=(PLAIN, PLAIN)), replace(ORDER, lines=(Line(amount=yuan("200")),)),
    replace(ORDER, lines=(replace(PLAIN, quantity=2),)), replace(ORDER, lines=(replace(PLAIN, sku="a"),)),
    replace(ORDER, lines=(replace(PLAIN, cost=1),)), replace(ORDER, lines=(Line(amount=2**64 + yuan("100")),)),
    REFUND, replace(REFUND, order="o2"), replace(REFUND, order="o9"), replace(REFUND, amount=yuan("2")),
    replace(REFUND, share=True), replace(REFUND, lines=(("1", yuan("1")),)),
    SALE, replace(SALE, tokens=None), replace(SALE, tokens=6), replace(SALE, member="ben"),
]  # fmt: skip


@pytest.fixture
def world():
    shop = Shop("appreciation").join(ann=None, ben="ann")
    for number in (1, 2):
        order = OrderPaid(id=f"o{number}", day=shop.world.open_day, member="ann", lines=(PLAIN,))
        apply(shop.world, [order])
    return shop.world


def test_events_that_differ_in_any_fact_have_other_digests(world) -> None:
    digests = {digest_of(world, event) for event in EVENTS}
    assert len(digests) == len(EVENTS)


@pytest.mark.parametrize("event", EVENTS)
def test_the_day_is_no_fact(world, event: Event) -> None:
    assert digest_of(world, replace(event, day=event.day + 1)) == digest_of(world, event)


def test_an_event_that_comes_again_is_a_duplicate_and_another_of_its_id_a_conflict(world) -> None:
    day = world.open_day
    again = [OrderPaid(id="o1", day=day, member=member, lines=(PLAIN,)) for member in ("ann", "ben", "nobody")]
    joins = [MemberJoined(id="j", day=day, member="cora", referrer=name) for name in ("ben", "ben", "ann", "nobody")]
    journal = apply(world, [*again, *joins])
    assert [refusal.code for refusal in journal.refusals] == [
        "duplicate", "conflict", "conflict", "duplicate", "conflict", "conflict",
    ]  # fmt: skip
