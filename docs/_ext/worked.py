"""The directives ``{worked}``, ``{figures}`` and ``{laws}`` of mode pages, and the check that stops the build.

``{worked} NAME`` shows cases of ``tests/cases/worked/NAME.yaml``, each as a table; ``{figures}`` shows figures and
their formulas; ``{laws}`` shows rules of the rule pack with what they cite. Before a page under ``modes/`` is read, its
cases are run, its figures computed and its numbers accounted for (``mode_page.py``); one that fails ends the build.
"""

from pathlib import Path
from typing import Any

from case_words import CaseWords, params_text
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from exact import ROOT
from mode_page import (
    Line,
    case_file,
    find_case,
    items,
    list_problems,
    page_problems,
    split_case,
    split_figure,
    split_law,
)
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.logging import getLogger

from jifen.assess.rule_pack import jurisdictions

LOGGER = getLogger(__name__)
HEADINGS = {
    "en": {"worked": ("what happens", "what comes out"), "figures": ("figure", "value"), "laws": ("rule", "why"),
           "with": "With", "sources": "Cites", "depends": "depends on how it is set or told"},
    "zh": {"worked": ("情形", "结果"), "figures": ("数字", "值"), "laws": ("规则", "原因"),
           "with": "参数", "sources": "依据", "depends": "视设置与宣传而定"},
}  # fmt: skip


class PageError(SphinxError):
    """A page says something that does not hold."""

    category = "A page does not hold"


class _Block(Directive):
    """A block of entries that becomes Markdown."""

    has_content = True
    optional_arguments = 1

    @property
    def words(self) -> dict[str, Any]:
        return HEADINGS[self.language]

    @property
    def language(self) -> str:
        return "zh" if self.state.document.settings.env.docname.startswith("zh/") else "en"

    def entries(self) -> list[Line]:
        return items([Line(number, text) for number, text in enumerate(self.content, self.lineno + 1)])

    def parsed(self, lines: list[str], style: str) -> nodes.container:
        node = nodes.container(classes=[style])
        self.state.nested_parse(StringList(lines, source=str(ROOT)), self.content_offset, node)
        return node


def table(heading: tuple[str, str], rows: list[tuple[str, str]]) -> list[str]:
    """A Markdown table of two columns."""
    lines = [heading, ("---", "---"), *rows]
    return [f"| {left.replace('|', '/')} | {right.replace('|', '/')} |" for left, right in lines]


class Worked(_Block):
    """Cases, each with its sentence, its parameters and a table."""

    def run(self) -> list[nodes.Node]:
        """Return a block for each case."""
        name, shown = self.arguments[0], []
        self.state.document.settings.env.note_dependency(str(case_file(name)))
        for item in self.entries():
            case_id, sentence = split_case(item)
            case = find_case(name, case_id)
            given = f" {self.words['with']} {params_text(case.params)}." if case.params else ""
            rows = table(self.words["worked"], list(CaseWords(case, self.language).rows()))
            shown.append(self.parsed([f"**{sentence}** `{case_id}`{given}", "", *rows], "worked"))
        return shown


class Figures(_Block):
    """Figures, each with its formula below its label."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = []
        for item in self.entries():
            figure = split_figure(item)
            shown = [figure.label + (f" (`{figure.name}`)" if figure.name else "")]
            shown += [f"`{figure.formula}`"] if figure.formula else []
            rows.append(("<br>".join(shown), figure.printed))
        return [self.parsed(table(self.words["figures"], rows), "figures")]


class Laws(_Block):
    """Rules of the rule pack: id, severity, what is cited, and why this plan touches it."""

    def run(self) -> list[nodes.Node]:
        """Return the table; the build ends at a rule that does not exist."""
        known = {identity: rule for each in jurisdictions().values() for identity, rule in each.rules.items()}
        rows = []
        for item in self.entries():
            rule, mark, why = split_law(item)
            if rule not in known:
                raise PageError(f"{self.state.document.current_source}: there is no rule `{rule}`")
            law = known[rule]
            cited = law.reference.of(self.language) + (" †" if "M" in law.tags else "")
            depends = f" ({self.words['depends']})" if mark == "○" else ""
            rows.append((f"`{rule}` {mark}<br>{cited}", why + depends))
        return [self.parsed(table(self.words["laws"], rows), "laws")]


def mode_of(docname: str) -> str | None:
    """The preset whose page a document is."""
    folder, _, name = docname.rpartition("/")
    is_page = folder in ("modes", "zh/modes") and (ROOT / "src/jifen/plan/presets" / f"{name}.yaml").is_file()
    return name if is_page else None


def check_page(app: Sphinx, docname: str, source: list[str]) -> None:
    """End the build if a case, a figure or a number of a mode page does not hold."""
    preset = mode_of(docname)
    file = app.env.doc2path(docname, base=False)
    if preset is not None:
        problems = page_problems(preset, source[0])
    elif docname in ("modes/index", "zh/modes/index"):
        problems = list_problems(Path(app.srcdir, file).parent, source[0])
    else:
        return
    for problem in problems:
        LOGGER.error("docs/%s:%s", file, problem)
    if problems:
        raise PageError("\n".join(f"docs/{file}:{problem}" for problem in problems))


def always_outdated(app: Sphinx, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """Read mode pages in every build: they also depend on the engine and on presets."""
    return [docname for docname in env.found_docs if mode_of(docname)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives and the check."""
    app.add_directive("worked", Worked)
    app.add_directive("figures", Figures)
    app.add_directive("laws", Laws)
    app.connect("source-read", check_page)
    app.connect("env-get-outdated", always_outdated)
    return {"parallel_read_safe": True}
