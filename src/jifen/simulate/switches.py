"""Random values for a plan's parameters, chosen by the type and bounds the dictionary gives them.

No parameter is named here: whatever a plan declares can be drawn, and a draw the plan refuses is drawn again.
"""

from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from jifen.core.errors import PlanError
from jifen.core.micros import MICRO, format_micros, format_rate
from jifen.plan import Plan, load_plan, revise
from jifen.plan.model import Row, Share
from jifen.plan.parameters import NAME_COLUMNS, REGION_LEVELS, Parameter

__all__ = ["CATALOGUE", "PRODUCTS", "random_plan", "random_revision"]

PRODUCTS = ("s1", "s2", "s3")
"""Product codes of random orders, and of random lists of products."""
CATALOGUE = {"sku": PRODUCTS, "category": ("c1", "c2"), "merchant": ("m1", "m2"), "zone": ("z1", "z2")}
"""What random order lines may say of themselves, and random overrides ask of them."""

_RATES = (0, 1, 12_000, 12_345, 50_000, 200_000, 250_000, 300_000, 333_333, 500_000, 700_000, MICRO)
_RATIOS = (10_000, 300_000, 500_000, 370_000, MICRO, 1_200_000, 2_000_000, 3_333_333, 10_000_000)
_DAYS = (0, 1, 2, 3, 5)
_COUNTS = (0, 1, 2, 3)
_STEPS = (500, 1000, 1500, 3000, 7000, 12_000, 30_000)
"""Thresholds of random tables, in units; random orders are of this size."""
_YUAN = tuple(step * MICRO for step in (70, 100, 333, 500, 1000, 2000, 3000))
_NUMBERS = {
    "rate": _RATES, "rates": _RATES, "regions": _RATES, "ratio": _RATIOS, "days": _DAYS, "count": _COUNTS,
    "yuan": _YUAN,
}  # fmt: skip
_DRAWN = {"rate": _RATES[2:-1], "ratio": _RATIOS[3:], "yuan": (MICRO, 7 * MICRO, *_YUAN)}
"""What the columns of random tables are drawn from."""
_ATTEMPTS = 200
_OVERRIDES = "overrides"


def random_plan(random: Random, plan: Plan | str | Path) -> Plan:
    """Return a plan with about half of its parameters drawn at random; the others stay."""
    base = plan if isinstance(plan, Plan) else load_plan(plan)
    return _draw_until_valid(random, base, [name for name in _drawable(base) if random.random() < 0.5])


def random_revision(random: Random, plan: Plan) -> Plan:
    """Return a new version of a plan with one to three parameters drawn at random."""
    names = _drawable(plan)
    return _draw_until_valid(random, plan, random.sample(names, random.randint(1, 3)))


def _draw_until_valid(random: Random, plan: Plan, names: Iterable[str]) -> Plan:
    """Draw values until the plan accepts them, leaving out more of them with each refusal."""
    chosen = list(names)
    for _ in range(_ATTEMPTS):
        drawn = {name: _drawn(random, plan, name) for name in chosen}
        try:
            revised = revise(plan, drawn)
        except PlanError:
            revised = None
        if revised is not None and _can_run(revised):
            return revised
        chosen = [name for name in chosen if random.random() < 0.9]
    return plan


def _can_run(plan: Plan) -> bool:
    """Whether rates differ by line only where a line can tell its part: in shares of the order's amount."""
    shares = (rule.amount for rule in plan.rules if isinstance(rule.amount, Share) and not rule.off)
    return all(share.of == "trigger_amount" or not share.overrides for share in shares)


def _drawable(plan: Plan) -> list[str]:
    """Return the names of what may be drawn: all parameters, and the overrides by line if the plan can have any."""
    return [*plan.params, *([_OVERRIDES] if _shared_by_line(plan) else [])]


def _shared_by_line(plan: Plan) -> list[str]:
    """Return the rates and ratios that are shares of an order's amount, so that they may differ by line."""
    written = plan.origin.draft.root["rules"]
    parameters = plan.origin.draft.definitions
    names = [
        str(source["amount"]["share"]).removeprefix("$")
        for rule, source in zip(plan.rules, written, strict=True)
        if isinstance(rule.amount, Share) and rule.amount.of == "trigger_amount"
    ]
    return [name for name in names if name in parameters and parameters[name].type in ("rate", "ratio")]


def _drawn(random: Random, plan: Plan, name: str) -> Any:
    parameters = plan.origin.draft.definitions
    if name != _OVERRIDES:
        return _value(random, parameters[name], plan.params[name])
    asked = [(key, equals) for key, values in CATALOGUE.items() for equals in values]
    overrides = []
    for key, equals in random.sample(asked, random.randint(0, 3)):
        names = [shared for shared in _shared_by_line(plan) if random.random() < 0.6]
        rates = {shared: _value(random, parameters[shared], plan.params[shared]) for shared in names}
        overrides.append({"where": {key: equals}, **rates})
    return overrides


def _value(random: Random, parameter: Parameter, now: Any) -> Any:
    """Draw one value, as YAML writes it."""
    if parameter.optional and random.random() < 0.3:
        return None
    match parameter.type:
        case "choice":
            return random.choice(parameter.options)
        case "bool":
            return random.random() < 0.5
        case "rates":
            return [format_rate(_number(random, parameter)) for _ in range(random.randint(0, 3))]
        case "skus":
            return random.sample(PRODUCTS, random.randint(1, len(PRODUCTS)))
        case "ladder":
            return _ladder(random, parameter, now)
        case "rate":
            return format_rate(_number(random, parameter))
        case "ratio" | "yuan":
            return format_micros(_number(random, parameter), 0)
        case "regions":
            return {level: format_rate(_number(random, parameter)) for level in REGION_LEVELS if random.random() < 0.8}
        case "days" | "count":
            return _number(random, parameter)
    raise NotImplementedError(f"parameter {parameter.name} of type {parameter.type}")


def _number(random: Random, parameter: Parameter) -> int:
    """Draw a number inside the bounds."""
    lowest = parameter.minimum if parameter.above is None else parameter.above + 1
    return random.choice([number for number in _NUMBERS[parameter.type] if lowest <= number <= parameter.maximum])


def _ladder(random: Random, parameter: Parameter, now: tuple[Row, ...]) -> list[dict[str, Any]]:
    """Draw an ascending table of the columns the plan's own table has; its rows keep their names, a new one gets some.

    A table by ``max`` ends with a row for all the rest.
    """
    columns = list(now[0].columns) if now else parameter.value_columns
    count = random.randint(1, min(4, len(now) or 3))
    steps = sorted(random.sample(_STEPS, count))
    drawn = {name: sorted(random.sample(_DRAWN[parameter.columns[name].type], count)) for name in columns}
    rows = []
    for place in range(count):
        name = now[place].name if now else f"V{place + 1}"
        row: dict[str, Any] = {key: name for key in NAME_COLUMNS if key in parameter.columns}
        if "max" in parameter.columns:
            row["max"] = None if place == count - 1 else str(steps[place])
        else:
            appointed = random.random() < 0.5 if now and now[place].min is None else random.random() < 0.1
            row["min"] = None if appointed and "rank" in parameter.columns else str(steps[place])
        for column in columns:
            number = drawn[column][place]
            row[column] = format_rate(number) if parameter.columns[column].type == "rate" else format_micros(number, 0)
        rows.append(row)
    return rows
