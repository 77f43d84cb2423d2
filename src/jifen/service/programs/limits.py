"""What members have spent in a plan through the door, and how much of their limit that leaves.

An order counts from the moment when it stands in the inbox, unless it is refused there; a refund gives back when it has
been accepted. So nobody is ever above the limit, however many orders arrive at once.
"""

from collections.abc import Collection, Iterable

from django.db import connections

from jifen.engine.events import OrderPaid, OrderRefunded
from jifen.service.programs.models import Spending

__all__ = ["Spent", "lock_members", "note_orders", "note_refunds", "spent_of", "standing_keys"]

_SPENT = """
    SELECT spending.member, SUM(spending.amount) FROM spending
    JOIN inbox ON inbox.key = spending.event AND inbox.code = ''
    WHERE spending.plan = %s AND spending.member IN ({members})
    AND (spending.amount > 0 OR inbox.event IS NOT NULL) GROUP BY spending.member
"""
_STANDING = "SELECT key FROM inbox WHERE code = '' AND key IN ({keys})"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('jifen spending ' || %s))"
_AT_ONCE = 500

Spent = dict[str, int]
"""By member, in micro-units."""


def lock_members(members: Collection[str], using: str) -> None:
    """Let nobody else count these members' orders until the transaction ends; one of SQLite is alone anyway."""
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            for member in sorted(members):
                cursor.execute(_LOCK, [member])


def spent_of(members: Collection[str], plan: str, using: str = "default") -> Spent:
    """What members have spent in a plan, less refunds."""
    found = dict.fromkeys(members, 0)
    for some in _parts(list(members)):
        with connections[using].cursor() as cursor:
            cursor.execute(_SPENT.format(members=", ".join(["%s"] * len(some))), [plan, *some])
            found |= {member: int(amount) for member, amount in cursor.fetchall()}
    return found


def standing_keys(keys: Iterable[str], using: str) -> set[str]:
    """Which of these keys the inbox has, waiting or accepted."""
    found: set[str] = set()
    for some in _parts(list(keys)):
        with connections[using].cursor() as cursor:
            cursor.execute(_STANDING.format(keys=", ".join(["%s"] * len(some))), some)
            found |= {key for (key,) in cursor.fetchall()}
    return found


def note_orders(orders: Iterable[OrderPaid], plan: str, using: str) -> None:
    """Count orders; one that was refused before and comes again is counted as it is now."""
    rows = [Spending(event=each.id, member=each.member, plan=plan, amount=each.amount) for each in orders]
    Spending.objects.using(using).bulk_create(
        rows, update_conflicts=True, unique_fields=["event"], update_fields=["member", "plan", "amount"]
    )


def note_refunds(refunds: Iterable[OrderRefunded], using: str) -> None:
    """Count refunds of orders that have been counted, in the plan in which they were."""
    given = {each.id: each for each in refunds}
    orders = Spending.objects.using(using).in_bulk({each.order for each in given.values()})
    rows = [
        Spending(event=key, member=orders[each.order].member, plan=orders[each.order].plan, amount=-each.amount)
        for key, each in given.items()
        if each.order in orders
    ]
    Spending.objects.using(using).bulk_create(
        rows, update_conflicts=True, unique_fields=["event"], update_fields=["member", "plan", "amount"]
    )


def _parts(values: list[str]) -> Iterable[list[str]]:
    return (values[first : first + _AT_ONCE] for first in range(0, len(values), _AT_ONCE))
