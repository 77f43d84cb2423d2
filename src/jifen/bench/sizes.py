"""What a bench is asked to measure: how large a world of which plan, within what a machine can hold."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from jifen.core.errors import InputError, Problem

__all__ = ["MOST_LOTS", "MOST_MEMBERS", "MOST_ROWS", "SHAPES", "Shape", "Size", "check_between", "standard"]

Shape = Literal["tree", "chain", "star"]
"""A random referral forest, everyone below the one before him, or everyone below the first."""

SHAPES: tuple[str, ...] = get_args(Shape)
MOST_MEMBERS = 20_000_000
MOST_LOTS = 100_000_000
MOST_ROWS = 50_000_000
"""Of orders, of a file: more than this does not fit on the machines this is made for."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a world is. ``lots`` are open lots of all stores together; ``seed`` makes another world as large."""

    members: int
    lots: int
    shape: Shape = "tree"
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be measured: an ``InputError`` that says what can."""
        check_between("--members", self.members, 2, MOST_MEMBERS)
        check_between("--lots", self.lots, 1, MOST_LOTS)
        if self.shape not in SHAPES:
            problem = Problem(
                "bad_option", f"there is no shape {self.shape!r}", f"write {' or '.join(SHAPES)}", "--shape"
            )
            raise InputError(problem)


def check_between(option: str, value: int, least: int, most: int) -> None:
    """Refuse a number that an option does not take."""
    if not least <= value <= most:
        message = f"{value:,} is not between {least:,} and {most:,}"
        raise InputError(Problem("bench_limit", message, "ask for a number between these", option))


@cache
def standard() -> dict[str, Any]:
    """What is measured if nothing else is asked for: ``preset``, and the shares in ppm of ranks that are appointed."""
    document: dict[str, Any] = json.loads(files("jifen.bench").joinpath("standard.json").read_text(encoding="utf-8"))
    return document
