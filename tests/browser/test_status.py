"""The status page in a browser: on a phone and a desk, in both languages; nothing is cut off or asked elsewhere."""

import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

pytestmark = pytest.mark.browser


class Server(ThreadingMixIn, WSGIServer):
    """One thread a request."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """No line for each request."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a small shop is served that has traded for a while."""
    from jifen.service.databases import migrate, open_database, start_django

    start_django()
    from django.core.wsgi import get_wsgi_application

    from jifen.service.example import Example, trade
    from jifen.service.status import views
    from jifen.service.status.overview import Readers

    folder = tmp_path_factory.mktemp("shop")
    open_database("browsed", f"sqlite:///{folder / 'shop.sqlite3'}")
    migrate("browsed")
    trade(folder, lambda *_: None, example=Example(days=40, members=20, orders=300), using="browsed")
    reads, before = Readers("browsed", folder), views.readers
    views.readers = lambda: reads
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    views.readers = before


@pytest.fixture
def opened(browser, address, request):
    """A page of a width, with what it asked for and what went wrong."""
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    page.asked, page.mistakes = [], []
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.on("pageerror", lambda error: page.mistakes.append(str(error)))
    page.on("console", lambda said: page.mistakes.append(said.text) if said.type in ("error", "warning") else None)
    yield page
    page.close()


@pytest.mark.parametrize("opened", [390, 1280], indirect=True)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_fits_and_loads_nothing_from_elsewhere(opened, address, language):
    for path in ("/", "/members?q=m", "/members/m00001"):
        opened.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
        opened.wait_for_load_state("networkidle")
        width = opened.evaluate("window.innerWidth")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, path
        assert opened.evaluate("document.documentElement.lang") == language
    assert opened.mistakes == []
    assert [url for url in opened.asked if not url.startswith((address, "data:"))] == []


@pytest.mark.parametrize("opened", [390, 1280], indirect=True)
def test_charts_are_drawn_as_wide_as_the_page(opened, address):
    opened.goto(address)
    opened.wait_for_load_state("networkidle")
    charts = opened.locator("img.drawing")
    assert charts.count() == 2
    for place in range(2):
        assert charts.nth(place).evaluate("image => image.complete && image.naturalWidth > 0")
        box = charts.nth(place).bounding_box()
        assert 300 < box["width"] <= opened.evaluate("window.innerWidth")
        name = charts.nth(place).evaluate("image => image.currentSrc")
        assert ("narrow" in name) == (opened.evaluate("window.innerWidth") == 390)
    behind = opened.locator("details")
    assert not behind.locator("td").first.is_visible()
    behind.locator("summary").click()
    assert behind.locator("td").first.is_visible()


@pytest.mark.parametrize("opened", [390], indirect=True)
def test_one_comes_from_the_shop_to_a_member_and_to_the_older_lines(opened, address):
    opened.goto(f"{address}/?lang=en")
    opened.fill("#q", "m00000")  # who joined first and brought others: more lines than a page has
    opened.press("#q", "Enter")
    opened.wait_for_url("**/members/m00000?lang=en")
    assert opened.locator(".statement tbody tr").count() == 50
    opened.click("a[rel=next]")
    opened.wait_for_url("**older=*")
    assert opened.locator(".statement tbody tr").count() > 0
    assert opened.locator("h1").inner_text() == "Member m00000"
