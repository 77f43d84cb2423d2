"""Programs by the API: a version's way, two people for a waiver, what members accept, what no key may do."""

import pytest
from tests.api.conftest import key, signed_in, staff
from tests.service.conftest import joins

from jifen.plan import load_plan
from jifen.service.door import enter
from jifen.service.programs.models import Freeze, Program
from jifen.service.rights import Right, Role
from jifen.service.shop import Terms, create_shop

FIRST = 738000
SAFE = load_plan("member_rebate")
SHORT = load_plan("member_rebate", {"refund_days": 3})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Assess on a short shop: what it says is tested elsewhere."""
    from jifen.assess import solvency

    for name in ("_DAYS", "_STOP", "_AFTER"):
        monkeypatch.setattr(solvency, name, 5)
    monkeypatch.setattr(solvency, "_DAYS_MAX", 10)


@pytest.fixture
def live(using):
    """A live shop, which is the current one."""
    from jifen.service.current import shop_is

    create_shop(SAFE, FIRST, Terms("test", live=True), using=using)
    with shop_is(using):
        yield using


def path(plan, rest=""):
    return f"/programs/{plan.digest}{rest}"


def test_a_version_goes_its_way_and_each_step_may_be_repeated(live):
    plans = key(Right.PLANS_READ, Right.PLANS_WRITE)
    for _ in range(2):
        answer = plans.post("/programs", {"preset": "member_rebate", "values": {"refund_days": 9}})
        assert (answer.status_code, answer.json()["state"]) == (200, "draft")
    digest = answer.json()["digest"]
    refused = plans.post(f"/programs/{digest}/activate", {})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_published")
    for step, state in (("check", "checked"), ("publish", "published"), ("publish", "published")):
        answer = plans.post(f"/programs/{digest}/{step}", {})
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    study = plans.get(f"/programs/studies/{answer.json()['check']}").json()
    assert (study["kind"], study["content"]["digest"]) == ("check", digest)
    assert plans.post(f"/programs/{digest}/activate", {}).json()["state"] == "pending"
    dated = plans.post(f"/programs/{digest}/activate", {"on": "2199-01-01"})
    assert dated.json()["state"] == "scheduled"
    listed = plans.get("/programs").json()
    assert {each["digest"]: each["state"] for each in listed["items"]} == {digest: "published", SAFE.digest: "active"}


def test_a_draft_is_a_preset_or_a_text_and_never_a_file_of_the_machine(live, tmp_path):
    plans = key(Right.PLANS_WRITE, Right.PLANS_READ)
    for body in ({}, {"preset": "member_rebate", "text": "x"}, {"preset": "nowhere"}, {"text": "- no plan"},
                 {"preset": "../plan"}, {"preset": "member_rebate", "values": {"skus": ["\ud800"]}},
                 {"preset": "member_rebate", "values": {"skus": ["\x00"]}},
                 {"preset": "member_rebate", "values": {"nothing": 1}}):  # fmt: skip
        answer = plans.post("/programs", body)
        assert answer.status_code == (400 if "\\ud800" in repr(body) else 422), body
    assert plans.get(f"/programs/{'0' * 64}").json()["code"] == "unknown_version"
    assert plans.get("/programs/abc").status_code == 422


def test_a_waiver_takes_two_people_and_a_key_is_none(live):
    key(Right.PLANS_WRITE, Right.PLANS_READ).post(
        "/programs", {"preset": "member_rebate", "values": {"refund_days": 3}}
    )
    one, two = staff(Role.OWNER), staff(Role.OWNER)
    body = {"finding": "CN-17", "reason": "licensed", "counsel": "Chen", "document": "2026-17"}
    assert key(Right.PLANS_WAIVE).post(path(SHORT, "/waivers"), body).json()["code"] == "not_allowed"
    assert staff(Role.FINANCE).post(path(SHORT, "/waivers"), body).status_code == 403
    assert one.post(path(SHORT, "/publish"), {}).json()["code"] == "plan_blocked"
    number = one.post(path(SHORT, "/waivers"), body).json()["id"]
    assert one.post(f"/programs/waivers/{number}/grant", {}).json()["code"] == "second_person"
    granted = two.post(f"/programs/waivers/{number}/grant", {}).json()
    assert granted["granted_by"].startswith("staff:")
    assert granted["granted_by"] != granted["asked_by"]
    assert one.post(path(SHORT, "/publish"), {}).json()["state"] == "published"
    assert len(one.get(path(SHORT, "/waivers")).json()["items"]) == 1
    two.post(f"/programs/waivers/{number}/revoke", {})
    assert one.post(path(SHORT, "/activate"), {}).json()["code"] == "plan_blocked"
    never = one.post(path(SHORT, "/waivers"), body | {"finding": "SOL-02"})
    assert never.json()["code"] == "not_blocking"
    assert two.post("/programs/waivers/99999999999999999999/grant", {}).json()["code"] == "unknown_waiver"


def test_a_member_reads_the_page_accepts_it_and_sees_what_may_be_spent(live):
    key(*Right).post(path(SAFE, "/publish"), {})
    member = signed_in()
    from jifen.service.members.models import Account

    code = Account.objects.using(live).order_by("-joined_at").first().code
    enter(joins(code), using=live)
    before = member.get("/members/me/program").json()
    assert before == {"accepted": False, "spent": "0.00", "limit": "10000.00"}
    page = member.get("/programs/disclosure").json()
    assert {"get", "money", "back", "stops"} <= set(page["page"]["sections"])
    wrong = member.post("/members/me/program/acceptance", {"disclosure": "0" * 64})
    assert wrong.json()["code"] == "other_disclosure"
    for _ in range(2):
        assert member.post("/members/me/program/acceptance", {"disclosure": page["digest"]}).status_code == 200
    assert member.get(f"/members/{code}/program").json()["accepted"] is True
    assert member.get("/members/somebody/program").status_code == 403
    assert key(Right.MEMBERS_READ).get("/members/%00/program").status_code == 422


def test_terms_are_read_and_changed_and_what_is_derived_is_refused(live):
    owner = key(*Right)
    assert owner.get("/programs/terms").json() == {"facts": {}, "acceptance": True, "limit": "10000.00"}
    put = owner.client.put("/api/v1/programs/terms", '{"facts": {"merchants": 1}, "limit": "50.00"}',
                           content_type="application/json")  # fmt: skip
    assert put.json() == {"facts": {"merchants": 1}, "acceptance": True, "limit": "50.00"}
    for body in ('{"facts": {"seat": "SG"}}', '{"limit": 5}', '{"limit": "-1"}', '{"acceptance": false}'):
        put = owner.client.put("/api/v1/programs/terms", body, content_type="application/json")
        assert put.status_code == 422, body
    assert owner.get("/programs/terms").json()["facts"] == {"merchants": 1}


def test_findings_and_freezes_are_read_and_a_preview_is_made(live):
    plans = key(Right.PLANS_READ, Right.PLANS_WRITE)
    assert plans.get("/programs/findings").json() == {"items": [], "next": None}
    assert plans.get("/programs/freeze").json()["frozen"] is False
    assert plans.post("/programs/unfreeze", {}).json()["code"] == "not_frozen"
    Program.objects.using(live).create(digest=SAFE.digest, name=SAFE.name, state="published")
    Freeze.objects.using(live).create(day=FIRST, plan=SAFE.digest, frozen="f", stops=["joins"], findings=["CN-04"])
    assert plans.get("/programs/freeze").json()["findings"] == ["CN-04"]
    assert plans.post(path(SAFE, "/preview"), {}).json()["members"] == 0
