"""A rule, a store or a ladder in one line of plain words."""

from jifen.core.micros import MICRO, format_micros, format_rate
from jifen.plan.model import (
    Amount,
    Asset,
    Balance,
    Curve,
    Cycle,
    Feed,
    Gate,
    Grant,
    Head,
    Lots,
    Mint,
    Money,
    Pay,
    Per,
    Positions,
    Ranks,
    Remaining,
    Rule,
    Schedule,
    Share,
    Split,
    Store,
    Tier,
    Value,
    Walk,
    Weigh,
    Weight,
    Who,
)

__all__ = ["ranks_in_words", "rule_in_words", "store_in_words"]

_WHEN = {
    "order": "order takes effect",
    "daily": "daily run",
    "sale": "sale",
    "task": "task done",
    "liability": "old debt booked",
    "event": "after every event",
}
_BASES = {
    "trigger_amount": "the order's amount",
    "trigger_margin": "the order's margin",
    "trigger_points": "the points granted to the buyer",
    "trigger_weight": "the weight given to the buyer",
    "coin_paid": "the coin paid",
    "own_amount": "the receiver's own first order",
    "lesser": "the lesser of the order and the receiver's own",
    "own_granted": "what the receiver's live lots were granted",
    "own_remaining": "what remains of the receiver's live lots",
    "own_claim": "the receiver's oldest claim",
    "static_release": "each member's release of this run",
    "single_order": "the order",
    "cumulative": "the buyer's net spend",
}


def rule_in_words(rule: Rule) -> str:
    """Return a rule in one line: when, amount, who, gate, pay.

    >>> rule_in_words(Rule("feed", "order", Share("trigger_amount", (300_000,)), Feed("pool")))
    "order takes effect: 30% of the order's amount, into the pool `pool`"
    """
    parts = [
        _amount(rule.amount),
        "" if rule.who is None else _who(rule.who),
        "" if rule.gate is None else _gate(rule.gate),
        _pay(rule.pay),
    ]
    line = f"{_WHEN[rule.when]}: {', '.join(part for part in parts if part)}"
    if rule.when == "liability":
        line = line.replace(_BASES["trigger_amount"], "the debt")
    return f"{line} (off)" if rule.off else line


def _base(base: str) -> str:
    return _BASES.get(base, f"what `{base}` came to")


def _rates(rates: tuple[int, ...]) -> str:
    return ", ".join(map(format_rate, rates)) or "nothing"


def _amount(amount: Amount) -> str:
    match amount:
        case Share():
            return _share(amount)
        case Tier():
            times = f" × {_base(amount.of)}" if amount.of else ""
            parts = f" ÷ {amount.parts}" if amount.parts > 1 else ""
            place = _BASES.get(amount.at, f"`{amount.at}`")
            again = ", judged again after a refund" if amount.retier else ""
            return f"the {amount.column} of the tier that {place} reaches{times}{parts}{again}"
        case Cycle():
            return f"{_rates(amount.rates)} in turn of {_base(amount.of)}"
        case Per():
            return f"one for every {format_micros(amount.unit, 0)} of {_base(amount.of)}"
        case Schedule(parts=int() as parts):
            return f"{parts} parts of each lot, one every {amount.every} days"
        case Schedule():
            base = "its order's amount" if amount.of == "order_amount" else "what it was granted"
            return f"{format_rate(amount.rate)} a day of each lot, counted from {base}"
        case Value():
            return "tokens × price" + (", at most the cap" if amount.at_most == "clip_to_cap" else "")
        case Balance():
            return f"all that the pool `{amount.pool}` has"
        case Remaining():
            return f"what remains of `{amount.lots}`"


def _share(share: Share) -> str:
    rates = f"the {share.column} of the rank" if share.column is not None else _rates(share.rates)
    text = f"{rates} of {_base(share.of)}"
    if share.overrides:
        others = (f"{item.key} {item.equals} {format_rate(item.rate)}" for item in share.overrides)
        text += f" ({'; '.join(others)})"
    if share.whole is not None:
        text += f" in whole units of {format_micros(share.whole, 0)}"
    return text + (f", spread {_rates(share.spread)}" if share.spread else "")


def _who(who: Who) -> str:
    match who:
        case Walk():
            tree = "agents of the delivery address" if who.tree == "region" else "referrers upwards"
            depth = f", {who.depth} up" if who.depth is not None else ""
            how = {
                "generation": "by generation",
                "rank": "each above the highest rate met",
                "peer": f"at most {who.most} for each rate met"
                + (" or below it" if who.applies == "equal_or_lower" else ""),
                "own_rank": "by their own rank",
            }[who.by]
            own = ", with an order of their own" if who.own_order else ""
            return f"to {tree} {how}{depth}{own}"
        case Split():
            by = "equally" if who.by == "heads" else f"by `{who.by}`"
            ranks = f" of ranks `{who.ranks}`" if who.ranks else ""
            lower = ", higher ranks too" if who.lower_too else ""
            retire = ", none to those with empty lots" if who.retire else ""
            return f"divided {by} among members{ranks}{lower}{retire}"
        case Head():
            line = ", passing over whom the pool cannot pay" if who.line == "skip" else ""
            return f"to the head of `{who.lots}`, {who.each} by {who.each}{line}"


def _gate(gate: Gate) -> str:
    parts = []
    if gate.funded is not None:
        parts.append(f"while the pool `{gate.funded}` has it all")
    if gate.newcomers is not None:
        parts.append(f"for every {gate.newcomers} newcomers")
    if gate.reaches is not None:
        counted = " with earlier sales" if gate.realised else ""
        parts.append(f"once the value{counted} reaches {format_micros(gate.reaches, 0)} × `{gate.of}`")
    if gate.drain is not None:
        parts.append(f"drained from `{gate.drain}`")
    if gate.closes:
        parts.append("ending " + ", ".join(f"`{name}`" for name in gate.closes))
    return ", ".join(parts)


def _pay(pay: Pay) -> str:
    match pay:
        case Asset():
            price = f" at {format_micros(pay.per_point, 0)} a point" if pay.per_point != MICRO else ""
            source = f" from the pool `{pay.source}`" if pay.source is not None else ""
            kept = f", {format_rate(pay.retain)} stays there" if pay.retain else ""
            return f"paid in {pay.asset}{price}{source}{kept}"
        case Feed():
            return f"into the pool `{pay.pool}`"
        case Grant():
            return f"granted as a lot of `{pay.lots}`"
        case Mint():
            return f"minted as `{pay.tokens}` at the price {pay.price.replace('_', '-')}"
        case Weigh():
            return f"added to `{pay.weight}`"
    return "paid to nobody"


def store_in_words(store: Store) -> str:
    """Return a store in one line."""
    match store:
        case Lots(mode="tokens"):
            return f"tokens priced by `{store.priced_by}`"
        case Lots():
            kinds = {"sequential": "lots, one after the other", "parallel": "lots, all together", "queue": "a queue"}
            counts = f", newcomers counted {store.counts.replace('_', ' ')}" if store.counts else ""
            return f"{kinds[store.mode]}, first release on day +{store.lag}{counts}"
        case Money():
            return "a pool of money" + (f", one for each row of `{store.each}`" if store.each else "")
        case Curve():
            return f"a pool that prices tokens, launched at {format_micros(store.launch, 0)}"
        case Weight():
            return "a number per member" + (f", {format_micros(store.cap, 0)} in all" if store.cap else "")
        case Positions():
            return f"numbered places below a sponsor, counted by {store.counts}"


def ranks_in_words(ranks: Ranks) -> str:
    """Return ranks in one line."""
    names = ", ".join(row.name for row in ranks.ladder) or "none"
    most = f", no rate above {format_rate(ranks.at_most)}" if ranks.at_most is not None else ""
    from_when = "from the next run" if ranks.effective == "next_run" else "at once"
    kept = ", never lost" if ranks.demote == "never" else ""
    return f"{names}; by {ranks.by}, {from_when}{kept}{most}"
