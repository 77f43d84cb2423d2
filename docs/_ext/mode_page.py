"""What stands on the page of a mode, and which of its numbers nothing accounts for.

A page is read as text, line by line, so that a mistake has a file and a line. Its blocks::

    ```{worked} points_dividend        cases of tests/cases/worked/points_dividend.yaml, each with a sentence
    PD-01 One order of 100.
    ```
    ```{figures}                       label: formula = printed value; name (label): value is an assumption
    cost (goods cost, of the price): 20%
    left of an order: 1 - cost = 80%
    ```
    ```{laws}                          rule, ● it is touched or ○ it depends, and why
    CN-01 ● one must buy before one can earn
    ```

Every number in prose must be a default or bound of the preset's parameters, a number of a case on the page, or stand in
a figure: as what it comes to, or as a premise that its formula shows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from exact import NUMBER, ROOT, Formula, formula_names, load_yaml, numbers, preset_numbers, value

from jifen.batch.cases import Case, load_cases, run_case
from jifen.core.errors import InputError, PlanError

WORKED = ROOT / "tests" / "cases" / "worked"
PROSE_BLOCKS = {"note", "warning", "admonition"}
FENCE = re.compile(r"^```(?:\{(\w+)\})? ?(.*)$")
UNREAD = re.compile(r"`[^`]*`|<!--.*?-->|\]\([^)]*\)|^\d+\. |[A-Z]{2,3}-[0-9]{2}[a-z]?")
CASE = re.compile(r"(\S+)\s+(.*)", re.DOTALL)
NAMED = re.compile(r"([a-z][a-z0-9_]*) \((.+)\)")
ROW = re.compile(r"^\| \[`(\w+)`\]\((\w+\.md)\)")
LAW = re.compile(r"([A-Z]{2,3}-[0-9]{2}) ([●○]) (.+)", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """A text and the line of the page it starts on."""

    number: int
    text: str


@dataclass(frozen=True)
class Figure:
    """A printed number with its formula; an assumption has none."""

    line: int
    name: str
    label: str
    formula: str
    printed: str


@dataclass
class Page:
    """The parts of a page: prose, blocks by name, as written."""

    prose: list[Line] = field(default_factory=list)
    worked: list[tuple[str, Line]] = field(default_factory=list)
    figures: list[Line] = field(default_factory=list)
    laws: list[Line] = field(default_factory=list)


def items(lines: list[Line]) -> list[Line]:
    """Entries of a block, one a line; a line that begins with a space goes on with the one before."""
    found: list[Line] = []
    for line in lines:
        if line.text.startswith(" ") and found:
            found[-1] = Line(found[-1].number, f"{found[-1].text} {line.text.strip()}")
        elif line.text.strip() and not line.text.startswith(":"):
            found.append(line)
    return found


def read_page(text: str) -> Page:
    """Take a page apart."""
    page, block, argument, inside = Page(), None, "", []
    for number, written in enumerate(text.splitlines(), 1):
        fence = FENCE.match(written)
        if fence and block is None:
            block, argument, inside = fence[1] or "code", fence[2].strip(), []
        elif fence and not fence[1]:
            if block == "worked":
                page.worked += [(argument, item) for item in items(inside)]
            elif block in ("figures", "laws"):
                getattr(page, block).extend(items(inside))
            block = None
        elif block is None or block in PROSE_BLOCKS:
            page.prose.append(Line(number, written))
        else:
            inside.append(Line(number, written))
    return page


def split_case(item: Line) -> tuple[str, str]:
    """Id and sentence of an entry of ``{worked}``; ``ValueError`` without a sentence."""
    match = CASE.fullmatch(item.text.strip())
    if match is None:
        raise ValueError(f"line {item.number}: the case `{item.text.strip()}` needs a sentence")
    return match[1], match[2]


def split_law(item: Line) -> tuple[str, str, str]:
    """Rule, mark and reason of an entry of ``{laws}``."""
    match = LAW.fullmatch(item.text.strip())
    if match is None:
        raise ValueError(f"line {item.number}: `{item.text.strip()}` is not RULE ● why, or RULE ○ why")
    return match[1], match[2], match[3]


def split_figure(item: Line) -> Figure:
    """Label, formula and printed value of an entry of ``{figures}``."""
    label, colon, rest = item.text.strip().partition(": ")
    formula, _, printed = rest.rpartition(" = ")
    if not colon:
        raise ValueError(f"line {item.number}: `{item.text.strip()}` is not LABEL: FORMULA = NUMBER")
    named = NAMED.fullmatch(label)
    name, label = (named[1], named[2]) if named else ("", label)
    return Figure(item.number, name, label, formula.strip(), printed.strip())


def case_file(name: str) -> Path:
    """The file of worked cases of that name."""
    return WORKED / f"{name}.yaml"


def find_case(name: str, case_id: str) -> Case:
    """One worked case; ``ValueError`` if there is none of this id."""
    found = _cases(case_file(name), case_file(name).stat().st_mtime_ns).get(case_id)
    if found is None:
        raise ValueError(f"there is no case `{case_id}` in tests/cases/worked/{name}.yaml")
    return found


@cache
def _cases(file: Path, written: int) -> dict[str, Case]:
    """The cases of a file as it was written at that time."""
    return {case.id: case for case in load_cases(file)}


@cache
def _mismatches(file: Path, written: int, case_id: str) -> tuple[str, ...]:
    return tuple(map(str, run_case(_cases(file, written)[case_id])))


def case_numbers(name: str, case_id: str) -> set[Fraction]:
    """All numbers of a case as written, and the last day."""
    (case,) = (case for case in load_yaml(case_file(name)) if case["id"] == case_id)
    return set(numbers({key: case[key] for key in ("params", "events", "expect", "until") if key in case}))


def case_problems(name: str, item: Line) -> list[str]:
    """What does not hold in one worked case."""
    try:
        case_id, _ = split_case(item)
        find_case(name, case_id)
        mismatches = _mismatches(case_file(name), case_file(name).stat().st_mtime_ns, case_id)
    except (InputError, PlanError) as error:
        return [f"{item.number}: {problem.message}" for problem in error.problems]
    except ValueError as error:
        return [f"{item.number}: {error}"]
    return [f"{item.number}: case {case_id} does not hold: {mismatch}" for mismatch in mismatches]


def checked_figures(preset: str, page: Page) -> tuple[set[Fraction], list[str]]:
    """The numbers that figures account for, and the figures that do not come out as printed."""
    found: set[Fraction] = set()
    names: dict[str, Any] = formula_names(preset)
    problems = []
    for item in page.figures:
        try:
            figure = split_figure(item)
            formula = Formula(names)
            if figure.formula and not formula.holds(figure.formula, figure.printed):
                exact = (
                    "is no zero of it" if figure.formula.startswith("zero(") else _decimals(formula.of(figure.formula))
                )
                problems.append(
                    f"{item.number}: the figure `{figure.label}` says {figure.printed}, its formula {exact}"
                )
            found |= {value(match[0]) for match in NUMBER.finditer(f"{figure.formula} ; {figure.printed}")}
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            problems.append(f"{item.number}: {error}")
            continue
        if figure.name:
            plain = not figure.formula or figure.formula.startswith("zero(")
            names[figure.name] = value(figure.printed) if plain else formula.of(figure.formula)
    return found, problems


def prose_numbers(page: Page) -> Iterator[tuple[int, str, Fraction]]:
    """Every number a reader sees in sentences: line, as printed, value. Code, ids and addresses are not read."""
    sentences = [item for _, item in page.worked] + page.laws + page.prose
    sentences += [Line(item.number, item.text.partition(": ")[0]) for item in page.figures]
    for line in sentences:
        text = CASE.fullmatch(line.text.strip())[2] if line in [item for _, item in page.worked] else line.text
        for match in NUMBER.finditer(UNREAD.sub(" ", text)):
            yield line.number, match[0].strip(), value(match[0])


def page_problems(preset: str, text: str) -> list[str]:
    """Everything wrong with the page of a mode, as ``LINE: what``."""
    page = read_page(text)
    problems = [problem for name, item in page.worked for problem in case_problems(name, item)]
    if problems:
        return problems
    known, problems = accounted(preset, page)
    return problems + [
        f"{number}: nothing accounts for the number {printed}: no parameter, case or figure of this page"
        for number, printed, exact in prose_numbers(page)
        if exact not in known
    ]


def accounted(preset: str, page: Page) -> tuple[set[Fraction], list[str]]:
    """All numbers that parameters, cases and figures of a page account for, and what is wrong with its figures."""
    known, problems = checked_figures(preset, page)
    known |= preset_numbers(preset)
    for name, item in page.worked:
        known |= case_numbers(name, split_case(item)[0])
    return known, problems


def list_problems(folder: Path, text: str) -> list[str]:
    """Numbers in the list of modes that the page of their mode does not account for, as ``LINE: what``."""
    problems = []
    for number, row in enumerate(text.splitlines(), 1):
        mode = ROW.match(row)
        if mode is None:
            continue
        page = read_page((folder / mode[2]).read_text(encoding="utf-8"))
        known, _ = accounted(mode[1], page)
        problems += [
            f"{number}: {mode[2]} does not account for the number {match[0].strip()}"
            for match in NUMBER.finditer(UNREAD.sub(" ", row))
            if value(match[0]) not in known
        ]
    return problems


def _decimals(exact: Fraction) -> str:
    scaled = exact * 10**8
    whole, part = divmod(abs(round(scaled)), 10**8)
    return f"{'-' if exact < 0 else ''}{whole}.{part:08d}"
