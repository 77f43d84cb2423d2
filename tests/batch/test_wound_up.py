"""A run whose files wind the plan up: the tables, the account of the funds and the audit know it."""

import csv
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
from tests.report.test_waterfall_section import words

from jifen.batch.audit import audit
from jifen.batch.order_account import account_of
from jifen.core.micros import MICRO
from jifen.engine.snapshot import load_world
from jifen.report.waterfall_section import waterfall_section

EVENTS = (
    "event,id,at,amount\n"
    "reserve_topped_up,t1,2025-01-02T12:00:00,60\n"
    "plan_wound_up,e1,2025-01-02T13:00:00,\n"
)  # fmt: skip


def test_a_run_that_is_wound_up_pays_by_one_rate_and_is_audited(shop):
    """o1 100 and o2 50 are claims of 150, 60 is there: 40 of 100 and 20 of 50; nothing is released any more.

    Of o1 a, who has no lot on that day, would have had 20.
    """
    summary = shop.write(events=EVENTS).run(until=date(2025, 1, 4))
    with (shop.out / "balances.csv").open(encoding="utf-8") as stream:
        held = {(row["member"], row["asset"]): row["balance"] for row in csv.DictReader(stream)}
    assert sorted(held[member, "cash"] for member in ("a", "b")) == ["20.000000", "40.000000"]
    assert held["a", "points"] == held["b", "points"] == "0.000000"
    days = pq.read_table(shop.out / "daily.parquet").to_pylist()
    assert [row["paid:wind_up"] for row in days] == [Decimal(0), Decimal(60), Decimal(0), Decimal(0)]
    assert [row["owed"] for row in days][1:] == [Decimal(60)] * 3
    assert summary.paid == {"wind_up": 60 * MICRO}
    assert audit(shop.out).difference is None
    account = account_of(shop.out, load_world(shop.out / "snapshot"), "o1")
    assert [(entry.rule, entry.what, entry.amount) for entry in account.entries if entry.amount] == [
        ("grant", "granted", 100 * MICRO), ("generation", "forfeited", 20 * MICRO),
        ("written_off", "used", 60 * MICRO), ("wind_up", "paid", 40 * MICRO),
    ]  # fmt: skip


def test_pools_that_go_into_the_reserve_are_in_its_account(shop):
    """Pool 20% of 150 = 30 for claims of 150: 20 and 10."""
    shop.write(events=EVENTS.replace("reserve_topped_up,t1,2025-01-02T12:00:00,60\n", ""))
    summary = shop.run(plan="rebate_queue")
    reserve, queue = summary.waterfall.funds
    assert [(line.rule, line.place, line.net) for line in reserve.fed] == [("wind_up", "pool:queue", 30 * MICRO)]
    assert [(line.rule, line.place, line.net) for line in queue.paid] == [("wind_up", "reserve", 30 * MICRO)]
    assert (reserve.holds, queue.holds) == (0, 0)
    said = words(waterfall_section(summary.waterfall))
    assert "paid when the plan was wound up" in said
