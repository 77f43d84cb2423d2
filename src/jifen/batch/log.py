"""The log by columns: events of several files in one order, as long as each of them is one row."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from jifen.batch.kernels.scan import Places
from jifen.batch.read import KINDS
from jifen.batch.reader import Item, Reader
from jifen.batch.stretches import Stretch
from jifen.engine.columns import Column

__all__ = ["Log", "merged"]


@dataclass(frozen=True, slots=True)
class Log:
    """A part of the log: one event a row, none of which was refused, contradicts another one or repeats it at its time.

    What its methods give is by column, in the order of the log. No Python object is made for an event but by ``items``.
    An id that comes again at another time is not known here: that is for the engine to refuse.
    """

    stretches: Mapping[str, Stretch]
    """The rows by kind of file, in the order of ``KINDS``."""
    readers: Mapping[str, Reader]
    order: Column
    """The place of each event among the rows of all stretches, one stretch after the other."""

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.order)

    def part(self, first: int, last: int) -> "Log":
        """The events from ``first`` up to ``last``, which is not one of them: those of a day, say."""
        return Log(self.stretches, self.readers, self.order[first:last])

    @property
    def kind(self) -> Column:
        """The kind of each event by its place in ``KINDS``: 0 a joining, 1 an order, 2 a refund."""
        places = {kind: place for place, kind in enumerate(KINDS)}
        return self._ordered([np.full(len(rows), places[kind]) for kind, rows in self.stretches.items()])

    @property
    def instant(self) -> Column:
        """When it was, in microseconds since 1970; never before the event above it."""
        return self._ordered([rows.instant for rows in self.stretches.values()])

    @property
    def day(self) -> Column:
        """The date that the shop's clock showed, as an ordinal; it goes back where that was put back over midnight."""
        return self._ordered([rows.day for rows in self.stretches.values()])

    def names(self, column: str) -> Places:
        """The number of the name in a column of the files, ``NAMELESS`` where there is none.

        Numbers are those of ``Merge.names``: ``member`` and ``referrer`` are numbered together, as are the ``order`` of
        an order and of a refund.
        """
        numbers: Places = np.concatenate([rows.names(column) for rows in self.stretches.values()])[self.order]
        return numbers

    def values(self, column: str, default: int = 0) -> Column:
        """The amount (micro-units) or count in a column of the files, ``default`` where they have no such column."""
        return self._ordered([rows.values(column, default) for rows in self.stretches.values()])

    def ids(self) -> Iterator[str]:
        """The ids of its orders and refunds, one kind after the other."""
        return chain.from_iterable(KINDS[kind].ids(rows) for kind, rows in self.stretches.items())

    def items(self) -> Iterator[Item]:
        """The same events one by one, without those whose order or refund was refused meanwhile."""
        streams = []
        before = 0
        for kind, rows in self.stretches.items():
            mine = self.order[(self.order >= before) & (self.order < before + len(rows))] - before
            before += len(rows)
            if len(mine):
                part = rows.part(int(mine[0]), int(mine[-1]) + 1)
                streams.append(KINDS[kind].events(self.readers[kind], [part]))
        return heapq.merge(*streams, key=lambda item: item.instant)

    def _ordered(self, columns: Sequence[Column]) -> Column:
        together: Column = np.concatenate(columns)[self.order]
        return together


def merged(readers: Mapping[str, Reader]) -> Iterator[Log | Item]:
    """All events of some files by time, then kind, then row: in parts of the log, and one by one where they must be."""
    kinds, streams = list(readers), [KINDS[kind].read(reader) for kind, reader in readers.items()]
    heads = [next(stream, None) for stream in streams]
    while any(head is not None for head in heads):
        # What follows the head that ends first is not known, so all that comes before its end can go.
        until, by = min((_end(head), place) for place, head in enumerate(heads) if head is not None)
        parts: dict[str, Stretch] = {}
        for place, head in enumerate(heads):
            if isinstance(head, Stretch):
                rows = int(np.searchsorted(head.instant, until, side="right" if place <= by else "left"))
                if rows:
                    parts[kinds[place]] = head.part(0, rows)
                    heads[place] = head.part(rows, len(head))
        if parts:
            yield Log(parts, readers, _order([part.instant for part in parts.values()]))
        first = heads[by]
        if isinstance(first, Item):
            yield first
        heads[by] = next(streams[by], None)


def _order(instants: list[Column]) -> Column:
    """The places of some sorted columns, one after the other, in the order of all; of equal ones the first is first."""
    if len(instants) == 1:
        return np.arange(len(instants[0]))
    return np.argsort(np.concatenate(instants), kind="stable")


def _end(head: Stretch | Item) -> int:
    return head.instant if isinstance(head, Item) else int(head.instant[-1])
