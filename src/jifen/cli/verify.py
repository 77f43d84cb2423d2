"""``jifen verify``: run case files and list every expectation that does not hold."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.compiling import compiling_shown
from jifen.cli.output import JsonOption, make_table, out, print_json

if TYPE_CHECKING:
    from jifen.batch.cases import CaseResult

__all__ = ["verify"]


def verify(
    paths: Annotated[list[Path], typer.Argument(help="Case files, or folders of them (*.yaml).", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Run case files: executable examples of what a plan must pay, compared to the last micro-unit.

    Example: [bold]jifen verify cases/[/]
    """
    from jifen.batch.cases import run_cases

    with compiling_shown():
        results = list(run_cases(paths))
    failed = [result for result in results if result.mismatches]
    skipped = sum(result.skipped for result in results)
    passed = len(results) - len(failed) - skipped
    if as_json:
        print_json(
            {"passed": passed, "failed": len(failed), "skipped": skipped, "failures": [_plain(one) for one in failed]}
        )
    else:
        rows = [
            (result.case.id, f"{Path(result.case.file).name}:{miss.line}", miss.expectation, miss.expected, miss.got)
            for result in failed
            for miss in result.mismatches
        ]
        if rows:
            out.print(make_table("", ("case", "where", "expectation", "expected", "got"), rows, left=3))
        if skipped:
            out.print(f"{skipped} skipped: their presets do not exist yet", style="yellow")
        out.print(f"{passed} passed, {len(failed)} failed", style="red" if failed else "green")
    if failed:
        raise typer.Exit(1)


def _plain(result: "CaseResult") -> dict[str, Any]:
    return {
        "case": result.case.id,
        "file": result.case.file,
        "mismatches": [
            {"line": miss.line, "expectation": miss.expectation, "expected": miss.expected, "got": miss.got}
            for miss in result.mismatches
        ],
    }
