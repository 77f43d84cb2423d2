"""The commands that keep a shop safe, as somebody types them, each in a process of its own."""

import json
import os
import subprocess
import sys

import pytest
from tests.service.conftest import joins, order
from tests.service.test_audit import tamper

from jifen.core.errors import InputError
from jifen.engine.events import DayClosed
from jifen.service.databases import reach, reach_shop
from jifen.service.inbox import submit
from jifen.service.writer import Writer

FIRST = 738000


@pytest.fixture
def traded(shop, folder):
    submit([*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50)], using=shop)
    submit([DayClosed(id=f"day:{FIRST}", day=0)], using=shop)
    with Writer.elected(folder, shop) as writer:
        while writer.step():
            pass
    return shop


@pytest.fixture
def type_in(url, folder):
    """Type a command for the shop of a test; gives its exit code, what it says, and what it complains of."""

    def run(*arguments, database=url, var=folder):
        environ = {**os.environ, "JIFEN_DATABASE_URL": database, "JIFEN_VAR": str(var), "JIFEN_SECRET_KEY": "k" * 40}
        command = [sys.executable, "-c", "from jifen.cli import main; main()", *map(str, arguments)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def test_a_shop_is_backed_up_restored_and_audited(traded, type_in, tmp_path):
    code, said, _ = type_in("backup", tmp_path / "shop.tar")
    assert (code, "2 batches" in said, "the journal of 1 closes" in said) == (0, True, True)
    again = tmp_path / "again"
    into = f"sqlite:///{again}/shop.sqlite3"
    code, said, _ = type_in("restore", tmp_path / "shop.tar", "--into", into, "--folder", again)
    assert (code, "Sound: 2 batches" in said) == (0, True)
    code, said, _ = type_in("audit", "--json", database=into, var=again)
    assert (code, json.loads(said)["sound"], json.loads(said)["batches"]) == (0, True, 2)
    code, _, said = type_in("restore", tmp_path / "shop.tar", "--into", into, "--folder", again)
    assert (code, "shop_exists" in said) == (2, True)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_first_difference_of_a_shop_is_said_in_words(traded, type_in):
    """Ann's wallet has 10 yuan: a fifth of bob's 50 points."""
    tamper(traded, "UPDATE balance SET amount = amount + 1 WHERE amount = 10000000 AND kind = 4")
    code, said, _ = type_in("audit")
    assert code == 1
    sentence = "the balance of the wallet of member ann in cash is 10.000001, and its transfers add up to 10.00"
    assert sentence in " ".join(said.split())


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_line_that_differs_is_said_with_both_amounts(traded):
    from jifen.batch.audit import Difference
    from jifen.service.differences import in_words

    told = in_words(Difference("transfers", 3, 17, "amount", "5000000", "5000001"), traded)
    assert told == "line 17 of what batch 3 wrote into the books: amount is 5.000001, and from the events follows 5.00"
    told = in_words(Difference("balances", -1, 18874373, "amount", "None", "7"), traded)
    assert told.endswith("in cash is 0.000007, and its transfers add up to not there")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_doctor_says_how_the_shop_is_by_its_exit_code(traded, type_in):
    code, said, _ = type_in("doctor", "--json")
    levels = {each["subject"]: each["level"] for each in json.loads(said)}
    assert (code, levels["closes"], levels["guards"], levels["snapshot"]) == (2, "error", "ok", "ok")
    assert "k" * 40 not in said


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_commands_for_a_shop_say_that_there_is_none(type_in, tmp_path):
    var = tmp_path / "nothing"
    for arguments in (["audit"], ["backup", tmp_path / "file"]):
        code, _, said = type_in(*arguments, database=f"sqlite:///{var}/shop.sqlite3", var=var)
        assert (code, "no_shop" in said) == (2, True)
    assert not var.exists()


def test_a_database_that_does_not_answer_is_said(tmp_path):
    from jifen.service.databases import open_database

    open_database("silent", f"postgresql://nobody@/none?host={tmp_path}")
    for reaches in (reach, reach_shop):
        with pytest.raises(InputError, match="no_database"):
            reaches("silent")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_new_key_can_be_used_and_comes_with_what_to_do(type_in):
    keys = [json.loads(type_in("keys", "new", "--json")[1]) for _ in range(2)]
    assert keys[0]["JIFEN_SECRET_KEY"] != keys[1]["JIFEN_SECRET_KEY"]
    assert len(keys[0]["JIFEN_SECRET_KEY"]) >= 32
    assert "JIFEN_SECRET_KEYS_OLD" in type_in("keys", "new")[1]
