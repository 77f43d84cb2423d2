"""An import that is cut off is gone on with, one that is repeated changes nothing, and a shop in use takes none."""

import pytest
from tests.service.conftest import joins
from tests.service.moving.conftest import nothing_is_there, written

from jifen.core.errors import InputError
from jifen.service import models

MEMBERS = "member,sponsor,phone,name\nA,B,13800138000,王\nB,,,\n" + "".join(f"m{n},A,,\n" for n in range(25))
BALANCES = "member,asset,amount\nA,cash,5\nm7,coin,0.5\n"
ORDERS = "order,member,amount\no1,A,100\n"


class Killed(Exception):
    """The process ends here."""


def state(using: str) -> tuple:
    """Everything an import writes."""
    from jifen.service.members.models import Account, Person
    from jifen.service.moving.models import PastOrder

    return (
        sorted(Account.objects.using(using).values_list("code", "sponsor__code", "phone_mark")),
        Person.objects.using(using).count(),
        list(PastOrder.objects.using(using).values_list("order", "member", "amount")),
        list(models.Event.objects.using(using).order_by("number").values_list("content", flat=True)),
        [
            tuple(row)
            for row in models.Balance.objects.using(using).order_by("account").values_list("account", "amount")
        ],
    )


def killed_at(monkeypatch, name: str, times: int) -> None:
    """Let a function of the import be the last one that is called, at its so many-th call."""
    from jifen.service.moving import importing

    real, calls = getattr(importing, name), []

    def dying(*arguments, **options):
        calls.append(name)
        if len(calls) >= times:
            raise Killed
        return real(*arguments, **options)

    monkeypatch.setattr(importing, name, dying)


@pytest.mark.parametrize(
    ("name", "times"), [("_account", 1), ("_account", 15), ("_write_orders", 1), ("submit", 1), ("submit", 2)]
)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_an_import_that_was_killed_is_finished_by_the_same_command(
    shop, files, tried, folder, tmp_path, monkeypatch, name, times
):
    from jifen.service.moving import importing

    given = files(members=MEMBERS, balances=BALANCES, orders=ORDERS)
    monkeypatch.setattr(importing, "_AT_ONCE", 10)
    monkeypatch.setattr(importing, "_EVENTS_AT_ONCE", 10)
    with monkeypatch.context() as patch:
        killed_at(patch, name, times)
        plan = tried(given)
        with pytest.raises(Killed):
            importing.start(plan, using=shop)
    written(shop, folder)
    importing.start(tried(given), using=shop)
    written(shop, folder)
    found = importing.outcome(tried(given).digest, using=shop)
    # 27 joins, one of which is below somebody who joined later, and two balances.
    assert (found.state, found.events, found.accepted) == ("done", 30, 30)
    accounts, persons, orders, events, _ = state(shop)
    assert (len(accounts), persons, len(orders), len(events)) == (27, 1, 1, 30)
    assert {code: sponsor for code, sponsor, _ in accounts}["A"] == "B"


def test_an_import_that_is_repeated_changes_nothing(shop, files, tried, folder):
    from jifen.service.moving.importing import carry_out, start

    given = files(members="member\nA", balances="member,asset,amount\nA,cash,5", orders=ORDERS)
    start(tried(given), using=shop)
    assert carry_out(tried(given).digest, folder, using=shop).state == "done"
    before = state(shop)
    again = start(tried(given), using=shop)
    written(shop, folder)
    assert again.state == "done"
    assert state(shop) == before


def test_a_shop_that_has_events_takes_no_import(shop, files, tried, folder):
    from jifen.service.inbox import submit
    from jifen.service.members.models import Account
    from jifen.service.moving.importing import start

    submit(joins("Z"), using=shop)
    with pytest.raises(InputError, match="shop_in_use"):
        start(tried(files(members="member\nA")), using=shop)
    assert not Account.objects.using(shop).exists()


def test_another_import_is_refused_while_one_is_not_finished(shop, files, tried, folder):
    from jifen.service.moving.importing import start

    start(tried(files(members="member\nA")), using=shop)
    with pytest.raises(InputError, match="shop_in_use"):
        start(tried(files(members="member\nB")), using=shop)


def test_to_look_leaves_no_more_than_that_somebody_looked(shop, files, tried):
    from jifen.service.acting import acting
    from jifen.service.moving.importing import note_look
    from jifen.service.moving.models import Import

    with acting("staff:ann"):
        note_look(tried(files(members="member\nA")), using=shop)
    with acting("staff:bob"):
        note_look(tried(files(members="member\nA")), using=shop)
    assert list(Import.objects.using(shop).values_list("state", "looked_by")) == [("looked", "staff:ann")]
    Import.objects.using(shop).all().delete()
    assert nothing_is_there(shop)
