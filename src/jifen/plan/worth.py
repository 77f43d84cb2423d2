"""What a unit of a store is worth to the member who has it, by the rules of the plan."""

from jifen.plan.model import Asset, Lots, Plan

__all__ = ["is_tokens", "yuan_per_unit"]


def is_tokens(plan: Plan, store: str) -> bool:
    """Whether a store's lots are tokens, which have a price and promise no amount."""
    found = plan.stores.get(store)
    return isinstance(found, Lots) and found.mode == "tokens"


def yuan_per_unit(plan: Plan, store: str) -> int:
    """What a unit of a store's lots pays at most, in parts per million.

    0 where no rule pays for them: tokens have a price instead, and an old debt is paid in goods.
    """
    if is_tokens(plan, store):
        return 0
    rates = [
        rule.pay.per_point
        for rule in plan.rules
        if isinstance(rule.pay, Asset)
        and store in (getattr(rule.amount, "lots", None), rule.gate.drain if rule.gate else None)
    ]
    return max(rates, default=0)
