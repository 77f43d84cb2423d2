"""``jifen doctor``: whether this machine, its settings, its database and its shop are well."""

import os
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from jifen.cli.live import live_settings
from jifen.cli.output import JsonOption, out, print_json

__all__ = ["doctor"]

_SHOWN = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "error": ("error", "red")}


def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Read every segment, and the whole file of SQLite.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Look at everything that a shop needs, and say what is wrong and what to do. Nothing is changed.

    Exit codes: 0 all is well, 1 there are warnings, 2 there are errors.

    Example: [bold]jifen doctor --deep[/]
    """
    from jifen.core.errors import InputError

    with suppress(InputError):  # what is wrong with the settings is what the doctor says of them
        live_settings()
    from jifen.service.doctor import examine

    findings = []
    for finding in examine(os.environ, deep=deep):
        findings.append(finding)
        if not as_json:
            word, colour = _SHOWN[finding.level]
            out.print(Text.assemble((f"{word:8}", colour), (f"{finding.subject:14}", "bold"), finding.message))
            if finding.remedy:
                out.print(Text(f"{'':19}{finding.remedy}", style="green"))
    levels = {finding.level for finding in findings}
    if as_json:
        print_json([asdict(finding) for finding in findings])
    if worst := 2 if "error" in levels else 1 if "warning" in levels else 0:
        raise typer.Exit(worst)
