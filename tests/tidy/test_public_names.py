"""``__all__`` of each module names all that is public in it, and nothing else (ruff holds the order)."""

import ast


def public_names(tree: ast.Module) -> set[str]:
    """Names without an underscore that are defined, not imported, at the top of a module."""
    names = set()
    checked = [node for block in tree.body if isinstance(block, ast.If) for node in block.body]
    for node in (*tree.body, *(node for node in checked if isinstance(node, ast.AnnAssign))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_") or name == "__version__"}


def imported_names(tree: ast.Module) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def declared_names(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return ast.literal_eval(node.value)
    return None


def wrong_names(source) -> list[str]:
    public, declared = public_names(source.tree), declared_names(source.tree)
    if declared is None:
        return [f"{source.name}: no __all__, but {sorted(public)}"] if public else []
    if "router" in declared:
        public = set(declared)  # what a module of the API has is reached through its router
    missing = sorted(public - set(declared))
    unknown = sorted(set(declared) - public - imported_names(source.tree))
    twice = sorted({name for name in declared if declared.count(name) > 1})
    found = (("not in __all__", missing), ("not defined", unknown), ("twice in __all__", twice))
    return [f"{source.name}: {what}: {', '.join(names)}" for what, names in found if names]


def test_all_is_complete_in_every_module(sources):
    ours = [source for source in sources if "/migrations/" not in source.name]  # those are made by Django
    assert [line for source in ours for line in wrong_names(source)] == []


def test_a_name_left_out_of_all_is_found(snippet):
    assert wrong_names(snippet('__all__ = ["a"]\na = 1\ndef b(): ...')) == ["bad.py: not in __all__: b"]


def test_a_name_that_is_not_defined_is_found(snippet):
    assert wrong_names(snippet('__all__ = ["a", "b"]\na: int = 1')) == ["bad.py: not defined: b"]


def test_a_name_given_twice_is_found(snippet):
    assert wrong_names(snippet('__all__ = ["a", "a"]\nfrom b import a')) == ["bad.py: twice in __all__: a"]


def test_a_module_without_all_is_found(snippet):
    assert wrong_names(snippet("class A: ...")) == ["bad.py: no __all__, but ['A']"]
