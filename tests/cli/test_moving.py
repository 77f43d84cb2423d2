"""``jifen import`` and ``jifen export``: looked at first, done when it is said, gone on with after a cut."""

import csv
import json

import pytest
from tests.cli.test_shop import shop

__all__ = ["shop"]


@pytest.fixture
def moving(shop, jifen, tmp_path):
    """A new sandbox, and a folder of tables."""
    assert shop("create", "--plan", "points_dividend", "--name", "demo")[0] == 0
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "members.csv").write_text("member,sponsor,phone\nA,,13800138000\nB,A,\n", encoding="utf-8")
    (folder / "balances.csv").write_text("member,kind,asset,amount\nA,wallet,cash,12.50\n", encoding="utf-8")

    def run(*arguments):
        return jifen(*arguments)

    run.folder, run.shop = folder, shop
    return run


def test_without_being_told_to_it_only_looks(moving):
    code, told, _ = moving("import", moving.folder)
    assert (code, "Nothing was written" in told, "12.50" in told) == (0, True, True)
    from jifen.service.members.models import Account

    assert not Account.objects.exists()
    assert json.loads(moving("import", moving.folder, "--json")[1])["state"] == "looked"


def test_it_is_done_once_and_what_is_exported_is_the_same(moving, tmp_path):
    code, told, _ = moving("import", moving.folder, "--run")
    assert (code, "agree with the control totals" in told) == (0, True)
    assert json.loads(moving("import", moving.folder, "--run", "--json")[1])["state"] == "done"
    made = json.loads(moving("export", tmp_path / "out", "--json")[1])
    assert made["rows"]["members"] == 2
    with (tmp_path / "out" / "balances.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [tuple(row.values()) for row in csv.DictReader(file)] == [("A", "wallet", "cash", "12.50")]
    code, _, told = moving("export", tmp_path / "out")
    assert (code, "exists" in told) == (2, True)


def test_refused_rows_are_told_and_leave_with_one(moving):
    (moving.folder / "members.csv").write_text("member,sponsor\nA,\nB,Z\n", encoding="utf-8")
    code, told, wrong = moving("import", moving.folder, "--run")
    assert (code, "unknown_sponsor" in wrong, "Nothing was written" in told) == (1, True, True)
    code, told, _ = moving("import", moving.folder, "--run", "--without-refused")
    assert (code, "Imported" in told) == (0, True)


@pytest.mark.parametrize(
    ("path", "arguments", "code"),
    [("none", (), "no_file"), ("old", ("--map", "nowhere"), "no_file"), ("old/members.txt", (), "no_table")],
)
def test_what_cannot_be_read_is_told_with_a_remedy(moving, tmp_path, path, arguments, code):
    (moving.folder / "members.txt").write_text("x")
    left, _, told = moving("import", tmp_path / path, *arguments)
    assert (left, code in told) == (2, True)
