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
from jifen.plan.parameters import NAME_COLUMNS, Parameter, dictionary

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
_NUMBERS = {"rate": _RATES, "rates": _RATES, "ratio": _RATIOS, "days": _DAYS, "count": _COUNTS}
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
    parameters = dictionary().parameters
    names = [
        str(source["amount"]["share"]).removeprefix("$")
        for rule, source in zip(plan.rules, written, strict=True)
        if isinstance(rule.amount, Share) and rule.amount.of == "trigger_amount"
    ]
    return [name for name in names if name in parameters and parameters[name].type in ("rate", "ratio")]


def _drawn(random: Random, plan: Plan, name: str) -> Any:
    if name != _OVERRIDES:
        return _value(random, dictionary().parameters[name], plan.params[name])
    asked = [(key, equals) for key, values in CATALOGUE.items() for equals in values]
    overrides = []
    for key, equals in random.sample(asked, random.randint(0, 3)):
        names = [shared for shared in _shared_by_line(plan) if random.random() < 0.6]
        rates = {shared: _value(random, dictionary().parameters[shared], plan.params[shared]) for shared in names}
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
        case "ratio":
            return format_micros(_number(random, parameter), 0)
        case "days" | "count":
            return _number(random, parameter)
    raise NotImplementedError(f"parameter {parameter.name} of type {parameter.type}")


def _number(random: Random, parameter: Parameter) -> int:
    """Draw a number inside the bounds."""
    lowest = parameter.minimum if parameter.above is None else parameter.above + 1
    return random.choice([number for number in _NUMBERS[parameter.type] if lowest <= number <= parameter.maximum])


def _ladder(random: Random, parameter: Parameter, now: tuple[Row, ...]) -> list[dict[str, Any]]:
    """Draw an ascending table of the columns the plan's own table has; some of its rows keep their names."""
    if not now:
        return []
    count = random.randint(1, min(4, len(now)))
    steps = sorted(random.sample(_STEPS, count))
    drawn = {name: sorted(random.sample(_RATES[2:-1], count)) for name in now[0].columns}
    ratios = {name: sorted(random.sample(_RATIOS[3:], count)) for name in now[0].columns}
    rows = []
    for place in range(count):
        row: dict[str, Any] = {name: now[place].name for name in NAME_COLUMNS if name in parameter.columns}
        row["min"] = None if now[place].min is None and random.random() < 0.5 else str(steps[place])
        for name in now[0].columns:
            rate = parameter.columns[name].type == "rate"
            row[name] = format_rate(drawn[name][place]) if rate else format_micros(ratios[name][place], 0)
        rows.append(row)
    return rows
