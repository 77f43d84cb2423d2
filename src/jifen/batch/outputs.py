"""The tables of a finished run: balances, lots, days, and the summary."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jifen.batch.daily import Daily
from jifen.batch.decimals import amount_column, date_column
from jifen.batch.findings import Findings
from jifen.core.errors import ensure
from jifen.core.micros import format_micros
from jifen.engine import World
from jifen.plan.model import Curve

__all__ = [
    "BALANCES",
    "DAILY",
    "LOTS",
    "SUMMARY",
    "Summary",
    "balance_lines",
    "file_digest",
    "lot_columns",
    "write_results",
]

BALANCES = "balances.csv"
LOTS = "lots.parquet"
DAILY = "daily.parquet"
SUMMARY = "summary.json"

_LOT_AMOUNTS = ("granted", "released", "remaining", "daily")
_LOT_NAMES = ("member", "store", "order")


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in a few figures. Amounts are micro-units; ``price`` is the exact quotient of two integers."""

    plan: str
    first_day: date
    last_day: date
    members: int
    orders: int
    accepted: int
    """Accepted events, the closes of days included."""
    duplicates: int
    """Rows and events that repeated an id with equal facts."""
    rejected: int
    """Rows that were skipped; they are in ``rejected.csv``."""
    after_until: int
    """Events after the last day, which had no part in the run."""
    sold: int
    refunded: int
    granted: Mapping[str, int]
    released: Mapping[str, int]
    paid: Mapping[str, int]
    forfeited: int
    owed: Mapping[str, int]
    """By asset and store of lots: what members have or have coming. Debts are left out here."""
    debts: Mapping[str, int]
    """By asset: what members owe."""
    pools: Mapping[str, int]
    pool_debts: Mapping[str, int]
    reserve: int
    price: tuple[int, int] | None
    digests: Mapping[str, str]
    """SHA-256 of the plan, of each input file and output, and the head of the journal's chain."""


def write_results(folder: Path, daily: Daily, findings: Findings, after_until: int, head: bytes) -> Summary:
    """Write everything that a finished run has to say and return its summary; ``head`` is its journal's last hash."""
    world, plan = daily.world, daily.plan
    owed, debts = _write_balances(folder / BALANCES, world)
    for store, amount in daily.lots.items():
        ensure(
            owed.get(store, 0) == amount, f"lots of {store}: {amount} by the journal, {owed.get(store, 0)} in the world"
        )
    pq.write_table(pa.table(lot_columns(world)), folder / LOTS, compression="zstd")
    pq.write_table(daily.table(), folder / DAILY, compression="zstd")
    pools = world.pools.names
    summary = Summary(
        plan=plan.name,
        first_day=date.fromordinal(daily.days[0]),
        last_day=date.fromordinal(daily.days[-1]),
        members=len(world.member_names),
        orders=len(world.order_names),
        accepted=daily.accepted,
        duplicates=findings.duplicates,
        rejected=len(findings.rows),
        after_until=after_until,
        sold=daily.total("sold"),
        refunded=daily.total("refunded"),
        granted=daily.totals("granted"),
        released=daily.totals("released"),
        paid=daily.totals("paid"),
        forfeited=daily.total("forfeited"),
        owed=owed,
        debts=debts,
        pools={pool: world.pool(pool) for pool in pools},
        pool_debts={pool: world.pool_debt(pool) for pool in pools},
        reserve=world.reserve,
        price=world.price() if any(isinstance(store, Curve) for store in plan.stores.values()) else None,
        digests={
            "plan": plan.digest,
            "journal": head.hex(),
            **{file: file_digest(folder / file) for file in (BALANCES, LOTS, DAILY)},
        },
    )
    _write_summary(folder / SUMMARY, summary)
    return summary


def balance_lines(rows: Iterable[tuple[str, str, int]]) -> Iterator[str]:
    """The lines of ``balances.csv``: ``member,asset,balance`` with six decimals; a debt is below zero."""
    lines = csv.writer(_Line(), lineterminator="\n")
    yield lines.writerow(("member", "asset", "balance"))
    for member, asset, amount in rows:
        yield lines.writerow((member, asset, format_micros(amount)))


def lot_columns(world: World) -> dict[str, pa.Array]:
    """The columns of ``lots.parquet``, a row for each lot ever granted: amounts as decimals, the day as a date."""
    columns = dict(world.lot_table())
    for name in _LOT_AMOUNTS:
        columns[name] = amount_column(np.asarray(columns[name], dtype=np.int64))
    columns["eligible_from"] = date_column(np.asarray(columns["eligible_from"], dtype=np.int64))
    return columns | {name: pa.array(columns[name], pa.string()) for name in _LOT_NAMES}


class _Line:
    """Gives back what is written: so a CSV writer makes lines."""

    def write(self, text: str) -> str:
        return text


def _write_balances(path: Path, world: World) -> tuple[dict[str, int], dict[str, int]]:
    """Write the balances and return their sums by asset: of those above zero, and of those below."""
    above: Counter[str] = Counter()
    below: Counter[str] = Counter()

    def counted() -> Iterator[tuple[str, str, int]]:
        for member, asset, amount in world.balance_rows():
            if amount:
                (above if amount > 0 else below)[asset] += amount
            yield member, asset, amount

    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(balance_lines(counted()))
    return dict(above), dict(below)


def _write_summary(path: Path, summary: Summary) -> None:
    """Write the summary as JSON, amounts as decimal numbers in text."""
    document = {name: _plain(name, value) for name, value in asdict(summary).items()}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


_MONEY = (
    "sold",
    "refunded",
    "granted",
    "released",
    "paid",
    "forfeited",
    "owed",
    "debts",
    "pools",
    "pool_debts",
    "reserve",
)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if name == "price" and value is not None:
        return {"pool": format_micros(value[0]), "supply": format_micros(value[1])}
    if name in _MONEY:
        return (
            {key: format_micros(one) for key, one in value.items()} if isinstance(value, dict) else format_micros(value)
        )
    return value


def file_digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
