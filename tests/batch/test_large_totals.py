"""A shop whose totals are beyond 64 bits: everything it writes is right, and so is what reads it again."""

from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from jifen.batch.audit import audit
from jifen.batch.run import Target
from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.plan import load_plan
from jifen.report.run_report import write_report

COUNT = 9300
"""So many orders of a thousand million yuan are 9.3 × 10^18 micro-units, and 64 bits hold 9.22 × 10^18."""


@pytest.fixture
def done(shop):
    """Members m0 to m2, each the referrer of the next, who order in turn."""
    orders = "".join(f"o{place},m{place % 3},2025-01-01T10:00:00,1000000000\n" for place in range(COUNT))
    members = "".join(f"m{place},{f'm{place - 1}' if place else ''},2025-01-01\n" for place in range(3))
    shop.write(members=f"member,referrer,joined_at\n{members}", orders=f"order,member,paid_at,amount\n{orders}")
    return shop


def test_a_run_whose_sums_are_beyond_64_bits_is_right_in_all_it_writes(done):
    """Two thirds of the orders have a referrer: 620 × 10^9 yuan for him out of his lots, and nothing else yet."""
    plan = load_plan(
        "points_dividend", {"generations": ["10%"], "ranks": [], "settle_at": "paid", "funding": "merchant"}
    )
    sold, paid = COUNT * AMOUNT_MAX, 2 * COUNT // 3 * AMOUNT_MAX // 10
    summary = done.run(plan, out=Target(done.out, finish=lambda folder, made: write_report(folder, plan, made)))
    assert (summary.sold, summary.granted, summary.paid) == (sold, {"points": sold}, {"generation": paid})
    assert (summary.waterfall.sold, summary.waterfall.taken, summary.waterfall.remains) == (sold, paid, sold - paid)
    assert summary.owed["points"] == sold - paid
    (day,) = pq.read_table(done.out / "daily.parquet", columns=["day", "sold", "granted"]).to_pylist()
    assert day == {"day": date(2025, 1, 1), "sold": Decimal(sold) / MICRO, "granted": Decimal(sold) / MICRO}
    assert "9,300,000,000,000.00" in (done.out / "report.html").read_text(encoding="utf-8")
    assert audit(done.out).difference is None
