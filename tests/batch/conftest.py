"""Small shops as files: each test writes the rows it is about."""

from pathlib import Path

import pytest

from jifen.batch.merge import Inputs
from jifen.batch.outputs import Summary
from jifen.batch.run import run
from jifen.core.errors import InputError, Problem
from jifen.plan import Plan, load_plan

MEMBERS = "member,referrer,joined_at\na,,2025-01-01\nb,a,2025-01-01T09:00:00\n"
ORDERS = "order,member,paid_at,amount\no1,b,2025-01-01T10:00:00,100.00\no2,a,2025-01-02T10:00:00,50\n"
REFUNDS = "refund,order,refunded_at,amount\nr1,o1,2025-01-02T11:00:00,40.00\n"


class Shop:
    """A folder with the files of a run; ``write`` changes one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.files = {"members": folder / "members.csv", "orders": folder / "orders.csv"}
        self.write(members=MEMBERS, orders=ORDERS)

    def write(self, **texts: str | bytes) -> "Shop":
        for kind, text in texts.items():
            self.files[kind] = self.folder / f"{kind}.csv"
            self.files[kind].write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def run(self, plan: str | Plan = "points_dividend", zone: str = "Asia/Shanghai", **options: object) -> Summary:
        loaded = load_plan(plan) if isinstance(plan, str) else plan
        return run(loaded, Inputs(**self.files, zone=zone), options.pop("out", self.out), **options)

    def problems(self, **options: object) -> list[Problem]:
        with pytest.raises(InputError) as caught:
            self.run(**options)
        assert not self.out.exists(), "a failed run leaves nothing"
        assert list(self.folder.glob(".out*")) == [], "nor anything hidden"
        return caught.value.problems

    def places(self, **options: object) -> list[tuple[str, str, int, str]]:
        return [(one.code, Path(one.file).name, one.line, one.column) for one in self.problems(**options)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)
