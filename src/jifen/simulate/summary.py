"""A simulation in a few figures, and the folder it is written to.

::

    out/
      scenario.yaml        the scenario with every key, as it was run
      plan.json            the plan as it was resolved
      days.parquet         a row for each day: integers, amounts in micro-units
      days.csv             the same, amounts as decimal numbers
      members.parquet      a row for each member: what he spent, received and is still promised
      cohorts.csv          who paid whom
      queue-<store>.parquet   a row for each place in a queue
      summary.json
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jifen.core.micros import format_micros
from jifen.engine.columns import Column, exact_sum
from jifen.ledger.atomic import atomic_directory
from jifen.plan.text import plan_text
from jifen.simulate.simulation import Simulation

__all__ = ["COUNTS", "DAYS", "SUMMARY", "SimulationSummary", "is_amount", "summary_of", "write_simulation"]

DAYS = "days.parquet"
SUMMARY = "summary.json"
COUNTS = ("day", "members", "joined", "orders", "refused", "exits")
"""Figures that are numbers of things; the others are amounts."""


def is_amount(figure: str) -> bool:
    """Whether a figure is an amount (or a number of points or tokens), in micro-units."""
    return figure not in COUNTS


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """One simulation in a few figures. Amounts are micro-units, days count from 1; ``None``: it did not happen."""

    plan: str
    plan_digest: str
    scenario: str
    seed: int
    run: int
    days: int
    members: int
    buyers: int
    orders: int
    refused: int
    sold: int
    refunded: int
    goods: int
    paid: int
    promised: int
    wallets: int
    cash: int
    free_cash: int
    cash_peak: int
    """The most that ``free_cash`` came to."""
    cash_peak_day: int
    cash_negative_day: int | None
    """The first day on which ``free_cash`` was below zero."""
    reserve: int
    pools: Mapping[str, int]
    price: int
    supply: int
    exits: int | None
    """Forced exits on all days; ``None`` in a plan without any."""
    unfunded: int
    """Of what was paid, what no member's spending was there for."""
    paid_back: int
    """Of the buyers, how many have received what they spent, or more, whether or not the money was there."""
    paid_back_then: int
    """The same when cash ended (``cash_negative_day``), or at the end."""
    paid_nothing_then: int
    """How many of the buyers at that time had received nothing."""
    buyers_then: int
    paid_nothing: int
    """Of the buyers, how many have received nothing at all."""
    queues: Mapping[str, tuple[int, int]]
    """By queue: places in it, and how many of them have been served."""
    digest: str

    def document(self) -> dict[str, Any]:
        """As JSON has it, amounts as decimal strings."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _AMOUNTS and value is not None:
                value = format_micros(value)
            found[field.name] = value
        found["pools"] = {pool: format_micros(balance) for pool, balance in self.pools.items()}
        found["queues"] = {name: {"places": places, "served": served} for name, (places, served) in self.queues.items()}
        return found


_AMOUNTS = frozenset({
    "sold", "refunded", "goods", "paid", "promised", "unfunded", "wallets", "cash", "free_cash", "cash_peak", "reserve",
    "price", "supply",
})  # fmt: skip


def summary_of(made: Simulation) -> SimulationSummary:
    """The figures of a simulation; at least one day of it has been simulated."""
    days, members, then = made.days, made.members, made.members_then
    last = {name: column.item(-1) for name, column in days.items()}
    total = {name: exact_sum(days[name]) for name in ("orders", "refused", "sold", "refunded", "goods", "paid")}
    free = days["free_cash"]
    missing = np.flatnonzero(free < 0)
    return SimulationSummary(
        plan=made.plan.name, plan_digest=made.plan.digest, scenario=made.scenario.name, seed=made.seed, run=made.run,
        days=len(free), members=last["members"], buyers=members.buyers, **total, promised=last["promised"],
        wallets=last["wallets"], cash=last["cash"], free_cash=last["free_cash"], cash_peak=int(free.max()),
        cash_peak_day=int(free.argmax()) + 1, cash_negative_day=int(missing[0]) + 1 if len(missing) else None,
        reserve=last["reserve"],
        pools={name.removeprefix("pool:"): held for name, held in last.items() if name.startswith("pool:")},
        price=last["price"], supply=last["supply"],
        exits=exact_sum(days["exits"]) if "exits" in days else None, unfunded=exact_sum(made.cohorts.unfunded),
        paid_back=members.paid_back, paid_nothing=members.paid_nothing, paid_back_then=then.paid_back,
        paid_nothing_then=then.paid_nothing, buyers_then=then.buyers,
        queues={name: (len(queue.paid), queue.served) for name, queue in made.queues.items()}, digest=made.digest,
    )  # fmt: skip


def write_simulation(made: Simulation, out: Path, *, force: bool = False) -> SimulationSummary:
    """Write everything into a folder that appears whole or not at all."""
    summary = summary_of(made)
    with atomic_directory(out, force=force) as folder:
        (folder / "scenario.yaml").write_text(made.scenario.text(), encoding="utf-8")
        (folder / "plan.json").write_text(plan_text(made.plan), encoding="utf-8")
        _write(folder / DAYS, made.days)
        _write_csv(folder / "days.csv", made.days)
        _write(folder / "members.parquet", made.members.columns())
        _write_csv(folder / "cohorts.csv", _cohorts(made))
        for name, queue in made.queues.items():
            columns = {field.name: getattr(queue, field.name) for field in fields(queue)}
            _write(folder / f"queue-{name}.parquet", columns)
        text = json.dumps(summary.document(), ensure_ascii=False, indent=2)
        (folder / SUMMARY).write_text(text + "\n", encoding="utf-8")
    return summary


def _write(path: Path, columns: Mapping[str, Column]) -> None:
    pq.write_table(pa.table(dict(columns)), path, compression="zstd")


def _write_csv(path: Path, columns: Mapping[str, Column]) -> None:
    """Columns of integers as text; amounts as decimal numbers."""
    written = [
        [format_micros(value) if is_amount(name.partition(":")[0]) else str(value) for value in column.tolist()]
        for name, column in columns.items()
    ]
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(columns)
        lines.writerows(zip(*written, strict=True))


def _cohorts(made: Simulation) -> dict[str, Column]:
    """The cohorts as columns: what each received from the spending of each."""
    table = made.cohorts
    from_whom = {f"from_day_{day}": table.paid_by[:, place] for place, day in enumerate(table.first_day.tolist())}
    return {
        "day": table.first_day, "members": table.members, "spent": table.spent, "received": table.received,
        "unfunded": table.unfunded, **from_whom,
    }  # fmt: skip
