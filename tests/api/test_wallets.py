"""Wallets over the API: what is in them, what is sent and withdrawn, and what the shop does with withdrawals."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.api.conftest import joins, key, order, signed_in, staff

from jifen.plan import load_plan
from jifen.service import models
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.members.personal import keep_person
from jifen.service.rights import Right, Role
from jifen.service.shop import Terms, create_shop
from jifen.service.wallets.following import mend
from jifen.service.writer import Writer


@pytest.fixture
def shop(using):
    """A shop whose coins may be sent."""
    plan = load_plan("points_dividend", {"coin_transferable": True})
    create_shop(plan, 738_000, Terms("test"), using=using)
    return using


@pytest.fixture
def write(open_shop, folder):
    """Writes what waits."""

    def written() -> None:
        with Writer.elected(folder, open_shop) as writer:
            while writer.step():
                pass
        mend(open_shop)

    return written


@pytest.fixture
def ann(open_shop, write):
    """A member who has signed in, with 40 yuan, and has named an account."""
    caller = signed_in()
    keep_person(
        Account.objects.get(code=caller.code), {"name": "=王", "bank": "招商银行", "bank_account": "6225880112341234"}
    )
    submit([*joins(caller.code, "bob"), order("o1", caller.code, 1000), order("o2", "bob", 200)], using=open_shop)
    write()
    return caller


def test_a_member_sees_the_wallets_and_withdraws_and_the_bank_pays(ann, write, open_shop):
    wallets = ann.get("/members/me/wallets").json()
    switches = ("asset", "available", "withdrawable", "transferable")
    assert [tuple(each[name] for name in switches) for each in wallets["items"]] == [
        ("cash", "40.00", True, False), ("coin", "0.00", False, True), ("voucher", "0.00", False, False),
    ]  # fmt: skip
    assert (wallets["least"], wallets["left_today"], wallets["payee"]) == ("1.00", None, "622*********1234")
    finance = staff(Role.FINANCE)
    terms = {"least": "1.00", "daily_limit": "100.00", "fee_rate": "0.006", "fee_fixed": "0.50"}
    assert finance.put("/withdrawals/terms", terms).json() == terms
    assert ann.get("/members/me/wallets").json()["left_today"] == "100.00"
    asked = ann.post("/members/me/withdrawals", {"id": "w-1", "amount": "20.00"}).json()
    assert (asked["state"], asked["fee"], asked["net"], asked["payee"]) == (
        "asked",
        "0.62",
        "19.38",
        "622*********1234",
    )
    write()
    number = asked["number"]
    assert ann.post("/members/me/withdrawals", {"id": "w-1", "amount": "20.00"}).json()["state"] == "reserved"
    assert ann.get("/members/me/withdrawals").json()["items"][0]["number"] == number
    assert [each["number"] for each in finance.get("/withdrawals?state=reserved").json()["items"]] == [number]
    assert finance.post(f"/withdrawals/{number}/review", {"agree": True}).json()["state"] == "approved"
    batch = finance.post("/withdrawals/batches", {"id": "monday"}).json()
    assert (batch["count"], batch["total"]) == (1, "19.38")
    assert finance.post("/withdrawals/batches", {"id": "monday"}).json() == batch
    file = finance.get(f"/withdrawals/batches/{batch['number']}/file")
    (paid,) = csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig")))
    assert (paid["name"], paid["account"], paid["amount"]) == ("'=王", "6225880112341234", "19.38")
    assert ann.get(f"/withdrawals/batches/{batch['number']}/file").status_code == 403
    answer = f"payment,result,amount\n{paid['payment']},paid,19.38\nnone-1,paid,1\n"
    for counts in ((1, 0), (0, 1)):
        sent = {"file": SimpleUploadedFile("answer.csv", answer.encode())}
        said = finance.client.post("/api/v1/withdrawals/results", sent).json()
        assert (said["paid"], said["repeated"]) == counts
        assert [(each["line"], each["code"]) for each in said["problems"]] == [(3, "unknown_payment")]
    write()
    assert ann.get("/members/me/withdrawals").json()["items"][0]["state"] == "paid"
    assert finance.get(f"/withdrawals/{number}").json()["result"] == "paid"
    assert ann.get("/members/me/wallets").json()["items"][0] == {
        "asset": "cash", "available": "20.00", "set_aside": "0.00", "debt": "0.00", "withdrawable": True,
        "transferable": False,
    }  # fmt: skip


def test_what_is_sent_counts_once_and_only_where_the_plan_lets_it(ann, write):
    sent = {"id": "t-1", "to": "bob", "amount": "5.00", "asset": "cash"}
    assert ann.post("/members/me/transfers", sent).json() == {
        "id": "t-1", "state": "pending", "number": None, "code": "", "message": "",
    }  # fmt: skip
    write()
    assert ann.post("/members/me/transfers", sent).json()["state"] == "pending"  # it was refused, and is asked for anew
    write()
    outcome = models.Inbox.objects.order_by("-id").first()
    assert (outcome.key, outcome.code) == (f"tf:{ann.code}:t-1", "asset_forbidden")
    coins = {"id": "t-2", "to": "bob", "amount": "5.00"}
    ann.post("/members/me/transfers", coins)
    write()
    assert models.Inbox.objects.order_by("-id").first().code == "insufficient"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"id": "w", "amount": 20.0}, "bad_amount"), ({"id": "w", "amount": "0.50"}, "below_minimum"),
        ({"id": "w", "amount": "1.001"}, "bad_amount"), ({"id": "w", "amount": "-5.00"}, "below_minimum"),
        ({"id": "w", "amount": "5.00", "asset": "points"}, "bad_request"), ({"amount": "5.00"}, "bad_request"),
    ],
)  # fmt: skip
def test_what_nobody_may_withdraw_is_refused_and_nothing_changes(ann, body, code):
    before = models.Inbox.objects.count()
    answer = ann.post("/members/me/withdrawals", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert models.Inbox.objects.count() == before


def test_another_member_neither_sees_nor_takes(ann, write):
    other = signed_in()
    for path in ("wallets", "withdrawals"):
        assert other.get(f"/members/{ann.code}/{path}").json()["code"] == "not_allowed"
    assert other.post(f"/members/{ann.code}/withdrawals", {"id": "w", "amount": "5.00"}).json()["code"] == "not_allowed"
    assert (
        other.post(f"/members/{ann.code}/transfers", {"id": "t", "to": other.code, "amount": "5.00"}).status_code == 403
    )
    till = key(Right.EVENTS_WRITE)
    number = till.post(f"/members/{ann.code}/withdrawals", {"id": "w", "amount": "5.00"}).json()["number"]
    write()
    assert till.post(f"/withdrawals/{number}/review", {"agree": True}).json()["code"] == "not_allowed"
