"""Events and plans are written as text and read back as they were."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.batch.event_text import event_text, parse_event
from jifen.core.errors import InputError
from jifen.engine.events import EVENT_TYPES, Line, OrderPaid, OrderReceived, OrderRefunded
from jifen.plan import load_plan, preset_names
from jifen.plan.text import parse_plan, plan_text

KINDS = [kind for name, kind in EVENT_TYPES.items() if name not in ("plan_activated", "order_paid", "order_refunded")]
NAMES = st.text(max_size=20)
AMOUNTS = st.integers(-(10**15), 10**15)
LINES = st.builds(Line, amount=AMOUNTS, line=NAMES, sku=st.none() | NAMES, quantity=st.integers(1, 9), cost=AMOUNTS)
EVENTS = st.one_of(
    *map(st.builds, KINDS),
    st.builds(OrderPaid, lines=st.lists(LINES).map(tuple), pay=st.lists(st.tuples(NAMES, AMOUNTS)).map(tuple)),
    st.builds(OrderRefunded, lines=st.lists(st.tuples(NAMES, AMOUNTS)).map(tuple)),
)


@given(event=EVENTS)
def test_an_event_comes_back_as_it_was(event):
    assert parse_event(event_text(event)) == event


def test_an_event_is_one_line_of_json_with_sorted_keys():
    event = OrderReceived(id="e1", day=3, at="2025-01-01T00:00:00", order="积")
    assert event_text(event) == '{"at":"2025-01-01T00:00:00","day":3,"event":"order_received","id":"e1","order":"积"}'


@pytest.mark.parametrize("preset", preset_names())
def test_a_plan_comes_back_as_it_was(preset):
    plan = load_plan(preset)
    read = parse_plan(plan_text(plan), "plan.json")
    assert replace(read, params={}) == replace(plan, params={}, warnings=())
    assert read.digest == plan.digest


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"kind": "Plan"}', '{"kind": "Nobody"}', "null"])
def test_a_text_that_is_no_plan_is_told(text):
    with pytest.raises(InputError, match="plan_changed"):
        parse_plan(text, "plan.json")
