"""The checks of a rule's amount: that its base exists, and that it fits the slots beside it."""

from collections.abc import Callable

from jifen.plan import model
from jifen.plan.model import Feed, Grant, Head, Lots, Mint, Money, Rule, Split, Walk, Weigh
from jifen.plan.sited import SitedRule
from jifen.plan.source import MEASURES, ORDER_BASES
from jifen.plan.values import did_you_mean

__all__ = ["check_amount"]

_WHOLE_BASES = ("cumulative", "single_order")


def check_amount(case: SitedRule) -> None:
    """Note every mistake in the amount of a rule."""
    checks = (_check_share, _check_tier, _check_cycle, _check_per, _check_schedule, _check_value, _check_balance)
    for part in (*checks, _check_remaining):
        part(case)


def _check_per(case: SitedRule) -> None:
    if isinstance(case.rule.amount, model.Per):
        _check_base(case)
        message = "one for every so many yuan is the buyer's"
        case.need(case.rule.who is None, ("who",), message, "give the others a `share` of an earlier rule")


def _check_base(case: SitedRule) -> None:
    """Check that the base exists at this point and names one thing."""
    base, when, inner = getattr(case.rule.amount, "of", None), case.rule.when, ("amount", "of")
    if base is None:
        return
    if base in _WHOLE_BASES:
        whole = getattr(case.rule.amount, "whole", None) is not None
        case.need(whole and when == "order", inner, f"`{base}` is a base of whole units only", "add `whole: …`")
    elif base == "static_release":
        scheduled = case.after(any(isinstance(rule.amount, model.Schedule) for rule in case.siblings))
        case.need(when == "daily", inner, "what is released in a run exists in the run only", "write `when: daily`")
        case.need(scheduled, inner, "no earlier rule releases anything", "put this rule after one with `schedule`")
    elif base in ORDER_BASES:
        fits = when == "order" or (when == "liability" and base == "trigger_amount")
        case.need(fits, inner, f"`{base}` is of an order, which `when: {when}` does not have", "write `when: order`")
        _check_order_base(case, base)
    else:
        _check_rule_base(case, base)


def _check_order_base(case: SitedRule, base: str) -> None:
    inner = ("amount", "of")
    own = [rule.pay for rule in case.siblings if rule.when == "order" and rule.who is None]
    if base == "trigger_points":
        remedy = "put this rule after one with `grant`"
        granted = case.after(any(isinstance(pay, Grant) for pay in own))
        case.need(granted, inner, "no earlier rule grants the buyer points", remedy)
    if base == "trigger_weight":
        remedy = "put this rule after one with `weight`"
        weighed = case.after(any(isinstance(pay, Weigh) for pay in own))
        case.need(weighed, inner, "no earlier rule gives the buyer weight", remedy)
    if base in {"own_granted", "own_remaining", "own_claim"}:
        remedy = "write `gate: {drain: …}`"
        case.need(case.drain is not None, inner, f"`{base}` needs to know which lots are meant", remedy)


def _check_rule_base(case: SitedRule, base: str) -> None:
    inner = ("amount", "of")
    named = [rule for rule in case.siblings if rule.id == base and rule.when == case.rule.when]
    if len(named) > 1:
        remedy = "give the rules different ids"
        case.refuse(inner, f"`{base}` is the id of {len(named)} earlier rules", remedy, "ambiguous_base")
    elif not named and base not in case.unbuilt:
        known = [*ORDER_BASES, "static_release", *(rule.id for rule in case.siblings)]
        message = f"`{base}` is no base and no earlier rule of `when: {case.rule.when}`"
        case.refuse(inner, message, did_you_mean(base, known), "unknown_base")


def _check_share(case: SitedRule) -> None:
    amount, who, pay = case.rule.amount, case.rule.who, case.rule.pay
    if not isinstance(amount, model.Share):
        return
    _check_base(case)
    by = who.by if isinstance(who, Walk) else None
    if amount.column is not None:
        _check_column(case, amount.column)
    else:
        remedy = "write `share: $table.column`"
        case.need(by not in {"rank", "own_rank"}, ("amount", "share"), f"`by: {by}` takes the rates of ranks", remedy)
    if len(amount.rates) > 1:
        fits = isinstance(who, Walk) and (by == "peer" or (by == "generation" and who.depth is None))
        message = "a list of rates goes with `by: generation` without `depth`, or with `by: peer`"
        case.need(fits, ("amount", "share"), message, "write one rate, or let the rule walk by generation")
    if amount.overrides:
        message = f"rates differ by line on the order's amount only: `{amount.of}` is not known line by line"
        remedy = "share `trigger_amount`, or remove the override"
        case.need(amount.of == "trigger_amount", ("amount", "of"), message, remedy)
    if amount.whole is not None:
        message = "whole units become lots of the buyer, one each"
        fits = isinstance(pay, Grant) and who is None
        case.need(fits, ("amount", "whole"), message, "pay with `grant`, or remove `whole`")
        message = f"whole units are of the spend or of one order, not of `{amount.of}`"
        remedy = "write `of: cumulative` or `of: single_order`"
        case.need(amount.of in _WHOLE_BASES, ("amount", "of"), message, remedy)
    if isinstance(pay, Mint):
        _check_minted(case, pay, amount.of)
    family = isinstance(pay, Feed) and getattr(case.plan.stores.get(pay.pool), "each", None) is not None
    if amount.spread and not family:
        message = "`spread` feeds the pools of a family"
        case.refuse(("amount", "spread"), message, "feed a pool with `each`, or remove `spread`")


def _check_minted(case: SitedRule, pay: Mint, base: str) -> None:
    """Check that tokens are minted to the buyer for what the order put into their pool."""
    curve = getattr(case.plan.stores.get(pay.tokens), "priced_by", None)
    fed = [rule.pay for rule in case.siblings if rule.id == base and isinstance(rule.pay, Feed)]
    fits = case.after(curve is None or any(feed.pool == curve for feed in fed)) and case.rule.who is None
    message = "tokens are minted to the buyer for what an earlier rule has put into their pool"
    case.need(fits, ("amount", "of"), message, f"name the rule that feeds `{curve}`, without `who`")


def _check_column(case: SitedRule, column: str) -> None:
    """Check that the rates of a table are those of the ranks that are walked."""
    who = case.rule.who
    inner = ("amount", "share")
    if not isinstance(who, Walk) or who.by not in {"rank", "own_rank"}:
        message = "a column of rates needs ranks to choose the row"
        case.refuse(inner, message, "walk `by: rank` or `by: own_rank`, or write a rate")
        return
    written = str(case.sited.given(case.trail(*inner)))
    table = case.sited.given(("ranks", who.ranks or "", "ladder"))
    if table is not None and written.partition(".")[0] != table:
        message = f"`{written}` is not a column of `{table}`, the ladder of the ranks `{who.ranks}`"
        case.refuse(inner, message, f"write `{table}.{column}`")
    if who.by == "rank" and column != "rate":
        case.refuse(inner, "a walk `by: rank` goes by the column `rate`", f"write `{table}.rate`")


def _check_tier(case: SitedRule) -> None:
    amount = case.rule.amount
    if not isinstance(amount, model.Tier):
        return
    _check_base(case)
    if amount.at not in MEASURES:
        case.store(amount.at, (Lots,), "amount", "at")
    elif amount.at not in _WHOLE_BASES:
        message = f"a tier is judged by the order or by the buyer's spend, not by `{amount.at}`"
        remedy = "write `at: single_order` or `at: cumulative`; for the rest there are ranks"
        case.refuse(("amount", "at"), message, remedy)
    elif case.rule.when != "order":
        remedy = "write `when: order`" if case.rule.when != "task" else "judge a task by the stock of lots"
        case.refuse(("amount", "at"), f"`{amount.at}` is of an order, which `when: {case.rule.when}` lacks", remedy)
    _check_tier_receivers(case, amount)
    if amount.retier:
        fits = isinstance(case.rule.pay, Grant) and amount.of is not None
        case.need(fits, ("amount", "retier"), "only a grant of an order is judged again", "remove `retier`")
    upper = any(row.min is not None for row in amount.rows)
    lower = amount.at in MEASURES or not upper
    case.need(lower, ("amount", "at"), "a tier by lots needs a ladder by `max`", "use a table with the column `max`")


def _check_tier_receivers(case: SitedRule, amount: model.Tier) -> None:
    """Check that others than the buyer get a fixed sum, each the same, as many levels up as the walk says."""
    who = case.rule.who
    if who is None:
        return
    fits = isinstance(who, Walk) and who.tree == "referral" and who.by == "generation" and who.depth is not None
    remedy = "write `who: {walk: referral, by: generation, depth: …}`"
    case.need(fits, ("who",), "a tier is the buyer's, or a sum for each of so many levels up", remedy)
    message = "what each level gets is a sum, not a part of a base"
    case.need(amount.of is None, ("amount", "of"), message, "remove `of`, or write `share`")


def _check_cycle(case: SitedRule) -> None:
    amount, who = case.rule.amount, case.rule.who
    if not isinstance(amount, model.Cycle):
        return
    _check_base(case)
    case.store(amount.at, (model.Positions,), "amount", "at")
    fits = isinstance(who, Walk) and who.tree == "referral" and who.by == "generation" and who.depth == 1
    message = "places are counted below a sponsor"
    case.need(fits, ("amount", "cycle"), message, "write `who: {walk: referral, depth: 1}`")
    _only_one(case, lambda rule: isinstance(rule.amount, model.Cycle) and rule.amount.at == amount.at, amount.at)


def _check_schedule(case: SitedRule) -> None:
    amount = case.rule.amount
    if not isinstance(amount, model.Schedule):
        return
    inner = ("amount", "schedule")
    if case.store(amount.lots, (Lots,), *inner):
        _drains(case, amount.lots, inner)
    case.need(case.rule.when == "daily", ("when",), "a schedule releases in the run", "write `when: daily`")
    case.need(case.rule.who is None, ("who",), "a schedule releases to every owner", "remove `who`")
    given = case.sited.given(case.trail("amount")) or {}
    if ("rate" in given) == ("parts" in given):
        case.refuse(inner, "a schedule has a rate, or parts", "write `rate: …` or `parts: …`, one of the two")
    case.need("every" not in given or "parts" in given, ("amount", "every"), "`every` goes with `parts`", "add `parts`")
    case.need("of" not in given or "rate" in given, ("amount", "of"), "`of` goes with `rate`", "add `rate`")
    if any(isinstance(rule.amount, model.Schedule) and rule.amount.lots == amount.lots for rule in case.earlier):
        message = f"an earlier rule already releases `{amount.lots}`"
        case.refuse(inner, message, "keep one schedule for each kind of lots", "second_schedule")


def _drains(case: SitedRule, lots: str, inner: tuple[str, ...]) -> None:
    case.need(case.drain == lots, inner, f"what is read from `{lots}` must be drained", f"write `drain: {lots}`")


def _check_value(case: SitedRule) -> None:
    amount = case.rule.amount
    if not isinstance(amount, model.Value):
        return
    inner = ("amount", "value")
    if case.store(amount.tokens, (Lots,), *inner):
        tokens = case.plan.stores[amount.tokens]
        fits = isinstance(tokens, Lots) and tokens.mode == "tokens"
        case.need(fits, inner, f"`{amount.tokens}` are no tokens", "name a store with `lots: tokens`")
        _drains(case, amount.tokens, inner)
    forced = isinstance(case.rule.who, Head)
    case.need(forced or case.rule.when == "sale", inner, "tokens are valued at a sale or an exit", "write `when: sale`")
    _only_one(
        case,
        lambda rule: getattr(rule.amount, "tokens", "") == amount.tokens and isinstance(rule.who, Head) == forced,
        amount.tokens,
    )


def _check_balance(case: SitedRule) -> None:
    amount = case.rule.amount
    if not isinstance(amount, model.Balance):
        return
    inner = ("amount", "balance")
    case.store(amount.pool, (Money,), *inner)
    case.need(isinstance(case.rule.who, Split), inner, "the balance of a pool is split", "write `who: {split: …}`")
    case.need(case.rule.when == "daily", ("when",), "a pool is split in the run", "write `when: daily`")
    source = getattr(case.rule.pay, "source", None)
    case.need(source == amount.pool, ("pay",), "the pool that is split pays", f"write `from: {amount.pool}`")


def _check_remaining(case: SitedRule) -> None:
    amount, who = case.rule.amount, case.rule.who
    if not isinstance(amount, model.Remaining):
        return
    inner = ("amount", "remaining")
    if case.store(amount.lots, (Lots,), *inner):
        _drains(case, amount.lots, inner)
    fits = isinstance(who, Head) and who.lots == amount.lots
    case.need(fits, inner, "only the head of a queue is owed all", f"write `who: {{head: {amount.lots}}}`")


def _only_one(case: SitedRule, alike: Callable[[Rule], bool], store: str) -> None:
    """Check that no earlier rule does the same with a store: sells its tokens, ends them, takes its places."""
    if any(alike(rule) for rule in case.earlier):
        message = f"an earlier rule already does this with `{store}`"
        remedy = "keep one of the two, or give each a store of its own (in a composition, rename it in one part)"
        case.refuse(("amount",), message, remedy, "second_rule")
