"""Whatever is given as a scenario, the answer is one that can be run, or an ``InputError`` that says what to do."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.core.errors import InputError
from jifen.plan import load_plan
from jifen.simulate.scenario import (
    load_scenario,
    load_scenario_text,
    scenario_keys,
    scenario_names,
    scenario_text,
)
from jifen.simulate.simulation import Run

TEXTS = [scenario_text(name) for name in scenario_names()]
WORD = re.compile(r"([\w$.%]+)")
KEYS = [*scenario_keys(), *{key.partition(".")[0] for key in scenario_keys()}, "scenario", "title"]
WORDS = [
    *sorted({word for text in TEXTS for word in WORD.findall(text)}), *(key.rpartition(".")[2] for key in KEYS),
    "null", "[]", "{}", "-1", "-0", "1e9", "1e400", ".inf", ".nan", "9" * 30, "9" * 5000, '"', "\t", "&a", "*a", "!x",
    "<<", "0.1234567", "0x10", "0o7", "1_000", "12:30:00", "2026-03-31", "2026-13-45", "yes", "１２", "[1, 2]",
    "{a: b}", "%", "100%", "-100%", "1000000%", "true", "~",
]  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(WORDS) | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.sampled_from(KEYS), inner),
    max_leaves=8,
)


def try_it(text, overrides=None) -> None:
    assert answered(lambda: load_scenario_text(text, "x.yaml", overrides))


def answered(load) -> bool:
    """Whether there is a scenario, the same when it is written out; or mistakes that say what, and what to do."""
    try:
        found = load()
    except InputError as error:
        told = [problem.code and problem.message and problem.remedy for problem in error.problems]
        return bool(told) and all(told) and all(each.line for each in error.problems if each.file == "x.yaml")
    return load_scenario_text(found.text()) == found


def flow(value) -> str:
    """Write any value as YAML in flow style; names that are no plain words make it rubbish, which is the point."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(flow, value)) + "]" if isinstance(value, list) else str(value)


@given(st.text() | st.binary())
def test_any_text_is_answered(text):
    try_it(text)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), VALUES, max_size=6))
def test_any_mapping_of_keys_is_answered(mapping):
    try_it("scenario: mine\n" + "\n".join(f"{name}: {flow(value)}" for name, value in mapping.items()))


@given(st.sampled_from(KEYS), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_any_section_is_answered(section, mapping):
    inner = {key.rpartition(".")[2]: value for key, value in mapping.items()}
    try_it(f"scenario: mine\n{section}: {flow(inner)}\n")


@given(
    st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(WORDS)), min_size=1, max_size=4)
)
def test_a_scenario_with_a_few_words_exchanged_is_answered(text, changes):
    parts = WORD.split(text)
    for place, word in changes:
        parts[place % len(parts)] = word
    try_it("".join(parts))


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), VALUES, max_size=3))
def test_any_overrides_are_answered(overrides):
    try_it(TEXTS[0], overrides)


@given(st.text(max_size=30))
def test_any_name_is_answered(name):
    assert answered(lambda: load_scenario(name))


@pytest.mark.parametrize("name", ["null", "NaN", "yes", "n", "安"])
@given(title=st.text(max_size=20))
def test_any_heading_that_is_accepted_can_be_written_and_read_again(name, title):
    quoted = title.replace("'", "''")
    try_it(f"scenario: '{name}'\ntitle: {{en: '{quoted}', zh: a}}\n")


def ends_of(key: str) -> list[object]:
    """The values at the ends of what a key may be; as few members and days as there can be."""
    parameter = scenario_keys()[key]
    if key in ("joining.at_start", "joining.a_day", "days"):
        return [max(parameter.minimum, 1), 3]
    if parameter.options:
        return [option for option in parameter.options if option not in ("forest", "file")]
    if parameter.type == "bool":
        return [True, False]
    least = parameter.minimum if parameter.above is None else parameter.above + 1
    return [parameter.write(least), parameter.write(parameter.maximum), *([None] if parameter.optional else [])]


@given(
    st.fixed_dictionaries({key: st.sampled_from(ends_of(key)) for key in scenario_keys()}),
    st.sampled_from(["points_dividend", "distribution", "appreciation", "ad_tasks"]),
)
def test_a_scenario_whose_values_are_all_at_their_ends_can_be_run(values, preset):
    run = Run(load_plan(preset), load_scenario("steady", values))
    while not run.finished:
        run.day()
    made = run.result()
    assert made.days["members"][-1] == len(made.members.joined)
