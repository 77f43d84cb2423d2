"""The checks of one rule: that its five slots fit together and name what is there."""

from dataclasses import dataclass

from jifen.plan import model
from jifen.plan.document import Trail
from jifen.plan.model import Asset, Curve, Feed, Gate, Grant, Head, Lots, Mint, Money, Plan, Rule, Split, Walk, Weigh
from jifen.plan.parameters import REGION_LEVELS
from jifen.plan.sited import Sited
from jifen.plan.source import MEASURES, ORDER_BASES
from jifen.plan.values import did_you_mean

__all__ = ["check_rule"]

_POOLS = (Money, Curve)
_WHOLE_BASES = ("cumulative", "single_order")


@dataclass(frozen=True, slots=True)
class _Case:
    """One rule under check."""

    position: int
    rule: Rule
    plan: Plan
    sited: Sited

    def trail(self, *inner: str) -> Trail:
        return self.sited.rule(self.position, *inner)

    def refuse(self, inner: tuple[str, ...], message: str, remedy: str, code: str = "slot_mismatch") -> None:
        self.sited.refuse(self.trail(*inner), code, message, remedy)

    def need(self, condition: bool, inner: tuple[str, ...], message: str, remedy: str) -> None:
        if not condition:
            self.refuse(inner, message, remedy)

    def store(self, name: str, kinds: tuple[type, ...], *inner: str) -> bool:
        return self.sited.store(self.plan, name, kinds, self.trail(*inner))

    @property
    def drain(self) -> str | None:
        return None if self.rule.gate is None else self.rule.gate.drain

    @property
    def earlier(self) -> tuple[Rule, ...]:
        return self.plan.rules[: self.position]

    @property
    def unbuilt(self) -> set[str]:
        """The ids of rules before this one that could not be built: what they are is not known."""
        rules = enumerate(self.sited.root["rules"][: self.sited.indexes[self.position]])
        built = set(self.sited.indexes)
        return {str(rule.get("id")) for index, rule in rules if index not in built and isinstance(rule, dict)}

    def after(self, found: bool) -> bool:
        """Whether an earlier rule was found, or may be among those that could not be built."""
        return found or bool(self.unbuilt)


def check_rule(position: int, plan: Plan, sited: Sited) -> None:
    """Note every mistake in the rule at ``position`` of the plan."""
    case = _Case(position, plan.rules[position], plan, sited)
    for part in (_check_amount, _check_who, _check_gate, _check_pay):
        part(case)


# -- amount ---------------------------------------------------------------------------------------------------------


def _check_amount(case: _Case) -> None:
    checks = (_check_share, _check_tier, _check_cycle, _check_per, _check_schedule, _check_value, _check_balance)
    for part in (*checks, _check_remaining):
        part(case)


def _check_per(case: _Case) -> None:
    if isinstance(case.rule.amount, model.Per):
        _check_base(case)


def _check_base(case: _Case) -> None:
    """Check that the base exists at this point and names one thing."""
    base, when, inner = getattr(case.rule.amount, "of", None), case.rule.when, ("amount", "of")
    if base is None:
        return
    if base in _WHOLE_BASES:
        whole = getattr(case.rule.amount, "whole", None) is not None
        case.need(whole and when == "order", inner, f"`{base}` is a base of whole units only", "add `whole: …`")
    elif base == "static_release":
        scheduled = case.after(any(isinstance(rule.amount, model.Schedule) for rule in case.earlier))
        case.need(when == "daily", inner, "what is released in a run exists in the run only", "write `when: daily`")
        case.need(scheduled, inner, "no earlier rule releases anything", "put this rule after one with `schedule`")
    elif base in ORDER_BASES:
        fits = when == "order" or (when == "liability" and base == "trigger_amount")
        case.need(fits, inner, f"`{base}` is of an order, which `when: {when}` does not have", "write `when: order`")
        _check_order_base(case, base)
    else:
        _check_rule_base(case, base)


def _check_order_base(case: _Case, base: str) -> None:
    inner = ("amount", "of")
    own = [rule.pay for rule in case.earlier if rule.when == "order" and rule.who is None]
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


def _check_rule_base(case: _Case, base: str) -> None:
    inner = ("amount", "of")
    named = [rule for rule in case.earlier if rule.id == base and rule.when == case.rule.when]
    if len(named) > 1:
        remedy = "give the rules different ids, or rename one in `compose`"
        case.refuse(inner, f"`{base}` is the id of {len(named)} earlier rules", remedy, "ambiguous_base")
    elif not named and base not in case.unbuilt:
        known = [*ORDER_BASES, "static_release", *(rule.id for rule in case.earlier)]
        message = f"`{base}` is no base and no earlier rule of `when: {case.rule.when}`"
        case.refuse(inner, message, did_you_mean(base, known), "unknown_base")


def _check_share(case: _Case) -> None:
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
        fits = isinstance(who, Walk) and by == "generation" and who.depth is None
        message = "a list of rates goes with `by: generation` without `depth`"
        case.need(fits, ("amount", "share"), message, "write one rate, or let the rule walk by generation")
    if amount.whole is not None:
        message = "whole units become lots, one each"
        case.need(isinstance(pay, Grant), ("amount", "whole"), message, "pay with `grant`, or remove `whole`")
    family = isinstance(pay, Feed) and getattr(case.plan.stores.get(pay.pool), "each", None) is not None
    if amount.spread and not family:
        message = "`spread` feeds the pools of a family"
        case.refuse(("amount", "spread"), message, "feed a pool with `each`, or remove `spread`")


def _check_column(case: _Case, column: str) -> None:
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


def _check_tier(case: _Case) -> None:
    amount = case.rule.amount
    if not isinstance(amount, model.Tier):
        return
    _check_base(case)
    if amount.at not in MEASURES:
        case.store(amount.at, (Lots,), "amount", "at")
    if amount.retier:
        fits = isinstance(case.rule.pay, Grant) and amount.of is not None
        case.need(fits, ("amount", "retier"), "only a grant of an order is judged again", "remove `retier`")
    upper = any(row.min is not None for row in amount.rows)
    lower = amount.at in MEASURES or not upper
    case.need(lower, ("amount", "at"), "a tier by lots needs a ladder by `max`", "use a table with the column `max`")


def _check_cycle(case: _Case) -> None:
    amount, who = case.rule.amount, case.rule.who
    if not isinstance(amount, model.Cycle):
        return
    _check_base(case)
    case.store(amount.at, (model.Positions,), "amount", "at")
    fits = isinstance(who, Walk) and who.tree == "referral" and who.by == "generation" and who.depth == 1
    message = "places are counted below a sponsor"
    case.need(fits, ("amount", "cycle"), message, "write `who: {walk: referral, depth: 1}`")


def _check_schedule(case: _Case) -> None:
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


def _drains(case: _Case, lots: str, inner: tuple[str, ...]) -> None:
    case.need(case.drain == lots, inner, f"what is read from `{lots}` must be drained", f"write `drain: {lots}`")


def _check_value(case: _Case) -> None:
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


def _check_balance(case: _Case) -> None:
    amount = case.rule.amount
    if not isinstance(amount, model.Balance):
        return
    inner = ("amount", "balance")
    case.store(amount.pool, (Money,), *inner)
    case.need(isinstance(case.rule.who, Split), inner, "the balance of a pool is split", "write `who: {split: …}`")
    case.need(case.rule.when == "daily", ("when",), "a pool is split in the run", "write `when: daily`")
    source = getattr(case.rule.pay, "source", None)
    case.need(source == amount.pool, ("pay",), "the pool that is split pays", f"write `from: {amount.pool}`")


def _check_remaining(case: _Case) -> None:
    amount, who = case.rule.amount, case.rule.who
    if not isinstance(amount, model.Remaining):
        return
    inner = ("amount", "remaining")
    if case.store(amount.lots, (Lots,), *inner):
        _drains(case, amount.lots, inner)
    fits = isinstance(who, Head) and who.lots == amount.lots
    case.need(fits, inner, "only the head of a queue is owed all", f"write `who: {{head: {amount.lots}}}`")


# -- who ------------------------------------------------------------------------------------------------------------


def _check_who(case: _Case) -> None:
    match case.rule.who:
        case Walk() as walk:
            _check_walk(case, walk)
        case Split() as split:
            if split.by != "heads":
                case.store(split.by, (model.Weight,), "who", "split")
            if split.ranks is not None:
                case.sited.ranks(split.ranks, case.trail("who", "ranks"))
            fits = isinstance(case.rule.amount, model.Balance)
            case.need(fits, ("who", "split"), "only the balance of a pool is split", "write `amount: {balance: …}`")
        case Head() as head:
            case.store(head.lots, (Lots,), "who", "head")
            gate = case.rule.gate or Gate()
            ways = [gate.funded is not None, gate.newcomers is not None, gate.reaches is not None]
            remedy = "write one of `funded`, `newcomers`, `reaches` in `gate`"
            case.need(sum(ways) == 1, ("who", "head"), "the head is served for exactly one reason", remedy)
            owed = isinstance(case.rule.amount, model.Remaining | model.Value)
            case.need(owed, ("amount",), "the head is paid what it is owed", "write `remaining: …` or `value: …`")


def _check_walk(case: _Case, walk: Walk) -> None:
    given = case.sited.given(case.trail("who")) or {}
    ranked = walk.by in {"rank", "peer", "own_rank"}
    regions = walk.ranks is not None and tuple(row.name for row in _rows(case, walk)) == REGION_LEVELS
    if walk.tree == "region":
        fits = walk.by == "rank" and "ranks" not in given and regions
        remedy = "write `share: $<a table of regions>` and `who: {walk: region, by: rank}`"
        case.need(fits, ("who", "walk"), "regions are walked by the rates of their levels", remedy)
    elif ranked and walk.ranks is None:
        case.refuse(("who",), f"`by: {walk.by}` needs ranks", "write `ranks: …`")
    elif walk.ranks is not None and "ranks" not in given:
        message = "a table of regions goes with a walk of regions"
        case.refuse(("amount", "share"), message, "write `walk: region`")
    elif walk.ranks is not None:
        case.sited.ranks(walk.ranks, case.trail("who", "ranks"))
    case.need(ranked or "ranks" not in given, ("who", "ranks"), "generations have no ranks", "remove `ranks`")
    for key in ("most", "applies"):
        case.need(
            key not in given or walk.by == "peer", ("who", key), f"`{key}` goes with `by: peer`", f"remove `{key}`"
        )
    if walk.by == "own_rank":
        case.need(walk.depth is not None, ("who",), "nothing ends a walk `by: own_rank`", "write `depth: …`")


def _rows(case: _Case, walk: Walk) -> tuple[model.Row, ...]:
    ranks = case.plan.ranks.get(walk.ranks or "")
    return ranks.ladder if ranks else ()


# -- gate and pay ---------------------------------------------------------------------------------------------------


def _check_gate(case: _Case) -> None:
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


def _check_exit(case: _Case, gate: Gate) -> None:
    case.need(gate.of is not None, ("gate", "reaches"), "what the value is compared with is missing", "add `of: …`")
    for key, names in (("of", (gate.of,)), ("closes", gate.closes)):
        for name in names:
            if name is not None and name != "spend":
                case.store(name, (Lots,), "gate", key)
    fits = case.rule.when in {"event", "daily"}
    case.need(fits, ("when",), "exits are looked for after events or in the run", "write `when: event`")


def _check_pay(case: _Case) -> None:
    match case.rule.pay:
        case Asset(source=source, retain=retain):
            if source is not None:
                _check_source(case, source)
            case.need(not retain or source is not None, ("pay", "retain"), "only a pool retains", "add `from: …`")
        case Feed(pool=pool):
            case.store(pool, _POOLS, "pay", "feed")
            case.need(case.rule.who is None, ("who",), "a feed has no receiver", "remove `who`")
            family = getattr(case.plan.stores.get(pool), "each", None) is not None
            spread = bool(getattr(case.rule.amount, "spread", ())) or case.rule.off
            remedy = "add `spread: $table.column`"
            case.need(spread or not family, ("pay", "feed"), f"`{pool}` is a family of pools", remedy)
        case Grant(lots=lots) | Mint(tokens=lots) as pay:
            key = "grant" if isinstance(pay, Grant) else "mint"
            if case.store(lots, (Lots,), "pay", key):
                tokens = getattr(case.plan.stores[lots], "mode", "") == "tokens"
                remedy = "write `mint: …`" if tokens else "write `grant: …`"
                case.need(
                    tokens == isinstance(pay, Mint), ("pay", key), "tokens are minted, other lots granted", remedy
                )
        case Weigh(weight=weight):
            case.store(weight, (model.Weight,), "pay", "weight")
        case model.Nothing():
            case.need(case.drain is not None, ("pay",), "nothing is drained and nothing is paid", "add `drain: …`")


def _check_source(case: _Case, source: str) -> None:
    if source == "pool" and source not in case.sited.root["stores"]:
        message = "`pool` means the plan's only pool, and there is not exactly one"
        case.refuse(("pay", "from"), message, "name the pool", "ambiguous_pool")
    else:
        case.store(source, _POOLS, "pay", "from")
