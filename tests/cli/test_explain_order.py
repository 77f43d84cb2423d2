"""``jifen explain --order``: what each rule did for one order, as a table and as JSON."""

import json

import pytest


@pytest.fixture
def queue(jifen, shop):
    """Ann's 3,000 and Bob's 9,000 in a queue: Bob's order releases 1,800 of Ann's claim; 2,400 are in the pool."""
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--until", "2026-01-06")
    assert jifen("run", "rebate_queue", *arguments, "--out", shop / "out").code == 0
    return shop / "out"


def test_an_order_is_told_rule_by_rule_in_both_languages(jifen, queue):
    answer = jifen("explain", queue, "--order", "o2")
    assert answer.code == 0, answer.err
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert lines[0] == "Order o2 of bob, 2026-01-04: 9000.00, in effect"
    assert (
        "acceleration 动态加速 paid 支付 ann (referrer 1) pool of the queue 排队资金池 2026-01-04 cash 1800.00 1800.00"
        in lines
    )
    assert (
        "into the pool 入池 put into 注入 pool of the queue 排队资金池 the shop 商家 2026-01-04 cash 1800.00 1800.00"
        in lines
    )
    assert "remains with the shop 商家留存 7200.00" in lines


def test_an_order_whose_lots_others_released_says_so(jifen, queue):
    answer = jifen("explain", queue, "--order", "o1")
    assert "Of its lots other orders released: acceleration 动态加速 1800.00" in " ".join(answer.out.split())


def test_an_order_as_json_has_names_days_and_exact_amounts(jifen, queue):
    told = json.loads(jifen("explain", queue, "--order", "o2", "--json").out)
    assert (told["member"], told["day"], told["amount"], told["remains"]) == ("bob", "2026-01-04", "9000.00", "7200.00")
    accelerate = next(entry for entry in told["entries"] if entry["rule"] == "accelerate")
    assert accelerate["name"] == {"en": "acceleration", "zh": "动态加速"}
    assert (accelerate["to"], accelerate["relation"], accelerate["source"]) == ("ann", "referrer 1", "pool:queue")
    assert (accelerate["amount"], accelerate["first_day"]) == ("1800.00", "2026-01-04")
    assert told["lots"] == [
        {"store": "claim", "granted": "9000.00", "withdrawn": "0.00", "released": "0.00", "remaining": "9000.00"}
    ]


def test_an_order_that_settles_with_others_does_not_guess_what_was_forfeited(jifen, shop):
    """Two orders of one day settle in one run, where nobody has a claim to release."""
    with (shop / "orders.csv").open("a") as orders:
        orders.write("o3,bob,2026-01-04 11:00:00,100\n")
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--until", "2026-01-20")
    answer = jifen("run", "rebate_queue", *arguments, "--set", "settle_at=settled", "--out", shop / "out")
    assert answer.code == 0, answer.err
    assert json.loads(jifen("explain", shop / "out", "--order", "o2", "--json").out)["forfeits_unknown"] == 1
    assert json.loads(jifen("explain", shop / "out", "--order", "o1", "--json").out)["forfeits_unknown"] == 0
    assert "1 other orders took effect in the same run" in jifen("explain", shop / "out", "--order", "o2").out


def test_an_order_that_still_waits_says_so(jifen, shop):
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--until", "2026-01-05")
    assert jifen("run", "member_rebate", *arguments, "--out", shop / "out").code == 0
    told = json.loads(jifen("explain", shop / "out", "--order", "o1", "--json").out)
    assert told["state"] == "waits for the end of its refund window"
    assert told["remains"] == "3000.00"


def test_an_unknown_order_is_the_users_mistake(jifen, queue):
    answer = jifen("explain", queue, "--order", "o9")
    assert answer.code == 2
    assert "the run knows no order 'o9'" in answer.err


@pytest.mark.parametrize(
    "options",
    [(), ("--member", "ann", "--order", "o1"), ("--order", "o1", "--day", "2026-01-04")],
)
def test_a_member_or_an_order_is_asked_for_not_both_and_not_none(jifen, queue, options):
    assert jifen("explain", queue, *options).code == 2
