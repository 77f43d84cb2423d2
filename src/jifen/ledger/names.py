"""Names and their numbers: ten million of them in a few columns, without a Python object for each.

``Texts`` are texts end to end in one column, ``Names`` numbers names in order of first use. Of either only the latest
are kept as strings too. A snapshot has the two columns of the texts and nothing else: the table by which the number of
a name is found is made when more than a few are asked for.
"""

import mmap
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from jifen.ledger.journal import NONE

__all__ = ["Names", "Numbers", "Texts"]

_AT_ONCE = 1 << 16
"""As many texts are strings at a time, at most."""
_NEAR = 1 << 12
"""As many slots are looked at together: they stay in the processor's cache until they are written."""
_SLOTS = 64
"""The smallest table of slots."""
_PIECE = 1 << 20
"""Bytes that are looked through at once."""
_SEARCHES = 8
"""So many texts are looked for from end to end before there is a table: to make it takes as long as a hundred more."""


class Texts(Sequence[str]):
    """Texts that can be added to, in two columns: their UTF-8 bytes end to end, and where each begins.

    >>> texts = Texts.of(["安", "b"])
    >>> texts.append("c")
    >>> texts[0], texts[1:], texts.columns()
    ('安', ['b', 'c'], (array([229, 174, 137,  98,  99], dtype=uint8), array([0, 3, 4, 5])))
    """

    __slots__ = ("_content", "_count", "_latest", "_starts")

    def __init__(self, content: npt.NDArray[np.uint8] | None = None, starts: npt.NDArray[Any] | None = None):
        """Keep what ``columns`` gave (a snapshot's maps, say), or start empty; no such pair is a ``ValueError``.

        ``starts`` may be narrower than ``columns`` gives them.
        """
        content = np.empty(0, dtype=np.uint8) if content is None else content
        starts = np.zeros(1, dtype=np.int64) if starts is None else starts
        if not len(starts) or starts[0] != 0 or starts[-1] != len(content):  # the rest would be read for it
            raise ValueError("where the texts begin does not divide their bytes")
        self._content, self._starts, self._count = content.data, starts.data, len(starts) - 1
        self._latest: list[str] = []

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Texts":
        """Make them from strings."""
        made = cls()
        for text in texts:
            made.append(text)
        return made

    def append(self, text: str) -> None:
        """Add one at the end."""
        self._latest.append(text)
        if len(self._latest) >= _AT_ONCE:
            self._pack_latest()

    def extend(self, texts: "Texts") -> None:
        """Add those of other texts at the end, by column."""
        self._pack_latest()
        self._add(*texts.columns())

    def part(self, first: int, last: int) -> "Texts":
        """Those from ``first`` up to but not ``last``, as texts that share their bytes with these."""
        content, starts = self.columns()
        begin, end = starts[first], starts[last]
        return Texts(content[begin:end], starts[first : last + 1] - begin)

    def chosen(self, mask: npt.NDArray[np.bool_]) -> "Texts":
        """Those that a mask chooses."""
        if mask.all():
            return self
        content, starts = self.columns()
        lengths = np.diff(starts)
        return Texts(content[np.repeat(mask, lengths)], np.concatenate([starts[:1], np.cumsum(lengths[mask])]))

    def hashes(self, first: int = 0) -> npt.NDArray[np.int64]:
        """A hash of each from ``first`` on: in this process the same for the same text, and none can guess it."""
        self._pack_latest()
        pieces = (self._pieces(at, min(at + _AT_ONCE, self._count)) for at in range(first, self._count, _AT_ONCE))
        return np.fromiter(map(hash, chain.from_iterable(pieces)), np.int64, self._count - first)

    def columns(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        """Their bytes, and where each begins, with the end of the last."""
        self._pack_latest()
        starts = np.asarray(self._starts)[: self._count + 1].astype(np.int64, copy=False)
        return np.asarray(self._content)[: self._starts[self._count]], starts

    def __reduce__(self) -> tuple[type["Texts"], tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Copied by the columns."""
        return Texts, self.columns()

    def __len__(self) -> int:
        """How many there are."""
        return self._count + len(self._latest)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        """One of them, or some as a list."""
        if isinstance(place, slice):
            places = range(len(self))[place]
            whole = places.step == 1
            return list(self.between(places.start, places.stop)) if whole else [self[at] for at in places]
        if place < 0:
            place = range(len(self))[place]
        if place >= self._count:
            return self._latest[place - self._count]
        return _decoded(bytes(self._content[self._starts[place] : self._starts[place + 1]]))

    def __iter__(self) -> Iterator[str]:
        """All of them in order."""
        return self.between(0, len(self))

    def between(self, first: int, last: int) -> Iterator[str]:
        """Those from ``first`` up to but not ``last``, in order."""
        packed = (min(at, self._count) for at in (*range(first, last, _AT_ONCE), last))
        latest = slice(max(first - self._count, 0), max(last - self._count, 0))
        return chain(chain.from_iterable(self._unpacked(*bounds) for bounds in pairwise(packed)), self._latest[latest])

    def place(self, text: str) -> int:
        """The place of a text that is not empty, ``NONE`` if it is not there; they are looked through for it."""
        if text in self._latest:
            return self._count + self._latest.index(text)
        place = self._searched(_encoded(text))
        _let_go(self._content)
        return place

    def _searched(self, encoded: bytes) -> int:
        """The place among those that are not the latest."""
        starts, end = np.asarray(self._starts)[: self._count + 1], self._starts[self._count]
        for first in range(0, end, _PIECE):
            piece = bytes(self._content[first : min(first + _PIECE + len(encoded) - 1, end)])
            at = piece.find(encoded)
            while at >= 0:
                begin = first + at
                place = int(np.searchsorted(starts, begin, side="right")) - 1
                if (starts[place], starts[place + 1]) == (begin, begin + len(encoded)):
                    return place
                at = piece.find(encoded, at + 1)
        return NONE

    def _unpacked(self, first: int, last: int) -> list[str]:
        """Some of those that are not the latest."""
        return [_decoded(piece) for piece in self._pieces(first, last)]

    def _pieces(self, first: int, last: int) -> list[bytes]:
        """The bytes of each of them."""
        starts = np.asarray(self._starts)[first : last + 1]
        content, bounds = bytes(self._content[starts[0] : starts[-1]]), (starts - starts[0]).tolist()
        return [content[start:end] for start, end in pairwise(bounds)]

    def _pack_latest(self) -> None:
        """Put the latest into the columns."""
        if self._latest:
            encoded, self._latest = [_encoded(text) for text in self._latest], []
            starts = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
            self._add(np.frombuffer(b"".join(encoded), dtype=np.uint8), starts)

    def _add(self, content: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]) -> None:
        """Add what ``columns`` gives of other texts; there are no latest ones."""
        if len(starts) == 1:
            return  # columns that are mapped are not to be written, be it nothing
        begin, count = self._starts[self._count], self._count + len(starts) - 1
        self._content = _with_room(self._content, begin + len(content), np.uint8)
        self._starts = _with_room(self._starts, count + 1, np.int64)
        if len(content):
            np.asarray(self._content)[begin : begin + len(content)] = content
        np.asarray(self._starts)[self._count + 1 : count + 1] = begin + starts[1:]
        self._count = count


class Numbers(Mapping[str, int]):
    """By text its place among texts that are all different.

    The places stand in a hash table, 4 bytes a slot, two to four slots a text, and 4 bytes of each text's hash beside
    it; those of the texts that were used lately in a dictionary before it. The table is made after a few searches, and
    from the first on only ``add`` and ``extend`` may add texts.
    """

    __slots__ = ("_content", "_marks", "_placed", "_room", "_searches", "_slots", "_starts", "_texts", "lately")

    def __init__(self, texts: Texts) -> None:
        """Find the places of ``texts``."""
        self._texts = texts
        self.lately: dict[str, int] = {}
        self._slots = np.empty(0, dtype=np.int32).data
        self._marks = np.empty(0, dtype=np.uint32).data
        self._placed = self._searches = self._room = 0

    def reserve(self, more: int) -> None:
        """Let the table, when it grows next, have room for so many more texts: it is filled anew whenever it grows."""
        self._room = len(self._texts) + more

    def add(self, text: str) -> int:
        """The place of a text, which is added if it is new."""
        place = self.find(text)
        if place == NONE:
            place = len(self._texts)
            self._texts.append(text)
            self._remember(text, place)
        return place

    def extend(self, texts: Texts, hashes: npt.NDArray[np.int64]) -> None:
        """Add texts that are all new and all different; ``hashes`` are theirs."""
        self._place_all()
        self._texts.extend(texts)
        self._place(hashes)

    def find(self, text: str) -> int:
        """The place of a text, ``NONE`` if it is not there."""
        place = self.lately.get(text)
        if place is not None:
            return place
        if len(self.lately) == len(self._texts):  # all of them were used lately
            return NONE
        place = self._search(text)
        if place != NONE:
            self._remember(text, place)
        return place

    def known(self, texts: Texts, hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of some texts, by their ``hashes``, are there."""
        self._place_all()
        slots, mask, all_marks = np.asarray(self._slots), len(self._slots) - 1, np.asarray(self._marks)
        marks, found, rows = hashes.astype(np.uint32), np.zeros(len(hashes), dtype=bool), np.arange(len(hashes))
        at = marks & np.uint32(mask)
        while len(rows):
            places = slots[at]
            met = np.flatnonzero(places != NONE)
            rows, at, places = rows[met], at[met], places[met]
            same = all_marks[places] == marks[rows]
            found[rows[same]] = True
            rows, at = rows[~same], at[~same] + np.uint32(1) & np.uint32(mask)
        for row in np.flatnonzero(found).tolist():  # of another text the mark may be the same
            found[row] = self._search(texts[row]) != NONE
        return found

    def __getitem__(self, text: str) -> int:
        """The place of a text; a ``KeyError`` if it is not there."""
        place = self.lately.get(text)
        if place is None:
            place = self.find(text)
            if place == NONE:
                raise KeyError(text)
        return place

    def __contains__(self, text: object) -> bool:
        """Whether a text is there."""
        return isinstance(text, str) and self.find(text) != NONE

    def __iter__(self) -> Iterator[str]:
        """The texts in order."""
        return iter(self._texts)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._texts)

    def _remember(self, text: str, place: int) -> None:
        if len(self.lately) >= _AT_ONCE:
            self._place_all()
            self.lately.clear()
        self.lately[text] = place

    def _search(self, text: str) -> int:
        """The place of a text: by the table, unless only few have been looked for."""
        if not self._slots:
            self._searches += 1
            if text and self._searches <= _SEARCHES:
                return self._texts.place(text)
            self._place_all()
        slots, content, starts, encoded = self._slots, self._content, self._starts, _encoded(text)
        slot = hash(encoded) & len(slots) - 1
        while (place := slots[slot]) != NONE and content[starts[place] : starts[place + 1]] != encoded:
            slot = slot + 1 & len(slots) - 1
        return int(place)

    def _place_all(self) -> None:
        """Give every text that has none its slot."""
        if self._placed < len(self._texts) or not self._slots:
            self._place(self._texts.hashes(self._placed))

    def _place(self, hashes: npt.NDArray[np.int64]) -> None:
        """Give the last texts, of these hashes, their slots: from that of its hash on, the first free when it comes."""
        # Single values of a memoryview are read in half the time.
        self._content, self._starts = (column.data for column in self._texts.columns())
        first, count = self._placed, self._placed + len(hashes)
        self._marks = _with_room(self._marks, count, np.uint32)
        marks = np.asarray(self._marks)
        marks[first:count] = hashes.astype(np.uint32)
        if len(self._slots) < max(2 * count, _SLOTS):
            room = 2 * max(count, self._room)
            self._slots = np.full(max(_SLOTS, 1 << room.bit_length()), NONE, dtype=np.int32).data
            first = 0
        slots, mask = np.asarray(self._slots), np.uint32(len(self._slots) - 1)
        for start in range(first, count, _NEAR):
            places = np.arange(start, min(start + _NEAR, count), dtype=np.int32)
            at = marks[places] & mask
            while len(places):
                free = slots[at] == NONE
                slots[at[free]] = places[free]
                later = slots[at] != places  # another has the slot: on to the next
                places, at = places[later], at[later] + np.uint32(1) & mask
        self._placed = count


class Names:
    """Numbers for names, in order of first use: one table for each kind of thing.

    >>> names = Names.of(["ben", "安", "ben"])
    >>> names.number("cora"), names.numbers["安"], names.get("dan"), names.names[2]
    (2, 1, -1, 'cora')
    """

    __slots__ = ("_lately", "names", "numbers")

    def __init__(self, names: Texts | None = None) -> None:
        """Number ``names``, which are all different, from 0 on; or start with none."""
        self.names = Texts() if names is None else names
        self.numbers = Numbers(self.names)
        self._lately = self.numbers.lately  # looked into here already: most names come again and again

    @classmethod
    def of(cls, names: Iterable[str]) -> "Names":
        """Make a table from names in order, of which some may come again."""
        made = cls()
        for name in names:
            made.number(name)
        return made

    def number(self, name: str) -> int:
        """The number of a name, a new one if it is new."""
        number = self._lately.get(name)
        return self.numbers.add(name) if number is None else number

    def get(self, name: str) -> int:
        """The number of a name, ``NONE`` if it has none."""
        number = self._lately.get(name)
        return self.numbers.find(name) if number is None else number

    def reserve(self, more: int) -> None:
        """Say how many more names will come, so that the table grows once."""
        self.numbers.reserve(more)

    def extend(self, names: Texts, hashes: npt.NDArray[np.int64] | None = None) -> None:
        """Give names that are all new and all different the next numbers; ``hashes`` are theirs, if known."""
        self.numbers.extend(names, names.hashes() if hashes is None else hashes)

    def __reduce__(self) -> tuple[type["Names"], tuple[Texts]]:
        """Copied by the names."""
        return Names, (self.names,)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self.names)


def _encoded(text: str) -> bytes:
    """Any string may be asked for, even one that is no text: half a surrogate pair has bytes here."""
    return text.encode("utf-8", "surrogatepass")


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _let_go(column: memoryview) -> None:
    """Give back the memory of a map that has been looked through, unless somebody may have written to it."""
    content = getattr(column.obj, "base", None)
    if sys.platform == "linux" and column.readonly and isinstance(content, mmap.mmap):
        content.madvise(mmap.MADV_DONTNEED)


def _with_room(column: memoryview, needed: int, dtype: npt.DTypeLike) -> memoryview:
    """A column with room for so many: itself, or a longer copy, of which what is not used takes no memory."""
    if needed <= len(column):
        return column
    new = np.empty(needed + needed // 2, dtype=dtype)
    new[: len(column)] = column
    return new.data
