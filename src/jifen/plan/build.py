"""From checked fillings to the plan model: the one place that knows both.

A table of regions becomes ranks of the parameter's name, one row for each level (``district, city, province``) with
the column ``rate``; the walk of the rule that shares it names these ranks, and the agent of a path has the rank of its
level.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jifen.core.micros import MICRO
from jifen.plan import model
from jifen.plan.notation import REFERENCE
from jifen.plan.source import (
    AssetPay,
    BalanceAmount,
    CycleAmount,
    FeedPay,
    GateSource,
    GrantPay,
    HeadWho,
    LotsStore,
    MintPay,
    PerAmount,
    PoolStore,
    PositionsStore,
    RanksSource,
    RemainingAmount,
    RuleSource,
    ScheduleAmount,
    ShareAmount,
    SplitWho,
    TierAmount,
    ValueAmount,
    WalkWho,
    WeighPay,
    WeightStore,
)

__all__ = ["Tables", "build_ranks", "build_rule", "build_store"]

_LAGS = {"queue": 0, "tokens": 0}


@dataclass(slots=True)
class Tables:
    """The tables of a plan by parameter, and the ranks made of them."""

    values: Mapping[str, Any]
    ranks: dict[str, model.Ranks] = field(default_factory=dict)

    def rows(self, reference: str) -> tuple[model.Row, ...]:
        """Return the rows of the ladder a reference names."""
        return tuple(self.values[_split(reference)[0]])

    def regions(self, name: str) -> str:
        """Return the name of the ranks made of a table of regions."""
        rows = tuple(model.Row(level, columns={"rate": rate}) for level, rate in self.values[name].items())
        self.ranks[name] = model.Ranks(name, rows, by="appointed", effective="immediate")
        return name


def _split(reference: str) -> tuple[str, str | None]:
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(f"not a reference: {reference!r}")
    return match["name"], match["column"]


def build_store(name: str, source: LotsStore | PoolStore | WeightStore | PositionsStore) -> model.Store:
    """Make a store. A queue and tokens wait for no day unless they say so; other lots first release a day later."""
    match source:
        case LotsStore():
            lag = source.lag if source.lag is not None else _LAGS.get(source.lots, 1)
            return model.Lots(name, source.lots, lag, source.counts, source.priced_by)
        case PoolStore() if source.pool == "curve":
            given = {"zero_supply": source.zero_supply, "unbacked": source.unbacked, "refund": source.refund}
            options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
            return model.Curve(name, source.launch or MICRO, **options)
        case PoolStore():
            return model.Money(name, source.each)
        case WeightStore():
            return model.Weight(name, source.cap)
        case PositionsStore():
            return model.Positions(name, source.positions)


def build_ranks(name: str, source: RanksSource, tables: Tables) -> model.Ranks:
    """Make ranks from the ladder they name."""
    rows = tables.rows(source.ladder)
    return model.Ranks(name, rows, source.by, source.effective, source.demote, source.at_most)


def build_rule(
    source: RuleSource, tables: Tables, home: str | None, overrides: tuple[model.Override, ...], emptied: bool
) -> model.Rule:
    """Make a rule. ``home`` is the pool the word ``pool`` means; ``emptied``: an optional parameter of it is null."""
    amount = _amount(source.amount, tables, overrides)
    peers = len(getattr(amount, "rates", ())) or 1
    who = None if source.who is None else _who(source.who, peers)
    if isinstance(source.amount, ShareAmount) and isinstance(source.amount.share, str):
        name, column = _split(source.amount.share)
        if column is None and isinstance(tables.values[name], Mapping) and isinstance(who, model.Walk):
            who = model.Walk(who.tree, who.by, who.depth, tables.regions(name), own_order=who.own_order)
    when = source.when
    if when == "base":
        when = "daily" if getattr(source.amount, "of", None) == "static_release" else "order"
    gate = None if source.gate is None else _gate(source.gate)
    return model.Rule(source.id, when, amount, _pay(source.pay, home), who, gate, off=emptied)


def _amount(source: Any, tables: Tables, overrides: tuple[model.Override, ...]) -> model.Amount:
    match source:
        case ShareAmount():
            return _share(source, tables, overrides)
        case TierAmount():
            rows, column = tables.rows(source.tier), _split(source.tier)[1] or ""
            return model.Tier(rows, column, source.at, source.of, source.retier, source.parts)
        case CycleAmount():
            return model.Cycle(tuple(rate for rate in source.cycle if isinstance(rate, int)), source.at, source.of)
        case PerAmount():
            return model.Per(source.per, source.of)
        case ScheduleAmount():
            base, every = source.of or "granted", source.every or 1
            return model.Schedule(source.schedule, source.rate or 0, base, source.parts, every)
        case ValueAmount():
            return model.Value(source.value, source.at_most)
        case BalanceAmount():
            return model.Balance(source.balance)
        case RemainingAmount():
            return model.Remaining(source.remaining)
    raise TypeError(f"not an amount: {type(source).__name__}")


def _share(source: ShareAmount, tables: Tables, overrides: tuple[model.Override, ...]) -> model.Share:
    spread: tuple[int, ...] = ()
    if source.spread is not None:
        column = _split(source.spread)[1] or ""
        spread = tuple(row.columns.get(column, 0) for row in tables.rows(source.spread))
    if isinstance(source.share, str):
        return model.Share(source.of, (), _split(source.share)[1] or "rate", overrides, source.whole, spread)
    return model.Share(source.of, source.share, None, overrides, source.whole, spread)


def _who(source: WalkWho | SplitWho | HeadWho, peers: int) -> model.Who:
    """Make the receivers; ``peers`` are paid at each height where the file does not say how many."""
    match source:
        case WalkWho():
            most = (source.most if source.most is not None else peers) if source.by == "peer" else 0
            applies = source.applies or "equal"
            return model.Walk(source.walk, source.by, source.depth, source.ranks, most, applies, source.own_order)
        case SplitWho():
            return model.Split(source.split, source.ranks, source.lower_too, source.retire)
        case HeadWho():
            return model.Head(source.head, source.line, source.each)


def _gate(source: GateSource) -> model.Gate:
    return model.Gate(
        drain=source.drain,
        spill=source.spill or "next_lot",
        no_lot=source.no_lot or "forfeit",
        excess=source.excess or "carry_over",
        funded=source.funded,
        newcomers=source.newcomers,
        reaches=source.reaches,
        of=source.of,
        realised=bool(source.realised),
        closes=tuple(source.closes or ()),
    )


def _pay(source: Any, home: str | None) -> model.Pay:
    match source:
        case AssetPay():
            pool: str | None = source.source
            if pool == "platform":
                pool = None
            elif pool == "pool":
                pool = home or "pool"
            return model.Asset(source.asset, source.per_point, pool, source.retain)
        case FeedPay():
            return model.Feed(source.feed)
        case GrantPay():
            return model.Grant(source.grant)
        case MintPay():
            return model.Mint(source.mint, source.price)
        case WeighPay():
            return model.Weigh(source.weight)
    return model.Nothing()
