"""Which rule took what of what was sold: the shop's account, the pools and the reserve, the promises, line by line.

Every figure is a sum of transfers, exact; the lines of each account add up to what it holds, and that is checked. The
shop's account is the plan's own: what orders brought less what was given back, less what each rule paid out of it or
put into a pool or the reserve. What is left there is the shop's, before the cost of goods.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from jifen.batch.daily import Daily
from jifen.core.errors import ensure
from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.engine.books import OWED
from jifen.engine.flows import REFUND, Flow
from jifen.ledger.journal import Account
from jifen.plan.model import Asset, Head, Plan, Split, Walk
from jifen.plan.worth import is_tokens, yuan_per_unit

__all__ = [
    "MEMBERS", "OUTSIDE", "POOL", "RESERVE", "SHOP", "Fund", "Line", "Promise", "PromiseLine", "Waterfall", "Whom",
    "place_of", "rule_order", "waterfall_of", "whom",
]  # fmt: skip

MEMBERS, OUTSIDE, RESERVE, SHOP = "members", "outside", "reserve", "shop"
"""Places money is at, beside the pools."""
POOL = "pool:"
"""A pool's place is this and its name."""

Whom = Literal["buyer", "upline", "agents", "sharers", "queue", "holder", ""]
"""Whom a rule pays: the buyer himself, those above him, agents of a region, members by weight or rank, the head of a
queue, who holds tokens; empty for what no rule of the plan decides."""

_ORDER = "order"
_PLACES = {
    Account.MERCHANT: SHOP, Account.RESERVE: RESERVE, Account.WALLET: MEMBERS, Account.PENDING: MEMBERS,
    Account.OUTSIDE: OUTSIDE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """What one rule moved between an account and ``place``; ``back`` is what refunds took back of it. Micro-units."""

    rule: str
    place: str
    """``members``, ``reserve``, ``shop``, ``outside``, or ``pool:`` and the name of a pool."""
    whom: Whom
    asset: str
    gave: int
    back: int = 0

    @property
    def net(self) -> int:
        """What stands of it."""
        return self.gave - self.back


@dataclass(frozen=True, slots=True)
class Fund:
    """A pool, or the reserve: what came in and went out, what it holds and what it still owes."""

    name: str
    fed: tuple[Line, ...]
    paid: tuple[Line, ...]
    holds: int
    owes: int


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """What one rule added to a store, and what it used up or took away, in units of the store."""

    rule: str
    added: int
    used: int


@dataclass(frozen=True, slots=True)
class Promise:
    """A store of lots or weights, or the claims: what each rule did to it, and what is left.

    ``worth``: what the rest pays at most in micro-units of money; ``None`` where no amount is promised:
    for tokens, weights, and lots that no rule pays for.
    """

    store: str
    kind: Literal["lots", "tokens", "weight", "claims"]
    lines: tuple[PromiseLine, ...]
    left: int
    worth: int | None


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A run's account of what was sold. ``takers`` took it from the shop's account, in plan order."""

    sold: int
    refunded: int
    takers: tuple[Line, ...]
    funds: tuple[Fund, ...]
    promises: tuple[Promise, ...]
    beside: tuple[Line, ...]
    """What came from outside, by hand: no part of what was sold."""
    forfeited: Mapping[str, int]
    """By rule, in points."""
    cost: int | None
    """What the goods that were kept cost; ``None`` where no order tells."""
    without_cost: int
    """Orders that do not tell their cost, or not of every line."""

    @property
    def net(self) -> int:
        """What was sold, less refunds."""
        return self.sold - self.refunded

    @property
    def taken(self) -> int:
        """What rules took of it."""
        return sum(line.net for line in self.takers)

    @property
    def remains(self) -> int:
        """What stays with the shop, before the cost of goods; below 0 it pays from elsewhere."""
        return self.net - self.taken


def waterfall_of(daily: Daily) -> Waterfall:
    """Account for a run up to its last closed day."""
    world = daily.world
    order = rule_order(world)
    own = [(flow, amount) for flow, amount in daily.flows.items() if SHOP in _places(flow)]
    sold = -sum(_out_of(SHOP, flow) * amount for flow, amount in own if _is_sale(flow))
    refunded = sum(_out_of(SHOP, flow) * amount for flow, amount in own if _is_return(flow))
    made = Waterfall(
        sold=sold,
        refunded=refunded,
        takers=_lines(daily, order, SHOP, (MEMBERS, RESERVE, POOL)),
        funds=tuple(fund for name in (RESERVE, *(POOL + pool for pool in world.pools.names))
                    if (fund := _fund(daily, order, name)) is not None),
        promises=tuple(_promises(daily, order)),
        beside=_lines(daily, order, OUTSIDE, (MEMBERS,)),
        forfeited={rule: daily.forfeits[rule] for rule in sorted(daily.forfeits, key=order.__getitem__)},
        cost=_cost(daily) if daily.costs else None,
        without_cost=daily.without_cost,
    )  # fmt: skip
    holds = -sum(_out_of(SHOP, flow) * amount for flow, amount in own)
    ensure((sold, refunded) == (daily.total("sold"), daily.total("refunded")), "the shop's account lacks an order")
    ensure(made.remains == holds, f"of what was sold {made.remains} should remain with the shop, not {holds}")
    return made


def rule_order(world: World) -> dict[str, int]:
    """The place of every rule: those of the plan in its order (of all its versions), then what no plan decides."""
    planned = (rule.id for program in world.programs for rule in program.plan.rules)
    names = dict.fromkeys((RESERVE, *planned, *world.rule_names.names))
    return {name: place for place, name in enumerate(names)}


def whom(plans: Iterable[Plan], rule: str) -> Whom:
    """Whom a rule of the plans pays; of several rules with one id, the first that pays."""
    for one in (one for plan in plans for one in plan.rules):
        if one.id != rule or not isinstance(one.pay, Asset):
            continue
        if isinstance(one.who, Walk):
            return "agents" if one.who.tree == "region" else "upline"
        if isinstance(one.who, Split):
            return "sharers"
        if isinstance(one.who, Head):
            return "queue" if one.gate is None or one.gate.reaches is None else "holder"
        return "holder" if one.when == "sale" else "buyer"
    return ""


def place_of(account: Account, name: str) -> str:
    """Where money on an account is; what a pool or the reserve still owes belongs to it. Empty for lots and weights."""
    if account in (Account.POOL, Account.RECEIVABLE):
        return POOL + name if name else RESERVE
    return _PLACES.get(account, "")


def _places(flow: Flow) -> tuple[str, str]:
    return place_of(flow.source, flow.source_name), place_of(flow.target, flow.target_name)


def _out_of(place: str, flow: Flow) -> int:
    """1 for what leaves a place, -1 for what comes in, 0 for what stays in it or has nothing to do with it."""
    source, target = _places(flow)
    return (source == place) - (target == place)


def _is_sale(flow: Flow) -> bool:
    return flow.rule == _ORDER and not flow.taken_back


def _is_return(flow: Flow) -> bool:
    """Money given back for goods: it is taken back of no rule, and comes from no fund."""
    return flow.taken_back and flow.rule == REFUND and bool({Account.OUTSIDE, Account.WALLET} & {flow[2], flow[4]})


def _lines(
    daily: Daily, order: Mapping[str, int], place: str, others: tuple[str, ...], *, inward: bool = False
) -> tuple[Line, ...]:
    """What each rule moved from a place to others (or from them to it), and what refunds took back, in plan order."""
    gave: Counter[tuple[str, str, str]] = Counter()
    back: Counter[tuple[str, str, str]] = Counter()
    for flow, amount in daily.flows.items():
        sign = -_out_of(place, flow) if inward else _out_of(place, flow)
        other = next((other for other in _places(flow) if other != place), place)
        if sign == 0 or amount == 0 or not other.startswith(others) or _is_sale(flow) or _is_return(flow):
            continue
        # A refund names no rule where it takes back what the reserve was fed.
        rule = RESERVE if flow.rule == REFUND else flow.rule
        if flow.taken_back:
            back[rule, other, flow.asset] -= sign * amount
        else:
            gave[rule, other, flow.asset] += sign * amount
    plans = [program.plan for program in daily.world.programs]
    keys = sorted(gave.keys() | back.keys(), key=lambda key: (order.get(key[0], len(order)), key))
    return tuple(Line(key[0], key[1], whom(plans, key[0]), key[2], gave[key], back[key]) for key in keys)


def _fund(daily: Daily, order: Mapping[str, int], place: str) -> Fund | None:
    """The account of a pool or the reserve, which must come to what it holds; ``None`` if nothing ever moved."""
    world, name = daily.world, place.removeprefix(POOL)
    # When a plan is wound up, the pools go into the reserve.
    fed = _lines(daily, order, place, (SHOP, OUTSIDE, *((POOL,) if place == RESERVE else ())), inward=True)
    paid = _lines(daily, order, place, (MEMBERS, *(() if place == RESERVE else (RESERVE,))))
    holds = world.reserve if place == RESERVE else world.pool(name)
    owes = world.reserve_debt if place == RESERVE else world.pool_debt(name)
    total = sum(line.net for line in fed) - sum(line.net for line in paid)
    ensure(total == holds - owes, f"{place}: {total} by its lines, {holds - owes} in the world")
    return Fund(place, fed, paid, holds, owes) if fed or paid else None


def _promises(daily: Daily, order: Mapping[str, int]) -> Iterator[Promise]:
    """Stores in the plan's order, then the claims: every unit that was made, and what became of it."""
    added: Counter[tuple[str, str]] = Counter()
    used: Counter[tuple[str, str]] = Counter()
    weights = set()
    for flow, amount in daily.flows.items():
        rule = REFUND if flow.taken_back else flow.rule
        if flow.target in (Account.CLAIM, Account.WEIGHT):
            added[OWED if flow.asset == OWED else flow.source_name, rule] += amount
        elif flow.source in (Account.CLAIM, Account.WEIGHT):
            used[OWED if flow.asset == OWED else flow.target_name, rule] += amount
        weights |= {flow.source_name} if flow.target == Account.WEIGHT else set()
    for drain, amount in daily.drains.items():
        used[drain.store, drain.rule] += amount
    keys = added.keys() | used.keys()
    names = dict.fromkeys((*daily.world.stores.names, OWED))
    for store in (name for name in names if any(key[0] == name for key in keys)):
        rules = sorted({key[1] for key in keys if key[0] == store}, key=lambda rule: order.get(rule, len(order)))
        lines = tuple(PromiseLine(rule, added[store, rule], used[store, rule]) for rule in rules)
        left = sum(line.added - line.used for line in lines)
        if store == OWED:
            yield Promise(store, "claims", lines, left, daily.claims_worth())
        elif store in weights:
            yield Promise(store, "weight", lines, left, None)
        elif is_tokens(daily.plan, store):
            yield Promise(store, "tokens", lines, left, None)
        else:
            rate = yuan_per_unit(daily.plan, store)
            yield Promise(store, "lots", lines, left, left * rate // MICRO if rate else None)


def _cost(daily: Daily) -> int:
    """What the kept goods cost: each line's cost in proportion to what is left of its amount, rounded down."""
    world = daily.world
    total = 0
    for name, costs in daily.costs.items():
        number = world.order_ids.numbers[name]
        lines = world.order_lines.get(number)
        if lines is None:
            whole = world.orders.whole.item(number)
            total += costs[0] * (whole - world.orders.returned_whole.item(number)) // whole
            continue
        for line, cost in zip(lines, costs, strict=True):
            total += cost * (line.line.amount - line.given_back) // line.line.amount if cost else 0
    return total
