"""Exact numbers of a page: how they are read, and what a figure's formula comes to. No float anywhere.

A formula is arithmetic on whole numbers, decimals, percentages and parameters: ``1 - pool_share / claim_multiple``. It
knows ``min``, ``max``, ``sum``, ``abs``, ``floor``, ``ceil``, ``len``, ``prod`` and ``range``, loops such as
``sum(1 / a for a in range(1, 10))``, rows of tables (``tiers[0]["multiple"]``), and

- ``zero(… x …)``: the x that makes the formula zero; the printed value is proved by a change of sign around it;
- ``ln(…)`` and ``exp(…)``, to fifty digits;
- ``exits(orders, …)``: forced exits from a curve pool, counted by a model of its own (``curve_model.py``).
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from curve_model import exits
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "src" / "jifen" / "plan"

NUMBER = re.compile(r"(?<![A-Za-z0-9_.])([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)(?: ?(%|万|亿))?")
UNITS = {"%": Fraction(1, 100), "万": Fraction(10**4), "亿": Fraction(10**8)}
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.USub: operator.neg,
}  # fmt: skip
DIGITS = Context(prec=50)


def value(text: str) -> Fraction:
    """Read a number as it is printed: ``2,353``, ``27.8 %``, ``5万``; ``ValueError`` for anything else."""
    match = NUMBER.fullmatch(text.strip().lstrip("-−"))
    if match is None:
        raise ValueError(f"`{text.strip()}` is no number")
    return Fraction(match[1].replace(",", "")) * UNITS.get(match[2], Fraction(1))


def half_unit(text: str) -> Fraction:
    """Half of the last printed digit of a number: as far as a printed figure may be from the exact one."""
    match = NUMBER.fullmatch(text.strip().lstrip("-−"))
    decimals = len(match[1].partition(".")[2]) if match else 0
    return Fraction(1, 2 * 10**decimals) * UNITS.get(match[2] if match else "", Fraction(1))


def numbers(data: Any) -> Iterator[Fraction]:
    """All numbers of parsed YAML, without signs: whole numbers, and texts that are numbers."""
    if isinstance(data, Mapping):
        data = list(data.values())
    if isinstance(data, list | tuple):
        for item in data:
            yield from numbers(item)
    elif not isinstance(data, bool) and data is not None and NUMBER.fullmatch(str(data).lstrip("-")):
        yield value(str(data))


@cache
def load_yaml(file: Path) -> Any:
    """Read a YAML file of the project."""
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))


def preset_params(name: str) -> dict[str, Any]:
    """Parameters of a preset with their defaults as written; those of its parts first, under their new names."""
    plan = load_yaml(PLAN / "presets" / f"{name}.yaml")
    found: dict[str, Any] = {}
    for part in plan.get("compose", ()):
        ((inner, renames),) = part.items() if isinstance(part, Mapping) else ((part, {}),)
        found |= {renames.get(key, key): default for key, default in preset_params(inner).items()}
    return found | plan.get("params", {})


def preset_numbers(name: str) -> set[Fraction]:
    """Numbers that the parameters of a preset account for: defaults and bounds, house parameters too."""
    dictionary = load_yaml(PLAN / "parameters.yaml")
    defaults = preset_params(name)
    kinds = [dictionary["house"], *({**dictionary["plan"]}.get(key, {}) for key in defaults)]
    return {*numbers(defaults), *numbers(kinds)}


class Formula:
    """Evaluates a formula with names; ``ValueError`` says what it cannot do."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        """Take the names a formula may use."""
        self.names = dict(names)
        self.functions: dict[str, Callable[..., Any]] = {
            "min": _most(min), "max": _most(max), "sum": lambda items: sum(items, Fraction(0)), "abs": abs,
            "floor": lambda x: Fraction(math.floor(x)), "ceil": lambda x: Fraction(math.ceil(x)),
            "ln": _ln, "exp": _exp,
            "len": lambda items: Fraction(len(items)), "range": lambda *ends: map(Fraction, range(*map(int, ends))),
            "prod": math.prod, "exits": lambda orders, *terms: exits(int(orders), *terms),
        }  # fmt: skip

    def of(self, text: str) -> Fraction:
        """The exact value of a formula."""
        return Fraction(self._value(_parsed(text)))

    def holds(self, text: str, printed: str) -> bool:
        """Whether the formula comes to the printed value, within half of its last digit."""
        tree, target, half = _parsed(text), value(printed), half_unit(printed)
        if isinstance(tree, ast.Call) and ast.unparse(tree.func) == "zero":
            below, above = ({**self.names, "x": target + side} for side in (-half, half))
            return Formula(below)._value(tree.args[0]) * Formula(above)._value(tree.args[0]) <= 0
        return abs(abs(Fraction(self._value(tree))) - target) <= half

    def _value(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Constant):
            return Fraction(node.value) if isinstance(node.value, int) else node.value
        if isinstance(node, ast.Name):
            if node.id not in self.names:
                raise ValueError(f"`{node.id}` is no parameter and no figure above")
            return self.names[node.id]
        if isinstance(node, ast.UnaryOp):
            return OPERATORS[type(node.op)](self._value(node.operand))
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left), self._value(node.right)
            return _power(left, right) if isinstance(node.op, ast.Pow) else OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return OPERATORS[type(node.ops[0])](self._value(node.left), self._value(node.comparators[0]))
        if isinstance(node, ast.Subscript):
            key = self._value(node.slice)
            return _exact(self._value(node.value)[key if isinstance(key, str) else int(key)])
        if isinstance(node, ast.GeneratorExp):
            return self._loop(node)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in self.functions:
            return self.functions[ast.unparse(node.func)](*map(self._value, node.args))
        raise ValueError(f"a formula cannot say `{ast.unparse(node)}`")

    def _loop(self, node: ast.GeneratorExp) -> Iterator[Any]:
        (loop,) = node.generators
        for item in self._value(loop.iter):
            inner = Formula({**self.names, ast.unparse(loop.target): _exact(item)})
            if all(inner._value(test) for test in loop.ifs):
                yield inner._value(node.elt)


def formula_names(preset: str) -> dict[str, Any]:
    """The parameters of a preset as a formula sees them, house parameters too: exact numbers, lists, tables."""
    house = {key: kind["default"] for key, kind in load_yaml(PLAN / "parameters.yaml")["house"].items()}
    return {key: _exact(default) for key, default in (house | preset_params(preset)).items()}


def _exact(data: Any) -> Any:
    is_number = not isinstance(data, bool) and NUMBER.fullmatch(str(data))
    return value(str(data)) if is_number else data


def _parsed(text: str) -> ast.AST:
    """Parse a formula; decimals and percentages become quotients, so that no float is ever made."""
    plain = re.sub(r"([0-9.]+)%", r"(\1 / 100)", text)
    plain = re.sub(r"([0-9]+)\.([0-9]+)", lambda m: f"({int(m[1] + m[2])} / {10 ** len(m[2])})", plain)
    try:
        return ast.parse(plain, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"`{text}` is no formula") from error


def _most(choose: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *items: choose(items[0] if len(items) == 1 else items)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise ValueError("a power must be a whole number")
    return Fraction(base) ** int(exponent)


def _decimal(x: Fraction) -> Decimal:
    return DIGITS.divide(Decimal(x.numerator), Decimal(x.denominator))


def _ln(x: Fraction) -> Fraction:
    return Fraction(DIGITS.ln(_decimal(x)))


def _exp(x: Fraction) -> Fraction:
    return Fraction(DIGITS.exp(_decimal(x)))
