"""Case files: what is read, what is refused with file and line, and what counts as a failure."""

from pathlib import Path

import pytest

from jifen.batch.case_file import load_cases
from jifen.core.errors import InputError

HEAD = """\
- id: T-1
  preset: points_dividend
  members: {A: null, B: A}
"""

CASE = (
    HEAD
    + """\
  events:
    - {day: 0, order: o1, member: A, amount: "100"}
  until: 2
  expect:
    - {after: o1, lots: {A: {points: ["100"]}}, paid: {A: {static: 0}}}
    - {day: 1, paid: {A: {static: "1"}}, balance: {A: {cash: 1.000}}}
    - {day: 2, lots: {A: {points: [98]}}, referrer: {B: A, A: null}}
"""
)


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        file = tmp_path / "cases.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def run(written):
    from jifen.batch.cases import run_case

    def run_first(text: str) -> list[str]:
        return [str(mismatch) for mismatch in run_case(load_cases(written(text))[0])]

    return run_first


def problems_of(file: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_cases(file)
    return [str(problem) for problem in caught.value.problems]


def test_amounts_become_micro_units_and_no_number_passes_through_a_float(written):
    text = HEAD + "  events: [{day: 0, order: o1, member: A, amount: 0.1}]\n  until: 0\n  expect: []\n"
    (event,) = load_cases(written(text))[0].events
    assert event.fields["amount"] == 100_000


def test_a_price_keeps_the_decimals_it_was_printed_with(written):
    text = HEAD + "  until: 0\n  expect: [{day: 0, price: 9.520}]\n"
    (expectation,) = load_cases(written(text))[0].expect
    assert expectation.claims[0].expected == "9.520"


def test_after_an_id_used_twice_means_the_last_event_with_it(written):
    events = '[{day: 0, order: o1, member: X, amount: "1"}, {day: 0, order: o1, member: A, amount: "1"}]'
    text = HEAD + f"  events: {events}\n  until: 0\n  expect: [{{after: o1, supply: 0}}]\n"
    assert load_cases(written(text))[0].expect[0].event == 1


def test_a_refund_is_told_from_an_order_although_it_names_one(written):
    text = HEAD + '  events: [{order: o1, refund: r1, day: 0, fraction: "50%"}]\n  until: 0\n  expect: []\n'
    (event,) = load_cases(written(text))[0].events
    assert (event.kind, event.id, event.fields) == ("refund", "r1", {"order": "o1", "fraction": 500_000})


@pytest.mark.parametrize(
    ("tail", "line", "part"),
    [
        ("  until: 0\n  expect: [{day: 0, payd: {A: {static: 1}}}]\n", 5, "the expectation has an unknown key"),
        ("  until: 0\n  expect: [{day: 1, supply: 0}]\n", 5, "1 is no day that is run"),
        ("  until: 0\n  expect: [{after: o9, supply: 0}]\n", 5, "'o9' is no event of the case"),
        ("  until: 0\n  expect: [{supply: 0}]\n", 5, "needs exactly one of day, after, event"),
        ("  until: 0\n  expect: [{day: 0, paid: {Z: {static: 1}}}]\n", 5, "'Z' is no member of the case"),
        ("  until: 0\n  expect: [{day: 0, paid: {A: 1}}]\n", 5, "must be a table by rule"),
        ("  until: 0\n  expect: [{day: 0, supply: 0.0000001}]\n", 5, "more than 6 decimals"),
        ("  until: x\n  expect: []\n", 4, "expected a whole number"),
        ("  until: 0\n  expect: []\n  colour: red\n", 6, "the case has an unknown key"),
        ("  expect: []\n", 1, "the case lacks a key"),
        ("  until: 0\n  expect: []\n  events: [{day: 0, order: o1, member: A}]\n", 6, "the event order lacks a key"),
        ("  until: 0\n  expect: []\n  events: [{day: 0, gift: o1}]\n", 6, "an event needs one of the known kinds"),
        ("  until: 0\n  expect: []\n  events: [{day: 5, task: t, member: A}]\n", 6, "day 5 is never open"),
        (
            "  until: 0\n  expect: []\n  events: [{day: 0, refund: r, order: o}]\n",
            6,
            "exactly one of fraction and amount",
        ),
        ("  until: 0\n  expect: []\n  events: [{day: 0, task: t, member: null}]\n", 6, "expected a name"),
    ],
)
def test_a_malformed_case_names_file_line_and_case(written, tail, line, part):
    file = written(HEAD + tail)
    (problem,) = problems_of(file)
    assert problem.startswith(f"{file}:{line}: ")
    assert "case T-1" in problem
    assert part in problem


def test_all_mistakes_of_a_file_come_at_once(written):
    text = HEAD + "  until: x\n  expect: [{day: 0, payd: 1}, {day: 0, queue: 3}]\n"
    assert len(problems_of(written(text))) == 3


def test_a_referrer_must_have_joined_before(written):
    file = written("- id: T-2\n  preset: p\n  members: {B: A, A: null}\n  until: 0\n  expect: []\n")
    assert "the referrer 'A' has not joined before" in problems_of(file)[0]


def test_an_id_stands_once_in_a_file(written):
    assert "used twice" in problems_of(written(CASE + CASE))[0]


@pytest.mark.parametrize("text", ["", "id: T-1\n", "- [1, 2\n", "- id: a\n  id: b\n"])
def test_a_file_that_is_no_list_of_cases_is_an_input_error(written, text):
    assert problems_of(written(text))


def test_a_missing_file_is_an_input_error(tmp_path):
    assert "no such file" in problems_of(tmp_path / "none.yaml")[0]


def test_a_case_that_holds_has_no_mismatch(run):
    assert run(CASE) == []


def test_every_claim_that_does_not_hold_is_a_mismatch_with_both_values(run):
    text = CASE.replace('paid: {A: {static: "1"}}', 'paid: {A: {static: "1.000001"}}').replace(
        "B: A, A: null}}", "B: B}}"
    )
    assert run(text) == [
        "day 1 paid.A.static: expected 1.000001, got 1",
        "day 2 referrer.B: expected B, got A",
    ]


ORDER = '    - {day: 0, order: o1, member: A, amount: "100"}\n'
STRANGER = '    - {day: 0, order: o2, member: X, amount: "1"}\n'


def test_an_event_that_is_refused_without_being_expected_is_a_mismatch(run):
    (mismatch,) = run(CASE.replace(ORDER, ORDER + STRANGER))
    assert mismatch.startswith("event o2: expected accepted, got unknown_member")


def test_an_expected_refusal_must_come_with_its_code(run):
    text = CASE.replace(ORDER, ORDER + STRANGER)
    assert run(text + "    - {event: o2, error: unknown_member}\n") == []
    assert run(text + "    - {event: o2, error: limit}\n") == ["event o2: expected limit, got unknown_member"]
    assert run(CASE + "    - {event: o1, error: limit}\n") == ["event o1: expected limit, got accepted"]


def test_an_event_of_a_day_that_is_closed_is_out_of_order(run):
    late = '    - {day: 2, order: o2, member: A, amount: "1"}\n    - {day: 1, order: o3, member: A, amount: "1"}\n'
    text = CASE.replace(ORDER, ORDER + late).replace("points: [98]", 'points: ["98", "1"]')
    assert run(text + "    - {event: o3, error: out_of_order}\n") == []


def test_a_refund_by_fraction_is_a_part_of_the_original_amount(run):
    # Half of the original 100 twice: nothing is left, which half of what was left would not give.
    halves = "".join(f'    - {{day: 0, refund: r{n}, order: o1, fraction: "0.5"}}\n' for n in (1, 2))
    expect = "  until: 0\n  expect: [{day: 0, lots: {A: {points: [0]}}}]\n"
    assert run(HEAD + "  events:\n" + ORDER + halves + expect) == []


def test_a_change_of_parameters_counts_at_once_for_later_orders(run):
    # Twice 100 yuan: 100 points by the default of one a yuan, then 120 by 1.2 a yuan.
    text = (
        HEAD
        + """\
  events:
    - {day: 0, order: o1, member: A, amount: "100"}
    - {day: 0, params: {points_per_yuan: 1.2}}
    - {day: 0, order: o2, member: A, amount: "100"}
  until: 0
  expect: [{day: 0, lots: {A: {points: ["100", "120"]}}}]
"""
    )
    assert run(text) == []


def test_parameters_that_make_no_plan_name_the_case_file(written):
    from jifen.batch.cases import run_case

    file = written(CASE + "  params: {daily_rate: 200%}\n")
    with pytest.raises(InputError) as caught:
        run_case(load_cases(file)[0])
    assert str(caught.value).startswith(f"{file}:")
    assert "case T-1" in str(caught.value)


@pytest.mark.parametrize(
    ("price", "decimals", "shown"),
    [
        ((200, 21), 2, "9.52"),
        ((5, 1000), 2, "0.01"),
        ((1, 3), 6, "0.333333"),
        ((2, 1), 0, "2"),
        ((1249, 1000), 2, "1.25"),
    ],
)
def test_a_price_is_compared_rounded_half_up_to_its_printed_decimals(price, decimals, shown):
    from jifen.batch.cases import round_price

    assert round_price(*price, decimals) == shown


def test_a_folder_is_run_file_by_file_and_unknown_presets_are_skipped(tmp_path):
    from jifen.batch.cases import run_cases

    (tmp_path / "a.yaml").write_text(CASE, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(CASE.replace("points_dividend", "not_yet"), encoding="utf-8")
    assert [(result.skipped, result.mismatches) for result in run_cases([tmp_path])] == [(False, ()), (True, ())]


def test_a_case_may_name_a_plan_file_as_seen_from_its_own_folder(tmp_path):
    from jifen.batch.cases import run_cases

    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "mine.yaml").write_text("preset: mine\ncompose: [points_dividend]\n", encoding="utf-8")
    file = tmp_path / "cases.yaml"
    file.write_text(CASE.replace("points_dividend", "plans/mine.yaml"), encoding="utf-8")
    assert [(result.skipped, result.mismatches) for result in run_cases([file])] == [(False, ())]
    file.write_text(CASE.replace("points_dividend", "plans/none.yaml"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        list(run_cases([file]))
    assert [(problem.code, problem.file) for problem in caught.value.problems] == [("plan_unreadable", str(file))]


def test_the_mistakes_of_all_files_come_before_any_case_runs(tmp_path):
    from jifen.batch.cases import run_cases

    (tmp_path / "a.yaml").write_text(CASE, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(CASE.replace("paid:", "payd:"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text("- id: T-9\n", encoding="utf-8")
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError) as caught:
        next(run_cases([tmp_path, tmp_path / "none"]))
    files = [Path(problem.file).name for problem in caught.value.problems]
    assert sorted(set(files)) == ["b.yaml", "c.yaml", "none"]
