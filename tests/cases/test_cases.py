"""The case files beside this test, and those of the shared folder: every case, with tolerance zero."""

from pathlib import Path

import pytest

from jifen.batch.cases import load_cases, run_case, run_cases
from jifen.plan import preset_names

SHARED_CASES = 102
FILES = sorted(Path(__file__).parent.glob("*.yaml"))
WORKED = sorted(Path(__file__).parent.glob("worked/*.yaml"))
"""The cases that the documentation shows; some restate one of the shared folder, under its id."""
CASES = [pytest.param(case, id=case.id) for file in FILES + WORKED for case in load_cases(file)]


@pytest.mark.parametrize("case", CASES)
def test_the_case_comes_out_as_worked_by_hand(case):
    assert run_case(case) == []


def test_the_shared_cases_come_out_and_none_is_left_out(shared):
    results = list(run_cases([shared / "cases"]))
    assert [result.case.id for result in results if result.skipped] == []
    assert {result.case.id: result.mismatches for result in results if result.mismatches} == {}
    assert len(results) >= SHARED_CASES


def test_each_preset_has_a_case_file():
    assert {file.stem for file in FILES} >= set(preset_names())


def test_no_two_cases_have_one_id():
    ids = [parameters.id for parameters in CASES]
    assert sorted({case for case in ids if ids.count(case) > 1}) == []
