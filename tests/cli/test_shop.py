"""``jifen shop``: what an operator types, and what he is told."""

import json
from dataclasses import replace
from datetime import date
from io import StringIO

import pytest

FIRST = date(2026, 3, 1)
FUNDED = ["--set", "funding=reserve", "--set", "reserve_share=10%"]


@pytest.fixture
def shop(jifen, tmp_path, monkeypatch):
    """Run ``jifen shop …`` on a database of its own; ``write`` does what waits in its inbox."""
    from jifen.service.databases import open_database, start_django

    start_django()
    from django.conf import settings
    from django.db import connections

    from jifen.service.writer import Writer

    kept = connections.settings["default"]
    connections["default"].close()
    del connections["default"]
    monkeypatch.setattr(settings, "SETTINGS", replace(settings.SETTINGS, var=tmp_path))
    monkeypatch.setattr("jifen.cli.shop_acts._PATIENCE", 0.0)
    open_database("default", f"sqlite:///{tmp_path}/shop.sqlite3")

    def run(*arguments):
        return jifen("shop", *arguments)

    def write():
        with Writer.elected(tmp_path) as writer:
            while writer.step():
                pass

    run.write = write
    yield run
    connections["default"].close()
    del connections["default"]
    connections.settings["default"] = kept


@pytest.fixture
def sandbox(shop):
    """A sandbox that has just opened."""
    code, *_ = shop("create", "--plan", "points_dividend", *FUNDED, "--name", "demo", "--first-day", str(FIRST))
    assert code == 0
    return shop


def test_without_tables_the_remedy_names_the_command_that_makes_them(shop):
    code, _, told = shop("status")
    assert (code, "no_shop" in told, "jifen shop create" in told) == (2, True, True)


def test_a_database_that_does_not_open_is_named(shop, tmp_path):
    (tmp_path / "shop.sqlite3").mkdir()
    code, _, told = shop("status")
    assert (code, "no_database" in told, "JIFEN_DATABASE_URL" in told) == (2, True, True)


def test_a_live_shop_is_refused_a_plan_that_pays_from_no_account(shop):
    code, _, told = shop("create", "--plan", "points_dividend", "--name", "demo", "--live")
    assert (code, "merchant_funding" in told) == (2, True)
    assert "no_shop" in shop("status")[2]


def test_a_sandbox_says_that_it_is_one_and_status_what_is_to_be_done(sandbox):
    code, told, _ = sandbox("status")
    assert (code, "demo (sandbox)" in told, "jifen worker" in told) == (0, True, True)
    found = json.loads(sandbox("status", "--json")[1])
    assert (found["kind"], found["open_day"], found["stage"]) == ("sandbox", str(FIRST), "active")


def test_what_is_asked_without_a_writer_waits_and_amounts_are_exact(sandbox):
    found = json.loads(sandbox("top-up", "100.5", "--reference", "bank-1", "--json")[1])
    assert (found["state"], found["key"]) == ("pending", "top-up:bank-1")
    sandbox.write()
    again = json.loads(sandbox("top-up", "100.5", "--reference", "bank-1", "--json")[1])
    assert (again["state"], again["repeated"]) == ("accepted", True)
    code, _, told = sandbox("top-up", "100.6", "--reference", "bank-1")
    assert (code, "conflict" in told) == (1, True)
    assert sandbox("top-up", "1.1234567")[0] == 2
    assert json.loads(sandbox("status", "--json")[1])["reserve"] == "100.500000"


def test_a_dated_version_is_listed_and_taken_back(sandbox):
    day = str(date(2199, 1, 1))
    code, _, warned = sandbox("activate", "points_dividend", *FUNDED, "--set", "daily_rate=0.5%", "--on", day)
    assert (code, "SOL-02" in warned) == (0, True)
    found = json.loads(sandbox("schedule", "list", "--json")[1])
    assert [each["state"] for each in found] == ["active", "scheduled"]
    assert sandbox("end", "--yes")[0] == 2
    assert sandbox("schedule", "cancel", day)[0] == 0
    assert len(json.loads(sandbox("schedule", "list", "--json")[1])) == 1


def test_an_end_asks_first(sandbox, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    code, _, told = sandbox("end")
    assert (code, "End the plan?" in told) == (1, True)
    assert json.loads(sandbox("status", "--json")[1])["waiting"] == 0


def test_a_preview_of_the_end_says_who_would_get_what_and_does_nothing(sandbox):
    found = json.loads(sandbox("wind-up", "--preview", "--json")[1])
    assert (found["available"], found["paid"], found["claims"]) == ("0.000000", "0.000000", [])
    code, told, _ = sandbox("wind-up", "--preview")
    assert (code, "written off" in told) == (0, True)
    assert json.loads(sandbox("status", "--json")[1])["stage"] == "active"
