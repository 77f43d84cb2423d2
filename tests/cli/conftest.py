"""A command line that is called as a user would, and a small shop in files."""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest


class Answer(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def jifen(monkeypatch, capsys):
    """Call ``jifen`` with arguments in this process."""
    from jifen.cli import output
    from jifen.cli.app import main

    def call(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["jifen", *map(str, arguments)])
        for console, stream in ((output.out, sys.stdout), (output.errors, sys.stderr)):
            monkeypatch.setattr(console, "_file", stream)
        try:
            main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Ann refers Bob; each buys once."""
    (tmp_path / "members.csv").write_text("member,referrer,joined_at\nann,,2026-01-01\nbob,ann,2026-01-02\n")
    (tmp_path / "orders.csv").write_text(
        "order,member,paid_at,amount\no1,ann,2026-01-03,3000\no2,bob,2026-01-04 10:00:00,9000\n"
    )
    return tmp_path


@pytest.fixture
def ran(jifen, shop) -> Path:
    """The folder of a run of the shop to the sixth of January."""
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--until", "2026-01-06")
    answer = jifen("run", "green_points", *arguments, "--out", shop / "out")
    assert answer.code == 0, answer.err
    return shop / "out"
