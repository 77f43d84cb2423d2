"""The account of one order: every rule in plan order, what it did for this order, and what stays with the shop.

Read from the journal of a run: the transfers that name the order, and those its refunds made. A daily rule names the
order whose lot it drained; so each transfer belongs to one order, and the orders of a run add up to the run.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jifen.batch.layout import JOURNAL
from jifen.batch.waterfall import MEMBERS, RESERVE, SHOP, place_of, rule_order
from jifen.core.errors import InputError, Problem
from jifen.engine import World
from jifen.engine.books import OWED, WRITTEN_OFF
from jifen.engine.flows import REFUND
from jifen.engine.sources import parent_at
from jifen.engine.tables import NONE
from jifen.ledger.invariants import ACCOUNT_TABLE
from jifen.ledger.journal import Account

__all__ = ["Entry", "LotLine", "OrderAccount", "account_of"]

_COLUMNS = (
    "event", "day", "rule", "from_kind", "from_id", "to_kind", "to_id", "asset", "amount", "lot", "drained", "order",
    "reason",
)  # fmt: skip
_ORDER = "order"
_STATES = ("waits for the end of its refund window", "in effect", "closed by a forced exit", "outside the plan")


@dataclass(slots=True)
class Entry:
    """What one rule did for one receiver (of a refund: what it took back). Amounts are micro-units."""

    rule: str
    what: str
    """``paid``, ``fed``, ``granted``, ``weighed``, ``owed``, ``used`` (lots drained for nothing), ``forfeited``, or
    ``nothing``."""
    source: str = ""
    """Where it came from: ``shop``, ``reserve``, ``pool:<name>``, or the store."""
    to: str = ""
    """The member, or the place of money."""
    relation: str = ""
    """``buyer``, ``referrer 1`` (the buyer's own), ``referrer 2``, …, ``other``."""
    asset: str = ""
    amount: int = 0
    back: int = 0
    drained: int = 0
    first_day: int = 0
    last_day: int = 0

    @property
    def stands(self) -> int:
        """What is left of it."""
        return self.amount - self.back


@dataclass(frozen=True, slots=True)
class LotLine:
    """A lot of the order now: granted at first, withdrawn by refunds, released, and what remains."""

    store: str
    granted: int
    withdrawn: int
    released: int
    remaining: int


@dataclass(slots=True)
class OrderAccount:
    """All about one order. ``remains`` is what stays with the shop, before the cost of goods."""

    order: str
    member: str
    day: int
    state: str
    amount: int
    refunded: int
    cost: int | None
    """What its goods cost; ``None`` where a line does not tell."""
    entries: list[Entry] = field(default_factory=list)
    lots: list[LotLine] = field(default_factory=list)
    remains: int = 0
    elsewhere: dict[str, int] = field(default_factory=dict)
    """By rule: units of its lots that other orders released; what was paid for them is in those orders' accounts."""
    forfeits_unknown: int = 0
    """Orders that took effect in the same run, whose forfeits cannot be told from this one's; 0 where they are told."""


def account_of(folder: Path, world: World, order: str) -> OrderAccount:
    """Account for an order of the run in ``folder``, whose last world is ``world``; ``InputError`` if it is unknown."""
    if order not in world.order_ids.numbers:
        raise InputError(Problem("unknown_order", f"the run knows no order {order!r}", "check the id"))
    return _Teller(folder, world, order).told()


@dataclass(slots=True)
class _Teller:
    """Puts together what the journal says of one order."""

    folder: Path
    world: World
    order: str
    entries: dict[tuple[str, ...], Entry] = field(default_factory=dict)
    elsewhere: Counter[str] = field(default_factory=Counter)
    remains: int = 0

    def told(self) -> OrderAccount:
        world, number = self.world, self.world.order_ids.numbers[self.order]
        events = dict(self._events())
        paid = next(facts for facts in events.values() if facts["event"] == "order_paid")
        refunds = [place for place, facts in events.items() if facts["event"] == "order_refunded"]
        placed = next(place for place, facts in events.items() if facts is paid)
        settled = next((place for place, facts in events.items() if facts["event"] == "order_settled"), NONE)
        own = list(self._lots_of(number))
        for row in self._transfers(number, refunds, own):
            if row["rule_name"] == REFUND and row["event"] in refunds:
                self._take_back(row)
            elif row["rule_name"] != REFUND and row["order"] == number:
                self._add(row)
            elif row["rule_name"] != REFUND and row["lot"] in own:
                self.elsewhere[row["rule_name"]] += row["drained"]
        effect, others = self._effect(number, placed, settled)
        self._forfeits(effect if others == 0 else NONE)
        costs = [line.get("cost", 0) for line in paid["lines"]]
        return OrderAccount(
            self.order, paid["member"], paid["day"], _STATES[world.orders.state.item(number)],
            world.orders.whole.item(number), world.orders.returned_whole.item(number),
            sum(costs) if all(costs) else None, self._sorted(), [self._lot(lot) for lot in reversed(own)], self.remains,
            dict(self.elsewhere), others,
        )  # fmt: skip

    def _events(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The events that are about the order, with their places in the log."""
        name = json.dumps(self.order, ensure_ascii=False)
        start = 0
        for file in _files(self.folder, "events"):
            column = file.read(columns=["event"])["event"]
            hits = pc.or_(pc.match_substring(column, f'"id":{name}'), pc.match_substring(column, f'"order":{name}'))
            for place in pc.indices_nonzero(hits).to_pylist():
                yield start + place, json.loads(column[place].as_py())
            start += len(column)

    def _transfers(self, number: int, refunds: list[int], lots: list[int]) -> Iterator[dict[str, Any]]:
        """The transfers that name the order or a lot of it, and those of its refunds."""
        world = self.world
        for row in self._rows("transfers", _COLUMNS, {"order": [number], "event": refunds, "lot": lots}):
            row["rule_name"] = world.rule_names.names[row["rule"]]
            row["reason_name"] = None if row["reason"] == NONE else world.rule_names.names[row["reason"]]
            row["asset_name"] = world.assets.names[row["asset"]]
            for side in ("from", "to"):
                row[f"{side}_name"] = self._account_name(row[f"{side}_kind"], row[f"{side}_id"])
            yield row

    def _account_name(self, kind: int, number: int) -> str:
        """The member, pool or store an account belongs to; empty where there is none."""
        world = self.world
        tables = {"member": world.member_ids, "pool": world.pools, "store": world.stores}
        table = ACCOUNT_TABLE[Account(kind)]
        return "" if table is None or number == NONE else tables[table].names[number]

    def _rows(self, kind: str, columns: Iterable[str], wanted: Mapping[str, list[int]]) -> Iterator[dict[str, Any]]:
        """Rows that have one of the wanted numbers in one of the columns; only they are read as a whole."""
        for file in _files(self.folder, kind):
            looked = file.read(columns=list(wanted))
            found = [pc.is_in(looked[name], pa.array(numbers, pa.int64())) for name, numbers in wanted.items()]
            places = pc.indices_nonzero(reduce(pc.or_, found))
            if len(places):
                yield from file.read(columns=list(columns)).take(places).to_pylist()

    def _add(self, row: Mapping[str, Any]) -> None:
        """Count what a rule did; the order's own money is no doing of a rule."""
        source, target = self._ends(row)
        self.remains += row["amount"] * ((target == SHOP) - (source == SHOP))
        if row["rule_name"] == _ORDER:
            return
        if row["to_kind"] == Account.ISSUER:
            entry = self._entry(_turned(row), row["reason_name"] or row["rule_name"], target, source)
            if entry.what == "owed":  # a claim that is paid is owed no more
                entry.back += row["amount"]
                return
        else:
            entry = self._entry(row, row["rule_name"], source, target)
        entry.amount += row["amount"]
        entry.drained += row["drained"]
        entry.first_day = min(entry.first_day or row["day"], row["day"])
        entry.last_day = max(entry.last_day, row["day"])

    def _take_back(self, row: Mapping[str, Any]) -> None:
        """Count what one of the order's refunds took back: the same movement the other way round."""
        source, target = self._ends(row)
        self.remains += row["amount"] * ((target == SHOP) - (source == SHOP))
        rule = row["reason_name"]
        if rule is None and RESERVE in (source, target):
            rule = RESERVE
        if rule is None:
            return
        self._entry(_turned(row), rule, target, source).back += row["amount"]

    def _ends(self, row: Mapping[str, Any]) -> tuple[str, str]:
        kinds = Account(row["from_kind"]), Account(row["to_kind"])
        return place_of(kinds[0], row["from_name"]), place_of(kinds[1], row["to_name"])

    def _entry(self, row: Mapping[str, Any], rule: str, source: str, target: str) -> Entry:
        """The entry a movement belongs to."""
        kind = Account(row["to_kind"])
        what = {Account.CLAIM: "granted", Account.WEIGHT: "weighed", Account.WALLET: "paid"}.get(kind, "fed")
        if row["asset_name"] == OWED:
            what = "owed"
        elif (what == "paid" and row["amount"] == 0) or rule == WRITTEN_OFF:
            what = "used"
        to = row["to_name"] if target in (MEMBERS, "") else target
        key = (rule, what, source or row["from_name"], to, row["asset_name"])
        if key not in self.entries:
            relation = self._relation(row["to_id"], row["event"]) if kind in _OF_MEMBERS else ""
            self.entries[key] = Entry(rule, what, key[2], key[3], relation, key[4])
        return self.entries[key]

    def _relation(self, member: int, event: int) -> str:
        """How a member stands to the buyer at that event: himself, his referrer, that one's referrer and so on."""
        world = self.world
        at = world.orders.member.item(world.order_ids.numbers[self.order])
        height = 0
        while at not in (NONE, member):
            at, height = parent_at(world, at, event), height + 1
        if at == NONE:
            return "other"
        return f"referrer {height}" if height else "buyer"

    def _lots_of(self, number: int) -> Iterator[int]:
        lot = self.world.orders.last_lot.item(number)
        while lot != NONE:
            yield lot
            lot = self.world.lots.before_of_order.item(lot)

    def _lot(self, lot: int) -> LotLine:
        lots = self.world.lots
        first, granted, remaining = (column.item(lot) for column in (lots.granted_first, lots.granted, lots.remaining))
        return LotLine(
            self.world.stores.names[lots.store.item(lot)], first, first - granted, granted - remaining, remaining
        )

    def _effect(self, number: int, placed: int, settled: int) -> tuple[int, int]:
        """The event in which the order took effect, and how many others did in the same."""
        orders, world = self.world.orders, self.world
        day = orders.settles_on.item(number)
        if day == NONE:
            return (placed if settled == NONE else settled), 0
        if day >= world.open_day:
            return NONE, 0
        return world.run_event(day), int((orders.settles_on[: orders.size] == day).sum()) - 1

    def _forfeits(self, event: int) -> None:
        """What receivers lost when the order took effect, by rules that run on orders."""
        rules = {rule.id for program in self.world.programs for rule in program.plan.rules if rule.when == "order"}
        columns = ("event", "day", "rule", "member", "points")
        for row in self._rows("forfeits", columns, {"event": [] if event == NONE else [event]}):
            rule = self.world.rule_names.names[row["rule"]]
            if rule in rules:
                key = (rule, "forfeited", "", self.world.member_ids.names[row["member"]], "")
                entry = self.entries.setdefault(
                    key, Entry(*key[:4], self._relation(row["member"], event), first_day=row["day"])
                )
                entry.amount += row["points"]
                entry.last_day = row["day"]

    def _sorted(self) -> list[Entry]:
        """Entries in plan order; a rule that runs on orders and did nothing says so."""
        order = rule_order(self.world)
        done = {entry.rule for entry in self.entries.values()}
        plan = self.world.program.plan
        idle = dict.fromkeys(rule.id for rule in plan.rules if rule.when == "order" and not rule.off)
        entries = [*self.entries.values(), *(Entry(rule, "nothing") for rule in idle if rule not in done)]
        return sorted(entries, key=lambda entry: (order.get(entry.rule, len(order)), entry.first_day))


def _turned(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same movement the other way round."""
    ends = (("from", "to"), ("to", "from"))
    return dict(row) | {f"{one}_{part}": row[f"{other}_{part}"] for part in ("kind", "id", "name")
                        for one, other in ends}  # fmt: skip


_OF_MEMBERS = (Account.WALLET, Account.CLAIM, Account.WEIGHT)


def _files(folder: Path, kind: str) -> Iterator[pq.ParquetFile]:
    """The files of a kind of rows, in order."""
    for path in sorted((folder / JOURNAL).glob(f"{kind}-*.parquet")):
        with pq.ParquetFile(path) as file:
            yield file
