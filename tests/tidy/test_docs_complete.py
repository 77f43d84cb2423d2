"""Every preset has its page, every error code its line; and no page or line is about something that is not there."""

import ast
import re
from pathlib import Path

CODE = re.compile(r"[a-z]+(_[a-z]+)*")
NAME = re.compile(r"[A-Za-z_]\w{2,}")
CASE = re.compile(r"[A-Z0-9]{2}-\d+[a-d]?")
IN_THE_CODE = "## In the code\n"
PLACE = re.compile(r"^- `((?:engine|tests)/[\w/]+\.py)`: (.+(?:\n  .+)*)", re.MULTILINE)
LINE = re.compile(r"^\| `([a-z_]+)` \|", re.MULTILINE)


def makers(sources) -> dict[str, list[tuple[int, int]]]:
    """What takes a ``code``: by name of the function or class, the code's place and how many values are needed."""
    found: dict[str, list[tuple[int, int]]] = {}
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
                names = [ast.unparse(field.target) for field in fields]
                needed = sum(field.value is None for field in fields)
                inits = [method for method in node.body if getattr(method, "name", "") == "__init__"]
                for init in inits:
                    names, needed = parameters(init)
            elif isinstance(node, ast.FunctionDef):
                names, needed = parameters(node)
            else:
                continue
            if "code" in names:
                found.setdefault(node.name, []).append((names.index("code"), needed))
    return found


def parameters(function: ast.FunctionDef) -> tuple[list[str], int]:
    names = [argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")]
    return names, len(names) - len(function.args.defaults)


def codes_made(sources) -> set[str]:
    """The literal codes of all calls that make a problem or a refusal, through however many helpers."""
    known = makers(sources)
    found = set()
    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call):
                continue
            for place, needed in known.get(ast.unparse(node.func).rpartition(".")[2], ()):
                values = [argument.value for argument in node.keywords if argument.arg == "code"]
                if len(node.args) + len(node.keywords) >= needed and len(node.args) > place:
                    values.append(node.args[place])
                found |= {value for value in map(literal, values) if value}
    return found | codes_listed(sources)


def codes_listed(sources) -> set[str]:
    """Codes in constants whose name says so: ``REFUSAL_CODES = ("bound", …)``."""
    assigned = [node for source in sources for node in source.tree.body if isinstance(node, ast.Assign)]
    listed = [node.value for node in assigned if ast.unparse(node.targets[0]).endswith("CODES")]
    return {code for value in listed for node in ast.walk(value) if (code := literal(node))}


def literal(node: ast.AST) -> str | None:
    is_code = isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    return node.value if is_code else None


def texts(sources) -> set[str]:
    nodes = (node for source in sources for node in ast.walk(source.tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def codes_documented(root: Path) -> list[str]:
    return LINE.findall((root / "docs/errors.md").read_text(encoding="utf-8"))


def pages_missing(root: Path, presets: list[str]) -> list[str]:
    pages = [f"docs/{folder}{preset}.md" for preset in presets for folder in ("modes/", "zh/modes/")]
    return [page for page in pages if not (root / page).is_file()]


def names_unknown(page: str, words: set[str]) -> list[str]:
    """Names in the code spans of an algorithm page that stand nowhere in the package; case ids are no names."""
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page.partition(IN_THE_CODE)[0])
    named = {name for span in spans if not CASE.fullmatch(span) for name in NAME.findall(span)}
    return sorted(named - words)


def places_missing(root: Path, page: str) -> list[str]:
    """What the last section of an algorithm page names and is not there: files, and functions or classes in them."""
    found = PLACE.findall(page.partition(IN_THE_CODE)[2])
    missing = [kind for kind in ("engine/", "tests/") if not any(file.startswith(kind) for file, _ in found)]
    for file, names in found:
        path = root / ("src/jifen" if file.startswith("engine/") else "") / file
        tree = ast.parse(path.read_text(encoding="utf-8") if path.is_file() else "")
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        missing += [f"{file}: {name}" for name in re.findall(r"`(\w+)`", names) if name not in defined]
    return missing


def test_every_error_code_is_documented(root, sources):
    assert sorted(codes_made(sources) - set(codes_documented(root))) == []


def test_every_documented_error_code_exists(root, sources):
    assert sorted(set(codes_documented(root)) - texts(sources)) == []


def test_no_error_code_is_documented_twice(root):
    documented = codes_documented(root)
    assert sorted({code for code in documented if documented.count(code) > 1}) == []


def test_every_preset_has_a_page_in_english_and_in_chinese(root):
    presets = sorted(file.stem for file in (root / "src/jifen/plan/presets").glob("*.yaml"))
    assert pages_missing(root, presets) == []


def test_every_page_of_a_mode_is_about_a_preset(root):
    presets = {file.stem for file in (root / "src/jifen/plan/presets").glob("*.yaml")} | {"index", "others"}
    pages = [*(root / "docs/modes").glob("*.md"), *(root / "docs/zh/modes").glob("*.md")]
    assert [page.name for page in pages if page.stem not in presets] == []


def test_every_name_on_an_algorithm_page_is_one_that_the_code_uses(root):
    files = [file for pattern in ("*.py", "*.yaml") for file in (root / "src").rglob(pattern)]
    words = {word for file in files for word in NAME.findall(file.read_text(encoding="utf-8"))}
    pages = sorted((root / "docs/algorithms").glob("*.md"))
    unknown = {page.name: names_unknown(page.read_text(encoding="utf-8"), words) for page in pages}
    assert {name: names for name, names in unknown.items() if names} == {}


def test_every_algorithm_page_names_functions_and_tests_that_exist(root):
    pages = sorted((root / "docs/algorithms").glob("*.md"))
    missing = {page.name: places_missing(root, page.read_text(encoding="utf-8")) for page in pages}
    assert {name: places for name, places in missing.items() if places and name != "index.md"} == {}


def test_a_function_or_a_test_that_is_not_there_is_found(root):
    page = """# Walk

## In the code

- `engine/walks.py`: `walked`, `wandered`
- `engine/strolls.py`: `walked`
"""
    assert places_missing(root, page) == ["tests/", "engine/walks.py: wandered", "engine/strolls.py: walked"]


def test_a_name_that_the_code_does_not_use_is_found():
    page = "`covered` = 0, `mass[k]`, `P2-07`, `per_pint`"
    assert names_unknown(page, {"covered", "mass", "per_point"}) == ["per_pint"]


def test_a_code_is_found_by_keyword_by_place_and_through_a_helper(snippet):
    text = """
class Problem:
    code: str
    message: str
    remedy: str = ""
class BadValueError(ValueError):
    def __init__(self, code, message): ...
def note(message, code): ...
Problem("a_b", "text")
errors.Problem(message="text", code="c")
raise BadValueError("d", "text")
self.note("text", "e")
note("f")
REFUSAL_CODES = ("g", "h")
"""
    assert codes_made([snippet(text)]) == {"a_b", "c", "d", "e", "g", "h"}


def test_a_missing_page_is_found(tmp_path):
    (tmp_path / "docs/modes").mkdir(parents=True)
    (tmp_path / "docs/modes/new.md").write_text("")
    assert pages_missing(tmp_path, ["new"]) == ["docs/zh/modes/new.md"]
