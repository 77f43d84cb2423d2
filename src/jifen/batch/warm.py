"""Compile every kernel that reads files into the on-disk cache: ``python -m jifen.batch.warm``."""

from pathlib import Path
from tempfile import TemporaryDirectory

from jifen.batch.findings import Findings
from jifen.batch.merge import Inputs, Merge, open_inputs
from jifen.batch.read import KINDS

__all__ = ["warm"]


_ROWS = 2000
"""More names than a table has room for at first, so that it grows."""


def warm() -> None:
    """Read one small shop that has every kind of column."""
    with TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder, "members.csv"), Path(folder, "orders.csv"))
        for kind, path in inputs.paths().items():
            shape = KINDS[kind].shape
            header = (*shape.required, *shape.optional)
            known = {shape.time: "2026-01-01", "rank": ""}
            rows = (",".join(known.get(column, str(row)) for column in header) for row in range(1, _ROWS))
            path.write_text("\n".join([",".join(header), *rows]), encoding="utf-8")
        merge = Merge(open_inputs(inputs), inputs.zone, Findings())
        for part in merge.log():
            len(part)


if __name__ == "__main__":
    warm()
