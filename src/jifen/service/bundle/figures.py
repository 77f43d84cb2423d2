"""Whether the figures of a bundle agree with one another: what its signature cannot say, since the shop signs anything.

Everything here is worked out from the tables alone. Of a table that has many mistakes of a kind the first one is told.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros, parse_micros
from jifen.ledger.chain import GENESIS
from jifen.plan.text import parse_plan
from jifen.service.bundle.reading import Contents

__all__ = ["CHECKS", "disagreements"]

_REMEDY = "ask the shop why its own figures do not agree"
_Row = dict[str, str]


@dataclass(slots=True)
class _Known:
    """What one table says that another one is held against."""

    contents: Contents
    sponsors: _Row = field(default_factory=dict)
    joined: _Row = field(default_factory=dict)
    plans: set[str] = field(default_factory=set)
    paid: Counter[str] = field(default_factory=Counter)
    payees: Counter[str] = field(default_factory=Counter)
    closes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The day and the hash of each close, by its batch."""
    ordered: int = 0
    refunded: int = 0
    orders: _Row = field(default_factory=dict)

    def within(self, day: str, *, since_ever: bool = False) -> bool:
        """Whether a day is one, and of the period, or before its end."""
        period = self.contents.manifest.period
        return _is_day(day) and (since_ever or period.first <= day) and day <= period.last


def disagreements(contents: Contents) -> Iterator[Problem]:
    """Say where the figures do not agree, each with its code; nothing is said of a bundle whose figures do."""
    known = _Known(contents)
    for file in contents.manifest.files:
        if file.name.endswith(".csv"):
            table = file.name.removesuffix(".csv")
            try:
                count = sum(1 for _ in contents.rows(table))
            except ValueError as error:
                yield _wrong("bundle_row", f"a row cannot be read: {error}", table)
                return
            if count != file.rows:
                yield _wrong("bundle_rows", f"it has {count} rows, and the manifest says {file.rows}", table)
    for check in CHECKS:
        told: set[tuple[str, str]] = set()
        try:
            for problem in check(known):
                if (problem.code, problem.file) not in told:
                    told.add((problem.code, problem.file))
                    yield problem
        except (ValueError, OverflowError) as error:
            yield Problem("bundle_row", f"a cell cannot be read: {error}"[:300], _REMEDY)
            return


def _plans(known: _Known) -> Iterator[Problem]:
    """Each version is the text that its digest says."""
    wrong = partial(_wrong, "bundle_plan", table="versions")
    for digest, text in known.contents.plans():
        try:
            if parse_plan(text, digest).digest != digest:
                yield wrong(f"the text of {digest[:12]} is of another version")
        except InputError:
            yield wrong(f"the text of {digest[:12]} is no plan, or was changed")
        known.plans.add(digest)
    told = [row["plan"] for row in known.contents.rows("versions")]
    if sorted(told) != sorted(known.plans):
        yield wrong("the versions are not those that there are texts of")


def _tree(known: _Known) -> Iterator[Problem]:
    """Everybody joined once, below somebody who is there; nobody is above himself."""
    wrong = partial(_wrong, "bundle_tree", table="tree")
    for row in known.contents.rows("tree"):
        member = row["member"]
        if member in known.sponsors:
            yield wrong(f"{member} has joined twice")
        if not known.within(row["joined"], since_ever=True):
            yield wrong(f"{member} joined on {row['joined']}, which is not before the end of the period")
        known.sponsors[member], known.joined[member] = row["sponsor"], row["joined"]
    for member, sponsor in known.sponsors.items():
        if sponsor and sponsor not in known.sponsors:
            yield wrong(f"{sponsor}, the sponsor of {member}, has not joined")
    above = _cycle(known.sponsors)
    if above is not None:
        yield _wrong("bundle_cycle", f"{above} is above himself", "tree")
    moved: _Row = {}
    for row in known.contents.rows("moves"):
        if moved.get(row["member"], row["sponsor_before"]) != row["sponsor_before"]:
            yield _wrong("bundle_tree", f"{row['member']} was moved from where he was not", "moves")
        moved[row["member"]] = row["sponsor"]
    for member, sponsor in moved.items():
        if known.sponsors.get(member) != sponsor:
            yield _wrong("bundle_tree", f"{member} is not where he was moved to", "moves")


def _orders(known: _Known) -> Iterator[Problem]:
    """Orders are of members who had joined, and no more is given back than was paid."""
    for row in known.contents.rows("orders"):
        order, amount = row["order"], parse_micros(row["amount"])
        yield from _of_member(known, row, "orders")
        if order in known.orders:
            yield _wrong("bundle_orders", f"the order {order} is there twice", "orders")
        known.orders[order] = row["amount"]
        known.ordered += amount
    returned = Counter[str]()
    for row in known.contents.rows("refunds"):
        order, amount = row["order"], parse_micros(row["amount"])
        if not known.within(row["day"]):
            yield _wrong(
                "bundle_day", f"the refund {row['refund']} is of {row['day']}, outside of the period", "refunds"
            )
        returned[order] += amount
        known.refunded += amount
        if order not in known.orders and known.contents.manifest.period.whole:
            yield _wrong("bundle_orders", f"there is no order {order} to give back", "refunds")
        elif order in known.orders and returned[order] > parse_micros(known.orders[order]):
            yield _wrong("bundle_orders", f"more of the order {order} is given back than was paid", "refunds")


def _payouts(known: _Known) -> Iterator[Problem]:
    """Payouts go to members who had joined, by versions that are there."""
    before: set[tuple[str, ...]] = set()
    day = ""
    for row in known.contents.rows("payouts"):
        yield from _of_member(known, row, "payouts")
        if row["plan"] and row["plan"] not in known.plans:
            yield _wrong("bundle_plan", f"the version {row['plan'][:12]} is not there", "payouts")
        if row["day"] != day:
            day, before = row["day"], set()
        key = (row["member"], row["rule"], row["asset"], row["plan"])
        if key in before:
            message = f"{row['rule']} of {row['member']} is there twice on {day}"
            yield _wrong("bundle_run_total", message, "payouts")
        before.add(key)
        known.paid[day] += parse_micros(row["paid"]) - parse_micros(row["taken_back"])
        known.payees[day] += 1


def _runs(known: _Known) -> Iterator[Problem]:
    """Every day of the period is closed once; its total is the sum of its payouts, and its reserve follows."""
    period, reserve = known.contents.manifest.period, None
    expected = date.fromisoformat(period.first)
    for row in known.contents.rows("runs"):
        day, figures = row["day"], {name: parse_micros(row[name]) for name in _FIGURES}
        if day != expected.isoformat():
            yield _wrong("bundle_runs", f"the close of {day} stands where that of {expected} belongs", "runs")
        expected += timedelta(days=1)
        if figures["paid"] != known.paid[day] or row["payouts"] != str(known.payees[day]):
            message = f"{day}: {row['paid']} were paid, and its payouts add up to {format_micros(known.paid[day], 2)}"
            yield _wrong("bundle_run_total", message, "runs")
        owed, backed = figures["lots"] + figures["queue"] + figures["deferred"], figures["reserve"] + figures["pools"]
        moved = figures["reserve_in"] - figures["reserve_out"]
        if (owed, backed) != (figures["owed"], figures["backed"]):
            yield _wrong("bundle_coverage", f"{day}: what is owed, or backed, is not the sum of its parts", "runs")
        if reserve is not None and figures["reserve"] - reserve != moved:
            yield _wrong("bundle_coverage", f"{day}: the reserve is not what moved into and out of it", "runs")
        reserve = figures["reserve"]
        known.closes[row["batch"]] = day, row["hash"]
    if expected != date.fromisoformat(period.last) + timedelta(days=1):
        yield _wrong("bundle_runs", f"the closes do not end with {period.last}", "runs")
    if set(known.payees) - {day for day, _ in known.closes.values()}:
        yield _wrong("bundle_run_total", "payouts are of a day that was not closed", "payouts")


_FIGURES = (
    "paid", "lots", "queue", "deferred", "reserve", "pools", "owed", "backed", "reserve_in", "reserve_out", "wallets",
    "promised",
)  # fmt: skip


def _chain(known: _Known) -> Iterator[Problem]:
    """Each batch stands on the one before, and every close is one of them; it ends with the last close."""
    wrong, manifest = partial(_wrong, "bundle_chain", table="chain"), known.contents.manifest
    previous, number, day, counts = "", -1, "", (0, 0)
    closes = dict(known.closes)
    for row in known.contents.rows("chain"):
        batch, grown = int(row["batch"]), (int(row["events"]), int(row["transfers"]))
        if previous and (batch, row["previous"]) != (number + 1, previous):
            yield wrong(f"batch {batch} does not stand on batch {number}")
        if not previous and manifest.period.whole and (batch, row["previous"]) != (0, GENESIS.hex()):
            yield wrong("it does not begin where the log does")
        if batch == 0 and row["hash"] != manifest.shop.id:
            yield wrong("its first batch is that of another shop")
        if grown < counts or row["day"] < day or not known.within(row["day"]):
            yield wrong(f"batch {batch} is of an earlier day than the one before, or has fewer events")
        if row["plan"] not in known.plans:
            yield _wrong("bundle_plan", f"the version {row['plan'][:12]} is not there", "chain")
        if closes.pop(row["batch"], (row["day"], row["hash"])) != (row["day"], row["hash"]):
            yield wrong(f"batch {batch} is not the close that the runs name")
        previous, number, day, counts = row["hash"], batch, row["day"], grown
    if closes:
        yield wrong("a close of the runs is no batch of it")
    head = manifest.head
    if (number, previous) != (manifest.log.batch, manifest.log.hash):
        yield wrong("it does not end where the manifest says")
    if head.batch < number or (head.batch == number and head.hash != previous):
        yield wrong("the head of the log is before its end")


def _records(known: _Known) -> Iterator[Problem]:
    """Waivers are of two people and have an end; withdrawals are of members, and pay something."""
    for row in known.contents.rows("waivers"):
        if row["granted_at"] and (row["granted_by"] in ("", row["asked_by"]) or not row["until"]):
            yield _wrong("bundle_waiver", f"the waiver {row['waiver']} is of one person, or has no end", "waivers")
    for row in known.contents.rows("withdrawals"):
        yield from _of_member(known, row, "withdrawals")
        if not 0 <= parse_micros(row["fee"]) < parse_micros(row["amount"]):
            yield _wrong("bundle_withdrawal", f"the withdrawal {row['withdrawal']} pays nothing", "withdrawals")


def _totals(known: _Known) -> Iterator[Problem]:
    """The control totals of the manifest are those of the tables."""
    totals = known.contents.manifest.totals
    found = {
        "members": len(known.sponsors), "orders": len(known.orders),
        "ordered": format_micros(known.ordered, 2), "refunded": format_micros(known.refunded, 2),
        "paid": format_micros(sum(known.paid.values()), 2),
    }  # fmt: skip
    for name, figure in found.items():
        if getattr(totals, name) != figure:
            message = f"{name}: {getattr(totals, name)}, and the tables have {figure}"
            yield Problem("bundle_totals", message, _REMEDY, "manifest.json")


CHECKS: tuple[Callable[[_Known], Iterator[Problem]], ...] = (
    _plans, _tree, _orders, _payouts, _runs, _chain, _records, _totals,
)  # fmt: skip
"""In this order: each one uses what those before it have read."""


def _of_member(known: _Known, row: _Row, table: str) -> Iterator[Problem]:
    """Whether a row is of a member who had joined, on a day of the period."""
    day, member = row["day"], row["member"]
    if not known.within(day):
        yield _wrong("bundle_day", f"{day} is outside of the period", table)
    if known.joined.get(member, "9999-99-99") > day:
        yield _wrong("bundle_stranger", f"{member} had not joined on {day}", table)


def _cycle(sponsors: _Row) -> str | None:
    """Somebody who is above himself, if anybody is."""
    clear: set[str] = set()
    for member in sponsors:
        way: dict[str, None] = {}
        above = member
        while above in sponsors and above not in clear:
            if above in way:
                return above
            way[above] = None
            above = sponsors[above]
        clear.update(way)
    return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _wrong(code: str, message: str, table: str) -> Problem:
    return Problem(code, message[:300], _REMEDY, f"{table}.csv")
