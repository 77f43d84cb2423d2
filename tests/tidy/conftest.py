"""What the tidy tests look at: the repository's folder, its files, and the parsed sources of the package."""

import ast
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Source(NamedTuple):
    """One Python file: where it is (relative to the repository), its text, its syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, text: str, name: str = "bad.py") -> "Source":
        return cls(name, text, ast.parse(text))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """All files that are, or would be, under version control."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if found.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in found.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """All Python files of the package."""
    files = sorted((ROOT / "src").rglob("*.py"))
    return [Source.of(file.read_text(encoding="utf-8"), str(file.relative_to(ROOT))) for file in files]


@pytest.fixture(scope="session")
def snippet():
    """Make a source from a bad snippet, to see a check fail."""
    return Source.of
