"""The door: who may not enter yet, what members may spend, and that many at once spend no more."""

import threading

import pytest
from django.db import connections
from tests.service.conftest import joins, order

from jifen.core.errors import InputError
from jifen.engine.events import OrderRefunded
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.door import enter
from jifen.service.programs.acceptance import accept, current_page
from jifen.service.programs.models import Acceptance, Program, Spending
from jifen.service.programs.publishing import draft
from jifen.service.programs.studies import keep
from jifen.service.programs.terms import asked_of_members, set_asked
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import Writer

FIRST = 738000
YUAN = 1_000_000
SAFE = load_plan("member_rebate")


def code(action, *arguments, **named):
    with pytest.raises(InputError) as raised:
        action(*arguments, **named)
    return raised.value.problems[0].code


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


@pytest.fixture
def live(using):
    """A live shop whose plan is published, with a page; ann and bob have joined."""
    create_shop(SAFE, FIRST, Terms("test", live=True), using=using)
    draft(SAFE, using=using)
    page = keep("disclosure", SAFE.digest, {"sections": {}}, using=using)
    Program.objects.using(using).update(state="published", disclosure=page)
    enter(joins("ann", "bob"), using=using)
    return using


@pytest.fixture
def accepted(live):
    """And both have accepted it."""
    for member in ("ann", "bob"):
        accept(member, current_page(live), using=live)
    return live


def codes(using, *events):
    return [result.code for result in enter(events, using=using)]


def refund(name, of, yuan):
    return OrderRefunded(id=name, day=0, order=of, amount=yuan * YUAN)


def test_a_live_shop_takes_no_order_before_its_plan_is_published(live):
    Program.objects.using(live).update(state="checked")
    assert codes(live, order("o1", "ann", 10)) == ["not_published"]
    assert not models.Inbox.objects.using(live).filter(key="o1").exists()


def test_a_member_accepts_the_page_before_the_first_order_and_each_that_comes_after(live):
    assert codes(live, order("o1", "ann", 10)) == ["not_accepted"]
    page = current_page(live)
    accept("ann", page, using=live)
    accept("ann", page, using=live)
    assert Acceptance.objects.using(live).count() == 1
    assert codes(live, order("o1", "ann", 10), order("o2", "bob", 10)) == ["", "not_accepted"]
    Program.objects.using(live).update(disclosure="another")
    assert codes(live, order("o1", "ann", 10), order("o3", "ann", 10)) == ["", "not_accepted"]
    assert code(accept, "ann", page, using=live) == "other_disclosure"


def test_a_sandbox_asks_for_nothing_unless_it_is_told_to(shop):
    enter(joins("ann"), using=shop)
    assert codes(shop, order("o1", "ann", 1_000_000)) == [""]
    set_asked(acceptance=True, limited=True, limit=5 * YUAN, using=shop)
    assert codes(shop, order("o2", "ann", 1)) == ["not_accepted"]
    set_asked(acceptance=False, using=shop)
    assert codes(shop, order("o2", "ann", 5), order("o3", "ann", 1)) == ["", "spending_limit"]
    assert code(current_page, shop) == "no_disclosure"


def test_a_live_shop_always_asks_for_the_page_and_says_itself_what_may_be_spent(live):
    assert code(set_asked, acceptance=False, using=live) == "acceptance_needed"
    assert asked_of_members(live).limit == 10_000 * YUAN
    assert set_asked(limit=7 * YUAN, using=live).limit == 7 * YUAN
    assert code(set_asked, limit=0, using=live) == "bad_amount"
    assert set_asked(limited=False, using=live).limit is None


def test_orders_count_until_they_are_refused_and_refunds_give_back_when_accepted(accepted, folder):
    set_asked(limit=100 * YUAN, using=accepted)
    assert codes(accepted, order("o1", "ann", 60), order("o2", "ann", 41), order("o3", "ann", 40)) == [
        "", "spending_limit", "",
    ]  # fmt: skip
    assert codes(accepted, order("o1", "ann", 60), order("o4", "bob", 100)) == ["", ""]
    write(folder, accepted)
    assert codes(accepted, refund("r1", "o1", 25), order("o5", "ann", 25)) == ["", "spending_limit"]
    write(folder, accepted)
    assert codes(accepted, order("o5", "ann", 25), order("o6", "ann", 1)) == ["", "spending_limit"]


def test_an_order_that_the_writer_refuses_takes_nothing_of_the_limit(accepted, folder):
    set_asked(limit=100 * YUAN, using=accepted)
    accept("eve", current_page(accepted), using=accepted)
    assert codes(accepted, order("o1", "eve", 100)) == [""]
    assert codes(accepted, order("o2", "eve", 1)) == ["spending_limit"]
    write(folder, accepted)
    assert models.Inbox.objects.using(accepted).get(key="o1").code == "unknown_member"
    enter(joins("eve"), using=accepted)
    assert codes(accepted, order("o1", "eve", 90), order("o2", "eve", 11)) == ["", "spending_limit"]
    assert Spending.objects.using(accepted).get(event="o1").amount == 90 * YUAN


def test_a_refund_that_the_writer_refuses_gives_nothing_back(accepted, folder):
    set_asked(limit=100 * YUAN, using=accepted)
    codes(accepted, order("o1", "ann", 100), refund("r1", "o1", 101))
    write(folder, accepted)
    assert models.Inbox.objects.using(accepted).get(key="r1").code != ""
    assert codes(accepted, order("o2", "ann", 1)) == ["spending_limit"]


def test_fifty_orders_at_once_spend_no_more_than_the_limit(accepted):
    set_asked(limit=70 * YUAN, using=accepted)
    found = []

    def buy(number):
        try:
            found.append(codes(accepted, order(f"o{number}", "ann", 10))[0])
        finally:
            connections[accepted].close()

    buyers = [threading.Thread(target=buy, args=(number,)) for number in range(50)]
    for each in buyers:
        each.start()
    for each in buyers:
        each.join()
    assert sorted(found) == [""] * 7 + ["spending_limit"] * 43
    assert models.Inbox.objects.using(accepted).filter(key__startswith="o").count() == 7


def test_results_stand_in_the_order_of_the_events_and_are_waited_for(accepted, folder):
    stop = threading.Event()
    with Writer.elected(folder, accepted) as writer:
        while writer.step():
            pass

    def work():
        try:
            with Writer.elected(folder, accepted) as elected:
                while not stop.is_set():
                    elected.step()
        finally:
            connections[accepted].close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        asked = [order("o1", "eve", 1), order("o2", "ann", 1), *joins("zoe")]
        found = enter(asked, using=accepted, wait=10.0)
    finally:
        stop.set()
        worker.join()
    assert [(each.key, each.state) for each in found] == [
        ("o1", "refused"), ("o2", "accepted"), ("j-zoe", "accepted"),
    ]  # fmt: skip
