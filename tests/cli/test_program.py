"""``jifen program``: what an operator types on the way of a version into a live shop."""

import json

import pytest
from tests.cli.test_shop import shop

__all__ = ["shop"]

FUNDED = ["--set", "refund_days=9"]


@pytest.fixture
def live(shop, jifen, monkeypatch):
    """A live shop; ``program`` runs ``jifen program …``, ``shop`` ``jifen shop …``."""
    from jifen.assess import solvency

    for name in ("_DAYS", "_STOP", "_AFTER"):
        monkeypatch.setattr(solvency, name, 5)
    monkeypatch.setattr(solvency, "_DAYS_MAX", 10)
    assert shop("create", "--plan", "member_rebate", "--name", "demo", "--live")[0] == 0

    def run(*arguments):
        return jifen("program", *arguments)

    run.shop = shop
    return run


def owner(code):
    """An owner's account."""
    from jifen.service.members.models import Account

    Account.objects.create(code=code, role="owner")
    return code


def test_a_live_shop_activates_and_schedules_a_version_only_when_it_is_published(live):
    for dated in ([], ["--on", "2199-01-01"]):
        code, _, told = live.shop("activate", "member_rebate", *FUNDED, *dated)
        assert (code, "not_published" in told, "jifen program publish" in told) == (2, True, True)
    assert live("publish", "member_rebate", *FUNDED)[0] == 0
    assert live.shop("activate", "member_rebate", *FUNDED)[0] == 0
    live.shop.write()
    found = {each["digest"]: each["state"] for each in json.loads(live("list", "--json")[1])}
    assert sorted(found.values()) == ["active", "superseded"]


def test_what_blocks_is_named_and_waived_by_two_accounts(live):
    plan = ["member_rebate", "--set", "refund_days=3"]
    code, told, _ = live("check", *plan)
    assert (code, "blocked by CN-17" in told) == (1, True)
    why = ["--reason", "licensed", "--counsel", "Chen", "--document", "2026-17"]
    assert "not_allowed" in live("waive", *plan[:1], "CN-17", *plan[1:], *why, "--as", "nobody")[2]
    one, two = owner("one"), owner("two")
    made = json.loads(live("waive", *plan[:1], "CN-17", *plan[1:], *why, "--as", one, "--json")[1])
    assert "second_person" in live("grant", str(made["id"]), "--as", one)[2]
    assert "plan_blocked" in live("publish", *plan)[2]
    assert live("grant", str(made["id"]), "--as", two)[0] == 0
    assert live("publish", *plan)[0] == 0


def test_findings_freezes_and_previews_are_shown(live):
    assert "No close has been looked at" in live("findings")[1]
    assert "not_frozen" in live("unfreeze")[2]
    found = json.loads(live("preview", "member_rebate", *FUNDED, "--json")[1])
    assert (found["members"], found["differences"]) == (0, [])
    assert live("preview", "member_rebate", *FUNDED)[0] == 0
    assert "unknown_version" in live("publish", "0" * 64)[2]
