"""The end of a plan: previewed, paid by one rate in any order, never more than a claim, and told afterwards."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.shop import Shop, everything, yuan

from jifen.core.micros import MICRO
from jifen.engine import apply, waterfall
from jifen.engine.events import (
    DayClosed,
    LiabilityBooked,
    Line,
    OrderPaid,
    OrderRefunded,
    PlanActivated,
    PlanWoundUp,
    WithdrawalPaid,
    WithdrawalRequested,
)
from jifen.engine.explain import explain
from jifen.engine.forget import forget_past
from jifen.engine.snapshot import load_world, save_world


def two_claims(**params: str) -> Shop:
    """a has 100 points and b 300; there are 120 for them."""
    shop = Shop(**params).join(a=None, b=None)
    shop.order("o1", "a", "100")
    shop.order("o2", "b", "300")
    shop.top_up("120")
    return shop


def test_a_preview_changes_nothing_and_says_what_the_event_does() -> None:
    shop = two_claims()
    before = everything(shop.world)
    seen = waterfall(shop.world)
    assert everything(shop.world) == before
    assert (seen.available, seen.claimed, seen.rate) == (yuan("120"), yuan("400"), 300_000)
    assert (seen.paid, seen.written_off, seen.left) == (yuan("120"), yuan("280"), 0)
    assert seen.kinds() == {"points": (2, yuan("400"), yuan("400"), yuan("120"))}
    assert [(part.member, part.kind, part.worth, part.paid) for part in seen.parts] == [
        (0, "points", yuan("100"), yuan("30")), (1, "points", yuan("300"), yuan("90")),
    ]  # fmt: skip
    shop.book(PlanWoundUp)
    assert (shop.cash("a"), shop.cash("b"), shop.world.reserve) == (yuan("30"), yuan("90"), 0)
    after = waterfall(shop.world)
    assert (after.parts, after.holders, after.claimed, after.rate) == ((), (), 0, MICRO)


def test_the_journal_names_what_was_paid_and_what_was_written_off() -> None:
    shop = two_claims()
    journal = shop.book(PlanWoundUp)
    rules = [journal.rules[row["rule"]] for row in journal.transfers]
    assert rules == ["wind_up", "written_off", "wind_up", "written_off"]
    amounts = [(int(row["amount"]), int(row["drained"])) for row in journal.transfers]
    assert amounts == [
        (yuan("30"), yuan("30")), (yuan("70"), 0), (yuan("90"), yuan("90")), (yuan("210"), 0),
    ]  # fmt: skip


def test_wallets_and_withdrawals_that_wait_stay_payable_and_a_debt_is_set_off() -> None:
    """b is paid 3 on day 1, and a 1; a takes his out and owes it back after his refund."""
    shop = two_claims()
    shop.close(2)
    shop.book(WithdrawalRequested, id="w1", member="a", amount=yuan("1"))
    shop.book(WithdrawalRequested, id="w2", member="b", amount=yuan("2"))
    shop.refund("o1", "100")
    shop.order("o3", "a", "3")
    seen = waterfall(shop.world)
    assert (seen.wallets, seen.debts) == (yuan("4"), yuan("1"))
    assert (seen.claimed, seen.available) == (yuan("300"), yuan("120"))
    assert seen.set_off == yuan("1")
    shop.book(PlanWoundUp)
    assert (shop.cash("a"), shop.cash("b")) == (yuan("0.2"), yuan("119.8"))
    journal = shop.book(WithdrawalPaid, withdrawal="w2")
    assert journal.refusals == ()


def test_all_pools_go_into_the_reserve_and_stay_there_if_nobody_has_a_claim() -> None:
    """8, 16, 24 … in the pools and 5 in the reserve."""
    shop = Shop("cyclic_purchase").join(a=None)
    for name, pool in enumerate(shop.world.pools.names):
        shop.donate(pool, str(8 * (name + 1)))
    shop.top_up("5")
    available = 5 + sum(8 * (place + 1) for place in range(len(shop.world.pools)))
    assert waterfall(shop.world).available == available * MICRO
    shop.book(PlanWoundUp)
    assert (shop.world.reserve, sum(shop.world.pool_balance)) == (available * MICRO, 0)


def test_what_waits_for_a_lot_is_lost_and_no_later_lot_releases_it() -> None:
    """20% of 100 waits for a, who has no lot; a's order under the next plan releases nothing of it."""
    shop = Shop(no_lot="bank").join(a=None, b="a")
    shop.order("o1", "b", "100")
    journal = shop.book(PlanWoundUp)
    assert journal.forfeited() == {"a": yuan("20")}
    shop.book(PlanActivated, plan=shop.plan)
    shop.order("o2", "a", "50")
    assert (shop.cash("a"), shop.remaining("a")) == (0, [yuan("50")])


def test_an_old_debt_is_written_off_and_its_coin_is_the_claim() -> None:
    shop = Shop("legacy_conversion").join(a=None)
    shop.book(LiabilityBooked, member="a", amount=yuan("100"))
    kinds = waterfall(shop.world).kinds()
    assert {kind: worth for kind, (_, _, worth, _) in kinds.items()} == {
        store: 0 if store == shop.world.program.debt_store else sum(shop.remaining("a", store)) for store in kinds
    }
    shop.book(PlanWoundUp)
    assert [sum(shop.remaining("a", store)) for store in kinds] == [0] * len(kinds)


def wound_up_lane() -> Shop:
    shop = two_claims()
    shop.book(PlanWoundUp)
    return shop


@pytest.mark.parametrize("again", [False, True])
def test_a_batch_after_the_end_is_what_its_events_are_one_by_one(again: bool) -> None:
    """More events than the bulk lane asks for; it leaves them to the handlers."""
    one, many = wound_up_lane(), wound_up_lane()
    if again:
        for shop in (one, many):
            shop.book(PlanActivated, plan=shop.plan, id="again")
    buys = [OrderPaid(id=f"n{n}", day=0, member="a", lines=(Line(yuan("10")),)) for n in range(8)]
    backs = [OrderRefunded(id=f"r {name}", day=0, order=name, amount=yuan("5")) for name in ("o1", "o2", "n3")]
    for event in (*buys, *backs):
        apply(one.world, [event], coming=1 << 20)
    apply(many.world, [*buys, *backs], coming=1 << 20)
    assert everything(many.world) == everything(one.world)
    assert sum(many.remaining("b")) == 0


def test_a_snapshot_of_a_wound_up_world_goes_on_like_the_world(tmp_path: Path) -> None:
    """The reserve owes b's 40 of 60 when the end comes; a refund later must not owe it again."""
    shop = Shop("distribution", generations=["10%"], funding="reserve").join(a=None, b="a")
    shop.order("o1", "b", "600")
    shop.top_up("20")
    shop.book(PlanWoundUp)
    save_world(shop.world, tmp_path)
    loaded = load_world(tmp_path)
    assert everything(loaded) == everything(shop.world)
    assert (loaded.owed("a"), loaded.is_wound_up, loaded.balance("a", "cash")) == (0, True, yuan("20"))
    refund = OrderRefunded(id="r", day=0, order="o1", amount=yuan("500"))
    for world in (loaded, shop.world):
        apply(world, [refund, DayClosed(id="c", day=0)])
    assert everything(loaded) == everything(shop.world)
    assert loaded.balance("a", "cash") == yuan("10")


def test_rewards_after_the_past_was_forgotten_are_owed_again() -> None:
    shop = Shop("distribution", generations=["10%"], funding="reserve").join(a=None, b="a")
    shop.order("o1", "b", "600")
    shop.book(PlanWoundUp)
    assert forget_past(shop.world)
    shop.book(PlanActivated, plan=shop.plan)
    shop.order("o2", "b", "100")
    assert shop.world.owed("a") == yuan("10")


def test_it_is_told_what_a_lot_got_at_the_end_and_what_was_written_off() -> None:
    shop = two_claims()
    shop.book(PlanWoundUp)
    _, paid, lost = explain(shop.world, "a")
    assert (paid.rule, paid.amount, paid.asset, paid.lot) == ("wind_up", yuan("30"), "cash", "o1")
    assert [(source.order, source.base, source.rate, source.points) for source in paid.sources] == [
        ("o1", yuan("100"), 300_000, yuan("30"))
    ]
    assert (lost.rule, lost.amount, lost.points, lost.asset) == ("written_off", 0, yuan("70"), "points")
    assert [(source.base, source.rate, source.points) for source in lost.sources] == [(yuan("70"), MICRO, yuan("70"))]


def test_it_is_told_what_was_paid_at_the_end_of_what_was_owed() -> None:
    shop = Shop("distribution", generations=["10%"], funding="reserve").join(a=None, b="a")
    shop.order("o1", "b", "600")
    shop.top_up("20")
    shop.book(PlanWoundUp)
    found = explain(shop.world, "a")
    assert [(each.rule, each.amount, each.points, each.owed) for each in found] == [
        ("generation", 0, 0, 0), ("wind_up", yuan("20"), yuan("20"), 0), ("written_off", 0, yuan("40"), 0),
    ]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=8), st.integers(1, 10_000), st.randoms())
def test_everyone_gets_his_part_rounded_down_whatever_the_order(cents: list[int], there: int, random) -> None:
    """By name: ⌊claim × what is there ÷ all claims⌋, at most the claim; together no more than is there."""
    members = [f"m{place}" for place in range(len(cents))]
    claims, got = dict(zip(members, cents, strict=True)), []
    for _ in range(2):
        shop = Shop(asset_per_point="0.37")
        random.shuffle(members)
        shop.join(**dict.fromkeys(members))
        for member in members:
            shop.order(f"o {member}", member, f"{claims[member] / 100:.2f}")
        shop.top_up(f"{there / 100:.2f}")
        shop.book(PlanWoundUp)
        got.append({member: shop.cash(member) for member in claims})
    worth = {member: amount * 10_000 * 37 // 100 for member, amount in claims.items()}
    claimed, money = sum(worth.values()), there * 10_000
    expected = {member: min(owed, owed * money // claimed) for member, owed in worth.items()}
    assert got == [expected, expected]
    assert sum(expected.values()) + shop.world.reserve == money
