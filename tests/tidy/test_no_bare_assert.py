"""No bare ``assert`` in the package: ``python -O`` removes it. ``jifen.core.errors.ensure`` stays."""

import ast


def bare_asserts(source) -> list[str]:
    return [f"{source.name}:{node.lineno}" for node in ast.walk(source.tree) if isinstance(node, ast.Assert)]


def test_the_package_has_no_bare_assert(sources):
    assert [line for source in sources for line in bare_asserts(source)] == []


def test_a_bare_assert_is_found(snippet):
    assert bare_asserts(snippet("def f(x):\n    assert x\n")) == ["bad.py:2"]
