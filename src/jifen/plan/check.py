"""The checks of a whole plan: names, pools, ladders, and what no order may pay out. All mistakes at once.

``check_rules.py`` looks at each rule, ``check_shares.py`` at what the rules take from one order together.
"""

from jifen.core.micros import MICRO, format_rate
from jifen.plan.check_rules import check_rule
from jifen.plan.check_shares import check_shares
from jifen.plan.model import Asset, Curve, Feed, Lots, Money, Plan, Ranks, Rule, Schedule, Share, Store, Weight
from jifen.plan.sited import Sited
from jifen.plan.source import MEASURES, ORDER_BASES
from jifen.plan.values import did_you_mean

__all__ = ["check", "unfusible"]

_RELEASE = "static_release"
_OWN_RULES = frozenset(
    ("refund", "bank", "admin", "donate", "top_up", "order", "reserve", "withdraw", "transfer",
     "wind_up", "written_off", _RELEASE)
)  # fmt: skip
"""Ids that statements give to what no rule of a plan does, beside the bases, which are words of the language."""
_OWN_STORES = frozenset((*MEASURES, "appointed", "heads", "owed", "platform"))
"""What stands where the name of a store may stand, and means something else."""


def check(plan: Plan, sited: Sited) -> list[str]:
    """Note every mistake of a plan, and return what is allowed but should be known."""
    for name in plan.stores:
        _check_store(name, plan, sited)
    _check_names(plan, sited)
    _check_market(plan, sited)
    _check_pool_names(plan, sited)
    for name in sited.root["ranks"]:
        if name in plan.ranks:
            _check_ranks(plan.ranks[name], plan, sited)
    for position in range(len(plan.rules)):
        check_rule(position, plan, sited)
    unbounded = check_shares(plan, sited)
    _check_spreads(plan, sited)
    return [*_check_pools(plan, sited), *unbounded, *_slow_ranks(plan), *_unfused(plan)]


def unfusible(rule: Rule) -> str:
    """Return why a daily release or walk cannot join the one pass over all members; empty if it can or is none.

    It can if it draws on what is released in the run, touches the receiver's own lots only, and no pool pays.
    """
    if rule.when != "daily" or not (isinstance(rule.amount, Schedule) or getattr(rule.amount, "of", "") == _RELEASE):
        return ""
    if isinstance(rule.pay, Asset) and rule.pay.source is not None:
        return "a pool pays it"
    if not isinstance(rule.pay, Asset):
        return "it pays no asset"
    if rule.gate is None or rule.gate.drain is None:
        return "it drains no lots of the receiver"
    return ""


def _check_store(name: str, plan: Plan, sited: Sited) -> None:
    """Check the keys that only some kinds of a store have, and the names in it."""
    store, given, trail = plan.stores[name], sited.root["stores"][name], ("stores", name)
    only = {
        "counts": isinstance(store, Lots) and store.mode == "queue",
        "priced_by": isinstance(store, Lots) and store.mode == "tokens",
        "each": isinstance(store, Money),
        **dict.fromkeys(("launch", "zero_supply", "unbacked", "refund"), isinstance(store, Curve)),
    }
    for key in given:
        if not only.get(key, True):
            message = f"`{key}` means nothing in a store of this kind"
            sited.refuse((*trail, key), "slot_mismatch", message, f"remove `{key}`, or change the kind of the store")
    match store:
        case Lots(mode="tokens", priced_by=None):
            remedy = "write `priced_by: <a curve>`"
            sited.refuse(trail, "tokens_without_curve", f"nothing prices the tokens `{name}`", remedy)
        case Lots(priced_by=str() as curve):
            sited.store(plan, curve, (Curve,), (*trail, "priced_by"))
        case Curve() if "launch" not in given:
            sited.refuse(trail, "missing_key", "a curve needs a launch price", "write `launch: …`")
        case Money(each=str() as ranks):
            sited.ranks(ranks, (*trail, "each"))


def _check_names(plan: Plan, sited: Sited) -> None:
    """Check that no store and no rule is called by a word that means something else already."""
    stores = [(("stores", name), name) for name in plan.stores if name in _OWN_STORES]
    rules = [
        (sited.rule(position, "id"), rule.id)
        for position, rule in enumerate(plan.rules)
        if rule.id in {*_OWN_RULES, *ORDER_BASES, *MEASURES}
    ]
    for trail, name in [*stores, *rules]:
        sited.refuse(trail, "reserved_name", f"`{name}` has a meaning of its own", "choose another name")


def _check_market(plan: Plan, sited: Sited) -> None:
    """Check that tokens are of one kind and one price: a sale names neither."""
    curves = [name for name, store in plan.stores.items() if isinstance(store, Curve)]
    tokens = [name for name, store in plan.stores.items() if isinstance(store, Lots) and store.mode == "tokens"]
    for kind, names in (("curve pool", curves), ("store of tokens", tokens)):
        for name in names[1:]:
            message = f"`{name}` is a second {kind} beside `{names[0]}`, and a sale of tokens does not say which"
            remedy = "keep one of the two, or run them as two plans"
            sited.refuse(("stores", name), "second_curve", message, remedy)


def _check_pool_names(plan: Plan, sited: Sited) -> None:
    """Check that no two pools have one name: those of a family are called as the rows of its ladder."""
    taken = {name for name, store in plan.stores.items() if isinstance(store, Money | Curve) and not _each(store)}
    for name, store in plan.stores.items():
        ranks = plan.ranks.get(_each(store) or "")
        for row in ranks.ladder if ranks else ():
            if row.name in taken:
                message = f"a pool of `{name}` would be called `{row.name}`, as another pool is"
                remedy = f"rename the row, or the other pool, so that each pool of `{name}` has a name of its own"
                sited.refuse(("stores", name), "duplicate_name", message, remedy)
            taken.add(row.name)


def _each(store: Store) -> str | None:
    return store.each if isinstance(store, Money) else None


def _check_ranks(ranks: Ranks, plan: Plan, sited: Sited) -> None:
    trail = ("ranks", ranks.name)
    if ranks.by not in {*MEASURES, "appointed"}:
        if ranks.by in sited.root["stores"]:
            sited.store(plan, ranks.by, (Weight,), (*trail, "by"))
        else:
            known = [*MEASURES, "appointed", *plan.stores]
            message = f"`{ranks.by}` is no measure and no weight store"
            sited.refuse((*trail, "by"), "unknown_store", message, did_you_mean(ranks.by, known))


def _check_pools(plan: Plan, sited: Sited) -> list[str]:
    """Check that every fed pool is drawn from; return the pools that only donations fill and that do not say so."""
    fed = {rule.pay.pool: rule for rule in plan.rules if isinstance(rule.pay, Feed)}
    drawn = {rule.pay.source for rule in plan.rules if isinstance(rule.pay, Asset)}
    warnings = []
    for name, store in plan.stores.items():
        if not isinstance(store, Money | Curve) or not sited.whole:
            continue
        if name in fed and name not in drawn:
            remedy = f"add a rule with `from: {name}`, or remove the feed"
            sited.refuse(("stores", name), "pool_not_drawn", f"money goes into `{name}` and never comes out", remedy)
        if name in drawn and name not in fed and not sited.root["stores"][name].get("donated"):
            warnings.append(
                f"no rule feeds the pool `{name}`: only donations fill it (write `donated: true` to say so)"
            )
    return warnings


def _check_spreads(plan: Plan, sited: Sited) -> None:
    for position, rule in enumerate(plan.rules):
        if isinstance(rule.amount, Share) and sum(rule.amount.spread) > MICRO:
            message = f"the parts of the pools add up to {format_rate(sum(rule.amount.spread))}"
            remedy = "let them add up to at most 100%"
            sited.refuse(sited.rule(position, "amount", "spread"), "spread_above_all", message, remedy)


def _slow_ranks(plan: Plan) -> list[str]:
    return [
        f"ranks `{ranks.name}` are immediate by performance: every order then climbs to the root, which is slow"
        for ranks in plan.ranks.values()
        if ranks.effective == "immediate" and ranks.by == "performance"
    ]


def _unfused(plan: Plan) -> list[str]:
    reasons = ((rule.id, unfusible(rule)) for rule in plan.rules if not rule.off)
    return [f"rule `{name}` needs a pass of its own in the run: {reason}" for name, reason in reasons if reason]
