"""Logs by column do what their rows do one by one as events, under random plans, ranks and days."""

import sys
from random import Random

import numpy as np
import pytest
from tests.engine.shop import everything
from tests.simulate.many_plans import PLANS

from jifen.core.micros import CENT, MICRO
from jifen.engine import World, apply, bulk
from jifen.engine.apply import apply_log
from jifen.engine.bulk import Lane
from jifen.engine.events import DayClosed, Event, MemberJoined, RankSet, ReserveToppedUp, StoreAdjusted
from jifen.engine.kernels.bulk import LOOK
from jifen.engine.log import JOIN, ORDER, REFUND, SALE, Log, LogRows
from jifen.ledger.names import Texts
from jifen.plan import Plan, load_plan, load_plan_text
from jifen.simulate.switches import random_plan

SEEDS = 10
DOOR = sys.modules["jifen.engine.apply"]
ALL_KINDS = ("points_dividend", "appreciation", "cyclic_purchase", "share_plan", "refer_three")
"""The plans for which all kinds of rows must go through the lane."""


class Twins:
    """Two worlds of one history: one lane for whole logs, one that takes each event by itself."""

    def __init__(self, plan: Plan, monkeypatch) -> None:
        self.monkeypatch = monkeypatch
        self.fast, self.slow = World(plan, 0), World(plan, 0)
        self.count = 0

    def book(self, kind: type[Event], **facts) -> None:
        self.count += 1
        event = kind(id=f"{kind.name} {self.count}", day=self.fast.open_day, **facts)
        for world in (self.fast, self.slow):
            apply(world, [event])

    def log(self, rows: list[tuple[int, int, int, int]], cuts: int) -> None:
        """Rows of (kind, member, order, amount); the lane takes them in so many pieces."""
        ids = [f"{self.count} {place}" for place in range(len(rows))]
        self.count += 1
        kind, member, order, amount = (np.array(column) for column in zip(*rows, strict=True))
        narrow = (column.astype(np.int32) for column in (kind, member, order))
        joined = [f"of {self.count} {place}" for place in range(int((kind == JOIN).sum()))]
        log = Log(*narrow, amount, Texts.of(ids), Texts.of(joined))
        events = [LogRows(self.slow, log, lambda event: None).event(row) for row in range(len(rows))]
        slow = [apply(self.slow, [event]) for event in events]
        if cuts == 0:
            fast = [apply_log(self.fast, log)]
        else:
            fast = [apply(self.fast, part.tolist()) for part in np.array_split(np.array(events), cuts) if len(part)]
        for field in ("transfers", "forfeits"):
            assert b"".join(getattr(each, field).array().tobytes() for each in fast) == b"".join(
                getattr(each, field).array().tobytes() for each in slow
            )
        assert [refusal for each in fast for refusal in each.refusals] == [
            refusal for each in slow for refusal in each.refusals
        ]
        assert all_of(self.fast) == all_of(self.slow)


def all_of(world: World):
    """The whole world, with the totals of weights; control totals of nothing depend on the cuts."""
    control = {name: total for name, total in world.control.items() if total}
    return everything(world) | {"control": control, "totals": (world.issued_totals, world.shared_totals)}


def random_rows(random: Random, world: World, count: int) -> list[tuple[int, int, int, int]]:
    members, orders, rows = world.members.size, world.orders.size, []
    # An order that brings a ticket for each so many yuan must not bring a billion of them.
    tickets = any(getattr(rule.amount, "whole", None) for rule in world.program.plan.rules)
    most = 10**10 if tickets else 10**15
    amounts = (1, 9999, 100_00, 1000_00, 3000_00, 9000_00, 30000_00)
    for _ in range(count):
        kind = random.choices((JOIN, ORDER, REFUND, SALE), (1, 6, 4, 1))[0]
        if kind == REFUND and orders == 0:
            kind = ORDER
        member, order = random.randrange(-1 if kind == JOIN else 0, members), random.randrange(max(orders, 1))
        amount = random.choice(amounts) * CENT
        if kind == REFUND:
            amount = random.choice((amount, amount // 4 // CENT * CENT, random.randrange(1, 3000_00) * CENT))
        if kind == SALE:
            holders = [seller for seller in range(world.members.size) if world.members.tokens.item(seller)]
            member = random.choice(holders or [0])
            held = world.members.tokens.item(member)
            amount = random.choice((held, held // 2, random.randrange(1, 300 * MICRO)))
        if random.random() < 0.03:
            amount = random.choice((0, -CENT, 1, most, most + CENT))
        rows.append((kind, member, order if kind == REFUND else -1, amount))
        members, orders = members + (kind == JOIN), orders + (kind == ORDER)
    return rows


def live_through(random: Random, plan: Plan, monkeypatch) -> None:
    twins = Twins(plan, monkeypatch)
    shape = random.choice(("chain", "tree"))
    for place in range(random.randint(2, 12)):
        above = place - 1 if shape == "chain" else random.randrange(place) if place else -1
        twins.book(MemberJoined, member=f"m{place}", referrer=f"m{above}" if above >= 0 else None)
    names = [row.name for ranks in plan.ranks.values() for row in ranks.ladder]
    for _ in range(random.randint(1, 5)):
        for _ in range(random.randint(0, 3)):
            if names:
                member = random.choice(twins.fast.member_names)
                twins.book(RankSet, member=member, rank=random.choice([*names, None]))
        if random.random() < 0.3:
            twins.book(ReserveToppedUp, amount=random.randrange(1, 5000) * MICRO)
        for store in twins.fast.weights:
            if random.random() < 0.3:
                facts = {"store": twins.fast.stores.names[store], "amount": random.randint(-40, 9) * MICRO}
                twins.book(StoreAdjusted, member=random.choice(twins.fast.member_names), **facts)
        twins.log(random_rows(random, twins.fast, random.randint(1, 25)), random.choice((0, 0, 1, 3)))
        for _ in range(random.randint(0, 3)):
            twins.book(DayClosed)
    assert all_of(twins.fast) == all_of(twins.slow)


@pytest.fixture
def done(monkeypatch) -> list[np.ndarray]:
    """The kinds of all rows that the lane itself has done, LOOK for a stop to look for exits; it takes all rows."""
    kinds: list[np.ndarray] = []
    before = Lane._run

    def counted(lane, rows_of, first, end):
        stopped, why = before(lane, rows_of, first, end)
        kinds.append(np.append(rows_of.log.kind[first:stopped], [SALE + 1] if why == LOOK else []))
        return stopped, why

    monkeypatch.setattr(Lane, "_run", counted)
    monkeypatch.setattr(bulk, "_MOST_PATIENCE", 1)
    monkeypatch.setattr(DOOR, "LEAST", 2)
    monkeypatch.setattr(DOOR, "FIRST", 1)
    return kinds


def live_many(seeds: range, name: str, monkeypatch) -> None:
    for seed in seeds:
        random = Random(seed)
        plan = PLANS[name] if random.random() < 0.3 else random_plan(random, PLANS[name])
        try:
            live_through(random, plan, monkeypatch)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.nightly
@pytest.mark.parametrize("name", PLANS)
def test_many_logs_under_random_plans(name: str, done, monkeypatch) -> None:
    live_many(range(SEEDS, 10 * SEEDS), name, monkeypatch)


@pytest.mark.parametrize("name", PLANS)
def test_logs_under_random_plans(name: str, done, monkeypatch) -> None:
    live_many(range(SEEDS), name, monkeypatch)
    if name in ALL_KINDS:
        joins, orders, refunds, sales, _ = np.bincount(np.concatenate(done).astype(np.int64), minlength=5)
        assert min(joins, orders // 10, refunds) > 4
        assert name != "appreciation" or sales > 4


WEIGHTS = """
preset: weights
title: {en: Weights, zh: 份额}
params:
  settle_at: paid
  funding: merchant
  ranks: [{rank: low, min: 5, rate: 1%}, {rank: high, min: 20, rate: 3%}]
stores:
  shares: {weight: member, cap: 40}
  stakes: {weight: member}
  pool: {pool: money}
ranks:
  height: {ladder: $ranks, by: shares}
rules:
  - {id: own, when: order, amount: {per: 300, of: trigger_amount}, pay: {weight: shares}}
  - {id: up, when: order, amount: {share: [50%, 10%], of: trigger_weight}, who: {walk: referral, by: generation},
     pay: {weight: shares}}
  - {id: ranked, when: order, amount: {share: $ranks.rate, of: trigger_amount},
     who: {walk: referral, by: rank, ranks: height}, pay: {weight: stakes}}
  - {id: feed, when: order, amount: {share: 10%, of: trigger_weight}, pay: {feed: pool}}
  - {id: paid, when: order, amount: {share: 20%, of: up}, pay: {asset: $pay_asset, from: pool}}
"""


@pytest.mark.parametrize("upstream", ["reverse", "keep"])
def test_logs_that_give_weights_up_to_a_cap(upstream: str, done, monkeypatch) -> None:
    plan = load_plan_text(WEIGHTS, overrides={"upstream": upstream})
    for seed in range(SEEDS):
        live_through(Random(seed), plan, monkeypatch)
    _, orders, refunds, *_ = np.bincount(np.concatenate(done).astype(np.int64), minlength=5)
    assert min(orders // 10, refunds) > 4


PLACES = """
preset: places
title: {en: Places, zh: 位置}
params: {settle_at: paid, funding: merchant}
stores:
  firsts: {positions: COUNTS}
  alls: {positions: orders}
  shares: {weight: member, cap: 90}
rules:
  - {id: own, when: order, amount: {per: 300, of: trigger_amount}, pay: {weight: shares}}
  - {id: first, when: order, amount: {cycle: [10%, 0%, 20%], at: firsts, of: BASE},
     who: {walk: referral, depth: 1, own_order: true}, pay: {asset: $pay_asset}}
  - {id: each, when: order, amount: {cycle: [50%, 10%], at: alls, of: trigger_weight}, who: {walk: referral, depth: 1},
     pay: {weight: shares}}
"""


@pytest.mark.parametrize("base", ["trigger_amount", "trigger_weight", "own_amount", "lesser"])
@pytest.mark.parametrize("counts", ["persons", "orders"])
def test_logs_that_take_places_of_two_kinds(base: str, counts: str, done, monkeypatch) -> None:
    plan = load_plan_text(PLACES.replace("BASE", base).replace("COUNTS", counts))
    for seed in range(SEEDS):
        live_through(Random(seed), plan, monkeypatch)
    _, orders, refunds, *_ = np.bincount(np.concatenate(done).astype(np.int64), minlength=5)
    assert min(orders // 10, refunds) > 4


def test_logs_that_force_members_out(done, monkeypatch) -> None:
    # Tokens are worth a fifth of what was spent on them: a price somewhat higher is enough.
    plan = load_plan("appreciation", {"exit_multiple": "0.25", "refund_mode": "at_value"})
    for seed in range(SEEDS // 2):
        live_through(Random(seed), plan, monkeypatch)
    assert np.bincount(np.concatenate(done).astype(np.int64), minlength=5)[4] > 10


def test_a_weight_below_nothing_is_not_shared(done, monkeypatch) -> None:
    twins = Twins(load_plan_text(WEIGHTS), monkeypatch)
    twins.book(MemberJoined, member="m0", referrer=None)
    orders = [(ORDER, 0, -1, 3000 * MICRO), (ORDER, 0, -1, 6000 * MICRO)]
    twins.log(orders, 0)
    twins.log(orders, 0)
    # The cap of 40 leaves 10 of the 20 that the last order would have given.
    assert twins.fast.weight("m0", "shares") == 40 * MICRO
    twins.book(StoreAdjusted, member="m0", store="shares", amount=-35 * MICRO)
    twins.log([(REFUND, 0, 1, 6000 * MICRO), (REFUND, 0, 0, 1500 * MICRO)], 0)
    # 5 were left; 20 and half of 10 are gone.
    assert twins.fast.weight("m0", "shares") == -20 * MICRO
    assert list(twins.fast.shared_totals.values()) == [0, 0]
    assert REFUND in np.concatenate(done)
