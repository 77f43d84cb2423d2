"""The report in a browser: charts are drawn, nothing is asked of the network, nothing is cut off."""

import shutil
from pathlib import Path

import pytest

from jifen.report.page import page

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, driven by playwright."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on this machine; Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()


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
