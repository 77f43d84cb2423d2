"""What may be asked of a plan by the API: the same as the commands answer, and nothing is kept."""

import json
from fractions import Fraction

import pytest
from tests.api.conftest import key

from jifen.api.problems import STATUS_OF
from jifen.plan import load_plan, preset_names
from jifen.service.programs import reports, studies
from jifen.service.programs.models import Program, Study
from jifen.service.rights import Right

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

COST = Fraction(1, 5)
VENDOR = {"preset": "points_dividend", "values": {"points_per_yuan": "1.2"}}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Assess on a short shop: what it says is tested elsewhere."""
    from jifen.assess import solvency

    for name in ("_DAYS", "_STOP", "_AFTER"):
        monkeypatch.setattr(solvency, name, 5)
    monkeypatch.setattr(solvency, "_DAYS_MAX", 10)
    reports._assessed.clear()
    yield
    reports._assessed.clear()


@pytest.fixture
def reader(open_shop):
    return key(Right.PLANS_READ)


def test_presets_are_listed_and_told_in_words(reader):
    items = reader.get("/plans").json()["items"]
    assert [each["name"] for each in items] == list(preset_names())
    found = reader.get("/plans/points_dividend").json()
    assert (found["title"]["zh"], found["digest"]) == ("积分分红", load_plan("points_dividend").digest)
    rate = next(each for each in found["parameters"] if each["name"] == "daily_rate")
    assert (rate["value"], rate["label"]["zh"]) == ("1%", "每日释放比例")
    for name, code in (("nowhere", "unknown_plan"), ("..", None), ("plan.yaml", "bad_request")):
        answer = reader.get(f"/plans/{name}")
        assert answer.status_code in (404, 422)
        assert code is None or answer.json()["code"] == code


def test_a_plan_of_ones_own_is_told_in_words_with_all_its_mistakes_at_once(reader):
    found = reader.post("/plans/describe", {**VENDOR}).json()
    assert next(each for each in found["parameters"] if each["name"] == "points_per_yuan")["value"] == "1.2"
    wrong = reader.post("/plans/describe", {"text": "preset: x\nparams: {daily_rate: 200%, nothing: 1}\n"})
    assert wrong.status_code == 422
    assert len(wrong.json()["errors"]) > 1
    for body in ({}, {"preset": "green_points", "text": "x"}):
        assert reader.post("/plans/describe", body).json()["code"] == "bad_request"


def test_check_claim_and_assess_answer_as_the_commands_do(reader, open_shop):
    from jifen.assess.claims import judge
    from jifen.assess.compliance import check
    from jifen.assess.documents import findings_document, judgement_document
    from jifen.service.programs.terms import shop_facts

    plan = load_plan("points_dividend", VENDOR["values"])
    found = reader.post("/plans/check", VENDOR).json()
    assert found == json.loads(json.dumps(findings_document(check(plan, shop_facts(open_shop)))))
    assert found["notice"].startswith("Not legal advice")
    claimed = reader.post("/plans/claim", {**VENDOR, "claim": "100天全返", "cost": "0.2"}).json()
    assert claimed == json.loads(json.dumps(judgement_document(judge(plan, "100天全返", COST), COST)))
    assert (claimed["verdict"], claimed["answers"][0]["claim"]["days"]) == ("conditional", 100)
    assessed = reader.post("/plans/assess", {**VENDOR, "cost": "0.2"}).json()
    # 1.2 points a yuan at 1 yuan each are 120 % of the price; 80 % of it is there to pay them.
    assert assessed["net_per_order"]["closed_form"] is not None
    assert assessed["static_multiple"]["closed_form"] == assessed["static_multiple"]["simulated"]
    assert not Study.objects.exists()
    assert not Program.objects.exists()


def test_bad_assumptions_are_refused(reader):
    for more, code in (
        ({"cost": "1.5"}, "bad_request"), ({"cost": 0.2}, "bad_request"), ({"order": 1000}, "bad_amount"),
        ({"order": "0.001"}, "bad_amount"), ({"order": "-5.00"}, "bad_amount"),
    ):  # fmt: skip
        answer = reader.post("/plans/assess", {**VENDOR, **more})
        assert (answer.status_code, answer.json()["code"]) == (422, code), more
    assert reader.post("/plans/claim", VENDOR).json()["code"] == "bad_request"
    assert reader.post("/plans/claim", {**VENDOR, "claim": "x" * 501}).json()["code"] == "bad_request"


def test_long_work_is_done_one_at_a_time(reader):
    with studies.alone():
        for path, more in (("assess", {}), ("claim", {"claim": "100天全返"})):
            answer = reader.post(f"/plans/{path}", {**VENDOR, **more})
            assert (answer.status_code, answer.json()["code"]) == (STATUS_OF["busy"], "busy")


def test_a_version_has_its_text_its_differences_and_its_pages(reader, open_shop):
    writer = key(Right.PLANS_WRITE)
    slow, fast = (
        writer.post("/programs", {"preset": "member_rebate", "values": {"daily_rate": rate}}).json()["digest"]
        for rate in ("1%", "0.5%")
    )
    text = reader.get(f"/programs/{slow}/text").json()["text"]
    assert reader.post("/plans/describe", {"text": text}).status_code in (200, 422)
    found = {each["key"]: each for each in reader.get(f"/programs/{slow}/diff?to={fast}").json()["items"]}
    assert (found["daily_rate"]["before"], found["daily_rate"]["after"]) == ("1%", "0.5%")
    assert reader.get(f"/programs/{slow}/diff?to={slow}").json()["items"] == []
    page = reader.get(f"/programs/{slow}/report?language=zh")
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "会员返利" in page.content.decode()
    assert page["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src 'none'")
    told = reader.get(f"/programs/{slow}/report?kind=disclosure&language=en").content.decode()
    assert "Member rebate" in told
    again = reader.get(f"/programs/{slow}/report?language=zh", headers={"If-None-Match": page["ETag"]})
    assert again.status_code == 304
    for path in ("text", f"diff?to={slow}", "report"):
        assert reader.get(f"/programs/{'0' * 64}/{path}").json()["code"] == "unknown_version"
