"""A small shop as CSV files, made on the spot: members who refer each other, orders, refunds. For demonstrations.

What a plan may need beyond them is made by ``make_events``.

Who refers follows preferential attachment (who has referred more is found more often), the amounts of orders are spread
like real ones: most are small, a few are large. The same generator state gives the same files.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from jifen.batch.merge import Inputs
from jifen.core.micros import CENT, MICRO, format_micros

__all__ = ["DAY_SECONDS", "HALVINGS", "REGIONS", "Shop", "make_shop"]

DAY_SECONDS = 86_400
HALVINGS = 6
"""An amount is its largest over two, up to so many times: steps of a logarithm, the middle ones most often."""


REGIONS = ("广东/深圳/南山", "广东/深圳/福田", "广东/广州/天河", "浙江/杭州/西湖", "浙江/宁波/海曙", "上海/上海/徐汇")
"""Where the goods are delivered."""


@dataclass(frozen=True, slots=True)
class Shop:
    """How large the shop is. Rates are parts per million, amounts micro-units, ``start`` its first day."""

    members: int = 1000
    days: int = 180
    start: datetime = datetime(2025, 1, 1)  # noqa: DTZ001 -- the shop's local time
    orders: int = 6000
    largest: int = 60_000_000_000
    referred: int = 850_000
    refunded: int = 30_000
    cost: int = 700_000
    """What goods cost the shop, of their price."""


def make_shop(folder: Path, random: Random, shop: Shop = Shop()) -> Inputs:
    """Write ``members.csv``, ``orders.csv`` and ``refunds.csv`` into ``folder`` and return them as inputs of a run.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     made = make_shop(Path(folder), Random(7), Shop(members=2, orders=3, days=5))
    ...     print(made.members.read_text().splitlines()[0])
    member,referrer,joined_at
    """
    folder.mkdir(parents=True, exist_ok=True)
    inputs = Inputs(folder / "members.csv", folder / "orders.csv", folder / "refunds.csv")
    joined = sorted(random.randrange(shop.days * DAY_SECONDS * 2 // 3) for _ in range(shop.members))
    names = [f"m{number:05d}" for number in range(shop.members)]
    referrers = _referrers(random, shop)
    _write(inputs.members, "member,referrer,joined_at", (
        (name, "" if referrer is None else names[referrer], _time(shop, second))
        for name, referrer, second in zip(names, referrers, joined, strict=True)
    ))  # fmt: skip
    orders = _orders(random, shop, joined)
    _write(inputs.orders, "order,member,paid_at,amount,region,cost", (
        (f"o{number:06d}", names[member], _time(shop, second), format_micros(amount, 2), REGIONS[member % len(REGIONS)],
         format_micros(_cost(amount, shop.cost), 2))
        for number, (second, member, amount) in enumerate(orders)
    ))  # fmt: skip
    refunds = sorted(_refunds(random, shop, orders))
    _write(folder / "refunds.csv", "refund,order,refunded_at,amount", (
        (f"r{number:05d}", f"o{order:06d}", _time(shop, second), format_micros(amount, 2))
        for number, (second, order, amount) in enumerate(refunds)
    ))  # fmt: skip
    return inputs


def _referrers(random: Random, shop: Shop) -> list[int | None]:
    """For each member one who joined before, the likelier the more he has referred, or nobody."""
    found: list[int | None] = []
    urn: list[int] = []
    for member in range(shop.members):
        referrer = random.choice(urn) if urn and random.randrange(1_000_000) < shop.referred else None
        found.append(referrer)
        urn += [member] if referrer is None else [member, referrer]
    return found


def _orders(random: Random, shop: Shop, joined: list[int]) -> list[tuple[int, int, int]]:
    """Orders by time: the second, the member, the amount. The first of a member comes at any time after he joined."""
    orders = []
    for _ in range(shop.orders):
        member = random.randrange(shop.members)
        second = random.randrange(joined[member] + 1, shop.days * DAY_SECONDS)
        orders.append((second, member, _amount(random, shop.largest)))
    return sorted(orders)


def _amount(random: Random, largest: int) -> int:
    """An amount in whole cents. A sum of coin flips is the logarithm, a number within the step the rest."""
    halvings = sum(random.getrandbits(1) for _ in range(2 * HALVINGS))
    most = largest >> halvings
    return max(random.randrange(most // 2, most) // CENT, 1) * CENT


def _cost(amount: int, rate: int) -> int:
    """What an order's goods cost, in whole cents and at least one."""
    return max(amount * rate // MICRO // CENT, 1) * CENT


def _refunds(random: Random, shop: Shop, orders: list[tuple[int, int, int]]) -> Iterable[tuple[int, int, int]]:
    """For some orders: the second, the order, and the whole of its amount or half of it."""
    for order, (second, _, amount) in enumerate(orders):
        later = second + random.randrange(1, 14 * DAY_SECONDS)
        if random.randrange(1_000_000) < shop.refunded and later < shop.days * DAY_SECONDS:
            yield later, order, amount if random.getrandbits(1) else max(amount // 2 // CENT, 1) * CENT


def _time(shop: Shop, second: int) -> str:
    return (shop.start + timedelta(seconds=second)).isoformat()


def _write(path: Path, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream, lineterminator="\n")
        lines.writerow(header.split(","))
        lines.writerows(rows)
