"""Amounts, shares and times as a reader sees them, the same in every language; none says more than is true."""

from jifen.core.micros import MICRO

__all__ = ["count", "money", "percent", "price", "times"]

_WHOLE_FROM = 1000
"""From so many yuan on cents are left out."""


def count(number: int) -> str:
    """Write a number of things.

    >>> count(12345)
    '12,345'
    """
    return f"{number:,}"


def money(amount: int) -> str:
    """Write micro-units as yuan, rounded half-up: large amounts without cents.

    >>> money(3_215_417_330_000), money(12_500_000), money(-5_000_000), money(0)
    ('¥3,215,417', '¥12.50', '−¥5.00', '¥0')
    """
    cents = _rounded(abs(amount), MICRO // 100)
    sign = "−" if amount < 0 and cents else ""
    if cents >= 100 * _WHOLE_FROM:
        return f"{sign}¥{_rounded(abs(amount), MICRO):,}"
    return f"{sign}¥{cents // 100}.{cents % 100:02d}" if cents else "¥0"


def price(amount: int) -> str:
    """Write what one token costs, with four decimals below one yuan.

    >>> price(15_561_326), price(12_345), price(0)
    ('¥15.56', '¥0.0123', '¥0')
    """
    if not 0 < amount < MICRO:
        return money(amount)
    return f"¥0.{min(_rounded(amount, 100), 9999):04d}"


def percent(part: int, whole: int) -> str:
    """Write a part of a whole above zero, neither of them negative: what is not nothing and not all is not called so.

    >>> percent(312, 2860), percent(1, 100_000), percent(99_999, 100_000), percent(3, 2)
    ('10.9%', '<0.1%', '>99.9%', '150%')
    """
    tenths = _rounded(1000 * part, whole)
    if part and not tenths:
        return "<0.1%"
    if part < whole and tenths >= 1000:
        return ">99.9%"
    return f"{tenths // 10:,}%" if tenths % 10 == 0 else f"{tenths // 10:,}.{tenths % 10}%"


def times(amount: int, of: int) -> str:
    """Write how many times another amount, above zero, an amount is: one decimal from 1 on, two below.

    >>> times(21, 10), times(1, 3), times(1, 1000), times(0, 7)
    ('2.1', '0.33', '<0.01', '0')
    """
    hundredths = _rounded(100 * amount, of)
    if hundredths >= 100:
        tenths = _rounded(10 * amount, of)
        return f"{tenths // 10:,}.{tenths % 10}"
    return f"0.{hundredths:02d}" if hundredths else "<0.01" if amount else "0"


def _rounded(amount: int, unit: int) -> int:
    return (2 * amount + unit) // (2 * unit)
