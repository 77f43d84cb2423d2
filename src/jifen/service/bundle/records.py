"""The tables of a bundle that people and machines wrote beside the log: versions, findings, waivers, deeds, history.

They are as they stand when the bundle is made. Free text that may name a person is in them only where personal data is
asked for; who did something is an id that says nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, Model, Window
from django.db.models.functions import Lag

from jifen.core.days import shop_zone
from jifen.core.micros import format_micros
from jifen.ledger.chain import canonical_text
from jifen.service import models
from jifen.service.bundle.layout import Written
from jifen.service.bundle.of_log import Span, iso
from jifen.service.members.models import Account
from jifen.service.members.personal import personal
from jifen.service.programs.models import Freeze, Program, RunFinding, Study, Waiver
from jifen.service.staff.changes import history_of, kept_tables, row_name
from jifen.service.staff.models import Deed
from jifen.service.wallets.models import Withdrawal

__all__ = ["Records"]

_KINDS = {"+": "made", "~": "changed", "-": "deleted"}
_AMONG = ("history_id", "history_date", "history_user_id", "history_change_reason", "history_type")
_FREE: Mapping[str, frozenset[str]] = {
    "account": frozenset({"invite_code"}), "api_key": frozenset({"name"}), "deed": frozenset({"event", "reason"}),
    "hook": frozenset({"url"}), "withdrawal": frozenset({"reason", "bank_reference", "request"}),
}  # fmt: skip
"""Fields of the history that somebody may have written a name, a number or a secret address into."""
_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Records:
    """The tables of one span; ``since`` and ``until`` limit what has a moment and no business day."""

    using: str
    span: Span
    since: int | None
    until: int | None
    personal: bool

    def plans(self) -> Iterator[tuple[str, str]]:
        """The text of each plan version that the shop knows, by its digest."""
        return (
            models.PlanVersion.objects.using(self.using).order_by("digest").values_list("digest", "content").iterator()
        )

    def versions(self) -> Iterator[Written]:
        """All versions: how far each is on its way, what was kept of it, and from which day it first counted."""
        shop = models.Shop.objects.using(self.using).get()
        counted = {shop.plan_id: shop.first_day}
        changes = models.PlanChange.objects.using(self.using).filter(plan__isnull=False).order_by("event")
        for plan, day in changes.values_list("plan_id", "day"):
            counted.setdefault(str(plan), day)
        programs = {each.digest: each for each in Program.objects.using(self.using)}
        for digest, content in self.plans():
            known, began = programs.get(digest), counted.get(digest)
            name, from_day = json.loads(content)["name"], "" if began is None else iso(began)
            if known is None:
                yield digest, name, "", "", from_day, "", "", ""
            else:
                yield (
                    digest, name, known.state, _moment(known.published_at), from_day, known.checking, known.assessment,
                    known.disclosure,
                )  # fmt: skip

    def plan_changes(self) -> Iterator[Written]:
        """What changed which version counts: activations, pauses, ends, up to the last day."""
        rows = models.PlanChange.objects.using(self.using).filter(event__lt=self.span.events).order_by("event")
        for row in rows:
            yield str(row.event), iso(row.day), row.kind, row.plan_id or ""

    def findings(self) -> Iterator[Written]:
        """What the rules found in each version that was checked, and at each close of the span.

        Each check and each close begins with a row without a finding, which has what was measured.
        """
        checked = Program.objects.using(self.using).exclude(checking="").order_by("digest")
        studies = dict(Study.objects.using(self.using).filter(kind="check").values_list("digest", "content"))
        for program in checked:
            yield from _found("publish", "", program.digest, json.loads(studies[program.checking]))
        closes = RunFinding.objects.using(self.using).filter(day__gte=self.span.first, day__lte=self.span.last)
        for close in closes.order_by("day").iterator(_AT_ONCE):
            yield from _found("close", iso(close.day), close.plan, json.loads(close.content))

    def waivers(self) -> Iterator[Written]:
        """All waivers: of what, why, who stands for it, and until when."""
        for each in Waiver.objects.using(self.using).order_by("id"):
            yield (
                str(each.pk), each.plan, each.finding, each.reason, each.counsel, each.document, each.asked_by,
                _moment(each.asked_at), each.granted_by, _moment(each.granted_at), _moment(each.ends_at),
            )  # fmt: skip

    def freezes(self) -> Iterator[Written]:
        """Each time the shop was frozen after a close, and who lifted it."""
        for each in Freeze.objects.using(self.using).order_by("id"):
            yield (
                iso(each.day), each.plan, each.frozen, " ".join(each.stops), " ".join(each.findings),
                _moment(each.made_at), _moment(each.lifted_at), each.lifted_by,
            )  # fmt: skip

    def deeds(self) -> Iterator[Written]:
        """What the desk asked for, who agreed, and what became of it."""
        for each in Deed.objects.using(self.using).order_by("asked_at", "id").iterator(_AT_ONCE):
            if not self._within(each.asked_at):
                continue
            facts = json.loads(each.event)
            reason = facts.pop("reason", "")
            yield (
                each.pk, each.kind, canonical_text(facts), str(each.weight), each.state, each.asked_by,
                _moment(each.asked_at), each.decided_by, _moment(each.decided_at), each.code,
                "" if each.number is None else str(each.number), self._free(each.reason or reason),
            )  # fmt: skip

    def withdrawals(self) -> Iterator[Written]:
        """The withdrawals that were asked for on the days of the span, as they stand now."""
        rows = Withdrawal.objects.using(self.using).filter(day__gte=self.span.first, day__lte=self.span.last)
        for each in rows.order_by("day", "asked_at", "number").iterator(_AT_ONCE):
            yield (
                each.number, each.event, each.member, each.asset, _yuan(each.amount), _yuan(each.fee), iso(each.day),
                each.state, each.asked_by, _moment(each.asked_at), each.reviewed_by, _moment(each.reviewed_at),
                each.result, _moment(each.ended_at), each.code, self._free(each.reason),
                self._free(each.bank_reference),
            )  # fmt: skip

    def history(self) -> Iterator[Written]:
        """Who changed what when: a row for each field of each change, by table."""
        for table, model in sorted(kept_tables().items()):
            yield from self._history_of(table, model)

    def people(self) -> Iterator[Written]:
        """The personal data of each member, opened; only where it is asked for."""
        rows = Account.objects.using(self.using).filter(role="").select_related("person", "sponsor").order_by("id")
        for account in rows.iterator(_AT_ONCE):
            known = personal(account)
            yield tuple(known[name] for name in ("member", "phone", "name", "id_number", "bank", "bank_account"))

    def _history_of(self, table: str, model: type[Model]) -> Iterator[Written]:
        key = model.instance_type._meta.pk.attname  # type: ignore[attr-defined]
        hidden = frozenset() if self.personal else _FREE.get(table, frozenset())
        every = history_of(model, self.using)
        before = Window(Lag("history_id"), partition_by=F(key), order_by=F("history_id").asc())
        rows = list(every.order_by("history_id").annotate(before=before).values_list("history_id", "before"))
        for first in range(0, len(rows), _AT_ONCE):
            page = rows[first : first + _AT_ONCE]
            found = every.in_bulk({number for pair in page for number in pair if number is not None})
            for number, earlier in page:
                row: Any = found[number]
                if self._within(row.history_date):
                    then = {} if earlier is None else _said(found[earlier], hidden)
                    known = _moment(row.history_date), row.history_user_id, table, row_name(row)
                    for change in _changed(row, then, _said(row, hidden)):
                        yield *known, _KINDS[row.history_type], *change

    def _within(self, moment: datetime) -> bool:
        """Whether a moment is among the local days that were asked for."""
        if self.since is None and self.until is None:
            return True
        zone = shop_zone(models.Shop.objects.using(self.using).get().zone)
        day = moment.astimezone(zone).date().toordinal()
        return (self.since or 0) <= day and (self.until is None or day <= self.until)

    def _free(self, text: str) -> str:
        return text if self.personal else ""


def _found(when: str, day: str, plan: str, content: dict[str, Any]) -> Iterator[Written]:
    """The rows of one check."""
    waived, blocks = content.get("waived", ()), content.get("blocks")
    findings = content.pop("findings")
    yield when, day, plan, "", "", "", "", canonical_text(content)
    for each in findings:
        blocking = each["severity"] == "block" if blocks is None else each["id"] in blocks
        told = ["yes" if flag else "no" for flag in (blocking, each["id"] in waived)]
        yield when, day, plan, each["id"], each["severity"], *told, canonical_text(each)


def _changed(row: Any, then: dict[str, str], now: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """The fields that a change made other: before, and after; a row at least."""
    if row.history_type == "-":
        then, now = now, {}
    elif row.history_type == "+":
        then = {}
    differing = [name for name in (now or then) if then.get(name, "") != now.get(name, "")]
    for name in differing or [""]:
        yield name, then.get(name, ""), now.get(name, "")


def _said(row: Any, hidden: frozenset[str]) -> dict[str, str]:
    """What a row of history says, as texts; bytes are sealed, and stay unsaid."""
    said = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.name not in _AMONG and field.name not in hidden and not isinstance(value, bytes | memoryview):
            said[field.attname] = _text(value)
    return said


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _moment(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _moment(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


def _yuan(amount: int) -> str:
    return format_micros(amount, 2)
