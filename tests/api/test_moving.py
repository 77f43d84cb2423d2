"""Moving in and out by the API: looked at, then run, by somebody else where it is a live shop; and taken along."""

import csv
import io
import zipfile
from dataclasses import replace

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from tests.api.conftest import key, staff
from tests.service.conftest import joins, order
from tests.service.moving.conftest import nothing_is_there, written

from jifen.api import moving
from jifen.plan import load_plan
from jifen.service.current import shop_is
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.rights import Right, Role
from jifen.service.shop import Terms, create_shop

MEMBERS = "member,sponsor,phone,name\nA,,13800138000,=王\nB,A,13900139000,\n"
BALANCES = "member,kind,asset,amount\nA,wallet,cash,12.50\nB,wallet,coin,3.00\n"
LOTS = "member,store,remaining,daily,granted,starts,cause\nA,points,90.00,1.00,100.00,,old-1\n"


def packed(**tables):
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name, text in tables.items():
            archive.writestr(f"{name}.csv", text)
    return found.getvalue()


SHOP = packed(members=MEMBERS, balances=BALANCES, lots=LOTS)


def send(caller, path, content=SHOP, **how):
    file = SimpleUploadedFile("shop.zip", content)
    return caller.client.post(f"/api/v1/imports/{path}", {"file": file, **how})


@pytest.fixture
def mover(open_shop):
    """Who may look and run."""
    return key(Right.IMPORT, Right.APPROVE)


def test_what_was_looked_at_is_run_once_and_the_books_have_it(mover, owner, open_shop, folder):
    looked = send(mover, "look").json()
    assert (looked["counts"]["members"], looked["counts"]["lots"], looked["refused"]) == (2, 1, [])
    totals = {(each["kind"], each["name"]): (each["read"], each["opened"]) for each in looked["totals"]}
    assert totals["wallet", "cash"] == ("12.50", "12.50")
    assert totals["lots", "points"] == ("90.00", "90.00")
    assert not Account.objects.exists()
    assert mover.get(f"/imports/{looked['digest']}").json()["state"] == "looked"
    for _ in range(2):
        answer = send(mover, "run")
        assert (answer.status_code, answer.json()["state"]) == (200, "running")
    written(open_shop, folder)
    done = mover.get(f"/imports/{looked['digest']}").json()
    assert (done["state"], done["accepted"], done["refused"]) == ("done", done["events"], 0)
    assert [each["digest"] for each in mover.get("/imports").json()["items"]] == [looked["digest"]]
    held = {(each["kind"], each["asset"]): each["amount"] for each in owner.get("/members/A/balances").json()["items"]}
    assert held == {("wallet", "cash"): "12.50", ("claim", "points"): "90.00"}
    assert owner.get("/members/B").json()["sponsor"] == "A"
    again = send(mover, "run", packed(members="member\nC\n"))
    assert again.json()["code"] == "unknown_import"
    send(mover, "look", packed(members="member\nC\n"))
    assert send(mover, "run", packed(members="member\nC\n")).json()["code"] == "shop_in_use"


def test_in_a_live_shop_somebody_else_runs_it(using, folder):
    create_shop(load_plan("member_rebate"), 738_000, Terms("test", live=True), using=using)
    with shop_is(using), override_settings(SETTINGS=replace(settings.SETTINGS, var=folder)):
        one, two = staff(Role.OWNER), staff(Role.OWNER)
        content = packed(members=MEMBERS)
        assert send(one, "look", content).status_code == 200
        assert send(one, "run", content).json()["code"] == "same_person"
        assert send(two, "run", content).json()["state"] == "running"


ROWS = packed(members="member,sponsor\nA,\nB,Z\n")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_refused_rows_are_told_with_their_line_and_keep_the_rest_out_unless_it_is_said(mover, open_shop):
    (wrong,) = send(mover, "look", ROWS).json()["refused"]
    assert (wrong["code"], wrong["file"], wrong["line"], wrong["column"]) == (
        "unknown_sponsor", "members.csv", 3, "sponsor",
    )  # fmt: skip
    assert send(mover, "run", ROWS).json()["code"] == "rows_refused"
    assert not Account.objects.exists()
    assert send(mover, "run", ROWS, without_refused=True).json()["state"] == "running"
    assert list(Account.objects.values_list("code", flat=True)) == ["A"]


def bomb():
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("members.csv", "member\n" + "x" * (20 << 20))
    return found.getvalue()


BAD = {
    "no zip": (b"PK rubbish", {}, 422, "bad_archive"),
    "half a zip": (SHOP[: len(SHOP) // 2], {}, 422, "bad_archive"),
    "a zip that unfolds to much": (bomb(), {}, 413, "too_large"),
    "an unknown map": (SHOP, {"map": "shopex"}, 422, "bad_request"),
    "another kind": (SHOP, {"kind": "xlsx"}, 422, "bad_archive"),
    "no table of ours": (packed(things="a\n1\n"), {}, 422, "missing_table"),
    "two columns of one name": (packed(members="member,member\nA,B\n"), {}, 422, "bad_header"),
    "no column for members": (packed(members="id\nA\n"), {}, 422, "missing_column"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_that_is_not_what_it_says_is_refused_and_nothing_is_written(mover, open_shop, what):
    content, how, status, code = BAD[what]
    for path in ("look", "run"):
        answer = send(mover, path, content, **how)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert nothing_is_there(open_shop)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_one_shop_is_moved_at_a_time_and_a_request_without_a_file_is_refused(mover, owner):
    with moving._alone():
        for answer in (send(mover, "look"), owner.get("/export")):
            assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert mover.client.post("/api/v1/imports/look", {"map": "jifen"}).json()["code"] == "bad_request"
    assert mover.get(f"/imports/{'0' * 64}").json()["code"] == "unknown_import"


def exported(caller, query=""):
    answer = caller.get(f"/export{query}")
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def rows(content, name):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode("utf-8-sig"))))


def test_a_shop_is_taken_along_and_persons_only_where_it_is_asked_for(mover, owner, open_shop, folder):
    send(mover, "look")
    send(mover, "run")
    written(open_shop, folder)
    auditor = key(Right.EXPORT)
    plain, personal = exported(auditor), exported(owner, "?personal=true")
    assert [(row["member"], row["sponsor"], row["phone"], row["name"]) for row in rows(plain, "members")] == [
        ("A", "", "", ""), ("B", "A", "", ""),
    ]  # fmt: skip
    first = rows(personal, "members")[0]
    assert (first["phone"], first["name"]) == ("'+8613800138000", "'=王")  # no spreadsheet works them out
    refused = auditor.get("/export?personal=true")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert exported(auditor, "?kind=xlsx").startswith(b"PK")
    assert auditor.get("/export?kind=pdf").json()["code"] == "bad_request"


def test_what_was_taken_along_opens_another_shop_with_the_same_balances(owner, open_shop, folder, servers, url):
    from tests.service.moving.test_round_trip import another

    submit([*joins("A", "B"), order("o1", "A", 1000), order("o2", "B", 200)], using=open_shop)
    written(open_shop, folder)
    taken = exported(owner)
    before = {name: owner.get(f"/members/{name}/balances").json()["items"] for name in "AB"}
    there = another(servers, url)
    with shop_is(there), override_settings(SETTINGS=replace(settings.SETTINGS, var=folder / "there")):
        newcomer = key(*Right)
        assert send(newcomer, "look", taken).json()["refused"] == []
        send(newcomer, "run", taken)
        written(there, folder / "there")
        after = {name: newcomer.get(f"/members/{name}/balances").json()["items"] for name in "AB"}
    assert after == before
