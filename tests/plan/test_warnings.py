"""What is allowed but should be known: slow ranks, and daily rules that need a pass of their own."""

from dataclasses import replace

from jifen.plan import load_plan, load_plan_text
from jifen.plan.check import unfusible
from jifen.plan.model import Asset, Gate, Weigh

TEXT = """
preset: mine
params:
  daily_rate: 1%
  generations: [10%]
stores:
  points: {lots: parallel}
rules:
  - {id: grant, when: order, amount: {share: 1, of: trigger_amount}, pay: {grant: points}}
  - {id: static, when: daily, amount: {schedule: points, rate: $daily_rate}, gate: {drain: points}, pay: {asset: cash}}
  - {id: up, when: base, amount: {share: $generations, of: static_release}, who: {walk: referral}, pay: {asset: cash}}
"""


def test_immediate_ranks_by_performance_are_slow():
    assert load_plan("green_points").warnings == ()
    (warning,) = load_plan("green_points", {"rank_effective": "immediate"}).warnings
    assert "ranks `team` are immediate by performance" in warning


def test_ranks_that_are_appointed_are_quick_at_once_too():
    assert load_plan("points_dividend", {"rank_effective": "immediate"}).warnings == ()


def test_a_daily_walk_that_drains_nothing_is_named():
    assert load_plan_text(TEXT).warnings == (
        "rule `up` needs a pass of its own in the run: it drains no lots of the receiver",
    )
    assert load_plan_text(TEXT, overrides={"generations": []}).warnings == ()


def test_a_rule_joins_the_pass_if_it_only_touches_the_receivers_lots():
    walk = load_plan("green_points").rules[2]
    assert unfusible(walk) == ""
    assert unfusible(replace(walk, pay=Asset("cash", source="pool"))) == "a pool pays it"
    assert unfusible(replace(walk, pay=Weigh("shares"))) == "it pays no asset"
    assert unfusible(replace(walk, gate=Gate())) == "it drains no lots of the receiver"
    assert unfusible(replace(walk, when="order", gate=None)) == ""
