"""``jifen withdrawal``: what waits, the batch for the bank, and the bank's answer."""

import csv
import json

import pytest
from tests.cli.test_shop import shop
from tests.service.conftest import joins, order

__all__ = ["shop"]

YUAN = 1_000_000


@pytest.fixture
def withdrawal(shop, jifen, tmp_path):
    """``jifen withdrawal …`` where Ann has 40 yuan and has asked for 15 of them; ``approve`` reviews it."""
    assert shop("create", "--plan", "points_dividend", "--name", "demo", "--set", "coin_withdrawable=true")[0] == 0
    from jifen.service.acting import acting
    from jifen.service.inbox import submit
    from jifen.service.members.models import Account
    from jifen.service.members.personal import keep_person
    from jifen.service.rights import Principal
    from jifen.service.wallets.asking import ask, review
    from jifen.service.wallets.following import mend

    account = Account(code="ann", invite_code="ann-code")
    account.save()
    keep_person(account, {"name": "王小明", "bank": "招商银行", "bank_account": "6225880112341234"})
    submit([*joins("ann", "bob"), order("o1", "ann", 1000), order("o2", "bob", 200)])
    shop.write()
    with acting("member:ann"):
        row = ask("ann", "w1", 15 * YUAN)
    shop.write()
    mend()

    def run(*arguments):
        return jifen("withdrawal", *arguments)

    run.approve = lambda: review(row.number, Principal("staff", "fin"), agree=True)
    run.write, run.number = shop.write, row.number
    return run


def test_an_empty_list_says_so_and_a_full_one_shows_what_the_bank_would_pay(withdrawal):
    code, told, _ = withdrawal("list", "--state", "sent")
    assert (code, told.strip()) == (0, "No withdrawal is sent.")
    code, told, _ = withdrawal("list")
    assert (code, withdrawal.number in told, "15.00" in told, "王小明" in told) == (0, True, True, False)
    (row,) = json.loads(withdrawal("list", "--json")[1])["items"]
    assert (row["amount"], row["state"], row["member"]) == ("15.00", "reserved", "ann")


def test_a_state_that_is_none_is_refused_with_those_that_are(withdrawal):
    code, _, told = withdrawal("list", "--state", "lost")
    assert (code, "bad_option" in told, "reserved" in told) == (2, True, True)


def test_a_batch_goes_to_the_bank_and_its_answer_comes_back_once(withdrawal, tmp_path):
    code, _, told = withdrawal("batch", tmp_path / "pay.csv", "--id", "monday")
    assert (code, "nothing_to_pay" in told, (tmp_path / "pay.csv").exists()) == (2, True, False)
    withdrawal.approve()
    made = json.loads(withdrawal("batch", tmp_path / "pay.csv", "--id", "monday", "--json")[1])
    assert (made["count"], made["written"], made["total"]) == (1, 1, "15.00")
    assert (tmp_path / "pay.csv").stat().st_mode & 0o777 == 0o600
    with (tmp_path / "pay.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert (row["amount"], row["account"]) == ("15.00", "6225880112341234")
    answer = tmp_path / "answer.csv"
    answer.write_text(f"付款编号,结果\n{row['payment']},成功\nnone-1,成功\n", encoding="utf-8")
    code, told, _ = withdrawal("results", answer)
    assert (code, "1 paid, 0 failed, 0 known before" in told, "unknown_payment" in told) == (1, True, True)
    withdrawal.write()
    answer.write_text(f"付款编号,结果\n{row['payment']},成功\n", encoding="utf-8")
    found = json.loads(withdrawal("results", answer, "--json")[1])
    assert found == {"paid": 0, "failed": 0, "repeated": 1, "problems": []}
    (row,) = json.loads(withdrawal("list", "--state", "paid", "--json")[1])["items"]
    assert row["number"] == withdrawal.number


def test_a_file_that_is_there_or_is_of_another_kind_is_not_written(withdrawal, tmp_path):
    withdrawal.approve()
    (tmp_path / "old.csv").write_text("mine")
    for name in ("old.csv", "pay.pdf"):
        code, _, told = withdrawal("batch", tmp_path / name, "--id", "monday")
        assert (code, "bad_option" in told) == (2, True)
    assert (tmp_path / "old.csv").read_text() == "mine"
    assert json.loads(withdrawal("list", "--state", "approved", "--json")[1])["items"]


def test_an_answer_that_cannot_be_read_changes_nothing(withdrawal, tmp_path):
    code, _, told = withdrawal("results", tmp_path / "none.csv")
    assert (code, "no_file" in told) == (2, True)
