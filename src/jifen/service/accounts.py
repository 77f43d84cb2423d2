"""An account of the books as one number: its kind, the asset that it holds, and whose it is.

``(holder + 1) << 20 | asset << 4 | kind``: accounts of one member stand beside one another, and what a database must
know of an account to refuse wrong books, its kind and its asset, can be read off the number.

The reserve, pools, and what they owe are money whatever they pay it out as: each of these is one account, of asset 0.
A pool that gives coins has so much less, and could not be said to have enough if its coins were counted apart.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.core.errors import ensure
from jifen.ledger.journal import Account

__all__ = [
    "ASSET_BITS",
    "HOLDER_SHIFT",
    "KIND_BITS",
    "MONEY",
    "NEVER_ABOVE",
    "NEVER_BELOW",
    "account_of",
    "parts_of",
]

KIND_BITS, ASSET_BITS = 4, 16
HOLDER_SHIFT = KIND_BITS + ASSET_BITS

MONEY = (Account.RESERVE, Account.POOL, Account.RECEIVABLE)
"""Kinds that hold money, whatever they pay it out as."""
NEVER_BELOW = (Account.RESERVE, Account.POOL, Account.PENDING, Account.CLAIM)
"""Kinds whose balance is never below zero."""
NEVER_ABOVE = (Account.RECEIVABLE,)
"""And never above it: what a pool still owes."""

_HOLDERS = 1 << (62 - HOLDER_SHIFT)


def account_of(kind: Any, holder: Any, asset: Any) -> Any:
    """The number of an account, or of a column of them.

    >>> account_of(Account.WALLET, 17, 0), parts_of(account_of(Account.WALLET, 17, 0))
    (18874372, (4, 17, 0))
    >>> account_of(Account.POOL, 2, 1) == account_of(Account.POOL, 2, 0)
    True
    """
    for value, least, most in ((holder, -1, _HOLDERS), (asset, 0, 1 << ASSET_BITS)):
        column: npt.NDArray[Any] = np.asarray(value)
        within = not column.size or (int(column.min()) >= least and int(column.max()) < most)
        ensure(within, "an account is beyond what its number can say")
    in_assets = (kind < min(MONEY)) | (kind > max(MONEY))
    return ((holder + 1) << HOLDER_SHIFT) | (asset * in_assets << KIND_BITS) | kind


def parts_of(account: Any) -> tuple[Any, Any, Any]:
    """The kind, the holder and the asset of an account, or of a column of them."""
    kind, asset = account & ((1 << KIND_BITS) - 1), (account >> KIND_BITS) & ((1 << ASSET_BITS) - 1)
    return kind, (account >> HOLDER_SHIFT) - 1, asset
