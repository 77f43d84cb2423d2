"""The directive ``{parameters} PRESET``: a table of a preset's parameters, made from the package's own data.

Types, bounds and labels come from ``plan/parameters.yaml``, defaults from ``plan/presets/PRESET.yaml``, or from the
presets it is composed of; ``{parameters} house`` lists the house parameters and ``{parameters} all`` the whole
dictionary. Option ``:language: zh`` gives Chinese labels and headings.
"""

from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList
from exact import PLAN, load_yaml, preset_params

HEADINGS = {
    "en": ("parameter", "what it is", "type", "default", "allowed"),
    "zh": ("参数", "含义", "类型", "默认值", "可取值"),
}
WORDS = {
    "en": {"rows": "rows of", "empty": "or empty: off", "ladder": "table", "rates": "list of rates"},
    "zh": {
        "rows": "每行", "empty": "或为空（关闭）", "bool": "是否", "choice": "选项", "count": "个数", "days": "天数",
        "ladder": "表", "rate": "比例", "rates": "比例列表", "ratio": "倍数", "regions": "区域比例", "skus": "商品",
        "yuan": "金额",
    },
}  # fmt: skip


def allowed(kind: dict[str, Any], words: dict[str, str]) -> str:
    """Say in one line which values a parameter may have."""
    if "options" in kind:
        return " / ".join(f"`{option}`" for option in kind["options"])
    if "columns" in kind:
        return f"{words['rows']} " + ", ".join(f"`{column}`" for column in kind["columns"])
    if kind["type"] == "bool":
        return "`true` / `false`"
    most = kind.get("max", "100%" if kind["type"] in ("rate", "rates", "regions") else None)
    least = kind.get("min", 0 if most == "100%" and "above" not in kind else None)
    bounds = [f"> {kind['above']}"] if "above" in kind else []
    bounds += [f"≥ {least}"] if least is not None else []
    bounds += [f"≤ {most}"] if most is not None else []
    bounds += [words["empty"]] if kind.get("optional") else []
    return ", ".join(bounds) or "–"


def written(value: Any) -> str:
    """Write a default as it stands in a plan file; each row of a ladder in a line of its own."""
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "<br>".join(", ".join(f"{key} {written(cell).strip('`')}" for key, cell in row.items()) for row in value)
    if isinstance(value, list):
        return f"`[{', '.join(str(item) for item in value)}]`"
    if isinstance(value, dict):
        return ", ".join(f"{key} {cell}" for key, cell in value.items())
    return f"`{value}`"


def rows(name: str, language: str) -> list[tuple[str, ...]]:
    """The rows of one table; ``KeyError`` for a parameter that is not in the dictionary."""
    dictionary = load_yaml(PLAN / "parameters.yaml")
    kinds: dict[str, Any] = {**dictionary["house"], **dictionary["plan"]}
    if name == "all":
        defaults = dict.fromkeys(kinds)
    elif name == "house":
        defaults = {key: kind["default"] for key, kind in dictionary["house"].items()}
    else:
        defaults = preset_params(name)
    table, words = [], WORDS[language]
    for key, default in defaults.items():
        kind = kinds[key]
        start = () if name == "all" else (written(default),)
        table.append(
            (f"`{key}`", kind["label"][language], words.get(kind["type"], kind["type"]), *start, allowed(kind, words))
        )
    return table


class ParameterTable(Directive):
    """Write the table as MyST, so that its cells may hold code."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"language": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the parsed table, and tell Sphinx which files it was made from."""
        name, language = self.arguments[0], self.options.get("language", "en")
        environment = self.state.document.settings.env
        for file in [PLAN / "parameters.yaml", *(PLAN / "presets").glob("*.yaml")]:
            environment.note_dependency(str(file))
        heading = HEADINGS[language]
        if name == "all":
            heading = (*heading[:3], heading[4])
        lines = [heading, tuple("---" for _ in heading), *rows(name, language)]
        text = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
        node = nodes.container()
        self.state.nested_parse(StringList(text, source=str(PLAN)), self.content_offset, node)
        return node.children


def setup(app: Any) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("parameters", ParameterTable)
    return {"parallel_read_safe": True}
