"""Regions: agents of a path and of what is above it, by difference, whoever joined first."""

from typing import Any

import pytest
from tests.engine.shop import Shop, yuan

from jifen.engine.events import AgentSet, PlanActivated
from jifen.engine.explain import explain
from jifen.engine.regions import agent_at, agent_of
from jifen.ledger.journal import Journal
from jifen.plan import revise

HOME = "粤/深/南山"


def shop(agents: dict[str, str | None], **params: Any) -> Shop:
    """The buyer x, then members with the region each is agent of. District 3 %, city 5 %, province 8 %."""
    made = Shop("distribution", **{"generations": []} | params).join(**dict.fromkeys(["x", *agents]))
    for member, region in agents.items():
        if region is not None:
            made.book(AgentSet, member=member, region=region)
    return made


def paid(journal: Journal) -> dict[str, int]:
    return {member: rules["region"] for member, rules in journal.paid().items()}


@pytest.mark.parametrize(
    ("agents", "region", "expected"),
    [
        ({"d": HOME, "c": "粤/深", "p": "粤"}, HOME, {"d": "3", "c": "2", "p": "3"}),
        ({"d": HOME, "c": "粤/深", "p": "粤"}, "粤/深", {"c": "5", "p": "3"}),
        ({"d": HOME, "c": "粤/深", "p": "粤"}, "粤/广/天河", {"p": "8"}),
        ({"d": HOME, "c": "粤/深", "p": "粤"}, "湘/长沙", {}),
        ({"d": HOME, "c": "粤/深", "p": "粤"}, None, {}),
        ({"d": HOME, "c": "粤/深", "p": "粤"}, HOME + "/科技园", {"d": "3", "c": "2", "p": "3"}),
        ({"d": HOME, "p": "粤"}, HOME, {"d": "3", "p": "5"}),
        ({"late": "湘", "first": "粤/深", "second": "粤/深"}, HOME, {"first": "5"}),
        ({"x": HOME}, HOME, {"x": "3"}),
        ({"c": "深"}, HOME, {}),
    ],
)
def test_the_agents_of_a_path_share_by_difference(
    agents: dict[str, str | None], region: str | None, expected: dict[str, str]
) -> None:
    made = shop(agents)
    assert paid(made.order("o1", "x", "100", region=region)) == {who: yuan(part) for who, part in expected.items()}


def test_a_level_whose_rate_is_not_above_the_smaller_one_gets_nothing() -> None:
    rates = {"district": "6%", "city": "5%", "province": "8%"}
    made = shop({"d": HOME, "c": "粤/深", "p": "粤"}, region_rates=rates)
    assert paid(made.order("o1", "x", "100", region=HOME)) == {"d": yuan("6"), "p": yuan("2")}


def test_the_buyer_as_his_own_agent_gives_all_back_even_if_upstream_keeps() -> None:
    for upstream, left in (("reverse", 0), ("keep", yuan("5"))):
        made = shop({"x": HOME, "p": "粤"}, upstream=upstream)
        made.order("o1", "x", "100", region=HOME)
        made.refund("o1", "33.33")
        made.refund("o1", "66.67")
        assert [made.cash(member) for member in "xp"] == [0, left]


def test_an_agent_of_today_is_paid_for_later_orders_only() -> None:
    made = shop({"a": None, "b": "粤/深"})
    assert paid(made.order("o1", "x", "100", region=HOME)) == {"b": yuan("5")}
    made.book(AgentSet, member="a", region="粤/深")
    assert paid(made.order("o2", "x", "100", region=HOME)) == {"a": yuan("5")}, "a joined before b"
    made.book(AgentSet, member="a", region=None)
    assert paid(made.order("o3", "x", "100", region=HOME)) == {"b": yuan("5")}
    made.book(AgentSet, member="b", region="湘")
    assert paid(made.order("o4", "x", "100", region=HOME)) == {}
    made.join(late=None)
    made.book(AgentSet, member="late", region="粤/深")
    assert paid(made.order("o5", "x", "100", region=HOME)) == {"late": yuan("5")}


def test_rates_of_the_day_count() -> None:
    made = shop({"d": HOME})
    made.book(
        PlanActivated, plan=revise(made.plan, {"region_rates": {"district": "1%", "city": "5%", "province": "8%"}})
    )
    assert paid(made.order("o1", "x", "100", region=HOME)) == {"d": yuan("1")}


def test_past_agents_are_looked_up_by_event() -> None:
    made = shop({"a": None, "b": "粤"})
    region, event = made.world.region_names.get("粤"), made.world.next_event
    made.book(AgentSet, member="a", region="粤")
    assert [agent_at(made.world, region, each) for each in (event - 1, event, event + 1)] == [-1, 2, 1]
    assert agent_of(made.world, region) == 1
    assert agent_at(made.world, -1, event) == -1, "a region nobody ever named has no agent"


def test_explanations_name_the_rate_and_who_was_passed_over() -> None:
    """The city gets nothing above the district's 6 %; nobody is agent of a path that was never named."""
    rates = {"district": "6%", "city": "5%", "province": "8%"}
    made = shop({"d": HOME, "c": "粤/深", "p": "粤"}, region_rates=rates)
    made.order("o1", "x", "100", region=HOME)
    (told,) = explain(made.world, "p", 0)
    (source,) = told.sources
    assert (source.member, source.base, source.rate, source.points) == ("x", yuan("100"), 20_000, yuan("2"))
    assert [(passed.member, passed.why) for passed in source.passed] == [
        ("c", "rate not above that of the smaller region")
    ]
    made = shop({"d": HOME, "p": "粤"})
    made.order("o1", "x", "100", region=HOME)
    (told,) = explain(made.world, "p", 0)
    assert [(source.base, source.rate, source.passed) for source in told.sources] == [(yuan("100"), 50_000, ())]
