"""What a unit of a store is worth to the member who has it, by the rules of the plan."""

from jifen.plan.model import Asset, Lots, Plan

__all__ = ["is_tokens", "paying_rule", "yuan_per_unit"]


def is_tokens(plan: Plan, store: str) -> bool:
    """Whether a store's lots are tokens, which have a price and promise no amount."""
    found = plan.stores.get(store)
    return isinstance(found, Lots) and found.mode == "tokens"


def yuan_per_unit(plan: Plan, store: str) -> int:
    """What a unit of a store's lots pays at most, in parts per million.

    0 where no rule pays for them: tokens have a price instead, and an old debt is paid in goods.
    """
    pay = paying_rule(plan, store)
    return 0 if pay is None else pay.per_point


def paying_rule(plan: Plan, store: str) -> Asset | None:
    """How a store's lots are paid at most: by the first rule of those that pay the most for a point.

    ``None`` where no rule pays for them, and for tokens.
    """
    if is_tokens(plan, store):
        return None
    pays = [
        rule.pay
        for rule in plan.rules
        if isinstance(rule.pay, Asset)
        and store in (getattr(rule.amount, "lots", None), rule.gate.drain if rule.gate else None)
    ]
    return max(pays, key=lambda pay: pay.per_point, default=None)
