"""A world on disk and back: its tables as columns, what is small or textual as one document.

A world that was saved and loaded goes on exactly as if it had never stopped (tested); what can be derived (heaps,
orders of visiting) is not saved.
"""

import json
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from jifen.engine.columns import Table, exact_sum, own
from jifen.engine.events import Line
from jifen.engine.history import History
from jifen.engine.state import WindUp
from jifen.engine.tables import (
    NONE,
    Banked,
    Chains,
    Digests,
    Divisions,
    Feeds,
    Lots,
    Members,
    OrderRanks,
    Orders,
    Owings,
    Payments,
    PhasePayments,
    Phases,
    Places,
    Portions,
    Ranked,
    Releases,
    Sales,
    Weighed,
    Weights,
)
from jifen.engine.world import ASSETS, SEMANTICS_REVISION, OrderLine, World
from jifen.ledger.names import Names, Texts
from jifen.ledger.snapshot import load, save
from jifen.plan.text import parse_plan, plan_text

__all__ = ["FORMAT_VERSION", "load_world", "save_world"]

FORMAT_VERSION = 4
"""Raised when the columns or the document change their meaning."""

_INT32_MAX = 2**31 - 1
_TABLES: Mapping[str, type[Table]] = {
    "members": Members, "orders": Orders, "lots": Lots, "releases": Releases, "payments": Payments, "phases": Phases,
    "phase_payments": PhasePayments, "portions": Portions, "feeds": Feeds,
    "sales": Sales, "banked": Banked, "positions": Places, "weighed": Weighed, "divisions": Divisions, "owings": Owings,
    "event_digests": Digests, "parent_changes": History, "appointed_changes": History, "agent_changes": History,
}  # fmt: skip
_NAMES = (
    "member_ids", "order_ids", "event_ids", "rank_names", "rule_names", "stores", "pools", "assets", "region_names",
)  # fmt: skip
_PLAIN = (
    "open_day", "receipts", "reserve", "reserve_debt", "token_supply", "control", "granting", "pool_balance",
    "pool_debt_of", "last_price", "version_events", "first_day", "run_events", "terms", "line_rates", "withdrawals",
)  # fmt: skip

_Columns = dict[str, npt.NDArray[Any]]
_Table = TypeVar("_Table", bound=Table)


def save_world(world: World, directory: Path) -> None:
    """Write a snapshot of the world; if that fails, at any moment, the one before stays."""
    tables = _tables(world)
    changing: _Columns = {
        f"{prefix}__{name}": column for prefix, table in tables.items() for name, column in table.columns().items()
    }
    changing |= {f"wallets__{asset}": wallet[: world.members.size] for asset, wallet in enumerate(world.wallets)}
    columns = changing | _pairs("order_pay", world.order_pay)
    columns |= _flat("bank_releases", world.bank_releases) | _flat("pending", world.pending)
    for name in _NAMES:
        columns |= _text(name, getattr(world, name).names)
    columns |= _text("order_lines", Texts.of(_lines_text(order, lines) for order, lines in world.order_lines.items()))
    document = {name: getattr(world, name) for name in _PLAIN} | {
        "semantics_revision": SEMANTICS_REVISION,
        "rows": {prefix: table.size for prefix, table in tables.items()},
        "plans": [plan_text(program.plan) for program in world.programs],
        "ladders": list(world.ladders),
        "regions": list(world.regions.items()),
        "newcomers": list(world.newcomers.items()),
        "wound_up": world.wound_up,
    }
    save(directory, columns, json.loads(json.dumps(document)), version=FORMAT_VERSION, changing=changing)


def _tables(world: World) -> dict[str, Table]:
    """All tables of a world, by the name that their columns have in common."""
    tables: dict[str, Table] = {name: getattr(world, name) for name in _TABLES}
    tables |= {f"chains__{store}": chains for store, chains in world.chains.items()}
    tables |= {f"weights__{store}": weights for store, weights in world.weights.items()}
    for place, (ladder, ranked) in enumerate(world.ladders.items()):
        tables |= {f"ladders__{place}": ranked, f"earned_changes__{place}": world.earned_changes[ladder]}
        if ladder in world.order_ranks:
            tables[f"order_ranks__{place}"] = world.order_ranks[ladder]
    return tables


def load_world(directory: Path, *, verify: bool = True) -> World:
    """Map a snapshot; ``InputError`` for one that is missing, damaged or of another version.

    What the world changes of it (asking ends runs, see ``runs``) stays in memory; a table is copied when it has grown
    beyond the room that its map has. ``verify`` reads every byte (see ``ledger.snapshot.load``).
    """
    columns, document = load(directory, version=FORMAT_VERSION, writable=True, verify=verify)

    def table(kind: type[_Table], prefix: str) -> _Table:
        rows, start = int(document["rows"][prefix]), prefix + "__"
        mine = {name.removeprefix(start): column for name, column in columns.items() if name.startswith(start)}
        return kind.on(mine, rows) if rows else kind()

    plans = [parse_plan(plan, str(directory)) for plan in document["plans"]]
    world = World(plans[0], int(document["open_day"]), receipts=bool(document["receipts"]))
    for plan in plans[1:]:
        world.activate(plan)
    for name, kind in _TABLES.items():
        setattr(world, name, table(kind, name))
    for name in _NAMES:
        setattr(world, name, Names(_texts(name, columns)))
    for name in _PLAIN:
        setattr(world, name, document[name])
    world.chains = {store: table(Chains, f"chains__{store}") for store in _stores_in(columns)}
    for number, ladder in enumerate(document["ladders"]):
        world.ladders[ladder] = table(Ranked, f"ladders__{number}")
        world.earned_changes[ladder] = table(History, f"earned_changes__{number}")
        if ladder in world.order_ranks:
            world.order_ranks[ladder] = table(OrderRanks, f"order_ranks__{number}")
    for store in world.weights:
        world.weights[store] = table(Weights, f"weights__{store}")
        amounts = world.weights[store].columns()["amount"]
        world.issued_totals[store] = exact_sum(amounts)
        world.shared_totals[store] = exact_sum(amounts[amounts > 0])
    world.order_pay = {order: tuple(pay) for order, pay in _unpaired("order_pay", columns).items()}
    world.bank_releases = _unflat("bank_releases", columns)
    for row, member in enumerate(world.banked.columns()["member"].tolist()):
        world.bank_of.setdefault(member, []).append(row)
    world.pending = {day: deque(orders) for day, orders in _unflat("pending", columns).items()}
    world.wallets = [own(columns[f"wallets__{asset}"])[: world.members.size] for asset in range(len(ASSETS))]
    world.order_lines = dict(_parse_lines(line) for line in _texts("order_lines", columns))
    _restore_tuples(world, document)
    return world


def _restore_tuples(world: World, document: Mapping[str, Any]) -> None:
    """JSON has lists only: make tuples again of what are tuples in a world."""
    world.last_price = (
        None if document["last_price"] is None else (document["last_price"][0], document["last_price"][1])
    )
    world.version_events = [(since, version) for since, version in document["version_events"]]
    world.terms = [(asset, per_point, fund) for asset, per_point, fund in document["terms"]]
    world.line_rates = [tuple(rates) for rates in document["line_rates"]]
    world.withdrawals = {key: (row[0], row[1], row[2], row[3]) for key, row in document["withdrawals"].items()}
    world.regions = dict(document["regions"])
    world.newcomers = dict(document["newcomers"])
    world.wound_up = [WindUp(*row) for row in document.get("wound_up", ())]
    world.control = Counter(document["control"])
    world.released_until = world.open_day - 1
    due = world.payments.columns()
    unpaid = (due["released"] != NONE) & (due["paid"] - due["lost"] > due["released"])
    unpaid[: world.closed_payments] = False
    world.claims = dict.fromkeys(np.flatnonzero(unpaid).tolist())


def _stores_in(columns: _Columns) -> list[int]:
    """The numbers of the stores that have chains."""
    return sorted({int(name.split("__")[1]) for name in columns if name.startswith("chains__")})


def _flat(name: str, lists: Mapping[int, Collection[int]]) -> _Columns:
    """Lists of numbers by a number, as two columns: (number, length) of each, and what is in them end to end."""
    lengths = [(key, len(numbers)) for key, numbers in lists.items()]
    return {
        f"{name}__lengths": np.array(lengths, dtype=np.int64).reshape(-1, 2),
        name: np.fromiter(chain.from_iterable(lists.values()), dtype=np.int64),
    }


def _unflat(name: str, columns: _Columns) -> dict[int, list[int]]:
    """Lists of numbers by a number, from two columns."""
    numbers = iter(columns[name].tolist())
    return {key: list(islice(numbers, length)) for key, length in columns[f"{name}__lengths"].tolist()}


def _pairs(name: str, histories: Mapping[int, Sequence[tuple[int, int]]]) -> _Columns:
    """Lists of pairs by a number, as two columns: (number, length) of each, and the pairs of all."""
    lengths = [(key, len(pairs)) for key, pairs in histories.items()]
    numbers = chain.from_iterable(chain.from_iterable(histories.values()))
    return {
        f"{name}__lengths": np.array(lengths, dtype=np.int64).reshape(-1, 2),
        name: np.fromiter(numbers, dtype=np.int64).reshape(-1, 2),
    }


def _unpaired(name: str, columns: _Columns) -> dict[int, list[tuple[int, int]]]:
    """Lists of pairs by a number, from two columns."""
    pairs = zip(*columns[name].T.tolist(), strict=True)
    return {key: list(islice(pairs, length)) for key, length in columns[f"{name}__lengths"].tolist()}


def _text(name: str, texts: Texts) -> _Columns:
    """Texts as two columns, of which the second is as narrow as can be."""
    content, starts = texts.columns()
    narrow = np.int32 if len(content) <= _INT32_MAX else np.int64
    return {f"{name}__text": content, f"{name}__starts": starts.astype(narrow)}


def _texts(name: str, columns: _Columns) -> Texts:
    """Texts from two columns."""
    return Texts(columns[f"{name}__text"], columns[f"{name}__starts"])


def _lines_text(order: int, lines: Iterable[OrderLine]) -> str:
    """The lines of an order, as text."""
    return json.dumps([order, [asdict(line) for line in lines]])


def _parse_lines(value: str) -> tuple[int, list[OrderLine]]:
    """The lines of an order, from text."""
    order, lines = json.loads(value)
    return order, [OrderLine(**line | {"line": Line(**line["line"])}) for line in lines]
