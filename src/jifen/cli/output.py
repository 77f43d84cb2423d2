"""What the command line writes: answers on stdout (tables, or JSON), everything else on stderr."""

import json
import platform
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from jifen.core.errors import BrokenInvariant, Problem, UserError

__all__ = [
    "PIPED_WIDTH",
    "JsonOption",
    "errors",
    "list_problems",
    "make_table",
    "out",
    "print_json",
    "progress_bar",
    "show_broken",
    "show_problems",
]

JsonOption = Annotated[bool, typer.Option("--json", help="Write the answer as JSON, amounts as decimal strings.")]

PIPED_WIDTH = 160
"""Columns of a table that is written to a file or another program: nothing has to fit on a screen there."""


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else PIPED_WIDTH)


out = _console(stderr=False)
errors = _console(stderr=True)


def print_json(value: Any) -> None:
    """Write a value as JSON on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def make_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> Group:
    """Make a plain table below its title: the first ``left`` columns are words, the others numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_header=any(headings))
    for index, heading in enumerate(headings):
        words = index < left
        table.add_column(Text(heading), justify="left" if words else "right", overflow="fold", no_wrap=not words)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    return Group(*([Text(title, style="bold")] if title else []), table)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr; the value is called with steps done and steps in all (0: not known)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(what, total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total or None)

        yield advance


def list_problems(console: Console, problems: Iterable[Problem]) -> None:
    """List problems: where, what, and what to do about it."""
    for problem in problems:
        place = ":".join(str(part) for part in (problem.file, problem.line or "") if part)
        head = ": ".join(part for part in (place, problem.column) if part) or "jifen"
        console.print(f"[red]{escape(head)}[/]: {escape(problem.message)} [dim]\\[{escape(problem.code)}][/]")
        if problem.remedy:
            console.print(f"    {escape(problem.remedy)}", style="green")


def show_problems(error: UserError, as_json: bool = False) -> None:
    """List the user's mistakes on stderr; with ``as_json`` on stdout as well."""
    if as_json:
        print_json({"problems": [asdict(problem) for problem in error.problems], "more": error.more})
    list_problems(errors, error.problems)
    if error.more:
        errors.print(f"… and {error.more} more")


def show_broken(error: BrokenInvariant, as_json: bool = False) -> None:
    """Say that the books would not balance, and what to report."""
    from jifen import __version__

    if as_json:
        print_json({"broken_invariant": str(error)})
    errors.print("[red]The books would not balance. Nothing was accepted.[/]")
    errors.print(f"    {escape(str(error))}")
    errors.print("This is a mistake in jifen, not yours. Please report these lines and, if you can, the input files:")
    errors.print(escape(f"    jifen {__version__}, Python {platform.python_version()}, {platform.platform()}"))
    errors.print(escape(f"    {shlex.join(['jifen', *sys.argv[1:]])}"))
