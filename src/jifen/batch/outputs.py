"""The tables of a finished run: balances, lots, days, and the summary."""

import csv
import hashlib
import json
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
from jifen.batch.holdings import Holding, Kind, balance_rows, holdings
from jifen.batch.warnings import warnings_of
from jifen.batch.waterfall import Waterfall, waterfall_of
from jifen.core.errors import Problem, ensure
from jifen.core.micros import format_micros
from jifen.engine import World
from jifen.engine.books import OWED
from jifen.engine.columns import exact_sum
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
    "waterfall_document",
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
    """By asset and store of lots, and ``owed``: what members have or have coming. Debts are left out here."""
    debts: Mapping[str, int]
    """By asset: what members owe."""
    weights: Mapping[str, int]
    """By store: what all members weigh."""
    pools: Mapping[str, int]
    pool_debts: Mapping[str, int]
    reserve: int
    price: tuple[int, int] | None
    waterfall: Waterfall
    """Which rule took what of what was sold."""
    warnings: tuple[Problem, ...]
    """What the figures do not say by themselves: each with a remedy."""
    digests: Mapping[str, str]
    """SHA-256 of the plan, of each input file and output, and the head of the journal's chain."""


def write_results(folder: Path, daily: Daily, findings: Findings, after_until: int, head: bytes) -> Summary:
    """Write everything that a finished run has to say and return its summary; ``head`` is its journal's last hash."""
    world, plan = daily.world, daily.plan
    found = _write_balances(folder / BALANCES, world)
    _check_stores(daily, found)
    owed, debts = _sums(found, "asset", "lots", "claims")
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
        weights={one.name: exact_sum(one.amounts) for one in found if one.kind == "weight"},
        pools={pool: world.pool(pool) for pool in pools},
        pool_debts={pool: world.pool_debt(pool) for pool in pools},
        reserve=world.reserve,
        price=world.price() if any(isinstance(store, Curve) for store in plan.stores.values()) else None,
        waterfall=waterfall_of(daily),
        warnings=tuple(warnings_of(daily)),
        digests={
            "plan": plan.digest,
            "journal": head.hex(),
            **{file: file_digest(folder / file) for file in (BALANCES, LOTS, DAILY)},
        },
    )
    _write_summary(folder / SUMMARY, summary)
    return summary


def _check_stores(daily: Daily, found: Iterable[Holding]) -> None:
    """What the journal says that stores and claims hold is what the world says."""
    told = {**daily.lots, **daily.weights, OWED: sum(daily.claims.values())}
    for one in found:
        amount, name = exact_sum(one.amounts), one.name.removeprefix("store:")
        if one.kind != "asset":
            ensure(told.get(name, 0) == amount, f"{name}: {told.get(name, 0)} by the journal, {amount} in the world")


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


def _write_balances(path: Path, world: World) -> list[Holding]:
    """Write the balances and return what was written, by thing."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(balance_lines(balance_rows(world)))
    return holdings(world)


def _sums(found: Iterable[Holding], *kinds: Kind) -> tuple[dict[str, int], dict[str, int]]:
    """By thing of these kinds: the sum of what is above zero, and of what is below; sums of 0 are left out."""
    above = {one.name: exact_sum(one.amounts[one.amounts > 0]) for one in found if one.kind in kinds}
    below = {one.name: exact_sum(one.amounts[one.amounts < 0]) for one in found if one.kind in kinds}
    return {name: amount for name, amount in above.items() if amount}, {
        name: amount for name, amount in below.items() if amount
    }


def waterfall_document(waterfall: Waterfall) -> dict[str, Any]:
    """The account of what was sold, as ``summary.json`` has it: amounts as decimal numbers in text."""
    sums = {"net": waterfall.net, "taken": waterfall.taken, "remains": waterfall.remains}
    amounts = {name: _decimals(value) for name, value in (asdict(waterfall) | sums).items()}
    return amounts | {"without_cost": waterfall.without_cost}


def _decimals(value: Any) -> Any:
    """Every whole number as a decimal number in text, all else as it is."""
    if isinstance(value, Mapping):
        return {name: _decimals(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_decimals(one) for one in value]
    return format_micros(value) if isinstance(value, int) else value


def _write_summary(path: Path, summary: Summary) -> None:
    """Write the summary as JSON, amounts as decimal numbers in text."""
    document = {name: _plain(name, value) for name, value in asdict(summary).items()}
    document["waterfall"] = waterfall_document(summary.waterfall)
    document["warnings"] = [str(warning) for warning in summary.warnings]
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
    "weights",
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
