"""Members over the API: masked, locked, and forgotten while the books stay whole."""

from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from tests.api.conftest import Caller, key, signed_in

from jifen.service.audit import audit
from jifen.service.members.accounts import account_of
from jifen.service.members.models import Account, Person
from jifen.service.rights import Right, Role
from jifen.service.sealing import reseal
from jifen.service.vault import opened
from jifen.service.writer import JOURNAL, Writer

ANN = {"phone": "13800138000", "adult": True}
PERSON = {"name": "王小明", "bank": "招商银行", "bank_account": "6225880012345678", "id_number": "11010519491231002X"}


@pytest.fixture
def ann(owner) -> str:
    return owner.post("/members", ANN).json()["member"]


def test_what_is_known_of_a_person_is_sealed_masked_and_given_out_in_full_to_who_may(owner, ann):
    shown = owner.put(f"/members/{ann}/person", PERSON).json()
    assert [shown[field] for field in ("phone", "name", "bank_account")] == ["138****8000", "王*", "622*********5678"]
    full = owner.get(f"/members/{ann}/personal").json()
    assert {field: full[field] for field in PERSON} == PERSON
    assert full["phone"] == "+8613800138000"
    kept = Person.objects.get()
    assert "6225" not in repr(bytes(kept.bank_account))
    assert opened(bytes(kept.bank_account)) == PERSON["bank_account"]
    reader = key(Right.MEMBERS_READ)
    assert reader.get(f"/members/{ann}").json()["phone"] == "138****8000"
    assert reader.get(f"/members/{ann}/personal").json()["code"] == "not_allowed"


def test_a_number_is_of_one_account_however_it_is_written(owner, ann):
    again = owner.post("/members", {"phone": "+86 138-0013-8000", "adult": True})
    assert (again.status_code, again.json()["code"]) == (422, "number_taken")
    assert "138" not in again.content.decode()
    for wrong in ("12345", "+1111", "hello you"):
        assert owner.post("/members", {"phone": wrong, "adult": True}).json()["code"] == "bad_number"
    assert owner.post("/members", {"phone": "13900139000", "adult": False}).json()["code"] == "not_adult"


def test_a_forgotten_person_leaves_an_id_that_says_nothing_and_whole_books(owner, ann, folder, open_shop):
    owner.put(f"/members/{ann}/person", PERSON)
    assert owner.delete(f"/members/{ann}/personal?confirm=other").json()["code"] == "not_confirmed"
    assert owner.delete(f"/members/{ann}/personal?confirm={ann}").json()["erased"]
    account = account_of(ann, using=open_shop)
    assert (bytes(account.phone), account.phone_mark, account.is_active) == (b"", None, False)
    assert not Person.objects.exists()
    assert owner.get(f"/members/{ann}/personal").json()["phone"] == ""
    assert owner.put(f"/members/{ann}/lock", {"locked": False}).json()["code"] == "erased"
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass
        assert writer.world.member_ids.get(ann) == 0
    assert audit(folder / JOURNAL, open_shop).sound
    assert owner.post("/members", ANN).status_code == 201  # the person may come again, as somebody else


def test_a_locked_account_signs_nobody_in(owner):
    member = signed_in()
    assert member.get("/members/me").json()["member"] == member.code
    owner.put(f"/members/{member.code}/lock", {"locked": True})
    assert member.get("/members/me").status_code == 401
    owner.put(f"/members/{member.code}/lock", {"locked": False})
    assert member.get("/members/me").status_code == 401  # those sessions have ended for good


def test_staff_without_the_second_factor_have_no_right(open_shop):
    once = signed_in("code", role=Role.OWNER)
    assert once.get("/shop").status_code == 200
    assert once.get("/members").json()["code"] == "not_allowed"
    assert signed_in("mfa", role=Role.OWNER).get("/members").status_code == 200


def test_members_are_listed_in_pages_without_the_staff(owner):
    signed_in(role=Role.OWNER)
    made = [
        owner.post("/members", {"phone": f"1380013800{number}", "adult": True}).json()["member"] for number in range(5)
    ]
    first = owner.get("/members?size=3").json()
    second = owner.get(f"/members?size=3&cursor={first['next']}").json()
    assert [each["member"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None
    for wrong in ("cursor=x", "size=0", "size=201", "cursor=-1"):
        assert owner.get(f"/members?{wrong}").status_code == 422


def test_a_member_reads_only_what_is_his_own(owner, ann):
    member = signed_in()
    for path in (f"/members/{ann}", f"/members/{ann}/personal", "/members", "/members/nobody"):
        assert member.get(path).json()["code"] == "not_allowed"


def test_another_key_opens_what_was_sealed_and_seals_it_anew(owner, ann, monkeypatch, open_shop):
    def given(**keys: Any) -> None:
        monkeypatch.setattr(settings, "SETTINGS", replace(before, **keys))

    before, old = settings.SETTINGS, "o" * 40
    owner.put(f"/members/{ann}/person", PERSON)
    given(data_key=old)
    other = owner.post("/members", {"phone": "13900139000", "adult": True}).json()["member"]
    given(data_key="n" * 40, data_keys_old=(old,))
    assert owner.get(f"/members/{other}/personal").json()["phone"] == "+8613900139000"
    Account.objects.filter(code=ann).delete()
    assert reseal(using=open_shop) == 1
    given(data_key="n" * 40)
    assert owner.get(f"/members/{other}/personal").json()["phone"] == "+8613900139000"


def test_a_stranger_learns_nothing(owner, ann):
    assert Caller().get(f"/members/{ann}").json() == Caller().get("/members/nobody").json()
