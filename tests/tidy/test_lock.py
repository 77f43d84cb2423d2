"""The locked packages are those the project asks for, and no file names the host they come from."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)", re.MULTILINE)
HOSTS = re.compile(r"\b(pypi|pythonhosted|npmjs|deb\.debian|conda\.anaconda|crates)\." + r"(org|io|com)\b")


def wanted(project: dict) -> list[Requirement]:
    groups = project["dependency-groups"].values()
    return [Requirement(text) for texts in (project["project"]["dependencies"], *groups) for text in texts]


def unlocked(project: dict, lock: str) -> list[str]:
    versions: dict[str, list[str]] = {}
    for pin in PIN.finditer(lock):
        versions.setdefault(canonicalize_name(pin["name"]), []).append(pin["version"])
    return [
        str(requirement)
        for requirement in wanted(project)
        if not (found := versions.get(canonicalize_name(requirement.name)))
        or not all(requirement.specifier.contains(version) for version in found)
    ]


def hosts_named(files: list[Path]) -> list[str]:
    found = []
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        found += [f"{file.name}: {match[0]}" for match in HOSTS.finditer(text)]
    return found


def test_every_dependency_is_locked_at_a_version_it_allows(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert unlocked(project, (root / "requirements-dev.txt").read_text(encoding="utf-8")) == []


def test_no_file_names_the_host_of_a_package_registry(tracked):
    assert hosts_named(tracked) == []


def test_a_dependency_without_a_lock_or_outside_its_range_is_found():
    project = {"project": {"dependencies": ["numpy>=2", "typer"]}, "dependency-groups": {"dev": ["pytest>=9"]}}
    assert unlocked(project, "numpy==1.26 \\\npytest==9.2\n") == ["numpy>=2", "typer"]


def test_a_host_is_found(tmp_path):
    file = tmp_path / "uv.lock"
    file.write_text("https://" + "pypi" + ".org/simple")
    assert hosts_named([file]) == ["uv.lock: " + "pypi" + ".org"]
