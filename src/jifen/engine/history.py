"""What a value of a member was: every change with the number of the event from which it counts."""

import numpy as np

from jifen.engine.columns import Column, Narrow, Table

__all__ = ["History"]

_NONE = -1


class History(Table, none=("since", "before")):
    """One row a change; the first of a member says what the value was before it, since event -1."""

    member: Narrow
    since: Narrow  # number of the event from which the value counts
    value: Narrow
    before: Narrow  # the member's row before it

    def __init__(self) -> None:
        """Start with no changes."""
        super().__init__()
        self._newest: Narrow = np.zeros(0, dtype=np.int32)
        """By member, one more than the number of his newest row; derived."""
        self._known = 0

    def note(self, members: Column, since: int, before: Narrow, after: Narrow) -> None:
        """Remember that values of these members, each named once, count from event ``since`` on.

        Of two changes by one event the later counts. ``before`` is what there was before a member's first change.
        """
        newest = self._rows_of(members)
        first = newest == _NONE
        rows = self.extend(int(first.sum()), member=members[first], value=before[first])
        newest[first] = np.arange(rows, self.size)
        again = self.since[newest] == since
        self.value[newest[again]] = after[again]
        self.extend(
            int((~again).sum()), member=members[~again], since=since, value=after[~again], before=newest[~again]
        )

    def change(self, member: int, since: int, before: int, after: int) -> None:
        """The same for one member."""
        newest = self._newest_of(member)
        if newest == _NONE:
            newest = self.add(member=member, value=before)
        if self.since.item(newest) == since:
            self.value[newest] = after
        else:
            self.add(member=member, since=since, value=after, before=newest)

    def at(self, member: int, event: int, now: int) -> int:
        """What the value was when event number ``event`` was handled; ``now`` where it never changed."""
        row = self._newest_of(member)
        if row == _NONE:
            return now
        while self.since.item(row) > event:
            row = self.before.item(row)
        return self.value.item(row)

    def members(self) -> Narrow:
        """Who has any change."""
        changed: Narrow = np.unique(self.member[: self.size])
        return changed

    def next_change(self, member: int, event: int) -> int | None:
        """The first event after ``event`` (0 or later) from which another value counts; ``None`` if there is none."""
        row, found = self._newest_of(member), None
        while row != _NONE and self.since.item(row) > event:
            found, row = self.since.item(row), self.before.item(row)
        return found

    def _newest_of(self, member: int) -> int:
        self._index()
        return self._newest.item(member) - 1 if member < len(self._newest) else _NONE

    def _rows_of(self, members: Column) -> Column:
        """The newest row of each of these members, or -1."""
        self._index()
        self._make_room(members)
        rows: Column = self._newest[members].astype(np.int64) - 1
        return rows

    def _index(self) -> None:
        """Take note of rows that have been added: of a member's rows the last one stays."""
        if self._known < self.size:
            members = self.member[self._known : self.size]
            self._make_room(members)
            self._newest[members] = np.arange(self._known + 1, self.size + 1)
            self._known = self.size

    def _make_room(self, members: Column | Narrow) -> None:
        most = int(members.max(initial=-1)) + 1
        if most > len(self._newest):
            self._newest = np.concatenate([self._newest, np.zeros(most, dtype=np.int32)])
