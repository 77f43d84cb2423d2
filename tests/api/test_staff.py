"""The staff: roles, keys, deeds of which large ones need a second person, and the history of all that."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.api.conftest import Caller, key, signed_in, staff
from tests.service.conftest import joins, order

from jifen.service import models
from jifen.service.current import shop_is
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.rights import Right, Role
from jifen.service.staff.deeds import mend
from jifen.service.staff.models import ApiKey, Deed
from jifen.service.writer import Writer

GIFT: dict[str, Any] = {"id": "d1", "kind": "store_adjusted", "reason": "goodwill", "member": "ann", "store": "cash"}


@pytest.fixture
def trading(open_shop, folder):
    """Ann with bob below her, and a function that writes what waits."""
    submit([*joins("ann", "bob"), order("o1", "ann", 100)], using=open_shop)

    def write() -> None:
        with Writer.elected(folder, open_shop) as writer:
            while writer.step():
                pass

    write()
    return write


def test_a_small_deed_is_done_at_once_and_once(trading):
    desk = staff(Role.OPERATIONS)
    asked = desk.post("/staff/deeds", {**GIFT, "amount": "1000"}).json()
    assert (asked["state"], asked["event"]["amount"]) == ("decided", 1000_000_000)
    trading()
    assert desk.post("/staff/deeds", {**GIFT, "amount": "1000"}).json()["state"] == "done"
    assert desk.post("/staff/deeds", {**GIFT, "amount": "999"}).json()["code"] == "conflict"
    assert models.Event.objects.filter(content__contains="store_adjusted").count() == 1


def test_a_large_deed_waits_for_a_second_person(trading):
    first, second = staff(Role.OWNER), staff(Role.FINANCE)
    assert first.post("/staff/deeds", {**GIFT, "amount": "1000.01"}).json()["state"] == "waiting"
    trading()
    assert not models.Event.objects.filter(content__contains="store_adjusted").exists()
    assert first.post("/staff/deeds/d1/decision", {"agree": True}).json()["code"] == "same_person"
    assert staff(Role.OPERATIONS).post("/staff/deeds/d1/decision", {"agree": True}).json()["code"] == "not_allowed"
    assert second.post("/staff/deeds/d1/decision", {"agree": True}).json()["state"] == "decided"
    trading()
    assert mend(models.Event.objects.db) == 1
    deed = second.get("/staff/deeds").json()["items"][0]
    assert (deed["state"], deed["asked_by"], deed["decided_by"]) == (
        "done", f"staff:{first.code}", f"staff:{second.code}",
    )  # fmt: skip
    assert second.post("/staff/deeds/d1/decision", {"agree": False}).json()["code"] == "decided_already"


def test_many_small_deeds_of_one_person_count_like_a_large_one(trading):
    desk, other = staff(Role.OPERATIONS), staff(Role.OPERATIONS)
    gifts = [desk.post("/staff/deeds", {**GIFT, "id": f"g{n}", "amount": "400"}).json() for n in range(4)]
    assert [each["state"] for each in gifts] == ["decided", "decided", "waiting", "waiting"]
    taken = {**GIFT, "id": "t", "amount": "-200"}
    assert desk.post("/staff/deeds", taken).json()["state"] == "decided"  # 1000 is the limit, and not above it
    assert desk.post("/staff/deeds", {**GIFT, "id": "c", "amount": "0.01"}).json()["state"] == "waiting"
    assert other.post("/staff/deeds", {**GIFT, "id": "o", "amount": "400"}).json()["state"] == "decided"
    Deed.objects.update(asked_at=timezone.now() - timedelta(days=1, seconds=1))
    assert desk.post("/staff/deeds", {**GIFT, "id": "next", "amount": "1000"}).json()["state"] == "decided"


def test_nobody_is_a_second_person_by_a_key_of_ones_own(trading):
    first, second = staff(Role.OWNER), staff(Role.OWNER)
    made = first.post("/staff/keys", {"name": "mine", "scopes": ["approve", "desk.write"]}).json()
    mine = Caller({"Authorization": f"Bearer {made['key']}"})
    assert first.post("/staff/deeds", {**GIFT, "amount": "5000"}).json()["state"] == "waiting"
    assert mine.post("/staff/deeds/d1/decision", {"agree": True}).json()["code"] == "same_person"
    assert mine.post("/staff/deeds", {**GIFT, "id": "d2", "amount": "900"}).json()["state"] == "decided"
    assert first.post("/staff/deeds", {**GIFT, "id": "d3", "amount": "900"}).json()["state"] == "waiting"
    assert mine.post("/staff/deeds", {**GIFT, "id": "d4", "amount": "5000"}).json()["state"] == "waiting"
    assert first.post("/staff/deeds/d4/decision", {"agree": True}).json()["code"] == "same_person"
    assert second.post("/staff/deeds/d4/decision", {"agree": True}).json()["state"] == "decided"


def test_what_is_rejected_does_not_happen(trading):
    staff(Role.OWNER).post("/staff/deeds", {**GIFT, "amount": "-5000"})
    assert staff(Role.FINANCE).post("/staff/deeds/d1/decision", {"agree": False}).json()["state"] == "rejected"
    mend(models.Event.objects.db)
    trading()
    assert not models.Event.objects.filter(content__contains="store_adjusted").exists()


def test_of_two_who_decide_at_once_one_counts(trading, open_shop):
    staff(Role.OWNER).post("/staff/deeds", {**GIFT, "amount": "5000"})
    said: list[int] = []
    judges = [(staff(Role.FINANCE), agree) for agree in (True, False)]

    def judge(caller: Caller, agree: bool) -> None:
        with shop_is(open_shop):
            said.append(caller.post("/staff/deeds/d1/decision", {"agree": agree}).status_code)

    threads = [threading.Thread(target=judge, args=each) for each in judges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [200, 422]


def test_a_member_with_people_below_is_moved_by_two(trading):
    move = {"id": "m1", "kind": "member_moved", "reason": "mistake at the counter"}
    desk = staff(Role.OPERATIONS)
    assert desk.post("/staff/deeds", {**move, "member": "bob", "referrer": "ann"}).json()["state"] == "decided"
    assert (
        desk.post("/staff/deeds", {**move, "id": "m2", "member": "ann", "referrer": "bob"}).json()["state"] == "waiting"
    )


def test_limits_are_set_by_the_owner_and_their_history_says_by_whom(trading):
    owner = staff(Role.OWNER)
    limits = {"points": "10.00", "reserve": "20.00", "moved": 5}
    assert owner.put("/staff/limits", limits).json() == limits
    assert staff(Role.FINANCE).put("/staff/limits", limits).json()["code"] == "not_allowed"
    assert staff(Role.OPERATIONS).post("/staff/deeds", {**GIFT, "amount": "11"}).json()["state"] == "waiting"
    owner.put("/staff/limits", {**limits, "points": "12"})
    (change, made) = owner.get("/staff/history?table=desk_limits").json()["items"]
    assert (made["kind"], change["kind"], change["who"]) == ("made", "changed", f"staff:{owner.code}")
    assert (change["before"], change["after"]) == ({"points": 10_000_000}, {"points": 12_000_000})


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "day_closed"},
        {"amount": 5},
        {"amount": 5.0},
        {"rank": "x"},
        {"reason": ""},
        {"id": "a b"},
        {"member": None},
    ],
)
def test_deeds_that_are_none_are_refused_and_nothing_is_kept(trading, body):
    answer = staff(Role.OWNER).post("/staff/deeds", {**GIFT, **body})
    assert answer.status_code == 422
    assert not Deed.objects.exists()


def test_a_key_has_no_more_rights_than_its_maker_and_ends_at_once(open_shop):
    owner = staff(Role.OWNER)
    made = owner.post("/staff/keys", {"name": "till", "scopes": ["books.read", "staff.manage"]}).json()
    till = Caller({"Authorization": f"Bearer {made['key']}"})
    assert till.get("/shop").status_code == 200
    beyond = till.post("/staff/keys", {"name": "more", "scopes": ["events.write"]}).json()
    assert beyond["code"] == "not_allowed"
    listed = owner.get("/staff/keys").json()
    assert "key" not in listed[0]
    assert made["key"].split("_", 2)[2] not in str(listed)
    assert owner.delete(f"/staff/keys/{made['id']}").json()["revoked_at"]
    assert till.get("/shop").status_code == 401


def test_there_is_always_an_owner(open_shop):
    owner = staff(Role.OWNER)
    for path, body in (("role", {"role": "auditor"}), ("lock", {"locked": True})):
        assert owner.put(f"/staff/people/{owner.code}/{path}", body).json()["code"] == "last_owner"
    other = owner.post("/staff/people", {"phone": "13800138000", "role": "owner"}).json()
    assert owner.put(f"/staff/people/{owner.code}/role", {"role": "auditor"}).json()["role"] == "auditor"
    assert owner.get("/staff/people").status_code == 401  # the session has ended
    assert Account.objects.get(code=other["code"]).role == "owner"


def test_who_is_locked_out_takes_his_keys_along(open_shop):
    owner, other = staff(Role.OWNER), staff(Role.OWNER)
    text = other.post("/staff/keys", {"name": "mine", "scopes": ["books.read"]}).json()["key"]
    owner.put(f"/staff/people/{other.code}/lock", {"locked": True})
    assert Caller({"Authorization": f"Bearer {text}"}).get("/shop").status_code == 401
    assert other.get("/shop").status_code == 401
    assert ApiKey.objects.get().revoked_at


def test_history_comes_in_pages_over_all_tables(open_shop):
    owner = staff(Role.OWNER)
    for number in range(3):
        owner.post("/staff/keys", {"name": f"key {number}", "scopes": ["books.read"]})
        owner.put("/staff/limits", {"points": f"{number}", "reserve": "1", "moved": 1})
    seen, cursor = [], ""
    while cursor is not None:
        page = owner.get(
            f"/staff/history?size=2&who=staff:{owner.code}" + (f"&cursor={cursor}" if cursor else "")
        ).json()
        seen += [(change["table"], change["kind"]) for change in page["items"]]
        cursor = page["next"]
    assert seen == [("desk_limits", "changed"), ("api_key", "made")] * 2 + [
        ("desk_limits", "made"),
        ("api_key", "made"),
    ]
    assert "digest" not in str(owner.get("/staff/history").json())
    assert owner.get("/staff/history?cursor=x").json()["code"] == "bad_cursor"
    assert owner.get("/staff/history?table=nothing").json()["code"] == "unknown_table"


def test_who_changed_a_person_is_in_history_and_what_the_person_was_is_not(open_shop):
    owner, member = staff(Role.OWNER), signed_in(code="ann")
    member.put("/members/ann/person", {"name": "Wang Wei", "bank_account": "6225880100000001"})
    owner.put("/members/ann/person", {"name": "Wang Wei", "bank_account": "6225880100000002"})
    owner.put("/members/ann/person", {"name": "Wang Wei"})  # says nothing new
    told = owner.get("/staff/history?table=person&row=ann").json()["items"]
    assert [(each["who"], each["row"], each["kind"], each["after"]["changed"]) for each in told] == [
        (f"staff:{owner.code}", "ann", "changed", "bank_account"),
        ("member:ann", "ann", "made", "name, bank_account"),
    ]
    assert "62258" not in str(told)
    assert "Wang" not in str(told)
    assert {each["row"] for each in owner.get("/staff/history?table=account&row=ann").json()["items"]} == {"ann"}
    assert owner.get("/staff/history?table=person&row=bob").json()["items"] == []
    owner.delete("/members/ann/personal?confirm=ann")
    told = owner.get("/staff/history?table=person&row=ann").json()["items"]
    assert [each["kind"] for each in told] == ["deleted", "changed", "made"]


def test_who_sent_an_event_is_known_whatever_became_of_it(open_shop):
    from jifen.service.staff.models import ApiKey

    till, owner = key(Right.EVENTS_WRITE), staff(Role.OWNER)
    till.post("/events", {"events": [{"event": "member_joined", "id": "j-1", "member": "ann"}]})
    owner.post("/events", {"events": [{"event": "member_joined", "id": "j-1", "member": "ann"}]})
    told = till.get("/events/j-1").json()
    assert (told["state"], told["sent_by"]) == ("pending", f"key:{ApiKey.objects.get().id}")
    assert told["sent_at"].startswith("20")


def test_a_members_session_is_no_staff(open_shop):
    for path in ("people", "keys", "deeds", "limits", "history"):
        assert signed_in().get(f"/staff/{path}").json()["code"] == "not_allowed"
    assert key(Right.BOOKS_READ).get("/staff/history").json()["code"] == "not_allowed"
