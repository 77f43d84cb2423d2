"""Refunds of a real shop's orders commute, and halves of them equal the whole, under every preset."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from tests.property.histories import branch, run, went_out

from jifen.core.micros import CENT, MICRO, parse_micros
from jifen.engine import World
from jifen.engine.events import DayClosed, Event, Line, MemberJoined, OrderPaid, OrderRefunded
from jifen.plan import load_plan, preset_names

ORDERS = 1500
"""Of 19213 real orders; the nightly run takes them all."""

each_preset = pytest.mark.parametrize("name", [*preset_names(), "four_in_one"])


@pytest.fixture
def folder(shared: Path) -> Path:
    found = shared / "data/online_retail"
    if not found.is_dir():
        pytest.skip(f"no real orders at {found}")
    return found


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day_of(time: str) -> int:
    return date.fromisoformat(time[:10]).toordinal()


def dated(folder: Path, most: int) -> Iterator[tuple[str, int, Event]]:
    """Joins and orders with their time, of the first ``most`` orders."""
    orders = rows(folder, "orders.csv")[:most]
    last = orders[-1]["paid_at"]
    for row in rows(folder, "members.csv"):
        if row["joined_at"] <= last:
            day = day_of(row["joined_at"])
            name, referrer = row["member"], row["referrer"] or None
            yield row["joined_at"], 0, MemberJoined(id=f"join {name}", day=day, member=name, referrer=referrer)
    for row in orders:
        day, lines = day_of(row["paid_at"]), (Line(amount=parse_micros(row["amount"])),)
        yield row["paid_at"], 1, OrderPaid(id=row["order"], day=day, member=row["member"], lines=lines)


def shop_after(folder: Path, name: str, most: int) -> World:
    """The shop when these orders have been paid and the days between have been closed, nothing given back yet."""
    events = sorted(dated(folder, most), key=lambda each: each[:2])
    world = World(load_plan(name), events[0][2].day)
    batch: list[Event] = []
    for _, _, event in events:
        for day in range(world.open_day, event.day):
            run(world, [*batch, DayClosed(id=f"close {day}", day=day)])
            batch = []
        batch.append(event)
    run(world, batch)
    return world


def returned(folder: Path, world: World) -> list[OrderRefunded]:
    """All real refund lines of these orders, in order."""
    lines = [row for row in rows(folder, "refunds.csv") if row["order"] in world.order_ids.numbers]
    assert len(lines) > 100
    return [
        OrderRefunded(id=f"refund {number}", day=world.open_day, order=row["order"], amount=parse_micros(row["amount"]))
        for number, row in enumerate(lines)
    ]


def halves(refunds: list[OrderRefunded]) -> Iterator[OrderRefunded]:
    for each in refunds:
        half = each.amount // 2 // CENT * CENT
        for number, amount in enumerate((half, each.amount - half)):
            if amount:
                yield OrderRefunded(id=f"{each.id} half {number}", day=each.day, order=each.order, amount=amount)


def books(world: World) -> dict[str, Any]:
    """All amounts a refund can change."""
    count = world.members.size
    columns = {f"wallet {number}": wallet[:count] for number, wallet in enumerate(world.wallets)}
    columns |= {name: getattr(world.lots, name)[: world.lots.size] for name in ("granted", "remaining", "daily")}
    columns["net"], columns["tokens"] = world.members.own_net[:count], world.members.tokens[:count]
    columns |= {f"weight {store}": weights.amount[:count] for store, weights in world.weights.items()}
    columns["owed"] = np.array([world.owed_of(payment) for payment in sorted(world.claims)], dtype=np.int64)
    columns["counters"] = np.array([world.newcomers.get(store, 0) for store in sorted(world.chains)])
    columns["pools"] = np.array(world.pool_balance + world.pool_debt_of + [world.reserve, world.reserve_debt])
    return columns


def same(one: World, other: World, tolerance: int = 0) -> None:
    wanted, got = books(one), books(other)
    for name, column in wanted.items():
        apart = np.flatnonzero(np.abs(column - got[name]) > tolerance)
        assert apart.tolist() == [], f"{name}: {column[apart][:5]} and {got[name][apart][:5]}"


def compare(folder: Path, name: str, most: int) -> None:
    world = shop_after(folder, name, most)
    refunds = returned(folder, world)
    shuffled, split = branch(world), branch(world)
    journals = [run(world, refunds), run(shuffled, Random(1).sample(refunds, len(refunds)))]
    journals.append(run(split, halves(refunds)))
    curve = world.program.curve
    if curve is None:
        same(world, shuffled)
        same(world, split)
    elif not went_out(journals):
        # A curve pays at its price: no commuting; each half may part by one micro-unit of tokens and its worth.
        balance, supply = world.price()
        same(world, split, tolerance=2 * len(refunds) * (balance // supply + 2))
    assert sum(journal.accepted for journal in journals) >= 3 * len(refunds)


@each_preset
def test_real_refunds_in_any_order_and_in_halves(folder: Path, name: str) -> None:
    compare(folder, name, ORDERS)


@pytest.mark.nightly
@each_preset
def test_all_real_refunds_in_any_order_and_in_halves(folder: Path, name: str) -> None:
    compare(folder, name, 10**6)


def test_amounts_of_the_data_are_whole_cents(folder: Path) -> None:
    assert all(parse_micros(row["amount"], 2) > 0 for row in rows(folder, "refunds.csv")[:500])
    assert MICRO == 100 * CENT
