"""Scenario files: what they say, and how they are refused."""

import pytest

from jifen.core.errors import InputError
from jifen.simulate.scenario import (
    key_help,
    load_scenario,
    load_scenario_text,
    range_of,
    scenario_keys,
    scenario_names,
    scenario_text,
)


def problems(text: str | bytes, overrides: dict[str, object] | None = None) -> list[tuple[str, int, str]]:
    with pytest.raises(InputError) as caught:
        load_scenario_text(text, "mine.yaml", overrides)
    assert all(problem.remedy for problem in caught.value.problems)
    return [(problem.code, problem.line, problem.column) for problem in caught.value.problems]


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_of_the_package_says_the_same_when_it_is_written_out_whole(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert load_scenario_text(scenario.text()) == scenario
    assert scenario.title["zh"] != scenario.title["en"]


def test_what_a_file_does_not_say_has_its_default():
    scenario = load_scenario_text("scenario: mine\njoining: {a_day: 7}\n")
    assert (scenario.joining.a_day, scenario.days, scenario.cost) == (7, 365, 200_000)
    assert scenario.title == {"en": "mine", "zh": "mine"}


def test_all_mistakes_of_a_file_come_at_once_with_line_and_key():
    text = "scenario: mine\ndays: 0\njoining: {curv: constant, growth: 300%}\ncost: lots\npanic: 3\nmood: bad\n"
    assert problems(text) == [
        ("out_of_bounds", 2, "days"),
        ("unknown_key", 3, "joining.curv"),
        ("out_of_bounds", 3, "joining.growth"),
        ("wrong_type", 4, "cost"),
        ("wrong_type", 5, "panic"),
        ("unknown_key", 6, "mood"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "wrong_type"),
        ("- a\n- b\n", "wrong_type"),
        ("scenario: [", "yaml_syntax"),
        ("scenario: mine\ndays: 1\ndays: 2\n", "duplicate_key"),
        ("scenario: &a mine\ntitle: *a\n", "yaml_unsupported"),
        ("days: 3\n", "missing_key"),
        ("scenario: 7 days\n", "wrong_type"),
        ("scenario: mine\ntitle: {en: a}\n", "wrong_type"),
        (f"scenario: mine\ndays: {'9' * 4000}\n", "wrong_type"),
        ("scenario: mine\norders: {yuan: 1e300}\n", "wrong_type"),
        ("scenario: mine\norders: {amount: normal}\n", "unknown_option"),
        ("scenario: mine\njoining: {drawn: 1}\n", "wrong_type"),
        (b"scenario: \xff\xfe\n", "plan_encoding"),
        ("scenario: mine\n" + "# long\n" * 60_000, "plan_too_large"),
    ],
)
def test_rubbish_is_refused_with_a_code(text, code):
    assert code in {found for found, _, _ in problems(text)}


def test_values_from_outside_are_checked_as_those_of_the_file_are():
    assert problems("scenario: mine\n", {"joining.aday": 3, "cost": "120%"}) == [
        ("unknown_key", 0, "joining.aday"),
        ("out_of_bounds", 0, "cost"),
    ]
    assert load_scenario("steady", {"orders.stop": 30}).orders.stop == 30


def test_a_scenario_that_is_not_there_is_refused_by_name_and_by_path(tmp_path):
    for source in ("stead", tmp_path / "none.yaml"):
        with pytest.raises(InputError):
            load_scenario(source)


def test_a_file_is_loaded_by_its_path(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(scenario_text("growth"), encoding="utf-8")
    assert load_scenario(path) == load_scenario("growth")


RANGES_ZH = {"more than 0%, at most 100%": "大于 0%，至多 100%", " to ": " 至 ", ", ": "、"}


@pytest.fixture(params=["en", "zh"])
def guide(request) -> tuple[str, str]:
    """The language and the text of each guide."""
    page = "guide/simulate.md" if request.param == "en" else "zh/guide/simulate.md"
    return request.param, (request.config.rootpath / "docs" / page).read_text(encoding="utf-8")


def test_every_key_has_a_line_in_the_guide(guide):
    language, text = guide
    defaults = {key: each.write(each.read(each.default, print)) for key, each in scenario_keys().items()}
    ranges = {key: range_of(key) for key in scenario_keys()}
    for english, chinese in RANGES_ZH.items() if language == "zh" else ():
        ranges = {key: words.replace(english, chinese) for key, words in ranges.items()}
    lines = [f"| `{key}` | {defaults[key]} | {ranges[key]} | {key_help(language)[key]} |" for key in scenario_keys()]
    assert [line for line in lines if line not in text.splitlines()] == []
    assert sum(line.startswith("| `") and line.count(" | ") == 3 for line in text.splitlines()) == len(lines)


def test_the_scenario_in_the_guide_is_one(guide):
    _, guide = guide
    scenario = load_scenario_text(guide.partition("```yaml\n")[2].partition("```")[0])
    assert (scenario.name, scenario.joining.most, scenario.refunds.days) == ("slow_start", 20_000, 14)


def test_every_scenario_of_the_package_stands_in_the_guide(guide):
    assert [name for name in scenario_names() if f"| `{name}` |" not in guide[1]] == []
