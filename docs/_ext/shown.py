"""Commands that pages show, each with what it prints: they are run, and compared line by line.

A ``console`` block has lines ``$ jifen …``, each above what it prints; a line ``…`` stands for any that are left out. A
page that begins with ``<!-- run -->`` is run whenever it is read: its commands work in the folder ``_made/PAGE`` beside
the pages, whose images it may show, and one that prints something else ends the build.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from exact import ROOT
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.display import progress_message

MARK = "<!-- run -->\n"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"


class ShownError(SphinxError):
    """A command prints something else than its page shows."""

    category = "A page shows what is not printed"


class Example(NamedTuple):
    """A command of a page: the line it stands in, what is typed, what is shown below it."""

    line: int
    command: str
    shown: str


def examples(text: str) -> Iterator[Example]:
    """The commands of a page in order."""
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1)) + 1
        for part in re.split(r"^(?=\$ )", block.group(1), flags=re.MULTILINE):
            if part.startswith("$ "):
                command, _, shown = part[2:].partition("\n")
                yield Example(line, command, shown)
            line += part.count("\n")


def is_printed(shown: str, printed: str) -> bool:
    """Whether what is shown is what was printed, but for lines left out."""
    lines = ("(?:.*\n)*" if line == LEFT_OUT else re.escape(f"{line}\n") for line in shown.rstrip().splitlines())
    told = "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())
    return re.fullmatch("".join(lines), told) is not None


def problems(text: str, run: Callable[[list[str]], str]) -> Iterator[str]:
    """What does not hold of a page, with its line; ``run`` says what ``jifen`` prints for some arguments."""
    for line, command, shown in examples(text):
        name, *arguments = shlex.split(command)
        if name != "jifen":
            yield f"{line}: `{command}` is no command of ours"
        elif not is_printed(shown, printed := run(arguments)):
            yield f"{line}: `{command}` prints\n{printed}"


def run_in(folder: Path, arguments: list[str]) -> str:
    """What ``jifen`` prints, in a folder, to no terminal."""
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    command = [str(Path(sys.executable).with_name("jifen")), *arguments]
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def run_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """Run the commands of a page that asks for it, and end the build where one prints something else."""
    if not source[0].startswith(MARK):
        return
    for file in (ROOT / "src/jifen").rglob("*.*"):
        if file.suffix in (".py", ".yaml", ".css"):
            app.env.note_dependency(str(file))
    folder = Path(app.srcdir, "_made", docname)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with progress_message(f"running the commands of {docname}"):
        found = [*problems(source[0], lambda arguments: run_in(folder, arguments))]
    if found:
        file = app.env.doc2path(docname, base=False)
        raise ShownError("\n".join(f"docs/{file}:{problem}" for problem in found))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the check."""
    app.connect("source-read", run_page)
    return {"parallel_read_safe": True}
