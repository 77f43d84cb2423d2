"""Files and functions stay small enough to be read at once."""

import ast
from pathlib import Path

FILE_LINES = 400
FILE_LINES_ALLOWED = 500
LONGER_FILES: set[str] = set()
"""Files that may have up to FILE_LINES_ALLOWED lines, each for a reason given beside it."""
FUNCTION_LINES = 70
PARAMETERS = 6
FILE_BYTES = 500_000

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def too_long(source) -> list[str]:
    limit = FILE_LINES_ALLOWED if source.name in LONGER_FILES else FILE_LINES
    lines = source.text.count("\n")
    found = [f"{source.name}: {lines} lines, at most {limit}"] if lines > limit else []
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS):
            size = node.end_lineno - node.lineno + 1
            if size > FUNCTION_LINES:
                found.append(f"{source.name}:{node.lineno}: {node.name} has {size} lines, at most {FUNCTION_LINES}")
    return found


def is_compiled(node) -> bool:
    """Kernels take arrays, one parameter each; nothing else may pass more than PARAMETERS."""
    return any("njit" in ast.unparse(decorator) for decorator in node.decorator_list)


def too_many_parameters(source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and not is_compiled(node):
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            if count > PARAMETERS:
                found.append(f"{source.name}:{node.lineno}: {node.name} takes {count} parameters, at most {PARAMETERS}")
    return found


def too_heavy(files: list[Path]) -> list[str]:
    return [f"{file}: {file.stat().st_size} bytes" for file in files if file.stat().st_size > FILE_BYTES]


def test_no_file_and_no_function_is_too_long(sources):
    assert [line for source in sources for line in too_long(source)] == []


def test_no_function_takes_too_many_parameters(sources):
    assert [line for source in sources for line in too_many_parameters(source)] == []


def test_no_file_in_the_repository_is_heavier_than_500_kb(tracked):
    assert too_heavy(tracked) == []


def test_each_longer_file_is_there_and_is_longer(sources):
    longer = {source.name for source in sources if source.text.count("\n") > FILE_LINES}
    assert longer >= LONGER_FILES


def test_a_long_file_is_found(snippet):
    assert too_long(snippet("\n" * 401)) == ["bad.py: 401 lines, at most 400"]


def test_a_long_function_is_found(snippet):
    assert too_long(snippet("def long():\n" + "    pass\n" * 70)) == ["bad.py:1: long has 71 lines, at most 70"]


def test_a_function_with_seven_parameters_is_found_and_a_kernel_is_not(snippet):
    source = snippet("def wide(a, b, c, d, e, f, *, g): pass\n@njit(cache=True)\ndef k(a, b, c, d, e, f, g): pass\n")
    assert too_many_parameters(source) == ["bad.py:1: wide takes 7 parameters, at most 6"]


def test_a_method_may_take_six_parameters_beside_itself(snippet):
    assert too_many_parameters(snippet("class A:\n    def wide(self, a, b, c, d, e, f): pass\n")) == []


def test_a_heavy_file_is_found(tmp_path):
    file = tmp_path / "heavy"
    file.write_bytes(b"0" * 500_001)
    assert too_heavy([file]) == [f"{file}: 500001 bytes"]
