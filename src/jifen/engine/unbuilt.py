"""Which fillings of the plan language the engine runs; a plan that needs another is refused before it can go wrong."""

from collections.abc import Iterator

from jifen.core.errors import PlanError, Problem
from jifen.plan.model import Asset, Curve, Feed, Grant, Head, Lots, Mint, Plan, Rule, Schedule, Share, Tier, Value, Walk

__all__ = ["refuse_unbuilt"]

_BASES = ("trigger_amount", "trigger_points", "trigger_margin", "own_granted", "own_remaining", "own_claim")


def refuse_unbuilt(plan: Plan) -> None:
    """Raise ``PlanError`` naming every rule that uses a filling which is not built yet."""
    ids = {rule.id for rule in plan.rules}
    problems = [
        Problem(
            "not_built",
            f"rule `{rule.id}`: {what} is part of the plan language, but this version cannot run it yet",
            "leave the rule out, or wait for a version that runs it",
            column="rules",
        )
        for rule in plan.rules
        if not rule.off
        for what in _unbuilt(rule, plan, ids)
    ]
    curves = [store.name for store in plan.stores.values() if isinstance(store, Curve)]
    if len(curves) > 1:
        names = ", ".join(f"`{name}`" for name in curves)
        problems.append(
            Problem("not_built", f"more than one curve pool ({names})", "keep one of them", column="stores")
        )
    if problems:
        raise PlanError(problems)


def _unbuilt(rule: Rule, plan: Plan, ids: set[str]) -> Iterator[str]:
    if rule.when in ("task", "liability"):
        yield f"`when: {rule.when}`"
    yield from _unbuilt_amount(rule, ids)
    yield from _unbuilt_receivers(rule)
    drained = plan.stores.get(rule.gate.drain) if rule.gate is not None and rule.gate.drain is not None else None
    if isinstance(rule.pay, Asset) and not isinstance(drained, Lots):
        yield "an asset that no lot gives"
    if not isinstance(rule.pay, Asset | Feed | Grant | Mint):
        yield f"the payment {type(rule.pay).__name__.lower()}"
    if isinstance(rule.pay, Feed) and getattr(plan.stores[rule.pay.pool], "each", None) is not None:
        yield "a family of pools"


def _unbuilt_amount(rule: Rule, ids: set[str]) -> Iterator[str]:
    amount = rule.amount
    if not isinstance(amount, Share | Tier | Schedule | Value) and not isinstance(rule.who, Head):
        yield f"the amount {type(amount).__name__.lower()}"
    if isinstance(amount, Share) and amount.overrides and amount.of != "trigger_amount":
        yield f"a rate by line on the base `{amount.of}`"
    if isinstance(amount, Share) and (amount.whole is not None or amount.spread):
        yield "`whole` or `spread`"
    elif isinstance(amount, Share) and amount.of not in (*_BASES, "static_release", *ids):
        yield f"the base `{amount.of}`"
    if isinstance(amount, Tier) and not (isinstance(rule.pay, Grant) and amount.of):
        yield "a tier that is no grant"
    if isinstance(amount, Schedule) and amount.parts is not None:
        yield "a schedule in parts"


def _unbuilt_receivers(rule: Rule) -> Iterator[str]:
    who, gate = rule.who, rule.gate
    if isinstance(who, Walk) and (who.tree != "referral" or who.by == "own_rank"):
        yield f"a walk of the {who.tree} tree by {who.by}"
    elif isinstance(who, Walk) and who.own_order and rule.when == "daily":
        yield "`own_order` in a daily walk"
    elif who is not None and not isinstance(who, Walk | Head):
        yield f"the receivers {type(who).__name__.lower()}"
    if isinstance(who, Walk) and not isinstance(rule.pay, Asset):
        yield f"a walk that pays {type(rule.pay).__name__.lower()}"
    if gate is not None and (gate.newcomers is not None or (gate.reaches is not None and gate.of != "spend")):
        yield "this service of a queue"
