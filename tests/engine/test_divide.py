"""⌊a·n/d⌋ of the kernels is Python's, at the edges of 64 bits, compiled and uncompiled."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jifen.core.micros import AMOUNT_MAX
from jifen.engine.kernels.divide import mul_div, mul_div_most, mul_rest, sign_of

TOP = 2**63 - 1
EDGES = (
    1, 2, 999_999, 1_000_000, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2_999_999_999, 3_000_000_000, AMOUNT_MAX,
    2**62, TOP - 1, TOP,
)  # fmt: skip
"""Where limbs, signs, and the short way through the kernel change."""

numbers = st.one_of(st.sampled_from((0, *EDGES)), st.integers(0, TOP), st.integers(0, AMOUNT_MAX))
above_zero = st.one_of(st.sampled_from(EDGES), st.integers(1, TOP), st.integers(1, AMOUNT_MAX))


@given(numbers, numbers, above_zero)
def test_it_is_the_quotient_of_unbounded_integers(amount: int, numerator: int, denominator: int) -> None:
    wanted = amount * numerator // denominator
    assume(wanted <= TOP)
    assert mul_div(amount, numerator, denominator) == wanted


@given(numbers, above_zero, above_zero)
def test_a_part_never_exceeds_the_whole(amount: int, one: int, other: int) -> None:
    assert mul_div(amount, min(one, other), max(one, other)) == amount * min(one, other) // max(one, other) <= amount


def test_all_edges_with_all_edges() -> None:
    for amount in EDGES:
        for numerator in EDGES:
            for denominator in EDGES:
                wanted = amount * numerator // denominator
                if wanted <= TOP:
                    assert mul_div(amount, numerator, denominator) == wanted, (amount, numerator, denominator)


@pytest.mark.parametrize("small", [1, 3, 7, 10])
def test_one_below_a_multiple_is_not_rounded_up(small: int) -> None:
    assert mul_div(TOP, small, TOP) == small
    assert mul_div(TOP - 1, small, TOP) == small - 1


UNCOMPILED = """
import sys
if sys.argv[1] == "interpret":
    from jifen.engine import kernels
    kernels.interpret()
from jifen.engine.kernels.divide import mul_div
EDGES = {edges}
for a in EDGES:
    for n in EDGES:
        for d in EDGES:
            if a * n // d < 2 ** 63:
                assert int(mul_div(a, n, d)) == a * n // d, (a, n, d)
print(type(mul_div).__name__)
"""


@pytest.mark.parametrize("way", ["interpret", "disabled"])
def test_uncompiled_gives_the_same(way: str) -> None:
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1" if way == "disabled" else "0"}
    command = [sys.executable, "-W", "error", "-c", UNCOMPILED.format(edges=EDGES), way]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.stderr, done.stdout.strip()) == ("", "function")


def test_the_rest_is_right_where_the_low_limbs_wrap_around() -> None:
    """2⁶⁴ = 3 × 6148914691236517205 + 1: the product's low limb is 0, and below what is taken from it."""
    assert mul_rest(2**33, 2**31, 3, 6148914691236517205) == 1
    for amount in EDGES:
        for numerator in EDGES:
            for denominator in EDGES:
                quotient, rest = divmod(amount * numerator, denominator)
                if quotient <= TOP:
                    assert mul_rest(amount, numerator, denominator, quotient) == rest, (amount, numerator, denominator)


def test_it_takes_values_as_columns_hold_them() -> None:
    column = np.array([TOP, 7, TOP], dtype=np.int64)
    assert mul_div(column[0], column[1], column[2]) == 7


@given(numbers, numbers, above_zero, st.integers(0, 2**62))
def test_a_quotient_is_never_more_than_asked_for(amount, numerator, denominator, most):
    assert mul_div_most(amount, numerator, denominator, most) == min(amount * numerator // denominator, most)


@given(numbers, numbers, numbers, numbers)
def test_products_are_compared_exactly(one, two, three, four):
    difference = one * two - three * four
    assert sign_of((one, two), (three, four)) == (difference > 0) - (difference < 0)
    assert sign_of((one, two), (two, one)) == 0
