"""What a message of a foreign shop says, in words of our own: an order was paid, a part of it given back, or cancelled.

These are values without a database: a connector reads them from a message, and ``course`` makes events of them.
Amounts are micro-units. Nothing here names a person: a customer is the foreign shop's number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from jifen.core.errors import Problem, UserError

__all__ = ["Cancelled", "Connector", "Fact", "Message", "Paid", "Part", "Reading", "Refunded", "Terms", "Unusable"]


class Unusable(UserError):
    """A message is genuine and cannot be used all the same."""

    def __init__(self, message: str, code: str = "bad_payload") -> None:
        """Say why; what was sent is not repeated."""
        super().__init__(Problem(code, message, "see what the foreign shop sends"))


class Terms(BaseModel):
    """What of an order counts, and for whom: the settings of a connection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tax: bool = Field(default=True, description="Whether taxes count")
    shipping: bool = Field(default=False, description="Whether shipping and fees count")
    guest: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$", max_length=64,
        description="The member for whom orders of guests count; without one they are set aside", examples=["house"],
    )  # fmt: skip
    sponsor_field: str | None = Field(
        default=None, min_length=1, max_length=64, examples=["invite_code"],
        description="The field of an order that says who brought the customer",
    )  # fmt: skip
    sponsor: Literal["invite", "customer"] = Field(
        default="invite", description="Whether that field has an invite code of ours, or a customer's number"
    )
    max_age_hours: int = Field(
        default=168, ge=1, le=8760, description="Older messages are refused, where they have a time"
    )


class Part(BaseModel):
    """A part of an order, or of what is given back: a line of goods, or with ``extra`` shipping or a fee."""

    model_config = ConfigDict(frozen=True)

    line: str
    net: int
    tax: int = 0
    extra: bool = False
    sku: str | None = None
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Paid:
    """An order is paid. ``whole`` is what the customer pays in all; ``customer`` is ``None`` for a guest.

    ``stamp`` is when the foreign shop says that this was so, in UTC, or empty; ``sponsor`` is what its field has.
    """

    order: str
    customer: str | None
    currency: str
    whole: int
    parts: tuple[Part, ...]
    stamp: str = ""
    sponsor: str | None = None
    test: bool = False


class Refunded(BaseModel):
    """Money is given back: ``amount`` of the whole, with ``parts`` where it is said for what.

    With ``in_all`` the amount is what has been given back in all up to now.
    """

    model_config = ConfigDict(frozen=True)

    order: str
    number: str
    currency: str
    amount: int
    parts: tuple[Part, ...] = ()
    in_all: bool = False


class Cancelled(BaseModel):
    """An order is cancelled: whatever is left of it counts no more."""

    model_config = ConfigDict(frozen=True)

    order: str
    stamp: str = ""


Fact = Paid | Refunded | Cancelled


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came: ``headers`` by their names in small letters, and the body, byte for byte."""

    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header, or an empty text."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message says of one order; without facts there is nothing in it for us."""

    topic: str
    order: str = ""
    facts: tuple[Fact, ...] = ()
    issued: datetime | None = None
    """When the foreign shop wrote it, where it says so."""


@dataclass(frozen=True, slots=True)
class Connector:
    """A kind of foreign shop: three functions without a database."""

    title: str
    signed: Callable[[Message, str], bool]
    """Whether the owner of this secret signed the message."""
    read: Callable[[Message, Terms], Reading]
    """Read a message that was signed; raises ``Unusable``."""
    check_secret: Callable[[str], None]
    """Raises ``Unusable`` (``bad_secret``) for a text that cannot be a secret of this kind."""
    greeting: Callable[[Message], bool] = lambda message: False
    """Whether it is no message, but the question whether somebody is there, which nobody signs."""
