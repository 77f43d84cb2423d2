"""A second, independent count of forced exits from a curve pool: equal orders, nobody sells by himself.

It shares nothing with the engine: whole numbers, one heap, no members, lots or accounts.
"""

import heapq
from fractions import Fraction
from functools import cache

MICRO = 10**6


@cache
def exits(orders: int, pool_share: Fraction, mint_share: Fraction, sell_fee: Fraction, multiple: Fraction) -> Fraction:
    """How many of so many orders of 1000 were forced out; each exit is clipped to its cap."""
    price_paid = 1000 * MICRO
    fed, cap = int(price_paid * pool_share), int(price_paid * multiple)
    minted, paid = int(fed * mint_share), int(cap * (1 - sell_fee))
    pool = supply = count = 0
    # At equal spend and cap, whoever holds most tokens has the lowest exit price.
    holders: list[int] = []
    for _ in range(orders):
        tokens = minted * supply // pool if supply else minted
        pool, supply = pool + fed, supply + tokens
        heapq.heappush(holders, -tokens)
        while holders and -holders[0] * pool >= cap * supply:
            supply += heapq.heappop(holders)
            pool, count = pool - paid, count + 1
    return Fraction(count)
