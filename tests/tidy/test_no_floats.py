"""No float holds an amount: core, plan, engine and ledger know no float, no true division, no decimal fraction."""

import ast

import pytest

EXACT = ("src/jifen/core/", "src/jifen/plan/", "src/jifen/engine/", "src/jifen/ledger/")
PATHS = ("directory", "folder", "path")
"""How the name of what is divided ends, if it is a path and the ``/`` no division."""
FLOAT_NAMES = {"float", "float32", "float64", "floating", "double"}


def floats(source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            what = f"the literal {node.value}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div) and not is_path(node):
            what = "true division"
        elif isinstance(node, ast.Name) and node.id in FLOAT_NAMES:
            what = node.id
        elif isinstance(node, ast.Attribute) and node.attr in FLOAT_NAMES:
            what = node.attr
        else:
            continue
        found.append(f"{source.name}:{node.lineno}: {what}")
    return found


def is_path(node) -> bool:
    """A path is put together with ``/``: ``folder / "name"``, or ``directory / name`` where the left side says so."""
    if not isinstance(node, ast.BinOp):
        return False
    text = isinstance(node.right, ast.JoinedStr) or isinstance(getattr(node.right, "value", None), str)
    return text or ast.unparse(node.left).endswith(PATHS)


def test_there_is_no_float_in_core_plan_engine_and_ledger(sources):
    assert [line for source in sources if source.name.startswith(EXACT) for line in floats(source)] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x = 0.5", "the literal 0.5"),
        ("x = 1e6", "the literal 1000000.0"),
        ("x = a / b", "true division"),
        ("x = a / 2", "true division"),
        ("x /= 2", "true division"),
        ("x = float(a)", "float"),
        ("x = np.zeros(3, dtype=np.float64)", "float64"),
    ],
)
def test_a_float_is_found(snippet, text, what):
    assert floats(snippet(text)) == [f"bad.py:1: {what}"]


def test_whole_division_and_paths_are_no_floats(snippet):
    assert floats(snippet('x = a // b\ny = folder / "name"\nz = self._directory / name')) == []
