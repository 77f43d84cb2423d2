"""What a question about a plan takes for granted: what goods cost, how large orders are, which language is spoken."""

from fractions import Fraction
from typing import Annotated, Literal

import typer

from jifen.core.errors import InputError, Problem
from jifen.core.micros import AMOUNT_MAX, MICRO, format_micros, parse_micros, parse_rate

__all__ = ["COST_USUAL", "CostOption", "LanguageOption", "OrderOption", "read_cost", "read_order"]

COST_USUAL = "20%"
"""What goods cost where nothing is said, as in the worked figures of the documentation."""

CostOption = Annotated[str, typer.Option("--cost", metavar="SHARE", help="Cost of goods, as a share of sales.")]
OrderOption = Annotated[
    str | None, typer.Option("--order", metavar="YUAN", help="The amount of every order; else each tier is tried.")
]
LanguageOption = Annotated[Literal["en", "zh"], typer.Option("--lang", help="The language of the answer.")]


def read_cost(text: str) -> Fraction:
    """Read the cost of goods as an exact share of sales.

    >>> read_cost("20%")
    Fraction(1, 5)
    """
    try:
        cost = parse_rate(text)
    except ValueError as error:
        raise _bad(text, "no share", "write it as 20%", "--cost") from error
    if not 0 <= cost <= MICRO:
        raise _bad(text, "no share between 0% and 100%", "write it as 20%", "--cost")
    return Fraction(cost, MICRO)


def read_order(text: str | None) -> int | None:
    """Read the amount of an order, in micro-units."""
    if text is None:
        return None
    try:
        order = parse_micros(text, decimals=2)
    except ValueError as error:
        raise _bad(text, "no amount in yuan", "write it as 1000 or 99.50", "--order") from error
    if not 0 < order <= AMOUNT_MAX:
        most = format_micros(AMOUNT_MAX, 0)
        raise _bad(text, "no amount of an order", f"write an amount above 0, at most {most}", "--order")
    return order


def _bad(text: str, what: str, remedy: str, option: str) -> InputError:
    return InputError(Problem("bad_option", f"{text[:40]!r} is {what}", remedy, column=option))
