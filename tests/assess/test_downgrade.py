"""The nearest plan that passes: what changes and why, that it loads, passes and pays, and what is carried over."""

from fractions import Fraction

import pytest
from tests.engine.shop import Shop

from jifen.assess.compliance import check
from jifen.assess.downgrade import MULTIPLE_MAX, Downgrade, downgrade, shop_of
from jifen.assess.opening import Opening, open_books
from jifen.assess.plan_sheet import Sheet
from jifen.assess.promises import Economics
from jifen.assess.texts import texts
from jifen.assess.trials import steady
from jifen.core.errors import InputError
from jifen.core.micros import MICRO
from jifen.engine import World, apply
from jifen.engine.events import MemberJoined
from jifen.plan import Plan, load_plan, load_plan_text, preset_names
from jifen.plan.load import example_names

COST = Fraction(1, 5)
PLANS = (*preset_names(), *example_names())


def changed(found: Downgrade) -> dict[str, tuple[str, str]]:
    return {each.difference.key: (each.difference.before, each.difference.after) for each in found.changes}


def why(found: Downgrade, key: str) -> list[tuple[str, tuple[str, ...]]]:
    (change,) = [each for each in found.changes if each.difference.key == key]
    return [(reason.name, reason.rules) for reason in change.reasons]


# -- every plan -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jurisdiction", ["cn", "us", "eu"])
@pytest.mark.parametrize("name", PLANS)
def test_every_plan_becomes_one_that_passes_and_loads_from_its_file(name, jurisdiction):
    plan = load_plan(name)
    found = downgrade(plan, jurisdiction, COST)
    shop = shop_of(jurisdiction, COST)
    assert check(found.after, shop).passes
    assert bool(found.text) == (not check(plan, shop).passes)
    if found.text:
        assert load_plan_text(found.text).digest == found.after.digest
        properties(found)


def properties(found: Downgrade) -> None:
    """One level, nothing to be bought first, bounded, put aside, settled, not withdrawable."""
    economics = Economics(found.after, COST)
    for reward in economics.rewards:
        if reward.tree == "referral":
            assert (reward.depth, reward.needs_order, reward.drains) == (1, False, None)
    promised = sum((each.multiple.high for each in economics.promises if each.store), Fraction(0))
    assert promised <= MULTIPLE_MAX
    assert left_of_an_order(economics) >= 0
    assert economics.static_multiple.high <= sum((each.multiple.high for each in economics.promises if each.rounds), 0)
    assert found.after.params["settle_at"] == "settled"
    assert not found.after.params["coin_withdrawable"]
    for change in found.changes:
        assert all(reason.name in texts("downgrade.yaml")["statements"] for reason in change.reasons)


@pytest.mark.parametrize("cost", [Fraction(0), Fraction(1, 2), Fraction(85, 100)])
@pytest.mark.parametrize("name", ["points_dividend", "refer_three", "rebate_queue", "distribution", "green_points"])
def test_no_more_is_promised_than_goods_leave(name, cost):
    found = downgrade(load_plan(name), "cn", cost)
    assert found.found_after.passes
    assert left_of_an_order(Economics(found.after, cost)) >= 0


def test_a_plan_that_passes_stays_as_it_is():
    plan = load_plan("member_rebate")
    found = downgrade(plan, "cn", COST)
    assert (found.after, found.text, found.changes) == (plan, "", ())


def left_of_an_order(plan: Economics) -> Fraction:
    """What goods, pools, rewards and what the plan's own account promises leave; the reserve only keeps the last."""
    pools = sum((share for pool, share in plan.feeds.items() if pool != "reserve"), Fraction(0))
    rewards = sum((each.share.high for each in plan.rewards if not each.drains and not each.pool), Fraction(0))
    own = sum((each.multiple.high for each in plan.promises if plan.from_own_account(each)), Fraction(0))
    return 1 - plan.cost - pools - rewards - own


# -- by hand --------------------------------------------------------------------------------------------------------


def test_the_tiers_keep_their_proportions_below_thirty_percent():
    found = downgrade(load_plan("green_points"), "cn", COST)
    rows = {row.name: row.columns["multiple"] for row in found.after.params["tiers"]}
    assert rows == {"初级": 187_500, "中级": 225_000, "高级": 262_500, "VIP": 300_000}
    assert changed(found)["tiers[VIP].multiple"] == ("4", "0.3")
    assert changed(found)["reserve_share"] == ("0%", "30%")
    assert why(found, "generations") == [("one_level", ("CN-01", "CN-03"))]


def test_a_queue_promises_what_feeds_it():
    found = downgrade(load_plan("rebate_queue"), "cn", COST)
    assert changed(found) == {
        "settle_at": ("paid", "settled"),
        "pay_asset": ("cash", "coin"),
        "claim_multiple": ("1", "0.2"),
        "accelerate_rate": ("20%", "0%"),
    }
    assert why(found, "claim_multiple") == [("payable", ("SOL-03", "CN-08"))]


def test_heads_and_cycles_become_one_rate_of_orders():
    found = downgrade(load_plan("refer_three"), "cn", COST)
    assert changed(found)["referral_rates"] == ("[10%, 20%, 70%]", "[30%]")
    assert changed(found)["referral_count"] == ("persons", "orders")
    assert changed(found)["requires_own_order"] == ("true", "false")


def test_what_no_parameter_mends_is_taken_out_and_a_rebate_stands_in():
    found = downgrade(load_plan("appreciation"), "us", COST)
    assert [rule.id for rule in found.after.rules] == ["feed", "grant", "static"]
    assert why(found, "rules.mint") == [("taken_out", ("US-05",))]


def test_what_was_set_by_hand_is_changed_from_there():
    found = downgrade(load_plan("points_dividend", {"points_per_yuan": "0.1", "generations": []}), "cn", COST)
    assert "points_per_yuan" not in changed(found)
    assert found.after.params["points_per_yuan"] == 100_000


def test_an_unknown_jurisdiction_is_refused():
    with pytest.raises(InputError) as caught:
        downgrade(load_plan("points_dividend"), "mars", COST)
    assert caught.value.problems[0].code == "bad_option"
    with pytest.raises(InputError):
        downgrade(load_plan("points_dividend"), "solvency", COST)


# -- it pays --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["points_dividend", "green_points"])
def test_all_members_are_paid_in_full_though_sales_stop(name):
    found = downgrade(load_plan(name), "cn", COST)
    order = 3000 * MICRO
    multiple = Economics(found.after, COST, order).promises[0].multiple.low
    days = 60 if name == "green_points" else 130
    trial = steady(found.after, order, COST, days, sales_end=10)
    assert trial.received[-1] == (int(multiple * order),) * 10


# -- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_written_again_is_the_same_plan(name):
    plan = load_plan(name)
    written = Sheet(plan).load()
    assert dict(written.params) == {key: plan.params[key] for key in written.params}
    assert written.stores == plan.stores
    same = [(one.id, one.when, one.amount, one.who, one.gate, one.pay, one.off) for one in plan.rules]
    assert same == [(one.id, one.when, one.amount, one.who, one.gate, one.pay, one.off) for one in written.rules]


# -- what is open ---------------------------------------------------------------------------------------------------


def opened(shop: Shop, after: Plan) -> tuple[World, Opening]:
    """The new plan's books, opened with all that was open in the old ones; nothing may be refused."""
    opening = open_books(shop.world, after)
    world = World(after, shop.world.open_day)
    for number, member in enumerate(shop.world.member_names):
        joined = MemberJoined(id=f"join {number}", day=world.open_day, member=member)
        assert apply(world, [joined]).refusals == ()
    journal = apply(world, opening.events)
    assert journal.refusals == ()
    return world, opening


def test_open_lots_and_wallets_are_carried_over_lot_by_lot():
    """Two orders of 3000 and 9000 two days ago: 7500 - 72 and 27000 - 216 are left, 36 and 108 a day."""
    shop = Shop("green_points").join(ann=None, bob=None)
    shop.order("o1", "ann", "3000")
    shop.order("o2", "bob", "9000")
    shop.close(3)
    found = downgrade(shop.plan, "cn", COST)
    world, opening = opened(shop, found.after)
    assert world.remaining("ann", "points") == shop.remaining("ann") == [(7500 - 2 * 36) * MICRO]
    assert world.balance("bob", "cash") == shop.cash("bob") == 2 * 108 * MICRO
    assert opening.needed == world.reserve == (7428 + 26_784) * MICRO
    assert (opening.brought, opening.missing) == (0, opening.needed)
    (points,) = [each for each in opening.stores if each.store == "points"]
    assert (points.before, points.carried, points.paid_as) == (opening.needed, opening.needed, ("cash", "coin"))


def test_lots_carried_over_release_as_much_a_day_as_before():
    shop = Shop("green_points").join(ann=None)
    shop.order("o1", "ann", "3000")
    shop.close(3)
    world, _ = opened(shop, downgrade(shop.plan, "cn", COST).after)
    later = Shop("green_points")
    later.world = world
    later.close(2)
    assert world.balance("ann", "coin") == 36 * MICRO


def test_tokens_that_the_new_plan_has_not_are_paid_out_of_their_pool():
    """Two orders put 600 into the pool: 600 in coin, but for what is rounded down."""
    shop = Shop("appreciation").join(ann=None, bob=None)
    shop.order("o1", "ann", "1000")
    shop.order("o2", "bob", "1000")
    world, opening = opened(shop, downgrade(shop.plan, "us", COST).after)
    (pool,) = [each for each in opening.stores if each.store == "pool"]
    assert pool.before == 600 * MICRO
    assert 0 <= pool.written_off <= 2
    assert sum(world.balance(member, "coin") for member in ("ann", "bob")) == pool.converted


def test_what_the_reserve_still_owes_is_paid():
    """Of an order of 100 the referrer gets 2; nothing was put aside, so that the reserve owes it."""
    shop = Shop("per_order_reward", reserve_share="0%").join(ann=None, bob="ann")
    shop.order("o1", "bob", "100")
    shop.close(10)
    assert shop.world.owed("ann") == 2 * MICRO
    world, opening = opened(shop, downgrade(shop.plan, "cn", COST).after)
    assert world.balance("ann", "cash") == 2 * MICRO
    assert [each.converted for each in opening.stores if each.store == "owed"] == [2 * MICRO]


def test_what_waits_for_a_lot_is_listed_as_written_off():
    """Ann has no lot: 20 % of the 100 points of her referral wait for one."""
    shop = Shop("points_dividend", no_lot="bank").join(ann=None, bob="ann")
    shop.order("o1", "bob", "100")
    _, opening = opened(shop, downgrade(shop.plan, "cn", COST).after)
    assert [each.written_off for each in opening.stores if each.store == "banked"] == [20 * MICRO]


def test_a_debt_that_cannot_be_given_is_told():
    shop = Shop("points_dividend").join(ann=None)
    shop.order("o1", "ann", "100")
    shop.close(3)
    shop.refund("o1", "100")
    shop.adjust("ann", "cash", "5")
    opening = open_books(shop.world, downgrade(shop.plan, "cn", COST).after)
    assert all(each.before == each.carried + each.converted + each.written_off for each in opening.stores)
