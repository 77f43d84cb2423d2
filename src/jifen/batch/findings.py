"""What was wrong in the rows of a run's files: listed up to a cap, counted beyond it, and on wish written out whole."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from jifen.batch.blocks import Row
from jifen.batch.tables import Table
from jifen.core.errors import InputError, Problem

__all__ = ["PROBLEMS_MAX", "Findings"]

PROBLEMS_MAX = 100
"""How many problems are listed; the rest is counted."""

_HEADER = ("file", "row", "column", "code", "message", "remedy", "content")


class Findings:
    """Collects refused rows. ``rejected``: the file they are written to, if rows may be skipped."""

    def __init__(self, rejected: Path | None = None) -> None:
        """Start with nothing found; ``rejected`` is created with the first refused row."""
        self.problems: list[Problem] = []
        self.more = 0
        self.rows: set[tuple[str, int]] = set()
        self.duplicates = 0
        """Rows that repeat an id with equal facts: counted and ignored."""
        self._lost: dict[str, Problem] = {}
        self._path = rejected
        self._stream: TextIO | None = None

    def refuse(self, table: Table, rows: Sequence[Row], problems: Sequence[Problem], event: str = "") -> None:
        """Refuse rows, of one event if ``event`` is its id, and list their problems."""
        if event:
            self._lost.setdefault(event, problems[0])
        for row in rows:
            self._reject(table, row, next((problem for problem in problems if problem.line == row.number), problems[0]))
        for problem in problems:
            if len(self.problems) < PROBLEMS_MAX:
                self.problems.append(problem)
            else:
                self.more += 1

    def follow(self, table: Table, rows: Sequence[Row], cause: Problem, event: str) -> None:
        """Refuse rows that stand on what was refused for ``cause``: counted, not listed, so that causes are seen."""
        place = f"{cause.file}, row {cause.line}"
        problem = Problem(
            "follows", f"it stands on what was refused: {place}: {cause.message}", "mend that row", table.file,
            rows[0].number, cause.column if cause.file == table.file else "",
        )  # fmt: skip
        self._lost.setdefault(event, problem)
        self.more += 1
        for row in rows:
            self._reject(table, row, problem)

    def lost(self, event: str) -> Problem | None:
        """Why the event with this id was refused, if a row of it was: what stands on it is refused for this reason."""
        return self._lost.get(event)

    def any_lost(self, events: Iterable[str]) -> bool:
        """Whether one of these events was refused. Their ids are not asked for as long as none was."""
        return bool(self._lost) and not self._lost.keys().isdisjoint(events)

    def error(self, *others: Problem) -> InputError:
        """All problems, and others, as one error in order of file and row."""
        problems = [*self.problems, *others]
        return InputError(sorted(problems, key=lambda problem: (problem.file, problem.line)), self.more)

    def close(self) -> None:
        """Finish the file of rejected rows."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _reject(self, table: Table, row: Row, problem: Problem) -> None:
        """Count a row once, and write it out if that is wished."""
        if (table.file, row.number) in self.rows:
            return
        self.rows.add((table.file, row.number))
        if self._path is None:
            return
        if self._stream is None:
            self._stream = self._path.open("w", encoding="utf-8", newline="")
            csv.writer(self._stream).writerow(_HEADER)
        content = io.StringIO()
        csv.writer(content, lineterminator="").writerow(row.values)
        cells = (problem.column, problem.code, problem.message, problem.remedy, content.getvalue())
        csv.writer(self._stream).writerow((table.file, row.number, *cells))
