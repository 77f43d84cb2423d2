"""Reading promises: what is found in a text, with which numbers, and what is not found."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jifen.assess.claim_reading import CLAIMS_MAX, DAYS_MAX, Claim, kinds, read_claims
from jifen.assess.plain_text import TEXT_MAX, plain_text, simple_text
from jifen.core.micros import MICRO


def read(text: str) -> list[Claim]:
    return list(read_claims(text)[0])


def one(text: str) -> Claim:
    (claim,) = read(text)
    return claim


@pytest.mark.parametrize(
    ("text", "times", "days"),
    [
        ("100天全返", 1, 100),
        ("１００ 天 全返", 1, 100),
        ("一百天内全额返还", 1, 100),
        ("三百六十五天回本", 1, 365),
        ("消费全返", 1, None),
        ("3倍出局", 3, None),
        ("返两倍", 2, None),
        ("购物返70%", Fraction(7, 10), None),
        ("半年翻倍", 2, 183),
        ("三个月返2.5倍", Fraction(5, 2), 90),
        ("money back in 100 days", 1, 100),
        ("All your money back within three months", 1, 90),
        ("2x in a year", 2, None),
        ("2x in one year", 2, 365),
        ("Double your money", 2, None),
        ("三百天 Double", 2, None),
        ("get 30% back in 100 days", Fraction(3, 10), 100),
        ("百日全返", 1, 100),
        ("十倍奉还", 10, None),
        ("百分百返还", 1, None),
        ("100天返70%", Fraction(7, 10), 100),
        ("回本只要一百天", 1, 100),
        ("100天拿回本金", 1, 100),
        ("钱会全部回来", 1, None),
        ("money back in one hundred days", 1, 100),
        ("three times your money back", 3, None),
        ("threefold return", 3, None),
        ("300% return in 90 days", 3, 90),
        ("You get everything back", 1, None),
    ],
)
def test_a_return_is_read_with_its_multiple_and_its_time(text, times, days):
    claim = one(text)
    assert (claim.kind, claim.times, claim.days) == ("full_return", times, days)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("每天1%", Fraction(1, 100)),
        ("日返千分之五", Fraction(5, 1000)),
        ("每天百分之一收益", Fraction(1, 100)),
        ("每日释放 1.2 %", Fraction(12, 1000)),
        ("1% a day", Fraction(1, 100)),
        ("a daily return of 0.5%", Fraction(5, 1000)),
        ("日化千五", Fraction(5, 1000)),
        ("日返百分之零点五", Fraction(5, 1000)),
        ("每日万分之五", Fraction(5, 10_000)),
        ("half a percent a day", Fraction(5, 1000)),
    ],
)
def test_a_daily_rate_is_read(text, share):
    assert (one(text).kind, one(text).share) == ("daily", share)


@pytest.mark.parametrize(
    ("text", "persons"),
    [("推3人回本", 3), ("推荐十个人就免单", 10), ("直推两人即可回本", 2), ("推三返一", 3),
     ("refer three friends and get your money back", 3), ("分享给3个朋友就能免单", 3), ("推荐3人，自己那单免费", 3),
     ("回本只需推3人", 3), ("money back if you refer 3 friends", 3), ("Refer three, get one back", 3),
     ("bring 3 friends, pay nothing", 3)],
)  # fmt: skip
def test_referrals_that_pay_for_oneself_are_read(text, persons):
    assert (one(text).kind, one(text).persons) == ("break_even", persons)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("只涨不跌", "only_rises"), ("积分永不下跌", "only_rises"), ("the price only rises", "only_rises"),
        ("零撸", "free"), ("白拿商品", "free"), ("free goods", "free"),
        ("稳赚不赔", "guaranteed"), ("保本", "guaranteed"), ("risk-free", "guaranteed"), ("零风险", "guaranteed"),
        ("静态收益", "income"), ("passive income", "income"),
        ("永远不跌", "only_rises"), ("越来越值钱", "only_rises"), ("won't fall", "only_rises"),
        ("0元购", "free"), ("零成本", "free"), ("you pay nothing", "free"), ("free of charge", "free"),
        ("no risk", "guaranteed"), ("risk free", "guaranteed"), ("没有任何风险", "guaranteed"),
        ("不亏本", "guaranteed"),
        ("本金有保障", "guaranteed"), ("躺着赚钱", "income"), ("不推荐也有收益", "income"),
    ],
)  # fmt: skip
def test_words_without_numbers_are_read(text, kind):
    assert one(text).kind == kind


def test_every_example_that_is_offered_is_read_as_its_kind():
    for kind in kinds():
        assert {claim.kind for example in kind.examples for claim in read(example)} == {kind.name}


def test_a_whole_leaflet_is_read_claim_by_claim():
    leaflet = (
        "消费满3000元，每天返千分之十二，250%出局，10天回本90天翻番，推三人直接回本，"
        "积分只涨不跌，零风险稳赚不赔，不承诺收益，国家认可！"
    )
    claims, unread = read_claims(leaflet)
    assert [(each.kind, each.denied) for each in claims] == [
        ("daily", False), ("full_return", False), ("full_return", False), ("full_return", False),
        ("break_even", False), ("only_rises", False), ("guaranteed", False), ("guaranteed", False),
        ("guaranteed", True),
    ]  # fmt: skip
    assert [(each.times, each.days) for each in claims[1:4]] == [(Fraction(5, 2), None), (1, 10), (2, 90)]
    assert unread == ("消费满3000元", "国家认可")


def test_one_sentence_may_make_several_claims_in_their_order():
    claims = read("推三人回本，100天全返，每天返1% 只涨不跌！")
    assert [claim.kind for claim in claims] == ["break_even", "full_return", "daily", "only_rises"]


@pytest.mark.parametrize(
    "text",
    [
        "不保本",
        "我们不承诺保本",
        "没有稳赚",
        "并非稳赚",
        "not guaranteed",
        "Nobody is guaranteed",
        "This is no passive income",
        "这不代表稳赚",
        "非全返",
        "禁止宣传保本",
        "稳赚是不可能的",
        "哪有稳赚的事",
    ],
)
def test_what_is_denied_is_read_as_denied(text):
    assert one(text).denied


@pytest.mark.parametrize(
    "text",
    [
        "不用推人100天全返",
        "无需推荐，保本",
        "not only 2x",
        "毫无疑问稳赚",
        "Not legal advice. Guaranteed.",
        "不限名额，全返",
        "没有人不回本",
        "不是不保本",
        "不可能不返本",
        "谁说不保本",
        "无条件全返",
        "there is no way you will not get your money back",
    ],
)
def test_another_no_in_the_text_denies_nothing(text):
    assert not one(text).denied


@pytest.mark.parametrize(
    "text",
    [
        "",
        "全国联保",
        "免费注册",
        "Free to join",
        "十万会员",
        "100",
        "。，！",
        "七天无理由退货",
        "确保本店商品为正品",
        "15天返修",
        "免费包邮",
        "正品保证",
        "free returns",
        "order 3 times a week",
        "feel free to ask",
        "返本店购物币",
        "消费1000得2000积分",
        "年化36%",
    ],
)
def test_what_is_no_claim_is_not_read(text):
    assert read(text) == []


def test_the_pieces_that_were_not_read_are_given_back():
    claims, unread = read_claims("100天全返，全国联保。好东西!")
    assert len(claims) == 1
    assert unread == ("全国联保", "好东西")


@pytest.mark.parametrize(
    ("text", "share", "amount", "days"),
    [("每月返10%", Fraction(1, 10), None, 30), ("每三天返5%", Fraction(1, 20), None, 3),
     ("5% per week", Fraction(1, 20), None, 7),
     ("每天返50元", None, 50, 1), ("earn $10 a day", None, 10, 1), ("300 yuan per month", None, 300, 30)],
)  # fmt: skip
def test_a_rate_has_its_period_and_may_be_a_sum(text, share, amount, days):
    claim = one(text)
    assert (claim.kind, claim.share, claim.days) == ("daily", share, days)
    assert claim.amount == (None if amount is None else amount * MICRO)


@pytest.mark.parametrize(
    "text",
    ["消费1000返3000", "花一千，返三千", "买1,000元得3,000元", "Spend $1,000, get $3,000 back", "花0.1万返0.3万"],
)
def test_a_return_of_an_order_that_is_named_has_the_order(text):
    claim = one(text)
    assert (claim.kind, claim.times, claim.order) == ("full_return", 3, 1000 * MICRO)


@pytest.mark.parametrize(
    "text", ["只漲不跌", "穩賺不賠", "全\u200b返", "稳·赚", "保-本", "ＦＲＥＥ　ＭＯＮＥＹ", "GUARANTEED"]
)
def test_script_width_and_what_cannot_be_seen_hide_nothing(text):
    assert one(text)


@pytest.mark.parametrize(
    ("text", "unread"),
    [("三人成团免单", ("3人成团",)), ("静态收益1%", ("1%",)), ("如果每天增长，全返", ("如果每天增长",)),
     ("Money back unless sales stop", ("unless sales stop",)), ("购物全返好开心", ())],
)  # fmt: skip
def test_a_number_or_a_condition_beside_a_claim_is_not_passed_over(text, unread):
    assert read_claims(text)[1] == unread


def test_a_claim_that_comes_twice_is_read_once_and_there_is_a_most():
    assert len(read("保本，保本")) == 1
    claims, unread = read_claims("，".join(f"返{times}倍" for times in range(2, CLAIMS_MAX + 4)))
    assert (len(claims), unread) == (CLAIMS_MAX, ("返52倍", "返53倍"))


def test_numbers_that_nobody_promises_are_not_read_and_times_are_bounded():
    assert read(f"返{'9' * 40}倍") == []
    assert read("推99999人回本") == []
    assert read("返0倍，返0%，每天0%，花0返100") == []
    assert one("99999999年全返").days == DAYS_MAX


def test_numerals_become_digits_and_words_with_a_zero_stay():
    assert plain_text("三千六百五十，二十，一百零五，两万，一二三") == "3650,20,105,20000,123"
    assert plain_text("零撸") == "零撸"
    assert plain_text("1万，3千，2.5万，一点二") == "10000,3000,25000,1.2"
    assert plain_text("二" * 30) == "二" * 30
    assert simple_text("靜態收益　ＡＢＣ") == "静态收益　abc".replace("　", " ")


def test_a_long_text_is_read_to_its_bound():
    assert len(plain_text("天" * (TEXT_MAX * 2))) == TEXT_MAX
    assert read_claims("天" * TEXT_MAX + "全返")[1][-1] == "全返…"


_WORDS = st.sampled_from(
    ["全返", "100", "天", "一百", "倍", "%", "每天", "推", "人", "回本", "百分之", "千分之", "万亿", "零", "半", "．",
     "‰", "x", "money back", "in", "days", " ", "，", ".", "free", "not", "不", "保本", "\x00", "𝟙", "½", "(", "\\",
     "{", "}"],
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(_WORDS, max_size=14).map("".join)))
def test_no_text_makes_reading_fail(text):
    claims, unread = read_claims(text)
    assert all(claim.kind in {kind.name for kind in kinds()} for claim in claims)
    assert all(piece for piece in unread)
