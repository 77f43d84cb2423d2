"""Which fillings of the plan language the engine runs; a plan that needs another is refused before it can go wrong."""

from collections.abc import Iterator

from jifen.core.errors import PlanError, Problem
from jifen.plan.model import Asset, Plan, Rule, Share, Walk, Weigh

__all__ = ["refuse_unbuilt"]


def refuse_unbuilt(plan: Plan) -> None:
    """Raise ``PlanError`` naming every rule that uses a filling which is not built yet."""
    problems = [
        Problem(
            "not_built",
            f"rule `{rule.id}`: {what} is part of the plan language, but this version cannot run it yet",
            "leave the rule out, or wait for a version that runs it",
            column="rules",
        )
        for rule in plan.rules
        if not rule.off
        for what in _unbuilt(rule)
    ]
    if problems:
        raise PlanError(problems)


def _unbuilt(rule: Rule) -> Iterator[str]:
    yield from _unbuilt_amount(rule)
    yield from _unbuilt_receivers(rule)


def _unbuilt_amount(rule: Rule) -> Iterator[str]:
    amount = rule.amount
    if isinstance(amount, Share) and amount.overrides and amount.of != "trigger_amount":
        yield f"a rate by line on the base `{amount.of}`"


def _unbuilt_receivers(rule: Rule) -> Iterator[str]:
    who = rule.who
    if isinstance(who, Walk) and who.own_order and rule.when == "daily":
        yield "`own_order` in a daily walk"
    if isinstance(who, Walk) and not isinstance(rule.pay, Asset | Weigh):
        yield f"a walk that pays {type(rule.pay).__name__.lower()}"
