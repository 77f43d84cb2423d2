"""Who may do what: rights, the roles of staff that have them, and the one who acts.

A scope of an API key is a right by its name. What belongs to a member, the member may see and ask for without a right.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["READING", "RIGHTS_OF", "Principal", "Right", "Role"]


class Right(StrEnum):
    """What one may be allowed to do."""

    EVENTS_WRITE = "events.write"
    """Send what happened in the shop: joins, orders, receipts, refunds, sales, tasks."""
    BOOKS_READ = "books.read"
    """Balances, statements, lots, explanations, runs, coverage, reports."""
    MEMBERS_READ = "members.read"
    """Members and their network, masked."""
    MEMBERS_WRITE = "members.write"
    """Register members, lock their accounts, note what they accepted."""
    PERSONAL_READ = "personal.read"
    """Personal data in full: numbers, names, accounts at banks."""
    PERSONAL_ERASE = "personal.erase"
    """Erase the personal data of one member."""
    WITHDRAWALS_REVIEW = "withdrawals.review"
    WITHDRAWALS_PAY = "withdrawals.pay"
    """Export batches for the bank and take in its results."""
    PLANS_READ = "plans.read"
    PLANS_WRITE = "plans.write"
    """Draft, check, publish, activate, pause and preview plans."""
    PLANS_WAIVE = "plans.waive"
    """Waive a finding, as one of two."""
    DESK_WRITE = "desk.write"
    """Adjust points, move members, set ranks, book debts; above the limit it waits for a second person."""
    RESERVE_WRITE = "reserve.write"
    """Top up the reserve and pools."""
    APPROVE = "approve"
    """Be the second person."""
    STAFF_MANAGE = "staff.manage"
    """Staff, roles and API keys."""
    CONNECT = "connect"
    """Webhooks and connectors."""
    IMPORT = "import"
    EXPORT = "export"
    HISTORY_READ = "history.read"


class Role(StrEnum):
    """What a member of the staff is."""

    OWNER = "owner"
    FINANCE = "finance"
    OPERATIONS = "operations"
    SERVICE = "service"
    AUDITOR = "auditor"


READING = frozenset({Right.BOOKS_READ, Right.MEMBERS_READ, Right.PLANS_READ, Right.HISTORY_READ})
"""Rights that change nothing and show nobody's personal data."""

RIGHTS_OF: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.FINANCE: READING
    | {Right.WITHDRAWALS_REVIEW, Right.WITHDRAWALS_PAY, Right.RESERVE_WRITE, Right.APPROVE, Right.PERSONAL_READ}
    | {Right.EXPORT},
    Role.OPERATIONS: READING
    | {Right.EVENTS_WRITE, Right.MEMBERS_WRITE, Right.PLANS_WRITE, Right.DESK_WRITE, Right.CONNECT, Right.IMPORT},
    Role.SERVICE: frozenset({Right.BOOKS_READ, Right.MEMBERS_READ, Right.MEMBERS_WRITE, Right.PLANS_READ}),
    Role.AUDITOR: READING | {Right.EXPORT},
}
"""What each role may do."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The one who acts: a member, somebody of the staff, or a key."""

    kind: Literal["member", "staff", "key"]
    name: str
    """The member's id, the id of the account, or that of the key: never personal data."""
    rights: frozenset[Right] = frozenset()

    def __str__(self) -> str:
        """As history has it: ``staff:7f3k``."""
        return f"{self.kind}:{self.name}"

    def may(self, right: Right) -> bool:
        """Whether a right is had."""
        return right in self.rights

    def is_member(self, member: str) -> bool:
        """Whether it is this member who acts."""
        return self.kind == "member" and self.name == member
