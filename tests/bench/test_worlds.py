"""Made worlds: of the size and shape that is asked for, as the engine itself would have made them, books balanced."""

import numpy as np
import pytest

from jifen.bench.log import JOIN, ORDER, REFUND, SALE, Log, _without_excess, make_log
from jifen.bench.sizes import SHAPES, Size
from jifen.bench.worlds import Numbered, build_world, give_names, parents_of
from jifen.core.errors import InputError
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, LiabilityBooked, Line, MemberJoined, OrderPaid
from jifen.engine.tables import NONE
from jifen.plan import load_plan, preset_names
from jifen.plan.model import Lots


def depth(parent) -> int:
    deepest, above = 0, parent
    while (above := above[above != NONE]).size:
        deepest, above = deepest + 1, parent[above]
    return deepest


def close(world: World):
    return apply(world, [DayClosed(id=f"day:{world.open_day}", day=world.open_day)])


def test_a_forest_of_a_hundred_thousand_is_fourteen_to_twenty_deep():
    parent = parents_of(Size(100_000, 1), np.random.default_rng(1))
    assert 14 <= depth(parent) <= 20
    assert np.all(parent < np.arange(len(parent)))


def test_a_chain_is_as_deep_as_it_is_long_and_a_star_one_deep():
    rng = np.random.default_rng(1)
    assert depth(parents_of(Size(50, 1, "chain"), rng)) == 49
    assert depth(parents_of(Size(50, 1, "star"), rng)) == 1


def test_a_world_is_the_same_for_the_same_seed_and_another_for_another():
    one, same, other = (build_world(load_plan("green_points"), Size(50, 90, seed=seed)) for seed in (3, 3, 4))
    assert one.lots.remaining.data.tolist() == same.lots.remaining.data.tolist()
    assert one.lots.remaining.data.tolist() != other.lots.remaining.data.tolist()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("preset", preset_names())
def test_a_made_world_of_any_plan_closes_its_day_and_its_books_balance(preset, shape):
    world = build_world(load_plan(preset), Size(120, 300, shape))
    for _ in range(2):
        close(world)
    stores = world.program.plan.stores.values()
    kinds = [store.mode for store in stores if isinstance(store, Lots)]
    assert world.members.size == 120
    assert world.lots.size == (300 if kinds else 0)


def test_what_a_close_works_on_is_there():
    """Lots, weights, pools and a queue give entries in every plan that has a daily rule for them."""
    rules = {}
    for preset in preset_names():
        world = build_world(load_plan(preset), Size(300, 900))
        transfers = close(world).transfers
        rules[preset] = {world.rule_names.names[rule] for rule in set(transfers["rule"].tolist())}
    assert rules["green_points"] == {"static", "generation", "team", "peer"}
    assert rules["cyclic_purchase"] == {"dividend"}
    assert rules["consumption_dividend"] == {"dividend"}
    assert rules["distribution"] == {"shareholders"}
    assert rules["rebate_queue"] == {"serve"}
    assert rules["member_rebate"] == {"static"}
    assert rules["legacy_conversion"] == {"batch"}


def test_lots_come_in_random_order_all_open_some_nearly_empty_and_each_member_has_his_own_in_order():
    world = build_world(load_plan("green_points"), Size(200, 1_000))
    lots, count = world.lots, world.lots.size
    owners = lots.member[:count].tolist()
    assert owners != sorted(owners)
    assert np.all(lots.remaining[:count] > 0)
    assert 0 < np.sum(lots.remaining[:count] < lots.daily[:count]) < count // 10
    for member in range(200):
        mine = [lot for lot, owner in enumerate(owners) if owner == member]
        assert list(world.lots_of(member, 0)) == mine
        assert world.chains[0].last.item(member) == (mine[-1] if mine else NONE)


@pytest.mark.parametrize("preset", preset_names())
def test_a_made_lot_and_weight_are_what_the_engine_gives_for_the_same_order(preset):
    plan = load_plan(preset, {"settle_at": "paid"})
    made = build_world(plan, Size(40, 60))
    world, day = World(plan, first_day=made.open_day), made.open_day
    join = [MemberJoined(id=f"j{member}", day=day, member=f"m{member}") for member in range(40)]
    orders = zip(made.orders.member[: made.orders.size].tolist(), made.orders.amount.tolist(), strict=False)
    kind = LiabilityBooked if world.program.by_event["liability"] else OrderPaid
    bought = [
        kind(id=f"o{number}", day=day, member=f"m{member}", **facts(kind, amount))
        for number, (member, amount) in enumerate(orders)
    ]
    journal = apply(world, [*join, *bought])
    assert not journal.refusals
    same = ["granted", "daily", "parts", "every", "kept_then"] if kind is OrderPaid else ["granted", "parts", "every"]
    stores = [store.name for store in plan.stores.values() if isinstance(store, Lots) and store.mode != "tokens"]
    for store in stores if plan.stores and not cumulative(plan) else ():
        ours, theirs = (lots_in(one, store, same) for one in (made, world))
        assert ours == theirs
    for number, weights in world.weights.items():
        if any(step.rule.pay.__class__.__name__ == "Weigh" for step in world.program.by_event["order"]):
            assert made.weights[number].amount[:40].tolist() == weights.amount[:40].tolist()


def facts(kind, amount: int) -> dict[str, object]:
    return {"lines": (Line(amount=amount),)} if kind is OrderPaid else {"amount": amount}


def cumulative(plan) -> bool:
    """Whether an order may bring several lots or none, which a made world does not follow."""
    return any(getattr(rule.amount, "whole", None) for rule in plan.rules)


def lots_in(world: World, store: str, columns: list[str]) -> list[list[int]]:
    rows = np.flatnonzero(world.lots.store[: world.lots.size] == world.stores.numbers[store])
    return [getattr(world.lots, column)[rows].tolist() for column in columns]


@pytest.mark.parametrize(
    "size", [(1, 10), (0, 10), (-3, 10), (10, 0), (10**9, 10), (10, 10**9), (10, 10, "ring")], ids=str
)
def test_a_size_that_cannot_be_measured_is_refused_in_words(size):
    with pytest.raises(InputError, match=r"bench_limit|bad_option"):
        Size(*size)


def test_names_that_nobody_keeps_are_a_letter_and_a_number():
    names = Numbered("m", 12)
    assert (len(names), names[3], names[-1], names[10:]) == (12, "m00000003", "m00000011", ["m00000010", "m00000011"])
    assert list(names)[7] == "m00000007"
    with pytest.raises(IndexError):
        names[12]


def test_an_order_is_given_back_in_four_quarters_and_no_more():
    """One order of 400 and six refunds of 100: the last two are left out."""
    kind, paid = np.array([ORDER, *[REFUND] * 6]), np.array([400, *[100] * 6])
    log = _without_excess(Log(kind, np.zeros(7, dtype=np.int64), np.zeros(7, dtype=np.int64), paid))
    assert log.amount.tolist() == [400, 100, 100, 100, 100]


@pytest.mark.parametrize("preset", ["points_dividend", "appreciation"])
def test_a_log_has_every_kind_of_row_and_gives_nothing_back_that_was_not_paid(preset):
    world = build_world(load_plan(preset), Size(500, 1_000))
    give_names(world)
    log = make_log(world, 2_000)
    kinds = {JOIN, ORDER, REFUND} | ({SALE} if world.token_supply else set())
    assert set(log.kind.tolist()) == kinds
    left: dict[int, int] = {}
    for kind, order, amount in zip(log.kind.tolist(), log.order.tolist(), log.amount.tolist(), strict=True):
        if kind == ORDER:
            left[order] = amount
        elif kind == REFUND:
            left[order] -= amount
    assert min(left.values()) >= 0
    assert log.orders == len(left)
