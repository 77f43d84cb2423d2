"""What a simulation takes from files: who is above whom, and what orders come to. Wrong rows are an ``InputError``."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jifen.batch.findings import Findings
from jifen.batch.name_table import NameTables
from jifen.batch.read import KINDS
from jifen.batch.reader import Item, Reader
from jifen.batch.tables import open_table
from jifen.core.days import DEFAULT_ZONE, shop_zone
from jifen.core.errors import InputError, Problem
from jifen.engine.columns import Column, Narrow
from jifen.engine.events import MemberJoined, OrderPaid

__all__ = ["read_amounts", "read_forest"]


def read_forest(path: Path, zone: str = DEFAULT_ZONE) -> Narrow:
    """By member of a members file, in the order of its rows, the number of the one above, or -1."""
    numbers: dict[str, int] = {}
    above: list[int] = []
    for item in _items("members", path, zone):
        if isinstance(item.event, MemberJoined) and item.event.member not in numbers:
            above.append(-1 if item.event.referrer is None else numbers.get(item.event.referrer, -1))
            numbers[item.event.member] = len(numbers)
    return np.array(_filled(above, path), dtype=np.int32)


def read_amounts(path: Path, zone: str = DEFAULT_ZONE) -> Column:
    """The amounts of an orders file in micro-units."""
    found = [item.event.amount for item in _items("orders", path, zone) if isinstance(item.event, OrderPaid)]
    return np.array(_filled(found, path), dtype=np.int64)


def _items(kind: str, path: Path, zone: str) -> Iterator[Item]:
    """All events of a file; what is wrong with its rows is raised at its end."""
    findings, shape = Findings(), KINDS[kind].shape
    reader = Reader(open_table(path, shape), shop_zone(zone), findings, shape, None, NameTables())
    yield from KINDS[kind].items(reader)
    if findings.rows:
        raise findings.error()


def _filled(found: list[int], path: Path) -> list[int]:
    if not found:
        raise InputError(Problem("no_events", "the file has no row", "give at least one", str(path)))
    return found
