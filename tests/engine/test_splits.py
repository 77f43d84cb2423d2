"""Pools divided among members, against a slow twin in fractions; hand-worked cases; compiled and uncompiled."""

import os
import subprocess
import sys
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.shop import Shop, yuan

from jifen.core.errors import BrokenInvariant
from jifen.core.micros import CENT, MICRO
from jifen.engine.columns import SUM_MAX
from jifen.engine.splits import split_cents


def largest_remainders(cents: int, weights: list[int], members: list[int]) -> list[int]:
    """Floors, then cent by cent to whoever lacks most, of equals to who joined first."""
    exact = [Fraction(cents * weight, sum(weights)) for weight in weights]
    parts = [part.numerator // part.denominator for part in exact]
    for _ in range(cents - sum(parts)):
        lacking = [part - whole for part, whole in zip(exact, parts, strict=True)]
        parts[max(range(len(parts)), key=lambda place: (lacking[place], -members[place]))] += 1
    return parts


SMALL = st.lists(st.integers(1, 9), min_size=1, max_size=9)
HUGE = st.lists(st.integers(1, (SUM_MAX - 1) // 9), min_size=1, max_size=9)


@given(st.one_of(st.integers(0, 50), st.integers(0, 10**17)), st.one_of(SMALL, HUGE), st.permutations(range(9)))
def test_whole_cents_are_divided_by_largest_remainder(cents: int, weights: list[int], joined: list[int]) -> None:
    members = joined[: len(weights)]
    parts = split_cents(cents, np.array(weights), np.array(members)).tolist()
    assert sum(parts) == cents
    assert parts == largest_remainders(cents, weights, members)


@pytest.mark.parametrize(
    ("cents", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),  # 33⅓ each: the cent left goes to the first
        (200, [1, 1, 1], [67, 67, 66]),
        (1, [1, 2, 2], [0, 1, 0]),
        (0, [5, 7], [0, 0]),
        (7, [SUM_MAX - 1], [7]),
        (3, [SUM_MAX // 2, SUM_MAX // 2 - 1], [2, 1]),  # 1.5 and a little, 1.5 less it
        (10**17, [1, SUM_MAX - 2], [0, 10**17]),
        (10, [], []),
    ],
)
def test_divisions_worked_by_hand(cents: int, weights: list[int], parts: list[int]) -> None:
    assert split_cents(cents, np.array(weights, dtype=np.int64), np.arange(len(weights))).tolist() == parts


def test_of_equals_who_joined_first_gets_the_cent_wherever_he_stands() -> None:
    assert split_cents(100, np.array([1, 1, 1]), np.array([7, 2, 5])).tolist() == [33, 34, 33]


def test_weights_beyond_64_bits_are_refused() -> None:
    with pytest.raises(BrokenInvariant):
        split_cents(1, np.array([SUM_MAX - 1, 1]), np.arange(2))


UNCOMPILED = """
import sys
if sys.argv[1] == "interpret":
    from jifen.engine import kernels
    kernels.interpret()
import numpy as np
from jifen.engine.kernels.split import floors_and_rests
for units in (0, 1, 7, 10**11, 10**17):
    for weights in ([1], [1, 2, 4], [2**61, 2**60 + 1, 3], [2999999999, 3000000000], [2**62 - 2, 1]):
        floors, rests = floors_and_rests(units, np.array(weights), sum(weights))
        for weight, floor, rest in zip(weights, floors.tolist(), rests.tolist(), strict=True):
            assert (floor, rest) == divmod(units * weight, sum(weights)), (units, weights)
print(type(floors_and_rests).__name__)
"""


@pytest.mark.parametrize("way", ["compiled", "interpret", "disabled"])
def test_uncompiled_gives_the_same(way: str) -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1" if way == "disabled" else "0"}
    command = [sys.executable, "-W", "error", "-c", UNCOMPILED, way]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.stderr == ""
    assert (done.stdout.strip() == "function") == (way != "compiled")


# -- pools of a plan --------------------------------------------------------------------------------------------------


def cyclic(**params: Any) -> Shop:
    """Weights and credits are given by hand, and the pool by donation."""
    return Shop("cyclic_purchase", **params)


def holding(weights: list[str], rooms: list[str], **params: Any) -> Shop:
    """Members m0, m1, … with so many shares and credits each ("0": none); m1 was brought by m0, m2 by m1, and so on."""
    shop = cyclic(**params).join(**{f"m{place}": f"m{place - 1}" if place else None for place in range(len(weights))})
    for place, (weight, credit) in enumerate(zip(weights, rooms, strict=True)):
        if weight != "0":
            shop.adjust(f"m{place}", "shares", weight)
        if credit != "0":
            shop.adjust(f"m{place}", "credits", credit)
    return shop


def divided(shop: Shop, pool: str, amount: str, rule: str = "dividend") -> list[int]:
    """What each member is paid in the next run, after a donation."""
    shop.donate(pool, amount)
    paid = shop.close().paid()
    return [paid.get(member, {}).get(rule, 0) for member in shop.world.member_names]


def test_a_pool_is_divided_by_weight_and_drains_credits() -> None:
    """100 by 1 : 2 : 0.5, no one has more than 1000 to take it."""
    shop = holding(["1", "2", "0.5"], ["1000", "1000", "1000"])
    assert divided(shop, "dividend", "100.005") == [yuan("28.57"), yuan("57.14"), yuan("14.29")]
    assert shop.world.pool("dividend") == yuan("0.005"), "what is below a cent stays"
    assert [shop.remaining(f"m{place}", "credits") for place in range(3)] == [
        [yuan("971.43")], [yuan("942.86")], [yuan("985.71")],
    ]  # fmt: skip


def test_who_has_no_weight_or_less_gets_nothing() -> None:
    shop = holding(["1", "0", "0"], ["100", "100", "100"])
    shop.order("o1", "m2", "2000")
    shop.adjust("m2", "shares", "-1")
    shop.refund("o1", "2000")
    assert shop.world.weight("m2", "shares") == yuan("-1")
    assert divided(shop, "dividend", "50") == [yuan("50"), 0, 0]


@pytest.mark.parametrize(("excess", "paid"), [("carry_over", ["10", "30"]), ("redistribute", ["10", "50"])])
def test_what_is_above_the_credits_stays_or_is_divided_again(excess: str, paid: list[str]) -> None:
    """60 by 1 : 1; m0 has credits of 10 only."""
    shop = holding(["1", "1"], ["10", "1000"], excess=excess)
    assert divided(shop, "dividend", "60") == [yuan(part) for part in paid]


def test_redistribution_goes_on_until_nobody_is_short() -> None:
    """100 by 1 : 1 : 2. m0 has 5 (of 25); 95 by 1 : 2: m1 has 30 (of 31.67); 65 for m2, who has 60; 5 stay."""
    shop = holding(["1", "1", "2"], ["5", "30", "60"], excess="redistribute")
    assert divided(shop, "dividend", "100") == [yuan("5"), yuan("30"), yuan("60")]
    assert shop.world.pool("dividend") == yuan("5")


def test_odd_credits_leave_whole_cents_for_the_others() -> None:
    """10 by 1 : 1; m0's credits are 1.234567, so 8.765433 are left: 8.76 in cents."""
    shop = holding(["1", "1"], ["1.234567", "100"], excess="redistribute")
    assert divided(shop, "dividend", "10") == [yuan("1.234567"), yuan("8.76")]


@pytest.mark.parametrize(("retire", "paid"), [(True, ["0", "60"]), (False, ["0", "30"])])
def test_a_weight_retires_with_the_credits_or_keeps_its_part_from_the_others(retire: bool, paid: list[str]) -> None:
    shop = holding(["1", "1"], ["0", "1000"], retire_weights=retire)
    assert divided(shop, "dividend", "60") == [yuan(part) for part in paid]


def test_nobody_shares_or_nothing_is_there() -> None:
    shop = holding(["0"], ["100"])
    assert divided(shop, "dividend", "5") == [0]
    assert shop.world.pool("dividend") == yuan("5")
    shop.adjust("m0", "shares", "3")
    assert divided(shop, "dividend", "0.000001") == [yuan("5")]
    assert shop.close().paid() == {}
    assert shop.world.divisions.size == 1


LEVELS = [{"rank": "H1", "min": "1"}, {"rank": "H2", "min": "5"}]


def test_heads_count_alike_whatever_they_weigh() -> None:
    """Two of three have an honour level, one by appointment; a cent too many goes to the earlier."""
    shop = holding(["9", "0", "0.5"], ["100", "100", "100"], honour_levels=LEVELS, honour_share="1%")
    shop.rank("m1", "H2")
    assert divided(shop, "honour", "0.05", "honour") == [yuan("0.03"), yuan("0.02"), 0]


def test_the_second_pool_sees_the_credits_that_the_first_has_left() -> None:
    shop = holding(["5"], ["10"], honour_levels=LEVELS, honour_share="1%")
    shop.donate("honour", "100")
    shop.donate("dividend", "7")
    assert shop.close().paid() == {"m0": {"dividend": yuan("7"), "honour": yuan("3")}}


@pytest.mark.parametrize(("lower_too", "paid"), [(True, ["25", "75"]), (False, ["100", "0"])])
def test_the_pool_of_a_tier_is_for_its_members_or_for_higher_ones_too(lower_too: bool, paid: list[str]) -> None:
    shop = Shop("consumption_dividend", pool_share="1%", higher_shares_lower=lower_too).join(a=None, b=None)
    shop.order("o1", "a", "1000")
    shop.order("o2", "b", "3000")
    shop.close()
    found = divided(shop, "L1", "100")
    assert found == [yuan(part) for part in paid]


def test_the_pools_of_a_family_are_divided_lowest_first() -> None:
    """1 % of 3000 by 40 : 60 is 12 and 18, and 3 more for each; b's quota of 4 takes from L1 all it can."""
    shop = Shop("consumption_dividend", pool_share="1%").join(b=None)
    shop.order("o1", "b", "3000")
    shop.adjust("b", "quota", "-5996")
    for pool in ("L1", "L2"):
        shop.donate(pool, "3")
    shop.close()
    assert [shop.world.pool("L1"), shop.world.pool("L2")] == [yuan("11"), yuan("21")]


def test_without_lots_everyone_gets_his_part_and_refunds_do_not_touch_it() -> None:
    shop = Shop("distribution", pool_share="10%", generations=[]).join(a=None, b=None)
    shop.adjust("a", "stake", "3")
    shop.adjust("b", "stake", "1")
    shop.order("o1", "b", "100")
    assert shop.close().paid() == {"a": {"shareholders": yuan("7.5")}, "b": {"shareholders": yuan("2.5")}}
    shop.refund("o1", "100")
    assert [shop.cash(member) for member in "ab"] == [yuan("7.5"), yuan("2.5")]
    assert (shop.world.pool("shareholders"), shop.world.pool_debt("shareholders")) == (0, yuan("10"))


def test_a_refund_of_the_drained_order_takes_its_part_back() -> None:
    """The dividend of 100 drained the credits of o1: half given back, half of it stands."""
    shop = cyclic(pool_share="10%").join(a=None)
    shop.order("o1", "a", "1000")
    assert shop.close().paid() == {"a": {"dividend": yuan("100")}}
    shop.refund("o1", "500")
    assert (shop.cash("a"), shop.remaining("a", "credits")) == (yuan("50"), [yuan("950")])


def test_credits_beyond_64_bits_are_right() -> None:
    """1000 orders of a thousand million yuan, and 10 credits a yuan, are 10^19 micro-units: more than 64 bits hold.

    The pool has a tenth of what was sold, 10^17, and a has the only shares: it takes as many of his credits.
    """
    shop = cyclic(credit_multiple="10", pool_share="10%").join(a=None)
    for count in range(1000):
        shop.order(f"o{count}", "a", "1000000000")
    assert shop.close().paid() == {"a": {"dividend": 10**17}}
    assert sum(shop.remaining("a", "credits")) == 10**19 - 10**17


# -- against a twin ---------------------------------------------------------------------------------------------------


def twin(balance: int, weights: list[int], rooms: list[int], excess: str, *, retire: bool) -> list[int]:
    """Who shares is asked again and again; the slow and obvious way."""
    paid = dict.fromkeys(range(len(weights)), 0)
    staying = [place for place in paid if weights[place] > 0 and (rooms[place] > 0 or not retire)]
    while staying:
        parts = largest_remainders(balance // CENT, [weights[place] for place in staying], staying)
        wanted = {place: part * CENT for place, part in zip(staying, parts, strict=True)}
        short = [place for place in staying if rooms[place] < wanted[place]]
        if excess == "carry_over" or not short:
            return [paid[place] + min(wanted.get(place, 0), rooms[place]) for place in paid]
        for place in short:
            paid[place] = rooms[place]
            balance -= rooms[place]
        staying = [place for place in staying if place not in short]
    return list(paid.values())


HOLDINGS = st.lists(
    st.tuples(st.integers(0, 3), st.one_of(st.integers(0, 3).map(lambda yuan: yuan * MICRO), st.integers(0, 10**7))),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(HOLDINGS, st.integers(1, 3 * 10**7), st.sampled_from(("carry_over", "redistribute")), st.booleans())
def test_a_run_divides_as_the_twin_does(
    holdings: list[tuple[int, int]], balance: int, excess: str, retire: bool
) -> None:
    weights, rooms = [weight for weight, _ in holdings], [room for _, room in holdings]
    texts = [f"{room // MICRO}.{room % MICRO:06d}" if room else "0" for room in rooms]
    shop = holding([str(weight) for weight in weights], texts, excess=excess, retire_weights=retire)
    found = divided(shop, "dividend", f"{balance // MICRO}.{balance % MICRO:06d}")
    assert found == twin(balance, weights, rooms, excess, retire=retire)
    assert shop.world.pool("dividend") == balance - sum(found)
