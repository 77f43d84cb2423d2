"""No preset's name stands in code: a mode is a file of data. Docstrings may name one as an example."""

import ast
import re
from pathlib import Path


def preset_names(root: Path) -> list[str]:
    return sorted(file.stem for file in (root / "src/jifen/plan/presets").glob("*.yaml"))


def docstring_lines(tree: ast.Module) -> set[int]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            lines |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


def named_presets(source, presets: list[str]) -> list[str]:
    """Names with an underscore may stand nowhere; one-word names are nouns too, but never a text of their own."""
    skipped = docstring_lines(source.tree)
    found = []
    for preset in presets:
        if "_" in preset:
            lines = [n for n, line in enumerate(source.text.split("\n"), 1) if re.search(rf"\b{preset}\b", line)]
        else:
            texts = (node for node in ast.walk(source.tree) if isinstance(node, ast.Constant))
            lines = [node.lineno for node in texts if node.value == preset]
        found += [f"{source.name}:{line}: {preset}" for line in lines if line not in skipped]
    return found


def test_there_are_presets(root):
    assert preset_names(root)


def test_no_preset_is_named_in_code(root, sources):
    presets = preset_names(root)
    assert [line for source in sources for line in named_presets(source, presets)] == []


def test_a_preset_named_in_code_is_found(snippet):
    presets = ["green_points", "distribution"]
    text = '# not for green_points\nif plan == "distribution": distribution = 1\n'
    assert named_presets(snippet(text), presets) == ["bad.py:1: green_points", "bad.py:2: distribution"]


def test_a_docstring_may_name_a_preset(snippet):
    text = 'def load(name):\n    """Load it.\n\n    >>> load("green_points")\n    """'
    assert named_presets(snippet(text), ["green_points"]) == []
