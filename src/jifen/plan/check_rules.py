"""The checks of one rule: that its five slots fit together and name what is there."""

from jifen.plan import model
from jifen.plan.check_amounts import check_amount
from jifen.plan.check_receivers import check_receivers
from jifen.plan.model import (
    Asset,
    Curve,
    Feed,
    Gate,
    Grant,
    Head,
    Lots,
    Mint,
    Money,
    Per,
    Plan,
    Schedule,
    Share,
    Split,
    Tier,
    Walk,
    Weigh,
)
from jifen.plan.sited import Sited, SitedRule

__all__ = ["check_rule"]

_POOLS = (Money, Curve)


def check_rule(position: int, plan: Plan, sited: Sited) -> None:
    """Note every mistake in the rule at ``position`` of the plan."""
    case = SitedRule(position, plan.rules[position], plan, sited)
    for part in (_check_event, check_amount, check_receivers, _check_gate, _check_pay):
        part(case)


# -- when ----------------------------------------------------------------------------------------------------------


def _check_event(case: SitedRule) -> None:
    """Check that a rule of a task, of an old debt, of a sale is what such a rule can be."""
    rule, drain = case.rule, case.drain
    amount, pay = rule.amount, rule.pay
    if rule.when == "task":
        fits = isinstance(amount, Tier) and amount.at in case.plan.stores and amount.of is None
        remedy = "write `amount: {tier: …, at: <lots>}`"
        case.need(fits, ("amount",), "a task is rewarded by the stock of its member's lots", remedy)
        fits = rule.who is None and drain is not None and isinstance(pay, Asset)
        remedy = "write `gate: {drain: …}` and `pay: {asset: …}`, without `who`"
        case.need(fits, ("when",), "a task releases its own member's lots as an asset", remedy)
    elif isinstance(amount, Tier) and isinstance(case.plan.stores.get(amount.at), Lots):
        case.refuse(("amount", "at"), "the stock of lots decides what a task brings", "write `when: task`")
    if rule.when == "liability":
        fits = isinstance(amount, Share | Per) and rule.who is None and isinstance(pay, Grant)
        remedy = "write `share: …` and `pay: {grant: …}`, without `who`"
        case.need(fits, ("when",), "an old debt becomes lots of its member", remedy)
    if rule.when == "sale":
        fits = isinstance(amount, model.Value) and rule.who is None and isinstance(pay, Asset)
        remedy = "write `amount: {value: …}` and `pay: {asset: …, from: …}`, without `who`"
        case.need(fits, ("when",), "a sale pays its member the value of tokens", remedy)
    if rule.when == "daily":
        _check_daily(case)
    if rule.when == "event":
        fits = rule.gate is not None and rule.gate.reaches is not None
        case.need(fits, ("when",), "after every event exits are looked for, and nothing else", "write `when: order`")


def _check_daily(case: SitedRule) -> None:
    """Check that a rule of the run releases, pays for what was released, divides a pool, or serves a line."""
    rule, base = case.rule, getattr(case.rule.amount, "of", None)
    if isinstance(rule.amount, Schedule):
        return
    message = "in the run each member's own release comes from a schedule; other rules pay others"
    case.need(rule.who is not None, ("who",), message, "add `who: …`, or write `amount: {schedule: …}`")
    if not isinstance(rule.who, Walk):
        return
    message = "a walk of the run pays for what the run has released"
    remedy = "write `of: static_release`, or `when: order`"
    case.need(base == "static_release", ("amount", "of"), message, remedy)
    message = "a walk of the run pays a share, as an asset, up the referral tree"
    fits = isinstance(rule.amount, Share) and isinstance(rule.pay, Asset) and rule.who.tree == "referral"
    case.need(fits, ("when",), message, "write `when: order`, or `walk: referral`, `share: …` and `asset: …`")


# -- gate and pay ---------------------------------------------------------------------------------------------------


def _check_gate(case: SitedRule) -> None:
    gate = case.rule.gate
    if gate is None:
        return
    given = case.sited.given(case.trail("gate")) or {}
    if gate.drain is not None:
        case.store(gate.drain, (Lots,), "gate", "drain")
    for key, needed in (
        ("spill", "drain"), ("no_lot", "drain"), ("excess", "drain"),
        ("of", "reaches"), ("realised", "reaches"), ("closes", "reaches"),
    ):  # fmt: skip
        fits = key not in given or needed in given
        case.need(fits, ("gate", key), f"`{key}` goes with `{needed}`", f"add `{needed}: …`, or remove `{key}`")
    split = "excess" not in given or isinstance(case.rule.who, Split)
    case.need(split, ("gate", "excess"), "`excess` is of a pool that is split", "remove `excess`")
    if gate.funded is not None and case.store(gate.funded, _POOLS, "gate", "funded"):
        source = getattr(case.rule.pay, "source", None)
        case.need(source == gate.funded, ("pay",), "the pool that funds the head pays", f"write `from: {gate.funded}`")
    for key in ("funded", "newcomers", "reaches"):
        fits = key not in given or isinstance(case.rule.who, Head)
        case.need(fits, ("gate", key), f"`{key}` is about the head of a queue", "write `who: {head: …}`")
    if gate.newcomers is not None and isinstance(case.rule.who, Head):
        queue = case.plan.stores.get(case.rule.who.lots)
        counted = not isinstance(queue, Lots) or queue.counts is not None
        case.need(counted, ("gate", "newcomers"), "the queue does not count newcomers", "add `counts: …` to its store")
    if "reaches" in given:
        _check_exit(case, gate)


def _check_exit(case: SitedRule, gate: Gate) -> None:
    case.need(gate.of is not None, ("gate", "reaches"), "what the value is compared with is missing", "add `of: …`")
    for key, names in (("of", (gate.of,)), ("closes", gate.closes)):
        for name in names:
            if name is not None and name != "spend":
                case.store(name, (Lots,), "gate", key)
    whole = getattr(case.rule.who, "each", "member") == "member" or gate.of == "spend"
    message = f"`{gate.of}` is a member's: lot by lot there is only what was spent on each"
    case.need(whole, ("who", "each"), message, "write `each: member`")
    fits = case.rule.when in {"event", "daily"}
    case.need(fits, ("when",), "exits are looked for after events or in the run", "write `when: event`")


def _check_pay(case: SitedRule) -> None:
    match case.rule.pay:
        case Asset(source=source, retain=retain):
            if source is not None:
                _check_source(case, source)
            case.need(not retain or source is not None, ("pay", "retain"), "only a pool retains", "add `from: …`")
            valued = isinstance(case.rule.amount, model.Value)
            message = "what stays in the pool is a part of the value of tokens"
            case.need(not retain or valued, ("pay", "retain"), message, "remove `retain`")
        case Feed(pool=pool):
            case.store(pool, _POOLS, "pay", "feed")
            case.need(case.rule.who is None, ("who",), "a feed has no receiver", "remove `who`")
            family = getattr(case.plan.stores.get(pool), "each", None) is not None
            spread = bool(getattr(case.rule.amount, "spread", ())) or case.rule.off
            remedy = "add `spread: $table.column`"
            case.need(spread or not family, ("pay", "feed"), f"`{pool}` is a family of pools", remedy)
            shared = isinstance(case.rule.amount, Share)
            case.need(shared, ("amount",), "a pool is fed a share of something", "write `amount: {share: …, of: …}`")
        case Grant(lots=lots) | Mint(tokens=lots) as pay:
            key = "grant" if isinstance(pay, Grant) else "mint"
            if case.store(lots, (Lots,), "pay", key):
                tokens = getattr(case.plan.stores[lots], "mode", "") == "tokens"
                remedy = "write `mint: …`" if tokens else "write `grant: …`"
                case.need(
                    tokens == isinstance(pay, Mint), ("pay", key), "tokens are minted, other lots granted", remedy
                )
                _check_granted(case, lots)
        case Weigh(weight=weight):
            case.store(weight, (model.Weight,), "pay", "weight")
        case model.Nothing():
            case.need(case.drain is not None, ("pay",), "nothing is drained and nothing is paid", "add `drain: …`")


def _check_source(case: SitedRule, source: str) -> None:
    if source == "pool" and source not in case.sited.root["stores"]:
        message = "`pool` means the plan's only pool, and there is not exactly one"
        case.refuse(("pay", "from"), message, "name the pool", "ambiguous_pool")
    else:
        case.store(source, _POOLS, "pay", "from")


def _check_granted(case: SitedRule, lots: str) -> None:
    """Check what may fill a kind of lots: whole tickets count as newcomers, and are not released by a schedule."""
    store = case.plan.stores[lots]
    whole = getattr(case.rule.amount, "whole", None) is not None
    inner = ("pay", "grant")
    counted = isinstance(store, Lots) and store.counts is not None
    remedy = "grant whole units (`whole: …`), or remove `counts` from the store"
    case.need(whole or not counted, inner, f"newcomers of `{lots}` are whole tickets", remedy)
    released = any(isinstance(rule.amount, Schedule) and rule.amount.lots == lots for rule in case.plan.rules)
    remedy = "remove `whole`, or the rule that releases them"
    case.need(not (whole and released), inner, "whole tickets are paid at once, not by a schedule", remedy)
    tickets = [rule for rule in case.plan.rules if getattr(rule.amount, "whole", None) is not None]
    twice = whole and sum(getattr(rule.pay, "lots", None) == lots for rule in tickets) > 1
    remedy = "keep one of the two, or give each a store of its own (in a composition, rename it in one part)"
    if twice and any(getattr(rule.pay, "lots", None) == lots for rule in case.earlier):
        case.refuse(inner, f"an earlier rule already grants tickets of `{lots}`", remedy, "second_rule")
