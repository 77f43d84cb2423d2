"""What the modes need beyond orders comes from files too, and what members have is told apart by name."""

import csv
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from jifen.batch.audit import audit
from jifen.plan import load_plan

MEMBERS = "member,referrer,joined_at\na,,2025-01-01\nb,a,2025-01-01\n"


@pytest.fixture
def balances(shop):
    """What members have after a run, what is above or below zero."""

    def read() -> dict[tuple[str, str], Decimal]:
        with (shop.out / "balances.csv").open(encoding="utf-8") as stream:
            rows = [(row["member"], row["asset"], Decimal(row["balance"])) for row in csv.DictReader(stream)]
        return {(member, asset): balance for member, asset, balance in rows if balance}

    return read


def test_old_debts_become_coin_and_goods_lower_them(shop, balances):
    """1,000 owed: a debt and coin lots of 1,000; after 30 days a tenth is released; 50 of it buy goods."""
    shop.write(
        members=MEMBERS,
        orders="order,member,paid_at,amount,pay_coin\no1,a,2025-02-01,50,50\n",
        events="event,id,at,member,amount\nliability_booked,l1,2025-01-01T12:00:00,a,1000\n",
    )
    shop.run("legacy_conversion")
    assert balances() == {("a", "coin"): 50, ("a", "store:coin"): 900, ("a", "debt"): 950}
    assert audit(shop.out).sound


def test_agents_and_stakes_come_with_members_and_events(shop, balances):
    """Of 100 delivered in 南山: 10 to a above b, 5 to the city's agent c, 10 into the pool of a's and c's stakes."""
    shop.write(
        members="member,referrer,joined_at,agent\na,,2025-01-01,\nb,a,2025-01-01,\nc,,2025-01-01,广东/深圳\n",
        orders="order,member,paid_at,amount,region\no1,b,2025-01-02,100,广东/深圳/南山\n",
        events="event,id,at,member,store,amount\n"
        "store_adjusted,s1,2025-01-01T12:00:00,a,stake,3\nstore_adjusted,s2,2025-01-01T12:00:00,c,stake,1\n",
    )
    shop.run(load_plan("distribution", {"pool_share": "10%"}))
    assert balances() == {
        ("a", "cash"): Decimal("17.5"), ("a", "stake"): 3, ("c", "cash"): Decimal("7.5"), ("c", "stake"): 1,
    }  # fmt: skip


def test_tasks_pay_by_the_stock_of_the_day_before(shop, balances):
    shop.write(
        members=MEMBERS,
        orders="order,member,paid_at,amount\no1,a,2025-01-01,100\n",
        events="event,id,at,member,task\ntask_done,t1,2025-01-02,a,video\n",
    )
    shop.run("ad_tasks")
    assert balances() == {("a", "cash"): 2, ("a", "stock"): 98}


def test_weights_have_rows_and_columns_of_their_own(shop, balances):
    """4,000 yuan are two shares, 1,000 half a one; the referrer's are his own."""
    shop.write(members=MEMBERS, orders="order,member,paid_at,amount\no1,a,2025-01-01,4000\no2,b,2025-01-02,1000\n")
    summary = shop.run("share_plan")
    assert balances() == {("a", "shares"): 2, ("b", "shares"): Decimal("0.5")}
    assert summary.weights == {"shares": 2_500_000}
    (promise,) = summary.waterfall.promises
    assert (promise.kind, promise.left, promise.worth) == ("weight", 2_500_000, None)
    days = pq.read_table(shop.out / "daily.parquet").to_pylist()
    assert [row["weighed:shares"] for row in days] == [2, Decimal("0.5")]
    assert [row["weight:shares"] for row in days] == [2, Decimal("2.5")]


def test_what_the_reserve_could_not_pay_is_a_row_and_a_column(shop, balances):
    """2 % of two orders of 100 are in the reserve: of the 10 for a referral 4 are paid and 6 are owed."""
    shop.write(members=MEMBERS, orders="order,member,paid_at,amount\no1,a,2025-01-01,100\no2,b,2025-01-02,100\n")
    plan = load_plan("refer_three", {"funding": "reserve", "reserve_share": "2%"})
    summary = shop.run(plan)
    assert balances() == {("a", "cash"): 4, ("a", "owed"): 6}
    last = pq.read_table(shop.out / "daily.parquet").to_pylist()[-1]
    assert (last["claims"], last["wallets"], last["owed"]) == (6, 4, 10)
    assert audit(shop.out).sound
    (claims,) = summary.waterfall.promises
    assert (claims.store, claims.kind, claims.left, claims.worth) == ("owed", "claims", 6_000_000, 6_000_000)


def test_a_refund_lowers_what_is_owed_before_what_was_paid(shop, balances):
    """Half of b's order is refunded: of the 10 only 5 are due, of which 4 are paid; 1 is still owed."""
    shop.write(
        members=MEMBERS,
        orders="order,member,paid_at,amount\no1,a,2025-01-01,100\no2,b,2025-01-02,100\n",
        refunds="refund,order,refunded_at,amount\nr1,o2,2025-01-02T12:00:00,50\n",
    )
    shop.run(load_plan("refer_three", {"funding": "reserve", "reserve_share": "2%", "on_shortfall": "prorate"}))
    assert balances()["a", "owed"] == 1
    assert audit(shop.out).sound


def test_the_counter_of_newcomers_is_a_level(shop):
    """The first ticket enters an empty queue and does not count; the second does."""
    shop.write(members=MEMBERS, orders="order,member,paid_at,amount\no1,a,2025-01-01,1000\no2,b,2025-01-02,1000\n")
    shop.run("three_for_one")
    assert [row["counter"] for row in pq.read_table(shop.out / "daily.parquet").to_pylist()] == [0, 1]


@pytest.mark.parametrize(
    ("plan", "row", "code", "column"),
    [
        ("legacy_conversion", "liability_booked,e1,2025-01-01,a,-5,,,", "negative", "amount"),
        ("legacy_conversion", "liability_booked,e1,2025-01-01,a,,,,", "empty_value", "amount"),
        ("legacy_conversion", "liability_booked,e1,2025-01-01,zoe,5,,,", "unknown_member", "member"),
        ("distribution", "store_adjusted,e1,2025-01-01,a,5,stakes,,", "unknown_store", "store"),
        ("distribution", "store_adjusted,e1,2025-01-01,a,0,stake,,", "bad_amount", "amount"),
        ("ad_tasks", "task_done,e1,2025-01-01,a,5,,,", "not_a_fact", "amount"),
        ("appreciation", "tokens_sold,e1,2025-01-01,a,,,some,", "not_a_number", "tokens"),
        ("appreciation", "tokens_sold,e1,2025-01-01,a,,,5,", "insufficient", "tokens"),
        ("share_plan", "tokens_sold,e1,2025-01-01,a,,,all,", "unknown_store", "id"),
        ("cyclic_purchase", "rank_set,e1,2025-01-01,a,,,,黄金", "unknown_name", "rank"),
        ("green_points", "rank_set,e1,2025-01-01,a,,,,彩虹", "unknown_name", "rank"),
    ],
)
def test_rubbish_is_refused_with_its_place(shop, plan, row, code, column):
    shop.write(members=MEMBERS, events=f"event,id,at,member,amount,store,tokens,rank\n{row}\n")
    (found,) = shop.places(plan=plan)
    assert found == (code, "events.csv", 2, column)


def test_more_shares_by_hand_than_may_be_issued_are_refused(shop):
    shop.write(members=MEMBERS, events="event,id,at,member,store,amount\nstore_adjusted,e1,2025-01-01,a,shares,11\n")
    (found,) = shop.places(plan=load_plan("share_plan", {"share_cap": "10"}))
    assert found[0] == "limit"


def test_a_plan_by_margin_over_orders_without_cost_is_warned_of(shop):
    """Of two orders one tells its cost; 30 % of a margin of 100 and of 50 − 30 are put aside."""
    shop.write(
        members=MEMBERS,
        orders="order,member,paid_at,amount,cost\no1,b,2025-01-01T10:00:00,100.00,\no2,a,2025-01-02T10:00:00,50,30\n",
    )
    summary = shop.run("member_rebate", until=date(2025, 1, 20))
    (warning,) = summary.warnings
    assert warning.code == "margin_without_cost"
    assert warning.message.startswith("1 of 2 orders do not tell what their goods cost")
    assert "column cost" in warning.remedy
    assert sum(line.gave for line in summary.waterfall.takers) == 36_000_000


def test_a_plan_by_amount_or_with_every_cost_told_is_not_warned_of(shop):
    assert shop.run("rebate_queue").warnings == ()
    shop.write(orders="order,member,paid_at,amount,cost\no1,b,2025-01-01T10:00:00,100.00,70\n")
    assert shop.run("member_rebate", out=shop.folder / "again").warnings == ()
