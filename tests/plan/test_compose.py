"""Plans put together: shared by equal names, told apart by renaming, never by chance."""

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text, revise
from jifen.plan.load import preset_text
from jifen.plan.model import Asset, Curve, Feed, Lots, Money, Share

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


def test_text_alone_composes_presets_only(tmp_path):
    (tmp_path / "mine.yaml").write_text(preset_text("share_plan"), encoding="utf-8")
    text = "preset: x\ncompose: [mine]\n"
    assert ("unknown_plan", 2, "compose") in told(text, str(tmp_path / "x.yaml"))


def test_a_file_composes_files_of_its_own_folder_and_renaming_a_store_leaves_an_asset_alone(tmp_path):
    (tmp_path / "old_debts.yaml").write_text(preset_text("legacy_conversion"), encoding="utf-8")
    (tmp_path / "both.yaml").write_text("preset: b\ncompose: [refer_three_appreciation]\n", encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text("preset: x\ncompose: [{old_debts: {coin: old_coin}}]\n", encoding="utf-8")
    plan = load_plan(file)
    assert plan.stores["old_coin"] == Lots("old_coin", "parallel", 0)
    assert plan.rules[2].pay == Asset("coin")
    assert plan.rules[5].gate.closes == ("debt", "old_coin")
    file.write_text("preset: x\ncompose: [both]\nparams: {sell_fee: 10%}\n", encoding="utf-8")
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
    part.write_bytes(preset_text("share_plan").replace("yuan_per_share: 2000", "yuan_per_share: 0").encode())
    whole = tmp_path / "whole.yaml"
    whole.write_text("preset: whole\ncompose: [part]\n", encoding="utf-8")
    with pytest.raises(PlanError) as error:
        load_plan(whole)
    assert [(problem.code, problem.file, problem.line) for problem in error.value.problems] == [
        ("out_of_bounds", str(part), 8)
    ]


# -- parts of a composition -----------------------------------------------------------------------------------------


def test_a_base_means_the_rule_of_its_own_part():
    plan = load_plan_text("preset: x\ncompose: [rebate_queue, {appreciation: {pool_share: token_share}}]\n")
    assert [(rule.id, rule.part) for rule in plan.rules] == [
        ("claim", 0), ("feed", 0), ("accelerate", 0), ("serve", 0), ("feed", 1), ("mint", 1), ("sell", 1), ("exit", 1)
    ]  # fmt: skip
    assert plan.rules[5].amount == Share("feed", (700_000,))


def test_parts_of_parts_count_through(tmp_path):
    (tmp_path / "inner.yaml").write_text("preset: inner\ncompose: [refer_three, share_plan]\n", encoding="utf-8")
    outer = tmp_path / "outer.yaml"
    outer.write_text("preset: outer\ncompose: [three_for_one, inner, ad_tasks]\n", encoding="utf-8")
    assert [rule.part for rule in load_plan(outer).rules] == [0, 0, 1, 2, 3, 3]


def test_a_base_of_another_part_is_not_there(tmp_path):
    for name, text in (
        ("gives", "  - {id: g, when: order, amount: {share: 1, of: trigger_amount}, pay: {grant: p}}\n"),
        ("takes", "  - {id: t, when: order, amount: {share: 1%, of: OF}, pay: {asset: cash}}\n"),
    ):
        head = f"preset: {name}\nstores: {{p: {{lots: parallel}}}}\nrules:\n"
        (tmp_path / f"{name}.yaml").write_text(head + text, encoding="utf-8")
    both = tmp_path / "both.yaml"
    both.write_text("preset: both\ncompose: [gives, takes]\n", encoding="utf-8")
    takes = (tmp_path / "takes.yaml").read_text(encoding="utf-8")
    for base, code in (("g", "unknown_base"), ("trigger_points", "slot_mismatch"), ("trigger_weight", "slot_mismatch")):
        (tmp_path / "takes.yaml").write_text(takes.replace("OF", base), encoding="utf-8")
        with pytest.raises(PlanError) as error:
            load_plan(both)
        assert [(problem.code, problem.column) for problem in error.value.problems] == [(code, "rules.t.amount.of")]


def test_switching_a_base_off_switches_off_its_own_part_only():
    text = "preset: x\ncompose: [rebate_queue, {appreciation: {pool_share: token_share}}]\nparams: {pool_share: 0%}\n"
    assert [rule.id for rule in load_plan_text(text).rules if rule.off] == ["feed"]
    assert [(rule.id, rule.part) for rule in load_plan_text(text.replace("pool_share: 0%", "token_share: 0%")).rules
            if rule.off] == [("feed", 1), ("mint", 1)]  # fmt: skip


def test_two_curves_are_refused_wherever_they_come_from():
    part = "{legacy_conversion: {pool: debt_pool, tokens: debt_tokens}}"
    problems = told(f"preset: x\ncompose: [appreciation, {part}]\n")
    assert [(code, key) for code, _, key in problems] == [
        ("second_curve", "stores.debt_pool"), ("second_curve", "stores.debt_tokens")
    ]  # fmt: skip


def test_two_families_may_not_have_pools_of_one_name():
    names = ("tiers", "tier", "pools", "quota", "contribution")
    second = ", ".join(f"{name}: {name}_b" for name in names)
    text = f"preset: x\ncompose: [consumption_dividend, {{consumption_dividend: {{{second}}}}}]\n"
    problems = told(text + "params: {pool_share: 5%}\n")
    assert [(code, key) for code, _, key in problems] == [("duplicate_name", "stores.pools_b")] * 2
    row = "{min: 1, quota: 2, contribution: 1, commission: 1%, pool_part: 40%, name: V}"
    assert load_plan_text(text + f"params: {{tiers_b: [{row}]}}\n").stores["pools_b"] == Money("pools_b", "tier_b")


# -- what is one for the whole plan ---------------------------------------------------------------------------------


def test_parts_that_take_effect_at_different_times_need_a_word_beside_compose():
    text = "preset: x\ncompose:\n  - refer_three\n  - {friend_bonus: {}}\n"
    assert told(text) == [("compose_conflict", 4, "settle_at"), ("compose_conflict", 4, "funding")]
    plan = load_plan_text(text + "params: {settle_at: settled, funding: reserve}\n")
    assert (plan.params["settle_at"], plan.params["funding"]) == ("settled", "reserve")


def test_a_part_that_says_nothing_means_the_usual_and_is_not_changed_by_another():
    text = "preset: x\ncompose: [member_rebate, friend_bonus]\n"
    assert told(text) == [("compose_conflict", 2, "pay_asset")]
    assert {getattr(rule.pay, "asset", None) for rule in load_plan_text(text + "params: {pay_asset: voucher}\n").rules
            } == {None, "voucher"}  # fmt: skip


def test_each_part_may_pay_an_asset_of_its_own():
    plan = load_plan_text("preset: x\ncompose: [member_rebate, {friend_bonus: {pay_asset: bonus_asset}}]\n")
    assert [rule.pay.asset for rule in plan.rules if isinstance(rule.pay, Asset)] == ["coin", "cash"]
    assert (plan.params["pay_asset"], plan.params["bonus_asset"]) == ("coin", "cash")
    assert revise(plan, {"bonus_asset": "voucher"}).rules[-1].pay.asset == "voucher"
    # A preset that does not say what it pays in pays the usual; renaming keeps that, whatever the other pays.
    text = "preset: x\ncompose: [member_rebate, {three_for_one: {pay_asset: prize}}]\n"
    plan = load_plan_text(text + "params: {settle_at: paid, funding: merchant}\n")
    assert [rule.pay.asset for rule in plan.rules if isinstance(rule.pay, Asset)] == ["coin", "cash"]


def test_a_plan_that_pays_nothing_does_not_mind_the_asset_of_another():
    assert load_plan_text(
        "preset: x\ncompose: [share_plan, member_rebate]\nparams: {settle_at: paid, funding: merchant}\n"
    )
