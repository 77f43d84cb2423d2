"""The signed bundle by the API: who may have it, and that it holds."""

import pytest
from tests.api.conftest import joins, key, order

from jifen.batch.bundle import open_bundle
from jifen.batch.bundle_figures import compared
from jifen.engine.events import DayClosed
from jifen.service.inbox import submit
from jifen.service.rights import Right
from jifen.service.writer import Writer

FIRST = 738_000


@pytest.fixture
def closed(open_shop, folder):
    submit([*joins("ann", "bob"), order("o1", "ann", 100), DayClosed(id=f"day:{FIRST}", day=0)], using=open_shop)
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass


def test_a_bundle_is_sent_and_holds_with_the_key_that_is_shown(closed, tmp_path):
    auditor = key(Right.EXPORT)
    shown = auditor.get("/export/bundle/key").json()["public_key"]
    answer = auditor.get("/export/bundle")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    (tmp_path / "b.zip").write_bytes(b"".join(answer.streaming_content))
    with open_bundle(tmp_path / "b.zip", shown) as bundle:
        counts, problems = compared(bundle)
    assert (counts.members, counts.days, problems) == (2, 1, [])


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_members_are_takes_another_right_and_a_day_that_is_not_closed_is_told(closed):
    refused = key(Right.EXPORT).get("/export/bundle?personal=true")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert key(Right.EXPORT, Right.PERSONAL_READ).get("/export/bundle?personal=true").status_code == 200
    assert key(Right.EXPORT).get("/export/bundle?first=2199-01-01").json()["code"] == "not_closed"
    assert key(Right.EXPORT).get("/export/bundle?first=soon").json()["code"] == "bad_request"
