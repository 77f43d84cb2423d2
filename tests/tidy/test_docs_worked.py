"""The pages of modes hold: their cases run, their figures come out, and every number of theirs is accounted for.

The same check stops the documentation's build (``docs/_ext/mode_page.py``). English and Chinese pages say the same.
"""

import importlib
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from jifen.assess.rule_pack import jurisdictions

PRESETS = sorted(file.stem for file in (Path(__file__).parents[2] / "src/jifen/plan/presets").glob("*.yaml"))
LANGUAGES = ("docs/modes", "docs/zh/modes")


@pytest.fixture(scope="module", autouse=True)
def extensions(root):
    folder = str(root / "docs/_ext")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def mode_page():
    return importlib.import_module("mode_page")


@pytest.fixture(scope="module")
def exact():
    return importlib.import_module("exact")


@pytest.fixture
def case_words():
    return importlib.import_module("case_words")


# -- the pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_page_of_a_mode_holds(root, mode_page, folder, preset):
    text = (root / folder / f"{preset}.md").read_text(encoding="utf-8")
    assert mode_page.page_problems(preset, text) == []


@pytest.mark.parametrize("folder", LANGUAGES)
def test_the_list_of_modes_says_what_their_pages_say(root, mode_page, folder):
    text = (root / folder / "index.md").read_text(encoding="utf-8")
    assert mode_page.list_problems(root / folder, text) == []
    assert {preset for preset in PRESETS if f"| [`{preset}`]({preset}.md)" in text} == set(PRESETS)


def test_a_number_in_the_list_of_modes_that_its_page_does_not_have_is_found(root, mode_page):
    row = "| [`rebate_queue`](rebate_queue.md) | 20 % of claims | 79 % are lost |"
    (problem,) = mode_page.list_problems(root / "docs/modes", f"# Modes\n\n{row}\n")
    assert problem == "3: rebate_queue.md does not account for the number 79 %"


@pytest.mark.parametrize("preset", PRESETS)
def test_english_and_chinese_say_the_same_numbers(root, mode_page, preset):
    one, other = (said((root / folder / f"{preset}.md").read_text(encoding="utf-8"), mode_page) for folder in LANGUAGES)
    assert one == other


@pytest.mark.parametrize("preset", PRESETS)
def test_every_worked_case_is_shown(root, mode_page, preset):
    page = mode_page.read_page((root / "docs/modes" / f"{preset}.md").read_text(encoding="utf-8"))
    shown = [mode_page.split_case(item)[0] for _, item in page.worked]
    assert sorted(shown) == sorted(case.id for case in mode_page.load_cases(mode_page.case_file(preset)))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_mode_names_rules_that_exist_and_says_it_is_no_advice(root, mode_page, preset):
    known = {rule for each in jurisdictions().values() for rule in each.rules}
    for folder, words in zip(LANGUAGES, ("Not legal advice", "不构成法律意见"), strict=True):
        text = (root / folder / f"{preset}.md").read_text(encoding="utf-8")
        named = [mode_page.split_law(item)[0] for item in mode_page.read_page(text).laws]
        assert named, f"{folder}/{preset}.md names no rule"
        assert set(named) <= known
        assert words in text


def said(text: str, mode_page) -> dict[str, object]:
    """What a page says without its words: cases, figures, rules in order; and which numbers stand in its sentences."""
    page = mode_page.read_page(text)
    return {
        "cases": [(name, mode_page.split_case(item)[0]) for name, item in page.worked],
        "figures": [
            (figure.name, figure.formula, figure.printed) for figure in map(mode_page.split_figure, page.figures)
        ],
        "laws": [mode_page.split_law(item)[:2] for item in page.laws],
        "numbers": {value for _, _, value in mode_page.prose_numbers(page)},
    }


# -- pages that do not hold -----------------------------------------------------------------------------------------

PAGE = """# Queue

A part of 20 % of sales goes into the pool; 80 % is never paid. See `GH-03` and [an address](77.md).

```{worked} rebate_queue
GH-03 B buys for 100: A is paid 20.
```

```{figures}
cost (goods cost): 30%
never paid: 1 - pool_share / claim_multiple = 80%
what is left: 1 - cost = 70%
```

```{laws}
CN-01 ○ one must buy 1 thing
```
"""


def problems(mode_page, old: str = "", new: str = "") -> list[str]:
    assert old in PAGE
    return mode_page.page_problems("rebate_queue", PAGE.replace(old, new) if old else PAGE)


def test_a_page_on_which_all_is_accounted_for_has_no_problems(mode_page):
    assert problems(mode_page) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "number"),
    [
        ("80 % is", "81 % is", 3, "81 %"),
        ("goes into", "of 5,000 goes into", 3, "5,000"),
        ("GH-03 B buys for 100", "GH-03 B buys for 101", 6, "101"),
        ("what is left:", "what is left of 4321:", 12, "4321"),
        ("1 thing", "13 things", 16, "13"),
    ],
)
def test_a_number_that_nothing_accounts_for_is_found_with_its_line(mode_page, old, new, line, number):
    (problem,) = problems(mode_page, old, new)
    assert problem == f"{line}: nothing accounts for the number {number}: no parameter, case or figure of this page"


def test_a_figure_that_its_formula_does_not_give_is_found(mode_page):
    (problem,) = problems(mode_page, "1 - cost = 70%", "1 - cost = 71%")
    assert problem == "12: the figure `what is left` says 71%, its formula 0.70000000"


@pytest.mark.parametrize("formula", ["1 - costs", "1 -", "__import__('os')", "cost ** (1 / 2)", "1 / (cost - 30%)"])
def test_a_formula_that_cannot_be_worked_out_is_found(mode_page, formula):
    (problem,) = problems(mode_page, "1 - cost = 70%", f"{formula} = 70%")
    assert problem.startswith("12: ")


def test_a_case_that_does_not_hold_is_found(mode_page, monkeypatch, tmp_path):
    text = (mode_page.case_file("rebate_queue")).read_text(encoding="utf-8")
    (tmp_path / "rebate_queue.yaml").write_text(text.replace('accelerate: "20"', 'accelerate: "21"'), encoding="utf-8")
    monkeypatch.setattr(mode_page, "WORKED", tmp_path)
    (problem,) = problems(mode_page)
    assert problem == "6: case GH-03 does not hold: after b1 paid.A.accelerate: expected 21, got 20"


def test_a_case_that_does_not_exist_is_found(mode_page):
    (problem,) = problems(mode_page, "GH-03 B", "GH-99 B")
    assert problem == "6: there is no case `GH-99` in tests/cases/worked/rebate_queue.yaml"


@pytest.mark.parametrize(
    ("docname", "text"),
    [
        ("modes/rebate_queue", "81 % is never paid"),
        ("zh/modes/index", "| [`rebate_queue`](rebate_queue.md) | 81 % |"),
    ],
)
def test_the_build_stops_at_a_page_that_does_not_hold(root, docname, text):
    worked = importlib.import_module("worked")
    env = SimpleNamespace(doc2path=lambda name, base: f"{name}.md")
    app = SimpleNamespace(env=env, srcdir=str(root / "docs"))
    with pytest.raises(worked.PageError, match=f"docs/{docname}.md:1: .*81 %"):
        worked.check_page(app, docname, [text])
    worked.check_page(app, "files", [text])


def test_a_page_in_two_languages_that_differs_is_found(mode_page):
    one = said(PAGE, mode_page)
    assert said(PAGE.replace("never", "not ever"), mode_page) == one
    assert said(PAGE.replace("80 % is", "20 % is"), mode_page) != one
    assert said(PAGE.replace("CN-01 ○", "CN-01 ●"), mode_page) != one


# -- numbers and formulas -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("2,353", Fraction(2353)), ("27.8 %", Fraction(278, 1000)), ("5万", Fraction(50000)), ("−0.4", Fraction(2, 5))],
)
def test_a_printed_number_is_read_exactly(exact, text, value):
    assert exact.value(text) == value


@pytest.mark.parametrize(
    ("formula", "printed", "holds"),
    [
        ("1 / 3", "33.33%", True),
        ("1 / 3", "33.34%", False),
        ("2 / 3", "66.67%", True),
        ("20% * 0.05 + 1.2%", "0.022", True),
        ("sum(1 / a for a in range(1, 4))", "1.83", True),
        ("min(n for n in range(1, 100) if n * n > 50)", "8", True),
        ("zero(x * x - 2)", "1.4142", True),
        ("zero(x * x - 2)", "1.4143", False),
        ("ln(exp(3))", "3", True),
        ('rows[1]["rate"] + most', "42%", True),
    ],
)
def test_a_formula_holds_within_half_of_the_last_printed_digit(exact, formula, printed, holds):
    names = {"most": Fraction(1, 100), "rows": [{"rate": "40%"}, {"rate": "41%"}]}
    assert exact.Formula(names).holds(formula, printed) is holds


def test_defaults_bounds_and_parts_of_a_composition_account_for_numbers(exact):
    numbers = exact.preset_numbers("refer_three_appreciation")
    assert {Fraction(7, 10), Fraction(1, 10), Fraction(3, 10), Fraction(365)} <= numbers
    assert Fraction(12345) not in numbers


# -- cases in words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "happens", "comes"),
    [
        (
            "en",
            "A brought B<br>day 0: A buys for 100; B buys for 100",
            "A: accelerate 20, claim left: 80<br>pool queue: 20",
        ),
        ("zh", "A 推荐 B<br>第 0 天：A 消费 100；B 消费 100", "A：动态加速 20、剩余排队积分 80<br>排队池 20"),
    ],
)
def test_a_case_is_told_from_its_own_data(mode_page, case_words, language, happens, comes):
    (row,) = case_words.CaseWords(mode_page.find_case("rebate_queue", "GH-03"), language).rows()
    assert row == (happens, comes)


def test_a_refusal_is_told_with_its_code(mode_page, case_words):
    rows = list(case_words.CaseWords(mode_page.find_case("ad_tasks", "AD-03"), "en").rows())
    assert rows[-1] == ("day 1: A does a task", "refused: `limit`")
