"""Names get the next number when they are first seen, and keep it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jifen.batch.kernels.names import ID_MAX, NAMELESS, ODD
from jifen.batch.kernels.scan import TextColumn
from jifen.batch.name_table import NameTable

NAMES = st.one_of(
    st.text(max_size=6), st.sampled_from(["a", "b", " a", "a\t", "积", "\u3000积", "x" * 200, "x" * 201, "é"])
)


def column(cells: list[str]) -> TextColumn:
    contents = [cell.encode("utf-8", "surrogatepass") for cell in cells]
    ends = np.cumsum([len(content) for content in contents], dtype=np.int32)
    starts = ends - np.array([len(content) for content in contents], dtype=np.int32)
    return TextColumn(np.frombuffer(b"".join(contents) or b"-", dtype=np.uint8), starts, ends)


def is_name(cell: str) -> bool:
    """What the reader of rows accepts as it stands, but for ASCII blanks around it."""
    return 0 < len(cell) <= ID_MAX and cell.isprintable()


@given(st.lists(st.lists(NAMES, min_size=1, max_size=20), max_size=4))
def test_numbers_stand_for_names_and_for_nothing_else(blocks):
    numbers = NameTable()
    known: dict[str, int] = {}
    for cells in blocks:
        found = numbers.of(column(cells)).tolist()
        for cell, number in zip(cells, found, strict=True):
            name = cell.strip(" \t\n\v\f\r\x1c\x1d\x1e\x1f")
            if not name:
                assert number == NAMELESS
            elif is_name(name) and name == name.strip():
                assert number == known.setdefault(name, number)
                assert numbers.name(number) == name
                assert numbers.add(name) == number
            else:
                assert number == ODD
    assert len(set(known.values())) == len(known), "two names never share a number"


def test_fifty_thousand_names_are_numbered_in_the_order_in_which_they_come():
    numbers = NameTable()
    names = [f"member {number * 7919 % 50_000}" for number in range(50_000)]
    for first in range(0, len(names), 20_000):
        part = names[first : first + 20_000]
        assert numbers.of(column(part)).tolist() == list(range(first, first + len(part)))
    assert numbers.of(column([*reversed(names)])).tolist() == list(range(49_999, -1, -1))
    assert len(numbers) == 50_000
    assert numbers.add("one more") == 50_000


def test_many_numbers_are_turned_into_names_at_once_and_an_empty_cell_into_none():
    numbers = NameTable()
    assert numbers.names(numbers.of(column(["b", "", "a", "b"]))) == ["b", None, "a", "b"]
