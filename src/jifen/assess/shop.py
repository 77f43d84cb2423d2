"""What a shop says of itself: ``shop.yaml``, the facts that no plan can know.

::

    seat: CN                      # where the shop is registered
    currency: CNY
    phone_countries: [CN, HK]     # of its members' telephone numbers
    cost: 20%                     # of goods, of the price
    merchants: 1
    coin_purchasable: false
    holds_merchant_funds: false
    texts: {front page: 买一送一, push: …}

A fact that is left out is not known, and a rule that hangs on it is not decided. ``docs/compliance.md`` lists them all.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from jifen.core.errors import InputError, PlanError, Problem
from jifen.core.micros import MICRO
from jifen.plan.document import FILE_BYTES_MAX, Block, Items, Place, Problems, Trail, locate, read_text, write_path
from jifen.plan.values import (
    BadValueError,
    did_you_mean,
    read_count,
    read_flag,
    read_option,
    read_ratio,
    read_yuan,
    shown,
)

__all__ = ["COST_ASSUMED", "FACTS", "SAFEGUARDS", "Fact", "Shop", "load_shop", "read_shop"]

COST_ASSUMED = Fraction(20, 100)
"""The cost of goods, of the price, where a shop does not say it."""
SAFEGUARDS = ("buy_back", "resale_rule", "retail_rule")
"""Unsold goods are taken back; no new order before 70 % is resold; rewards only for who sells to retail customers."""

Fact = bool | int | Fraction
"""Yes or no, a count, a share or an amount of yuan."""

_COUNT_MAX = 10**9
_YUAN_MAX = 10**12


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop's facts; what is not known is ``None`` or left out. ``facts``: those of ``FACTS`` that are one value."""

    seat: str = ""
    currency: str = ""
    phone_countries: tuple[str, ...] = ()
    cost: Fraction | None = None
    safeguards: tuple[str, ...] = ()
    texts: Mapping[str, str] | None = None
    """Every page and push message by its name."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    file: str = ""


def load_shop(path: Path) -> Shop:
    """Read a shop file; ``InputError`` with all that is wrong with it."""
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no file"
        problem = Problem("unreadable", f"the shop file cannot be read: {reason}", "give its path", str(path))
        raise InputError(problem) from error
    return read_shop(data, str(path))


def read_shop(text: str | bytes, file: str = "") -> Shop:
    """Read a shop from text; ``InputError`` with all that is wrong with it.

    >>> read_shop("{seat: CN, currency: CNY, cost: 35%, merchants: 2}").facts["merchants"]
    2
    """
    problems = Problems()
    try:
        document = read_text(text, file)
        if not isinstance(document, Block):
            remedy = "write `seat: CN`, `currency: CNY` and what else is known"
            place = getattr(document, "place", Place(file, 1))
            problems.add("wrong_type", "a shop file is a mapping", remedy, place)
            problems.raise_any()
        shop = _Reader(document, problems).shop(file)
        problems.raise_any()
    except PlanError as error:
        raise InputError(error.problems, error.more) from None
    return shop


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the values of a shop file and notes what is wrong with them."""

    document: Block
    problems: Problems

    def shop(self, file: str) -> Shop:
        for key in ("seat", "currency"):
            if key not in self.document:
                self.refuse((key,), "missing_key", f"the key `{key}` is missing", f"write `{key}: …`")
        for key in self.document:
            if key not in FACTS:
                self.refuse((key,), "unknown_key", f"the key `{key}` is not known here", did_you_mean(key, FACTS))
        given = {key: self.one((key,), read) for key, read in _ONE.items() if key in self.document}
        lists = {key: self.many(key, read) for key, read in _MANY.items() if key in self.document}
        facts = {key: value for key, value in given.items() if key not in ("seat", "currency", "cost")}
        return Shop(
            seat=given.get("seat", ""),
            currency=given.get("currency", ""),
            phone_countries=tuple(lists.get("phone_countries", {}).values()),
            cost=given.get("cost"),
            safeguards=tuple(lists.get("safeguards", {}).values()),
            texts=lists.get("texts"),
            facts=facts,
            file=file,
        )

    def one(self, trail: Trail, read: Callable[[Any], Any]) -> Any:
        """The value at a trail, ``None`` after noting what is wrong with it."""
        value: Any = self.document
        for part in trail:
            value = value[part]
        try:
            return read(value)
        except BadValueError as error:
            self.refuse(trail, error.code, error.message, error.remedy)
        return None

    def many(self, key: str, read: Callable[[Any], Any]) -> dict[str, Any]:
        """The values of a list by number, or (texts) of a mapping by name."""
        value = self.document[key]
        places: Iterable[Any] = ()
        if isinstance(value, Items):
            places = range(len(value))
        elif isinstance(value, Block) and key == "texts":
            places = value
        else:
            self.refuse((key,), "wrong_type", f"{shown(value)} is not a list", f"write `{key}: [ … ]`")
        return {str(place): self.one((key, place), read) for place in places}

    def refuse(self, trail: Trail, code: str, message: str, remedy: str) -> None:
        self.problems.add(code, message, remedy, locate(self.document, trail), write_path(trail))


# -- values ---------------------------------------------------------------------------------------------------------


def _code(value: object, letters: int, example: str) -> str:
    if isinstance(value, str) and re.fullmatch(rf"[A-Z]{{{letters}}}", value, re.ASCII):
        return value
    raise BadValueError("wrong_type", f"{shown(value)} is no code of {letters} letters", f"write it as {example}")


def _country(value: object) -> str:
    return _code(value, 2, "CN")


def _currency(value: object) -> str:
    return _code(value, 3, "CNY")


def _bounded(value: int, most: int, scale: int = 1) -> int:
    if not 0 <= value <= most * scale:
        raise BadValueError("out_of_bounds", "the number is out of bounds", f"write one from 0 to {most}")
    return value


def _share(value: object) -> Fraction:
    return Fraction(_bounded(read_ratio(value), 1, MICRO), MICRO)


def _ratio(value: object) -> Fraction:
    return Fraction(_bounded(read_ratio(value), 1000, MICRO), MICRO)


def _yuan(value: object) -> Fraction:
    return Fraction(_bounded(read_yuan(value), _YUAN_MAX, MICRO), MICRO)


def _count(value: object) -> int:
    return _bounded(read_count(value), _COUNT_MAX)


def _safeguard(value: object) -> str:
    return read_option(value, SAFEGUARDS)


def _page(value: object) -> str:
    if isinstance(value, str):
        return value
    raise BadValueError("wrong_type", f"{shown(value)} is no text", "write the text in quotes")


_ONE: Mapping[str, Callable[[Any], Any]] = {
    "seat": _country,
    "currency": _currency,
    "cost": _share,
    "merchants": _count,
    "coin_purchasable": read_flag,
    "coin_years": _count,
    "holds_merchant_funds": read_flag,
    "licensed_direct_seller": read_flag,
    "return_waived": read_flag,
    "random_reward": _yuan,
    "price_to_market": _ratio,
    "names_shown": read_flag,
    "adults_only": read_flag,
    "sanctioned": read_flag,
    "exchange_hook": read_flag,
    "typical_results": read_flag,
}
_MANY: Mapping[str, Callable[[Any], Any]] = {"phone_countries": _country, "safeguards": _safeguard, "texts": _page}

FACTS = (*_ONE, *_MANY)
"""The keys of a shop file."""
