"""A plan without the rules that a freeze stops: no new promise, no reward for those above a buyer.

All else stays: pools and the reserve are fed, open lots are released, refunds take back, wallets pay out. The version
that is made so is activated like any other, so an audit replays it, and to lift a freeze is to activate another one.
"""

from collections.abc import Collection
from dataclasses import replace

from jifen.plan.digest import digest
from jifen.plan.model import Grant, Mint, Plan, Rule, Split, Walk, Weigh

__all__ = ["GRANTS", "JOINS", "STOPS", "UPLINE_REWARDS", "frozen"]

JOINS, GRANTS, UPLINE_REWARDS = STOPS = ("joins", "grants", "upline_rewards")
"""What may have to stop; joins are refused at the door, the others are rules of the plan."""


def frozen(plan: Plan, stops: Collection[str] = STOPS) -> Plan:
    """The plan with the rules switched off that have to stop; itself, if it has none.

    >>> from jifen.plan import load_plan
    >>> plan = load_plan("points_dividend")
    >>> [rule.id for rule in frozen(plan).rules if rule.off and rule not in plan.rules]
    ['grant', 'generation', 'team']
    """
    rules = tuple(replace(rule, off=rule.off or _stops(plan, rule, stops)) for rule in plan.rules)
    if rules == plan.rules:
        return plan
    stopped = replace(plan, rules=rules, origin=None)
    return replace(stopped, digest=digest(stopped))


def _stops(plan: Plan, rule: Rule, stops: Collection[str]) -> bool:
    """Whether a rule makes a new promise (lots, tokens, weight), or rewards those above for what others buy."""
    if GRANTS in stops and isinstance(rule.pay, Grant | Mint | Weigh):
        return True
    return UPLINE_REWARDS in stops and _is_upline(plan, rule)


def _is_upline(plan: Plan, rule: Rule) -> bool:
    """A walk up the referral tree, or a pool divided among ranks that the sales of all below give."""
    if isinstance(rule.who, Walk):
        return rule.who.tree == "referral"
    ladder = plan.ranks.get(rule.who.ranks or "") if isinstance(rule.who, Split) else None
    return ladder is not None and ladder.by == "performance"
