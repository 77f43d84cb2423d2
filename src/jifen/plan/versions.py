"""What differs between two versions of a plan, parameter by parameter, in words an operator reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jifen.core.micros import format_rate
from jifen.plan.model import Plan, Row, Rule
from jifen.plan.parameters import Parameter
from jifen.plan.resolve import Origin
from jifen.plan.show import definitions_of
from jifen.plan.words import ranks_in_words, rule_in_words, store_in_words

__all__ = ["Difference", "diff"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. ``before`` or ``after`` is empty where only one of the versions has it."""

    key: str
    en: str
    zh: str
    before: str
    after: str

    def __str__(self) -> str:
        """Write ``daily_rate (Daily release · 每日释放比例): 1% → 0.5%``."""
        return f"{self.key} ({self.en} · {self.zh}): {self.before or '–'} → {self.after or '–'}"


def diff(before: Plan, after: Plan) -> list[Difference]:
    """Return all that differs: parameters (tables cell by cell), overrides by line, then stores, ranks and rules.

    Stores, ranks and rules are compared as the files write them, so that a parameter's change is listed once.
    """
    found = [*_parameters(before, after), *_overrides(before, after)]
    for section, en, zh in (("stores", "Store", "账户"), ("ranks", "Ranks", "等级"), ("rules", "Rule", "规则")):
        old, new = _lines(before, section), _lines(after, section)
        written = [_written(plan, section) for plan in (before, after)]
        found += [
            Difference(f"{section}.{name}", f"{en} {name}", f"{zh} {name}", old.get(name, ""), new.get(name, ""))
            for name in [*old, *(name for name in new if name not in old)]
            if written[0].get(name) != written[1].get(name)
        ]
    return found


def _parameters(before: Plan, after: Plan) -> Iterator[Difference]:
    definitions = {**definitions_of(before), **definitions_of(after)}
    for name in [*before.params, *(name for name in after.params if name not in before.params)]:
        parameter = definitions[name]
        if name not in before.params or name not in after.params:
            texts = [parameter.write(plan.params[name]) if name in plan.params else "" for plan in (before, after)]
            yield Difference(name, parameter.label["en"], parameter.label["zh"], texts[0], texts[1])
        elif before.params[name] != after.params[name]:
            yield from _values(name, parameter, before.params[name], after.params[name])


def _values(name: str, parameter: Parameter, old: Any, new: Any) -> Iterator[Difference]:
    en, zh = parameter.label["en"], parameter.label["zh"]
    if parameter.type != "ladder":
        yield Difference(name, en, zh, parameter.write(old), parameter.write(new))
        return
    old_rows, new_rows = {row.name: row for row in old}, {row.name: row for row in new}
    for row in [*old_rows, *(row for row in new_rows if row not in old_rows)]:
        if row in old_rows and row in new_rows:
            yield from _row(name, parameter, old_rows[row], new_rows[row])
        else:
            texts = [parameter.write((rows[row],)) if row in rows else "" for rows in (old_rows, new_rows)]
            yield Difference(f"{name}[{row}]", f"{en}, {row}", f"{zh}、{row}", *texts)
    orders = [[row for row in rows if row in old_rows and row in new_rows] for rows in (old_rows, new_rows)]
    if orders[0] != orders[1]:
        yield Difference(name, f"{en}, order", f"{zh}、顺序", *map(", ".join, orders))


def _row(name: str, parameter: Parameter, old: Row, new: Row) -> Iterator[Difference]:
    before, after = parameter.cells(old), parameter.cells(new)
    for column, definition in parameter.columns.items():
        texts = [definition.write(cells[column]) if column in cells else "" for cells in (before, after)]
        if texts[0] != texts[1]:
            en, zh = (f"{parameter.label[key]}{comma}{old.name}{comma}{definition.label[key]}"
                      for key, comma in (("en", ", "), ("zh", "、")))  # fmt: skip
            yield Difference(f"{name}[{old.name}].{column}", en, zh, *texts)


def _overrides(before: Plan, after: Plan) -> Iterator[Difference]:
    old, new = _override_rates(before), _override_rates(after)
    for key in [*old, *(key for key in new if key not in old)]:
        if old.get(key) != new.get(key):
            rule, line, equals = key
            text = f"{rule}, {line} {equals}"
            yield Difference(f"overrides.{rule}[{line} {equals}]", f"Rule {text}", f"规则 {text}",
                             old.get(key, ""), new.get(key, ""))  # fmt: skip


def _override_rates(plan: Plan) -> dict[tuple[str, str, str], str]:
    return {
        (name, item.key, item.equals): format_rate(item.rate)
        for name, rule in _numbered(plan).items()
        for item in getattr(rule.amount, "overrides", ())
    }


def _numbered(plan: Plan) -> dict[str, Rule]:
    """Return the rules by id; a second rule of one id has its number behind it."""
    named: dict[str, Rule] = {}
    for position, rule in enumerate(plan.rules):
        count = sum(other.id == rule.id for other in plan.rules[:position])
        named[f"{rule.id} ({count + 1})" if count else rule.id] = rule
    return named


def _lines(plan: Plan, section: str) -> dict[str, str]:
    match section:
        case "stores":
            return {name: store_in_words(store) for name, store in plan.stores.items()}
        case "ranks":
            return {name: ranks_in_words(ranks) for name, ranks in plan.ranks.items()}
    return {name: rule_in_words(rule) for name, rule in _numbered(plan).items()}


def _written(plan: Plan, section: str) -> dict[str, Any]:
    """Return the pieces of a plan as its file has them; as resolved, if it was not loaded from a file."""
    if not isinstance(plan.origin, Origin):
        return _numbered(plan) if section == "rules" else dict(getattr(plan, section))
    pieces = plan.origin.draft.root[section]
    return dict(zip(_numbered(plan), pieces, strict=True)) if section == "rules" else dict(pieces)
