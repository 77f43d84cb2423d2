"""Engine and auditor agree on a real shop, day by day, under every preset and a composition of four."""

import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tests.simulate.side_by_side import state

from jifen.batch.event_text import parse_event
from jifen.batch.make_events import add_events
from jifen.batch.merge import Inputs
from jifen.batch.run import run
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, Event
from jifen.ledger.segments import read_segments
from jifen.plan import load_plan, preset_names
from jifen.simulate.auditor import Auditor

TIMES = {"members": "joined_at", "orders": "paid_at", "refunds": "refunded_at"}
PLANS = (*preset_names(), "four_in_one")
WEEKS_FROM = 500
"""The nightly budget from which weeks are compared; the auditor is slow on purpose."""
each_plan = pytest.mark.parametrize("name", PLANS)


def first_days(source: Path, folder: Path, last: str) -> Inputs:
    """The rows of the real shop before a day; a refund of a later order is left out with it."""
    folder.mkdir()
    for kind, time in TIMES.items():
        with (source / f"{kind}.csv").open(encoding="utf-8", newline="") as stream:
            kept = [row for row in csv.DictReader(stream) if row[time] < last]
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as stream:
            lines = csv.DictWriter(stream, kept[0])
            lines.writeheader()
            lines.writerows(kept)
    return Inputs(*(folder / f"{kind}.csv" for kind in TIMES))


def events_of(out: Path) -> Iterator[Event]:
    """Everything that happened in a run, in order."""
    for batch, _ in read_segments(out / "journal"):
        yield from map(parse_event, batch.events)


def agree(shared: Path, tmp_path: Path, name: str, last: str) -> None:
    source = shared / "data/online_retail"
    if not source.is_dir():
        pytest.skip(f"no real orders at {source}")
    plan = load_plan(name)
    inputs = add_events(plan, first_days(source, tmp_path / "rows", last), tmp_path / "in", Random(7))
    run(plan, inputs, tmp_path / "out")
    events = list(events_of(tmp_path / "out"))
    world, auditor = World(plan, events[0].day), Auditor(plan, events[0].day)
    days = 0
    for event in events:
        outcome, journal = auditor.apply(event), apply(world, [event])
        assert (outcome.refused is None) == (journal.accepted == 1), event.id
        if isinstance(event, DayClosed):
            days += 1
            wanted, got = (state(shop, plan, auditor.member_names) for shop in (auditor, world))
            assert {key: (wanted[key], got[key]) for key in wanted if wanted[key] != got[key]} == {}, f"day {days}"
    assert days > 3


@each_plan
def test_they_agree_on_the_first_days_of_a_real_shop(shared: Path, tmp_path: Path, name: str) -> None:
    agree(shared, tmp_path, name, "2009-12-06")


@pytest.mark.nightly
@each_plan
def test_they_agree_on_the_first_weeks_of_a_real_shop(
    shared: Path, tmp_path: Path, name: str, nightly_budget: int
) -> None:
    agree(shared, tmp_path, name, "2010-01-10" if nightly_budget >= WEEKS_FROM else "2009-12-08")
