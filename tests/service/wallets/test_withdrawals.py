"""Withdrawals from request to end: asked for, reserved, reviewed, sent to the bank, paid, failed, or rejected."""

import csv
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from openpyxl import load_workbook
from tests.service.conftest import joins, order

from jifen.core.errors import InputError
from jifen.engine.events import OrderRefunded
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.acting import acting
from jifen.service.audit import audit
from jifen.service.directory import Directory
from jifen.service.doctor_shop import shop_findings
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.members.personal import erase, keep_person
from jifen.service.reads import balances
from jifen.service.rights import Principal
from jifen.service.shop import Terms as ShopTerms
from jifen.service.shop import create_shop
from jifen.service.wallets import bank
from jifen.service.wallets.asking import ask, review
from jifen.service.wallets.following import difference, follow, mend
from jifen.service.wallets.models import Withdrawal
from jifen.service.wallets.terms import Terms, change_terms
from jifen.service.writer import JOURNAL, Writer

YUAN = 1_000_000
FINANCE, CASHIER = Principal("staff", "fin"), Principal("staff", "cash")


@pytest.fixture
def shop(using):
    """A shop whose coins may be withdrawn and sent."""
    plan = load_plan("points_dividend", {"coin_withdrawable": True, "coin_transferable": True})
    create_shop(plan, 738_000, ShopTerms("test"), using=using)
    return using


@pytest.fixture
def write(shop, folder):
    """Writes what waits, and brings it into the table of withdrawals."""

    def written() -> None:
        with Writer.elected(folder, shop) as writer:
            while writer.step():
                pass
        mend(shop)

    return written


@pytest.fixture
def ann(shop, write):
    """A member with 40 yuan: 20 % of what the one below has paid. The bank account is known."""
    account = Account(code="ann", invite_code="ann-code")
    account.save(using=shop)
    keep_person(account, {"name": "王小明", "bank": "招商银行", "bank_account": "6225880112341234"})
    paid = [order("o1", "ann", 1000), order("o2", "bob", 200)]
    submit([*joins("ann", "bob"), *paid], using=shop)
    write()
    assert held(shop) == {"wallet": 40 * YUAN}
    return account


def held(using, member="ann"):
    """The cash of a member in yuan, by kind of account; what is empty is left out."""
    found = balances(member, Directory(using)).amounts
    return {kind: amount for (kind, asset), amount in found.items() if asset == "cash" and amount}


def state(row):
    return Withdrawal.objects.using(row._state.db).get(pk=row.pk).state


def results(path, *rows):
    path.write_text("payment,result,amount,reason\n" + "".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def refusal(call, *arguments, **named):
    with pytest.raises(InputError) as refused:
        call(*arguments, **named)
    return refused.value.problems[0].code


def test_a_withdrawal_is_reserved_reviewed_sent_and_paid_less_its_fee(ann, shop, write, tmp_path, folder):
    change_terms(Terms(fee_rate=6_000, fee_fixed=500_000), using=shop)
    with acting("member:ann"):
        row = ask("ann", "w1", 20 * YUAN, using=shop)
    assert (row.state, row.fee) == ("asked", 620_000)  # 0.6 % of 20.00, and 0.50
    write()
    assert (state(row), held(shop)) == ("reserved", {"wallet": 20 * YUAN, "pending": 20 * YUAN})
    assert review(row.number, FINANCE, agree=True, using=shop).state == "approved"
    batch = bank.make_batch("monday", using=shop)
    assert (batch.count, batch.total) == (1, 19_380_000)
    assert bank.write_batch(batch, tmp_path / "bank.csv", using=shop) == 1
    with (tmp_path / "bank.csv").open(encoding="utf-8-sig") as file:
        (paid,) = csv.DictReader(file)
    assert paid == {
        "payment": f"{row.number}-{batch.number}", "amount": "19.38", "currency": "CNY", "name": "王小明",
        "bank": "招商银行", "account": "6225880112341234",
    }  # fmt: skip
    answer = results(tmp_path / "answer.csv", (paid["payment"], "成功", "19.38", ""))
    assert bank.take_results(answer, using=shop).paid == 1
    write()
    assert (state(row), held(shop)) == ("paid", {"wallet": 20 * YUAN})
    again = bank.take_results(answer, using=shop)
    assert (again.paid, again.repeated, again.problems) == (0, 1, [])
    assert bank.write_batch(batch, tmp_path / "again.csv", using=shop) == 0
    assert audit(folder / JOURNAL, shop).difference is None
    assert difference(shop) == {}


def test_what_is_rejected_goes_back_into_the_wallet(ann, shop, write):
    row = ask("ann", "w1", 40 * YUAN, using=shop)
    write()
    assert refusal(review, row.number, FINANCE, agree=False, using=shop) == "no_reason"
    assert review(row.number, FINANCE, agree=False, reason="call us", using=shop).state == "rejecting"
    write()
    assert (state(row), held(shop)) == ("rejected", {"wallet": 40 * YUAN})
    assert review(row.number, FINANCE, agree=False, reason="call us", using=shop).state == "rejected"
    assert refusal(review, row.number, CASHIER, agree=True, using=shop) == "decided_already"


def test_what_the_bank_could_not_pay_is_reviewed_again_and_is_another_payment(ann, shop, write, tmp_path):
    row = ask("ann", "w1", 20 * YUAN, using=shop)
    write()
    review(row.number, FINANCE, agree=True, using=shop)
    first = bank.make_batch("first", using=shop)
    failed = results(tmp_path / "1.csv", (f"{row.number}-{first.number}", "failed", "", "no such account"))
    assert bank.take_results(failed, using=shop).failed == 1
    assert (state(row), held(shop)) == ("reserved", {"wallet": 20 * YUAN, "pending": 20 * YUAN})
    keep_person(ann, {"bank_account": "6225880199990000"})
    review(row.number, CASHIER, agree=True, using=shop)
    second = bank.make_batch("second", using=shop)
    assert bank.take_results(failed, using=shop).repeated == 1
    assert state(row) == "sent"  # an old file says nothing of a new payment
    late = results(tmp_path / "2.csv", (f"{row.number}-{first.number}", "paid", "", ""))
    assert [each.code for each in bank.take_results(late, using=shop).problems] == ["other_result"]
    bank.write_batch(second, tmp_path / "2.xlsx", using=shop)
    (_, cells) = load_workbook(tmp_path / "2.xlsx").active.iter_rows(values_only=True)
    assert cells[-1] == "6225880199990000"
    good = results(tmp_path / "3.csv", (f"{row.number}-{second.number}", "paid", "20", ""))
    assert bank.take_results(good, using=shop).paid == 1
    write()
    assert state(row) == "paid"
    contrary = results(tmp_path / "4.csv", (f"{row.number}-{second.number}", "failed", "", ""))
    assert [each.code for each in bank.take_results(contrary, using=shop).problems] == ["other_result"]


def test_rows_that_are_in_doubt_are_told_and_left_as_they_are(ann, shop, write, tmp_path):
    row = ask("ann", "w1", 20 * YUAN, using=shop)
    write()
    review(row.number, FINANCE, agree=True, using=shop)
    payment = f"{row.number}-{bank.make_batch('b', using=shop).number}"
    taken = bank.take_results(
        results(
            tmp_path / "r.csv", ("zzzz-1", "paid", "", ""), ("=1+1", "paid", "", ""), (payment, "perhaps", "", ""),
            (payment, "paid", "19.99", ""), (payment, "paid", "much", ""),
        ), using=shop,
    )  # fmt: skip
    assert [(each.line, each.code) for each in taken.problems] == [
        (2, "unknown_payment"), (3, "unknown_payment"), (4, "bad_result"), (5, "wrong_amount"), (6, "bad_amount"),
    ]  # fmt: skip
    assert (taken.paid, state(row)) == (0, "sent")
    (tmp_path / "rubbish.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    assert refusal(bank.take_results, tmp_path / "rubbish.xlsx", using=shop) == "bad_archive"


def test_the_terms_and_the_plan_say_what_may_be_withdrawn(ann, shop, write):
    change_terms(Terms(least=5 * YUAN, daily_limit=30 * YUAN), using=shop)
    assert refusal(ask, "ann", "a", 4_990_000, using=shop) == "below_minimum"
    assert refusal(ask, "ann", "b", 5_000_001, using=shop) == "bad_amount"
    ask("ann", "c", 30 * YUAN, using=shop)
    assert refusal(ask, "ann", "d", 5 * YUAN, using=shop) == "daily_limit"
    assert refusal(ask, "ann", "c", 29 * YUAN, using=shop) == "conflict"
    assert ask("ann", "c", 30 * YUAN, using=shop).state == "asked"
    change_terms(Terms(), using=shop)
    ask("ann", "e", 5 * YUAN, "voucher", using=shop)
    ask("ann", "f", 11 * YUAN, using=shop)
    write()
    found = {row.request: (row.state, row.code) for row in Withdrawal.objects.using(shop)}
    assert found == {
        "c": ("reserved", ""), "e": ("refused", "asset_forbidden"), "f": ("refused", "insufficient"),
    }  # fmt: skip
    wrong = (Terms(least=0), Terms(fee_rate=YUAN), Terms(fee_fixed=1), Terms(fee_fixed=YUAN), Terms(daily_limit=1))
    for terms in wrong:
        assert refusal(change_terms, terms, using=shop) == "bad_amount"


def test_who_asked_does_not_review_and_nobody_is_paid_without_an_account(ann, shop, write):
    with acting(str(FINANCE)):
        row = ask("ann", "w1", 20 * YUAN, using=shop)
    other = ask("bob", "w1", 1 * YUAN, using=shop)
    write()
    assert refusal(review, row.number, FINANCE, agree=True, using=shop) == "same_person"
    assert refusal(review, row.number, Principal("staff", "ann"), agree=True, using=shop) == "same_person"
    assert refusal(review, "222222222222", CASHIER, agree=True, using=shop) == "unknown_withdrawal"
    assert refusal(review, other.number, CASHIER, agree=True, using=shop) == "decided_already"  # bob has nothing
    keep_person(ann, {"bank_account": ""})
    assert refusal(review, row.number, CASHIER, agree=True, using=shop) == "no_payee"
    assert refusal(bank.make_batch, "b", using=shop) == "nothing_to_pay"


def test_an_erased_person_is_forgotten_by_withdrawals_too(ann, shop, write, tmp_path):
    rows = [ask("ann", name, 10 * YUAN, using=shop) for name in ("one", "two")]
    write()
    review(rows[0].number, FINANCE, agree=True, using=shop)
    batch = bank.make_batch("b", using=shop)
    erase(ann, using=shop)
    payees = {row.request: bytes(row.payee) for row in Withdrawal.objects.using(shop)}
    assert payees["two"] == b""
    assert payees["one"] != b""  # the bank has it already, and will say what became of it
    bank.take_results(results(tmp_path / "r.csv", (f"{rows[0].number}-{batch.number}", "paid", "", "")), using=shop)
    write()
    assert not Withdrawal.objects.using(shop).exclude(payee=b"").exists()


def test_of_fifty_who_ask_at_once_only_as_many_get_as_there_is(ann, shop, write):
    """40 yuan, and 50 requests of 3 yuan each: 13 are reserved, and 1 yuan is left."""
    start = threading.Barrier(50)

    def wish(number):
        start.wait()
        try:
            for _ in range(2):  # each client repeats its request
                ask("ann", f"w{number}", 3 * YUAN, using=shop)
        finally:
            connections[shop].close()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(wish, range(50)))
    write()
    rows = list(Withdrawal.objects.using(shop).values_list("state", flat=True))
    assert (rows.count("reserved"), rows.count("refused")) == (13, 37)
    assert held(shop) == {"wallet": 1 * YUAN, "pending": 39 * YUAN}
    assert difference(shop) == {}


def test_of_fifty_who_ask_at_once_none_gets_past_the_limit_of_a_day(ann, shop, write):
    change_terms(Terms(daily_limit=9 * YUAN), using=shop)
    codes = []

    def wish(number):
        try:
            ask("ann", f"w{number}", 2 * YUAN, using=shop)
        except InputError as error:
            codes.append(error.problems[0].code)
        finally:
            connections[shop].close()

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(wish, range(50)))
    assert codes == ["daily_limit"] * 46
    write()
    assert held(shop) == {"wallet": 32 * YUAN, "pending": 8 * YUAN}


def test_what_the_books_decided_while_nobody_looked_is_found_afterwards(ann, shop, folder):
    """The process stops between what the books decide and the table: the next look closes the gap."""
    row = ask("ann", "w1", 20 * YUAN, using=shop)
    with Writer.elected(folder, shop) as writer:
        while writer.step():
            pass
    assert (state(row), difference(shop)) == ("asked", {"cash": -20 * YUAN})
    assert follow(row.number, using=shop).state == "reserved"
    assert difference(shop) == {}
    review(row.number, FINANCE, agree=False, reason="no", using=shop)
    with Writer.elected(folder, shop) as writer:
        while writer.step():
            pass
    assert state(row) == "rejecting"
    assert mend(shop) == 1
    assert (state(row), mend(shop)) == ("rejected", 0)


def test_a_stop_before_the_commit_leaves_neither_a_withdrawal_nor_an_event(ann, shop, monkeypatch):
    from jifen.service.wallets import asking

    before = models.Inbox.objects.using(shop).count()
    monkeypatch.setattr(asking, "sent_to_books", stop)
    with pytest.raises(KeyboardInterrupt):
        ask("ann", "w1", 20 * YUAN, using=shop)
    assert not Withdrawal.objects.using(shop).exists()
    assert models.Inbox.objects.using(shop).count() == before


def stop(*_):
    raise KeyboardInterrupt


def test_a_debt_is_paid_first_by_what_is_earned_later(ann, shop, write):
    """Ann has drawn 40 because of bob's order; it is refunded, and she owes 40. The next 50 that she earns leave 10."""
    row = ask("ann", "w1", 40 * YUAN, using=shop)
    write()
    submit([OrderRefunded(id="r1", day=0, order="o2", amount=200 * YUAN)], using=shop)
    write()
    assert held(shop) == {"wallet": -40 * YUAN, "pending": 40 * YUAN}
    submit([order("o3", "bob", 250)], using=shop)
    write()
    assert held(shop) == {"wallet": 10 * YUAN, "pending": 40 * YUAN}
    assert follow(row.number, using=shop).state == "reserved"


def test_the_doctor_finds_a_table_that_is_not_what_the_books_have(ann, shop, write, folder):
    def found():
        return {each.subject: each.level for each in shop_findings(folder, shop)}["withdrawals"]

    assert found() == "ok"
    row = ask("ann", "w1", 20 * YUAN, using=shop)
    with Writer.elected(folder, shop) as writer:
        writer.step()
    assert found() == "warning"
    mend(shop)
    assert found() == "ok"
    Withdrawal.objects.using(shop).filter(pk=row.pk).update(state="rejected")
    assert found() == "error"
