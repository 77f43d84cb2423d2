"""The bundle of a shop, for an auditor or a regulator: tree, payouts, runs, findings, waivers, versions, withdrawals.

All of it is of one moment; runs and payouts are those of closed days.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connections

from jifen import __version__
from jifen.batch.bundle import seal_bundle
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros
from jifen.engine import World
from jifen.engine.teams import Teams
from jifen.ledger.journal import NONE, Account
from jifen.service import models
from jifen.service.accounts import HOLDER_SHIFT
from jifen.service.databases import one_moment
from jifen.service.day_files import ClosedDay, closed_days
from jifen.service.directory import Directory
from jifen.service.members.models import Account as Person
from jifen.service.members.personal import personal
from jifen.service.moving.sheets import guarded
from jifen.service.programs.models import Freeze, Program, RunFinding, Study, Waiver
from jifen.service.recovery import recover
from jifen.service.runs import moved_on, runs
from jifen.service.shop import shop_of
from jifen.service.staff.models import Deed
from jifen.service.vault import signing_key
from jifen.service.wallets.models import Withdrawal

__all__ = ["Period", "make_bundle"]

_Progress = Callable[[int, int], None]
_Rows = Iterable[Sequence[Any]]

_PAID = """
    SELECT target >> {shift}, rule, reason, source & 15, (target >> 4) & 65535, SUM(amount), COUNT(*) FROM transfer
    WHERE number >= %s AND number < %s AND used = 0 AND target & 15 = {wallet} AND source & 15 NOT IN ({own})
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT source >> {shift}, rule, reason, target & 15, (source >> 4) & 65535, -SUM(amount), COUNT(*) FROM transfer
    WHERE number >= %s AND number < %s AND used = 0 AND source & 15 = {wallet} AND target & 15 NOT IN ({own})
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5, 6
""".format(shift=HOLDER_SHIFT, wallet=int(Account.WALLET), own=f"{int(Account.WALLET)}, {int(Account.PENDING)}")
_COVERAGE = (
    "wallets",
    "lots",
    "queue",
    "deferred",
    "reserve",
    "pools",
    "promised",
    "paid",
    "reserve_in",
    "reserve_out",
)
_PERSONAL = ("phone", "name", "id_number", "bank", "bank_account")
_README = """A bundle of {shop}: the days {first} to {last}. All else is as of batch {batch} of the log.

members.csv      the tree: ids that say nothing{personal}
runs.csv         each closed day: its hash, the SHA-256 of its journal, what was owed and what backed it
moved.csv        what each rule moved on each day between which kinds of accounts
payouts.csv      what each member was paid and gave back on each day, by rule
versions.csv     versions of the plan that were drafted or have counted; their texts are in versions/
changes.csv      when which version counted, pauses, ends
findings.json    what the rules found, when a version was checked and after each close
waivers.json     what was waived, by whom, on whose advice, until when
freezes.json     when payouts were frozen, why, and when they went on
withdrawals.csv  each withdrawal and its end
deeds.csv        what staff did by hand, who asked, who agreed

Amounts are decimal numbers, exact to the millionth. The files are those of manifest.json, which manifest.sig signs.
Check it with the public key that the shop has published:

    jifen bundle verify FILE --key <key>

It is no legal opinion.
"""


@dataclass(frozen=True, slots=True)
class Period:
    """The days whose runs and payouts are wanted; ``None``: from the first, or to the last."""

    first: date | None = None
    last: date | None = None

    def of(self, closed: Sequence[ClosedDay]) -> list[ClosedDay]:
        """Those of some closed days; ``InputError`` (``not_closed``) if there are none."""
        first = self.first.toordinal() if self.first else 0
        last = self.last.toordinal() if self.last else date.max.toordinal()
        found = [day for day in closed if first <= day.day <= last]
        if not found:
            raise InputError(Problem("not_closed", "no day of these has been closed", "ask for other days"))
        return found


def make_bundle(
    path: Path, snapshots: Path, period: Period, *, with_personal: bool = False, using: str = "default",
    progress: _Progress = lambda done, total: None,
) -> dict[str, Any]:  # fmt: skip
    """Write and sign the bundle of a shop; returns its manifest. With ``with_personal`` it says who members are.

    ``snapshots`` is where the shop keeps them. ``InputError``: ``not_closed``, ``exists``, ``no_shop``.
    """
    if path.exists():
        raise InputError(Problem("exists", "there is something already", "choose another name", str(path)))
    with one_moment(using) as alias, TemporaryDirectory(prefix="jifen-") as folder:
        closed = period.of(closed_days(alias))
        shop, directory = shop_of(alias), Directory(alias)
        target = _Folder(Path(folder))
        days = [date.fromordinal(day.day).isoformat() for day in closed]
        world, head = recover(alias, snapshots)
        _write_members(target, world, alias, with_personal)
        _write_days(target, closed, directory, progress)
        _write_versions(target, alias)
        _write_rules(target, alias)
        _write_hands(target, alias)
        told = {"shop": shop.name, "first": days[0], "last": days[-1], "batch": head.number}
        told["personal"] = ", and who they are" if with_personal else ""
        target.text("readme.txt", _README.format(**told))
        facts = {
            "jifen": __version__, "personal": with_personal, "first": days[0], "last": days[-1],
            "shop": {name: getattr(shop, name) for name in ("name", "seat", "zone", "currency", "live")},
            "log": {"batch": head.number, "hash": head.hash.hex(), "events": head.events, "lines": head.transfers},
        }  # fmt: skip
        return seal_bundle(Path(folder), path, facts, signing_key())


class _Folder:
    """Where the files are written before they are signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, name: str, columns: Sequence[str], rows: _Rows) -> None:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)

    def document(self, name: str, content: Any) -> None:
        self.text(name, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n")

    def text(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")


def _write_members(target: _Folder, world: World, using: str, with_personal: bool) -> None:
    teams, columns = Teams(world), ["member", "sponsor", "joined_on", "rank", "team", "own_sales", "team_sales"]
    known: dict[str, Mapping[str, Any]] = {}
    if with_personal:
        people = Person.objects.using(using).filter(role="").select_related("person", "sponsor")
        known = {person.code: personal(person) for person in people}

    def rows() -> Iterator[list[Any]]:
        for row, name in enumerate(world.member_names):
            facts = [name, world.referrer(name) or "", _day(world.members.joined.item(row)), world.rank(name) or ""]
            figures = [teams.size(row), _yuan(teams.own(row)), _yuan(teams.sales(row))]
            more = [guarded(str(known.get(name, {}).get(each, ""))) for each in _PERSONAL] if with_personal else []
            yield [*facts, *figures, *more]

    target.table("members.csv", [*columns, *(_PERSONAL if with_personal else ())], rows())


def _write_days(target: _Folder, closed: Sequence[ClosedDay], directory: Directory, progress: _Progress) -> None:
    """Runs, what rules moved, and what members were paid."""
    columns = ["day", "batch", "hash", "segment", "sha256", "events", "lines", *_COVERAGE, "blocks", "stops"]
    target.table("runs.csv", columns, (
        [
            _day(run.closed.day), run.closed.batch, run.closed.hash, run.segment, run.sha256, run.closed.events,
            run.closed.last - run.closed.first, *(_yuan(getattr(run.coverage, name)) for name in _COVERAGE),
            " ".join(json.loads(run.findings.content)["blocks"]) if run.findings else "",
            " ".join(run.findings.stops) if run.findings else "",
        ]
        for run in runs(closed, directory.using)
    ))  # fmt: skip

    def moved() -> Iterator[list[Any]]:
        for day in closed:
            for each in moved_on(day, directory):
                yield [
                    _day(day.day), each.rule, each.reason or "", each.source, each.target, each.asset,
                    _yuan(each.amount), each.lines,
                ]  # fmt: skip

    def payouts() -> Iterator[list[Any]]:
        for done, day in enumerate(closed):
            progress(done, len(closed))
            yield from _paid_on(day, directory)

    target.table("moved.csv", ["day", "rule", "reason", "source", "target", "asset", "amount", "lines"], moved())
    target.table("payouts.csv", ["day", "member", "rule", "reason", "other", "asset", "amount", "lines"], payouts())


def _paid_on(day: ClosedDay, directory: Directory) -> Iterator[list[Any]]:
    with connections[directory.using].cursor() as cursor:
        cursor.execute(_PAID, [day.first, day.last] * 2)
        rows = [tuple(map(int, row)) for row in cursor.fetchall()]
    directory.learn("rule", {number for row in rows for number in row[1:3] if number != NONE})
    directory.count()  # learns all members at once
    for holder, rule, reason, other, asset, amount, lines in rows:
        names = ["" if number == NONE else directory.name("rule", number) for number in (rule, reason)]
        yield [
            _day(day.day), directory.name("member", holder - 1), *names, Account(other).name.lower(),
            directory.name("asset", asset), _yuan(amount), lines,
        ]  # fmt: skip


def _write_versions(target: _Folder, using: str) -> None:
    programs = {row.digest: row for row in Program.objects.using(using)}
    texts = dict(models.PlanVersion.objects.using(using).order_by("digest").values_list("digest", "content"))
    columns = ["digest", "name", "state", "drafted_at", "published_at", "check", "assessment", "page"]
    target.table("versions.csv", columns, (
        [digest, row.name, row.state, _time(row.made_at), _time(row.published_at), row.checking, row.assessment,
         row.disclosure] if (row := programs.get(digest)) else [digest, *[""] * 7]
        for digest in texts
    ))  # fmt: skip
    for digest, text in texts.items():
        target.document(f"versions/{digest}.json", {"digest": digest, "text": text})
    changes = models.PlanChange.objects.using(using).order_by("event")
    target.table("changes.csv", ["day", "event", "kind", "version"], (
        [_day(row.day), row.event, row.kind, row.plan_id or ""] for row in changes
    ))  # fmt: skip


def _write_rules(target: _Folder, using: str) -> None:
    """What the rules found, what was waived, and what was frozen."""
    checks = Study.objects.using(using).filter(kind="check").order_by("made_at", "digest")
    closes = RunFinding.objects.using(using).order_by("day")
    target.document("findings.json", {
        "versions": [{"study": row.digest, "plan": row.plan, "found": json.loads(row.content)} for row in checks],
        "closes": [
            {"day": _day(row.day), "plan": row.plan, "stops": row.stops, "found": json.loads(row.content)}
            for row in closes
        ],
    })  # fmt: skip
    target.document("waivers.json", [_plain(row) for row in Waiver.objects.using(using).order_by("id")])
    target.document("freezes.json", [
        _plain(row) | {"day": _day(row.day)} for row in Freeze.objects.using(using).order_by("id")
    ])  # fmt: skip


def _write_hands(target: _Folder, using: str) -> None:
    """What people decided: withdrawals, and deeds of the staff."""
    columns = [
        "number",
        "member",
        "asset",
        "amount",
        "fee",
        "day",
        "state",
        "asked_by",
        "reviewed_by",
        "reason",
        "ended_at",
    ]
    withdrawals = Withdrawal.objects.using(using).order_by("asked_at", "number")
    target.table("withdrawals.csv", columns, (
        [row.number, row.member, row.asset, _yuan(row.amount), _yuan(row.fee), _day(row.day), row.state, row.asked_by,
         row.reviewed_by, guarded(row.reason), _time(row.ended_at)]
        for row in withdrawals.iterator()
    ))  # fmt: skip
    columns = ["id", "kind", "event", "reason", "state", "asked_by", "asked_at", "decided_by", "decided_at", "code"]
    target.table("deeds.csv", columns, (
        [row.id, row.kind, row.event, guarded(row.reason), row.state, row.asked_by, _time(row.asked_at), row.decided_by,
         _time(row.decided_at), row.code]
        for row in Deed.objects.using(using).order_by("asked_at", "id").iterator()
    ))  # fmt: skip


def _plain(row: Any) -> dict[str, Any]:
    """A row as JSON has it."""
    found = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: _time(value) if isinstance(value, datetime) else value for name, value in found.items()}


def _yuan(amount: int) -> str:
    return format_micros(amount, 2)


def _day(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")
