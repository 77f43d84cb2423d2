"""``jifen disclose``: the page on the screen, as a file and for programs."""

import json


def test_the_page_is_shown_in_both_languages_or_in_one(jifen):
    both = jifen("disclose", "member_rebate")
    assert both.code == 0
    assert "2.40 a day for 100 days, first on day 8 after the order" in both.out
    assert "每天 2.40 元，共 100 天" in both.out
    assert "a day" not in jifen("disclose", "member_rebate", "--lang", "zh").out


def test_the_page_is_written_as_html_and_nothing_is_overwritten(jifen, tmp_path):
    page = tmp_path / "members.html"
    assert jifen("disclose", "points_dividend", "--out", page, "--lang", "en").code == 0
    assert "10 a day for 100 days" in page.read_text(encoding="utf-8")
    again = jifen("disclose", "points_dividend", "--out", page)
    assert (again.code, "target_exists" in again.err) == (2, True)


def test_for_programs_each_sentence_has_its_numbers(jifen):
    told = json.loads(jifen("disclose", "rebate_queue", "--json", "--cost", "30%", "--order", "100").out)
    assert told["cost"] == "0.3"
    (queue, _) = told["sections"]["get"]
    assert queue["numbers"] == {"order": "100", "entitled": "100", "asset": "cash"}
    assert told["sections"]["stops"][0]["code"] == "stops_wait"
