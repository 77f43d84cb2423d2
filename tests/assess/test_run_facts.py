"""What a run says to the rules: worked by hand over a shop of four members."""

from fractions import Fraction

import numpy as np
import pytest

from jifen.assess.metrics import upward_rules
from jifen.assess.run_facts import depth_of, read_run
from jifen.batch.run import Inputs, run
from jifen.core.errors import InputError
from jifen.plan import load_plan

MEMBERS = "member,referrer,joined_at\nann,,2026-01-01\nbob,ann,2026-01-01\ncat,bob,2026-01-01\ndan,,2026-01-01\n"
ORDERS = """order,member,paid_at,amount,merchant
o1,bob,2026-01-02,1000,mill
o2,cat,2026-01-02,500,cat
o3,dan,2026-01-02,700,
"""
REFUNDS = "refund,order,refunded_at,amount\nr1,o2,2026-01-03,100\n"


@pytest.fixture
def facts(tmp_path):
    def measure(plan, orders=ORDERS, refunds=REFUNDS):
        files = {"members": MEMBERS, "orders": orders, "refunds": refunds}
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        paths = [tmp_path / f"{name}.csv" for name in files]
        run(plan, Inputs(*paths), tmp_path / "out")
        return read_run(tmp_path / "out", upward_rules(plan))

    return measure


def test_tree_fees_and_the_orders_that_rewards_stand_on(facts):
    found = facts(load_plan("distribution"))
    assert (found.tree_members, found.tree_levels) == (4, 4)  # the organiser, ann, bob, cat; dan stands alone
    assert found.fees_collected == 1000 + 400
    # ann has 100 for bob's order, who brought cat; bob 50 and ann 25 for cat's, of which four fifths stand.
    assert found.own_purchase_share == Fraction(100, 100 + 40 + 20)
    assert found.self_dealing_share == Fraction(500, 1500)
    assert found.plan_versions == 1
    assert (found.coverage, found.unpaid_if_stopped, found.members_unpaid) == (1, 0, 0)


def test_what_is_promised_and_what_is_there(facts):
    plan = load_plan("points_dividend", {"funding": "reserve", "reserve_share": "30%", "start_lag_days": 9})
    found = facts(plan)
    # Points: bob 1000, cat 500, dan 700; cat's order releases 100 of bob's, ann has none. Cat gives back a fifth:
    # 400 are left of hers, and 20 go back to bob's. Promised: 920 + 400 + 700.
    # The reserve took 300 + 150 + 210, paid 100, gave back 30 and got back 20.
    assert found.coverage == Fraction(550, 2020)
    assert found.unpaid_if_stopped == 2020 - 550
    assert found.members_unpaid == 3


def test_a_run_without_merchants_and_rewards_measures_neither(facts):
    orders = "order,member,paid_at,amount\no1,bob,2026-01-02,1000\n"
    found = facts(load_plan("member_rebate"), orders, "refund,order,refunded_at,amount\n")
    assert found.self_dealing_share is None
    assert found.own_purchase_share is None


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError):
        read_run(tmp_path, ())


@pytest.mark.parametrize(
    ("parent", "depth"),
    [
        ([], []),
        ([-1], [0]),
        ([1, 2, 3, 4, -1], [4, 3, 2, 1, 0]),  # a chain, its top the last to have joined
        ([-1, 0, 0, 1, 1, 3, -1, 6], [0, 1, 1, 2, 2, 3, 0, 1]),
    ],
)
def test_how_many_stand_above_each(parent, depth):
    assert depth_of(np.array(parent, dtype=np.int64)).tolist() == depth
