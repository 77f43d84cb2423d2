"""What a user writes as ``--set key=value``: values are YAML, as in a plan file."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

import typer

from jifen.core.errors import InputError, Problem, UserError

__all__ = ["SetOption", "parted", "read_date", "read_settings"]

SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another value for a parameter; may repeat.")
]


def read_settings(settings: Iterable[str]) -> dict[str, Any]:
    """Read ``key=value`` pairs; the values are YAML scalars, lists or tables, and no number becomes a float.

    >>> read_settings(["daily_rate=1.5%", "generations=[20%, 10%]"])
    {'daily_rate': '1.5%', 'generations': ['20%', '10%']}
    """
    from jifen.plan.document import read_text

    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for setting in settings:
        key, separator, text = setting.partition("=")
        if not separator or not key.strip():
            problems.append(Problem("bad_option", f"{setting!r} is not key=value", "write --set key=value", "--set"))
            continue
        try:
            values[key.strip()] = read_text(text, f"--set {key.strip()}")
        except UserError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return values


def parted(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was set of a plan, and what of a scenario (``joining.a_day``, ``days``)."""
    from jifen.simulate.scenario import scenario_keys

    of_scenario = {key: value for key, value in values.items() if "." in key or key in scenario_keys()}
    return {key: value for key, value in values.items() if key not in of_scenario}, of_scenario


def read_date(text: str | None, option: str) -> date | None:
    """Read a date given as an option."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        remedy = "write it as 2026-03-31"
        raise InputError(Problem("bad_option", f"{text!r} is not a date", remedy, option)) from error
