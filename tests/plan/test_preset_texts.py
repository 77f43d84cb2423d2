"""The thirteen presets are those of the shared texts: names, switches, types, bounds, defaults, stores, rules, labels.

``presets.md`` lists them for people, row by row; the appendix of the language's design has them as plan files.
"""

import re

import pytest
from ruamel.yaml import YAML

from jifen.plan import load_plan
from jifen.plan.load import preset_text
from jifen.plan.model import Curve, Lots, Money, Weight
from jifen.plan.parameters import dictionary
from jifen.plan.show import definitions_of

THIRTEEN = (
    "points_dividend", "green_points", "refer_three", "appreciation", "refer_three_appreciation", "legacy_conversion",
    "cyclic_purchase", "consumption_dividend", "rebate_queue", "three_for_one", "ad_tasks", "distribution",
    "share_plan",
)  # fmt: skip
HOUSE = "All presets"
TYPES = {
    "switch": "choice", "days": "days", "list or null": "skus", "list": "skus", "rate": "rate", "rate or null": "rate",
    "bool": "bool", "number": "ratio", "number or null": "ratio", "list of rates": "rates", "count": "count",
    "yuan": "yuan", "table": "regions",
}  # fmt: skip
"""How the dictionary calls what ``presets.md`` calls so."""
BOUNDS = {"> 0": ("0", False), "≥ 0": ("0", True), "≥ 1": ("0", False), "0–100%": ("100%", True)}
"""A value at the end of what is allowed, and whether it is allowed itself."""


def text_of(shared, *path):
    file = shared.joinpath(*path)
    if not file.is_file():
        pytest.skip(f"there is no {file.name} in the shared folder")
    return file.read_text(encoding="utf-8")


def rows_of(text, title):
    """The rows of the table of parameters in one section: name, type, default, allowed, meaning, 中文."""
    section = re.split(r"^## ", text, flags=re.MULTILINE)
    (found,) = [part for part in section if part.startswith((f"`{title}`", f"{title}\n"))]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in found.split("\n") if "| `" in line]
    assert all(len(row) == 6 for row in rows)
    return [(name.strip("`"), *cells) for name, *cells in rows]


def overview(text):
    """For each preset the names of its lots, pools, weights and rules."""
    found = {}
    for line in text.split("\n"):
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) == 7 and cells[0].startswith("`"):
            found[cells[0].strip("`")] = [re.findall(r"`(\w+)`", cell) for cell in cells[3:]]
    return found


def written(parameter, text):
    """A default as ``presets.md`` writes it, as a plan file would."""
    if parameter.type == "ladder":
        rows = [row for row in text.split("<br>") if row != "[]"]
        return [{key: None if value == "null" else value for key, value in cells_of(row).items()} for row in rows]
    if parameter.type == "regions":
        return cells_of(text)
    if parameter.type in {"rates", "skus"} and text != "null":
        return [item for item in text.strip("[]").split(", ") if item]
    plain = re.sub(r" \(.*\)$", "", text)
    return {"null": None, "true": True, "false": False}.get(plain, plain)


def cells_of(row):
    return dict(cell.split(" ", 1) for cell in row.split(", "))


def read(parameter, value):
    """The value as a plan holds it, and the codes of what is wrong with it."""
    mistakes = []
    found = parameter.read(value, lambda _trail, error: mistakes.append(error.code))
    return found, mistakes


def check_row(plan, row):
    """Compare one row of ``presets.md`` with a plan; ``AssertionError`` where they differ."""
    name, kind, default, allowed, _meaning, _zh = row
    parameter = definitions_of(plan)[name]
    columns = re.fullmatch(r"table \{(.*)\}", kind)
    assert parameter.type == ("ladder" if columns else TYPES[kind])
    assert parameter.optional == kind.endswith("or null")
    if columns:
        assert {*columns[1].split(", ")} <= parameter.columns.keys()
    expected, mistakes = read(parameter, written(parameter, default))
    assert (plan.params[name], mistakes) == (expected, [])
    options = allowed.split(" / ")
    if kind == "switch":
        assert sorted(parameter.options) == sorted(options)
    elif len(options) > 1 and kind != "bool":
        assert all(read(parameter, option)[1] == [] for option in options)
    for start, (end, fits) in BOUNDS.items():
        if allowed.startswith(start):
            assert read(parameter, end)[1] == ([] if fits else ["out_of_bounds"])


def default_rows(text, preset):
    rows = [*rows_of(text, HOUSE)]
    parts = ("refer_three", "appreciation") if preset == "refer_three_appreciation" else (preset,)
    for part in parts:
        rows += rows_of(text, part)
    return rows


@pytest.mark.parametrize("preset", THIRTEEN)
def test_every_row_of_the_text_is_a_parameter_of_the_preset_with_that_default(shared, preset):
    rows = default_rows(text_of(shared, "cases", "presets.md"), preset)
    plan = load_plan(preset)
    vendors = {"settle_at": "paid", "funding": "merchant"}
    for row in rows:
        check_row(plan, row)
    assert set(plan.params) == {row[0] for row in rows}
    assert {name: plan.params[name] for name in vendors} == vendors


def test_a_row_that_differs_is_seen():
    plan = load_plan("rebate_queue")
    row = ("pool_share", "rate", "20%", "0–100%", "part of an order", "入池比例")
    check_row(plan, row)
    switch = ("queue_head", "switch", "strict", "strict / skip", "", "")
    check_row(plan, switch)
    for place, wrong in ((1, "count"), (1, "rate or null"), (2, "21%"), (3, "> 0")):
        changed = [*row]
        changed[place] = wrong
        with pytest.raises(AssertionError):
            check_row(plan, ("lock_days", *changed[1:]) if wrong == "> 0" else changed)
    with pytest.raises(AssertionError):
        check_row(plan, (*switch[:3], "strict / skip / stop", "", ""))


@pytest.mark.parametrize("preset", THIRTEEN)
def test_stores_and_rules_bear_the_names_of_the_text(shared, preset):
    lots, pools, weights, rules = overview(text_of(shared, "cases", "presets.md"))[preset]
    plan = load_plan(preset)
    named = {
        kind: [name for name, store in plan.stores.items() if isinstance(store, kinds)]
        for kind, kinds in (("lots", Lots), ("pools", (Money, Curve)), ("weights", Weight))
    }
    family = [store.name for store in plan.stores.values() if getattr(store, "each", None)]
    assert named["lots"] == lots
    assert [name for name in named["pools"] if name not in family] == pools
    assert named["weights"] == weights
    assert list(dict.fromkeys(rule.id for rule in plan.rules)) == rules


def test_every_parameter_and_every_column_has_a_label_in_both_languages():
    known = dictionary()
    for parameter in (*known.parameters.values(), *known.columns.values()):
        assert set(parameter.label) == {"en", "zh"}
        assert re.search("[A-Za-z]", parameter.label["en"]), parameter.name
        assert re.search("[\u4e00-\u9fff]", parameter.label["zh"]), parameter.name


# -- the appendix ---------------------------------------------------------------------------------------------------


def yaml_blocks(text):
    loader = YAML(typ="safe", pure=True)
    return [loader.load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]


def appendix(shared):
    blocks = yaml_blocks(text_of(shared, "design", "plan-language.md").partition("# Appendix")[2])
    return blocks[0], {block["preset"]: block for block in blocks[1:]}


def test_the_dictionary_has_what_the_appendix_has(shared):
    sections, _ = appendix(shared)
    ours = YAML(typ="safe", pure=True).load(load_file("parameters.yaml"))
    sections["house"]["skus"]["optional"] = True  # null means every product: the text says so beside its table
    for section in ("house", "plan"):
        names = sections[section].keys()
        assert {name: ours[section].get(name) for name in names} == dict(sections[section])


def load_file(name):
    from importlib.resources import files

    return (files("jifen.plan") / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("preset", THIRTEEN)
def test_each_preset_is_the_plan_of_the_appendix_paid_by_the_merchant(shared, preset):
    _, plans = appendix(shared)
    expected = plans[preset]
    if "params" in expected:
        expected["params"]["funding"] = "merchant"
    assert YAML(typ="safe", pure=True).load(preset_text(preset)) == expected
