"""What the guides show of a command is what it prints: every ``console`` block is typed and compared, line by line."""

import importlib
import sys

import pytest

_GUIDES = ("assess", "claims", "downgrade", "disclosure")
PAGES = [f"{folder}{page}" for folder in ("guide/", "zh/guide/") for page in _GUIDES]


@pytest.fixture(scope="module")
def docs(pytestconfig):
    return pytestconfig.rootpath / "docs"


@pytest.fixture(scope="module")
def shown(docs):
    sys.path.insert(0, str(docs / "_ext"))
    yield importlib.import_module("shown")
    sys.path.remove(str(docs / "_ext"))


@pytest.mark.parametrize("page", PAGES)
def test_a_guide_shows_what_its_commands_print(jifen, docs, shown, page):
    text = (docs / f"{page}.md").read_text(encoding="utf-8")
    assert list(shown.examples(text))
    assert list(shown.problems(text, lambda arguments: jifen(*arguments).out)) == []


def test_an_answer_that_is_not_printed_is_found_with_its_line(jifen, shown):
    text = "One\n\n```console\n$ jifen claim refer_three 零撸\nTrue: 零撸\n```\n"
    (problem,) = shown.problems(text, lambda arguments: jifen(*arguments).out)
    assert problem.startswith("4: `jifen claim refer_three 零撸` prints\nRefuted")


def test_what_is_no_command_of_ours_is_not_run(shown):
    assert list(shown.problems("```console\n$ ls\n```\n", pytest.fail)) == ["2: `ls` is no command of ours"]


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        ("a\nb\nc\n", True),
        ("a\n…\n", True),
        ("…\nc\n", True),
        ("a\n…\nc\n", True),
        ("a\nb\n…\nc\n", True),
        ("a\nc\n", False),
        ("a\nb\n", False),
        ("…\nb\n", False),
        ("a\n…\nd\n", False),
        ("A\nb\nc\n", False),
        ("a\nb\nc\nd\n", False),
    ],
)
def test_lines_may_be_left_out_where_it_is_said(shown, lines, holds):
    assert shown.is_printed(lines, "a\nb \nc\n\n") is holds


def test_several_commands_of_one_block_have_their_own_lines(shown):
    text = "x\n```console\n$ jifen a\none\n$ jifen b\n\ntwo\n```\n"
    assert list(shown.examples(text)) == [(3, "jifen a", "one\n"), (5, "jifen b", "\ntwo\n")]
