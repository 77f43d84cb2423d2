"""Plans put together: shared by equal names, told apart by renaming, never by chance."""

from pathlib import Path

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text
from jifen.plan.model import Asset, Curve, Feed, Lots, Money, Share

PLANS = Path(__file__).parent / "plans"
BOTH = (
    "preset: both\ncompose: [rebate_queue, {appreciation: {pool_share: token_share, feed: token_feed, pool: fund}}]\n"
)


def told(text, file="both.yaml"):
    with pytest.raises(PlanError) as error:
        load_plan_text(text, file)
    return [(problem.code, problem.line, problem.column) for problem in error.value.problems]


def test_renaming_reaches_parameters_stores_and_rules_and_nothing_else():
    plan = load_plan_text(BOTH)
    assert plan.params["pool_share"] == 200_000
    assert plan.params["token_share"] == 300_000
    assert plan.stores == {
        "claim": Lots("claim", "queue", 15),
        "queue": Money("queue"),
        "fund": Curve("fund", 1_000_000),
        "tokens": Lots("tokens", "tokens", 0, priced_by="fund"),
    }
    assert [rule.id for rule in plan.rules] == [
        "claim", "feed", "accelerate", "serve", "token_feed", "mint", "sell", "exit"
    ]  # fmt: skip
    assert plan.rules[4].pay == Feed("fund")
    assert plan.rules[5].amount == Share("token_feed", (700_000,))
    assert plan.rules[6].pay == Asset("cash", source="fund", retain=200_000)


def test_the_word_pool_means_the_only_pool_of_its_own_file():
    plan = load_plan_text(BOTH.replace(", pool: fund", ""))
    assert [plan.rules[index].pay.source for index in (2, 3, 6, 7)] == ["queue", "queue", "pool", "pool"]


def test_text_alone_composes_presets_only():
    text = "preset: x\ncompose: [legacy_conversion]\n"
    assert ("unknown_plan", 2, "compose") in told(text, str(PLANS / "x.yaml"))


def test_a_file_composes_files_of_its_own_folder_and_renaming_a_store_leaves_an_asset_alone(tmp_path):
    for name in ("legacy_conversion", "refer_three", "refer_three_appreciation"):
        (tmp_path / f"{name}.yaml").write_bytes((PLANS / f"{name}.yaml").read_bytes())
    file = tmp_path / "mine.yaml"
    file.write_text("preset: x\ncompose: [{legacy_conversion: {coin: old_coin}}]\n", encoding="utf-8")
    plan = load_plan(file)
    assert plan.stores["old_coin"] == Lots("old_coin", "parallel", 0)
    assert plan.rules[2].pay == Asset("coin")
    assert plan.rules[5].gate.closes == ("debt", "old_coin")
    file.write_text("preset: x\ncompose: [refer_three_appreciation]\nparams: {sell_fee: 10%}\n", encoding="utf-8")
    assert load_plan(file).params["sell_fee"] == 100_000


def test_values_beside_compose_replace_those_of_the_parts():
    plan = load_plan_text("preset: mine\ncompose: [green_points]\nparams:\n  daily_rate: 1%\n  settle_at: settled\n")
    assert (plan.name, plan.params["daily_rate"], plan.params["settle_at"]) == ("mine", 10_000, "settled")


def test_what_has_one_name_must_be_one_thing():
    problems = told("preset: both\ncompose:\n  - rebate_queue\n  - appreciation\n")
    assert ("compose_conflict", 4, "pool_share") in problems
    problems = told("preset: both\ncompose:\n  - points_dividend\n  - green_points\n")
    assert {code for code, _, key in problems if key in {"daily_rate", "ranks", "lot_mode"}} == {"compose_conflict"}


def test_a_renamed_parameter_keeps_its_bounds():
    assert told(BOTH + "params:\n  token_share: 101%\n") == [("out_of_bounds", 4, "token_share")]


def test_one_name_for_two_kinds_of_parameters_is_a_conflict():
    text = "preset: both\ncompose:\n  - rebate_queue\n  - appreciation: {pool_share: lock_days, feed: token_feed}\n"
    assert ("compose_conflict", 4, "lock_days") in told(text)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("preset: x\ncompose:\n- nothing\n", ("unknown_plan", 3, "compose")),
        ("preset: x\ncompose: []\n", ("out_of_bounds", 2, "compose")),
        ("preset: x\ncompose: [5]\n", ("wrong_type", 2, "compose[0]")),
        ("preset: x\ncompose: [{rebate_queue: {claim: 5}}]\n", ("wrong_type", 2, "compose[0].rebate_queue.claim")),
        ("preset: x\ncompose: [rebate_queue]\nrules: []\n", ("unknown_key", 3, "rules")),
        ("preset: x\ncompose: [rebate_queue]\nparams:\n  daily_rate: 1%\n", ("unknown_parameter", 4, "daily_rate")),
        ("preset: x\ncompose:\n- rebate_queue: {clam: c}\n", ("compose_rename", 3, "clam")),
        ("preset: x\ncompose:\n- rebate_queue: {claim: queue}\n", ("compose_rename", 3, "claim")),
        ("preset: x\ncompose:\n- rebate_queue: {settle_at: mine}\n", ("compose_rename", 3, "settle_at")),
    ],
)
def test_a_wrong_composition_is_told(text, mistake):
    assert mistake in told(text)


def test_a_plan_that_contains_itself_is_told(tmp_path):
    (tmp_path / "a.yaml").write_text("preset: a\ncompose: [b]\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("preset: b\ncompose: [a]\n", encoding="utf-8")
    with pytest.raises(PlanError) as error:
        load_plan(tmp_path / "a.yaml")
    assert [problem.code for problem in error.value.problems] == ["compose_cycle"]


def test_mistakes_of_a_part_name_the_file_of_the_part(tmp_path):
    part = tmp_path / "part.yaml"
    part.write_bytes((PLANS / "share_plan.yaml").read_bytes().replace(b"yuan_per_share: 2000", b"yuan_per_share: 0"))
    whole = tmp_path / "whole.yaml"
    whole.write_text("preset: whole\ncompose: [part]\n", encoding="utf-8")
    with pytest.raises(PlanError) as error:
        load_plan(whole)
    assert [(problem.code, problem.file, problem.line) for problem in error.value.problems] == [
        ("out_of_bounds", str(part), 8)
    ]
