"""The engine and the auditor side by side on one history: everything the two can be asked, compared event by event."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from jifen.engine import World, apply
from jifen.engine.events import Event, PlanActivated
from jifen.ledger.journal import NONE, Account, Journal
from jifen.plan import Plan
from jifen.plan.model import Curve, Lots, Money, Weight
from jifen.simulate.auditor import Auditor, Outcome

__all__ = ["differences", "state"]

ASSETS = ("cash", "coin", "voucher")


def differences(plan: Plan, events: Iterable[Event], *, receipts: bool = False) -> Iterator[str]:
    """Where the two part, event by event; a sound engine yields nothing."""
    world, auditor = World(plan, 0, receipts=receipts), Auditor(plan, receipts=receipts)
    for number, event in enumerate(events):
        outcome, journal = auditor.apply(event), apply(world, [event])
        if isinstance(event, PlanActivated) and outcome.refused is None:
            plan = event.plan
        rules = {rule.id for rule in plan.rules} | {"admin", "bank", "refund", "wind_up"}
        wanted = effects_of(outcome, rules) | state(auditor, plan, auditor.member_names)
        got = effects_of_journal(journal, rules) | state(world, plan, auditor.member_names)
        yield from (f"event {number} ({event.name} {event.id}): {key}: {wanted[key]} audited, {got[key]} by the engine"
                    for key in wanted if wanted[key] != got[key])  # fmt: skip


def state(shop: Any, plan: Plan, members: list[str]) -> dict[str, Any]:
    """Everything the two can be asked, by name."""
    found: dict[str, Any] = {"queue": list(shop.queue()), "reserve": shop.reserve, "open day": shop.open_day}
    found |= {"counter": shop.counter(), "issued": shop.issued()}
    for member in members:
        found |= {f"{member}: {asset}": shop.balance(member, asset) for asset in ASSETS}
        for query in ("rank", "performance", "referrer", "liability", "owed"):
            found[f"{member}: {query}"] = getattr(shop, query)(member)
    for name, store in plan.stores.items():
        if isinstance(store, Lots):
            found |= {f"{member}: {name}": list(shop.remaining(member, name)) for member in members}
        if isinstance(store, Weight):
            found |= {f"{member}: {name}": shop.weight(member, name) for member in members}
        if isinstance(store, Curve):
            found["price"] = Fraction(*shop.price())
            found["supply"] = shop.supply()
    return found | {name: (shop.pool(name), shop.pool_debt(name)) for name in pools_of(plan)}


def pools_of(plan: Plan) -> list[str]:
    names = []
    for name, store in plan.stores.items():
        if isinstance(store, Money) and store.each is not None:
            names += [row.name for row in plan.ranks[store.each].ladder]
        elif isinstance(store, Money | Curve):
            names.append(name)
    return names


def effects_of(outcome: Outcome, rules: set[str]) -> dict[str, Any]:
    paid = {key: amount for key, amount in outcome.paid.items() if key[1] in rules}
    return {"refused": outcome.refused, "paid": paid, "forfeited": outcome.forfeited, "by lot": outcome.by_lot}


def effects_of_journal(journal: Journal, rules: set[str]) -> dict[str, Any]:
    refused = journal.refusals[0].code if journal.refusals else "duplicate" if journal.duplicates else None
    paid = {
        (member, rule): amount
        for member, by_rule in journal.paid().items()
        for rule, amount in by_rule.items()
        if amount and rule in rules
    }
    forfeited = {member: points for member, points in journal.forfeited().items() if points}
    return {"refused": refused, "paid": paid, "forfeited": forfeited, "by lot": by_lot(journal)}


def by_lot(journal: Journal) -> dict[tuple[int, str], tuple[int, int]]:
    """By lot and rule: the points drained and the asset paid for them, of every transfer to or from a wallet."""
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for side, sign in (("to", 1), ("from", -1)):
        rows = journal.transfers[
            (journal.transfers["lot"] != NONE) & (journal.transfers[f"{side}_kind"] == Account.WALLET)
        ]
        for row in rows:
            key = (int(row["lot"]), journal.rules[int(row["rule"])])
            points, asset = found.get(key, (0, 0))
            found[key] = (points + int(row["drained"]), asset + sign * int(row["amount"]))
    return {key: both for key, both in found.items() if any(both)}
