"""Whom the bank pays: a name and an account, which the members' personal data has and a withdrawal keeps sealed."""

import json
from dataclasses import asdict, dataclass

from jifen.service.members.models import Account
from jifen.service.members.personal import ERASERS, personal
from jifen.service.vault import opened, sealed
from jifen.service.wallets.models import Withdrawal

__all__ = ["Payee", "payee_of", "read_payee", "sealed_payee"]

_AT_THE_BANK = ("sent", "paying")


@dataclass(frozen=True, slots=True)
class Payee:
    """A person at a bank."""

    name: str
    account: str
    bank: str = ""


def payee_of(member: str, using: str) -> Payee | None:
    """Whom the bank pays for a member; ``None`` if no account is known."""
    account = Account.objects.using(using).filter(code=member).first()
    found = {} if account is None else personal(account)
    if not found.get("name") or not found.get("bank_account"):
        return None
    return Payee(found["name"], found["bank_account"], found["bank"])


def sealed_payee(payee: Payee | None) -> bytes:
    """A payee as a withdrawal keeps it; empty for none."""
    return b"" if payee is None else sealed(json.dumps(asdict(payee), ensure_ascii=False))


def read_payee(token: bytes) -> Payee | None:
    """Open what ``sealed_payee`` made."""
    return Payee(**json.loads(opened(token))) if token else None


def _forget(member: str, using: str) -> None:
    """Forget whom the bank paid, or would pay. What is at the bank ends first: then it is forgotten too."""
    rows = Withdrawal.objects.using(using).filter(member=member).exclude(state__in=_AT_THE_BANK)
    rows.update(payee=b"", reason="")
    Withdrawal.history.using(using).filter(member=member).update(reason="")


ERASERS.append(_forget)
