"""The commands of the README and the quickstart run: every ``sh`` block after a ``<!-- tested -->`` line.

``make`` targets must exist (running them here would run the tests in the tests); all else is run, in order in one
folder, and must succeed. A block after ``<!-- file NAME -->`` is written there first.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BLOCK = re.compile(r"^<!-- tested -->\n+```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^<!-- prints (.*?) -->\n+```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^<!-- file (\S+) -->\n+```text\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def failures(lines: list[str], root: Path, folder: Path) -> list[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    found = []
    for line in lines:
        making = line.startswith("make ")
        command = f"{line} --dry-run" if making else line
        place = root if making else folder
        run = subprocess.run(
            command, shell=True, cwd=place, env=environment, capture_output=True, text=True, timeout=300
        )
        if run.returncode:
            found.append(f"{line}: exit {run.returncode}: {run.stderr.strip()[-500:]}")
    return found


@pytest.mark.parametrize("page", ["README.md", "docs/guide/quickstart.md"])
def test_the_commands_of_a_page_run(root, tmp_path, page):
    text = (root / page).read_text(encoding="utf-8")
    for name, content in FILE.findall(text):
        (tmp_path / name).write_text(content, encoding="utf-8")
    lines = commands(text)
    assert lines, f"{page} has no tested block"
    assert failures(lines, root, tmp_path) == []


def test_only_tested_blocks_are_run():
    text = "```sh\nrm -rf /\n```\n<!-- tested -->\n```sh\n# first\nmake demo\njifen --help\n```\n"
    assert commands(text) == ["make demo", "jifen --help"]


@pytest.mark.parametrize("line", ["make nothing-of-the-kind", "exit 3"])
def test_a_command_that_fails_is_found(root, tmp_path, line):
    (failure,) = failures([line], root, tmp_path)
    assert failure.startswith(f"{line}: exit ")


def test_the_python_example_of_the_readme_prints_what_it_says(root):
    ((printed, code),) = PYTHON.findall((root / "README.md").read_text(encoding="utf-8"))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (run.stdout.strip(), run.returncode) == (printed, 0)
