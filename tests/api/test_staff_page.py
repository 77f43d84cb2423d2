"""The pages about staff say of each role which rights it has: what the code says."""

import pytest
from tests.service.running import ROOT

from jifen.service.rights import RIGHTS_OF, Right, Role


@pytest.mark.parametrize("page", ["docs/staff.md", "docs/zh/staff.md"])
def test_the_table_of_rights_is_that_of_the_code(page):
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]
    found = {row[0].strip("`"): row[2:] for row in rows if row[0].strip("`") in set(Right)}
    assert set(found) == set(Right)
    for place, role in enumerate(Role):
        assert {Right(name) for name, marks in found.items() if marks[place] == "✓"} == RIGHTS_OF[role], role
