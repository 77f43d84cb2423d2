"""A compiled plan: tables at their edges, ladders under a cap, rules by the time they run."""

import pytest

from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.engine.program import Ladder, Program, row_at
from jifen.plan import load_plan
from jifen.plan.model import Ranks, Row

BY_MIN = (Row("low", min=3000), Row("middle", min=9000), Row("high", min=27000))
BY_MAX = (Row("low", max=200), Row("middle", max=1000), Row("rest", max=None))


@pytest.mark.parametrize(
    ("measure", "name"),
    [(0, None), (2999, None), (3000, "low"), (8999, "low"), (9000, "middle"), (26999, "middle"), (27000, "high"),
     (10**15, "high")],
)  # fmt: skip
def test_a_lower_bound_is_inclusive_and_below_the_first_there_is_no_row(measure: int, name: str | None) -> None:
    row = row_at(BY_MIN, measure)
    assert (row and row.name) == name


@pytest.mark.parametrize(
    ("measure", "name"), [(0, "low"), (200, "low"), (201, "middle"), (1000, "middle"), (1001, "rest"), (10**15, "rest")]
)
def test_an_upper_bound_is_inclusive_and_the_last_has_none(measure: int, name: str) -> None:
    row = row_at(BY_MAX, measure)
    assert row is not None
    assert row.name == name


def test_a_row_by_appointment_only_holds_for_no_measure() -> None:
    assert row_at((Row("appointed"), Row("earned", min=5)), 4) is None


def ranks(*rates: int, at_most: int | None = None) -> Ranks:
    ladder = tuple(Row(f"r{place}", min=place + 1, columns={"rate": rate}) for place, rate in enumerate(rates))
    return Ranks("team", ladder, by="performance", at_most=at_most)


def test_places_point_to_their_rates() -> None:
    ladder = Ladder.of(ranks(100_000, 200_000, 260_000))
    assert ladder.rates == (0, 100_000, 200_000, 260_000)
    assert ladder.levels == (1, 2, 3)
    assert [ladder.rate_at(place) for place in (-1, 0, 1, 2)] == [0, 100_000, 200_000, 260_000]


def test_ranks_above_a_cap_share_one_level() -> None:
    ladder = Ladder.of(ranks(300_000, 400_000, 500_000, 600_000, at_most=450_000))
    assert ladder.rates == (0, 300_000, 400_000, 450_000)
    assert ladder.levels == (1, 2, 3, 3)
    assert ladder.rate_at(3) == 450_000


def test_a_cap_of_nothing_leaves_no_rate() -> None:
    ladder = Ladder.of(ranks(300_000, 400_000, at_most=0))
    assert (ladder.rates, ladder.levels, ladder.rate_at(1)) == ((0,), (0, 0), 0)


def test_rules_are_sorted_by_when_they_run() -> None:
    program = Program(load_plan("green_points"))
    assert [step.rule.id for step in program.by_event["order"]] == ["grant"]
    assert [step.rule.id for step in program.schedules] == ["static"]
    assert [step.rule.id for step in program.walks] == ["generation", "team", "peer"]
    assert [step.index for step in program.walks] == [2, 3, 4]


def test_a_rule_that_is_switched_off_never_runs_but_keeps_its_place() -> None:
    program = Program(load_plan("green_points", {"generations": [], "peer_rate": "0%"}))
    assert [step.rule.id for step in program.walks] == ["team"]
    assert program.walks[0].index == 3


def test_daily_exits_are_no_queues() -> None:
    program = Program(load_plan("appreciation", {"exit_check": "daily"}))
    assert [step.rule.id for step in program.daily_exits] == ["exit"]
    assert (program.queues, program.by_event["event"]) == ((), ())
    served = Program(load_plan("rebate_queue"))
    assert [step.rule.id for step in served.queues] == ["serve"]
    assert served.pool_names == ("queue",)


def test_an_order_is_judged_by_the_table_that_grants() -> None:
    entry = Program(load_plan("green_points", {"tier_by": "cumulative"})).entry_rows
    assert entry is not None
    assert (entry[0][0].min, entry[1]) == (3000 * MICRO, "cumulative")
    assert Program(load_plan("points_dividend")).entry_rows is None


def test_only_stores_that_release_have_a_schedule() -> None:
    program = Program(load_plan("rebate_queue"))
    assert program.schedule_of("claim") is None
    found = Program(load_plan("points_dividend")).schedule_of("points")
    assert found is not None
    assert found.rule.id == "static"


def test_a_step_asked_for_another_filling_says_so() -> None:
    grant, *_ = Program(load_plan("points_dividend")).steps
    for filling in ("schedule", "walk", "head", "gate", "asset", "drains"):
        with pytest.raises(TypeError, match="expected"):
            getattr(grant, filling)


def test_a_rate_by_line_on_another_base_than_the_order_is_refused() -> None:
    from jifen.core.errors import PlanError
    from jifen.plan import load_plan

    overrides = {"overrides": [{"where": {"merchant": "m1"}, "mint_share": "10%"}]}
    with pytest.raises(PlanError) as caught:
        World(load_plan("appreciation", overrides))
    assert [problem.code for problem in caught.value.problems] == ["slot_mismatch"]
