"""Exact ⌊a·n/d⌋ for 64-bit integers, with a product of two limbs inside (numba has no 128-bit integers).

Sums of rates × amounts need no wide product: ⌊Σ aᵢ·rᵢ / 10⁶⌋ = Σ ⌊aᵢ/10⁶⌋·rᵢ + ⌊Σ (aᵢ mod 10⁶)·rᵢ / 10⁶⌋, exactly.
"""

import numpy as np

from jifen.engine.kernels import compiled

__all__ = ["MILLION", "mul_div", "mul_div_most", "mul_rest", "sign_of"]

MILLION = 1_000_000
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_SIZE = np.uint64(64)
_NONE = np.uint64(0)
_ONE = np.uint64(1)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@compiled
def _times(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The 128-bit product as (high, low)."""
    a_high, a_low = a >> _HALF, a & _LOW
    b_high, b_low = b >> _HALF, b & _LOW
    low = a_low * b_low
    middle = a_high * b_low + (low >> _HALF)
    other = a_low * b_high + (middle & _LOW)
    return a_high * b_high + (middle >> _HALF) + (other >> _HALF), (other << _HALF) | (low & _LOW)


@compiled
def _minus(whole: np.uint64, taken: np.uint64) -> np.uint64:
    """whole − taken, modulo 2⁶⁴, without going below zero on the way."""
    return whole - taken if whole >= taken else (_ALL - taken) + whole + _ONE


@compiled
def _digit(rest: np.uint64, low: np.uint64, divisor: np.uint64) -> tuple[np.uint64, np.uint64]:
    """(rest·2³² + low) ÷ divisor and what is left, for rest < divisor, low < 2³² and a divisor from 2⁶³ on."""
    top, bottom = divisor >> _HALF, divisor & _LOW
    digit, left = rest // top, rest % top
    # The first guess goes by half of the divisor: it is at most two too high.
    while digit > _LOW or digit * bottom > (left << _HALF) | low:
        digit -= _ONE
        left += top
        if left > _LOW:
            break
    return digit, _minus((left << _HALF) | low, digit * bottom)


@compiled
def _divide(high: np.uint64, low: np.uint64, divisor: np.uint64) -> np.uint64:
    """(high·2⁶⁴ + low) ÷ divisor, for high < divisor < 2⁶³: as on paper, in two digits of 32 bits."""
    shift, step = _ONE, _HALF
    while step:
        if (divisor << shift) >> (_SIZE - step) == _NONE:
            shift += step
        step >>= _ONE
    divisor <<= shift
    first, rest = _digit((high << shift) | (low >> (_SIZE - shift)), (low << shift) >> _HALF, divisor)
    second, _ = _digit(rest, (low << shift) & _LOW, divisor)
    return (first << _HALF) | second


@compiled
def mul_div(amount: int, numerator: int, denominator: int) -> int:
    """⌊amount × numerator ÷ denominator⌋ for 0 ≤ amount, 0 ≤ numerator, 0 < denominator < 2⁶³.

    The quotient must be below 2⁶³; callers pass numerator ≤ denominator, or amounts within ``AMOUNT_MAX``.
    """
    if numerator == denominator:
        return amount
    if amount < 3_000_000_000 and numerator < 3_000_000_000:
        return amount * numerator // denominator
    high, low = _times(np.uint64(amount), np.uint64(numerator))
    if high == np.uint64(0):
        return np.int64(low // np.uint64(denominator))  # type: ignore[return-value]
    return np.int64(_divide(high, low, np.uint64(denominator)))  # type: ignore[return-value]


@compiled
def mul_rest(amount: int, numerator: int, denominator: int, quotient: int) -> int:
    """amount × numerator − quotient × denominator, where the quotient is theirs, so that the rest is below 2⁶³."""
    _, whole = _times(np.uint64(amount), np.uint64(numerator))
    _, taken = _times(np.uint64(quotient), np.uint64(denominator))
    return np.int64(_minus(whole, taken))  # type: ignore[return-value]


@compiled
def mul_div_most(amount: int, numerator: int, denominator: int, most: int) -> int:
    """⌊amount × numerator ÷ denominator⌋ of integers from 0 to 2⁶³, the last above 0; ``most`` where it is more."""
    high, low = _times(np.uint64(amount), np.uint64(numerator))
    if high >= np.uint64(denominator):
        return most
    divisor = np.uint64(denominator)
    quotient = low // divisor if high == np.uint64(0) else _divide(high, low, divisor)
    return np.int64(min(quotient, np.uint64(most)))  # type: ignore[return-value]


@compiled
def sign_of(left: tuple[int, int], right: tuple[int, int]) -> int:
    """The sign of left × left − right × right, each a product of two integers from 0 to 2⁶³."""
    high, low = _times(np.uint64(left[0]), np.uint64(left[1]))
    other_high, other_low = _times(np.uint64(right[0]), np.uint64(right[1]))
    if high != other_high:
        return 1 if high > other_high else -1
    if low != other_low:
        return 1 if low > other_low else -1
    return 0
