"""The gate: what may be published in a live shop, what is waived and by whom, and what never is."""

from datetime import UTC, datetime, timedelta

import pytest

from jifen.assess.rule_pack import jurisdictions
from jifen.core.errors import InputError
from jifen.plan import load_plan
from jifen.service.acting import acting
from jifen.service.life import activate
from jifen.service.programs.gate import verdict
from jifen.service.programs.models import Program, Study, Waiver
from jifen.service.programs.publishing import draft, look, publish, versions
from jifen.service.programs.studies import content_of, plan_of
from jifen.service.programs.terms import set_facts
from jifen.service.programs.waivers import Grounds, ask_waiver, grant_waiver, revoke_waiver
from jifen.service.shop import Terms, create_shop
from jifen.service.versions import dated_event, schedule
from jifen.service.writer import Writer

FIRST = 738000
SAFE = load_plan("member_rebate")
GROUNDS = Grounds("the shop is licensed", "Chen & Partners", "opinion 2026-17")
ONE_LEVEL = load_plan("member_rebate", {"refund_days": 3})
"""It passes but for CN-17, the seven days in which goods may be returned, which counsel may answer for."""


def code(action, *arguments, **named):
    with pytest.raises(InputError) as raised:
        action(*arguments, **named)
    return raised.value.problems[0].code


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Assess on a short shop: what it says is tested elsewhere."""
    from jifen.assess import solvency

    for name in ("_DAYS", "_STOP", "_AFTER"):
        monkeypatch.setattr(solvency, name, 5)
    monkeypatch.setattr(solvency, "_DAYS_MAX", 10)


@pytest.fixture
def live(using):
    """A live shop with a plan that is a draft still."""
    create_shop(SAFE, FIRST, Terms("test", live=True), using=using)
    return using


def waived(plan, finding, using):
    with acting("staff:one"):
        asked = ask_waiver(verdict(plan, using=using).found, finding, GROUNDS, using=using)
    with acting("staff:two"):
        return grant_waiver(asked.id, using=using)


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def states(using):
    return {each.program.digest: each.state for each in versions(using)}


def test_a_version_is_a_draft_then_checked_then_published_then_active_then_superseded(live, folder):
    other = load_plan("member_rebate", {"refund_days": 8})
    publish(SAFE.digest, using=live)
    draft(other, using=live)
    assert states(live) == {SAFE.digest: "active", other.digest: "draft"}
    program, _ = look(other.digest, using=live)
    assert program.state == "checked"
    assert code(activate, other, using=live) == code(schedule, other, FIRST + 2, using=live) == "not_published"
    publish(other.digest, using=live)
    assert states(live)[other.digest] == "published"
    activate(other, using=live)
    write(folder, live)
    assert states(live) == {SAFE.digest: "superseded", other.digest: "active"}


def test_what_was_found_is_kept_and_worked_out_once(live):
    program = publish(SAFE.digest, using=live)
    assert {each.kind for each in Study.objects.using(live)} == {"check", "assess", "page", "disclosure"}
    assert content_of(program.checking, live)["digest"] == SAFE.digest
    assert content_of(program.disclosure, live)["waivers"] == []
    publish(SAFE.digest, using=live)
    assert Study.objects.using(live).count() == 4


def test_what_blocks_is_not_published_until_two_people_have_waived_it(live):
    draft(ONE_LEVEL, using=live)
    assert code(publish, ONE_LEVEL.digest, using=live) == "plan_blocked"
    assert Program.objects.using(live).get(digest=ONE_LEVEL.digest).state == "checked"
    with acting("staff:one"):
        asked = ask_waiver(verdict(ONE_LEVEL, using=live).found, "CN-17", GROUNDS, using=live)
        assert code(grant_waiver, asked.id, using=live) == "second_person"
    assert code(publish, ONE_LEVEL.digest, using=live) == "plan_blocked"
    with acting("staff:two"):
        grant_waiver(asked.id, using=live)
    program = publish(ONE_LEVEL.digest, using=live)
    (shown,) = content_of(program.disclosure, live)["waivers"]
    assert (shown["finding"], shown["counsel"], shown["document"]) == ("CN-17", "Chen & Partners", "opinion 2026-17")


def test_the_database_itself_refuses_a_waiver_of_one_person(live):
    from django.db import IntegrityError

    now = datetime.now(UTC)
    one = {"asked_by": "staff:one", "asked_at": now, "granted_by": "staff:one", "granted_at": now}
    with pytest.raises(IntegrityError, match="two_people"):
        Waiver.objects.using(live).create(plan="p", finding="f", reason="r", counsel="c", document="d", **one)


def test_a_waiver_is_of_one_version_and_ends_after_twelve_months_or_when_it_is_taken_back(live, folder):
    draft(ONE_LEVEL, using=live)
    waiver = waived(ONE_LEVEL, "CN-17", live)
    other = load_plan("member_rebate", {"refund_days": 4})
    draft(other, using=live)
    assert code(publish, other.digest, using=live) == "plan_blocked"
    publish(ONE_LEVEL.digest, using=live)
    publish(SAFE.digest, using=live)
    schedule(ONE_LEVEL, FIRST + 1, using=live)
    assert dated_event(FIRST + 1, live).plan.digest == ONE_LEVEL.digest
    assert waiver.ends_at.replace(year=waiver.ends_at.year - 1) == waiver.granted_at
    Waiver.objects.using(live).update(ends_at=datetime.now(UTC) - timedelta(seconds=1))
    assert code(activate, ONE_LEVEL, using=live) == "plan_blocked"
    assert dated_event(FIRST + 1, live) is None
    again = waived(ONE_LEVEL, "CN-17", live)
    activate(ONE_LEVEL, using=live)
    revoke_waiver(again.id, using=live)
    assert [each.id for each in verdict(ONE_LEVEL, using=live).blocks] == ["CN-17"]


def test_headcounts_promises_without_funding_and_misleading_texts_are_never_waived(live):
    refer = load_plan("refer_three", {"funding": "reserve", "reserve_share": "10%"})
    found = verdict(refer, using=live).found
    assert {"CN-02"} <= {each.id for each in found.blocks}
    assert code(ask_waiver, found, "CN-02", GROUNDS, using=live) == "never_waivable"
    assert code(ask_waiver, found, "CN-17", GROUNDS, using=live) == "not_blocking"
    set_facts({"texts": {"front page": "稳赚不赔，只涨不跌"}}, using=live)
    found = verdict(SAFE, using=live).found
    assert code(ask_waiver, found, "CN-09", GROUNDS, using=live) == "never_waivable"


def test_a_waiver_that_was_written_past_the_gate_does_not_open_it(live):
    set_facts({"texts": {"front page": "稳赚不赔，只涨不跌"}}, using=live)
    now = datetime.now(UTC)
    Waiver.objects.using(live).create(
        plan=SAFE.digest, finding="CN-09", reason="r", counsel="c", document="d", asked_by="staff:one", asked_at=now,
        granted_by="staff:two", granted_at=now, ends_at=now + timedelta(days=9),
    )  # fmt: skip
    assert code(publish, SAFE.digest, using=live) == "plan_blocked"


def test_what_the_design_says_is_never_waivable_is_so_in_the_rules():
    never = {
        rule for pack in jurisdictions().values() for rule, each in pack.rules.items()
        if any(level.severity == "block" and not level.waivable for level in each.levels)
    }  # fmt: skip
    assert never == {"SOL-02", "CN-01", "CN-02", "CN-03", "CN-04", "CN-05", "CN-09", "CN-10", "CN-14", "CN-15"}


def test_a_waiver_names_its_reason_counsel_and_document(live):
    found = verdict(ONE_LEVEL, using=live).found
    assert code(ask_waiver, found, "CN-17", Grounds("", "x", "y"), using=live) == "bad_waiver"
    assert code(grant_waiver, 99, using=live) == "unknown_waiver"


def test_which_laws_apply_is_no_choice(live):
    assert code(set_facts, {"seat": "SG"}, using=live) == "derived_fact"
    assert code(set_facts, {"merchants": -1}, using=live) == "out_of_bounds"
    from jifen.service.members.models import Account

    Account.objects.using(live).create(phone_country="US")
    assert verdict(SAFE, using=live).found.jurisdictions == ("solvency", "cn", "us")


def test_a_sandbox_has_no_gate_and_says_that_it_is_one(shop):
    wild = load_plan("refer_three")
    activate(wild, using=shop)
    draft(wild, using=shop)
    publish(wild.digest, using=shop)
    assert all(each.sandbox for each in versions(shop))
    assert code(plan_of, "none", shop) == "unknown_version"


def test_one_version_is_worked_on_at_a_time_and_a_second_one_is_told_so(live):
    from jifen.service.programs.studies import alone

    draft(SAFE, using=live)
    with alone():
        assert code(look, SAFE.digest, using=live) == "busy"
    look(SAFE.digest, using=live)
    with alone():
        assert look(SAFE.digest, using=live)[0].state == "checked"


def test_every_change_of_a_waiver_and_of_terms_is_in_history_with_who_made_it(live):
    draft(ONE_LEVEL, using=live)
    waiver = waived(ONE_LEVEL, "CN-17", live)
    with acting("staff:one"):
        set_facts({"merchants": 1}, using=live)
        set_facts({"merchants": 2}, using=live)
    from jifen.service.programs.models import Terms as Said

    rows = Waiver.history.using(live).filter(id=waiver.id).order_by("history_id")
    assert [(row.history_user_id, row.granted_by) for row in rows] == [("staff:one", ""), ("staff:two", "staff:two")]
    said = Said.history.using(live).order_by("history_id")
    assert [(row.history_user_id, row.facts) for row in said] == [
        ("staff:one", {"merchants": 1}), ("staff:one", {"merchants": 2}),
    ]  # fmt: skip
