"""The report of foresight in a browser: charts are drawn, nothing is asked of the network, nothing is cut off."""

import pytest
from tests.report.foresights import NAMES, foresight

from jifen.assess.texts import LANGUAGES
from jifen.report.assessment_page import assessment_page, foresight_charts
from jifen.report.look import Look

pytestmark = pytest.mark.browser

MARKS = ".mark-line path, .mark-rect path, .mark-symbol path, .mark-text text"


@pytest.fixture(scope="module", params=[(name, language) for name in NAMES for language in LANGUAGES], ids="-".join)
def page(request, tmp_path_factory):
    """The page of a simulation in a language, with how many drawings are on it."""
    name, language = request.param
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(assessment_page(foresight(name), language), encoding="utf-8")
    charts = foresight_charts(foresight(name), Look(language))
    return path, sum(len(chart.panels) for chart in charts), language


@pytest.mark.parametrize("width", [390, 1280])
def test_everything_is_drawn_inside_the_page_without_a_request_or_a_mistake(browser, page, width):
    path, drawings, language = page
    opened = browser.new_page(viewport={"width": width, "height": 900})
    asked, mistakes = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: mistakes.append(str(error)))
    opened.on(
        "console", lambda message: mistakes.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.goto(path.as_uri())
    opened.wait_for_selector(f"body[data-drawn='{drawings}']", timeout=20_000, state="attached")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert mistakes == []
    assert opened.evaluate("document.documentElement.lang").startswith(language)
    for number in range(drawings):
        drawing = opened.locator(f"#chart-{number} svg")
        assert drawing.locator(MARKS).count() > 0
        box, around = drawing.bounding_box(), opened.locator(f"#chart-{number}").bounding_box()
        assert 0 < box["width"] <= around["width"] + 1
        assert 0 < box["height"] <= around["height"] + 1
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.close()


def test_the_tables_behind_the_charts_open_and_scroll_on_their_own(browser, page):
    path, drawings, _ = page
    opened = browser.new_page(viewport={"width": 390, "height": 900})
    opened.goto(path.as_uri())
    opened.wait_for_selector(f"body[data-drawn='{drawings}']", timeout=20_000, state="attached")
    behind = opened.locator("details")
    for place in range(behind.count()):
        assert not behind.nth(place).locator("td").first.is_visible()
        behind.nth(place).locator("summary").click()
        assert behind.nth(place).locator("td").first.is_visible()
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    opened.close()
