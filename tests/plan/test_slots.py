"""What the language has no meaning for is refused when a plan is loaded, with a remedy; what it has, loads."""

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text
from jifen.plan.load import preset_text
from jifen.plan.model import Share, Tier, Walk

ROWS = """\
preset: mine
params:
  order_rewards: [{min: 100, reward: 2}]
  task_tiers: [{max: 10, reward: 1}, {max: null, reward: 2}]
  ranks: [{rank: A, min: null, rate: 1%}, {rank: B, min: null, rate: 2%}]
  threshold: 100
stores:
  points: {lots: sequential}
  stock: {lots: sequential}
  line: {lots: queue, counts: every_group}
  shares: {weight: member}
  box: {pool: money}
ranks:
  team: {ladder: $ranks, by: appointed}
rules:
  - {id: grant, when: order, amount: {share: 1, of: trigger_amount}, pay: {grant: points}}
  - {id: stock, when: order, amount: {share: 1, of: trigger_amount}, pay: {grant: stock}}
  - {id: ticket, when: order, amount: {share: 50%, of: cumulative, whole: $threshold}, pay: {grant: line}}
  - {id: serve, when: order, amount: {remaining: line}, who: {head: line}, gate: {newcomers: 3, drain: line}, pay: {asset: cash}}
  - {id: sight, when: order, amount: {tier: $order_rewards.reward, at: single_order}, who: {walk: referral, depth: 3}, pay: {asset: cash}}
  - {id: peer, when: order, amount: {share: [1%, 2%], of: trigger_amount}, who: {walk: referral, by: peer, ranks: team}, pay: {asset: cash}}
  - {id: weigh, when: order, amount: {per: 100, of: trigger_amount}, pay: {weight: shares}}
  - {id: static, when: daily, amount: {schedule: points, rate: 1%}, gate: {drain: points}, pay: {asset: cash}}
  - {id: up, when: daily, amount: {share: 5%, of: static_release}, who: {walk: referral, depth: 1}, gate: {drain: points}, pay: {asset: cash}}
  - {id: task, when: task, amount: {tier: $task_tiers.reward, at: stock}, gate: {drain: stock}, pay: {asset: cash}}
  - {id: debt, when: liability, amount: {share: 1, of: trigger_amount}, pay: {grant: points}}
  - {id: feed, when: order, amount: {share: 10%, of: trigger_amount}, pay: {feed: box}}
  - {id: split, when: daily, amount: {balance: box}, who: {split: shares}, gate: {drain: points}, pay: {asset: cash, from: box}}
"""  # noqa: E501 - as wide as a plan


def mistakes(text):
    with pytest.raises(PlanError) as error:
        load_plan_text(text)
    assert all(problem.remedy for problem in error.value.problems)
    return error.value.problems


def rule(plan, name):
    (found,) = [rule for rule in plan.rules if rule.id == name]
    return found


def test_a_sum_goes_to_each_of_so_many_levels():
    sight = rule(load_plan_text(ROWS), "sight")
    assert isinstance(sight.amount, Tier)
    assert (sight.amount.of, sight.who) == (None, Walk("referral", "generation", 3))


def test_of_a_list_of_rates_each_peer_has_his_own():
    peer = rule(load_plan_text(ROWS), "peer")
    assert peer.amount == Share("trigger_amount", (10_000, 20_000))
    assert peer.who == Walk("referral", "peer", ranks="team", most=2)
    one = rule(load_plan_text(ROWS.replace("by: peer, ranks: team", "by: peer, ranks: team, most: 1")), "peer")
    assert one.who.most == 1
    single = rule(load_plan_text(ROWS.replace("[1%, 2%]", "1%")), "peer")
    assert single.who.most == 1


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        # sums and peers
        (
            "at: single_order}, who: {walk: referral, depth: 3}",
            "at: single_order}, who: {walk: referral}",
            "sight.who",
            "so many levels",
        ),
        ("{walk: referral, depth: 3}", "{walk: referral, by: rank, ranks: team}", "sight.who", "so many levels"),
        ("at: single_order}", "at: single_order, of: trigger_amount}", "sight.amount.of", "not a part"),
        ("at: single_order}", "at: performance}", "sight.amount.at", "not by `performance`"),
        ("at: single_order}", "at: stock}", "sight.amount.at", "what a task brings"),
        ("by: peer, ranks: team", "by: peer, ranks: team, most: 3", "peer.who.most", "there are 2 rates"),
        (
            "share: 10%, of: trigger_amount}, pay: {feed",
            "share: [5%, 5%], of: trigger_amount}, pay: {feed",
            "feed.amount.share",
            "`by: peer`",
        ),
        # walks
        (
            "{per: 100, of: trigger_amount}, pay",
            "{per: 100, of: trigger_amount}, who: {walk: referral, depth: 1}, pay",
            "weigh.who",
            "is the buyer's",
        ),
        (
            "walk: referral, depth: 1}",
            "walk: referral, depth: 1, own_order: true}",
            "up.who.own_order",
            "not in the run",
        ),
        (
            "of: trigger_amount}, pay: {grant: points}}\n  - {id: stock",
            "of: trigger_amount}, who: {walk: referral, depth: 1}, pay: {grant: points}}\n  - {id: stock",
            "grant.pay",
            "pays an asset or weight",
        ),
        ("walk: referral, depth: 1}", "walk: region, depth: 1}", "up.who.walk", "rates of their levels"),
        (
            "of: static_release}, who: {walk: referral, depth: 1}",
            "of: static}, who: {walk: referral, depth: 1}",
            "up.amount.of",
            "what the run has released",
        ),
        (
            "of: static_release}, who: {walk: referral, depth: 1}",
            "of: static_release}",
            "up.who",
            "other rules pay others",
        ),
        (
            "depth: 1}, gate: {drain: points}, pay: {asset: cash}",
            "depth: 1}, pay: {weight: shares}",
            "up.when",
            "as an asset, up the referral tree",
        ),
        ("by: peer, ranks: team", "by: peer, ranks: team, depth: 3", "peer.who.depth", "by rank ends"),
        ("pay: {asset: cash, from: box}", "pay: {asset: cash, from: box, retain: 5%}", "split.pay.retain", "of tokens"),
        # splits
        (
            "pay: {asset: cash, from: box}",
            "pay: {asset: cash, from: box, per_point: 0.5}",
            "split.pay.per_point",
            "money already",
        ),
        (
            "{split: shares}, gate: {drain: points}",
            "{split: shares, retire: true}",
            "split.who.retire",
            "no lots are drained",
        ),
        ("{split: shares}", "{split: heads, ranks: team, lower_too: true}", "split.who.lower_too", "of a family"),
        # tickets and queues
        (
            "of: cumulative, whole: $threshold",
            "of: trigger_amount, whole: $threshold",
            "ticket.amount.of",
            "not of `trigger_amount`",
        ),
        (
            "share: 1, of: trigger_amount}, pay: {grant: stock}",
            "share: 1, of: trigger_amount}, pay: {grant: line}",
            "stock.pay.grant",
            "whole tickets",
        ),
        ("{grant: line}", "{grant: points}", "ticket.pay.grant", "not by a schedule"),
        (
            "newcomers: 3, drain: line}, pay: {asset: cash}",
            "funded: box, drain: line}, pay: {asset: cash, from: box}",
            "serve.when",
            "for newcomers only",
        ),
        # events
        ("at: stock}, gate", "at: stock, of: static_release}, gate", "task.amount", "by the stock"),
        (
            "{tier: $task_tiers.reward, at: stock}, gate: {drain: stock}",
            "{tier: $task_tiers.reward, at: stock}",
            "task.when",
            "releases its own",
        ),
        (
            "at: stock}, gate: {drain: stock}",
            "at: stock}, who: {walk: referral, depth: 1}, gate: {drain: stock}",
            "task.when",
            "releases its own",
        ),
        (
            "{id: debt, when: liability, amount: {share: 1, of: trigger_amount}, pay: {grant: points}}",
            "{id: debt, when: liability, amount: {share: 1, of: trigger_amount}, pay: {weight: shares}}",
            "debt.when",
            "becomes lots",
        ),
        ("{id: serve, when: order", "{id: serve, when: event", "serve.when", "exits are looked for"),
        ("{id: serve, when: order", "{id: serve, when: sale", "serve.when", "value of tokens"),
        (
            "{share: 10%, of: trigger_amount}, pay: {feed",
            "{per: 10, of: trigger_amount}, pay: {feed",
            "feed.amount",
            "is fed a share",
        ),
    ],
)
def test_what_has_no_meaning_is_refused_where_it_stands(old, new, key, message):
    assert ROWS.count(old) == 1, old
    problems = mistakes(ROWS.replace(old, new))
    fits = [problem for problem in problems if problem.column == f"rules.{key}" and message in problem.message]
    assert len(fits) == 1, problems
    assert fits[0].code == "slot_mismatch"


def test_rates_by_line_are_of_the_orders_amount():
    lines = [{"where": {"merchant": "m"}, "rebate_rate": "20%"}]
    with pytest.raises(PlanError) as error:
        load_plan("member_rebate", {"overrides": lines})
    assert {problem.column for problem in error.value.problems} == {"rules.feed.amount.of", "rules.grant.amount.of"}
    lines = [{"where": {"merchant": "m"}, "pool_share": "30%"}]
    assert load_plan("consumption_dividend", {"overrides": lines}).rules[4].amount.overrides


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("of: feed}", "of: trigger_amount}", "rules.mint.amount.of"),
        ("of: feed}, pay", "of: feed}, who: {walk: referral, depth: 1}, pay", "rules.mint.amount.of"),
        (
            "each: $exit_scope}, gate: {reaches: $exit_multiple, of: spend",
            "each: lot}, gate: {reaches: $exit_multiple, of: tokens",
            "rules.exit.who.each",
        ),
    ],
)
def test_tokens_are_minted_for_what_was_fed_and_leave_by_what_was_spent(old, new, key):
    text = preset_text("appreciation")
    assert text.count(old) == 1
    text = text.replace(old, new).replace("  exit_scope: member\n", "  exit_scope: member\n" * ("$exit_scope" in new))
    assert key in [problem.column for problem in mistakes(text) if problem.code == "slot_mismatch"]


@pytest.mark.parametrize(
    ("preset", "first", "then"),
    [
        ("refer_three", "referral", None),
        ("appreciation", "sell", None),
        ("appreciation", "exit", None),
        ("three_for_one", "ticket", None),
    ],
)
def test_the_same_is_not_done_twice_with_one_store(preset, first, then):
    text = preset_text(preset)
    (line,) = [line for line in text.split("\n") if f"{{id: {first}," in line]
    problems = mistakes(text.replace(line, f"{line}\n{line}"))
    assert "second_rule" in [problem.code for problem in problems]


def test_the_pools_of_a_family_are_split_by_its_own_ranks():
    text = preset_text("consumption_dividend").replace("ranks: tier, lower_too: $higher_shares_lower, retire", "retire")
    text = text.replace("  higher_shares_lower: true\n", "")
    assert [(problem.code, problem.column) for problem in mistakes(text)] == [
        ("slot_mismatch", "rules.dividend.who.split")
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("shares", "heads", "stores.heads"),
        ("shares", "performance", "stores.performance"),
        ("shares", "owed", "stores.owed"),
        ("id: feed", "id: refund", "rules.refund.id"),
        ("id: feed", "id: trigger_points", "rules.trigger_points.id"),
        ("id: feed", "id: cumulative", "rules.cumulative.id"),
    ],
)
def test_a_word_with_a_meaning_of_its_own_is_no_name(old, new, key):
    found = [(problem.code, problem.column) for problem in mistakes(ROWS.replace(old, new))]
    assert ("reserved_name", key) in found
