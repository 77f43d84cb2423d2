import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.core.errors import BrokenInvariant, InputError, JifenError, PlanError, Problem, UserError, ensure

PROBLEMS = [Problem("a", "first is wrong"), Problem("b", "second is wrong", "mend it", "f.csv", 3, "amount")]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("bad", "it is wrong"), "it is wrong [bad]"),
        (Problem("bad", "it is wrong", "mend it"), "it is wrong; mend it [bad]"),
        (Problem("bad", "it is wrong", file="a.csv"), "a.csv: it is wrong [bad]"),
        (Problem("bad", "it is wrong", file="a.csv", line=7), "a.csv:7: it is wrong [bad]"),
        (Problem("bad", "it is wrong", column="day"), "day: it is wrong [bad]"),
        (Problem("bad", "it is wrong", "mend it", "a.csv", 7, "day"), "a.csv:7: day: it is wrong; mend it [bad]"),
    ],
)
def test_a_problem_says_where_what_and_what_to_do(problem, text):
    assert str(problem) == text


words = st.text(st.characters(categories=["L"]), min_size=1)


@given(words, words, words, words, st.integers(1), words)
def test_nothing_of_a_problem_is_lost_in_its_text(code, message, remedy, file, line, column):
    text = str(Problem(code, message, remedy, file, line, column))
    assert text == f"{file}:{line}: {column}: {message}; {remedy} [{code}]"


def test_problems_are_values_that_do_not_change():
    assert Problem("a", "x") == Problem("a", "x")
    assert len({Problem("a", "x"), Problem("a", "x"), Problem("a", "y")}) == 2
    with pytest.raises(AttributeError):
        PROBLEMS[0].code = "b"


@pytest.mark.parametrize("kind", [UserError, PlanError, InputError])
def test_a_user_error_carries_one_problem_or_many_and_shows_a_line_for_each(kind):
    assert kind(PROBLEMS[0]).problems == PROBLEMS[:1]
    error = kind(iter(PROBLEMS))
    assert error.problems == PROBLEMS
    assert str(error) == "first is wrong [a]\nf.csv:3: amount: second is wrong; mend it [b]"


def test_a_capped_list_says_how_many_more_there_are():
    error = InputError(PROBLEMS[:1], more=41)
    assert str(error) == "first is wrong [a]\n… and 41 more"
    assert error.more == 41


def test_the_tree_of_errors_separates_users_from_programmers():
    assert issubclass(PlanError, UserError)
    assert issubclass(InputError, UserError)
    assert issubclass(UserError, JifenError)
    assert issubclass(BrokenInvariant, JifenError)
    assert not issubclass(BrokenInvariant, UserError)
    assert not issubclass(JifenError, ValueError | OSError)


def test_ensure_raises_unless_its_condition_holds():
    ensure(True, "never shown")
    with pytest.raises(BrokenInvariant, match="the books do not balance"):
        ensure(False, "the books do not balance")


def test_ensure_still_raises_where_asserts_vanish():
    code = "from jifen.core.errors import ensure\nassert False\nensure(False, 'seen')"
    result = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True)
    assert result.stderr.endswith("BrokenInvariant: seen\n")
