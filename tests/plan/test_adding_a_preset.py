"""A mode is added by a preset, its cases and its pages alone: CONTRIBUTING's own example, in a copy of the sources."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
NAME = "tenth_back"
COPIED = ("src", "tests", "docs", "pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile")
LEFT_OUT = shutil.ignore_patterns("_build", ".hypothesis", ".pytest_cache", "*.egg-info")
PAGE = """# {title}

`tenth_back` · [{other}]({link})

{sentence}

```{{parameters}} tenth_back
```
"""
TABLE = f"""
import sys
sys.path.insert(0, "docs/_ext")
from mode_page import page_problems
from parameter_table import rows
assert [row[0] for row in rows("{NAME}", "zh")] == ["`points_per_yuan`", "`daily_rate`", "`daily_base`"]
assert page_problems("{NAME}", open("docs/modes/{NAME}.md", encoding="utf-8").read()) == []
"""
TESTS = (
    "tests/tidy/test_docs_complete.py::test_every_preset_has_a_page_in_english_and_in_chinese",
    "tests/tidy/test_docs_complete.py::test_every_page_of_a_mode_is_about_a_preset",
    "tests/tidy/test_no_preset_in_code.py",
    f"tests/plan/test_shown.py::test_every_plan_can_be_shown_as_json[{NAME}]",
    f"tests/plan/test_shown.py::test_every_plan_fits_the_schema[{NAME}]",
    f"tests/plan/test_compose_any.py::test_every_two_presets_can_be_put_together[ad_tasks+{NAME}]",
    "tests/cases/test_cases.py::test_each_preset_has_a_case_file",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository with the new preset, its cases and its two pages, and nothing else changed."""
    folder = tmp_path_factory.mktemp("added") / "main"
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=LEFT_OUT)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, folder / name)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    plan, cases = (dedent(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL))
    write(folder / f"src/jifen/plan/presets/{NAME}.yaml", plan)
    write(folder / f"tests/cases/{NAME}.yaml", cases)
    sentence = "A part of every order comes back as points, 5% of them a day."
    english = PAGE.format(title="A tenth back", other="中文", link=f"../zh/modes/{NAME}.md", sentence=sentence)
    chinese = PAGE.format(title="十返一", other="English", link=f"../../modes/{NAME}.md", sentence="每天释放 5%。")
    write(folder / f"docs/modes/{NAME}.md", english)
    write(folder / f"docs/zh/modes/{NAME}.md", chinese)
    return folder


def write(file, text):
    assert not file.exists(), file
    file.write_text(text, encoding="utf-8")


def run(folder, *command):
    """Run Python in the copy; return whether it succeeded, and what it said."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "JIFEN_SHARED": str(folder / "none")}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    return done.returncode == 0, done.stdout + done.stderr


def jifen(folder, *arguments):
    return run(folder, "-c", "import sys; from jifen.cli import main; sys.exit(main())", *arguments)


def pytest_in(folder, *tests):
    return run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", *tests)


def test_the_copy_runs_its_own_sources(copy):
    _, said = run(copy, "-c", "import jifen; print(jifen.__file__)")
    assert Path(said.strip()).is_relative_to(copy)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("plan", "check", NAME), "no mistakes"),
        (("plan", "show", NAME), "A tenth back"),
        (("verify", f"tests/cases/{NAME}.yaml"), "1 passed"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_the_commands_know_the_new_mode(copy, arguments, expected):
    succeeded, said = jifen(copy, *arguments)
    assert succeeded, said
    assert expected in said


def test_the_tests_of_presets_pages_and_cases_pass(copy):
    succeeded, said = pytest_in(copy, *TESTS)
    assert succeeded, said[-3000:]


def test_its_pages_have_the_table_of_its_parameters_and_stand_in_the_list_of_modes(copy):
    succeeded, said = run(copy, "-c", TABLE)
    assert succeeded, said
    for index in ("docs/modes/index.md", "docs/zh/modes/index.md"):
        listed = re.search(r"```\{toctree\}\n(.*?)```", (copy / index).read_text(encoding="utf-8"), re.DOTALL)[1]
        assert ":glob:" in listed
        assert "\n*\n" in listed


def test_nothing_else_was_touched(copy):
    added = {f"src/jifen/plan/presets/{NAME}.yaml", f"tests/cases/{NAME}.yaml"}
    added |= {f"docs/modes/{NAME}.md", f"docs/zh/modes/{NAME}.md"}
    kinds = {".py", ".yaml", ".md", ".json", ".toml"}
    files = {file for file in copy.rglob("*") if file.suffix in kinds and "__pycache__" not in file.parts}
    new = {str(file.relative_to(copy)) for file in files if not (ROOT / file.relative_to(copy)).exists()}
    assert new == added


@contextmanager
def changed(file, old, new):
    """Another text in a file of the copy (no file at all, if ``new`` is ``None``) for a while."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    try:
        if new is None:
            file.unlink()
        else:
            file.write_text(text.replace(old, new, 1), encoding="utf-8")
        yield
    finally:
        file.write_text(text, encoding="utf-8")


def test_a_wrong_case_and_a_wrong_plan_are_found(copy):
    with changed(copy / f"tests/cases/{NAME}.yaml", '["20"]', '["21"]'):
        succeeded, said = jifen(copy, "verify", f"tests/cases/{NAME}.yaml")
        assert not succeeded
        assert re.search(r"TB-01 .* \[21\] +\[20\]", said)
    with changed(copy / f"src/jifen/plan/presets/{NAME}.yaml", "daily_rate: 5%", "daily_rate: 500%"):
        succeeded, said = jifen(copy, "plan", "check", NAME)
        assert not succeeded
        assert "[out_of_bounds]" in said


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        (f"docs/zh/modes/{NAME}.md", "", None, 0),
        ("src/jifen/plan/show.py", "__all__", f'MODE = "{NAME}"\n__all__', 2),
    ],
    ids=["a page is missing", "code names the mode"],
)
def test_a_mode_that_is_not_whole_is_found(copy, file, old, new, place):
    with changed(copy / file, old, new):
        succeeded, said = pytest_in(copy, TESTS[place])
    assert not succeeded
    assert "1 failed" in said
