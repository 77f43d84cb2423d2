"""Names get the next number when they are first used, and keep it: ten or a hundred thousand of them."""

import mmap
import sys
from copy import deepcopy
from itertools import count, islice
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.ledger import names as module
from jifen.ledger.journal import NONE
from jifen.ledger.names import Names, Texts

texts_of = st.lists(st.text(st.characters(exclude_categories=[]), max_size=5), max_size=40)


@pytest.fixture(params=[1, 2, 3, 1 << 16])
def at_once(request, monkeypatch):
    """So many texts are strings at a time; the smaller, the more of them are in the columns and in the table."""
    monkeypatch.setattr(module, "_AT_ONCE", request.param)
    monkeypatch.setattr(module, "_SEARCHES", request.param % 3)
    monkeypatch.setattr(module, "_SLOTS", 2)


def saved(names):
    """What goes on after a snapshot."""
    return Names(Texts(*(column.copy() for column in names.names.columns())))


def test_names_get_numbers_in_order_of_first_use(at_once):
    names = Names.of(["ben", "安", "ben"])
    assert [names.number(name) for name in ("安", "cora", "ben")] == [1, 2, 0]
    assert (list(names.names), len(names)) == (["ben", "安", "cora"], 3)
    assert (names.get("cora"), names.get("dan"), names.get("")) == (2, NONE, NONE)


def test_numbers_are_a_mapping_of_all_names(at_once):
    numbers = Names.of(["ben", "安"]).numbers
    assert dict(numbers) == {"ben": 0, "安": 1}
    assert ("安" in numbers, "dan" in numbers, None in numbers) == (True, False, False)
    with pytest.raises(KeyError, match="dan"):
        numbers["dan"]


@pytest.mark.parametrize("names", [Names.of("abcde"), saved(Names.of("abcde")), Names()])
def test_a_name_that_is_not_there_gets_no_number_by_asking(names):
    before = list(names.names)
    assert (names.get("z"), "z" in names.numbers, list(names.names)) == (NONE, False, before)
    assert names.number("z") == len(before)


def test_texts_are_a_sequence(at_once):
    texts = Texts.of(["a", "", "安é", "b", "c"])
    expected = ["a", "", "安é", "b", "c"]
    assert [texts[place] for place in range(5)] == expected
    assert [texts[place] for place in (-1, -3)] == ["c", "安é"]
    for part in (
        slice(None),
        slice(1, 4),
        slice(3, None),
        slice(-2, None),
        slice(4, 1),
        slice(9, 12),
        slice(None, None, -2),
    ):
        assert texts[part] == expected[part]
    assert (list(texts), len(texts), texts.index("b"), "é" in texts) == (expected, 5, 3, False)
    for place in (5, -6):
        with pytest.raises(IndexError):
            texts[place]


def test_texts_are_laid_end_to_end(at_once):
    content, starts = Texts.of(["", "é", "ab"]).columns()
    assert (content.dtype, starts.dtype) == (np.uint8, np.int64)
    assert content.tobytes() == b"\xc3\xa9ab"
    assert starts.tolist() == [0, 0, 2, 4]


@pytest.mark.parametrize(("content", "starts"), [(b"ab", []), (b"ab", [0, 1]), (b"ab", [1, 2])])
def test_columns_that_do_not_divide_the_bytes_are_refused(content, starts):
    with pytest.raises(ValueError, match="does not divide"):
        Texts(np.frombuffer(content, np.uint8), np.array(starts, dtype=np.int64))


def test_bytes_that_are_no_text_are_refused_when_they_are_read():
    texts = Texts(np.frombuffer(b"a\xc3\xa9", np.uint8), np.array([0, 1, 2, 3]))
    assert texts[0] == "a"
    with pytest.raises(UnicodeDecodeError):
        texts[1]


def test_columns_that_cannot_be_written_are_left_alone(at_once):
    content, starts = Texts.of(["a", "b"]).columns()
    for column in (content, starts):
        column.setflags(write=False)
    names = Names(Texts(content, starts))
    assert [names.number(name) for name in ("c", "", "a")] == [2, 3, 0]
    assert [column.tolist() for column in names.names.columns()] == [[97, 98, 99], [0, 1, 2, 3, 3]]
    assert (content.tolist(), starts.tolist()) == ([97, 98], [0, 1, 2])


def test_a_copy_goes_its_own_way(at_once):
    names = Names.of(["a", "b"])
    other = deepcopy(names)
    assert [table.number(name) for table, name in ((names, "c"), (other, "d"), (names, "d"))] == [2, 2, 3]
    assert (list(names.names), list(other.names)) == (["a", "b", "c", "d"], ["a", "b", "d"])
    assert (other.get("c"), other.numbers["b"]) == (NONE, 1)


def test_columns_once_given_do_not_change_when_texts_are_added(at_once):
    texts = Texts.of(["a", "b"])
    columns = texts.columns()
    for text in ("c", "d", "e"):
        texts.append(text)
        assert [column.tolist() for column in columns] == [[97, 98], [0, 1, 2]]


@given(texts_of, texts_of, st.sampled_from([1, 2, 3, 7]), st.sampled_from([0, 2, 100]))
def test_names_are_what_a_dictionary_would_say(first, second, at_once, searches):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SEARCHES", searches)
        patch.setattr(module, "_AT_ONCE", at_once)
        patch.setattr(module, "_SLOTS", 2)
        names, expected = Names.of(first), {}
        for text in first:
            expected.setdefault(text, len(expected))
        for text in second:
            assert names.get(text) == expected.get(text, NONE)
            assert names.number(text) == expected.setdefault(text, len(expected))
            names = saved(names) if len(expected) % 5 == 0 else names
        assert dict(names.numbers) == expected
        assert [names.names[number] for number in expected.values()] == list(expected)


def test_names_that_meet_in_the_last_slot_go_on_in_the_first(monkeypatch):
    """Of 64 slots, as many as a small table has."""
    monkeypatch.setattr(module, "_SEARCHES", 0)
    first, second, other = islice((name for name in map(str, count()) if hash(name) % 64 == 63), 3)
    names = saved(Names.of([first, second]))
    assert [names.get(name) for name in (first, second, other)] == [0, 1, NONE]


def test_a_few_names_are_found_without_a_table():
    names = saved(Names.of(["", "aa", "", "a", "aaa", "b"]))
    assert [names.get(name) for name in ("a", "aa", "aaa", "ab", "b")] == [2, 1, 3, NONE, 4]
    assert names.numbers._slots.nbytes == 0
    assert [names.get(name) for name in ("", "c", "d", "e")] == [0, NONE, NONE, NONE]
    assert names.numbers._slots.nbytes > 0


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read off /proc")
@pytest.mark.parametrize(("access", "left"), [(mmap.ACCESS_READ, 0), (mmap.ACCESS_COPY, 4096)])
def test_a_map_that_was_looked_through_takes_no_memory_unless_it_can_be_written(tmp_path, access, left):
    """Four mebibytes, of which those that were written to must stay."""
    (tmp_path / "names").write_bytes(b"x" * 2**22)
    with (tmp_path / "names").open("rb") as file:
        content = np.ndarray(2**22, np.uint8, mmap.mmap(file.fileno(), 2**22, access=access))
    names = Names(Texts(content, np.array([0, 2**22 - 1, 2**22])))
    assert (names.get("x"), names.get("y")) == (1, NONE)
    described = Path("/proc/self/smaps").read_text(encoding="ascii", errors="replace").split("/names\n")[-1]
    resident = int(described.split("Rss:")[1].split()[0])
    assert resident == left


def test_a_hundred_thousand_names_grow_through_every_size_of_the_table():
    random = Random(1)
    every = [f"m{number}" for number in random.sample(range(10**9), 100_000)]
    names = Names.of(every)
    again = saved(names)
    for table in (names, again):
        assert [table.get(name) for name in every[::7]] == list(range(0, len(every), 7))
        assert all(table.get(f"x{number}") == NONE for number in range(1000))
    assert again.names[99_990:] == every[99_990:]


def test_names_that_come_together_are_found_like_those_that_came_one_by_one():
    together, singly = Names.of(["ben", "安"]), Names.of(["ben", "安"])
    names = [f"n{number}" for number in range(5000)]
    together.number("cora")
    together.extend(Texts.of(names))
    together.number("dan")
    for name in ("cora", *names, "dan"):
        singly.number(name)
    assert list(together.names) == list(singly.names)
    assert [together.get(name) for name in (*names, "ben", "dan", "eve")] == [
        singly.get(name) for name in (*names, "ben", "dan", "eve")
    ]


@pytest.mark.parametrize("said", [0, 10, 20_000, 10**6])
def test_whatever_is_said_of_how_many_come_all_are_found(said):
    names = Names.of(["ben", "安"])
    names.reserve(said)
    for first in range(0, 20_000, 500):
        names.extend(Texts.of(f"n{number}" for number in range(first, first + 500)))
    assert [names.get(f"n{number}") for number in range(20_001)] == [*range(2, 20_002), NONE]


def test_a_table_that_was_told_how_many_come_is_filled_once(monkeypatch):
    filled = []
    monkeypatch.setattr(np, "full", lambda *made, full=np.full, **kind: filled.append(made) or full(*made, **kind))
    names = Names()
    names.reserve(20_000)
    for first in range(0, 20_000, 500):
        names.extend(Texts.of(f"n{number}" for number in range(first, first + 500)))
    assert len(filled) == 1


def test_it_is_known_which_of_many_texts_are_there():
    names = Names.of(f"n{number}" for number in range(0, 3000, 2))
    texts = Texts.of(f"n{number}" for number in range(3000))
    assert names.numbers.known(texts, texts.hashes()).tolist() == [True, False] * 1500


def test_a_text_with_the_hash_of_another_is_another_one():
    names, texts = Names.of(["ben"]), Texts.of(["cora", "ben"])
    hashes = np.full(2, hash(b"ben"))
    assert names.numbers.known(texts, hashes).tolist() == [False, True]


def test_some_of_the_texts_are_texts_again():
    texts = Texts.of(["a", "积分", "", "bc"])
    assert list(texts.part(1, 4)) == ["积分", "", "bc"]
    assert list(texts.chosen(np.array([True, False, True, True]))) == ["a", "", "bc"]
    assert texts.hashes(1).tolist() == [hash("积分".encode()), hash(b""), hash(b"bc")]
    texts.extend(texts.part(0, 2))
    assert list(texts) == ["a", "积分", "", "bc", "a", "积分"]
