"""Ranks and their dated histories."""

from random import Random
from typing import Any

import pytest
from tests.engine.shop import Shop, chain_of, everything, yuan

from jifen.core.micros import MICRO
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, Line, MemberMoved, OrderPaid, OrderRefunded, PlanActivated
from jifen.engine.ranks import place_at
from jifen.engine.sources import parent_at
from jifen.plan import load_plan_text, revise
from jifen.plan.load import preset_text
from jifen.simulate.streams import random_stream


@pytest.mark.parametrize("name", ["green_points", "points_dividend"])
def test_past_places_and_sponsors_are_what_the_runs_saw(name: str) -> None:
    for seed in range(12):
        plan, events = random_stream(seed, name)
        world, seen = World(plan, 0), {}
        for event in events:
            if isinstance(event, DayClosed):
                seen |= what_a_run_sees(world)
            apply(world, [event])
        for (day, member, what), value in seen.items():
            run = world.run_event(day)
            past = place_at(world, member, what, run) if what else parent_at(world, member, run)
            assert past == value, f"seed {seed}, day {day}, member {member}: {what}"


def what_a_run_sees(world: World) -> dict[tuple[int, int, str], int]:
    """Everyone's sponsor ("") and place in each ladder, by day, before it is closed."""
    day, members = world.open_day, range(world.members.size)
    seen = {(day, member, ""): world.members.parent.item(member) for member in members}
    for name, ladder in world.program.ladders.items():
        # A settlement at the start of the run may still change an immediate rank.
        if not (world.program.settled and ladder.ranks.effective == "immediate"):
            seen |= {(day, member, name): world.place_of(member, name) for member in members}
    return seen


def test_a_rank_is_reached_at_its_threshold_and_counts_from_the_next_run() -> None:
    """Bronze from 50000 of performance: own and descendants' orders."""
    shop = Shop("green_points").join(a=None, b="a")
    shop.order("o1", "a", "3000")
    shop.order("o2", "b", "46999.99")
    shop.close()
    assert shop.world.rank("a") is None
    shop.order("o3", "b", "0.01")
    assert shop.world.performance("a") == yuan("50000")
    assert shop.world.rank("a") is None
    shop.close()
    assert shop.world.rank("a") == "青铜"
    assert shop.world.rank("b") is None


def test_an_immediate_rank_counts_after_the_event() -> None:
    shop = Shop("green_points", rank_effective="immediate").join(a=None)
    shop.order("o1", "a", "200000")
    assert shop.world.rank("a") == "白银"


@pytest.mark.parametrize(("demote", "after"), [("on_refund", "青铜"), ("never", "白银")])
def test_a_refund_takes_a_rank_away_unless_it_never_is(demote: str, after: str) -> None:
    shop = Shop("green_points", demote=demote).join(a=None)
    shop.order("o1", "a", "200000")
    shop.close()
    shop.refund("o1", "0.01")
    shop.close()
    assert shop.world.rank("a") == after


def test_an_appointed_rank_is_a_floor() -> None:
    shop = Shop("green_points").join(a=None)
    shop.rank("a", "黄金")
    shop.order("o1", "a", "200000")
    shop.close()
    assert shop.world.rank("a") == "黄金"
    shop.order("o2", "a", "1800000")
    shop.close()
    assert shop.world.rank("a") == "铂金"
    shop.rank("a", None)
    assert shop.world.rank("a") == "铂金"


def test_a_moved_member_takes_his_performance_along() -> None:
    shop = Shop("green_points").join(**chain_of(2), other=None)
    shop.order("o1", "m1", "50000")
    shop.book(MemberMoved, member="m1", referrer="other")
    assert [shop.world.performance(member) for member in ("m0", "other")] == [0, yuan("50000")]


# -- other measures than performance ----------------------------------------------------------------------------------

LEVELS = [{"rank": "H1", "min": "1"}, {"rank": "H2", "min": "2.5"}]


def honour(**params: Any) -> Shop:
    """Honour levels by shares, one for each 1000 yuan."""
    return Shop("cyclic_purchase", **{"yuan_per_share": "1000", "honour_levels": LEVELS} | params).join(a=None, b="a")


def spenders(by: str, effective: str = "immediate", demote: str = "on_refund") -> Shop:
    """Ranks by a measure of a member's own orders: 100 and 250."""
    text = f"""
preset: spenders
title: {{en: Spenders, zh: 消费等级}}
params:
  settle_at: paid
  funding: merchant
  ranks: [{{rank: low, min: 100, rate: 10%}}, {{rank: high, min: 250, rate: 20%}}, {{rank: top, min: null, rate: 30%}}]
stores:
  points: {{lots: parallel}}
ranks:
  club: {{ladder: $ranks, by: {by}, effective: {effective}, demote: {demote}}}
rules:
  - {{id: grant, when: order, amount: {{share: 100%, of: trigger_amount}}, pay: {{grant: points}}}}
  - {{id: static, when: daily, amount: {{schedule: points, rate: 1%}}, gate: {{drain: points}}, pay: {{asset: cash}}}}
  - {{id: club, when: order, amount: {{share: $ranks.rate, of: trigger_amount}},
     who: {{walk: referral, by: own_rank, ranks: club, depth: 2}}, pay: {{asset: cash}}}}
"""
    return Shop(load_plan_text(text)).join(a=None, b="a")


@pytest.mark.parametrize("by", ["cumulative", "spend", "largest_order"])
@pytest.mark.parametrize("effective", ["immediate", "next_run"])
@pytest.mark.parametrize("demote", ["on_refund", "never"])
def test_members_judged_one_by_one_get_the_ranks_of_members_judged_together(
    by: str, effective: str, demote: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for few in (0, 1_000_000):
        monkeypatch.setattr("jifen.engine.ranks._FEW", few)
        shop, chance = spenders(by, effective, demote).join(c="b", d=None), Random(by)
        for number in range(60):
            shop.order(f"o{number}", chance.choice("abcd"), str(chance.randrange(20, 300)))
            if chance.random() < 0.5:
                # What is more than is left of the order is refused.
                shop.refund(f"o{chance.randrange(number + 1)}", str(chance.randrange(20, 300)))
            if chance.random() < 0.2:
                shop.close()
        world, events = shop.world, range(shop.world.next_event + 1)
        seen.append([[place_at(world, member, "club", event) for event in events] for member in range(4)])
    assert seen[0] == seen[1]
    assert all(len(set(places)) > 1 for places in seen[0])


def revised(shop: Shop, **params: Any) -> None:
    shop.book(PlanActivated, plan=revise(shop.world.program.plan, params))


def test_a_weight_gives_a_rank_at_once_and_a_refund_or_a_removal_takes_it() -> None:
    shop, found = honour(), []
    for step in (
        lambda: shop.order("o1", "a", "999.99"),
        lambda: shop.order("o2", "a", "0.01"),
        lambda: shop.order("o3", "a", "1500"),
        lambda: shop.adjust("a", "shares", "-0.000001"),
        lambda: shop.refund("o3", "1500"),
        lambda: shop.adjust("a", "shares", "5"),
        lambda: shop.adjust("a", "shares", "-5"),
    ):
        step()
        found.append(shop.world.rank("a"))
    assert found == [None, "H1", "H2", "H1", None, "H2", None]


def test_the_sponsors_part_of_a_weight_ranks_him_too() -> None:
    shop = honour(referral_weight_rate="50%")
    shop.order("o1", "b", "2000")
    assert [shop.world.rank(member) for member in "ab"] == ["H1", "H1"]


def test_a_new_table_judges_everyone_anew() -> None:
    shop = honour()
    shop.order("o1", "a", "1000")
    revised(shop, honour_levels=[{"rank": "H2", "min": "1"}, {"rank": "H3", "min": "7"}])
    assert shop.world.rank("a") == "H2"
    revised(shop, honour_levels=[{"rank": "H3", "min": "7"}])
    assert shop.world.rank("a") is None
    revised(shop, honour_levels=[])
    assert shop.world.rank("a") is None


@pytest.mark.parametrize("by", ["cumulative", "spend"])
def test_a_members_own_orders_give_ranks(by: str) -> None:
    shop, found = spenders(by), []
    for amount in ("99.99", "0.01", "150"):
        shop.order(f"o {amount}", "b", amount)
        found.append(shop.world.rank("b"))
    shop.refund("o 0.01", "0.01")
    assert [*found, shop.world.rank("b"), shop.world.rank("a")] == [None, "low", "high", "low", None]


@pytest.mark.parametrize(("by", "after"), [("cumulative", "low"), ("spend", None)])
def test_a_forced_exit_starts_the_spend_anew_but_not_all_orders(by: str, after: str | None) -> None:
    text = preset_text("appreciation") + (
        "  - {id: club, when: order, amount: {share: $ranks.rate, of: trigger_amount},"
        " who: {walk: referral, by: own_rank, ranks: club, depth: 1}, pay: {asset: cash}}\n"
    )
    text = text.replace("  pool_share", "  ranks: [{rank: low, min: 100, rate: 10%}]\n  pool_share", 1)
    text = text.replace("rules:", f"ranks:\n  club: {{ladder: $ranks, by: {by}, effective: immediate}}\nrules:")
    shop = Shop(revise(load_plan_text(text), {"exit_multiple": "0.2"})).join(a=None)
    shop.order("o1", "a", "100")
    assert shop.world.tokens("a") == 0, "21 tokens at a price above 1 are worth more than 20"
    assert shop.world.rank("a") == after


def test_the_largest_live_order_ranks_and_is_judged_once() -> None:
    shop = spenders("largest_order")
    for order, amount in (("o1", "249.99"), ("o2", "300"), ("o3", "100")):
        shop.order(order, "b", amount)
    assert shop.world.rank("b") == "high"
    shop.refund("o2", "299.99")
    assert shop.world.rank("b") == "high", "a cent is kept of it: judged when it took effect"
    shop.refund("o2", "0.01")
    assert shop.world.rank("b") == "low"
    revised(shop, ranks=[{"rank": "high", "min": "100", "rate": "20%"}])
    assert shop.world.rank("b") is None, "its row has left the ladder"
    shop.order("o4", "b", "100")
    assert shop.world.rank("b") == "high"


def test_an_order_below_the_first_row_gives_no_rank() -> None:
    shop = spenders("largest_order")
    shop.order("o1", "b", "99.99")
    assert shop.world.rank("b") is None


def test_an_order_that_settles_is_judged_by_what_is_kept_of_it() -> None:
    shop = spenders("largest_order")
    revised(shop, settle_at="settled", refund_days=1)
    shop.order("o1", "b", "300")
    shop.refund("o1", "100")
    assert shop.world.rank("b") is None
    shop.close(2)
    assert shop.world.rank("b") == "low"


@pytest.mark.parametrize(("effective", "at_once"), [("immediate", "high"), ("next_run", None)])
def test_a_rank_counts_at_once_or_after_the_run(effective: str, at_once: str | None) -> None:
    """The order by which a rises is b's own walk's with the rank before it; the next one sees the new rank."""
    shop = spenders("cumulative", effective)
    shop.order("o1", "a", "250")
    assert shop.world.rank("a") == at_once
    assert shop.order("o2", "b", "100").paid() == ({} if at_once is None else {"a": {"club": yuan("20")}})
    shop.close()
    assert shop.world.rank("a") == "high"
    assert shop.order("o3", "b", "100").paid() == {"a": {"club": yuan("20")}}


def test_a_rank_never_lost_survives_refunds_and_yields_to_a_table_without_it() -> None:
    shop = spenders("cumulative", demote="never")
    shop.order("o1", "b", "250")
    shop.refund("o1", "250")
    assert shop.world.rank("b") == "high"
    shop.order("o2", "b", "100")
    assert shop.world.rank("b") == "high"
    revised(shop, ranks=[{"rank": "low", "min": "100", "rate": "10%"}])
    assert shop.world.rank("b") == "low"


def test_an_appointment_is_a_floor_under_every_measure() -> None:
    shop = spenders("largest_order")
    shop.rank("b", "top")
    shop.order("o1", "b", "100")
    assert shop.world.rank("b") == "top"
    shop.rank("b", None)
    assert shop.world.rank("b") == "low"


@pytest.mark.parametrize("by", ["cumulative", "spend", "largest_order", "performance"])
def test_a_batch_ranks_as_single_events_do(by: str) -> None:
    amounts = [("a", 90), ("b", 120), ("a", 160), ("b", 10), ("a", 300)]
    orders = [OrderPaid(id=f"o{place}", day=0, member=member, lines=(Line(amount=amount * MICRO),))
              for place, (member, amount) in enumerate(amounts)]  # fmt: skip
    refunds = [OrderRefunded(id="r1", day=0, order="o4", amount=300 * MICRO),
               OrderRefunded(id="r2", day=0, order="o1", amount=60 * MICRO)]  # fmt: skip
    together, one_by_one = spenders(by), spenders(by)
    apply(together.world, [*orders, *refunds, DayClosed(id="close", day=0)])
    for event in [*orders, *refunds, DayClosed(id="close", day=0)]:
        apply(one_by_one.world, [event])
    assert everything(together.world) == everything(one_by_one.world)
