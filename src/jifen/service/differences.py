"""What an audit finds, in words that whoever keeps the shop understands: which line, whose account, how much."""

from jifen.batch.audit import Difference
from jifen.core.micros import format_micros
from jifen.ledger.chain import NAME_TABLES
from jifen.ledger.journal import Account
from jifen.service import models
from jifen.service.accounts import parts_of

__all__ = ["in_words"]

_PLACES = {
    "transfers": "line {row} of what batch {batch} wrote into the books",
    "segment": "line {row} of the journal of the close in batch {batch}",
    "names": "name {row} of those that batch {batch} brought",
    "events": "the events of batch {batch}",
    "batches": "the seal of batch {batch}",
    "runs": "the run of the close in batch {batch}",
    "inbox": "line {row} of what the inbox says was accepted",
}
_HELD_BY = {
    Account.POOL: "pool", Account.RECEIVABLE: "pool", Account.WALLET: "member", Account.PENDING: "member",
    Account.CLAIM: "member", Account.ISSUER: "store", Account.WEIGHT: "member",
}  # fmt: skip
"""By kind of account the table of names that its holder is in; the others have none."""


def in_words(difference: Difference, using: str = "default") -> str:
    """Say a difference that an audit of a live shop has found as one sentence; lines count from 0."""
    amounts = difference.where == "balances" or difference.field in ("amount", "drained")
    expected, got = (_amount(text) if amounts else text for text in (difference.expected, difference.got))
    if difference.where == "balances":
        place = f"the balance of {_account(difference.row, using)}"
        return f"{place} is {got}, and its transfers add up to {expected}"
    place = _PLACES.get(difference.where, difference.where).format(row=difference.row, batch=difference.batch)
    return f"{place}: {difference.field} is {got}, and from the events follows {expected}"


def _amount(text: str) -> str:
    return format_micros(int(text), 2) if text.lstrip("-").isdecimal() else "not there"


def _account(account: int, using: str) -> str:
    """Name an account as far as the database has names for it."""
    kind, holder, asset = (int(part) for part in parts_of(account))
    held_by = _HELD_BY.get(Account(kind)) if kind in set(Account) else None
    whose = f" of {held_by} {_name(held_by, holder, using)}" if held_by and holder >= 0 else ""
    told = Account(kind).name.lower() if kind in set(Account) else f"kind {kind}"
    return f"the {told}{whose} in {_name('asset', asset, using)}"


def _name(table: str, number: int, using: str) -> str:
    names = models.Name.objects.using(using).filter(kind=NAME_TABLES.index(table), number=number)
    return names.values_list("name", flat=True).first() or f"number {number}"
