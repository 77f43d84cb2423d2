"""What a shop says of itself for the rules, and what it asks of its members.

Seat, currency and the countries of members' telephone numbers are not said but derived: which laws apply is no choice.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jifen.assess.shop import Shop, read_shop
from jifen.core.errors import InputError, Problem
from jifen.core.micros import AMOUNT_MAX
from jifen.service.members.models import Account
from jifen.service.programs.models import Terms
from jifen.service.shop import shop_of

__all__ = ["DERIVED", "Asked", "asked_of_members", "facts_of", "is_storable", "set_asked", "set_facts", "shop_facts"]

DERIVED = ("seat", "currency", "phone_countries")
"""Facts of a shop file that nobody says here."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What members are asked for before an order; ``limit`` in micro-units, ``None`` where there is none."""

    acceptance: bool
    limit: int | None


def asked_of_members(using: str = "default") -> Asked:
    """What holds: in a live shop both, in a sandbox neither, unless the shop has said otherwise."""
    terms, live = _terms(using), shop_of(using).live
    limited = live if terms.limited is None else terms.limited
    return Asked(live if terms.acceptance is None else terms.acceptance, terms.limit if limited else None)


def set_asked(
    *, acceptance: bool | None = None, limited: bool | None = None, limit: int | None = None, using: str = "default"
) -> Asked:
    """Change what members are asked for; what is ``None`` stays. ``InputError`` for a limit out of range.

    A live shop always asks that the disclosure is accepted: ``InputError`` (``acceptance_needed``).
    """
    terms = _terms(using)
    if acceptance is False and shop_of(using).live:
        message = "members of a live shop accept the disclosure before their first order"
        raise InputError(Problem("acceptance_needed", message, "try it in a sandbox"))
    if limit is not None and not 0 < limit <= AMOUNT_MAX:
        raise InputError(Problem("bad_amount", "the limit is out of range", "write an amount above 0"))
    for name, value in (("acceptance", acceptance), ("limited", limited), ("limit", limit)):
        if value is not None:
            setattr(terms, name, value)
    terms.save(using=using)
    return asked_of_members(using)


def facts_of(using: str = "default") -> dict[str, Any]:
    """What the shop has said, by the keys of a shop file."""
    facts: dict[str, Any] = _terms(using).facts
    return facts


def set_facts(facts: Mapping[str, Any], *, using: str = "default") -> None:
    """Say what the shop is, all at once; ``InputError`` for what a shop file would be refused for."""
    for key in facts:
        if key in DERIVED:
            raise InputError(Problem("derived_fact", f"`{key}` is derived, not chosen", "leave it out", column=key))
    if not is_storable(facts):
        raise InputError(Problem("bad_text", "a text has characters that no database keeps", "leave them out"))
    shop = shop_of(using)
    _read(facts, shop.seat, shop.currency)
    terms = _terms(using)
    terms.facts = dict(facts)
    terms.save(using=using)


def is_storable(value: Any) -> bool:
    r"""Whether all texts in a value are such as both databases keep: no NUL, no half of a pair.

    >>> is_storable({"a": ["x", 1]}), is_storable({"a": "\x00"}), is_storable(["\ud800"])
    (True, False, False)
    """
    text = json.dumps(value, ensure_ascii=False, default=str)
    return "\\u0000" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def shop_facts(using: str = "default") -> Shop:
    """The shop as the rules see it: what it has said, and what is derived."""
    shop = shop_of(using)
    accounts = Account.objects.using(using).exclude(phone_country="")
    countries = sorted(accounts.values_list("phone_country", flat=True).distinct())
    return _read(facts_of(using), shop.seat, shop.currency, countries)


def _read(facts: Mapping[str, Any], seat: str, currency: str, countries: list[str] | None = None) -> Shop:
    derived = {"seat": seat, "currency": currency, "phone_countries": countries or []}
    return read_shop(json.dumps({**facts, **derived}, ensure_ascii=False))


def _terms(using: str) -> Terms:
    return Terms.objects.using(using).first() or Terms()
