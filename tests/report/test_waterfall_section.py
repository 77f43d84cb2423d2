"""The part of a report that says which rule took what: its words, its bars, its tables."""

import re
from dataclasses import replace

import pytest

from jifen.batch.waterfall import Fund, Line, Promise, PromiseLine, Waterfall
from jifen.core.micros import MICRO
from jifen.report.waterfall_section import waterfall_section

FED = Line("feed", "pool:queue", "", "cash", 220 * MICRO, 20 * MICRO)


@pytest.fixture
def account() -> Waterfall:
    """1,000 are kept of 1,100 sold: 200 into a pool, 50 to referrers; the pool paid 150 to the head of its queue."""
    served = Line("serve", "members", "queue", "cash", 150 * MICRO)
    claims = Promise("claim", "lots", (PromiseLine("claim", 900 * MICRO, 0),), 750 * MICRO, 750 * MICRO)
    return Waterfall(
        sold=1100 * MICRO,
        refunded=100 * MICRO,
        takers=(FED, Line("generation", "members", "upline", "coin", 50 * MICRO)),
        funds=(Fund("pool:queue", (FED,), (served,), 50 * MICRO, 0),),
        promises=(claims,),
        beside=(),
        forfeited={},
        cost=None,
        without_cost=7,
    )


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_it_says_in_words_what_was_taken_of_a_hundred_and_what_remains(account):
    said = words(waterfall_section(account))
    assert "Of every 100 yuan sold, less refunds, 5.00 were paid to members, 20.00 were put into pools." in said
    assert "Pools and reserve have paid 15.00 on to members. 75.00 remain with the shop" in said
    assert "not yet paid 待付: 75.00" in said


def test_it_says_plainly_when_more_than_everything_went_out(account):
    paid = Line("static", "members", "buyer", "cash", 900 * MICRO)
    said = words(waterfall_section(replace(account, takers=(FED, paid))))
    assert "More than all that was sold went out 支出超过销售额 : 110.00 of every 100." in said
    assert "The shop has put in 100.00 of its own" in said


def test_nothing_of_the_kind_is_said_of_a_plan_that_takes_all_but_no_more(account):
    paid = Line("static", "members", "buyer", "cash", 800 * MICRO)
    said = words(waterfall_section(replace(account, takers=(FED, paid))))
    assert "More than all" not in said
    assert "0.00 remain with the shop" in said


def test_a_margin_is_stated_only_where_every_order_tells_its_cost(account):
    said = words(waterfall_section(replace(account, cost=600 * MICRO)))
    assert "7 orders do not tell it, so no margin is stated" in said
    said = words(waterfall_section(replace(account, cost=600 * MICRO, without_cost=0)))
    assert "The goods cost 60.00 商品成本, which leaves 15.00 毛利." in said


def test_bars_fall_from_what_was_sold_to_what_remains(account):
    found = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", waterfall_section(account))
    assert found == [("0.00", "100.00"), ("80.00", "20.00"), ("75.00", "5.00"), ("0.00", "75.00")]


def test_bars_reach_below_zero_where_the_shop_pays_from_elsewhere(account):
    """1,000 sold, 1,250 paid: the scale has 1,250, of which 250 lie below zero."""
    paid = Line("static", "members", "buyer", "cash", 1250 * MICRO)
    found = re.findall(r"left:([\d.]+)%;width:([\d.]+)%", waterfall_section(replace(account, takers=(paid,))))
    assert found == [("20.00", "80.00"), ("0.00", "100.00"), ("0.00", "20.00")]


def test_the_tables_name_rules_people_and_assets_in_both_languages(account):
    said = words(waterfall_section(account))
    assert "into the pool 入池 pool of the queue 排队资金池 220.00 20.00 200.00 20.00" in said
    assert "generations 分享收益 referrers above 上级推荐人, coin 购物币 50.00 0.00 50.00 5.00" in said
    assert "queue service 排队释放 to the head of the queue 队首会员 150.00 0.00 150.00 75.00" in said


def test_a_run_whose_sales_were_all_refunded_has_no_parts_of_a_hundred(account):
    said = words(waterfall_section(replace(account, refunded=1100 * MICRO, takers=(), funds=(), promises=())))
    assert "Nothing is left of what was sold: 1,100.00 less refunds of 1,100.00." in said
    assert "of every 100" not in said


def test_a_run_in_which_nothing_moved_has_no_such_part(account):
    nothing = replace(account, sold=0, refunded=0, takers=(), funds=(), promises=())
    assert waterfall_section(nothing) == ""


def test_a_name_from_a_plan_cannot_become_markup(account):
    named = replace(account, takers=(Line("<b>", "pool:<i>", "", "<u>", MICRO),))
    html = waterfall_section(named)
    assert "<u>" not in html
    assert "&lt;i&gt;" in html
