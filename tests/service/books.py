"""The books of a shop held against the auditor, which is another engine, written apart and slow."""

from collections.abc import Iterator
from typing import Any

from tests.simulate.side_by_side import state

from jifen.batch.event_text import parse_event
from jifen.engine.events import DayClosed, Event, PlanActivated
from jifen.ledger.journal import Account
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.accounts import parts_of
from jifen.service.content import closing_id, with_day
from jifen.service.recovery import recover
from jifen.simulate.auditor import Auditor

__all__ = ["events_of", "independent"]


def events_of(using: str) -> list[Event]:
    """The events of the log, in order."""
    log = models.Event.objects.using(using).order_by("number").values_list("content", flat=True)
    return [parse_event(content) for content in log]


def independent(using: str) -> Auditor:
    """Let the auditor decide every line of the inbox anew; then it has what the books of the database have.

    ``AssertionError`` where it decides otherwise, or has another figure.
    """
    shop = models.Shop.objects.using(using).select_related("plan").get()
    plan = parse_plan(shop.plan.content, using)
    auditor = Auditor(plan, shop.first_day, receipts=shop.receipts)
    decided = models.Inbox.objects.using(using).filter(batch__isnull=False).order_by("id")
    for key, content, code in decided.values_list("key", "content", "code"):
        event = parse_event(with_day(content, auditor.open_day))
        late = isinstance(event, DayClosed) and key != closing_id(auditor.open_day)
        says = "out_of_order" if late else auditor.apply(event).refused
        assert (says or "") == code, f"{key}: {says or 'accepted'} audited, {code or 'accepted'} in the database"
        if isinstance(event, PlanActivated) and not code:
            plan = event.plan
    world = recover(using)[0]
    _same("figures", state(auditor, plan, auditor.member_names), state(world, plan, auditor.member_names))
    _same("balances", dict(_audited(auditor, world)), dict(_booked(using, world)))
    return auditor


def _audited(auditor: Auditor, world: Any) -> Iterator[tuple[tuple[str, str], int]]:
    for member, account in auditor.books.members.items():
        for asset in world.assets.names:
            amount = account.assets.get(asset, 0)
            if amount:
                yield (member, asset), amount


def _booked(using: str, world: Any) -> Iterator[tuple[tuple[str, str], int]]:
    """What the database has in each wallet."""
    for number, amount in models.Balance.objects.using(using).values_list("account", "amount"):
        kind, holder, asset = parts_of(number)
        if kind == Account.WALLET and amount:
            yield (world.member_names[holder], world.assets.names[asset]), amount


def _same(what: str, audited: dict[Any, Any], found: dict[Any, Any]) -> None:
    for key in audited | found:
        one, other = audited.get(key), found.get(key)
        assert one == other, f"{what}, {key}: {one} audited, {other} in the database"
