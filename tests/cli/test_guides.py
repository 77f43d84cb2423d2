"""What the guides show of a command is what it prints: every ``console`` block is typed and compared, line by line."""

import re
import shlex

import pytest

_GUIDES = ("assess", "claims", "downgrade", "disclosure")
PAGES = [f"{folder}{page}" for folder in ("guide/", "zh/guide/") for page in _GUIDES]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(text: str) -> list[tuple[str, str]]:
    """The commands of a page, each with what is shown below it."""
    parts = [part for block in BLOCK.findall(text) for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


def shown_wrongly(jifen, text: str) -> list[str]:
    found = []
    for command, shown in examples(text):
        name, *arguments = shlex.split(command)
        assert name == "jifen"
        if jifen(*arguments).out != shown:
            found.append(command)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_guide_shows_what_its_commands_print(jifen, root_of_docs, page):
    text = (root_of_docs / f"{page}.md").read_text(encoding="utf-8")
    assert examples(text)
    assert shown_wrongly(jifen, text) == []


def test_an_answer_that_is_not_printed_is_found(jifen):
    text = "```console\n$ jifen claim refer_three 零撸\nTrue: 零撸\n```\n"
    assert shown_wrongly(jifen, text) == ["jifen claim refer_three 零撸"]


@pytest.fixture
def root_of_docs(request):
    return request.config.rootpath / "docs"
