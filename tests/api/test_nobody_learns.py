"""Nobody learns whether a number is registered: what is answered, and what is done for it, is the same for both."""

import json
import re

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connections
from django.test.utils import CaptureQueriesContext
from tests.api.test_bad_sign_in import inbox
from tests.api.test_signing_in import ANN, BOB, Phone

from jifen.service.sms import sender

__all__ = ["inbox"]

ASKS = {
    "sign up": ("signup", {"adult": True}), "sign in by a code": ("code/request", {}), "recover": ("code/request", {}),
    "sign in by a password": ("login", {"password": "no such word"}),
}  # fmt: skip


@pytest.fixture
def done(inbox, open_shop, monkeypatch):
    """What is answered and done for a number: the answer, statements, passwords that are hashed, threads' work."""

    def found(number: str, path: str, body: dict):
        hashed, handed = [], []
        encode, submit = PBKDF2PasswordHasher.encode, sender._submit
        with monkeypatch.context() as watched, CaptureQueriesContext(connections[open_shop]) as asked:
            watched.setattr(
                PBKDF2PasswordHasher,
                "encode",
                lambda self, *given, **more: hashed.append(1) or encode(self, *given, **more),
            )
            watched.setattr(sender, "_submit", lambda *given: handed.append(1) or submit(*given))
            answer = Phone(number, inbox).send(path, {"phone": number, **body})
        said = answer.json()
        said.get("meta", {}).pop("session_token", None)
        text = json.dumps(said, sort_keys=True).replace(number, "NUMBER")
        headers = sorted(name for name in answer.headers if name != "X-Request-ID")
        return (
            answer.status_code,
            text,
            headers,
            sorted(_shape(each["sql"]) for each in asked),
            len(hashed),
            len(handed),
        )

    return found


def _shape(statement: str) -> str:
    """A statement without its values."""
    return re.sub(r"'(?:[^']|'')*'|x?\b\d+\b|NULL|'\\x[0-9a-f]*'::bytea|\bX?'[0-9a-f]*'", "?", statement)


@pytest.mark.parametrize("name", ASKS)
@pytest.mark.parametrize("registered", ["by sign-up", "by the desk", "locked"])
def test_the_same_is_answered_and_done_for_a_number_that_is_known_and_one_that_is_not(
    inbox, open_shop, done, name, registered
):
    from jifen.service.members.accounts import make_account
    from jifen.service.members.models import Account

    if registered == "by sign-up":
        Phone(ANN, inbox).sign_up()
    else:
        make_account(ANN, using=open_shop)
        Account.objects.update(is_active=registered == "by the desk")
    path, body = ASKS[name]
    known, unknown = done(ANN, path, body), done(BOB, path, body)
    assert known[:3] == unknown[:3]
    assert known[4:] == unknown[4:]
    assert known[3] == unknown[3]


def test_who_has_the_phone_of_a_member_is_told_after_the_code_and_not_before(inbox, open_shop):
    Phone(ANN, inbox).sign_up()
    again = Phone(ANN, inbox)
    before = len(again.codes())
    assert again.send("signup", {"phone": ANN, "adult": True}).status_code == 401
    assert len(again.codes()) == before + 1
    wrong = "000000" if again.codes()[-1] != "000000" else "000001"
    assert again.send("phone/verify", {"code": wrong}).json()["code"] == "wrong_code"
    assert again.send("phone/verify", {"code": again.codes()[-1]}).json()["code"] == "number_taken"
    assert again.me()["code"] == "not_signed_in"
