"""Compile every kernel that reads files into the on-disk cache: ``python -m jifen.batch.kernels``."""

from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from jifen.batch.columns import NameTables
from jifen.batch.read import KINDS, columns_of
from jifen.batch.tables import open_table
from jifen.core.days import DEFAULT_ZONE

__all__ = ["warm"]


def warm() -> None:
    """Read one small file that has every kind of column."""
    shape = KINDS["orders"].shape
    header = (*shape.required, *shape.optional)
    with TemporaryDirectory() as folder:
        path = Path(folder, "orders.csv")
        path.write_text(
            f"{','.join(header)}\n{','.join('2026-01-01' if name == shape.time else '1' for name in header)}\n"
        )
        for _ in columns_of("orders", open_table(path, shape), ZoneInfo(DEFAULT_ZONE), NameTables()).rows():
            pass


if __name__ == "__main__":
    warm()
