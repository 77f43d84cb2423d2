"""Whatever is given as a plan, the answer is a plan or a ``PlanError``: nothing else is ever raised."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.core.errors import PlanError
from jifen.plan import Plan, load_plan, load_plan_text
from jifen.plan.parameters import dictionary

FILES = (Path(__file__).parents[2] / "src/jifen/plan").glob("*s/*.yaml")
TEXTS = [file.read_text(encoding="utf-8") for file in sorted(FILES)]
WORD = re.compile(r"([\w$.%]+)")
WORDS = [
    *sorted({word for text in TEXTS for word in WORD.findall(text)}),
    "null", "[]", "{}", "-1", "1e9", "9" * 30, '"', "\t", "&a", "*a", "!x", "<<", "0.1234567", "[1, 2]", "{a: b}", "%",
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(WORDS) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.sampled_from(WORDS), inner),
    max_leaves=8,
)


def try_it(text, overrides=None):
    assert answered(lambda: load_plan_text(text, "x.yaml", overrides))


def answered(load):
    """Whether there is a plan, or mistakes that all say what is wrong and what to do."""
    try:
        return isinstance(load(), Plan)
    except PlanError as error:
        told = [problem.code and problem.message and problem.remedy for problem in error.problems]
        return bool(told) and all(told)


@given(st.text() | st.binary())
def test_any_text_is_answered(text):
    try_it(text)


@given(
    st.dictionaries(st.sampled_from(["preset", "params", "stores", "ranks", "rules", "overrides", "compose"]), VALUES)
)
def test_any_mapping_of_the_sections_is_answered(sections):
    try_it("\n".join(f"{name}: {flow(value)}" for name, value in sections.items()))


@given(
    st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(WORDS)), min_size=1, max_size=4)
)
def test_a_plan_with_a_few_words_exchanged_is_answered(text, changes):
    parts = WORD.split(text)
    for place, word in changes:
        parts[place % len(parts)] = word
    try_it("".join(parts))


@given(
    st.dictionaries(st.sampled_from([*dictionary().parameters, "overrides"]) | st.text(max_size=5), VALUES, max_size=3)
)
def test_any_overrides_are_answered(overrides):
    for text in TEXTS[:3]:
        try_it(text, overrides)


@given(st.text(max_size=30))
def test_any_name_is_answered(name):
    assert answered(lambda: load_plan(name))


@pytest.mark.nightly
@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 10_000), st.text(max_size=4)), min_size=1, max_size=4))
def test_a_plan_with_a_few_characters_exchanged_is_answered(text, changes):
    for place, insert in changes:
        text = text[: place % len(text)] + insert + text[place % len(text) + len(insert) :]
    try_it(text)


def flow(value):
    """Write any value as YAML in flow style; names that are no plain words make it rubbish, which is the point."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]" if isinstance(value, list) else str(value)
