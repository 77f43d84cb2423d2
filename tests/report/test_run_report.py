"""A report made from the files of a run."""

from pathlib import Path

import pytest

from jifen.batch.run import Inputs, Target, run
from jifen.core.micros import MICRO
from jifen.plan import load_plan
from jifen.report.run_report import read_figures, write_report


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    (tmp_path / "members.csv").write_text("member,referrer,joined_at\nann,,2026-01-01\n")
    (tmp_path / "orders.csv").write_text("order,member,paid_at,amount\no1,ann,2026-01-01,1000\n")
    return Inputs(tmp_path / "members.csv", tmp_path / "orders.csv")


def test_what_is_promised_is_kept_apart_from_what_is_in_wallets(inputs, tmp_path):
    # 1000 points, 1 % a day of them from the next day on: after one release 10 are in the wallet and 990 are promised.
    from datetime import date

    run(load_plan("points_dividend"), inputs, tmp_path / "out", until=date(2026, 1, 2))
    figures = read_figures(tmp_path / "out" / "daily.parquet", {})
    assert figures.levels["wallets"] == [0, 10 * MICRO]
    assert figures.levels["owed"] == [1000 * MICRO, 990 * MICRO]
    assert figures.paid == {"static": [0, 10 * MICRO]}


def test_the_pool_of_tokens_prices_them_and_backs_nothing_else(inputs, tmp_path):
    # 30 % of 1000 into the pool, 70 % of that minted at the launch price of 1: 300 ÷ 210.
    plan = load_plan("appreciation")
    target = Target(tmp_path / "out", finish=lambda folder, summary: write_report(folder, plan, summary))
    run(plan, inputs, target)
    figures = read_figures(tmp_path / "out" / "daily.parquet", {"pool": "tokens"})
    assert figures.levels["token_pool"] == [300 * MICRO]
    assert figures.levels["price"] == [1_428_571]
    assert figures.levels["pools"] == [0]
    assert "worth their pool, 300.00" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
