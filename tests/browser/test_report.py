"""The report in a browser: charts are drawn, nothing is asked of the network, nothing is cut off."""

from pathlib import Path
from random import Random

import pytest

from jifen.batch.make_events import add_events
from jifen.batch.make_shop import Shop, make_shop
from jifen.batch.run import Target, run
from jifen.plan import load_plan
from jifen.report.page import page
from jifen.report.run_report import REPORT, write_report

pytestmark = pytest.mark.browser


@pytest.fixture
def report(account, tmp_path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(page(account(days=300, reserve=100)), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_charts_are_drawn_without_any_request_and_nothing_is_wider_than_the_page(browser, report, width):
    opened = browser.new_page(viewport={"width": width, "height": 900})
    asked, mistakes = [], []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: mistakes.append(str(error)))
    opened.on("console", lambda message: mistakes.append(message.text) if message.type == "error" else None)
    opened.goto(report.as_uri())
    opened.wait_for_selector("body[data-drawn='4']", timeout=20_000)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert mistakes == []
    for number in range(4):
        marks = opened.locator(f"#chart-{number} svg .mark-line path, #chart-{number} svg .mark-rect path")
        assert marks.count() > 0
        box = opened.locator(f"#chart-{number} svg").bounding_box()
        assert 0 < box["width"] <= width
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.close()


@pytest.fixture(scope="module")
def four_plans(tmp_path_factory) -> Path:
    """The report of a run of four plans at once, as it is written."""
    folder = tmp_path_factory.mktemp("four")
    plan = load_plan("four_in_one")
    made = make_shop(folder / "shop", Random(7), Shop(members=60, orders=200, days=50))
    target = Target(folder / "out", finish=lambda out, summary: write_report(out, plan, summary))
    run(plan, add_events(plan, made, folder / "shop", Random(7)), target)
    return folder / "out" / REPORT


@pytest.mark.parametrize("width", [390, 1280])
def test_the_bars_of_the_sales_fall_inside_the_page(browser, four_plans, width):
    opened = browser.new_page(viewport={"width": width, "height": 900})
    opened.goto(four_plans.as_uri())
    opened.wait_for_selector("body[data-drawn]", timeout=20_000)
    bars = opened.locator("#waterfall .fall i")
    boxes = [bars.nth(place).bounding_box() for place in range(bars.count())]
    assert len(boxes) >= 4
    whole, *taken, rest = boxes
    left, right = whole["x"], whole["x"] + whole["width"]
    assert all(left - 1 <= box["x"] and box["x"] + box["width"] <= right + 1 for box in boxes)
    # Each bar begins where the one above it ends, and the last one is what is left.
    ends = [right, *(box["x"] for box in taken)]
    assert all(abs(box["x"] + box["width"] - end) < 2 for box, end in zip(taken, ends, strict=False))
    assert abs(rest["x"] + rest["width"] - ends[-1]) < 2
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.close()
