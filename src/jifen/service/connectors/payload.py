"""Reading what others wrote: JSON of which nothing is believed before it has been looked at.

Numbers with a point stay the texts that they are, so that no amount is ever a float.
"""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from typing import Any

from jifen.core.micros import AMOUNT_MAX, parse_micros
from jifen.service.connectors.facts import Unusable

__all__ = [
    "amount_of", "check_shared_secret", "hmac_signed", "id_of", "in_range", "items_of", "loaded", "moment_of",
    "quantity_of", "sku_of", "stamp_of", "text_in",
]  # fmt: skip

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_SECRET_LEAST = 16
_SKU_MOST = 100
_QUANTITY_MOST = 1_000_000


def hmac_signed(body: bytes, secret: str, signature: str) -> bool:
    """Whether a signature is the HMAC of the body with SHA-256, as base64."""
    made = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return hmac.compare_digest(made, signature.encode("utf-8", "replace"))


def check_shared_secret(secret: str) -> None:
    """Refuse a secret that could be found by trying: ``Unusable`` (``bad_secret``)."""
    if len(secret) < _SECRET_LEAST:
        raise Unusable(f"a secret has at least {_SECRET_LEAST} characters", "bad_secret")


def loaded(body: bytes) -> dict[str, Any]:
    """The object of JSON that a body is."""
    try:
        found = json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise Unusable("the body is no JSON") from error
    if not isinstance(found, dict):
        raise Unusable("the body is no object")
    return found


def items_of(value: Any, of: str) -> list[dict[str, Any]]:
    """A list of objects; what is not there is empty."""
    found = [] if value is None else value
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Unusable(f"{of} is no list")
    return found


def amount_of(value: Any, of: str) -> int:
    """An amount in micro-units, from a text or a number as it was written."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unusable(f"{of} is no amount")
    try:
        amount = parse_micros(str(value))
    except ValueError as error:
        raise Unusable(f"{of} is no amount") from error
    return in_range(amount, of)


def in_range(amount: int, of: str) -> int:
    """An amount, if it is none that is too large for one event."""
    if abs(amount) > AMOUNT_MAX:
        raise Unusable(f"{of} is out of range")
    return amount


def id_of(value: Any, of: str) -> str:
    """A number or code of the foreign shop."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _ID.fullmatch(text):
        raise Unusable(f"{of} is no id")
    return text


def quantity_of(value: Any) -> int:
    """How many pieces."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _QUANTITY_MOST:
        raise Unusable("a quantity is no whole number")
    return value


def sku_of(value: Any) -> str | None:
    """The code of an article, if it is one that can be written down."""
    return value if isinstance(value, str) and 0 < len(value) <= _SKU_MOST and value.isprintable() else None


def text_in(items: list[dict[str, Any]], name: str | None, key: str) -> str | None:
    """The value of the field ``name`` in a list of fields, whose names stand under ``key``."""
    found = [item.get("value") for item in items if name is not None and item.get(key) == name]
    value = str(found[-1]).strip() if found and isinstance(found[-1], str | int) else ""
    return value if _ID.fullmatch(value) else None


def moment_of(value: Any) -> datetime | None:
    """A moment in ISO 8601; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def stamp_of(value: Any) -> str:
    """A moment as a text that can be compared with others; empty where there is none."""
    found = moment_of(value)
    return "" if found is None else found.isoformat(timespec="microseconds")
