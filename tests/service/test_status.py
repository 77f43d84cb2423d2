"""The status page: what it says, to whom, in both languages, on both databases."""

from html.parser import HTMLParser

import pytest
from django.db import connections
from django.test import Client
from django.urls import get_resolver
from tests.service.conftest import joins, order

from jifen.engine.events import DayClosed, ReserveToppedUp
from jifen.service.closing import closing_id
from jifen.service.inbox import submit
from jifen.service.status import views
from jifen.service.status.overview import Readers
from jifen.service.writer import Writer

FIRST = 738000
ADDRESSES = ("/", "/members?q=ann", "/members/ann", "/charts/coverage-wide-light.svg")


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


class Tables(HTMLParser):
    """The rows of all tables of a page, and all its text."""

    def __init__(self, page):
        super().__init__()
        self.rows, self.text, self._cell = [], "", False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])
        self._cell = tag in ("td", "th")
        if self._cell:
            self.rows[-1].append("")

    def handle_data(self, data):
        self.text += data
        if self._cell:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag):
        self._cell = False


@pytest.fixture
def page(using, folder, monkeypatch):
    """Ask the status page of a shop, from the machine itself."""
    reads = Readers(using, folder)
    monkeypatch.setattr(views, "readers", lambda: reads)
    client = Client(REMOTE_ADDR="127.0.0.1", SERVER_NAME="localhost")

    def ask(address="/", **headers):
        return client.get(address, **headers)

    return ask


@pytest.fixture
def traded(shop, folder):
    """ann has bought for 100 yuan and bob for 50; 1 yuan was put into the reserve; one day has been closed."""
    events = [*joins("ann", "bob"), order("o1", "ann", 100), order("o2", "bob", 50)]
    submit([*events, ReserveToppedUp(id="t1", day=0, amount=1_000_000)], using=shop)
    submit([DayClosed(id=closing_id(FIRST), day=FIRST), order("o3", "bob", 10)], using=shop)
    write(folder, shop)
    return shop


def test_the_first_page_says_how_the_shop_stands(traded, page):
    answer = page()
    assert answer.status_code == 200
    seen = Tables(answer.content.decode())
    # At the close 150 points of a yuan each were granted; bob's order of 50 had released a fifth, 10, of ann's to her.
    # His order of the next day has released 2 more into her wallet.
    assert "¥140" in seen.text
    assert "¥12" in seen.text
    assert "Sandbox" in seen.text
    assert "none: events wait" in seen.text
    (closed,) = [row for row in seen.rows if row[0] == "2021-07-29"][:1]
    # On the first day a fifth of 50 was paid, and of the 140 that are left, 1 yuan in the reserve covers 0.7 %.
    assert closed[1:6] == ["150.00", "10.00", "140.00", "1.00", "0.7%"]


def test_every_view_refuses_a_stranger_and_says_why(traded, page):
    named = {pattern.name for pattern in get_resolver("jifen.service.status_urls").url_patterns}
    assert named == {"overview", "members", "member", "chart"}
    strangers = (
        {"REMOTE_ADDR": "203.0.113.9"}, {"REMOTE_ADDR": ""}, {"SERVER_NAME": "shop.example"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, {"HTTP_FORWARDED": "for=127.0.0.1"},
    )  # fmt: skip
    for address in ADDRESSES:
        assert page(address).status_code in (200, 302), address
        for stranger in strangers:
            answer = page(address, **stranger)
            # Django itself refuses a name that is not the shop's, before any view is asked.
            assert answer.status_code == (400 if "SERVER_NAME" in stranger else 403), (address, stranger)
            assert "SERVER_NAME" in stranger or "JIFEN_HOSTS" in answer.content.decode()
            assert b"o1" not in answer.content


def test_a_member_is_found_by_how_the_id_begins(traded, page):
    assert page("/members?q=an").headers["Location"] == "/members/ann?lang=en"
    assert "/members/bob" in page("/members?q=").content.decode()
    assert "No member" in page("/members?q=zoe").content.decode()


def test_the_page_of_a_member_has_balances_lots_and_lines(traded, page):
    seen = Tables(page("/members/ann").content.decode())
    assert ["points", "o1", "100.00"] in [row[:3] for row in seen.rows]
    assert ["2021-07-29", "open lots", "points", "+100.00"] in [row[:4] for row in seen.rows]
    assert page("/members/zoe").status_code == 404
    assert page("/members/ann?older=no").status_code == 404


def test_an_id_is_shown_as_text_whatever_is_in_it(shop, folder, page):
    submit(joins("<b>x/y&é"), using=shop)
    write(folder, shop)
    text = page("/members/%3Cb%3Ex/y&%C3%A9").content.decode()
    assert "&lt;b&gt;x/y&amp;é" in text
    assert "<b>x" not in text
    assert page("/members?q=%3Cb").status_code == 302


def test_both_languages_say_everything(traded, page):
    english, chinese = (page(f"/?lang={language}").content.decode() for language in ("en", "zh"))
    assert 'lang="zh"' in chinese
    assert "沙盒" in chinese
    assert "Sandbox" in english
    assert "待付" in page("/", HTTP_ACCEPT_LANGUAGE="zh-CN,zh;q=0.9").content.decode()
    for name, text in views.words("zh").items():
        assert text.strip(), name


def test_a_shop_without_a_close_or_an_order_has_a_page(shop, page):
    text = page().content.decode()
    assert "No day has been closed yet" in text
    assert "nothing has been posted yet" in text
    assert page("/charts/coverage-wide-light.svg").status_code == 404


def test_a_database_without_a_shop_has_a_page_too(using, page):
    assert "There is no shop here yet" in page().content.decode()


def test_a_database_without_tables_is_told(using, page):
    with connections[using].cursor() as cursor:
        cursor.execute("ALTER TABLE shop RENAME TO gone")
    answer = page()
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_charts_are_drawn_in_both_languages_tones_and_widths(traded, page):
    for width in ("wide", "narrow"):
        answer = page(f"/charts/flows-{width}-dark.svg?lang=zh")
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert "已承诺" in answer.content.decode()
    assert page("/charts/nothing-wide-light.svg").status_code == 404


def test_the_page_loads_nothing_from_elsewhere(traded, page):
    for address in ("/", "/members/ann"):
        text = page(address).content.decode()
        assert "http://" not in text
        assert "https://" not in text
        assert "style=" not in text
        assert "<script>" not in text
