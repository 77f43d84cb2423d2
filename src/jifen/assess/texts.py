"""Sentences with numbers in them, in English and Chinese: a name and its numbers; the words stand in YAML files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from ruamel.yaml import YAML

from jifen.core.micros import MICRO

__all__ = ["LANGUAGES", "Number", "Statement", "decimal_text", "plain_numbers", "say", "texts"]

LANGUAGES = ("en", "zh")
Number = Fraction | float | int | str
"""An amount (micro-units), a share, a count, or a word that stands in the texts under ``words``."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of a file of texts, by its name, with its numbers."""

    name: str
    numbers: Mapping[str, Number] = field(default_factory=dict)


@cache
def texts(file: str, package: str = "jifen.assess") -> Mapping[str, Any]:
    """Return a file of texts of a package, if no other is named of this one; each text by name and language."""
    read: Mapping[str, Any] = YAML(typ="safe", pure=True).load(
        files(package).joinpath(file).read_text(encoding="utf-8")
    )
    return read


def say(file: str, statement: Statement, language: str) -> str:
    """Write a statement in a language.

    In a text ``{has:yuan}`` is an amount, ``{share:percent}`` a share, ``{growth:rate}`` a small one, ``{day}`` a
    count, ``{times:number}`` another number, ``{event:word}`` a word and ``{name:text}`` a name as it is; numbers are
    rounded here and nowhere else.

    >>> say("claim_answers.yaml", Statement("until", {"times": Fraction(6, 5), "days": 100}), "en")
    'It ends when 120 % of the price has come back, after 100 days.'
    """
    known = texts(file)
    return _Writer(known.get("words", {}), language).vformat(
        known["statements"][statement.name][language], (), statement.numbers
    )


class _Writer(Formatter):
    """Writes numbers as people read them."""

    def __init__(self, words: Mapping[str, Mapping[str, str]], language: str) -> None:
        self.words, self.language = words, language

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "word":
            return self.words[value][self.language]
        if format_spec == "text":
            return str(value)
        number = Fraction(value)
        match format_spec:
            case "yuan":
                return _decimal(number / MICRO, 2, fixed=number % MICRO != 0)
            case "percent":
                return f"{_decimal(number * 100, 2)} %"
            case "rate":
                return f"{_decimal(number * 100, 4)} %"
            case "number":
                return _decimal(number, 4)
        return f"{int(number):,}"


def _decimal(number: Fraction, places: int, *, fixed: bool = False) -> str:
    """Round half up, and leave out zeros at the end unless the places are fixed."""
    scaled = abs(number) * 10**places + Fraction(1, 2)
    whole, part = divmod(scaled.numerator // scaled.denominator, 10**places)
    digits = f"{part:0{places}d}"
    digits = digits if fixed else digits.rstrip("0")
    sign = "−" if number < 0 and (whole or part) else ""
    return f"{sign}{whole:,}" + (f".{digits}" if digits else "")


def decimal_text(number: Fraction | float) -> str:
    """Write a number with up to six decimals, rounded half up, without signs of grouping.

    >>> decimal_text(Fraction(2, 3)), decimal_text(Fraction(1, 5))
    ('0.666667', '0.2')
    """
    return _decimal(Fraction(number), 6).replace(",", "").replace("−", "-")


def plain_numbers(file: str, statement: Statement) -> dict[str, str | int]:
    """Return the numbers of a statement as values JSON can hold: amounts in yuan and shares as decimal strings."""
    template = texts(file)["statements"][statement.name][LANGUAGES[0]]
    specs = {name: spec for _, name, spec, _ in Formatter().parse(template) if name}
    return {name: _plain(number, specs.get(name)) for name, number in statement.numbers.items() if name in specs}


def _plain(number: Number, spec: str | None) -> str | int:
    if isinstance(number, str):
        return number
    if spec == "yuan":
        return decimal_text(Fraction(number) / MICRO)
    return decimal_text(Fraction(number)) if spec in ("percent", "rate", "number") else int(number)
