"""``jifen verify`` on files that pass, fail, and cannot be read."""

import json

import pytest

GOOD = """\
- id: V-1
  preset: points_dividend
  members: {A: null}
  events: [{day: 0, order: o1, member: A, amount: "100"}]
  until: 1
  expect: [{day: 1, paid: {A: {static: "1"}}}]
"""


@pytest.fixture
def file(tmp_path):
    def write(text: str):
        path = tmp_path / "cases.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_cases_that_hold_exit_with_0(jifen, file):
    answer = jifen("verify", file(GOOD))
    assert (answer.code, answer.out) == (0, "1 passed, 0 failed\n")


def test_a_failure_shows_case_place_and_both_values_and_exits_with_1(jifen, file):
    answer = jifen("verify", file(GOOD.replace('static: "1"', 'static: "1.5"')))
    assert answer.code == 1
    heading, failure, closing = answer.out.splitlines()
    assert failure.split() == ["V-1", "cases.yaml:6", "day", "1", "paid.A.static", "1.5", "1"]
    assert heading.split() == ["case", "where", "expectation", "expected", "got"]
    assert closing == "0 passed, 1 failed"


def test_presets_that_do_not_exist_are_counted(jifen, file):
    answer = jifen("verify", file(GOOD.replace("points_dividend", "not_yet")))
    assert (answer.code, answer.out) == (0, "1 skipped: their presets do not exist yet\n0 passed, 0 failed\n")


def test_the_answer_as_json_has_every_mismatch(jifen, file):
    answer = jifen("verify", file(GOOD.replace('static: "1"', 'static: "1.5"')), "--json")
    found = json.loads(answer.out)
    assert (found["passed"], found["failed"], found["skipped"]) == (0, 1, 0)
    assert found["failures"][0]["mismatches"] == [
        {"line": 6, "expectation": "day 1 paid.A.static", "expected": "1.5", "got": "1"}
    ]


def test_a_file_with_an_unknown_expectation_is_the_users_mistake(jifen, file):
    answer = jifen("verify", file(GOOD.replace("paid:", "payd:")))
    assert answer.code == 2
    assert "cases.yaml:6: payd: case V-1: the expectation has an unknown key" in answer.err


def test_the_shared_cases_hold(jifen, shared):
    answer = jifen("verify", shared / "cases")
    assert answer.code == 0, answer.out
