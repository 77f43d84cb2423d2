"""The shop made for demonstrations: the same seed gives the same files, and they look like a shop."""

import csv
from collections import Counter
from random import Random

import pytest

from jifen.batch.make_shop import Shop, make_shop
from jifen.batch.run import run
from jifen.plan import load_plan


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_shop(tmp_path_factory.mktemp("shop"), Random(7))


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_same_seed_gives_the_same_files(made, tmp_path):
    again = make_shop(tmp_path, Random(7))
    assert all(again.paths()[kind].read_bytes() == path.read_bytes() for kind, path in made.paths().items())


def test_its_size_is_as_asked(made):
    members, orders, refunds = (rows(path) for path in made.paths().values())
    assert (len(members), len(orders)) == (Shop().members, Shop().orders)
    assert 20_000 < len(refunds) * 1_000_000 // len(orders) < 40_000


def test_some_refer_many_and_most_refer_nobody(made):
    referred = Counter(row["referrer"] for row in rows(made.members) if row["referrer"])
    assert max(referred.values()) > 20
    assert len(referred) < Shop().members // 2


def test_most_orders_are_small_and_a_few_are_large(made):
    amounts = sorted(int(row["amount"].replace(".", "")) for row in rows(made.orders))
    assert amounts[len(amounts) // 2] < sum(amounts) // len(amounts)


def test_it_runs_without_a_refused_row(made, tmp_path):
    summary = run(load_plan("points_dividend"), made, tmp_path / "out")
    assert (summary.members, summary.orders, summary.rejected, summary.duplicates) == (1000, 6000, 0, 0)
