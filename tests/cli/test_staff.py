"""``jifen staff``, ``jifen member`` and ``jifen hooks``: people, keys and webhooks, as an operator types it."""

import json

import pytest
from tests.cli.test_shop import shop

__all__ = ["shop"]


@pytest.fixture
def opened(shop):
    """A sandbox that has just opened."""
    assert shop("create", "--plan", "points_dividend", "--name", "demo")[0] == 0
    return shop


def told(answer):
    """What a command with ``--json`` says."""
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def test_nobody_is_there_at_first_and_an_owner_is_taken_on_once(opened, jifen):
    code, said, _ = jifen("staff", "list")
    assert (code, "jifen staff add" in said) == (0, True)
    (owner,) = told(jifen("staff", "add", "138 0013 8000", "--json"))
    assert (owner["role"], owner["phone"], owner["stands"]) == ("owner", "138****8000", "active")
    code, _, said = jifen("staff", "add", "+8613800138000", "--role", "finance")
    assert (code, "number_taken" in said) == (2, True)
    code, _, said = jifen("staff", "add", "12", "--role", "finance")
    assert (code, "bad_number" in said) == (2, True)
    code, _, said = jifen("staff", "add", "13800138001", "--role", "king")
    assert (code, "bad_option" in said, "auditor" in said) == (2, True, True)
    assert [each["id"] for each in told(jifen("staff", "list", "--json"))] == [owner["id"]]


def test_the_last_owner_stays_and_another_one_is_locked_with_his_keys(opened, jifen):
    (first,) = told(jifen("staff", "add", "13800138000", "--json"))
    for arguments in (("role", first["id"], "--role", "auditor"), ("lock", first["id"])):
        code, _, said = jifen("staff", *arguments)
        assert (code, "last_owner" in said) == (2, True)
    (other,) = told(jifen("staff", "add", "13800138001", "--role", "service", "--json"))
    assert told(jifen("staff", "role", other["id"], "--role", "finance", "--json"))[0]["role"] == "finance"
    from jifen.service.acting import acting
    from jifen.service.rights import Right
    from jifen.service.staff.models import ApiKey

    with acting(f"staff:{other['id']}"):
        key, _ = ApiKey.make("his", [Right.BOOKS_READ])
    assert told(jifen("staff", "lock", other["id"], "--json"))[0]["stands"] == "locked"
    assert ApiKey.objects.get(id=key.id).revoked_at
    assert told(jifen("staff", "lock", other["id"], "--undo", "--json"))[0]["stands"] == "active"
    code, _, said = jifen("staff", "lock", "nobody")
    assert (code, "unknown_member" in said) == (2, True)


def test_a_key_is_shown_once_has_what_was_asked_for_and_ends(opened, jifen):
    made = told(jifen("staff", "key", "make", "till", "--scope", "events.write", "--scope", "books.read", "--json"))
    assert made["scopes"] == ["books.read", "events.write"]
    shown = jifen("staff", "key", "list")
    assert (made["id"] in shown.out, made["key"] in shown.out) == (True, False)
    code, _, said = jifen("staff", "key", "make", "till", "--scope", "everything")
    assert (code, "bad_option" in said, "books.read" in said) == (2, True, True)
    assert jifen("staff", "key", "revoke", made["id"]).code == 0
    assert told(jifen("staff", "key", "list", "--json"))[0]["stands"] == "revoked"
    code, _, said = jifen("staff", "key", "revoke", "none")
    assert (code, "not_found" in said) == (2, True)


def test_a_person_is_given_out_whole_and_erased_once_the_id_is_repeated(opened, jifen):
    from jifen.service.members.accounts import make_account
    from jifen.service.members.personal import keep_person

    account = make_account("13800138000")
    keep_person(account, {"name": "王小明", "bank_account": "6225880112341234"})
    whole = json.loads(jifen("member", "export", account.code).out)
    assert (whole["phone"], whole["name"], whole["bank_account"]) == ("+8613800138000", "王小明", "6225880112341234")
    code, _, said = jifen("member", "erase", account.code, "--confirm", "another")
    assert (code, "--confirm" in said) == (2, True)
    assert json.loads(jifen("member", "export", account.code).out)["name"] == "王小明"
    assert told(jifen("member", "erase", account.code, "--confirm", account.code, "--json"))["erased"] is True
    left = json.loads(jifen("member", "export", account.code).out)
    assert (left["phone"], left["name"], left["bank_account"]) == ("", "", "")
    code, _, said = jifen("member", "export", "nobody")
    assert (code, "unknown_member" in said) == (2, True)


def test_what_is_sealed_is_sealed_anew(opened, jifen):
    from jifen.service.members.accounts import make_account

    make_account("13800138000")
    assert told(jifen("staff", "reseal", "--json")) == {"resealed": 1}


def test_webhooks_are_listed_and_dead_letters_of_none_are_told(opened, jifen):
    from jifen.service.hooks.endpoints import make_endpoint

    assert "POST /api/v1/webhooks" in jifen("hooks", "list").out
    make_endpoint("erp", "https://erp.example/in", [])
    (row,) = told(jifen("hooks", "list", "--json"))
    assert (row["id"], row["active"], row["waiting"], row["dead"]) == ("erp", True, 0, 0)
    assert "https://erp.example/in" in jifen("hooks", "list").out
    assert told(jifen("hooks", "replay", "erp", "--json")) == {"replayed": 0}
    code, _, said = jifen("hooks", "replay", "none")
    assert (code, "unknown_hook" in said) == (2, True)
