"""Plans and cases shown in the documentation work: every ``yaml`` block after ``<!-- plan -->`` loads, and every one
after ``<!-- cases -->`` holds for the plan shown before it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from jifen.batch.cases import load_cases, run_case
from jifen.core.errors import PlanError
from jifen.plan import load_plan

BLOCK = re.compile(
    r"^(?P<indent> *)<!-- (?P<kind>plan|cases) -->\n+ *```yaml\n(?P<text>.*?)^ *```", re.MULTILINE | re.DOTALL
)


def blocks(text: str) -> list[tuple[str, str]]:
    """Kind and text of each marked block, in order, its indentation taken away."""
    return [(m["kind"], re.sub(f"^{m['indent']}", "", m["text"], flags=re.MULTILINE)) for m in BLOCK.finditer(text)]


def failures(text: str, folder: Path) -> list[str]:
    """What does not load or does not hold in one page."""
    found, plan = [], folder / "plan.yaml"
    for kind, block in blocks(text):
        if kind == "plan":
            plan.write_text(block, encoding="utf-8")
            try:
                load_plan(plan)
            except PlanError as error:
                found.append(str(error))
        else:
            cases = folder / "cases.yaml"
            cases.write_text(block, encoding="utf-8")
            shown = [replace(case, preset=str(plan)) for case in load_cases(cases)]
            found += [f"{case.id}: {mismatch}" for case in shown for mismatch in run_case(case)]
    return found


@pytest.mark.parametrize("page", ["docs/plan-language.md", "docs/guide/compose.md", "CONTRIBUTING.md"])
def test_the_plans_and_cases_of_a_page_work(root, tmp_path, page):
    text = (root / page).read_text(encoding="utf-8")
    assert blocks(text), f"{page} shows no plan"
    assert failures(text, tmp_path) == []


PLAN = """
<!-- plan -->
```yaml
preset: tenth
title: {en: A tenth, zh: 十分之一}
params:
  points_per_yuan: 0.1
  daily_rate: 50%
  daily_base: granted
stores:
  points: {lots: parallel}
rules:
  - {id: grant, when: order, amount: {share: $points_per_yuan, of: trigger_amount}, pay: {grant: points}}
  - id: static
    when: daily
    amount: {schedule: points, rate: $daily_rate, of: $daily_base}
    gate: {drain: points}
    pay: {asset: $pay_asset}
```
"""
CASE = """
<!-- cases -->
```yaml
- id: T-01
  title: a tenth in two days
  source: derived
  status: derived
  preset: tenth
  params: {settle_at: paid, funding: merchant}
  members: {ann: null}
  events:
    - {day: 0, order: o1, member: ann, amount: "100"}
  until: 1
  expect:
    - {day: 1, paid: {ann: {static: "5"}}}
```
"""


def test_a_plan_that_does_not_load_is_found(tmp_path):
    (failure,) = failures(PLAN.replace("50%", "150%"), tmp_path)
    assert "daily_rate" in failure


def test_a_case_that_does_not_hold_is_found(tmp_path):
    assert failures(PLAN + CASE, tmp_path) == []
    (failure,) = failures(PLAN + CASE.replace('static: "5"', 'static: "6"'), tmp_path)
    assert failure.startswith("T-01: ")
