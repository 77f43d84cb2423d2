"""The life of a shop: sandbox or live for good, versions now and dated, pause, end, and money from outside."""

import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connections, transaction
from tests.service.conftest import joins, order

from jifen.batch.event_text import parse_event
from jifen.core.errors import InputError
from jifen.engine.events import PlanPaused
from jifen.ledger.journal import Account
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.accounts import account_of
from jifen.service.audit import audit
from jifen.service.closing import ask_closes
from jifen.service.inbox import submit
from jifen.service.life import activate, end, pause, resume, wind_up
from jifen.service.money import donate, top_up
from jifen.service.shop import Terms, create_shop
from jifen.service.standing import standing
from jifen.service.versions import cancel, schedule, versions
from jifen.service.writer import JOURNAL, Writer

FIRST = 738000
YUAN = 1_000_000
MIDNIGHT = datetime.fromordinal(FIRST + 1).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
"""When the first day has ended."""
SLOW, FUNDED = (
    load_plan("points_dividend", {"daily_rate": "0.5%"}),
    load_plan("points_dividend", {"funding": "reserve"}),
)


def write(folder, using):
    with Writer.elected(folder, using) as elected:
        while elected.step():
            pass


def log(using):
    """By day the names of its events, in order."""
    days = {}
    for text in models.Event.objects.using(using).order_by("number").values_list("content", flat=True):
        event = parse_event(text)
        days.setdefault(event.day - FIRST, []).append(event.name)
    return days


def code(action, *arguments, **named):
    with pytest.raises(InputError) as raised:
        action(*arguments, **named)
    return raised.value.problems[0].code


# -- sandbox and live ------------------------------------------------------------------------------------------------


def test_a_live_shop_refuses_a_plan_that_pays_from_no_account(using):
    live = Terms("test", live=True)
    assert code(create_shop, load_plan("points_dividend"), FIRST, live, using=using) == "merchant_funding"
    create_shop(FUNDED, FIRST, live, using=using)
    assert code(activate, SLOW, using=using) == code(schedule, SLOW, FIRST + 1, using=using) == "merchant_funding"


def test_a_sandbox_never_becomes_a_live_shop(shop):
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(using=shop):
        models.Shop.objects.using(shop).update(live=True)


# -- now -------------------------------------------------------------------------------------------------------------


def test_a_version_that_is_activated_counts_for_the_open_days_run(shop, folder):
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    activate(SLOW, using=shop)
    activate(SLOW, using=shop)
    ask_closes(MIDNIGHT + timedelta(days=1), using=shop)
    write(folder, shop)
    assert log(shop) == {0: ["member_joined", "order_paid", "plan_activated", "day_closed"], 1: ["day_closed"]}
    assert [(each.digest, each.day, each.state) for each in versions(shop)] == [
        (load_plan("points_dividend").digest, FIRST, "superseded"), (SLOW.digest, FIRST, "active"),
    ]  # fmt: skip
    again = activate(SLOW, using=shop)
    assert (again.repeated, again.result.number) == (True, 2)
    assert audit(folder / JOURNAL, shop).sound


def test_a_pause_lets_no_order_earn_until_the_plan_is_resumed_and_may_come_again(shop, folder):
    points = "points"

    def claim():
        write(folder, shop)
        asset = models.Name.objects.using(shop).get(kind=0, name=points).number
        return models.Balance.objects.using(shop).get(account=account_of(Account.CLAIM, 0, asset)).amount // YUAN

    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    assert claim() == 100
    assert [pause(using=shop).repeated, pause(using=shop).repeated] == [False, True]
    submit([order("o2", "ann", 30)], using=shop)
    assert claim() == 100
    assert (standing(shop).stage, pause(using=shop).repeated) == ("paused", True)
    resume(using=shop)
    submit([order("o3", "ann", 7)], using=shop)
    assert claim() == 107
    assert resume(using=shop).repeated
    pause(using=shop)
    submit([order("o4", "ann", 5)], using=shop)
    assert claim() == 107
    assert log(shop)[0].count("plan_paused") == 2
    assert len(versions(shop)) == 1


def test_a_plan_that_has_ended_is_neither_paused_nor_resumed_but_may_be_started_again(shop, folder):
    end(using=shop)
    write(folder, shop)
    assert standing(shop).stage == "ended"
    assert end(using=shop).repeated
    assert code(pause, using=shop) == code(resume, using=shop) == "plan_ended"
    activate(SLOW, using=shop)
    write(folder, shop)
    assert standing(shop).stage == "active"


def test_what_ends_does_not_begin_again_by_itself(shop):
    schedule(SLOW, FIRST + 3, using=shop)
    assert code(end, using=shop) == "version_scheduled"
    cancel(FIRST + 3, using=shop)
    assert end(using=shop).result.state == "pending"


def test_a_plan_that_was_wound_up_has_ended_and_another_one_may_begin(shop, folder):
    wind_up(using=shop)
    write(folder, shop)
    assert standing(shop).stage == "wound_up"
    assert [wind_up(using=shop).repeated, end(using=shop).repeated] == [True, True]
    assert code(pause, using=shop) == code(resume, using=shop) == "plan_ended"
    activate(SLOW, using=shop)
    write(folder, shop)
    assert standing(shop).stage == "active"
    assert audit(folder / JOURNAL, shop).sound


# -- dated -----------------------------------------------------------------------------------------------------------


def test_a_dated_version_is_the_first_event_of_its_day_after_days_were_missed_too(shop, folder):
    submit(joins("ann"), using=shop)
    schedule(SLOW, FIRST + 2, using=shop)
    schedule(SLOW, FIRST + 2, using=shop)
    assert versions(shop)[-1].state == "scheduled"
    ask_closes(MIDNIGHT + timedelta(days=3), using=shop)
    submit([order("o1", "ann", 100)], using=shop)
    ask_closes(MIDNIGHT + timedelta(days=3), using=shop)
    write(folder, shop)
    closed = ["day_closed"]
    assert log(shop) == {0: ["member_joined", *closed], 1: closed, 2: ["plan_activated", *closed], 3: closed,
                         4: ["order_paid"]}  # fmt: skip
    assert [(each.day - FIRST, each.state) for each in versions(shop)] == [(0, "superseded"), (2, "active")]
    assert audit(folder / JOURNAL, shop).sound


def test_no_order_that_races_with_the_close_comes_before_the_dated_version(shop, folder):
    submit(joins("ann"), using=shop)
    for day in (1, 2, 3):
        schedule(load_plan("points_dividend", {"daily_rate": f"0.{day}%"}), FIRST + day, using=shop)
    done = threading.Event()

    def buy(name):
        try:
            for number in range(100):
                if done.is_set():
                    break
                submit([order(f"{name}-{number}", "ann", 1)], using=shop)
        finally:
            connections[shop].close()

    def close():
        try:
            for day in range(3):
                ask_closes(MIDNIGHT + timedelta(days=day), using=shop)
        finally:
            connections[shop].close()

    buyers = [threading.Thread(target=buy, args=(name,)) for name in "ab"]
    closers = [threading.Thread(target=close) for _ in range(3)]
    for each in (*buyers, *closers):
        each.start()
    for each in closers:
        each.join()
    done.set()
    for each in buyers:
        each.join()
    write(folder, shop)
    days = log(shop)
    assert [days[day][0] for day in (1, 2, 3)] == ["plan_activated"] * 3
    assert [days[day].count("day_closed") for day in range(3)] == [1, 1, 1]
    assert sum(names.count("plan_activated") for names in days.values()) == 3


def test_a_version_is_not_dated_to_a_day_that_has_begun_or_whose_eve_is_being_closed(shop, folder):
    ask_closes(MIDNIGHT, using=shop)
    write(folder, shop)
    for day in (FIRST, FIRST + 1):
        assert code(schedule, SLOW, day, using=shop) == "day_begun"
    schedule(SLOW, FIRST + 2, using=shop)
    ask_closes(MIDNIGHT + timedelta(days=1), using=shop)
    assert code(schedule, SLOW, FIRST + 2, using=shop) == code(cancel, FIRST + 2, using=shop) == "day_begun"
    schedule(SLOW, FIRST + 3, using=shop)


def test_a_day_has_one_version_and_one_that_is_cancelled_does_not_begin(shop, folder):
    schedule(SLOW, FIRST + 1, using=shop)
    assert code(schedule, FUNDED, FIRST + 1, using=shop) == "day_taken"
    assert cancel(FIRST + 1, using=shop) == SLOW.digest
    assert code(cancel, FIRST + 1, using=shop) == "not_scheduled"
    ask_closes(MIDNIGHT, using=shop)
    write(folder, shop)
    assert log(shop) == {0: ["day_closed"]}
    assert len(versions(shop)) == 1


# -- money -----------------------------------------------------------------------------------------------------------


def test_a_top_up_counts_once_by_its_reference_and_once_a_day_without_one(using, folder):
    create_shop(FUNDED, FIRST, Terms("test"), using=using)
    assert [top_up(5 * YUAN, "bank-1", using=using).repeated for _ in range(2)] == [False, True]
    conflict = top_up(6 * YUAN, "bank-1", using=using)
    assert (conflict.result.code, conflict.repeated) == ("conflict", False)
    assert [top_up(5 * YUAN, using=using).repeated for _ in range(2)] == [False, True]
    top_up(7 * YUAN, using=using)
    write(folder, using)
    assert models.Balance.objects.using(using).get(account=account_of(Account.RESERVE, 0, 0)).amount == 17 * YUAN


def test_a_donation_to_a_pool_that_the_plan_has_not_is_refused(shop, folder):
    asked = donate("nowhere", YUAN, using=shop)
    write(folder, shop)
    assert submit([], using=shop) == []
    assert asked.result.state == "pending"
    assert models.Inbox.objects.using(shop).get().code == "unknown_pool"
    assert code(top_up, 0, using=shop) == "bad_amount"
    assert code(top_up, YUAN, "王 138", using=shop) == "bad_reference"


def test_a_pause_that_came_another_way_is_known_too(shop, folder):
    submit([PlanPaused(id="by hand", day=0)], using=shop)
    write(folder, shop)
    assert pause(using=shop).repeated
