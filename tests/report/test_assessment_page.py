"""The report of foresight: its titles agree with its tables, it stands alone, and it leaves out what there is not."""

import re
from html import unescape

import pytest
import vl_convert
from tests.report.foresights import NAMES, foresight, simulated

from jifen.assess.measured import reserved
from jifen.assess.texts import LANGUAGES
from jifen.core.errors import InputError
from jifen.core.micros import MICRO
from jifen.plan import load_plan
from jifen.report.assessment_page import assessment_page, assessment_report, foresight_charts, write_assessment
from jifen.report.flow_findings import hundred_steps
from jifen.report.foresight import Fan, Foresight
from jifen.report.images import chinese_is_drawn, image, wrapped
from jifen.report.look import Look
from jifen.simulate.scenario import load_scenario
from jifen.simulate.simulation import simulate
from jifen.simulate.sweep import Point, Sweep, folder_of, run_sweep

NUMBER = re.compile(r"[<>]?−?¥?\d+(?:,\d{3})*(?:\.\d+)?%?")
BOTH = pytest.mark.parametrize("language", LANGUAGES)


def without_scripts(whole: str) -> str:
    return re.sub(r"<(script|style)>.*?</\1>", "", whole, flags=re.DOTALL)


def sections(page: str) -> dict[str, tuple[str, set[str]]]:
    """By the name of a chart its title, and the cells of the tables behind it."""
    found = {}
    for name, text in re.findall(r'<section id="([\w-]+)">(.*?)</section>', without_scripts(page), re.DOTALL):
        if "<details>" in text:
            behind = text[text.index("<details>") :]
            found[name] = (
                unescape(re.search("<h2>(.*?)</h2>", text)[1]),
                set(map(unescape, re.findall("<td>(.*?)</td>", behind))),
            )
    return found


def charts(name: str, language: str = "en", image: bool = False):
    return {chart.name: chart for chart in foresight_charts(foresight(name), Look(language, image))}


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_title_is_in_the_tables_behind_it(name, language):
    for title, cells in sections(assessment_page(foresight(name), language)).values():
        said = [number for number in NUMBER.findall(title) if number not in ("¥100",)]
        assert [number for number in said if number not in cells] == [], title


def test_a_number_that_is_in_no_table_is_found():
    page = '<section id="x"><h2>Cash ends on day 143</h2><details><td>142</td></details></section>'
    ((title, cells),) = sections(page).values()
    assert NUMBER.findall(title) == ["143"]
    assert "143" not in cells


def test_the_day_and_the_claims_of_a_title_stand_in_one_row_of_the_table():
    chart = charts("assessed")["cash"]
    # 1.2 × 3000 × 2 a day are granted, paid in 100 days: 60.6 days of sales are owed: 363,600.
    assert chart.title == "Cash ends on day 152; claims are then 2.0× all sales of a month"
    row = next(row for row in chart.rows if row[0] == "152")
    assert dict(zip(chart.heads, row, strict=True))["claims"] == "¥363,600"


@BOTH
def test_the_assessment_is_told_in_the_words_of_the_command(language):
    page = without_scripts(assessment_page(foresight("assessed"), language))
    assert {"en": "It ends on day 152", "zh": "第 152 天现金耗尽"}[language] in page
    cells = re.findall("<td>(.*?)</td>", page[page.index('<section id="assessment">') :])
    place = cells.index({"en": "first day without cash", "zh": "现金耗尽日"}[language])
    assert cells[place : place + 3][1:] == ["152", "152"]


@pytest.mark.parametrize(("name", "expected"), [
    ("fan", ["cash", "coverage", "waterfall", "outcomes", "cohorts"]),
    ("price", ["cash", "waterfall", "outcomes", "cohorts", "price"]),
    ("queue", ["cash", "coverage", "waterfall", "outcomes", "cohorts", "queue-claim"]),
    ("pool", ["cash", "coverage", "waterfall", "outcomes", "cohorts"]),
    ("nobody", []),
])  # fmt: skip
def test_a_chart_without_data_is_left_out(name, expected):
    assert list(charts(name)) == expected


@BOTH
def test_a_page_without_charts_says_so(language):
    said = {"en": "nothing was sold", "zh": "没有销售"}
    assert said[language] in assessment_page(foresight("nobody"), language)


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_the_page_asks_for_nothing_outside_and_stays_below_3_mb(name, language):
    page = assessment_page(foresight(name), language)
    assert len(page.encode()) < 3_000_000
    assert re.findall(r"(?:src|href)=\S+", without_scripts(page)) == ['href="data:,">']
    assert "http" not in without_scripts(page).replace("http-equiv", "")
    assert "content=\"default-src 'none'" in page
    assert f'<html lang="{ {"en": "en", "zh": "zh-Hans"}[language] }">' in page


def test_a_page_speaks_one_language():
    for name in NAMES:
        text = without_scripts(assessment_page(foresight(name), "en"))
        assert re.findall("[\u4e00-\u9fff]+", text) == []


def test_the_queue_leaves_out_places_whose_orders_were_given_back():
    queue = foresight("queue").made.queues["claim"]
    given_back = int((queue.amount == 0).sum())
    assert given_back > 0
    assert len(charts("queue")["queue-claim"].rows) == len(queue.paid) - given_back


@pytest.mark.parametrize("name", ["fan", "price", "queue", "pool", "assessed"])
def test_the_steps_of_a_hundred_yuan_add_up(name):
    made = foresight(name).made
    sold, *taken, rest = hundred_steps(made.plan, made.days)
    assert (sold.kind, rest.kind) == ("sold", "shop")
    assert sold.amount == sum(step.amount for step in taken) + rest.amount
    # The shop's own cash by the series' account, less what it has put into the reserve.
    assert rest.amount == made.days["free_cash"].item(-1) - made.days["reserve"].item(-1)


def test_a_hundred_yuan_by_hand():
    # 3 orders of 3000 a day for 60 days; what each is paid a day is 1 % of it, from the next day on.
    made = simulated("points_dividend", 60, joining__drawn=False, referrals__shape="none")
    steps = {(step.kind, step.name): step.amount // MICRO for step in hundred_steps(made.plan, made.days)}
    paid = 3 * 30 * sum(range(60))
    assert steps == {("sold", ""): 540_000, ("goods", ""): 108_000, ("rule", "static"): paid,
                     ("shop", ""): 432_000 - paid}  # fmt: skip


def test_coverage_is_what_is_put_aside():
    made = foresight("pool").made
    chart = charts("pool")["coverage"]
    held, claims = reserved(made.plan, made.days).item(-1), made.days["promised"].item(-1)
    assert held == made.days["pool:rebate"].item(-1) > 0
    assert held == claims
    assert chart.rows[-1][-1] == "100%"


def test_what_lies_in_the_reserve_is_in_hand_and_put_aside_but_in_no_pool():
    plan = load_plan("points_dividend", {"funding": "reserve", "reserve_share": "30%"})
    made = simulate(plan, load_scenario("equal_orders", {"days": 10}))
    found = {chart.name: chart for chart in foresight_charts(Foresight(made), Look("en"))}
    assert found["cash"].heads == ("day", "cash in hand", "claims")
    # 10 orders of 3000 on the first day: 9000 are put aside for 30,000 points, and no cash of the shop stands for them.
    assert found["coverage"].heads == ("day", "claims", "put aside", "covered")
    assert found["coverage"].rows[0] == ("1", "¥30,000", "¥9,000", "30%")


def test_outcomes_are_those_of_the_day_when_cash_ended_and_beside_them_those_of_the_end():
    chart, made = charts("assessed")["outcomes"], foresight("assessed").made
    then, later = (sum(int(row[place]) for row in chart.rows[5:]) for place in (1, 2))
    assert f"{then} of 304 buyers" in chart.title
    # Two orders a day are paid back in 84 days (3000 ÷ 36) from the next day on: 2 × (152 − 84), 2 × (160 − 84).
    assert (then, later) == (136, 152)
    assert (made.members_then.paid_back, made.members.paid_back) == (136, 152)


def test_axes_name_their_units():
    for name in NAMES:
        for chart in charts(name).values():
            for panel in chart.panels:
                channels = [layer["encoding"].get(axis, {}) for layer in panel["layer"] for axis in "xy"]
                named = [channel["axis"]["title"] for channel in channels if channel.get("axis")]
                assert len(named) >= 1, chart.name
                assert all(named), chart.name


@BOTH
def test_the_folder_has_the_page_and_an_image_of_each_chart(tmp_path, language):
    told = []
    page = write_assessment(foresight("queue"), tmp_path / "r", language, progress=lambda *step: told.append(step))
    assert page == tmp_path / "r" / "report.html"
    images = {"cash", "coverage", "waterfall", "outcomes", "cohorts", "queue-claim"}
    assert {path.name for path in page.parent.iterdir()} == {"report.html", *(f"{name}.png" for name in images)}
    for name in images:
        content = (page.parent / f"{name}.png").read_bytes()
        assert content.startswith(b"\x89PNG")
        assert content.endswith(b"IEND\xaeB`\x82")
    assert told == [(done, 7) for done in range(8)]


def test_a_report_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise OSError("no room")

    monkeypatch.setattr(vl_convert, "vegalite_to_png", fails)
    with pytest.raises(OSError, match="no room"):
        write_assessment(foresight("fan"), tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_kept_unless_forced(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError):
        write_assessment(foresight("nobody"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_report_is_of_the_first_simulation_or_of_the_assessment(tmp_path):
    found = foresight("assessed")
    runs = [simulated("points_dividend", 60, run) for run in range(3)]
    of_runs = assessment_report(None, runs, tmp_path / "runs").read_text(encoding="utf-8")
    assert sections(of_runs)["cash"][0] == charts("fan")["cash"].title
    assert "3 runs" in charts("fan")["cash"].title
    alone = assessment_report(found.assessment, [], tmp_path / "alone").read_text(encoding="utf-8")
    assert alone == assessment_page(found, "en")
    with pytest.raises(ValueError, match="a report needs"):
        assessment_report(None, [], tmp_path / "nothing")


def test_the_fan_of_folders_is_that_of_the_simulations(tmp_path):
    runs = [simulated("points_dividend", 60, run) for run in range(3)]
    sweep = Sweep([Point({}, runs[0].plan, runs[0].scenario)], 3, 1)
    finished, _ = run_sweep(sweep, tmp_path / "out", processes=1)
    written, made = Fan.of_folders([folder_of(tmp_path / "out", task) for task in finished]), Fan.of_simulations(runs)
    assert written.ends == made.ends
    assert written.quantiles.keys() == made.quantiles.keys()
    assert all((written.quantiles[name] == made.quantiles[name]).all() for name in made.quantiles)


def test_the_ends_of_the_fan_are_the_days_without_cash():
    ended = foresight("assessed").made
    lasts = simulated("points_dividend", 60)
    assert Fan.of_simulations([ended]).ends == (152,)
    assert Fan.of_simulations([lasts]).ends == (None,)


def test_an_image_says_its_finding_in_chinese_signs():
    assert chinese_is_drawn() == (vl_convert.svg_to_png(_sign("福")) != vl_convert.svg_to_png(_sign("祸")))
    chart = charts("queue", "zh", image=True)["queue-claim"]
    assert re.search("[\u4e00-\u9fff]", chart.title)
    assert image(chart) != image(charts("queue", "en", image=True)["queue-claim"])


def _sign(text: str) -> str:
    size = 'width="40" height="40"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><text y="30" font-size="30">{text}</text></svg>'


def test_titles_of_images_are_broken_where_reading_allows_it():
    assert wrapped("one two three", 100) == ["one two three"]
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("第 152 天用完。待付", 12) == ["第 152 天用", "完。待付"]


def test_what_a_plan_calls_itself_cannot_become_markup():
    made = foresight("pool").made
    script = "</script><script>alert(1)</script>"
    object.__setattr__(made.plan, "title", {"en": script})
    try:
        page = assessment_page(foresight("pool"), "en")
    finally:
        object.__setattr__(made.plan, "title", {"en": "Member rebate"})
    assert page.count("<script>alert(1)") == 0
    assert page.count("&lt;script&gt;alert(1)") == 2


def test_pages_are_the_same_each_time():
    assert assessment_page(foresight("fan"), "zh") == assessment_page(foresight("fan"), "zh")
