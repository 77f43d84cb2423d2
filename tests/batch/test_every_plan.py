"""Every plan that is shipped, over the first months of a real shop: it runs, shows something, passes its audit."""

import csv
from decimal import Decimal
from random import Random

import pytest

from jifen.batch.audit import audit
from jifen.batch.make_events import add_events
from jifen.batch.make_shop import Shop, make_shop
from jifen.batch.merge import Inputs
from jifen.batch.run import run
from jifen.core.micros import MICRO
from jifen.plan import load_plan, preset_names

LAST = "2010-02-15"
TIMES = {"members": "joined_at", "orders": "paid_at", "refunds": "refunded_at"}
PLANS = (*preset_names(), "four_in_one")


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def months(shared, tmp_path_factory) -> Inputs:
    """The rows of a real shop up to a day."""
    folder = tmp_path_factory.mktemp("months")
    for kind, time in TIMES.items():
        kept = [row for row in rows(shared / "data" / "online_retail" / f"{kind}.csv") if row[time] < LAST]
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as stream:
            lines = csv.DictWriter(stream, kept[0])
            lines.writeheader()
            lines.writerows(kept)
    return Inputs(*(folder / f"{kind}.csv" for kind in TIMES))


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_runs_over_a_real_shop_and_comes_out_again(months, tmp_path, name):
    plan = load_plan(name)
    summary = run(plan, add_events(plan, months, tmp_path / "in", Random(7)), tmp_path / "out")
    assert summary.rejected == 0
    for total, kind in ((summary.sold, "orders"), (summary.refunded, "refunds")):
        assert Decimal(total) / MICRO == sum(Decimal(row["amount"]) for row in rows(getattr(months, kind)))
    assert summary.paid or summary.weights, "a plan that shows nothing"
    found = audit(tmp_path / "out")
    assert (found.difference, found.problems) == (None, [])


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_shows_something_in_a_made_up_shop(tmp_path, name):
    plan = load_plan(name)
    made = make_shop(tmp_path / "shop", Random(7), Shop(members=120, orders=500, days=70))
    summary = run(plan, add_events(plan, made, tmp_path / "in", Random(7)), tmp_path / "out")
    assert summary.rejected == 0
    assert summary.warnings == ()
    assert summary.paid or summary.weights


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("ad_tasks", {"task_done"}),
        ("legacy_conversion", {"liability_booked"}),
        ("distribution", {"agent_set", "store_adjusted"}),
        ("points_dividend", {"rank_set"}),
        ("appreciation", {"tokens_sold"}),
        ("rebate_queue", set()),
    ],
)
def test_what_is_made_up_follows_from_the_rules_of_the_plan(tmp_path, name, kinds):
    made = make_shop(tmp_path / "shop", Random(7), Shop(members=120, orders=500, days=70))
    inputs = add_events(load_plan(name), made, tmp_path / "in", Random(7))
    found = set() if inputs.events is None else {row["event"] for row in rows(inputs.events)}
    assert found == kinds


def test_members_with_old_debts_pay_with_the_coin_they_have(tmp_path):
    """The first batches are released after thirty days; goods paid with them lower the debts."""
    plan = load_plan("legacy_conversion")
    made = make_shop(tmp_path / "shop", Random(7), Shop(members=120, orders=500, days=70))
    inputs = add_events(plan, made, tmp_path / "in", Random(7))
    coin = sum(Decimal(row["pay_coin"]) for row in rows(inputs.orders) if row["pay_coin"])
    summary = run(plan, inputs, tmp_path / "out")
    assert coin > 0
    debts = next(promise for promise in summary.waterfall.promises if promise.store == "debt")
    (used,) = (line.used - line.added for line in debts.lines if line.rule == "deliver")
    assert 0 < Decimal(used) / MICRO <= coin


def test_the_same_seed_makes_the_same_events(tmp_path):
    plan = load_plan("ad_tasks")
    made = make_shop(tmp_path / "shop", Random(7), Shop(members=50, orders=100, days=20))
    one, other = (add_events(plan, made, tmp_path / name, Random(3)).events for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
