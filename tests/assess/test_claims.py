"""Promises held against plans: the figures by hand, and the examples as the engine has them."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.shop import Shop

from jifen.assess.claim_case import LOTS_MAX, order_amounts
from jifen.assess.claims import Answer, judge
from jifen.assess.texts import LANGUAGES, Statement, say
from jifen.core.errors import InputError
from jifen.core.micros import MICRO
from jifen.plan import load_plan

COST = Fraction(1, 5)
FILE = "claim_answers.yaml"


def answer(plan: str, text: str, order: int | None = None, cost: Fraction = COST, **params: object) -> Answer:
    order = None if order is None else order * MICRO
    (found,) = judge(load_plan(plan, params), text, cost, order).answers
    return found


@pytest.fixture
def root(request):
    return request.config.rootpath


def said(statements: tuple[Statement, ...], code: str) -> dict[str, object]:
    (found,) = [each for each in statements if each.name == code]
    return dict(found.numbers)


def codes(statements: tuple[Statement, ...]) -> list[str]:
    return [each.name for each in statements]


# -- points released day by day -------------------------------------------------------------------------------------


def test_all_back_in_a_hundred_days_is_true_only_while_sales_grow():
    """An order leaves 0.8 and promises 1.0. Day n of constant sales pays 0.01 for each of at most a hundred earlier
    orders: after day 101 there are 101 × 0.8 - 0.01 × 5050 = 30.3 orders, and 0.2 less every day: none on day 253."""
    found = answer("points_dividend", "100天全返")
    assert found.verdict == "conditional"
    numbers = said(found.conditions, "grow")
    assert (numbers["inflow"], numbers["promised"]) == (Fraction(8, 10), 1)
    assert abs(numbers["growth"] - 0.004603) < 0.000005
    end = said(found.examples, "cash_ends")
    assert (end["day"], end["members"], end["unpaid"]) == (253, 253, 100)
    assert end["owed"] == sum(range(1, 101)) * 10 * MICRO


def test_a_shorter_time_is_refuted_by_what_the_first_member_has_by_then():
    found = answer("points_dividend", "50天全返")
    assert found.verdict == "refuted"
    numbers = said(found.examples, "member_has")
    assert (numbers["bought"], numbers["day"], numbers["has"]) == (1, 51, 500 * MICRO)
    assert numbers["claimed"] == 1000 * MICRO


def test_more_than_an_order_entitles_to_is_refuted():
    found = answer("points_dividend", "3倍出局", points_per_yuan="1.2")
    numbers = said(found.examples, "promises_less")
    assert (found.verdict, numbers["entitled"], numbers["claimed"]) == ("refuted", 1200 * MICRO, 3000 * MICRO)


def test_without_cost_of_goods_the_shop_must_keep_what_it_takes():
    found = answer("points_dividend", "100天全返", cost=Fraction(0))
    assert found.verdict == "conditional"
    assert said(found.conditions, "kept") == {"net": 0}


def test_the_best_tier_counts_and_the_order_it_takes_is_told():
    assert [amount // MICRO for amount in order_amounts(load_plan("green_points"))] == [3000, 9000, 27000, 51000]
    found = answer("green_points", "返3倍")
    assert found.verdict == "conditional"
    assert said(found.conditions, "orders_from") == {"order": 9000 * MICRO}
    assert answer("green_points", "返3倍", order=3000).verdict == "refuted"
    assert answer("green_points", "返5倍").verdict == "refuted"


def test_a_daily_rate_holds_until_all_is_paid():
    found = answer("points_dividend", "每天1%")
    assert said(found.conditions, "until") == {"times": 1, "days": 100}
    refuted = answer("points_dividend", "每天2%")
    numbers = said(refuted.examples, "day_pays")
    assert (refuted.verdict, numbers["paid"], numbers["claimed"]) == ("refuted", 10 * MICRO, 20 * MICRO)


def test_if_sales_stop_what_is_owed_and_what_is_there_are_told():
    """After day 100 each of a hundred orders is owed 1000 less 10 for every day since: 50,500; 0.8 × 100,000 came in
    and 49,500 went out."""
    numbers = said(answer("points_dividend", "稳赚").examples, "sales_end")
    assert (numbers["unpaid"], numbers["owed"], numbers["held"]) == (100, 50_500 * MICRO, 30_500 * MICRO)


def test_a_return_of_the_price_is_no_income():
    assert codes(answer("points_dividend", "静态收益").examples) == ["no_income"]
    assert answer("points_dividend", "静态收益", points_per_yuan="1.2").verdict == "conditional"


# -- what is put aside ----------------------------------------------------------------------------------------------

_KEPT = {"reserve_share": "100%", "pay_asset": "cash"}


def test_what_is_put_aside_from_the_same_order_in_cash_is_true():
    """A prepayment, settled after 7 days, released 2 % a day from the day after: the last on day 57."""
    for text in ("57天全返", "全返", "保本", "not guaranteed"):
        found = answer("prepaid_release", text, **_KEPT)
        assert found.verdict == ("refuted" if found.claim.denied else "true")
    assert answer("prepaid_release", "56天全返", **_KEPT).verdict == "refuted"


def test_coin_is_no_cash_and_a_reserve_that_is_short_guarantees_nothing():
    coin = answer("prepaid_release", "全返")
    assert (coin.verdict, codes(coin.conditions)) == ("conditional", ["set_aside", "as_asset"])
    assert answer("prepaid_release", "保本", **_KEPT | {"reserve_share": "99%"}).verdict == "refuted"


def test_a_reserve_that_is_short_must_be_topped_up():
    """25 % is promised over 50 days and 20 % put aside: nobody who bought early enough has all of it in time."""
    found = answer("funded_points", "57天返0.25倍", reserve_share="20%")
    assert said(found.conditions, "top_up") == {"lacks": Fraction(5, 100), "promised": Fraction(25, 100)}
    numbers = said(found.examples, "member_has")
    assert numbers["has"] < numbers["claimed"] == 250 * MICRO
    assert answer("funded_points", "57天返0.25倍").verdict == "true"


# -- prices, queues, referrals --------------------------------------------------------------------------------------


def test_a_price_that_only_rises_says_nothing_of_value():
    found = answer("appreciation", "只涨不跌")
    assert found.verdict == "conditional"
    assert said(found.conditions, "quoted_price") == {"minted": Fraction(7, 10), "fee": Fraction(2, 10)}
    assert said(found.examples, "ceiling") == {"share": Fraction(3, 10)}


@pytest.mark.parametrize(
    ("params", "event", "before", "after"),
    [
        # Three orders: 900 in the pool; 2000/1071. The third undone: the price of two, 200/119.
        ({"refund_mode": "exact_undo"}, "refund", Fraction(2000, 1071), Fraction(200, 119)),
        # A grant worth 1000 at that price against 900 in the pool.
        ({"allow_unbacked_mint": True}, "grant", Fraction(2000, 1071), Fraction(2000, 1071) * Fraction(900, 1900)),
    ],
)
def test_a_price_that_falls_is_shown_by_the_event(params, event, before, after):
    found = answer("appreciation", "只涨不跌", **params)
    (numbers,) = [each.numbers for each in found.examples]
    assert (found.verdict, numbers["event"]) == ("refuted", event)
    assert abs(numbers["before"] - before) < Fraction(1, 10**6)
    assert abs(numbers["price"] - after) < Fraction(1, 10**6)


def test_a_new_start_at_the_launch_price_is_a_fall():
    found = answer("appreciation", "the price only rises", zero_supply="launch_price")
    assert [each.numbers["event"] for each in found.examples] == ["relaunch"]


def test_a_queue_pays_a_fifth_and_the_twenty_first_of_a_hundred_has_nothing():
    found = answer("rebate_queue", "全返")
    numbers = said(found.examples, "member_has")
    assert (found.verdict, numbers["member"], numbers["members"], numbers["has"]) == ("refuted", 21, 100, 0)
    assert said(found.examples, "all_ceiling") == {"share": Fraction(1, 5)}
    assert said(found.examples, "never_paid") == {"share": Fraction(4, 5)}


def test_no_exit_is_reached_by_all():
    found = answer("appreciation", "2倍出局")
    assert said(found.examples, "exit_ceiling") == {"share": Fraction(1875, 10_000)}
    assert said(found.examples, "member_sells")["has"] < 1000 * MICRO


def test_three_referrals_pay_for_one_and_for_a_third_of_members_at_most():
    found = answer("refer_three", "推三人回本")
    assert found.verdict == "conditional"
    numbers = said(found.examples, "few_members")
    assert (numbers["members"], numbers["most"], numbers["share"]) == (100, 33, Fraction(1, 3))
    two = answer("refer_three", "推2人回本")
    assert (two.verdict, said(two.examples, "referrer_has")["has"]) == ("refuted", 300 * MICRO)


def test_nothing_is_free_that_is_paid_for():
    for plan in ("points_dividend", "appreciation", "member_rebate"):
        assert answer(plan, "零撸").verdict == "refuted"


def test_a_text_is_what_its_worst_claim_is_and_one_without_a_claim_is_unread():
    plan = load_plan("points_dividend")
    assert judge(plan, "100天全返，只涨不跌", COST).verdict == "refuted"
    assert judge(plan, "100天全返，好东西", COST).verdict == "conditional"
    assert judge(plan, "好东西", COST).verdict == "unread"


def test_an_order_of_too_many_lots_is_refused():
    most = LOTS_MAX * 1000
    assert answer("three_for_one", "零撸", order=most).verdict == "refuted"
    with pytest.raises(InputError, match="too many lots"):
        answer("three_for_one", "零撸", order=most + 1)


def test_who_denies_what_is_refuted_is_right():
    assert answer("points_dividend", "不保本").verdict == "true"
    denied = judge(load_plan("points_dividend"), "不承诺100天全返", COST).answers
    assert [(each.claim.kind, each.verdict) for each in denied] == [
        ("guaranteed", "true"),
        ("full_return", "conditional"),
    ]


def test_who_waits_in_a_line_has_nothing_though_the_sum_would_do():
    """A fifth of sales pays every fifth member the whole; the twenty-first of a hundred has nothing of his 20 %."""
    found = answer("rebate_queue", "返20%")
    numbers = said(found.examples, "member_has")
    assert (found.verdict, numbers["member"], numbers["has"]) == ("refuted", 21, 0)
    thirds = answer("three_for_one", "返20%")
    assert (thirds.verdict, said(thirds.examples, "never_paid")) == ("refuted", {"share": Fraction(67, 100)})


def test_a_share_that_all_have_who_sell_is_told_with_all_of_them():
    """A hundred orders of 1000 put 30,000 into the pool; nobody who sells has less than a fifth."""
    found = answer("appreciation", "返20%")
    assert (found.verdict, said(found.conditions, "all_sell")) == ("conditional", {"members": 100, "day": 100})
    half = answer("appreciation", "返50%")
    assert (half.verdict, said(half.examples, "all_ceiling")) == ("refuted", {"share": Fraction(30, 100)})
    assert "all_ceiling" not in codes(answer("refer_three_appreciation", "返60%").examples)


def test_so_much_in_so_many_days_is_held_against_what_is_paid_in_them():
    """10 a day: 300 in 30 days, 70 in a week; a queue pays in one piece, long after."""
    assert answer("points_dividend", "每月返30%").verdict == "conditional"
    refuted = answer("points_dividend", "每月返31%")
    numbers = said(refuted.examples, "period_pays")
    assert (numbers["paid"], numbers["claimed"], numbers["days"]) == (300 * MICRO, 310 * MICRO, 30)
    assert answer("points_dividend", "7% a week").verdict == "conditional"
    assert answer("points_dividend", "8% a week").verdict == "refuted"
    # 24 % come back in all, 0.24 % a day: a year pays no more than all of it.
    assert answer("member_rebate", "每年返24%").verdict == "conditional"
    assert answer("member_rebate", "每年返25%").verdict == "refuted"


def test_a_sum_a_day_says_how_large_an_order_must_be():
    """1 % a day of 5000 is 50; the lowest tier's 1.2 % a day of 4166.67 is 50.00004, in the tier below 9000."""
    found = answer("points_dividend", "每天返50元")
    assert (found.verdict, said(found.conditions, "orders_from")) == ("conditional", {"order": 5000 * MICRO})
    fixed = answer("points_dividend", "每天返50元", order=1000)
    assert (fixed.verdict, said(fixed.examples, "day_pays")["paid"]) == ("refuted", 10 * MICRO)


def test_a_claim_that_names_its_order_is_held_against_that_order():
    """Below 3000 green points give nothing; 9000 give 27,000 in the second tier."""
    nothing = answer("green_points", "消费1000返3000")
    assert (nothing.verdict, codes(nothing.examples)[0]) == ("refuted", "no_promise")
    assert answer("green_points", "消费9000返27000").verdict == "conditional"
    assert answer("green_points", "消费9000返27001").verdict == "refuted"
    assert answer("three_for_one", "消费9999999返9999999").verdict == "refuted"


def test_referrals_within_a_time_are_held_against_that_day():
    """Three referrals release 20 % of 3000 at once, then 10 a day: 600 and 10 a day make 1000 on day 41."""
    assert answer("points_dividend", "推3人40天回本").verdict == "conditional"
    found = answer("points_dividend", "推3人39天回本")
    numbers = said(found.examples, "referrer_has")
    assert (found.verdict, numbers["day"], numbers["has"]) == ("refuted", 40, 990 * MICRO)


def test_what_comes_back_at_once_counts(root):
    """Half of every order of 1000 is paid when it has settled, after 7 days; the whole costs more than orders bring."""
    plan = load_plan(root / "tests/assess/plans/cash_back.yaml")
    assert [judge(plan, text, COST).verdict for text in ("返50%", "7天返50%", "6天返50%", "全返")] == [
        "true", "true", "refuted", "refuted",
    ]  # fmt: skip
    whole = load_plan(root / "tests/assess/plans/cash_back.yaml", {"daily_rate": "100%"})
    (found,) = judge(whole, "保本", COST).answers
    waiting = said(found.examples, "sales_end")
    assert (waiting["unpaid"], waiting["owed"], waiting["held"]) == (7, 7000 * MICRO, -13_000 * MICRO)


# -- never called true what the engine shows to be false ------------------------------------------------------------


def holds_for_everyone(plan, times: Fraction, days: int) -> bool:
    """A shop of its own: 15 members, one a day, then no more sales; who has not got it in time, or out of no money."""
    shop, count = Shop(plan), 15
    sku = next(iter(plan.params["skus"] or ()), None)
    got: dict[int, list[int]] = {}
    for day in range(count + days + 1):
        if day < count:
            shop.join(**{f"m{day}": None})
            shop.order(f"o{day}", f"m{day}", "1000", **({"sku": sku} if sku else {}))
        shop.close()
        got[day] = [shop.cash(f"m{member}") for member in range(min(day + 1, count))]
        taken_in = min(day + 1, count) * 1000 * MICRO * (1 - COST)
        if plan.params["funding"] == "merchant" and sum(got[day]) > taken_in:
            return False
    return all(got[member + days][member] >= times * 1000 * MICRO for member in range(count))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_is_called_true_holds_for_every_member_even_when_sales_stop(seed):
    random = Random(seed)
    points = random.choice(["0.5", "1"])
    plan = load_plan(
        "prepaid_release",
        {
            "points_per_yuan": points,
            "reserve_share": random.choice(["40%", "100%", "100%"]),
            "daily_rate": random.choice(["5%", "10%", "33%"]),
            "refund_days": random.choice([0, 7]),
            "pay_asset": random.choice(["cash", "cash", "coin"]),
            "funding": random.choice(["reserve", "reserve", "merchant"]),
        },
    )
    days = random.choice([3, 10, 20, 30])
    times = random.choice([Fraction(1, 2), Fraction(1), Fraction(5, 4)])
    (found,) = judge(plan, f"{days}天返{float(times)}倍", COST).answers
    if found.verdict == "true":
        assert holds_for_everyone(plan, times, days)
    elif found.verdict == "refuted" and not any(each.name == "sales_end" for each in found.examples):
        assert not holds_for_everyone(plan, times, days)


@settings(max_examples=60, deadline=None)
@given(text=st.lists(st.sampled_from([
    "100天", "全返", "3倍", "每天1%", "推3人", "回本", "稳赚", "零撸", "只涨不跌", "静态收益", "不", "，", "0",
    "money back",
]), max_size=8).map("".join))  # fmt: skip
def test_no_text_makes_judging_fail_and_every_refutation_has_an_example(text):
    judgement = judge(load_plan("three_for_one"), text, COST)
    for found in judgement.answers:
        assert found.claim.denied or found.verdict != "refuted" or found.examples
        assert found.verdict != "conditional" or found.conditions
        for statement in (*found.conditions, *found.examples):
            assert all(say(FILE, statement, language) for language in LANGUAGES)
