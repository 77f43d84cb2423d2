"""What the tests of imports share: tables as they are typed, and the books written."""

import csv
from pathlib import Path

import pytest


def written(using: str, folder: Path) -> None:
    """Let the books be written with all that waits."""
    from jifen.service.writer import Writer

    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table that was exported."""
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def nothing_is_there(using: str) -> bool:
    """Whether a shop is as it was made: no account, nothing asked for, no order of before."""
    from jifen.service import models
    from jifen.service.members.models import Account
    from jifen.service.moving.models import Import, PastOrder

    tables = (Account, PastOrder, Import, models.Inbox, models.Event)
    return not any(each.objects.using(using).exists() for each in tables)


@pytest.fixture
def files(tmp_path):
    """Write tables as CSV files into a folder, by name."""

    def write(**tables: str) -> Path:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for name, text in tables.items():
            (folder / f"{name}.csv").write_text(text.strip() + "\n", encoding="utf-8")
        return folder

    return write


@pytest.fixture
def tried(shop):
    """What an import of a folder would do."""
    from jifen.service.moving.maps import load_map
    from jifen.service.moving.opening import draft

    return lambda folder, how="jifen": draft(folder, load_map(how), using=shop)
