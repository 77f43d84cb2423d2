"""Where money went: between earlier and later members, and out of every hundred yuan sold. Amounts are micro-units."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jifen.engine.columns import Column, exact_sum
from jifen.plan.model import Plan
from jifen.report.amounts import money, percent
from jifen.report.figures import per_hundred
from jifen.report.findings import Finding
from jifen.simulate.cohorts import CohortTable

__all__ = ["Step", "cohort_finding", "hundred_findings", "hundred_steps"]


def cohort_finding(cohorts: CohortTable) -> Finding | None:
    """With whose money members were paid: of those who joined with them, before or after; ``None`` if nobody was."""
    paid_by = cohorts.paid_by
    own = exact_sum(np.diagonal(paid_by).copy())
    earlier, later = exact_sum(np.tril(paid_by, -1).ravel()), exact_sum(np.triu(paid_by, 1).ravel())
    missing = exact_sum(cohorts.unfunded)
    there = own + earlier + later
    if not there + missing:
        return None
    numbers = {"paid": money(there + missing)}
    parts = {"later_share": later, "own_share": own, "earlier_share": earlier}
    numbers |= {name: percent(part, there + missing) for name, part in parts.items()}
    if missing:
        return Finding(
            "money_missing", numbers | {"missing": money(missing), "part": percent(missing, there + missing)}
        )
    return Finding("money_of_later" if later else "money_of_no_later", numbers)


@dataclass(frozen=True, slots=True)
class Step:
    """A part of what was sold: ``kind`` is ``sold``, ``goods``, ``rule``, ``pool``, ``reserve`` or ``shop``."""

    kind: str
    amount: int
    name: str = ""
    """Of the rule or the pool."""


def hundred_steps(plan: Plan, days: Mapping[str, Column]) -> list[Step]:
    """What was sold less refunds, what of it went where, and what stays with the shop; parts of nothing are left out.

    What pools have paid to members counts as paid, not as put into pools: the steps say where the money is now. They
    add up, and what stays is below zero if more was paid than there was. Nothing if nothing was sold.
    """
    sold = exact_sum(days["sold"]) - exact_sum(days["refunded"])
    if sold <= 0:
        return []
    rules = dict.fromkeys(rule.id for rule in plan.rules)
    paid = {name.removeprefix("paid:"): exact_sum(column) for name, column in days.items() if name.startswith("paid:")}
    steps = [Step("goods", exact_sum(days["goods"]))]
    steps += [Step("rule", paid[rule], rule) for rule in dict.fromkeys([*rules, *paid]) if rule in paid]
    pools = {name: column.item(-1) for name, column in days.items() if name.startswith("pool:")}
    steps += [Step("pool", held, name.removeprefix("pool:")) for name, held in pools.items()]
    steps.append(Step("reserve", days["reserve"].item(-1)))
    kept = [step for step in steps if step.amount]
    return [Step("sold", sold), *kept, Step("shop", sold - sum(step.amount for step in kept))]


def hundred_findings(steps: list[Step], promised: int) -> list[Finding]:
    """What of every hundred yuan sold went where, and what is promised besides; ``steps`` of something sold."""
    sold, rest = steps[0].amount, steps[-1].amount
    held = sum(step.amount for step in steps if step.kind in ("pool", "reserve"))
    amounts = {
        "goods": sum(step.amount for step in steps if step.kind == "goods"),
        "members": sum(step.amount for step in steps if step.kind == "rule"),
    } | ({"held": held} if held else {})
    name = "hundred_held" if held else "hundred"
    name, amounts["rest"] = (f"{name}_missing", -rest) if rest < 0 else (name, rest)
    found = [Finding(name, {key: _of_hundred(amount, sold) for key, amount in amounts.items()})]
    if promised:
        found.append(Finding("hundred_promised", {"promised": _of_hundred(promised, sold)}))
    return found


def _of_hundred(amount: int, sold: int) -> str:
    sign = "−" if amount < 0 else ""
    return f"{sign}¥{per_hundred(abs(amount), sold)}"
