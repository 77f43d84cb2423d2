"""The directives ``{rules} JURISDICTION``, ``{metrics} SOURCE``, ``{phrases}`` and ``{findings}``: tables of the pack.

Rules come from ``assess/rules/*.yaml`` with what triggers them, what they cite and what would make them pass; metrics
are those of a plan, a shop or a run; findings are what a check says of every preset as it comes. A page under ``zh/``
gets the Chinese texts.
"""

import re
from collections.abc import Mapping
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from exact import ROOT

from jifen.assess.compliance import check
from jifen.assess.copy_phrases import phrase_lists
from jifen.assess.rule_pack import Condition, Rule, jurisdictions, metric_texts
from jifen.plan import load_plan, preset_names

RULES = ROOT / "src" / "jifen" / "assess" / "rules"
HEADINGS = {
    "rules": {"en": ("rule", "found when", "cites", "to pass"), "zh": ("规则", "触发条件", "依据", "整改")},
    "metrics": {"en": ("metric", "what it is", "unit"), "zh": ("指标", "含义", "单位")},
    "phrases": {"en": ("metric", "phrases", "left out"), "zh": ("指标", "用语", "不计")},
    "findings": {"en": ("preset", "blocks", "high", "to be read"), "zh": ("预设", "禁止", "高", "须知悉")},
}
WORDS = {
    "en": {"block": "block", "high": "high", "medium": "medium", "info": "to know", "any": "any of",
           "never": "never waived", "flag": "yes or no", "share": "share", "multiple": "× the price", "count": "number",
           "days": "days of sales", "yuan": "yuan", "phrases": "phrases", "stops": "stops", "not": "not"},
    "zh": {"block": "禁止", "high": "高", "medium": "中", "info": "须知", "any": "任一", "never": "不可豁免",
           "flag": "是否", "share": "比例", "multiple": "价款倍数", "count": "个数", "days": "日销售额天数",
           "yuan": "元", "phrases": "用语", "stops": "停止", "not": "非"},
}  # fmt: skip
SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<"}
_LOW = ("medium", "info")
FIELD = re.compile(r"\{(\w+)\}")


def condition_words(condition: Condition, words: Mapping[str, str]) -> str:
    """A condition in one line: ``walk_depth`` ≥ 2, any of (…).

    >>> condition_words({"walk_depth": {"at_least": 2}, "CN-01": False}, WORDS["en"])
    '`walk_depth` ≥ 2, not `CN-01`'
    """
    parts = []
    for name, wanted in condition.items():
        if name == "any":
            parts.append(f"{words['any']} ({'; '.join(condition_words(one, words) for one in wanted)})")
        elif isinstance(wanted, bool):
            parts.append(f"`{name}`" if wanted else f"{words['not']} `{name}`")
        else:
            parts += [f"`{name}` {SIGNS[sign]} {bound}" for sign, bound in wanted.items()]
    return ", ".join(parts)


def rule_row(identity: str, rule: Rule, language: str) -> tuple[str, ...]:
    """The cells of one rule."""
    words = WORDS[language]
    levels = []
    for level in rule.levels:
        notes = [] if level.waivable else [words["never"]]
        notes += [f"{words['stops']} {', '.join(level.stops)}"] if level.stops else []
        note = f" ({'; '.join(notes)})" if notes else ""
        levels.append(f"**{words[level.severity]}**{note}: {condition_words(level.when, words)}")
    tags = f" [{' '.join(rule.tags)}]" if rule.tags else ""
    remedy = FIELD.sub(r"`\1`", rule.remedy.of(language))
    return (
        f"`{identity}`<br>{rule.title.of(language)}", "<br>".join(levels), rule.reference.of(language) + tags, remedy,
    )  # fmt: skip


class _Table(Directive):
    """A table that becomes Markdown."""

    optional_arguments = 1
    kind = ""

    @property
    def language(self) -> str:
        return "zh" if self.state.document.settings.env.docname.startswith("zh/") else "en"

    def rows(self) -> list[tuple[str, ...]]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Return the parsed table, and tell Sphinx which files it was made from."""
        environment = self.state.document.settings.env
        for file in RULES.glob("*.yaml"):
            environment.note_dependency(str(file))
        heading = HEADINGS[self.kind][self.language]
        lines = [heading, tuple("---" for _ in heading), *self.rows()]
        text = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
        node = nodes.container(classes=[self.kind])
        self.state.nested_parse(StringList(text, source=str(RULES)), self.content_offset, node)
        return [node]


class RuleTable(_Table):
    """The rules of one jurisdiction."""

    kind = "rules"

    def rows(self) -> list[tuple[str, ...]]:
        """One row a rule."""
        rules = jurisdictions()[self.arguments[0]].rules
        return [rule_row(identity, rule, self.language) for identity, rule in rules.items()]


class MetricTable(_Table):
    """The metrics of a plan, a shop or a run."""

    kind = "metrics"

    def rows(self) -> list[tuple[str, ...]]:
        """One row a metric."""
        words = WORDS[self.language]
        texts = {name: text for name, text in metric_texts().items() if text.of == self.arguments[0]}
        return [(f"`{name}`", getattr(text, self.language), words[text.unit]) for name, text in texts.items()]


class PhraseTable(_Table):
    """The phrases that texts are searched for."""

    kind = "phrases"

    def rows(self) -> list[tuple[str, ...]]:
        """One row a list."""
        return [
            (f"`{name}`", "、".join(lists["zh"]) + "; " + ", ".join(lists["en"]), "、".join(lists.get("harmless", ())))
            for name, lists in phrase_lists().items()
        ]


class FindingTable(_Table):
    """What a check finds of every preset as it comes, without a shop."""

    kind = "findings"

    def rows(self) -> list[tuple[str, ...]]:
        """One row a preset."""
        return [finding_row(preset) for preset in preset_names()]


def finding_row(preset: str) -> tuple[str, ...]:
    """The ids of what is found of a preset, by how grave it is.

    >>> finding_row("friend_bonus")
    ('`friend_bonus`', '`EU-03`', '`CN-03`, `CN-06`, `US-03`', '`CN-23`')
    """
    found = check(load_plan(preset)).found
    by_severity = [[each.id for each in found if each.severity in kinds] for kinds in (["block"], ["high"], _LOW)]
    return f"`{preset}`", *(", ".join(f"`{name}`" for name in names) or "–" for names in by_severity)


def setup(app: Any) -> dict[str, Any]:
    """Register the directives."""
    for directive in (RuleTable, MetricTable, PhraseTable, FindingTable):
        app.add_directive(directive.kind, directive)
    return {"parallel_read_safe": True}
