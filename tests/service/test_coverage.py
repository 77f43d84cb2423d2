"""Coverage by day is what a run over files says of the same events, and follows from the log."""

from dataclasses import replace

import pytest
from django.db import IntegrityError
from tests.service.conftest import joins, order
from tests.service.test_audit import tamper

from jifen.batch.daily import Daily
from jifen.engine import World, apply
from jifen.engine.events import DayClosed, OrderRefunded, PlanActivated
from jifen.plan import load_plan
from jifen.plan.model import Curve
from jifen.plan.worth import yuan_per_unit
from jifen.service import models
from jifen.service.audit import audit
from jifen.service.coverage import Coverage, coverage_days
from jifen.service.inbox import submit
from jifen.service.money import top_up
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import JOURNAL, Writer

FIRST = 738000
YUAN = 1_000_000
PLANS = {
    "points_dividend": {"funding": "reserve", "reserve_share": "10%"},
    "distribution": {"funding": "reserve", "reserve_share": "1%"}, "rebate_queue": {}, "appreciation": {},
}  # fmt: skip


def write(folder, using):
    with Writer.elected(folder, using) as elected:
        while elected.step():
            pass


def days_of(plan):
    """Three days of events: orders of three members, one above the other, a refund, another version."""
    people = joins("ann", "bob", "eve")
    refund = OrderRefunded(id="r1", day=0, order="o1", amount=20 * YUAN)
    slower = PlanActivated(id="p1", day=0, plan=plan)
    return [
        [*people, order("o1", "ann", 200), order("o2", "bob", 100), order("o3", "eve", 300)],
        [order("o4", "ann", 50), refund, order("o5", "eve", 70)],
        [slower, order("o6", "bob", 400), order("o7", "bob", 30)],
    ]


@pytest.mark.parametrize("name", PLANS)
def test_the_figures_of_a_day_are_those_of_a_run_over_files(using, folder, name):
    plan = load_plan(name, PLANS[name])
    create_shop(plan, FIRST, Terms("test"), using=using)
    world = World(plan, FIRST)
    daily = Daily(plan, world)
    for day, events in enumerate(days_of(plan), FIRST):
        events = [*(replace(event, day=day) for event in events), DayClosed(id=f"day:{day}", day=day)]
        submit(events, using=using)
        daily.add(day, events, apply(world, events))
    write(folder, using)
    curves = {store for store, kind in plan.stores.items() if isinstance(kind, Curve)}
    found = coverage_days(using)
    assert [each.day for each in found] == daily.days
    for each, row in zip(found, daily.rows, strict=True):
        pools = sum(row[name] for name in row if name.startswith("pool:") and name[5:] not in curves)
        paid = sum(row[name] for name in row if name.startswith("paid:"))
        assert (each.wallets, each.owed) == (row["wallets"], row["owed"] - row["wallets"])
        assert (each.reserve, each.pools, each.paid) == (row["reserve"], pools, paid)
    reserve = [0, *(each.reserve for each in found)]
    for place, each in enumerate(found):
        assert reserve[place + 1] - reserve[place] == each.reserve_in - each.reserve_out
    # On the first day nothing is paid of what was deferred before.
    granted = {store: daily.rows[0].get(f"granted:{store}", 0) for store in plan.stores}
    worth = sum(units * yuan_per_unit(plan, store) // YUAN for store, units in granted.items())
    assert found[0].promised == worth + found[0].deferred
    assert any(each.owed for each in found) or curves
    assert any(each.deferred for each in found) == (name == "distribution")
    assert any(each.queue for each in found) == (name == "rebate_queue")
    assert audit(folder / JOURNAL, using).sound


def test_two_days_of_a_reserve_worked_by_hand(using, folder):
    plan = load_plan("points_dividend", {"funding": "reserve", "reserve_share": "10%"})
    create_shop(plan, FIRST, Terms("test"), using=using)
    submit([*joins("ann"), order("o1", "ann", 100)], using=using)
    top_up(3 * YUAN, "bank-1", using=using)
    submit([DayClosed(id=f"day:{day}", day=day) for day in (FIRST, FIRST + 1)], using=using)
    write(folder, using)
    # A tenth of 100 yuan and the 3 that were brought; 100 points are promised, of which the second day pays 1 %.
    nothing = {"queue": 0, "deferred": 0, "pools": 0}
    assert coverage_days(using) == [
        Coverage(FIRST, 0, lots=100 * YUAN, reserve=13 * YUAN, promised=100 * YUAN, paid=0, reserve_in=13 * YUAN,
                 reserve_out=0, **nothing),
        Coverage(FIRST + 1, YUAN, lots=99 * YUAN, reserve=12 * YUAN, promised=0, paid=YUAN, reserve_in=0,
                 reserve_out=YUAN, **nothing),
    ]  # fmt: skip
    assert [each.share for each in coverage_days(using)] == [130_000, 121_212]
    assert coverage_days(using, 1) == coverage_days(using)[1:]


def test_where_nothing_is_owed_nothing_is_covered(shop, folder):
    submit([DayClosed(id=f"day:{FIRST}", day=FIRST)], using=shop)
    write(folder, shop)
    assert [(each.owed, each.share) for each in coverage_days(shop)] == [(0, None)]


@pytest.mark.parametrize("where", ["coverage", "plan_changes"])
def test_an_audit_names_a_day_or_a_change_of_the_plan_that_does_not_follow(shop, folder, where):
    slow = load_plan("points_dividend", {"daily_rate": "0.5%"})
    submit([*joins("ann"), order("o1", "ann", 100), PlanActivated(id="p1", day=0, plan=slow)], using=shop)
    submit([DayClosed(id=f"day:{FIRST}", day=FIRST)], using=shop)
    write(folder, shop)
    with pytest.raises(IntegrityError):
        models.Coverage.objects.using(shop).update(lots=0)
    with pytest.raises(IntegrityError):
        models.PlanChange(event=99, batch=0, day=0, kind="plan_ended").save(using=shop)
    tamper(shop, {"coverage": "UPDATE coverage SET lots = lots + 1", "plan_changes": "DELETE FROM plan_change"}[where])
    found = audit(folder / JOURNAL, shop).difference
    assert found.where == where
    if where == "coverage":
        assert (found.field, found.expected, found.got) == ("lots", str(100 * YUAN), str(100 * YUAN + 1))
