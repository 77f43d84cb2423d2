"""The checks of who is paid by a rule: walks, splits, heads of queues."""

from jifen.core.micros import MICRO
from jifen.plan import model
from jifen.plan.model import Asset, Cycle, Feed, Gate, Head, Lots, Mint, Share, Split, Tier, Walk, Weigh
from jifen.plan.parameters import REGION_LEVELS
from jifen.plan.sited import SitedRule

__all__ = ["check_receivers"]


def check_receivers(case: SitedRule) -> None:
    """Note every mistake in who is paid by a rule."""
    match case.rule.who:
        case Walk() as walk:
            _check_walk(case, walk)
        case Split() as split:
            if split.by != "heads":
                case.store(split.by, (model.Weight,), "who", "split")
            if split.ranks is not None:
                case.sited.ranks(split.ranks, case.trail("who", "ranks"))
            _check_split(case, split)
        case Head() as head:
            case.store(head.lots, (Lots,), "who", "head")
            gate = case.rule.gate or Gate()
            ways = [gate.funded is not None, gate.newcomers is not None, gate.reaches is not None]
            remedy = "write one of `funded`, `newcomers`, `reaches` in `gate`"
            case.need(sum(ways) == 1, ("who", "head"), "the head is served for exactly one reason", remedy)
            owed = isinstance(case.rule.amount, model.Remaining | model.Value)
            case.need(owed, ("amount",), "the head is paid what it is owed", "write `remaining: …` or `value: …`")
            newcomers = case.rule.when != "order" or gate.newcomers is not None
            message = "an order serves the head for newcomers only; pools and exits look at the line by themselves"
            remedy = "write `newcomers: …`, or `when: daily` with `funded`, `when: event` with `reaches`"
            case.need(newcomers, ("when",), message, remedy)


def _check_walk(case: SitedRule, walk: Walk) -> None:
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
    case.need(
        isinstance(case.rule.amount, Share | Cycle | Tier),
        ("amount",),
        "a walk pays a share, a rate in turn, or a sum",
        "write `share: …`, `cycle: …` or `tier: …`, or remove `who`",
    )
    case.need(
        isinstance(case.rule.pay, Asset | Weigh | Feed | Mint),
        ("pay",),
        "a walk pays an asset or weight",
        "write `asset: …` or `weight: …`, or remove `who`",
    )
    message = "whether a member has an order of his own is asked when an order counts, not in the run"
    remedy = "let the rule walk at the order (`when: order`), or remove `own_order`"
    case.need(not (walk.own_order and case.rule.when == "daily"), ("who", "own_order"), message, remedy)
    for key in ("most", "applies"):
        case.need(
            key not in given or walk.by == "peer", ("who", key), f"`{key}` goes with `by: peer`", f"remove `{key}`"
        )
    if walk.by == "peer":
        _check_peers(case, walk)
    if walk.by in {"rank", "peer"}:
        message = "a walk by rank ends where nobody can have more, however many levels up that is"
        case.need(walk.depth is None, ("who", "depth"), message, "remove `depth`")
    if walk.by == "own_rank":
        case.need(walk.depth is not None, ("who",), "nothing ends a walk `by: own_rank`", "write `depth: …`")


def _rows(case: SitedRule, walk: Walk) -> tuple[model.Row, ...]:
    ranks = case.plan.ranks.get(walk.ranks or "")
    return ranks.ladder if ranks else ()


def _check_peers(case: SitedRule, walk: Walk) -> None:
    """Check that of a list of rates each peer has his own."""
    rates = getattr(case.rule.amount, "rates", ())
    if len(rates) > 1 and walk.most > len(rates):
        message = f"{walk.most} peers are paid, and there are {len(rates)} rates"
        case.refuse(("who", "most"), message, f"write at most {len(rates)}, or a rate for each peer")


def _check_split(case: SitedRule, split: Split) -> None:
    """Check that it is a pool that is split, in money, and by the ranks that its family has."""
    amount, pay = case.rule.amount, case.rule.pay
    if not isinstance(amount, model.Balance):
        case.refuse(("who", "split"), "only the balance of a pool is split", "write `amount: {balance: …}`")
        return
    message = "what is split is money already: a point has no price here"
    case.need(getattr(pay, "per_point", MICRO) == MICRO, ("pay", "per_point"), message, "remove `per_point`")
    message = "weights retire when lots are used up, and no lots are drained"
    case.need(not split.retire or case.drain is not None, ("who", "retire"), message, "add `gate: {drain: …}`")
    family = getattr(case.plan.stores.get(amount.pool), "each", None)
    message = f"the pools of `{amount.pool}` are one for each row of `{family}`"
    case.need(family in (None, split.ranks), ("who", "split"), message, f"write `ranks: {family}`")
    message = "`lower_too` is about the pools of a family"
    case.need(not split.lower_too or family is not None, ("who", "lower_too"), message, "remove `lower_too`")
