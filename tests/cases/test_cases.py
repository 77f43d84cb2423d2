"""The case files beside this test, and those of the shared folder: every case, with tolerance zero."""

from pathlib import Path

import pytest

from jifen.batch.cases import load_cases, run_case
from jifen.plan import preset_names

FILES = sorted(Path(__file__).parent.glob("*.yaml"))
CASES = [pytest.param(case, id=case.id) for file in FILES for case in load_cases(file)]


@pytest.mark.parametrize("case", CASES)
def test_the_case_comes_out_as_worked_by_hand(case):
    assert run_case(case) == []


@pytest.mark.parametrize("preset", preset_names())
def test_the_shared_cases_of_the_preset_come_out(shared, preset):
    for case in load_cases(shared / "cases" / f"{preset}.yaml"):
        assert (case.id, run_case(case)) == (case.id, [])


def test_each_preset_has_a_case_file():
    assert {file.stem for file in FILES} == set(preset_names())
