"""Case ids named in the documentation are those of cases of this project (CN, EU and US ids are rules of law)."""

import re
from pathlib import Path

NAMED = re.compile(r"`((?!CN|EU|US)[A-Z][A-Z0-9]-\d\d[a-z]?)`")
IDS = re.compile(r"^ *- id: ([A-Z0-9]+-\d+[a-z]?)$", re.MULTILINE)


def named_without_case(pages: list[Path], case_files: list[Path]) -> list[str]:
    ids = {case for file in case_files for case in IDS.findall(file.read_text(encoding="utf-8"))}
    return [
        f"{page.name}: {case}"
        for page in pages
        for case in NAMED.findall(page.read_text(encoding="utf-8"))
        if case not in ids
    ]


def test_every_case_named_in_the_documentation_exists(root):
    pages = sorted((root / "docs").rglob("*.md"))
    case_files = sorted((root / "tests/cases").rglob("*.yaml"))
    assert named_without_case(pages, case_files) == []


def test_a_case_that_does_not_exist_is_found(tmp_path):
    page, cases = tmp_path / "page.md", tmp_path / "cases.yaml"
    page.write_text("`PD-01` and `PD-99`, `P2-03a`")
    cases.write_text("- id: PD-01\n- id: P2-03a\n")
    assert named_without_case([page], [cases]) == ["page.md: PD-99"]
