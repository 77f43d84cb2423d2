"""The signed bundle over the API: who may have it, what is in it, and with which key it is verified."""

import io
import threading
import zipfile

import pytest
from tests.api.conftest import joins, key, order, staff
from tests.service.bundles import codes

from jifen.api import bundle
from jifen.engine.events import DayClosed
from jifen.service.content import closing_id
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.rights import Right, Role
from jifen.service.vault import sealed
from jifen.service.writer import Writer

FIRST = 738000
PATH = "/export/bundle"


@pytest.fixture
def closed(open_shop, folder):
    """A shop of two closed days and one member whose number is known."""
    days = [DayClosed(id=closing_id(FIRST + day), day=0) for day in range(2)]
    submit([*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50), *days], using=open_shop)
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass
    Account.objects.create(code="ann", phone=sealed("13800138000"))
    return open_shop


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_bundle_that_was_fetched_is_verified_with_the_key_that_the_api_tells(closed, owner, tmp_path):
    answer = owner.get(PATH)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert 'filename="jifen-bundle-' in answer["Content-Disposition"]
    (tmp_path / "b.zip").write_bytes(body(answer))
    told = owner.get(f"{PATH}/key").json()
    assert codes(tmp_path / "b.zip", told["key"]) == []
    assert [(each["key"], each["retired_at"]) for each in told["keys"]] == [(told["key"], None)]
    assert (tmp_path / "b.zip").read_bytes() == body(owner.get(PATH))


def test_days_are_asked_for_and_others_are_refused(closed, owner):
    whole = zipfile.ZipFile(io.BytesIO(body(owner.get(f"{PATH}?from=2021-07-30&to=2021-07-30"))))
    assert whole.read("runs.csv").count(b"\r\n") == 2
    for query, status, code in (
        ("to=2021-07-31", 422, "bad_period"), ("from=2021-07-30&to=2021-07-29", 422, "bad_period"),
        ("from=yesterday", 422, "bad_request"), ("from=0001-01-01", 422, "bad_period"),
        ("to=9999-12-31", 422, "bad_period"),
    ):  # fmt: skip
        answer = owner.get(f"{PATH}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), query


def test_a_shop_that_has_closed_no_day_has_nothing_to_show(open_shop, owner):
    assert owner.get(PATH).json()["code"] == "no_closed_day"


def test_personal_data_needs_the_right_to_it_too(closed):
    auditor, finance = staff(Role.AUDITOR), staff(Role.FINANCE)
    assert auditor.get(f"{PATH}?personal=true").json()["code"] == "not_allowed"
    bare, whole = body(auditor.get(PATH)), body(finance.get(f"{PATH}?personal=true"))
    names = [zipfile.ZipFile(io.BytesIO(each)).namelist() for each in (bare, whole)]
    assert ["people.csv" in each for each in names] == [False, True]
    assert b"13800138000" in zipfile.ZipFile(io.BytesIO(whole)).read("people.csv")


def test_who_may_not_export_has_neither_bundle_nor_key(closed):
    for caller in (staff(Role.SERVICE), staff(Role.OPERATIONS), key(*(set(Right) - {Right.EXPORT}))):
        for path in (PATH, f"{PATH}/key"):
            assert (caller.get(path).status_code, caller.get(path).json()["code"]) == (403, "not_allowed")


def test_one_is_made_at_a_time(closed, owner, monkeypatch):
    lock = threading.Lock()
    monkeypatch.setattr(bundle, "_working", lock)
    with lock:
        answer = owner.get(PATH)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert body(owner.get(PATH))
    assert owner.get(f"{PATH}?to=1999-01-01").status_code == 422  # what is refused holds nobody up
    assert body(owner.get(PATH))
