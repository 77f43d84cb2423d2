"""Writers that are killed at any moment, in a close too, leave a log that is whole: nothing lost or doubled."""

import sys

import pytest
from tests.service import kills
from tests.service.kills import Round
from tests.service.victim import CLOSE

from jifen.service.audit import audit

EACH = 10
"""Kills of the writer, and as many of its closes, on each database."""


def test_ten_killed_writers_and_ten_killed_closes_lose_nothing_and_double_nothing(url, folder):
    played = Round(url, folder, seed=1, orders=12).play(EACH)
    closes = sum(played.fell[phase] for phase in CLOSE)
    assert closes >= EACH
    assert played.fell.total() - closes >= EACH
    assert played.audits == played.fell.total() + 1


def test_an_audit_that_finds_something_ends_a_round(url, folder, monkeypatch):
    def found(*arguments):
        result = audit(*arguments)
        result.problems += ["something"]
        return result

    monkeypatch.setattr(kills, "audit", found)
    with pytest.raises(AssertionError, match="something"):
        Round(url, folder, seed=2, orders=2).play(1)


@pytest.mark.nightly
def test_hundreds_of_kills(nightly_budget, capfd):
    said = kills.play(nightly_budget)
    with capfd.disabled():
        sys.stderr.write(f"\n{said}")
