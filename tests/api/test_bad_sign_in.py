"""Codes, numbers and passwords that are wrong: refused by a stable code, counted, and nothing changed."""

import threading
from copy import copy
from dataclasses import replace

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import override_settings
from tests.api.conftest import Caller
from tests.api.refusing import check
from tests.api.test_signing_in import ANN, BOB, Phone

from jifen.service import models
from jifen.service.current import shop_is
from jifen.service.members.models import Account
from jifen.service.sms.console import FILE

pytestmark = pytest.mark.usefixtures("full_buckets")


@pytest.fixture
def inbox(open_shop, tmp_path):
    """Where codes arrive; nothing is counted yet."""
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}}
    limits = {"signup": "90/m/ip", "verify_phone": "90/m/key", "request_login_code": "90/m/key"}
    given = replace(settings.SETTINGS, var=tmp_path)
    with override_settings(SETTINGS=given, CACHES=caches, ACCOUNT_RATE_LIMITS=limits):
        cache.clear()
        yield tmp_path / FILE


def waiting(inbox, number: str, how: str) -> tuple[Phone, str]:
    """Somebody to whom a code was sent, and the code."""
    phone = Phone(number, inbox)
    phone.send(how, {"phone": number} | ({"adult": True} if how == "signup" else {}))
    return phone, phone.codes()[-1]


@pytest.mark.parametrize(("how", "where"), [("signup", "phone/verify"), ("code/request", "code/confirm")])
def test_codes_that_are_wrong_late_used_or_somebody_elses_are_refused(inbox, open_shop, monkeypatch, how, where):
    from allauth.account.internal.flows import code_verification

    if how == "code/request":
        Phone(ANN, inbox).sign_up()
        Phone(BOB, inbox).sign_up()
    ann, code = waiting(inbox, ANN, how)
    bob, others = waiting(inbox, BOB, how)
    while others == code:
        bob, others = waiting(inbox, BOB, how)
    wrong = next(f"{number:06d}" for number in range(10) if f"{number:06d}" not in (code, others))

    wide = wrong.translate({48 + digit: 0xFF10 + digit for digit in range(10)})

    def tries(phone, text):
        return lambda: phone.send(where, {"code": text})

    nobody = Phone(ANN, inbox)
    table = [
        ("by nobody", tries(nobody, code), 409, "code_over"),
        ("nothing", tries(ann, ""), 400, "bad_request"),
        ("another number's", tries(ann, others), 400, "wrong_code"),
        ("in full width", tries(ann, wide), 400, "wrong_code"),
        ("a list", tries(ann, [others]), 400, "wrong_code"),
        ("the fifth", tries(ann, wrong), 400, "wrong_code"),
        ("the sixth, wrong", tries(ann, wrong), 409, "code_over"),
        ("the sixth, right", tries(ann, code), 409, "code_over"),
    ]  # fmt: skip
    check(open_shop, table)
    late, code = waiting(inbox, ANN, how)
    now = code_verification.time.time()
    with monkeypatch.context() as later:
        later.setattr(code_verification.time, "time", lambda: now + 16 * 60)
        check(open_shop, [("expired", tries(late, code), 409, "code_over")])
    used, code = waiting(inbox, ANN, how)
    assert used.send(where, {"code": code}).status_code == 200
    check(open_shop, [
        ("used twice", tries(used, code), 409, "code_over"),
        ("used twice, by another", tries(bob, code), 400, "wrong_code"),
    ])  # fmt: skip


def test_who_sends_all_tries_at_once_has_five_of_them(inbox, open_shop):
    phone, code = waiting(inbox, ANN, "signup")
    wrong = [f"{number:06d}" for number in range(13) if f"{number:06d}" != code][:12]
    begin, answers = threading.Barrier(len(wrong)), []

    def one(text: str) -> None:
        with shop_is(open_shop):
            begin.wait()
            answers.append(Phone.send(copy(phone), "phone/verify", {"code": text}).status_code)
            connections[open_shop].close()

    threads = [threading.Thread(target=one, args=(text,)) for text in wrong]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [400] * 5 + [409] * 7


def test_what_is_asked_of_the_sign_in_out_of_turn_is_refused(inbox, open_shop):
    ann = Phone(ANN, inbox)
    ann.sign_up()

    def asks(path, number=BOB, phone=None, **body):
        return lambda: (phone or Phone(number, inbox)).send(path, {"phone": number, **body})

    over = Caller({"X-Session-Token": "x" * 32}).client
    check(open_shop, [
        ("a password that is none", asks("login", ANN, password="no"), 400, "wrong_password"),
        ("a number that nobody has", asks("login", password="no"), 400, "wrong_password"),
        ("a number that is none", asks("signup", "1", adult=True), 400, "bad_number"),
        ("a child", asks("signup", adult=False), 400, "bad_request"),
        ("an invite of nobody", asks("signup", adult=True, invite_code="x"), 400, "bad_invite_code"),
        ("signed in already", asks("signup", phone=ann, adult=True), 409, "signed_in"),
        ("a session that is none", lambda: over.get("/_allauth/app/v1/auth/session"), 410, "not_signed_in"),
        ("by e-mail", asks("password/request", email="a@example.com"), 404, "not_found"),
    ])  # fmt: skip


def test_two_who_sign_up_with_one_number_at_once_are_one_member_and_one_who_is_told(inbox, open_shop):
    one, first = waiting(inbox, ANN, "signup")
    two, second = waiting(inbox, ANN, "signup")
    if first == second:
        two, second = waiting(inbox, ANN, "signup")
    begin, answers = threading.Barrier(2), {}

    def verify(phone: Phone, code: str) -> None:
        with shop_is(open_shop):
            begin.wait()
            answers[phone] = phone.send("phone/verify", {"code": code})
            connections[open_shop].close()

    threads = [threading.Thread(target=verify, args=each) for each in ((one, first), (two, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner, loser = sorted(answers.values(), key=lambda answer: answer.status_code)
    assert (winner.status_code, loser.status_code, loser.json()["code"]) == (200, 400, "number_taken")
    assert Account.objects.filter(phone_verified=True).count() == models.Inbox.objects.count() == 1


def test_who_loses_by_a_hair_is_told_as_well_and_leaves_no_account_behind(inbox, open_shop, monkeypatch):
    """Both have passed the look at the number when one of them takes it."""
    from jifen.service.sign_in.adapter import Adapter

    phone, code = waiting(inbox, ANN, "signup")
    Phone(ANN, inbox).sign_up()
    monkeypatch.setattr(Adapter, "get_user_by_phone", lambda self, number: None)
    said = phone.send("phone/verify", {"code": code})
    assert (said.status_code, said.json()["code"]) == (400, "number_taken")
    assert Account.objects.count() == models.Inbox.objects.count() == 1
    assert phone.me().get("code") == "not_signed_in"


def test_the_desk_that_registers_a_number_a_moment_too_late_is_told(owner, monkeypatch):
    from jifen.service.members import accounts

    assert owner.post("/members", {"phone": ANN, "adult": True}).status_code == 201
    monkeypatch.setattr(accounts, "account_with", lambda *given, **named: None)
    said = owner.post("/members", {"phone": ANN, "adult": True})
    assert (said.status_code, said.json()["code"]) == (422, "number_taken")
    assert Account.objects.count() == 1
