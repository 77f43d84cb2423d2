"""Which rule took what of what was sold: every line by hand, and lines that add up.

a refers b. a buys for 100, b for 50; 40 of a's order are refunded on the second day. Of each order 20 % go into
the pool of the queue; b's order releases 20 % of 50 to a's claim, paid by the pool.
"""

import json
from random import Random

import pytest

from jifen.batch.make_shop import Shop, make_shop
from jifen.batch.order_account import account_of
from jifen.batch.replay import world_of
from jifen.batch.run import run
from jifen.batch.waterfall import Line, PromiseLine
from jifen.core.errors import InputError
from jifen.core.micros import MICRO
from jifen.plan import load_plan

ORDERS = "order,member,paid_at,amount,cost\no1,a,2025-01-01T10:00:00,100,60\no2,b,2025-01-02T10:00:00,50,{cost}\n"
REFUNDS = "refund,order,refunded_at,amount\nr1,o1,2025-01-02T11:00:00,40.00\n"


@pytest.fixture
def queue(shop):
    """The run described above, with or without the second order's cost."""

    def ran(cost: str = "30"):
        return shop.write(orders=ORDERS.format(cost=cost), refunds=REFUNDS).run("rebate_queue").waterfall

    return ran


def test_what_a_rule_took_is_what_it_gave_less_what_refunds_took_back(queue):
    """20 + 10 are fed. 60 of 100 are kept of o1, so 12 of its 20 stand and 8 come back."""
    made = queue()
    assert (made.sold, made.refunded, made.net) == (150 * MICRO, 40 * MICRO, 110 * MICRO)
    assert made.takers == (Line("feed", "pool:queue", "", "cash", 30 * MICRO, 8 * MICRO),)
    assert (made.taken, made.remains) == (22 * MICRO, 88 * MICRO)


def test_a_pool_says_whom_it_paid_and_what_it_holds(queue):
    """a got 10 of his claim; of it 6 stand when 60 of 100 of his own order are kept. 22 in, 6 out."""
    _, fund = (None, *queue().funds)
    assert fund.name == "pool:queue"
    assert fund.paid == (Line("accelerate", "members", "upline", "cash", 10 * MICRO, 4 * MICRO),)
    assert (fund.holds, fund.owes) == (16 * MICRO, 0)


def test_a_promise_is_followed_to_what_is_left_of_it(queue):
    """Claims of 100 and 50; 10 released; the refund withdraws 40 and puts the 4 that were paid back into the claim."""
    (promise,) = queue().promises
    assert promise.lines == (
        PromiseLine("claim", 150 * MICRO, 0),
        PromiseLine("accelerate", 0, 10 * MICRO),
        PromiseLine("refund", 4 * MICRO, 40 * MICRO),
    )
    assert (promise.left, promise.worth) == (104 * MICRO, 104 * MICRO)


def test_the_cost_of_goods_is_that_of_what_was_kept(queue):
    """60 of 100 are kept of an order whose goods cost 60: 36, and 30 of the other."""
    made = queue()
    assert (made.cost, made.without_cost) == (66 * MICRO, 0)


def test_orders_that_do_not_tell_their_cost_are_counted(queue):
    made = queue(cost="")
    assert (made.cost, made.without_cost) == (36 * MICRO, 1)


def test_a_run_without_any_cost_has_none(shop):
    assert shop.run("rebate_queue").waterfall.cost is None


def test_what_the_merchant_pays_beyond_his_sales_is_below_zero(shop):
    """Points of twice the amount, all released the next day: 200 for 100, so the shop is 100 short."""
    shop.write(orders="order,member,paid_at,amount\no1,a,2025-01-01,100\n")
    shop.write(events="event,id,at,amount\nreserve_topped_up,t1,2025-01-02,1\n")
    plan = load_plan("points_dividend", {"points_per_yuan": "2", "daily_rate": "100%"})
    made = shop.run(plan).waterfall
    assert made.takers == (Line("static", "members", "buyer", "cash", 200 * MICRO),)
    assert made.remains == -100 * MICRO
    assert [(fund.name, fund.holds) for fund in made.funds] == [("reserve", MICRO)]


def test_what_is_given_by_hand_is_beside_the_sales(shop):
    shop.write(events="event,id,at,member,store,amount\nstore_adjusted,s1,2025-01-02T12:00:00,a,cash,7\n")
    made = shop.run().waterfall
    assert made.beside == (Line("admin", "members", "", "cash", 7 * MICRO),)
    assert made.remains == made.net - made.taken


def test_what_is_paid_with_coin_counts_as_sold_and_comes_back_with_a_refund(shop):
    """Of 100, 30 are paid with coin that was given by hand; half is refunded: 50 are left, 15 coin are back."""
    shop.write(
        members="member,referrer,joined_at\na,,2025-01-01\n",
        orders="order,member,paid_at,amount,pay_coin\no1,a,2025-01-02,100,30\n",
        refunds="refund,order,refunded_at,amount\nr1,o1,2025-01-02,50\n",
        events="event,id,at,member,store,amount\nstore_adjusted,s1,2025-01-01,a,coin,30\n",
    )
    made = shop.run("rebate_queue").waterfall
    assert (made.net, made.taken, made.remains) == (50 * MICRO, 10 * MICRO, 40 * MICRO)


def test_the_summary_on_disk_has_the_account(queue, shop):
    queue()
    told = json.loads((shop.out / "summary.json").read_text(encoding="utf-8"))["waterfall"]
    assert (told["net"], told["taken"], told["remains"]) == ("110.000000", "22.000000", "88.000000")
    assert told["takers"][0]["rule"] == "feed"


@pytest.fixture
def accounts(queue, shop):
    queue()
    world = world_of(shop.out)
    return lambda order: account_of(shop.out, world, order)


def test_an_order_says_what_each_rule_did_for_whom(accounts):
    account = accounts("o2")
    assert [(one.rule, one.what, one.source, one.to, one.relation, one.stands) for one in account.entries] == [
        ("claim", "granted", "claim", "b", "buyer", 50 * MICRO),
        ("feed", "fed", "shop", "pool:queue", "", 10 * MICRO),
        ("accelerate", "paid", "pool:queue", "a", "referrer 1", 10 * MICRO),
    ]
    assert account.remains == 40 * MICRO


def test_an_order_says_what_its_refund_took_back(accounts):
    account = accounts("o1")
    feed = next(one for one in account.entries if one.what == "fed")
    assert (feed.amount, feed.back) == (20 * MICRO, 8 * MICRO)
    (lot,) = account.lots
    assert (lot.granted, lot.withdrawn, lot.released, lot.remaining) == (
        100 * MICRO, 40 * MICRO, 6 * MICRO, 54 * MICRO,
    )  # fmt: skip
    assert account.elsewhere == {"accelerate": 10 * MICRO}
    assert (account.amount, account.refunded, account.remains) == (100 * MICRO, 40 * MICRO, 48 * MICRO)


def test_the_orders_add_up_to_the_run(accounts, queue, shop):
    assert sum(accounts(order).remains for order in ("o1", "o2")) == 88 * MICRO


def test_what_a_receiver_without_a_lot_lost_is_said(shop):
    """b's order of 100 asks 20 for a, who has no claim; everything of it is forfeited."""
    shop.write(orders="order,member,paid_at,amount\no1,b,2025-01-01T10:00:00,100\n").run("rebate_queue")
    account = account_of(shop.out, world_of(shop.out), "o1")
    (lost,) = (one for one in account.entries if one.what == "forfeited")
    assert (lost.rule, lost.to, lost.relation, lost.amount) == ("accelerate", "a", "referrer 1", 20 * MICRO)


def test_a_rule_that_did_nothing_for_an_order_says_so(shop):
    shop.write(orders="order,member,paid_at,amount\no1,a,2025-01-01T10:00:00,100\n").run("rebate_queue")
    account = account_of(shop.out, world_of(shop.out), "o1")
    assert [(one.rule, one.what) for one in account.entries][-1] == ("accelerate", "nothing")


def test_an_unknown_order_is_the_users_mistake(accounts):
    with pytest.raises(InputError, match="unknown_order"):
        accounts("o9")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("four_in_one", {}),
        ("points_dividend", {"funding": "reserve", "reserve_share": "40%", "daily_rate": "5%"}),
        ("refer_three", {"funding": "reserve", "reserve_share": "3%"}),
        ("three_for_one", {}),
        ("starter", {}),
    ],
)  # fmt: skip
def test_the_accounts_of_all_orders_add_up_to_that_of_the_run(tmp_path, name, changes):
    plan = load_plan(name, changes)
    made = make_shop(tmp_path / "shop", Random(3), Shop(members=30, orders=70, days=40, refunded=200_000))
    summary = run(plan, made, tmp_path / "out")
    world = world_of(tmp_path / "out")
    accounts = [account_of(tmp_path / "out", world, order) for order in world.order_names]
    assert summary.waterfall.refunded > 0
    assert sum(account.remains for account in accounts) == summary.waterfall.remains
    assert sum(account.amount - account.refunded for account in accounts) == summary.waterfall.net
