"""Open lots carried over to the nearest plan that passes, after random histories: to the last millionth."""

from collections import Counter
from fractions import Fraction

import pytest
from tests.engine.shop import Shop
from tests.property.histories import after_stream

from jifen.assess.downgrade import downgrade
from jifen.assess.opening import open_books
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, MemberJoined
from jifen.engine.world import ASSETS
from jifen.plan import preset_names
from jifen.plan.load import example_names
from jifen.plan.model import Lots, Weight

COST = Fraction(1, 5)


def lots_of(world: World, store: str) -> list[tuple[str, int, int]]:
    """Whose lots of a store are open, what remains of each and what it releases a day, in their order."""
    table = world.lot_table()
    rows = zip(*(list(table[name]) for name in ("store", "member", "remaining", "daily")), strict=True)
    return [(member, int(left), int(daily)) for name, member, left, daily in rows if name == store and left > 0]


def opened(old: World, after) -> tuple[World, object]:
    opening = open_books(old, after)
    world = World(after, old.open_day)
    joins = [MemberJoined(id=f"join {i}", day=world.open_day, member=m) for i, m in enumerate(old.member_names)]
    assert apply(world, [*joins, *opening.events]).refusals == ()
    return world, opening


@pytest.mark.parametrize(("seed", "jurisdiction"), [(8, "cn"), (3, "us")])
@pytest.mark.parametrize("name", [*preset_names(), *example_names()])
def test_whatever_happened_before_all_that_is_open_is_carried_over_or_told(name, seed, jurisdiction):
    old = after_stream(seed, name)
    plan = old.program.plan
    found = downgrade(plan, jurisdiction, COST)
    world, opening = opened(old, found.after)
    told = {each.store: each for each in opening.stores}
    coin = sum(each.converted for store, each in told.items() if store != "owed")
    for store in (each for each in plan.stores.values() if isinstance(each, Lots) and each.mode != "tokens"):
        before = lots_of(old, store.name)
        if isinstance(found.after.stores.get(store.name), Lots):
            assert lots_of(world, store.name) == before
            assert told[store.name].carried == sum(left for _, left, _ in before)
        elif before:
            assert told[store.name].carried == 0
    for asset in ASSETS:
        held = Counter({member: old.balance(member, asset) for member in old.member_names})
        now = {member: world.balance(member, asset) for member in old.member_names}
        assert all(now[member] >= max(held[member], 0) for member in now)
        more = sum(now.values()) - sum(max(amount, 0) for amount in held.values())
        owed = told["owed"].converted if "owed" in told else 0
        assert 0 <= more <= owed + (coin if asset == "coin" else 0)
    for store in (
        each for each in plan.stores.values() if isinstance(each, Weight) and each.name in found.after.stores
    ):
        assert {m: world.weight(m, store.name) for m in old.member_names} == {
            m: max(old.weight(m, store.name), 0) for m in old.member_names
        }  # fmt: skip
    assert world.reserve == opening.needed == opening.brought + opening.missing
    assert all(each.before == each.carried + each.converted + each.written_off for each in opening.stores)


@pytest.mark.parametrize("name", ["points_dividend", "green_points"])
def test_the_reserve_that_is_filled_pays_every_lot_to_its_end(name):
    """Whatever sales do: there are none any more."""
    shop = Shop(name).join(ann=None, bob="ann", cat="bob")
    for number, (member, amount) in enumerate([("ann", "3000"), ("bob", "9000.01"), ("cat", "27000.33")]):
        shop.order(f"o{number}", member, amount)
        shop.close(3)
    world, opening = opened(shop.world, downgrade(shop.plan, "cn", COST).after)
    assert opening.needed > 0
    for _ in range(400):
        assert apply(world, [DayClosed(id=f"close {world.open_day}", day=world.open_day)]).refusals == ()
    assert (lots_of(world, "points"), world.reserve) == ([], 0)
