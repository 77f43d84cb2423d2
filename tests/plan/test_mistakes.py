"""Every mistake is told with its code, file, line, key and remedy, and all mistakes of a plan come together."""

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text
from jifen.plan.load import preset_text

TEXT = """\
preset: mine
title: {en: Mine, zh: 我的}
params:
  points_per_yuan: 1
  daily_rate: 1%
  generations: [20%, 15%]
  ranks: [{rank: A, min: 1000, rate: 10%}, {rank: B, min: 2000, rate: 20%}]
  pool_share: 10%
  start_lag_days: 1
stores:
  points: {lots: parallel, lag: $start_lag_days}
  box: {pool: money}
  shares: {weight: member}
ranks:
  team: {ladder: $ranks, by: performance}
rules:
  - {id: grant, when: order, amount: {share: $points_per_yuan, of: trigger_amount}, pay: {grant: points}}
  - {id: weigh, when: order, amount: {per: 100, of: trigger_amount}, pay: {weight: shares}}
  - {id: static, when: daily, amount: {schedule: points, rate: $daily_rate}, gate: {drain: points}, pay: {asset: cash}}
  - {id: up, when: base, amount: {share: $generations, of: static_release}, who: {walk: referral}, gate: {drain: points}, pay: {asset: cash}}
  - {id: team, when: order, amount: {share: $ranks.rate, of: trigger_amount}, who: {walk: referral, by: rank, ranks: team}, pay: {asset: cash}}
  - {id: feed, when: order, amount: {share: $pool_share, of: trigger_amount}, pay: {feed: box}}
  - {id: split, when: daily, amount: {balance: box}, who: {split: shares}, gate: {drain: points}, pay: {asset: cash, from: box}}
"""  # noqa: E501 - as wide as a plan


def mistakes(text, overrides=None):
    with pytest.raises(PlanError) as error:
        load_plan_text(text, "mine.yaml", overrides)
    assert all(problem.message and problem.remedy for problem in error.value.problems)
    return error.value.problems


def told(problems):
    return [(problem.code, problem.line, problem.column) for problem in problems]


def keys(problems):
    return [(problem.code, problem.column) for problem in problems]


def changed(old, new):
    """The text with one thing changed, and the line it stands in."""
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new), TEXT[: TEXT.index(old)].count("\n") + 1


def test_the_text_itself_loads():
    assert load_plan_text(TEXT).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        # the file and its keys
        ("title:", "titel:", "unknown_key", "titel"),
        ("preset: mine", "preset: Mine", "wrong_type", "preset"),
        ("lag: $", "lagg: $", "unknown_key", "stores.points.lagg"),
        ("id: split, ", "", "missing_key", "rules[6].id"),
        ("{per: 100,", "{pper: 100,", "unknown_filling", "rules.weigh.amount"),
        ("{weight: member}", "{wait: member}", "unknown_filling", "stores.shares"),
        ("pay: {feed: box}", "pay: all", "unknown_filling", "rules.feed.pay"),
        ("{per: 100, of: trigger_amount}", "5", "unknown_filling", "rules.weigh.amount"),
        ("when: base", "when: never", "unknown_option", "rules.up.when"),
        ("lots: parallel", "lots: both", "unknown_option", "stores.points.lots"),
        ("per: 100", "per: 0", "out_of_bounds", "rules.weigh.amount.per"),
        ("per: 100", "per: 10%", "wrong_type", "rules.weigh.amount.per"),
        ("per: 100", "per: 0.0000001", "too_fine", "rules.weigh.amount.per"),
        # parameters
        ("daily_rate: 1%", "dayly_rate: 1%", "unknown_parameter", "dayly_rate"),
        ("daily_rate: 1%", "daily_rate: fast", "wrong_type", "daily_rate"),
        ("daily_rate: 1%", "daily_rate: null", "wrong_type", "daily_rate"),
        ("daily_rate: 1%", "daily_rate: [1%]", "wrong_type", "daily_rate"),
        ("daily_rate: 1%", "daily_rate: 0%", "out_of_bounds", "daily_rate"),
        ("daily_rate: 1%", "daily_rate: 101%", "out_of_bounds", "daily_rate"),
        ("daily_rate: 1%", "daily_rate: -1%", "out_of_bounds", "daily_rate"),
        ("daily_rate: 1%", "daily_rate: 1.23456%", "too_fine", "daily_rate"),
        ("daily_rate: 1%", "daily_rate: 0.0000001", "too_fine", "daily_rate"),
        ("points_per_yuan: 1", "points_per_yuan: 100.1", "out_of_bounds", "points_per_yuan"),
        ("start_lag_days: 1", "start_lag_days: 1.5", "wrong_type", "start_lag_days"),
        ("start_lag_days: 1", "start_lag_days: 366", "out_of_bounds", "start_lag_days"),
        ("start_lag_days: 1", "start_lag_days: true", "wrong_type", "start_lag_days"),
        ("[20%, 15%]", "[20%, 150%]", "out_of_bounds", "generations[1]"),
        ("[20%, 15%]", "20%", "wrong_type", "generations"),
        ("rank: B, min: 2000", "rank: B, mim: 3, min: 2000", "unknown_column", "ranks[1].mim"),
        ("rank: B, min: 2000", "rank: B", "missing_column", "ranks[1]"),
        ("rank: B, min: 2000", "rank: B, min: 1000", "ladder_order", "ranks[1]"),
        ("rank: B, min: 2000", "rank: A, min: 2000", "duplicate_name", "ranks[1]"),
        ("{rank: B, min: 2000, rate: 20%}", "B", "wrong_type", "ranks[1]"),
        ("B, min: 2000, rate: 20%", "B, min: 2000", "missing_column", "ranks[1].rate"),
        ("rate: 20%}]", "rate: 10%}]", "rates_not_rising", "ranks[1].rate"),
        # references
        ("rate: $daily_rate}", "rate: $daily_rat, of: granted}", "unknown_reference", "rules.static.amount.rate"),
        ("share: $generations", "share: $Generations", "unknown_reference", "rules.up.amount.share"),
        ("share: $ranks.rate", "share: $ranks.rat", "unknown_reference", "rules.team.amount.share"),
        ("share: $ranks.rate", "share: $ranks.min", "unknown_reference", "rules.team.amount.share"),
        ("share: $ranks.rate", "share: $ranks", "wrong_type", "rules.team.amount.share"),
        ("per: 100", "per: $ranks.rate", "wrong_type", "rules.weigh.amount.per"),
        ("ladder: $ranks,", "ladder: $ranks.rate,", "wrong_type", "ranks.team.ladder"),
        ("lag: $start_lag_days", "lag: $daily_rate", "wrong_type", "stores.points.lag"),
        # names
        ("grant: points", "grant: pionts", "unknown_store", "rules.grant.pay.grant"),
        ("grant: points", "grant: shares", "wrong_store", "rules.grant.pay.grant"),
        ("weight: shares", "weight: points", "wrong_store", "rules.weigh.pay.weight"),
        ("feed: box", "feed: shares", "wrong_store", "rules.feed.pay.feed"),
        ("split: shares", "split: points", "wrong_store", "rules.split.who.split"),
        ("ranks: team", "ranks: tema", "unknown_ranks", "rules.team.who.ranks"),
        ("by: performance", "by: profit", "unknown_store", "ranks.team.by"),
        ("by: performance", "by: box", "wrong_store", "ranks.team.by"),
        ("$pool_share, of: trigger_amount", "$pool_share, of: amount", "unknown_base", "rules.feed.amount.of"),
        ("$pool_share, of: trigger_amount", "$pool_share, of: split", "unknown_base", "rules.feed.amount.of"),
        ("who: {walk: referral}, ", "", "slot_mismatch", "rules.up.amount.share"),
    ],
)
def test_a_mistake_is_told_where_it_is(old, new, code, key):
    text, line = changed(old, new)
    problems = mistakes(text)
    assert (code, line, key) in told(problems)
    assert {problem.file for problem in problems} == {"mine.yaml"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("per: 100, of: trigger_amount", "per: 100, of: static_release", "exists in the run only"),
        ("when: daily, amount: {balance", "when: order, amount: {balance", "split in the run"),
        ("who: {split: shares}", "who: {head: points}", "the balance of a pool is split"),
        ("pay: {asset: cash, from: box}", "pay: {asset: cash}", "the pool that is split pays"),
        ("rate: $daily_rate}, gate: {drain: points}", "rate: $daily_rate}", "must be drained"),
        ("when: daily, amount: {schedule", "when: order, amount: {schedule", "releases in the run"),
        ("rate: $daily_rate}, gate", "rate: $daily_rate, parts: 3}, gate", "a rate, or parts"),
        ("rate: $daily_rate}, gate", "rate: $daily_rate, every: 3}, gate", "goes with `parts`"),
        (
            "of: trigger_amount}, pay: {feed: box}",
            "of: trigger_amount}, who: {walk: referral}, pay: {feed: box}",
            "no receiver",
        ),
        ("of: trigger_amount}, pay: {grant", "of: cumulative}, pay: {grant", "whole units"),
        ("of: trigger_amount}, pay: {feed", "of: trigger_amount, whole: 5}, pay: {feed", "become lots"),
        ("of: trigger_amount}, pay: {feed", "of: trigger_amount, spread: $ranks.rate}, pay: {feed", "a family"),
        ("by: rank, ranks: team", "by: rank", "needs ranks"),
        ("by: rank, ranks: team", "by: generation, ranks: team", "have no ranks"),
        ("by: rank, ranks: team", "by: rank, ranks: team, most: 2", "goes with `by: peer`"),
        ("by: rank, ranks: team", "by: own_rank, ranks: team", "nothing ends"),
        ("walk: referral, by: rank", "walk: region, by: rank", "rates of their levels"),
        ("share: $ranks.rate", "share: 5%", "takes the rates of ranks"),
        (
            "who: {walk: referral}, gate: {drain: points}",
            "who: {walk: referral, depth: 2}, gate: {drain: points}",
            "without `depth`",
        ),
        (
            "who: {walk: referral}, gate: {drain: points}",
            "who: {walk: referral}, gate: {spill: forfeit}",
            "goes with `drain`",
        ),
        (
            "who: {walk: referral}, gate: {drain: points}",
            "who: {walk: referral}, gate: {drain: points, excess: carry_over}",
            "split",
        ),
        (
            "who: {walk: referral}, gate: {drain: points}",
            "who: {walk: referral}, gate: {drain: points, newcomers: 3}",
            "head",
        ),
        ("{lots: parallel,", "{lots: parallel, counts: after_head,", "means nothing"),
        ("box: {pool: money}", "box: {pool: money, launch: 1}", "means nothing"),
        ("pay: {weight: shares}", "pay: nothing", "nothing is drained"),
        ("pay: {asset: cash}}\n  - {id: up", "pay: {asset: cash, retain: 5%}}\n  - {id: up", "only a pool retains"),
        ("pay: {grant: points}", "pay: {mint: points}", "tokens are minted"),
    ],
)
def test_slots_that_do_not_fit_are_told(old, new, message):
    text, _ = changed(old, new)
    problems = mistakes(text)
    assert any(problem.code == "slot_mismatch" and message in problem.message for problem in problems), problems


def test_mistakes_of_all_kinds_come_at_once_in_order_of_lines():
    text = TEXT.replace("daily_rate: 1%", "daily_rate: 200%").replace("  box:", "  bax:")
    text = text.replace("when: base", "when: never").replace("ladder: $ranks, ", "ladder: $ranks, demotes: never, ")
    assert told(mistakes(text, {"refund_days": 400, "spil": "x"})) == [
        ("out_of_bounds", 0, "refund_days"),
        ("unknown_parameter", 0, "spil"),
        ("out_of_bounds", 5, "daily_rate"),
        ("unknown_key", 15, "ranks.team.demotes"),
        ("unknown_option", 20, "rules.up.when"),
        ("unknown_store", 22, "rules.feed.pay.feed"),
        ("unknown_store", 23, "rules.split.amount.balance"),
        ("unknown_store", 23, "rules.split.pay.from"),
    ]


def test_an_option_of_the_house_is_told():
    text, line = changed("pool_share: 10%", "settle_at: now\n  pool_share: 10%")
    assert told(mistakes(text)) == [("unknown_option", line, "settle_at")]


def test_a_parameter_that_no_rule_uses_is_refused():
    text, line = changed("  pool_share: 10%\n", "  pool_share: 10%\n  peer_rate: 1%\n")
    assert told(mistakes(text)) == [("unused_parameter", line + 1, "peer_rate")]


def test_a_wrong_value_that_came_from_a_parameter_names_it():
    text, line = changed("lots: parallel", "lots: $spill")
    text = text.replace("pool_share: 10%", "pool_share: 10%\n  spill: next_lot")
    problem = mistakes(text)[0]
    assert (problem.code, problem.line, problem.column) == ("unknown_option", line + 1, "stores.points.lots")
    assert "(from $spill)" in problem.message


def test_a_schedule_is_one_for_each_kind_of_lots():
    rule = TEXT[TEXT.index("  - {id: static") : TEXT.index("  - {id: up")]
    assert told(mistakes(TEXT.replace(rule, rule + rule))) == [("second_schedule", 20, "rules.static.amount.schedule")]


def test_a_base_must_be_one_rule():
    rule = TEXT[TEXT.index("  - {id: feed") : TEXT.index("  - {id: split")]
    more = rule + rule + rule.replace("id: feed", "id: more").replace("of: trigger_amount", "of: feed")
    problems = mistakes(TEXT.replace(rule, more))
    assert told(problems) == [("ambiguous_base", 24, "rules.more.amount.of")]


def test_a_pool_that_is_fed_must_be_drawn():
    rule = TEXT[TEXT.index("  - {id: split") :]
    assert told(mistakes(TEXT.replace(rule, ""))) == [("pool_not_drawn", 12, "stores.box")]


def test_a_pool_that_only_donations_fill_is_a_warning_until_it_says_so():
    rule = TEXT[TEXT.index("  - {id: feed") : TEXT.index("  - {id: split")]
    text = TEXT.replace(rule, "").replace("  pool_share: 10%\n", "")
    assert "only donations" in load_plan_text(text).warnings[0]
    assert load_plan_text(text.replace("{pool: money}", "{pool: money, donated: true}")).warnings == ()


def test_the_word_pool_needs_exactly_one_pool():
    two = TEXT.replace("  box:", "  can: {pool: money, donated: true}\n  box:").replace("from: box", "from: pool")
    assert ("ambiguous_pool", 24, "rules.split.pay.from") in told(mistakes(two))
    assert load_plan_text(TEXT.replace("from: box", "from: pool")).rules[-1].pay.source == "box"


def test_tokens_need_a_curve_and_a_curve_a_launch_price():
    text = preset_text("appreciation")
    tokens = text.replace(", priced_by: pool", "")
    assert [(problem.code, problem.column) for problem in mistakes(tokens)] == [
        ("tokens_without_curve", "stores.tokens")
    ]
    launch = text.replace("launch: $launch_price, ", "").replace("  launch_price: 1\n", "")
    assert keys(mistakes(launch)) == [("missing_key", "stores.pool")]


def test_parts_of_a_family_of_pools_are_at_most_the_whole():
    row = {"quota": 1, "contribution": 1, "commission": "1%", "pool_part": "60%"}
    tiers = [{"name": "a", "min": 1, **row}, {"name": "b", "min": 2, **row}]
    with pytest.raises(PlanError) as error:
        load_plan("consumption_dividend", {"tiers": tiers})
    assert keys(error.value.problems) == [("spread_above_all", "rules.feed.amount.spread")]


def test_a_ladder_by_upper_ends_is_open_at_its_last_row_only():
    for rows in ([{"max": 5, "reward": 1}], [{"max": None, "reward": 1}, {"max": None, "reward": 2}]):
        with pytest.raises(PlanError) as error:
            load_plan("ad_tasks", {"task_tiers": rows})
        assert [(problem.code, problem.column) for problem in error.value.problems] == [
            ("ladder_order", "task_tiers[0]")
        ]


def test_a_table_of_regions_has_three_levels():
    for regions, mistake in (
        ({"town": "1%"}, ("unknown_column", "region_rates.town")),
        ({"city": "101%"}, ("out_of_bounds", "region_rates.city")),
        (["1%"], ("wrong_type", "region_rates")),
    ):
        with pytest.raises(PlanError) as error:
            load_plan("distribution", {"region_rates": regions})
        assert keys(error.value.problems) == [mistake]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "wrong_type"),
        ("- a", "wrong_type"),
        ("preset: x", "missing_key"),
        ("preset: x\nrules: 5", "wrong_type"),
        ("preset: x\nrules: [5]", "wrong_type"),
        ("preset: x\nparams: 5\nrules: []", "wrong_type"),
        ("preset: x\ntitle: Mine\nrules: []", "wrong_type"),
    ],
)
def test_what_is_no_plan_at_all_is_told(text, code):
    assert code in [problem.code for problem in mistakes(text)]


def test_more_rules_than_the_limit_are_refused():
    rule = "  - {id: a, when: order, amount: {share: 1, of: trigger_amount}, pay: {grant: points}}\n"
    head = "preset: x\nstores: {points: {lots: parallel}}\nrules:\n"
    assert len(load_plan_text(head + rule * 200).rules) == 200
    assert told(mistakes(head + rule * 201)) == [("out_of_bounds", 3, "rules")]


def test_a_plan_that_is_not_there_is_told_with_the_nearest_name(tmp_path):
    for source, code, remedy in (
        ("green_pionts", "unknown_plan", "did you mean `green_points`?"),
        ("mine.yaml", "plan_unreadable", "give the path of a YAML file"),
        (tmp_path, "plan_unreadable", "give the path of a YAML file"),
        (tmp_path / "none", "plan_unreadable", "give the path of a YAML file"),
    ):
        with pytest.raises(PlanError) as error:
            load_plan(source)
        assert [(problem.code, problem.remedy) for problem in error.value.problems] == [(code, remedy)]


def test_mistakes_of_a_file_name_its_path(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT.replace("daily_rate: 1%", "daily_rate: 200%"), encoding="utf-8")
    with pytest.raises(PlanError) as error:
        load_plan(file)
    assert (
        str(error.value)
        == f"{file}:5: daily_rate: `200%` is out of bounds; write more than 0%, at most 100% [out_of_bounds]"
    )
