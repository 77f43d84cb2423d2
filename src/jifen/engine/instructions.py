"""The rules that run on orders as rows of integers, for the bulk lane; and what keeps a plan or a world out of it."""

from collections.abc import Iterator
from math import gcd

import numpy as np

from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.engine.columns import SUM_MAX, Column
from jifen.engine.grants import fed_pools, release_terms
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.program import Step
from jifen.engine.tables import CASH, FROM_MERCHANT, FROM_RESERVE, NONE
from jifen.engine.walks import generation_rates, peer_rate
from jifen.engine.world import World
from jifen.plan.model import Asset, Cycle, Feed, Grant, Head, Lots, Mint, Nothing, Per, Share, Tier, Walk, Weigh, Weight

__all__ = ["MOST_STORES", "MOST_WEIGHTS", "Instructions", "terms_now", "why_not"]

MOST_STORES = 2
MOST_WEIGHTS = 2
"""Stores of lots, and of weights, that the lane can hold at once."""
_STEEPEST = 100
"""Beyond how many times an amount nothing is that rules count from, where some of it is weights."""

_BASES = {
    "trigger_amount": c.TRIGGER_AMOUNT, "trigger_margin": c.TRIGGER_MARGIN, "own_amount": c.OWN_AMOUNT,
    "lesser": c.LESSER,
}  # fmt: skip
_WALKS = {"generation": c.BY_GENERATION, "rank": c.BY_RANK, "peer": c.BY_PEER, "own_rank": c.BY_OWN_RANK}
_OPS = {Feed: c.FEED, Grant: c.GRANT, Mint: c.MINT, Asset: c.PAY, Nothing: c.PAY, Weigh: c.WEIGH}


def why_not(world: World) -> str:
    """What of the world's plan the bulk lane does not know; nothing if it knows all of it."""
    program = world.program
    if program.skus is not None:
        return "only some articles take part"
    if world.wound_up:
        return "a plan was wound up"
    if world.order_ranks:
        return "ranks go by the largest order"
    if any(ladder.is_earned for ladder in program.immediate.values()):
        return "ranks count at once"
    if sum(getattr(store, "mode", "") == "tokens" for store in program.plan.stores.values()) > 1:
        return "there are tokens of several kinds"
    steps = (*program.by_event["order"], *program.by_event["event"])
    reason = next(filter(None, map(_why_not, steps)), "")
    if not reason and len(program.by_event["event"]) > 1:
        return "several rules force members out"
    weights = _weights(world)
    if weights and program.steepness(weights=True) > _STEEPEST * MICRO:
        return "weights may be more than can be counted"
    full = len(_stores(world)) > MOST_STORES or len(weights) > MOST_WEIGHTS
    return reason or ("too many stores" if full else "")


def _why_not(step: Step) -> str:
    """What of a rule the lane does not know."""
    rule, who, amount = step.rule, step.rule.who, step.rule.amount
    if rule.when == "event":
        known = isinstance(who, Head) and who.each == "member" and step.gate.of in (None, "spend")
        return "" if known and step.gate.reaches is not None else f"rule {rule.id} forces out by other than spend"
    if type(rule.pay) not in _OPS:
        return f"rule {rule.id} pays what the lane does not know"
    if who is not None and (not isinstance(who, Walk) or who.tree != "referral"):
        return f"rule {rule.id} is for others than ancestors"
    if not isinstance(amount, Share | Tier | Per | Cycle) or (isinstance(amount, Share) and amount.whole is not None):
        return f"rule {rule.id} counts in another way"
    if isinstance(amount, Tier) and any(row.min is None for row in amount.rows):
        return f"rule {rule.id} has a table by upper limits"
    of_sponsor = isinstance(amount, Cycle) and amount.of in _BASES
    if not of_sponsor and ((amount.of or "").startswith("own_") or amount.of in ("lesser", "coin_paid")):
        return f"rule {rule.id} counts from what the lane does not know"
    if who is None and rule.gate is not None and rule.gate.drain is not None:
        return f"rule {rule.id} drains the buyer's own lots"
    if who is not None and isinstance(rule.pay, Feed | Grant | Mint):
        return f"rule {rule.id} gives ancestors more than payments"
    if isinstance(rule.pay, Mint | Feed) and not isinstance(amount, Share):
        return f"rule {rule.id} does not count by shares"
    if _most(step) > SUM_MAX:
        return f"rule {rule.id} may give more than can be counted"
    return ""


def _most(step: Step) -> int:
    """What a rule gives at most for the largest amount, if what it counts from is no more than that a hundredfold."""
    amount, base = step.rule.amount, AMOUNT_MAX * _STEEPEST
    if isinstance(amount, Per):
        return base * MICRO // amount.unit
    if isinstance(amount, Tier):
        return max(row.columns[amount.column] * (base // MICRO if amount.of else 1) for row in amount.rows)
    return base * max(amount.rates, default=0) // MICRO if isinstance(amount, Share | Cycle) else 0


def _stores(world: World) -> list[int]:
    """The stores of lots that rules grant into or drain, by number."""
    found: dict[int, None] = {}
    for step in (*world.program.by_event["order"], *world.program.by_event["sale"]):
        name = _store_of(step)
        if name is not None:
            found[world.stores.numbers[name]] = None
    return list(found)


def _weights(world: World) -> list[int]:
    """The stores of weights that rules give of, by number."""
    pays = (step.rule.pay for step in world.program.by_event["order"])
    return list(dict.fromkeys(world.stores.numbers[pay.weight] for pay in pays if isinstance(pay, Weigh)))


def _store_of(step: Step) -> str | None:
    """The store that a rule grants into, mints in or drains."""
    pay, gate = step.rule.pay, step.rule.gate
    if isinstance(pay, Grant):
        return pay.lots
    if isinstance(pay, Mint):
        return pay.tokens
    return None if gate is None else gate.drain


class Instructions:
    """A plan's order rules as numbers that this world has given, NONE for those that it has not given yet."""

    def __init__(self, world: World) -> None:
        """Turn every rule into one row, a family of pools into one for each."""
        self.stores, self.weights = _stores(world), _weights(world)
        self.ladders: list[tuple[str, bool]] = []
        """Those by which walks go, and whether by each rank's own row of them (else by the distinct rates)."""
        self._bases: dict[tuple[int, str], int] = {}
        self._feeds: dict[tuple[int, str], int] = {}
        rows: list[tuple[dict[int, int], list[int], list[int]]] = []
        for step in world.program.by_event["order"]:
            rows += self._rows_of(world, step)
            if isinstance(step.rule.pay, Feed):
                self._feeds[step.rule.part, step.rule.id] = len(rows) - 1
        self.bases = c.FIRST_BASE + len(self._bases)
        width = max((len(row[part]) for row in rows for part in (1, 2)), default=1)
        table = np.zeros((2, len(rows), max(width, 1)), dtype=np.int64)
        fields = np.zeros((len(rows), c.FIELDS), dtype=np.int64)
        for place, (row, rates, steps) in enumerate(rows):
            fields[place, list(row)] = list(row.values())
            table[0, place, : len(rates)], table[1, place, : len(steps)] = rates, steps
        terms = np.array(world.terms or [(0, 0, 0)], dtype=np.int64)
        self.plan = c.Plan(fields, table[0], table[1], _stores_table(world, self.stores, self.weights), terms)
        ops = fields[:, c.OP].tolist()
        self.lots, self.feeds = sum(op in (c.GRANT, c.MINT) for op in ops), ops.count(c.FEED)
        self.places = fields[:, c.AMOUNT].tolist().count(c.CYCLE)

    def _base(self, part: int, name: str) -> int:
        """The place of what rules of one part of the plan give under a name."""
        return self._bases.setdefault((part, name), c.FIRST_BASE + len(self._bases))

    def _base_of(self, step: Step) -> int:
        name = getattr(step.rule.amount, "of", None)
        if name is None:
            return NONE
        return _BASES[name] if name in _BASES else self._base(step.rule.part, name)

    def _rows_of(self, world: World, step: Step) -> Iterator[tuple[dict[int, int], list[int], list[int]]]:
        """(fields, rates, steps) of a rule; of a family of pools one row for each of them."""
        rule, pay, amount = step.rule, step.rule.pay, step.rule.amount
        row = {
            c.OP: _OPS[type(pay)], c.BASE: self._base_of(step), c.OUT: self._base(rule.part, rule.id),
            c.POINTS: self._base(rule.part, "trigger_points"), c.NUMBER: world.rule_names.get(rule.id),
            c.INDEX: step.index, c.PARTS: 1, c.STORE: NONE, c.LADDER: NONE, c.FUND: c.MERCHANT_FUND,
        }  # fmt: skip
        rates, steps = [], []
        if isinstance(amount, Tier):
            rates = [each.columns[amount.column] for each in amount.rows]
            steps = [each.min or 0 for each in amount.rows]
            row |= {c.AMOUNT: c.TIER, c.ROWS: len(steps), c.MEASURE: amount.at != "single_order", c.PARTS: amount.parts}
        elif isinstance(amount, Per):
            row[c.AMOUNT], rates = c.PER, [amount.unit]
        elif isinstance(amount, Share):
            rates = list(amount.rates[:1])
        if isinstance(amount, Cycle):
            row |= _in_turn(world, step, amount)
            rates = list(amount.rates)
        elif isinstance(rule.who, Walk):
            more, found = self._walk(world, step)
            row |= more
            rates = rates if isinstance(amount, Tier) else found
        if isinstance(pay, Feed):
            for pool, part in fed_pools(world, step):
                yield row | {c.FUND: pool + c.FIRST_POOL, c.SPREAD: part}, rates, steps
            return
        if isinstance(pay, Asset | Nothing):
            row |= _paid(world, step, self.stores)
        elif isinstance(pay, Grant):
            row |= _granted(world, pay.lots, release_terms(world, pay.lots), self.stores)
        elif isinstance(pay, Weigh):
            row |= _weighing(world, pay.weight, self.weights)
            row |= {} if rule.who is not None else {c.POINTS: self._base(rule.part, "trigger_weight")}
        elif isinstance(pay, Mint):
            unit = gcd(rates[0], MICRO)
            fed = self._feeds.get((rule.part, step.share.of), NONE)
            row |= _granted(world, pay.tokens, {}, self.stores)
            row |= {c.FED: fed, c.AFTER_FEED: int(pay.price != "pre_deposit"), c.PARTS: MICRO // unit}
            rates = [rates[0] // unit]
        yield row, rates, steps

    def _walk(self, world: World, step: Step) -> tuple[dict[int, int], list[int]]:
        """Whom a walk finds: (fields, rates)."""
        who, amount = step.walk, step.rule.amount
        row = {c.WHO: _WALKS[who.by], c.OWN_ORDER: int(who.own_order)}
        if who.by == "generation":
            rates = list(generation_rates(step))
            return row | {c.COUNT: len(rates)}, rates
        ladder, own = world.program.ladders[who.ranks or ""], who.by == "own_rank"
        if (ladder.ranks.name, own) not in self.ladders:
            self.ladders.append((ladder.ranks.name, own))
        row |= {c.LADDER: self.ladders.index((ladder.ranks.name, own)), c.HEIGHT: len(ladder.rates)}
        if own:
            column = getattr(amount, "column", None) or "rate"
            rates = [0, *(ladder.column_at(place, column) for place in range(len(ladder.levels)))]
            return row | {c.COUNT: NONE if who.depth is None else who.depth}, rates
        if who.by == "rank":
            return row, list(ladder.rates)
        row |= {c.COUNT: who.most, c.LOWER: int(who.applies == "equal_or_lower")}
        return row, [peer_rate(step.share, peer) for peer in range(who.most)]


def _granted(world: World, store: str, terms: dict[str, int], stores: list[int]) -> dict[int, int]:
    """How a rule makes lots, that release on these terms."""
    number, kind = world.stores.numbers[store], world.program.plan.stores[store]
    unit = world.assets.get(store)
    row = {
        c.STORE: stores.index(number), c.LOTS_STORE: number, c.UNIT: unit,
        c.LAG: kind.lag if isinstance(kind, Lots) else 0, c.DAILY_RATE: terms.get("daily_rate", 0),
        c.DAILY_OF: terms.get("daily_of", 0), c.BATCHES: terms.get("parts", 0), c.EVERY: terms.get("every", 0),
    }  # fmt: skip
    return row | ({c.NUMBER: NONE} if unit == NONE else {})


def _in_turn(world: World, step: Step, amount: Cycle) -> dict[int, int]:
    """How a rule pays the sponsor by the place that the buyer takes below him."""
    counts = getattr(world.program.plan.stores[amount.at], "counts", "")
    return {
        c.AMOUNT: c.CYCLE, c.WHO: c.SPONSOR, c.OWN_ORDER: int(step.walk.own_order), c.COUNT: len(amount.rates),
        c.TAKES: world.stores.numbers[amount.at], c.PERSONS: int(counts == "persons"),
    }  # fmt: skip


def _weighing(world: World, store: str, weights: list[int]) -> dict[int, int]:
    """How a rule gives of a weight."""
    number, kind, unit = world.stores.numbers[store], world.program.plan.stores[store], world.assets.get(store)
    cap = kind.cap if isinstance(kind, Weight) and kind.cap is not None else SUM_MAX
    row = {c.STORE: weights.index(number), c.LOTS_STORE: number, c.UNIT: unit, c.CAP: min(cap, SUM_MAX - 1)}
    return row | ({c.NUMBER: NONE} if unit == NONE else {})


def _paid(world: World, step: Step, stores: list[int]) -> dict[int, int]:
    """How a rule pays, and out of which lots."""
    terms, gate = terms_now(world, step), step.rule.gate
    asset, per_point, fund = terms
    row = {
        c.TERMS: world.terms.index(terms) if terms in world.terms else NONE, c.ASSET: asset, c.PER_POINT: per_point,
        c.FUND: fund + c.FIRST_POOL,
    }  # fmt: skip
    if gate is None or gate.drain is None:
        return row
    row |= {c.STORE: stores.index(world.stores.numbers[gate.drain]), c.BANKS: int(gate.no_lot == "bank")}
    row |= {c.ONLY_HEAD: int(gate.spill == "forfeit")}
    return row


def _stores_table(world: World, stores: list[int], weights: list[int]) -> Column:
    """By the number of a store, what the lane has to know of it."""
    table = np.full((len(world.stores), c.OF_STORE), NONE, dtype=np.int64)
    for number, name in enumerate(world.stores.names):
        schedule = world.program.schedule_of(name)
        if schedule is not None and (terms := terms_now(world, schedule)) in world.terms:
            table[number, c.END_RULE] = world.rule_names.get(schedule.rule.id)
            table[number, c.END_TERMS] = world.terms.index(terms)
        table[number, c.UNIT_OF] = world.assets.get(name)
        table[number, c.PLACE_OF] = stores.index(number) if number in stores else NONE
        table[number, c.WEIGHT_OF] = weights.index(number) if number in weights else NONE
        table[number, c.LAYOUT_OF] = list(world.chains).index(number) if number in world.chains else NONE
    return table


def terms_now(world: World, step: Step) -> tuple[int, int, int]:
    """How a rule pays: (asset, per point, fund)."""
    pay = step.rule.pay
    if not isinstance(pay, Asset):
        return CASH, 0, FROM_MERCHANT
    fund = FROM_RESERVE if world.program.reserve_funded else FROM_MERCHANT
    if pay.source is not None:
        fund = world.pools.numbers[pay.source]
    return world.assets.numbers[pay.asset], pay.per_point, fund
