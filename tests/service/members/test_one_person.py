"""One person: given out whole, erased while the books stay whole, sealed with another key."""

from dataclasses import replace

from django.conf import settings
from django.test import override_settings

NUMBER = "+8613800138000"


def test_what_was_sealed_with_a_key_is_opened_with_the_next_one_alone_once_it_is_sealed_anew(shop, tmp_path):
    from jifen.service.current import shop_is
    from jifen.service.members.accounts import make_account
    from jifen.service.members.personal import keep_person, personal
    from jifen.service.sealing import reseal
    from jifen.service.vault import opened

    first, second = "a" * 32, "b" * 32
    with shop_is(shop):
        with override_settings(SETTINGS=replace(settings.SETTINGS, data_key=first, data_keys_old=())):
            account = make_account("138 0013 8000", using=shop)
            keep_person(account, {"name": "Wang"})
        with override_settings(SETTINGS=replace(settings.SETTINGS, data_key=second, data_keys_old=(first,))):
            assert reseal(using=shop) == 2
        account = type(account).objects.using(shop).get(pk=account.pk)
        with override_settings(SETTINGS=replace(settings.SETTINGS, data_key=second, data_keys_old=())):
            assert opened(bytes(account.phone)) == NUMBER
            assert personal(account)["name"] == "Wang"


def test_an_erased_member_leaves_books_that_an_audit_finds_whole(shop, folder):
    from jifen.service import models
    from jifen.service.audit import audit
    from jifen.service.current import shop_is
    from jifen.service.members.accounts import make_account
    from jifen.service.members.personal import erase, is_erased, personal
    from jifen.service.sign_in.joining import join
    from jifen.service.writer import JOURNAL, Writer

    with shop_is(shop):
        account = make_account("138 0013 8000", using=shop)
        join(account, using=shop)
        with Writer.elected(folder, shop) as writer:
            while writer.step():
                pass
        before = list(models.Event.objects.using(shop).values_list("number", "content"))
        erase(account, using=shop)
    assert is_erased(account)
    assert personal(account)["phone"] == ""
    assert len(before) > 0
    assert list(models.Event.objects.using(shop).values_list("number", "content")) == before
    assert audit(folder / JOURNAL, shop).sound


def rows_of(using: str) -> str:
    """All that stands in any table, as text."""
    from django.db import connections

    with connections[using].cursor() as cursor:
        found = []
        for table in connections[using].introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            found += [repr(row) for row in cursor.fetchall() if table not in ("plan_version", "django_migrations")]
    return "\n".join(found)


def test_an_erased_member_has_no_country_no_invite_code_and_no_words_of_others_in_any_table(shop, folder):
    from jifen.service.acting import acting
    from jifen.service.current import shop_is
    from jifen.service.members.accounts import make_account
    from jifen.service.members.models import Account
    from jifen.service.members.personal import erase
    from jifen.service.staff.models import Deed
    from jifen.service.wallets.models import Withdrawal

    facts = {"event": "e", "asset": "cash", "amount": 2_000_000, "fee": 0, "day": 738_000, "asked_by": "member:x"}
    with shop_is(shop), acting("staff:desk"):
        account, other = make_account("+44 20 7946 0958", using=shop), make_account("138 0013 8000", using=shop)
        account.is_active = False
        account.save()
        event = f'{{"amount":1,"event":"store_adjusted","member":"{account.code}"}}'
        deed = {"kind": "store_adjusted", "weight": 1, "state": "done", "asked_by": "key:1"}
        Deed.objects.create(id="d-1", event=event, reason="Quillon of Nowhere Lane rang", **deed)
        Deed.objects.create(id="d-2", event=event.replace(account.code, other.code), reason="the till was down", **deed)
        said = {"state": "rejected", "reason": "Quillon Made-Up is not known at this bank"}
        Withdrawal.objects.create(number="n1", member=account.code, request="w-1", **facts, **said)
        invite = account.invite_code
        assert all(word in rows_of(shop) for word in ("Quillon", "'GB'", invite))
        erase(account, using=shop)
    left = rows_of(shop)
    assert not [word for word in ("Quillon", "'GB'", invite) if word in left]
    assert "the till was down" in left
    history = Account.history.using(shop).filter(id=account.pk)
    assert {row.history_user_id for row in history} == {"staff:desk"}
    assert history.count() == 3


def test_what_a_bank_says_of_somebody_erased_meanwhile_is_forgotten_when_the_payment_ends(shop):
    from jifen.service.current import shop_is
    from jifen.service.members.accounts import make_account
    from jifen.service.members.personal import erase
    from jifen.service.wallets.following import _settle
    from jifen.service.wallets.models import Withdrawal

    facts = {"event": "e", "asset": "cash", "amount": 2_000_000, "fee": 0, "day": 738_000, "asked_by": "member:x"}
    with shop_is(shop):
        account = make_account("+44 20 7946 0958", using=shop)
        row = Withdrawal.objects.create(number="n1", member=account.code, request="w-1", state="paying", **facts)
        erase(account, using=shop)
        row.reason = "Quillon has moved"
        row.save()
        _settle(row, "paid", "", shop)
    assert "Quillon" not in rows_of(shop)


def test_a_sign_up_with_an_erased_number_that_nobody_finished_goes_at_once(shop):
    from jifen.service.current import shop_is
    from jifen.service.members.accounts import make_account
    from jifen.service.members.models import Account
    from jifen.service.members.personal import erase
    from jifen.service.vault import sealed

    with shop_is(shop):
        account = make_account(NUMBER, using=shop)
        Account.objects.create(phone=sealed(NUMBER))
        kept = Account.objects.create(phone=sealed("+8613900139000"))
        erase(account, using=shop)
        assert set(Account.objects.values_list("pk", flat=True)) == {account.pk, kept.pk}


def test_who_erases_from_the_command_line_knows_all_that_is_to_be_forgotten():
    """Nothing has been imported there but Django and the function itself."""
    import subprocess
    import sys

    asked = (
        "from jifen.service.databases import start_django; start_django();"
        "from jifen.service.members.personal import ERASERS;"
        "print(sorted(each.__module__ for each in ERASERS))"
    )
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said == "['jifen.service.staff.deeds', 'jifen.service.wallets.payees']\n"


def test_expired_sessions_and_old_sign_ups_are_thrown_away_once_a_day(shop):
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from jifen.service.current import shop_is
    from jifen.service.members.models import Account
    from jifen.service.members.sessions import SessionStore
    from jifen.service.serving.tidying import Daily
    from jifen.service.vault import sealed

    now = timezone.now()

    def expired() -> None:
        store = SessionStore()
        store["a"] = 1
        store.save()
        Session.objects.filter(session_key=store.session_key).update(expire_date=now - timedelta(seconds=1))

    with shop_is(shop):
        fresh = SessionStore()
        fresh["a"] = 1
        fresh.save()
        account = Account.objects.create(phone=sealed(NUMBER))
        Account.objects.update(joined_at=now - timedelta(days=2))
        daily = Daily(shop)
        expired()
        assert daily.step(now)
        assert list(Session.objects.values_list("session_key", flat=True)) == [fresh.session_key]
        assert not Account.objects.exists()
        assert not Account.history.filter(id=account.pk).exists()
        expired()
        assert not daily.step(now + timedelta(hours=23, minutes=59))
        assert Session.objects.count() == 2
        assert daily.step(now + timedelta(days=1))
        assert Session.objects.count() == 1


def test_the_worker_throws_away_while_it_asks_for_closes(shop, folder, monkeypatch):
    import threading

    from jifen.service.serving import worker

    stop, seen = threading.Event(), []

    class Seen(worker.Daily):
        def step(self, now):
            seen.append(super().step(now))
            stop.set()
            return seen[-1]

    monkeypatch.setattr(worker, "Daily", Seen)
    worker._ask(folder, shop, stop)
    assert seen == [True]
