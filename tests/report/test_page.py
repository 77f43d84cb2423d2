"""The page of a report: what it says, and that it stands alone."""

import re

import pytest

from jifen.report.page import page


def without_scripts(whole: str) -> str:
    return re.sub(r"<(script|style)>.*?</\1>", "", whole, flags=re.DOTALL)


@pytest.fixture
def text(account):
    """The page's words, without scripts and styles."""
    return lambda **given: re.sub(r"<[^>]+>", " ", without_scripts(page(account(**given))))


def test_what_is_promised_and_not_backed_is_said_plainly(text):
    # 30 yuan more are promised each day: 300 after 10 days, with 120 in the reserve.
    said = text(reserve=120)
    assert "members are owed 300.00; the reserve holds 120.00" in said
    assert "180.00 is promised and not backed" in said


def test_what_is_backed_is_not_called_short(text):
    said = text(reserve=300)
    assert "All of it is backed" in said
    assert "not backed" not in said


def test_merchant_funding_is_said(text):
    assert "merchant's own account" in text()
    assert "merchant's own account" not in text(merchant_funded=False)


def test_the_table_has_a_row_a_day_and_totals(account):
    table = re.search(r"<table>.*</table>", without_scripts(page(account(10))), re.DOTALL)[0]
    assert table.count("<tr>") == 1 + 10 + 1
    foot = re.findall(r"<td>([^<]*)</td>", table[table.index("<tfoot>") :])
    assert foot[:2] == ["total / last", "1,000.00"]
    assert foot[-2:] == ["300.00", "150.00"]


def test_rules_are_labelled_in_both_languages(text):
    assert "daily release 静态释放" in text()


def test_what_a_plan_calls_itself_cannot_become_markup(account):
    whole = page(account(title="</script><script>alert(1)</script>"))
    assert whole.count("<script>alert(1)") == 0
    assert whole.count("&lt;script&gt;alert(1)") == 2


@pytest.mark.parametrize("days", [1, 10, 2000])
def test_the_page_stays_below_3_mb_and_asks_for_nothing_outside(account, days):
    whole = page(account(days))
    assert len(whole.encode()) < 3_000_000
    assert re.findall(r"(?:src|href)=\S+", without_scripts(whole)) == ['href="data:,">']
    assert "Content-Security-Policy\" content=\"default-src 'none'" in without_scripts(whole)


def test_a_run_of_no_days_is_still_a_page(text):
    assert "no business days" in text(days=0)
