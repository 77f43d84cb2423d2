"""What values of members were, against a list of all changes."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jifen.engine.history import History


def note(history: History, since: int, changes: dict[int, tuple[int, int]]) -> None:
    members = np.array(list(changes), dtype=np.int64)
    before, after = np.array(list(changes.values()), dtype=np.int32).reshape(-1, 2).T
    history.note(members, since, before, after)


def note_each(history: History, since: int, changes: dict[int, tuple[int, int]]) -> None:
    for member, (before, after) in changes.items():
        history.change(member, since, before, after)


def test_a_value_never_changed_is_what_it_is_now() -> None:
    assert History().at(3, event=10, now=7) == 7
    assert History().next_change(3, event=10) is None


def test_a_change_counts_from_its_event_on_and_before_it_what_was_there() -> None:
    history = History()
    note(history, 5, {3: (1, 2)})
    note(history, 8, {3: (2, -1)})
    assert [history.at(3, event, now=99) for event in (-1, 0, 4, 5, 7, 8, 100)] == [1, 1, 1, 2, 2, -1, -1]
    assert [history.next_change(3, event) for event in (0, 4, 5, 7, 8)] == [5, 5, 8, 8, None]


def test_of_two_changes_by_one_event_the_last_counts() -> None:
    history = History()
    note(history, 5, {3: (1, 2), 4: (0, 7)})
    note(history, 5, {3: (2, 3)})
    assert [history.at(3, event, now=99) for event in (4, 5)] == [1, 3]
    assert [history.at(4, event, now=99) for event in (4, 5)] == [0, 7]
    assert history.members().tolist() == [3, 4]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.dictionaries(st.integers(0, 200), st.integers(-1, 5), max_size=4),
            st.sampled_from([note, note_each]),
        )
    )
)
def test_any_history_is_that_of_a_list_also_after_it_was_saved(
    steps: list[tuple[int, dict[int, int], Callable[..., None]]],
) -> None:
    history, now, seen, event = History(), dict[int, int](), list[dict[int, int]](), 0
    for gap, changes, noted in steps:
        # Every event up to this one saw what there was before.
        seen += [dict(now)] * gap
        event += gap
        noted(history, event, {member: (now.get(member, 9), value) for member, value in changes.items()})
        now |= changes
    seen.append(dict(now))
    loaded = History.of(history.columns()) if history.size else history
    for kept in (history, loaded):
        for at, then in enumerate(seen):
            for member in range(0, 201, 5):
                assert kept.at(member, at, now=9) == then.get(member, 9)
