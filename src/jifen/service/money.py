"""Money that a shop brings from outside: into its reserve, or into a pool. Each is an event through the inbox."""

import re

from jifen.core.errors import InputError, Problem
from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.engine.events import PoolDonated, ReserveToppedUp
from jifen.service.life import Deed, ask
from jifen.service.shop import open_day

__all__ = ["donate", "top_up"]

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,79}")


def top_up(amount: int, reference: str = "", *, using: str = "default", wait: float = 0.0) -> Deed:
    """Put money into the reserve, in micro-units; see ``donate`` for the reference."""
    day = open_day(using)
    key = f"top-up:{_checked(amount, reference) or f'{day}:{amount}'}"
    return ask(ReserveToppedUp(id=key, day=day, amount=amount), using, wait)


def donate(pool: str, amount: int, reference: str = "", *, using: str = "default", wait: float = 0.0) -> Deed:
    """Put money into a pool of the plan, in micro-units.

    ``reference`` is that of the bank's entry, say: the same one counts once, and is a ``conflict`` with another amount.
    Without one, the same amount counts once a day: to give it again is taken for a repeated command.
    """
    day = open_day(using)
    key = f"donate:{pool}:{_checked(amount, reference) or f'{day}:{amount}'}"
    return ask(PoolDonated(id=key, day=day, pool=pool, amount=amount), using, wait)


def _checked(amount: int, reference: str) -> str:
    """The reference, if both are well-formed. It stands in the log for good, so it is a code and no free text."""
    if not 0 < amount <= AMOUNT_MAX:
        raise InputError(Problem("bad_amount", "the amount is out of range", f"above 0, at most {AMOUNT_MAX // MICRO}"))
    if reference and not _REFERENCE.fullmatch(reference):
        message = "a reference is a code of letters, digits and . _ : / -, 80 at most"
        raise InputError(Problem("bad_reference", message, "write the number of the bank's entry"))
    return reference
