"""Walks of one order: who is paid going up, against a twin that walks as the field describes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.shop import Shop, chain_of, yuan

from jifen.engine.program import Program, Step
from jifen.engine.walks import peer_step, rates_up
from jifen.plan import load_plan, load_plan_text
from jifen.plan.load import preset_text
from jifen.plan.model import Walk

RATES = (100_000, 200_000, 260_000, 320_000, 380_000, 440_000, 500_000)


def program(**params: Any) -> Program:
    return Program(load_plan("green_points", params))


def walk(compiled: Program, rule: str) -> Step:
    return next(step for step in compiled.walks if step.rule.id == rule)


def paid(compiled: Program, rule: str, places: list[int]) -> list[int]:
    """The rates of ancestors with these places, nearest first; those the walk did not reach have none."""
    top = len(places)
    found = list(
        rates_up(
            compiled,
            walk(compiled, rule),
            0 if top else -1,
            lambda member: member + 1 if member + 1 < top else -1,
            lambda member, _: places[member],
        )
    )
    assert [member for member, _ in found] == list(range(len(found)))
    return [rate for _, rate in found] + [0] * (top - len(found))


places = st.lists(st.integers(-1, 6), max_size=9)


@given(places)
def test_the_differential_walk_pays_what_a_rank_adds(ancestors: list[int]) -> None:
    covered, wanted = 0, []
    for place in ancestors:
        rate = 0 if place < 0 else RATES[place]
        wanted.append(max(rate - covered, 0))
        covered = max(covered, rate)
    assert paid(program(), "team", ancestors) == wanted


@given(places, st.integers(0, 3), st.sampled_from(("equal", "equal_or_lower")))
def test_peers_are_paid_up_to_their_number_at_each_height(ancestors: list[int], most: int, applies: str) -> None:
    covered = peers = 0
    wanted = []
    for place in ancestors:
        rate = 0 if place < 0 else RATES[place]
        fits = 0 < rate <= covered if applies == "equal_or_lower" else 0 < rate == covered
        wanted.append(30_000 if fits and peers < most else 0)
        if rate > covered:
            covered, peers = rate, 0
        elif fits:
            peers += 1
    compiled = program(peer_max=most, peer_applies=applies) if most else program(peer_max=0, peer_applies=applies)
    if any(step.rule.id == "peer" for step in compiled.walks):
        assert paid(compiled, "peer", ancestors) == wanted
    else:
        assert set(wanted) <= {0}


@given(places)
def test_a_generation_walk_ends_with_its_rates(ancestors: list[int]) -> None:
    assert paid(program(), "generation", ancestors) == [500_000, 300_000, *[0] * len(ancestors)][: len(ancestors)]


def test_peers_are_counted_anew_at_each_height() -> None:
    """Bronze, bronze, bronze, silver, silver: one peer of each rank, whatever stands between."""
    assert paid(program(), "peer", [0, 0, 0, 1, -1, 0, 1, 1]) == [0, 30_000, 0, 0, 0, 0, 30_000, 0]


def test_a_cap_makes_high_ranks_peers() -> None:
    """At most 26%: gold and above have one rate, so the second of them is a peer and adds nothing."""
    capped = program(team_cap="26%")
    assert paid(capped, "team", [3, 6]) == [260_000, 0]
    assert paid(capped, "peer", [3, 6]) == [0, 30_000]


@pytest.mark.parametrize(
    ("rate", "covered", "peers", "applies", "wanted"),
    [
        (0, 0, 0, "equal", (False, 0)),
        (0, 5, 0, "equal_or_lower", (False, 0)),
        (5, 5, 0, "equal", (True, 1)),
        (5, 5, 2, "equal", (False, 2)),
        (4, 5, 0, "equal", (False, 0)),
        (4, 5, 1, "equal_or_lower", (True, 2)),
        (6, 5, 0, "equal_or_lower", (False, 0)),
    ],
)
def test_one_step_of_a_peer_walk(rate: int, covered: int, peers: int, applies: str, wanted: tuple[bool, int]) -> None:
    assert peer_step(rate, covered, peers, Walk("referral", "peer", most=2, applies=applies)) == wanted


def test_an_order_is_walked_by_the_ranks_before_it() -> None:
    """m0 manager (30%), m1 director (50%), buyer m2: 500 to m1, the higher is met first, so m0 gets nothing."""
    shop = Shop(generations=[]).join(**chain_of(3))
    for member in ("m0", "m1"):
        shop.order(f"own {member}", member, "1000")
    shop.rank("m0", "经理")
    shop.rank("m1", "总监")
    journal = shop.order("o", "m2", "1000")
    assert journal.paid() == {"m1": {"team": yuan("500")}}


def test_higher_ranks_above_get_the_difference_from_their_own_lots() -> None:
    """Manager 30% below director 50%: 300 and 200; the director's lot of 150 gives what it has, 50 are forfeited."""
    shop = Shop(generations=[]).join(**chain_of(3))
    shop.order("own m0", "m0", "150")
    shop.order("own m1", "m1", "1000")
    shop.rank("m0", "总监")
    shop.rank("m1", "经理")
    journal = shop.order("o", "m2", "1000")
    assert journal.paid() == {"m1": {"team": yuan("300")}, "m0": {"team": yuan("150")}}
    assert journal.forfeited() == {"m0": yuan("50")}


def test_only_members_with_an_order_of_their_own_where_the_plan_asks_for_it() -> None:
    text = {"generations": ["10%"]}
    plan = load_plan("points_dividend", text)
    assert Shop(plan).join(a=None, b="a").order("o", "b", "100").paid() == {}


# -- walks that are no differences ------------------------------------------------------------------------------------


def club(rule: str, *ranks: str | None, daily: bool = False) -> Shop:
    """m0 above m1 above …, with these ranks by hand: A 10 %, B 20 %, C 20 % too, for no more counts; one rule more."""
    text = f"""
preset: club
title: {{en: Club, zh: 会员俱乐部}}
params:
  settle_at: paid
  funding: merchant
  ranks: [{{rank: A, min: null, rate: 10%}}, {{rank: B, min: null, rate: 20%}}, {{rank: C, min: null, rate: 30%}}]
stores:
  points: {{lots: parallel, lag: 0}}
ranks:
  team: {{ladder: $ranks, by: appointed, at_most: 20%}}
rules:
  - {{id: grant, when: order, amount: {{share: 100%, of: trigger_amount}}, pay: {{grant: points}}}}
  - {{id: static, when: daily, amount: {{schedule: points, rate: 1%}}, gate: {{drain: points}}, pay: {{asset: cash}}}}
  - {{id: more, when: {"daily" if daily else "order"}, amount: {{share: {rule}, pay: {{asset: cash}}}}
"""
    shop = Shop(load_plan_text(text)).join(**chain_of(len(ranks) + 1))
    for place, rank in enumerate(ranks):
        shop.rank(f"m{place}", rank)
    return shop


def more(shop: Shop, buyer: str, amount: str = "100") -> dict[str, int]:
    """What the rule pays for an order, by member."""
    return {member: rules["more"] for member, rules in shop.order("o", buyer, amount).paid().items()}


OWN_RANK = "$ranks.rate, of: trigger_amount}, who: {walk: referral, by: own_rank, ranks: team, depth: 3}"


def test_by_his_own_rank_everyone_is_paid_whoever_stands_below() -> None:
    shop = club(OWN_RANK, "C", "A", None, "B")
    assert more(shop, "m4") == {"m3": yuan("20"), "m1": yuan("10")}, "m2 has no rank, m0 is the fourth"


def test_by_his_own_rank_nobody_gets_more_than_the_ladder_allows() -> None:
    text = preset_text("consumption_dividend").replace("demote: on_refund}", "demote: on_refund, at_most: 4%}")
    shop = Shop(load_plan_text(text)).join(a=None, b="a")
    shop.order("o1", "a", "1000")
    assert shop.order("o2", "b", "1000").paid() == {"a": {"referral": yuan("40")}}


PEERS = "$peer_rates, of: trigger_amount}, who: {walk: referral, by: peer, ranks: team, most: 2}"


def test_of_a_list_of_rates_each_peer_of_a_height_has_his_own() -> None:
    """From m6 up: A, A (3 %), A (1 %), A (nothing), B, C, whose rate is B's (3 %)."""
    rule = PEERS.replace("$peer_rates", "[3%, 1%]")
    shop = club(rule, "C", "B", "A", "A", "A", "A")
    assert more(shop, "m6") == {"m4": yuan("3"), "m3": yuan("1"), "m0": yuan("3")}


def test_a_days_release_pays_peers_by_the_same_list() -> None:
    """m4 and m3 release 10 each; what comes from below a member has met the peers between."""
    rule = PEERS.replace("$peer_rates", "[3%, 1%]").replace("trigger_amount", "static_release")
    shop = club(rule, "A", "A", "A", "A", daily=True)
    for place in (4, 3):
        shop.order(f"o{place}", f"m{place}", "1000")
    paid = {member: rules.get("more", 0) for member, rules in shop.close().paid().items()}
    # Of m4's 10: m3 is the height, m2 3 %, m1 1 %. Of m3's 10: m2 is the height, m1 3 %, m0 1 %.
    assert paid == {"m4": 0, "m3": 0, "m2": yuan("0.3"), "m1": yuan("0.4"), "m0": yuan("0.1")}


def test_a_days_release_pays_each_by_his_own_rank_within_the_depth() -> None:
    """m4 releases 10.05, m3 10. m3 (B) 20 % of m4; m1 (A) 10 % of both; m0 (C) is four above m4: 20 % of m3."""
    shop = club(OWN_RANK.replace("trigger_amount", "static_release"), "C", "A", None, "B", daily=True)
    for place, amount in ((4, "1005"), (3, "1000")):
        shop.order(f"o{place}", f"m{place}", amount)
    paid = {member: rules.get("more", 0) for member, rules in shop.close().paid().items()}
    assert paid == {"m4": 0, "m3": yuan("2.01"), "m1": yuan("2.005"), "m0": yuan("2")}
    shop.refund("o4", "1005")
    assert [shop.cash(f"m{place}") for place in (0, 1)] == [yuan("2"), yuan("1")]


def test_one_rate_serves_so_many_generations_and_a_live_order_may_be_asked_for() -> None:
    rule = "2%, of: trigger_amount}, who: {walk: referral, by: generation, depth: 3, own_order: true}"
    shop = club(rule, None, None, None)
    shop.order("m1s", "m1", "10")
    shop.order("m2s", "m2", "10")
    shop.refund("m2s", "10")
    assert more(shop, "m3") == {"m1": yuan("2")}
