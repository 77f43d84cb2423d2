"""Signing up and in by a code: a member is somebody who had the phone in hand."""

import json
import re
from dataclasses import replace

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from tests.api.conftest import Caller

from jifen.service import models
from jifen.service.current import current
from jifen.service.members.models import Account
from jifen.service.sms.console import FILE
from jifen.service.sms.sender import wait_for_sent

ANN, BOB = "+8613800138000", "+8613900139000"


@pytest.fixture(autouse=True)
def phones(open_shop, tmp_path):
    """The codes that phones have received, and nothing counted yet."""
    given = replace(settings.SETTINGS, var=tmp_path)
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}}
    limits = {"signup": "30/m/ip", "verify_phone": "30/m/key", "request_login_code": "30/m/key"}
    with override_settings(SETTINGS=given, CACHES=caches, ACCOUNT_RATE_LIMITS=limits):
        cache.clear()
        yield tmp_path / FILE


class Phone:
    """Somebody with a phone and an app."""

    def __init__(self, number: str, inbox) -> None:
        self.number, self.inbox, self.token, self.client = number, inbox, "", Client(SERVER_NAME="localhost")

    def send(self, path: str, body: dict | None = None, method: str = "POST"):
        headers = {"X-Session-Token": self.token} if self.token else {}
        text = json.dumps(body or {})
        where = path if path.startswith("account/") else f"auth/{path}"
        answer = self.client.generic(
            method, f"/_allauth/app/v1/{where}", text, content_type="application/json", headers=headers
        )
        self.token = answer.json().get("meta", {}).get("session_token") or self.token
        return answer

    def codes(self) -> list[str]:
        wait_for_sent()
        lines = self.inbox.read_text().splitlines() if self.inbox.exists() else []
        return [line.split()[1] for line in lines if line.split()[0] == self.number]

    def sign_up(self, invite: str = "", **more):
        body = {"phone": self.number, "adult": True, "invite_code": invite, **more}
        assert self.send("signup", body).status_code == 401
        return self.send("phone/verify", {"code": self.codes()[-1]})

    def put(self, path: str, body: dict) -> dict:
        text, headers = json.dumps(body), {"X-Session-Token": self.token}
        return self.client.put(f"/api/v1{path}", text, content_type="application/json", headers=headers).json()

    def me(self) -> dict:
        return Caller({"X-Session-Token": self.token}).get("/members/me").json()


def test_who_has_the_phone_becomes_a_member_below_the_one_who_invited(open_shop, phones):
    ann, bob = Phone(ANN, phones), Phone("139 0013 9000", phones)
    assert ann.sign_up().status_code == 200
    bob.number = BOB  # written as people do, it is the same number
    assert bob.sign_up(ann.me()["invite_code"]).status_code == 200
    assert bob.me()["phone"] == "139****9000"
    for each in (ann, bob):
        assert re.fullmatch("[a-z0-9]{12}", each.me()["member"])  # an id that says nothing, not even how many there are
    assert bob.me()["sponsor"] == ann.me()["member"]
    joined = [json.loads(row.content) for row in models.Inbox.objects.order_by("id")]
    assert [(each["member"], each.get("referrer")) for each in joined] == [
        (ann.me()["member"], None), (bob.me()["member"], ann.me()["member"]),
    ]  # fmt: skip
    assert "138001" not in "".join(row.content for row in models.Inbox.objects.all())


def test_a_wrong_code_lets_nobody_in_and_after_the_fifth_neither_does_the_right_one(phones):
    ann = Phone(ANN, phones)
    ann.send("signup", {"phone": ANN, "adult": True})
    (code,) = ann.codes()
    assert len(code) == 6
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert ann.send("phone/verify", {"code": wrong}).status_code == 400
    assert ann.send("phone/verify", {"code": code}).status_code == 409
    assert not Account.objects.filter(phone_verified=True).exists()
    assert not models.Inbox.objects.exists()


def test_a_code_expires(phones, monkeypatch):
    from allauth.account.internal.flows import code_verification

    ann = Phone(ANN, phones)
    ann.send("signup", {"phone": ANN, "adult": True})
    now = code_verification.time.time()
    monkeypatch.setattr(code_verification.time, "time", lambda: now + 16 * 60)
    assert ann.send("phone/verify", {"code": ann.codes()[0]}).status_code == 409


def test_nobody_learns_whether_a_number_is_registered(phones):
    Phone(ANN, phones).sign_up()
    answers = {}
    for number in (ANN, BOB):
        for path, body in (
            ("signup", {"phone": number, "adult": True}), ("code/request", {"phone": number}),
            ("login", {"phone": number, "password": "no such word"}),
        ):  # fmt: skip
            answer = Phone(number, phones).send(path, body)
            told = answer.json()
            told.pop("meta", None)
            answers.setdefault(path, set()).add((answer.status_code, json.dumps(told, sort_keys=True)))
    said = {
        path: {(status, text.replace(ANN, "N").replace(BOB, "N")) for status, text in found}
        for path, found in answers.items()
    }
    assert {path: len(found) for path, found in said.items()} == dict.fromkeys(said, 1)


def test_asking_for_a_code_again_tells_no_more(phones):
    Phone(ANN, phones).sign_up()
    answers = set()
    for number in (ANN, BOB):
        phone = Phone(number, phones)
        phone.send("code/request", {"phone": number})
        answers.add(phone.send("code/resend").status_code)
    assert answers == {409}


def test_a_password_is_hashed_for_no_number_at_sign_up(phones, monkeypatch):
    Phone(ANN, phones).sign_up()
    hashed = []
    monkeypatch.setattr(Account, "set_password", lambda self, text: hashed.append(text))
    for number in (ANN, BOB):
        Phone(number, phones).send("signup", {"phone": number, "adult": True, "password": "correct horse battery"})
    assert hashed == []


def test_staff_have_no_right_before_the_second_factor_whose_secret_is_sealed(phones):
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    from jifen.service.members.accounts import make_account
    from jifen.service.rights import Role
    from jifen.service.sealing import reseal

    def app_code(secret: str) -> str:
        return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))

    def sign_in() -> Phone:
        phone = Phone(ANN, phones)
        phone.send("code/request", {"phone": ANN})
        phone.send("code/confirm", {"code": phone.codes()[-1]})
        return phone

    make_account(ANN, role=Role.OWNER, using=current())
    owner = sign_in()
    assert Caller({"X-Session-Token": owner.token}).get("/members").json()["code"] == "not_allowed"
    secret = owner.send("account/authenticators/totp", method="GET").json()["meta"]["secret"]
    owner.send("account/authenticators/totp", {"code": app_code(secret)})
    kept = Authenticator.objects.get(type="totp")
    assert secret not in json.dumps(kept.data)
    reseal(using=current())
    notes = Account.history.filter(history_change_reason__startswith="second factor")
    assert sorted(note.history_change_reason for note in notes) == [
        "second factor set up: recovery_codes", "second factor set up: totp",
    ]  # fmt: skip
    assert {note.history_user_id for note in notes} == {f"staff:{notes[0].code}"}
    assert Caller({"X-Session-Token": owner.token}).get("/members").status_code == 403
    owner = sign_in()
    assert Caller({"X-Session-Token": owner.token}).get("/members").status_code == 401
    assert owner.send("2fa/authenticate", {"code": app_code(secret)}).status_code == 200
    assert Caller({"X-Session-Token": owner.token}).get("/members").status_code == 200


def test_an_erased_person_stands_in_no_session_and_no_old_sign_up(phones):
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    from jifen.service.members.personal import erase
    from jifen.service.members.sessions import SessionStore
    from jifen.service.vault import opened

    ann, bob = Phone(ANN, phones), Phone(BOB, phones)
    Phone(ANN, phones).send("signup", {"phone": ANN, "adult": True})  # never verified
    wait_for_sent()  # codes are sent by two threads: the next one must stand behind this one
    Account.objects.update(joined_at=timezone.now() - timedelta(days=2))
    ann.sign_up()
    bob.sign_up()
    Phone(ANN, phones).send("code/request", {"phone": ANN})  # never confirmed
    assert ANN[1:] not in "".join(row.session_data for row in Session.objects.all())
    erase(Account.objects.get(code=ann.me()["member"]), using=current())
    assert ann.me()["code"] == "not_signed_in"
    assert bob.me()["phone"] == "139****9000"
    assert ANN not in str([SessionStore().decode(row.session_data) for row in Session.objects.all()])
    assert ANN not in [opened(bytes(row.phone)) for row in Account.objects.all() if row.phone]


def test_who_takes_anothers_number_has_nothing_when_the_owner_comes(phones):
    thief = Phone(ANN, phones)
    thief.send("signup", {"phone": ANN, "adult": True, "password": "a word of the thief"})
    ann = Phone(ANN, phones)
    assert ann.sign_up().status_code == 200
    assert thief.send("login", {"phone": ANN, "password": "a word of the thief"}).status_code == 400
    assert thief.send("phone/verify", {"code": thief.codes()[0]}).status_code != 200 or thief.me().get("phone") == ""
    assert ann.me()["phone"] == "138****8000"


def test_a_member_signs_in_by_code_and_by_password_and_recovers_a_lost_one(phones):
    ann = Phone(ANN, phones)
    ann.sign_up()
    assert ann.put("/members/me/password", {"password": "correct horse battery"})["code"] == "code_needed"
    ann.send("session", method="DELETE")
    ann = Phone(ANN, phones)
    ann.send("code/request", {"phone": ANN})
    ann.send("code/confirm", {"code": ann.codes()[-1]})
    assert ann.put("/members/me/password", {"password": "correct horse battery"}) == {"done": True}
    ann = Phone(ANN, phones)
    ann.send("login", {"phone": ANN, "password": "correct horse battery"})
    again = Phone(ANN, phones)
    assert again.send("login", {"phone": ANN, "password": "correct horse battery"}).status_code == 200
    by_code = Phone(ANN, phones)
    assert by_code.send("code/request", {"phone": ANN}).status_code == 401
    assert by_code.send("code/confirm", {"code": by_code.codes()[-1]}).status_code == 200
    assert by_code.me()["member"] == ann.me()["member"]
    other = {"password": "another horse entirely"}
    assert again.put("/members/me/password", other)["code"] == "code_needed"
    assert by_code.put("/members/me/password", {"password": "12345678"})["code"] == "weak_password"
    assert by_code.put("/members/me/password", other) == {"done": True}
    assert Phone(ANN, phones).send("login", {"phone": ANN, "password": "another horse entirely"}).status_code == 200
    assert ann.me().get("code") == "not_signed_in"  # a new password ends the sessions of the old one
    assert models.Inbox.objects.count() == 1


@pytest.mark.parametrize(
    "body",
    [{"phone": "12", "adult": True}, {"phone": ANN}, {"phone": ANN, "adult": False}, {}, {"phone": None, "adult": True},
     {"phone": ANN, "adult": True, "invite_code": "nobody"}, {"phone": [ANN], "adult": True}],
)  # fmt: skip
def test_who_leaves_something_out_is_told_and_no_code_is_sent(phones, body):
    ann = Phone(ANN, phones)
    assert ann.send("signup", body).status_code == 400
    assert ann.codes() == []
    assert not Account.objects.exists()
