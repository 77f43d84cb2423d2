"""How an account becomes a member in the log."""

from jifen.engine.events import MemberJoined
from jifen.service.door import enter
from jifen.service.inbox import Result
from jifen.service.members.models import Account

__all__ = ["join"]


def join(account: Account, *, using: str = "default", wait: float = 0.0) -> Result | None:
    """Let a member join the log, below the sponsor; once, however often it is asked. Staff do not join."""
    if account.role:
        return None
    referrer = account.sponsor.code if account.sponsor else None
    event = MemberJoined(id=f"join:{account.code}", day=0, member=account.code, referrer=referrer)
    return enter([event], using=using, wait=wait)[0]
