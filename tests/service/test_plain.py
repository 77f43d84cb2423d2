"""Orders that are read off their texts are what their events are, in the log and in the books."""

import random
import sys

import pytest
from tests.service.conftest import joins, order

from jifen.engine import World, apply
from jifen.engine.events import Line, OrderPaid
from jifen.plan import load_plan
from jifen.service import models, recovery, writer
from jifen.service.content import content_of
from jifen.service.inbox import submit
from jifen.service.plain import plain_orders
from jifen.service.recovery import recover
from jifen.service.writer import Writer

MEMBERS = [f"m{number}" for number in range(20)]
FEW = [order(f"o{number}", "m1", 1 + number) for number in range(9)]


@pytest.fixture
def world():
    """A world whose bulk lane is at work."""
    made = World(load_plan("points_dividend"), 0)
    apply(made, joins(*MEMBERS))
    made.lane = made.lane or object()
    return made


def test_plain_orders_are_read_off_their_texts(world):
    log = plain_orders(world, [content_of(event) for event in FEW])
    assert list(log.ids) == [event.id for event in FEW]
    assert log.amount.tolist() == [(1 + number) * 1_000_000 for number in range(9)]
    assert set(log.member.tolist()) == {1}


def one(**facts):
    return OrderPaid(**{"id": "x", "day": 0, "member": "m1", "lines": (Line(amount=5),), **facts})


MORE = {
    "a cost": one(lines=(Line(amount=5, cost=1),)),
    "a category": one(lines=(Line(amount=5, category="tea"),)),
    "two lines": one(lines=(Line(amount=5), Line(amount=6, line="2"))),
    "a region": one(region="cn"),
    "a time": one(at="12:00"),
    "a payment out of the wallet": one(pay=(("cash", 1),)),
    "an amount below nothing": one(lines=(Line(amount=-5),)),
    "an amount that no column holds": one(lines=(Line(amount=10**18),)),
    "a name that is written with a backslash": one(id='a "name"'),
    "a buyer that nobody knows": one(member="eve"),
    "another event": joins("new")[0],
}


@pytest.mark.parametrize("event", MORE.values(), ids=MORE)
def test_what_says_more_is_left_to_its_events(world, event):
    assert plain_orders(world, [content_of(each) for each in (*FEW, event)]) is None


def test_a_few_are_left_to_their_events_and_so_is_a_world_without_a_lane(world):
    assert plain_orders(world, [content_of(event) for event in FEW[:7]]) is None
    world.lane = None
    assert plain_orders(world, [content_of(event) for event in FEW]) is None


def test_a_log_that_was_written_from_texts_is_replayed_from_events(shop, folder, monkeypatch):
    monkeypatch.setattr(sys.modules["jifen.engine.apply"], "FIRST", 8)  # the bulk lane begins at once
    monkeypatch.setattr(recovery, "apply_log", _counted(calls := [], recovery.apply_log))
    draw = random.Random(5)
    orders = [order(f"o{number}", draw.choice(MEMBERS), draw.randrange(500)) for number in range(400)]
    again = [order("o7", "m3", 7)]  # another order of the id of one before, once that is taken
    with Writer.elected(folder, shop) as elected:
        for sent in (joins(*MEMBERS), orders[:100], orders[100:]):
            submit(sent, using=shop)
            assert elected.step() == len(sent)
        head, size = elected.head, elected.world.orders.size
    assert calls  # some batch was read off its texts
    monkeypatch.setattr(writer, "plain_orders", None)
    count = len(calls)
    world, replayed = recover(shop)
    assert len(calls) == count
    assert (replayed, world.orders.size) == (head, size)
    refused = models.Inbox.objects.using(shop).exclude(code="").order_by("id").values_list("key", "code")
    assert list(refused) == [(event.id, "bad_amount") for event in orders if event.amount == 0] != []
    assert submit(again, using=shop)[0].code == "conflict"


def _counted(calls, function):
    def counted(*arguments):
        calls.append(arguments)
        return function(*arguments)

    return counted
