"""After each close: what is found, what freezes a live shop, and what lifts it."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from tests.service.conftest import joins, order

from jifen.batch.event_text import parse_event
from jifen.core.errors import InputError
from jifen.engine.events import MemberJoined, OrderRefunded, WithdrawalRequested
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.audit import audit
from jifen.service.closing import ask_closes
from jifen.service.door import enter
from jifen.service.inbox import submit
from jifen.service.life import activate, pause, resume, unfreeze
from jifen.service.money import top_up
from jifen.service.programs import watching
from jifen.service.programs.frozen import frozen
from jifen.service.programs.gate import freeze_of, last_facts, read_facts, written_facts
from jifen.service.programs.models import Freeze, Program, RunFinding
from jifen.service.programs.publishing import draft, versions
from jifen.service.programs.terms import set_asked
from jifen.service.shop import Terms, create_shop
from jifen.service.standing import standing
from jifen.service.versions import schedule
from jifen.service.writer import JOURNAL, SNAPSHOTS, Writer

FIRST = 738000
YUAN = 1_000_000
MIDNIGHT = datetime.fromordinal(FIRST + 1).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
TEAM = load_plan("distribution", {"funding": "reserve", "reserve_share": "50%"})
"""Rewards over several generations, which CN-03 blocks; a waiver would let it be published."""
SAFE = load_plan("member_rebate")


def code(action, *arguments, **named):
    with pytest.raises(InputError) as raised:
        action(*arguments, **named)
    return raised.value.problems[0].code


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def close(folder, using, day):
    """Close a day (0 is the first) and look at it."""
    ask_closes(MIDNIGHT + timedelta(days=day), using=using)
    write(folder, using)
    found = watching.watch(folder / SNAPSHOTS, using=using)
    write(folder, using)
    return found


def published(plan, using):
    """As if two people had waived what may be waived."""
    draft(plan, using=using)
    Program.objects.using(using).filter(digest=plan.digest).update(state="published")


def shop_with(plan, using, *, live=True):
    create_shop(plan, FIRST, Terms("test", live=live), using=using)
    published(plan, using)
    return using


def test_the_facts_of_a_close_are_those_of_the_tree_the_orders_and_the_coverage(using, folder):
    shop = shop_with(load_plan("points_dividend"), using, live=False)
    submit([*joins("ann", "bob", "cem"), MemberJoined(id="j-dan", day=0, member="dan")], using=shop)
    submit([order("o1", "ann", 100), order("o2", "cem", 50), order("o3", "dan", 7)], using=shop)
    submit([OrderRefunded(id="r1", day=0, order="o2", amount=20 * YUAN)], using=shop)
    found = close(folder, shop, 0)
    facts = last_facts(shop)
    # ann, bob, cem and the organiser; dan stands alone. 100 + 30 in the tree.
    assert (facts.tree_members, facts.tree_levels, facts.fees_collected) == (4, 4, Fraction(130))
    # Of 100 + 30 + 7 points ann has had 15 % of 30 already, two above cem, who kept an order of 30.
    assert (facts.coverage, facts.unpaid_if_stopped, facts.members_unpaid) == (Fraction(0), Fraction("132.5"), 3)
    assert (found.day, found.plan) == (FIRST, load_plan("points_dividend").digest)
    assert watching.watch(folder / SNAPSHOTS, using=shop) is None
    assert freeze_of(shop) is None


def test_facts_read_back_as_they_were_written(using, folder):
    shop_with(SAFE, using, live=False)
    close(folder, using, 0)
    facts = replace(last_facts(using), coverage=Fraction(1, 3), own_purchase_share=None)
    assert read_facts(written_facts(facts)) == facts


def test_who_buys_from_himself_is_seen_over_the_last_days(using, folder):
    from jifen.engine.events import Line, OrderPaid

    shop_with(SAFE, using, live=False)
    lines = (Line(amount=30 * YUAN, merchant="ann"), Line(amount=70 * YUAN, line="2", merchant="shop"))
    submit([*joins("ann"), OrderPaid(id="o1", day=0, member="ann", lines=lines)], using=using)
    close(folder, using, 0)
    assert last_facts(using).self_dealing_share == Fraction(30, 100)


def test_coverage_below_thirty_percent_stops_new_promises_and_a_top_up_lets_them_go_on(using, folder, monkeypatch):
    plan = load_plan("points_dividend", {"funding": "reserve", "reserve_share": "10%"})
    shop = shop_with(plan, using)
    monkeypatch.setattr("jifen.service.programs.waivers.standing_blocks", lambda found, waivers: [])
    monkeypatch.setattr("jifen.service.programs.gate.standing_blocks", lambda found, waivers: [])
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    assert close(folder, shop, 0).stops == ["grants"]
    assert standing(shop).digest == frozen(plan, ["grants"]).digest
    submit([*joins("bob")[:1]], using=shop)
    set_asked(limited=False, using=shop)
    submit([order("o2", "ann", 100)], using=shop)
    write(folder, shop)
    assert claims(shop) == 100
    assert code(unfreeze, using=shop) == "shop_frozen"
    top_up(1000 * YUAN, "bank-1", using=shop)
    assert close(folder, shop, 1).stops == []
    assert freeze_of(shop) is not None
    unfreeze(using=shop)
    write(folder, shop)
    assert (freeze_of(shop), standing(shop).digest) == (None, plan.digest)
    submit([order("o3", "ann", 100)], using=shop)
    write(folder, shop)
    assert claims(shop) > 100
    assert audit(folder / JOURNAL, shop).sound


def claims(using):
    """Points that ann has open, in whole units."""
    from jifen.service.recovery import recover

    world = recover(using)[0]
    return -(-sum(world.remaining("ann", "points")) // YUAN)


def test_a_tree_at_the_threshold_stops_joins_grants_and_rewards_of_those_above_and_nothing_else(using, folder):
    shop = shop_with(TEAM, using)
    events = [MemberJoined(id="j-top", day=0, member="top")]
    events += [MemberJoined(id=f"j-{n}", day=0, member=f"m{n}", referrer="top") for n in range(29)]
    submit([*events, order("o1", "m1", 100)], using=shop)
    found = close(folder, shop, 0)
    assert found.stops == ["joins", "grants", "upline_rewards"]
    held = freeze_of(shop)
    assert (held.plan, "CN-04" in held.findings) == (TEAM.digest, True)
    assert standing(shop).digest == frozen(TEAM).digest
    assert [(each.state, each.frozen) for each in versions(shop)] == [("active", True)]
    refused, done = enter([MemberJoined(id="j-new", day=0, member="new", referrer="top"),
                           OrderRefunded(id="r1", day=0, order="o1", amount=100 * YUAN)], using=shop)  # fmt: skip
    assert (refused.code, done.code) == ("shop_frozen", "")
    assert enter([events[0]], using=shop)[0].code == ""
    submit([WithdrawalRequested(id="w1", day=0, member="top", amount=1)], using=shop)
    write(folder, shop)
    assert models.Inbox.objects.using(shop).get(key="w1").code != "shop_frozen"
    assert models.Inbox.objects.using(shop).get(key="r1").event is not None
    assert code(unfreeze, using=shop) == "shop_frozen"
    published(SAFE, shop)
    activate(SAFE, using=shop)
    write(folder, shop)
    assert (freeze_of(shop), standing(shop).digest) == (None, SAFE.digest)
    assert audit(folder / JOURNAL, shop).sound


def test_a_plan_that_is_paused_stays_so_when_it_is_frozen_and_is_resumed_frozen(using, folder):
    shop = shop_with(TEAM, using)
    pause(using=shop)
    write(folder, shop)
    assert close(folder, shop, 0).stops == ["joins", "grants", "upline_rewards"]
    assert (standing(shop).stage, standing(shop).digest) == ("paused", frozen(TEAM).digest)
    resume(using=shop)
    write(folder, shop)
    assert (standing(shop).stage, freeze_of(shop) is None) == ("active", False)
    names = [parse_event(text).name for text in models.Event.objects.using(shop).values_list("content", flat=True)]
    assert sorted(names) == ["day_closed", "plan_activated", "plan_activated", "plan_paused", "plan_paused"]


def test_a_freeze_grows_with_what_is_found_and_a_quiet_close_lifts_nothing(using, folder, monkeypatch):
    shop = shop_with(SAFE, using)
    found = watching.verdict

    def with_stops(*stops):
        class Found:
            def __init__(self, made):
                self.found, self.blocks, self.waivers, self.stops = made.found, (), (), stops

        monkeypatch.setattr(watching, "verdict", lambda *given, **named: Found(found(*given, **named)))

    for day, (stops, held) in enumerate([((), None), (("grants",), ["grants"]), ((), ["grants"]),
                                         (("joins",), ["joins", "grants"])]):  # fmt: skip
        with_stops(*stops)
        close(folder, shop, day)
        now = freeze_of(shop)
        assert (now and now.stops) == held
    assert Freeze.objects.using(shop).count() == 2
    assert RunFinding.objects.using(shop).count() == 4


def test_a_dated_version_that_would_be_frozen_at_once_does_not_begin(using, folder):
    shop = shop_with(TEAM, using)
    other = load_plan("distribution", {"funding": "reserve", "reserve_share": "60%"})
    published(other, shop)
    monkey = pytest.MonkeyPatch()
    monkey.setattr("jifen.service.programs.gate.standing_blocks", lambda found, waivers: [])
    schedule(other, FIRST + 2, using=shop)
    monkey.undo()
    close(folder, shop, 0)
    close(folder, shop, 1)
    assert standing(shop).digest == frozen(TEAM).digest
    assert models.Run.objects.using(shop).count() == 2


def test_a_sandbox_is_looked_at_and_never_frozen(using, folder):
    shop = shop_with(TEAM, using, live=False)
    assert close(folder, shop, 0).day == FIRST
    assert freeze_of(shop) is None


@pytest.mark.parametrize("live", [True, False])
def test_the_log_says_whether_a_close_freezes_the_shop_or_would(using, folder, monkeypatch, caplog, live):
    from jifen.service.serving import worker

    plan = load_plan("points_dividend", {"funding": "reserve", "reserve_share": "10%"})
    shop = shop_with(plan, using, live=live)
    monkeypatch.setattr("jifen.service.programs.waivers.standing_blocks", lambda found, waivers: [])
    monkeypatch.setattr("jifen.service.programs.gate.standing_blocks", lambda found, waivers: [])
    submit([*joins("ann"), order("o1", "ann", 100)], using=shop)
    ask_closes(MIDNIGHT, using=shop)
    write(folder, shop)
    with caplog.at_level("INFO"):
        worker._look(folder, shop)
        worker._look(folder, shop)  # nothing is new
    (said,) = [each for each in caplog.records if each.name == worker.__name__]
    assert said.levelname == ("ERROR" if live else "WARNING")
    assert said.message.startswith("the shop is frozen" if live else "a live shop would be frozen")
