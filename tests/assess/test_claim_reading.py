"""Reading promises: what is found in a text, with which numbers, and what is not found."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jifen.assess.claim_reading import DAYS_MAX, TEXT_MAX, Claim, kinds, plain_text, read_claims


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
    ],
)
def test_a_daily_rate_is_read(text, share):
    assert (one(text).kind, one(text).share) == ("daily", share)


@pytest.mark.parametrize(
    ("text", "persons"),
    [("推3人回本", 3), ("推荐十个人就免单", 10), ("直推两人即可回本", 2), ("推三返一", 3),
     ("refer three friends and get your money back", 3)],
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
    ],
)  # fmt: skip
def test_words_without_numbers_are_read(text, kind):
    assert one(text).kind == kind


def test_every_example_that_is_offered_is_read_as_its_kind():
    for kind in kinds():
        assert {claim.kind for example in kind.examples for claim in read(example)} == {kind.name}


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
    ],
)
def test_another_no_in_the_text_denies_nothing(text):
    assert not one(text).denied


@pytest.mark.parametrize(
    "text", ["", "全国联保", "免费注册", "Free to join", "十万会员", "100", "。，！", "七天无理由退货"]
)
def test_what_is_no_claim_is_not_read(text):
    assert read(text) == []


def test_the_pieces_that_were_not_read_are_given_back():
    claims, unread = read_claims("100天全返，全国联保。好东西!")
    assert len(claims) == 1
    assert unread == ("全国联保", "好东西")


def test_numbers_that_nobody_promises_are_not_read_and_times_are_bounded():
    assert read(f"返{'9' * 40}倍") == []
    assert read("推99999人回本") == []
    assert one("99999999年全返").days == DAYS_MAX


def test_numerals_become_digits_and_words_with_a_zero_stay():
    assert plain_text("三千六百五十，二十，一百零五，两万，一二三") == "3650,20,105,20000,123"
    assert plain_text("零撸") == "零撸"


def test_a_long_text_is_read_to_its_bound():
    assert len(plain_text("天" * (TEXT_MAX * 2))) == TEXT_MAX


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
