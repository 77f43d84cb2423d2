"""The one error tree, and the mistakes of users, which are values.

::

    JifenError                 everything this package raises on purpose
    ├── UserError              the user can mend it; carries one or many ``Problem`` values; no traceback is shown
    │   ├── PlanError          a plan does not load
    │   └── InputError         an input file or option cannot be used
    └── BrokenInvariant        the books do not balance: a programmer's mistake, never caught by us

A refused event is neither: it is a value in the journal (``Refusal``).
"""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["BrokenInvariant", "InputError", "JifenError", "PlanError", "Problem", "UserError", "ensure"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of a user: where, what, why, and what to do. ``code`` is a stable string."""

    code: str
    message: str
    remedy: str = ""
    file: str = ""
    line: int = 0
    column: str = ""
    """The column of a table or the key of a plan the mistake is in."""

    def __str__(self) -> str:
        """Write ``file:line: key: message; remedy [code]``."""
        place = ":".join(str(part) for part in (self.file, self.line or "") if part)
        head = ": ".join(part for part in (place, self.column) if part)
        tail = f"; {self.remedy}" if self.remedy else ""
        return f"{head + ': ' if head else ''}{self.message}{tail} [{self.code}]"


class JifenError(Exception):
    """The root of everything this package raises on purpose."""


class UserError(JifenError):
    """Something the user can mend: one or many problems, shown without a traceback."""

    def __init__(self, problems: Problem | Iterable[Problem], more: int = 0) -> None:
        """Take one problem or many; ``more`` says how many were left out of a capped list."""
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        self.more = more
        text = "\n".join(str(problem) for problem in self.problems)
        super().__init__(text + (f"\n… and {more} more" if more else ""))


class PlanError(UserError):
    """A plan does not load: all its mistakes at once."""


class InputError(UserError):
    """An input file or option cannot be used."""


class BrokenInvariant(JifenError):
    """The books would not balance. Never expected; the batch is not accepted."""


def ensure(condition: bool, message: str) -> None:
    """Raise ``BrokenInvariant`` unless ``condition`` holds (a bare ``assert`` would vanish under ``-O``)."""
    if not condition:
        raise BrokenInvariant(message)
