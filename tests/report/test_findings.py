"""What charts of foresight say: every sentence there is, with numbers worked by hand."""

import re
from string import Formatter
from typing import Any, NamedTuple

import numpy as np
import pytest

from jifen.assess.texts import LANGUAGES, texts
from jifen.core.micros import MICRO
from jifen.report.findings import (
    Finding,
    cash_findings,
    coverage_finding,
    outcome_finding,
    price_finding,
    queue_finding,
)
from jifen.report.flow_findings import Step, cohort_finding, hundred_findings
from jifen.report.foresight import Fan
from jifen.report.foresight_charts import shown_rows
from jifen.report.look import TEXTS, Look
from jifen.report.member_charts import received_groups
from jifen.simulate.cohorts import CohortTable
from jifen.simulate.outcomes import MemberTable, QueueTable


def micros(*yuan: float):
    return np.array([round(each * MICRO) for each in yuan], dtype=np.int64)


def cash(free: list, claims: list, sold: list | None = None, pools: list | None = None, ends: tuple | None = None):
    """The findings of so many days; 10 yuan are sold on each if nothing else is said."""
    nothing = np.zeros(len(free), dtype=np.int64)
    days = {
        "day": np.arange(1, len(free) + 1), "free_cash": micros(*free), "promised": micros(*claims),
        "sold": micros(*(sold or [10] * len(free))), "refunded": nothing,
    }  # fmt: skip
    return cash_findings(days, nothing if pools is None else micros(*pools), None if ends is None else Fan({}, ends))


def covered(backed: list, claims: list) -> list[Finding | None]:
    return [coverage_finding(micros(*backed), micros(*claims))]


def priced(prices: list, supply: list) -> list[Finding | None]:
    return [price_finding(micros(*prices), micros(*supply))]


def queued(arrived: list, paid: list, today: int = 20) -> list[Finding | None]:
    amount = np.full(len(paid), MICRO)
    return [queue_finding(QueueTable(np.array(arrived), np.array(paid), amount, amount), today)]


def members(*spent_and_received: tuple[float, float]) -> MemberTable:
    spent, received = (micros(*column) for column in zip(*spent_and_received, strict=True))
    nobody = np.zeros(len(spent), dtype=np.int64)
    return MemberTable(nobody, nobody, nobody, spent, received, nobody, nobody)


def outcome(end: int | None, *spent_and_received: tuple[float, float]) -> list[Finding | None]:
    return [outcome_finding(members(*spent_and_received), end, 300)]


def cohorts(paid_by: list[list[float]], unfunded: list[float]) -> list[Finding | None]:
    table = np.array([micros(*row) for row in paid_by])
    empty = np.zeros(len(unfunded), dtype=np.int64)
    return [cohort_finding(CohortTable(empty, empty, empty, empty, table, micros(*unfunded)))]


def hundred(promised: float, *steps: tuple[str, float]) -> list[Finding]:
    """200 yuan are sold."""
    taken = [Step(kind, amount * MICRO) for kind, amount in steps]
    rest = 200 * MICRO - sum(step.amount for step in taken)
    return hundred_findings([Step("sold", 200 * MICRO), *taken, Step("shop", rest)], promised * MICRO)


class Said(NamedTuple):
    """What was found, and what must have been: a sentence and its numbers."""

    found: list[Any]
    name: str
    numbers: dict[str, str]


def _cash_cases():
    # 39 days with cash, on the 40th some is missing; 30 × 10 were sold in the month before.
    ends = [5.0] * 39 + [-1]
    yield Said(cash(ends, [0] * 39 + [630]), "cash_ends", {
        "day": "40", "times": "2.1", "claims": "¥630.00", "sales": "¥300.00"})  # fmt: skip
    yield Said(cash(ends[10:], [0] * 29 + [630]), "cash_ends", {
        "day": "30", "times": "2.1", "claims": "¥630.00", "sales": "¥300.00"})  # fmt: skip
    yield Said(cash([5, -1], [0, 30]), "cash_ends_early", {
        "day": "2", "times": "1.5", "claims": "¥30.00", "sales": "¥20.00"})  # fmt: skip
    yield Said(cash(ends, [9] * 40, sold=[10] * 10 + [0] * 30), "cash_ends_unsold", {"day": "40", "claims": "¥9.00"})
    yield Said(cash([5, -1], [3, 0]), "cash_ends_free", {"day": "2"})
    back = cash([5, -1, -7, 2000], [3, 3, 3, 3])
    yield Said(back[:1], "cash_ends_early", {"day": "2", "times": "0.15", "claims": "¥3.00", "sales": "¥20.00"})
    yield Said(back[1:], "cash_returns", {"low": "−¥7.00", "low_day": "3", "cash": "¥2,000"})
    yield Said(cash([5, 1234.56], [3, 2.5]), "cash_lasts", {"days": "2", "cash": "¥1,235", "claims": "¥2.50"})
    yield Said(cash([5, 0], [3, 0], pools=[1, 1]), "cash_lasts_free", {"days": "2", "cash": "¥0", "claims": "¥0"})
    yield Said(cash([5, 6], [3, 4], pools=[0, 2]), "cash_lasts_pools", {
        "days": "2", "cash": "¥6.00", "claims": "¥4.00", "pools": "¥2.00"})  # fmt: skip
    runs = (None, 150, 137, 149)
    yield Said(cash([5], [0], ends=runs)[1:], "runs_some_end", {
        "runs": "4", "ended": "3", "first": "137", "latest": "150"})  # fmt: skip
    yield Said(cash([5], [0], ends=(150, 137))[1:], "runs_end", {"runs": "2", "first": "137", "latest": "150"})
    yield Said(cash([5], [0], ends=(9, 9))[1:], "runs_end_together", {"runs": "2", "first": "9", "latest": "9"})
    yield Said(cash([5], [0], ends=(None, None))[1:], "runs_last", {"runs": "2"})


def _coverage_cases():
    yield Said(covered([0, 3, 9], [0, 3, 6]), "covered_always", {"low": "100%", "low_day": "2", "covered": "150%"})
    yield Said(covered([0, 6, 9], [0, 3, 0]), "covered_all_paid", {"low": "200%", "low_day": "2"})
    yield Said(covered([1, 1, 6], [3, 4, 6]), "covered_again", {
        "low": "25%", "low_day": "2", "covered": "100%", "short_days": "2"})  # fmt: skip
    yield Said(covered([1, 5, 6], [3, 4, 0]), "covered_not_always", {
        "low": "33.3%", "low_day": "1", "short_days": "1"})  # fmt: skip
    yield Said(covered([0, 1, 2], [0, 4, 5]), "covered_never", {"low": "25%", "low_day": "2", "covered": "40%"})
    # Day 1 is short too, but day 2 was covered: since day 3 it never was again.
    yield Said(covered([1, 4, 4, 2], [2, 4, 5, 5]), "covered_until", {
        "low": "40%", "low_day": "4", "covered": "40%", "since": "3"})  # fmt: skip
    yield Said(covered([9, 0, 0], [0, 4, 3]), "covered_nothing", {"most": "¥4.00", "day": "2"})


def _price_cases():
    yield Said(priced([1, 2, 2.001], [0, 5, 5]), "price_stays", {"final": "¥2.00"})
    yield Said(priced([1, 1.5, 3.21], [1, 2, 3]), "price_rises", {"first": "¥1.00", "final": "¥3.21"})
    yield Said(priced([5, 1, 4, 1], [0, 1, 1, 1]), "price_falls", {
        "top": "¥4.00", "day": "3", "final": "¥1.00", "lost": "75%"})  # fmt: skip
    yield Said(priced([1, 3, 2, 4], [1] * 4), "price_dips", {"first": "¥1.00", "final": "¥4.00", "falls": "1"})
    yield Said(priced([2, 0.5, 2], [1] * 3), "price_back", {"bottom": "¥0.5000", "day": "2", "final": "¥2.00"})
    yield Said(priced([2, 3, 7], [1, 1, 0]), "tokens_gone", {"day": "2", "final": "¥3.00"})


def _queue_cases():
    yield Said(queued([1, 2], [-1, -1]), "queue_unpaid", {
        "places": "2", "served": "0", "waiting": "2", "today": "20"})  # fmt: skip
    paid = {"places": "2", "served": "2", "waiting": "0"}
    yield Said(queued([1, 2], [4, 5]), "queue_alike", paid | {"longest": "3", "place": "1"})
    yield Said(queued([1, 2], [4, 9]), "queue_paid", paid | {"longest": "7", "place": "2"})
    # The third has waited from day 3 to day 20, the last since day 8.
    yield Said(queued([1, 2, 3, 8], [4, 9, -1, -1]), "queue_waits", {
        "places": "4", "served": "2", "waiting": "2", "longest": "7", "place": "2", "oldest": "17",
        "oldest_place": "3"})  # fmt: skip


def _outcome_cases():
    everyone = {"buyers": "2", "back": "2", "share": "100%", "nothing": "0"}
    nobody = {"buyers": "2", "back": "0", "share": "0%", "nothing": "1"}
    some = {"buyers": "3", "back": "1", "share": "33.3%", "nothing": "1"}
    for end, day, name in ((None, "300", ""), (143, "143", "_cash")):
        yield Said(outcome(end, (10, 10), (10, 11)), f"back_all{name}", everyone | {"day": day})
        # The third has bought nothing: he is no buyer.
        yield Said(outcome(end, (10, 9), (10, 0), (0, 5)), f"back_none{name}", nobody | {"day": day})
        yield Said(outcome(end, (10, 10), (10, 0), (10, 1)), f"back_some{name}", some | {"day": day})


def _flow_cases():
    # Row 1 received 30 of its own, 50 of the second; the second 10 of the first and 10 of its own: 100 in all.
    shares = {"paid": "¥100.00", "later_share": "50%", "own_share": "40%", "earlier_share": "10%"}
    yield Said(cohorts([[30, 50], [10, 10]], [0, 0]), "money_of_later", shares)
    half = {"paid": "¥200.00", "later_share": "25%", "own_share": "20%", "earlier_share": "5%"}
    yield Said(cohorts([[30, 50], [10, 10]], [60, 40]), "money_missing", half | {"missing": "¥100.00", "part": "50%"})
    none = {"paid": "¥100.00", "later_share": "0%", "own_share": "90%", "earlier_share": "10%"}
    yield Said(cohorts([[30, 0], [10, 60]], [0, 0]), "money_of_no_later", none)
    yield Said(hundred(0, ("goods", 40), ("rule", 50)), "hundred", {
        "goods": "¥20.00", "members": "¥25.00", "rest": "¥55.00"})  # fmt: skip
    yield Said(hundred(0, ("goods", 40), ("rule", 50), ("pool", 10), ("reserve", 4)), "hundred_held", {
        "goods": "¥20.00", "members": "¥25.00", "held": "¥7.00", "rest": "¥48.00"})  # fmt: skip
    yield Said(hundred(0, ("goods", 40), ("rule", 190)), "hundred_missing", {
        "goods": "¥20.00", "members": "¥95.00", "rest": "¥15.00"})  # fmt: skip
    yield Said(hundred(0, ("goods", 40), ("rule", 190), ("pool", 10)), "hundred_held_missing", {
        "goods": "¥20.00", "members": "¥95.00", "held": "¥5.00", "rest": "¥20.00"})  # fmt: skip
    yield Said(hundred(30, ("goods", 40))[1:], "hundred_promised", {"promised": "¥15.00"})


CASES = [
    *_cash_cases(), *_coverage_cases(), *_price_cases(), *_queue_cases(), *_outcome_cases(), *_flow_cases(),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_sentence_and_its_numbers_are_what_the_figures_say(case):
    assert [(each.name, dict(each.numbers)) for each in case.found[:1]] == [(case.name, case.numbers)]


def test_every_sentence_there_is_is_tried():
    assert {case.name for case in CASES} == set(texts(TEXTS, "jifen.report")["findings"])


def test_both_languages_have_the_same_numbers_and_each_number_says_what_it_is():
    told = texts(TEXTS, "jifen.report")
    used = {}
    for name, text in told["findings"].items():
        placed = [{key for _, key, _, _ in Formatter().parse(text[language]) if key} for language in LANGUAGES]
        assert placed[0] == placed[1], name
        used[name] = placed[0]
    for case in CASES:
        assert used[case.name] <= set(case.numbers) <= set(told["numbers"]), case.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_title_joins_its_sentences(language):
    findings = cash([5, -1], [0, 30], ends=(2, 2))
    written = {
        "en": "Cash ends on day 2; claims are then 1.5× all sales so far. In all 2 runs cash ends on day 2",
        "zh": "现金在第 2 天用完，此时待付是全部销售额的 1.5 倍。2 次模拟中现金都在第 2 天用完",
    }
    assert Look(language).title(findings) == written[language]


@pytest.mark.parametrize("found", [
    covered([5, 5], [0, 0]), priced([1, 1], [0, 0]), queued([], []), outcome(None, (0, 5)), cohorts([[0]], [0]),
])  # fmt: skip
def test_nothing_is_said_where_there_is_nothing(found):
    assert found == [None]


def test_a_long_table_keeps_the_rows_that_are_spoken_of():
    assert shown_rows(400, []) == list(range(400))
    shown = shown_rows(3660, [Finding("cash_ends", {}, (142,))])
    assert {0, 10, 142, 3659} <= set(shown)
    assert 143 not in shown
    assert len(shown) < 410


def test_buyers_are_grouped_by_what_they_got_back():
    groups = received_groups(members(
        (100, 0), (100, -5), (100, 1), (100, 25), (100, 99.999999), (100, 100), (3, 3), (100, 150), (1, 900), (0, 7),
    ))  # fmt: skip
    # Nothing, below 25, from 25, 50, 75, 100, 150, 200 percent on.
    assert groups.tolist() == [2, 1, 1, 0, 1, 2, 1, 1]


def test_who_has_got_back_all_but_a_millionth_has_not_got_back_all():
    # As floating numbers the two are one.
    large = 9_000_000_000_000_001
    table = MemberTable(*[np.zeros(1, dtype=np.int64)] * 3, np.array([large]), np.array([large - 1]),
                        *[np.zeros(1, dtype=np.int64)] * 2)  # fmt: skip
    assert received_groups(table).tolist() == [0, 0, 0, 0, 1, 0, 0, 0]


def test_numbers_have_no_more_decimals_than_they_need():
    for case in CASES:
        assert all(re.fullmatch(r"[<>]?−?¥?[\d,]+(\.\d+)?%?", number) for number in case.numbers.values()), case
