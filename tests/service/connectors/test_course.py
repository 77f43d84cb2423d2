"""What counts of an order and of its refunds, worked out by hand."""

import pytest
from tests.service.connectors.payloads import (
    saleor,
    saleor_order,
    shopify,
    shopify_order,
    shopify_refund,
    woo,
    woo_order,
)

from jifen.service.connectors.course import Course
from jifen.service.connectors.facts import Terms
from jifen.service.connectors.kinds import kind_of

FEN = 10_000


def course(kind, *messages, terms=None) -> Course:
    """What is known after some messages; it is written down and read again after each."""
    known = Course()
    for message in messages:
        for fact in kind_of(kind).read(message, terms or Terms()).facts:
            known.note(fact, "m", terms or Terms())
        known = Course.model_validate_json(known.model_dump_json())
    return known


def counted(known: Course) -> list[tuple[str, int]]:
    order = known.order("o")
    return [] if order is None else [(line.line, line.amount // FEN) for line in order.lines]


def given_back(known: Course) -> list[tuple[str, int]]:
    """What each refund gives back, in fen, and that it does so in whole ones."""
    refunds = list(known.refunds("o"))
    assert all(refund.amount % FEN == 0 for refund in refunds)
    return [(refund.id, refund.amount // FEN) for refund in refunds]


def woo_refunds(*totals: str) -> list[dict[str, object]]:
    return [{"id": 728 + place, "reason": "", "total": f"-{total}"} for place, total in enumerate(totals)]


@pytest.mark.parametrize(
    ("tax", "shipping", "lines", "half"),
    [
        (True, False, [("315", 6780), ("316", 4520)], 5650),
        (False, False, [("315", 6000), ("316", 4000)], 5000),
        (True, True, [("315", 6780), ("316", 4520), ("317", 1130)], 6215),
        (False, True, [("315", 6000), ("316", 4000), ("317", 1000)], 5500),
    ],
)
def test_taxes_and_shipping_count_if_the_terms_say_so_and_half_the_money_is_half_of_what_counts(
    tax, shipping, lines, half
):
    known = course("woocommerce", woo(woo_order(refunds=woo_refunds("62.15"))), terms=Terms(tax=tax, shipping=shipping))
    assert counted(known) == lines
    assert given_back(known) == [("o:refund:728", half)]


def test_refunds_of_sums_go_down_to_the_cent_and_the_last_one_gives_the_rest():
    """113.00 of 124.30 count: 10.00 are 9.0909…, 20.00 are 18.1818…, and what then is left is 113.00 − 18.18."""
    known = course("woocommerce", woo(woo_order(refunds=woo_refunds("10.00", "10.00", "104.30"))))
    assert given_back(known) == [("o:refund:728", 909), ("o:refund:729", 909), ("o:refund:730", 9482)]


def test_a_discount_that_is_written_as_a_fee_below_zero_is_taken_off_the_lines():
    """22.60 off goods of 67.80 and 45.20: 13.56 and 9.04, in proportion."""
    fee = [{"id": 319, "name": "Wallet", "total": "-20.00", "total_tax": "-2.60", "taxes": []}]
    known = course("woocommerce", woo(woo_order(fee_lines=fee, total="101.70")))
    assert counted(known) == [("315", 5424), ("316", 3616)]


def test_a_refund_with_lines_names_them():
    cup = {"id": 1, "line_item_id": 518995019, "quantity": 1, "subtotal": 40.0, "total_tax": 5.2}
    known = course("shopify", shopify(shopify_order()), shopify(shopify_refund("45.20", [cup])))
    assert counted(known) == [("466157049", 11300), ("518995019", 4520)]
    (refund,) = known.refunds("o")
    assert refund.lines == (("518995019", 4520 * FEN),)


def test_once_a_refund_has_named_no_line_those_after_it_name_none_either():
    """16.95 of 169.50 are a tenth: 15.82 of 158.20. With 45.20 more it is 62.15, so 58.0066…: 42.18 after the 15.82."""
    cup = {"id": 1, "line_item_id": 518995019, "quantity": 1, "subtotal": 40.0, "total_tax": 5.2}
    known = course(
        "shopify", shopify(shopify_order()), shopify(shopify_refund("16.95", [])),
        shopify(shopify_refund("45.20", [cup], id=2)),
    )  # fmt: skip
    refunds = list(known.refunds("o"))
    assert [(refund.amount // FEN, refund.lines) for refund in refunds] == [(1582, ()), (4218, ())]


def test_more_than_a_line_has_is_not_taken_from_it():
    cups = [{"id": 1, "line_item_id": 518995019, "quantity": 1, "subtotal": 60.0, "total_tax": 0}]
    known = course("shopify", shopify(shopify_order()), shopify(shopify_refund("60.00", cups)))
    assert [refund.lines for refund in known.refunds("o")] == [()]
    assert given_back(known) == [("o:refund:890088186047892319", 5600)]  # 158.20 × 60 ÷ 169.50 = 56


def test_saleor_says_what_was_given_back_in_all_and_older_messages_say_nothing_new():
    """169.50 of 180.80 count: a quarter is 42.375, so 42.37; a half is 84.75, so 42.38 more."""
    quarter = saleor(saleor_order(chargeStatus="PARTIAL", totalRefunded={"amount": 45.2, "currency": "CNY"}))
    half = saleor(saleor_order(chargeStatus="PARTIAL", totalRefunded={"amount": 90.4, "currency": "CNY"}))
    paid = saleor(saleor_order())
    known = course("saleor", paid, quarter, half, quarter, paid)
    assert [amount for _, amount in given_back(known)] == [4237, 4238]
    assert [amount for _, amount in given_back(course("saleor", half, quarter, paid))] == [8475]


def test_a_refund_waits_for_its_order():
    refund, paid = shopify(shopify_refund("16.95", [])), shopify(shopify_order())
    assert given_back(course("shopify", refund)) == []
    assert given_back(course("shopify", refund, paid)) == given_back(course("shopify", paid, refund))


def test_a_cancelled_order_gives_back_what_is_left_and_what_comes_later_nothing():
    cancelled = shopify(shopify_order(cancelled_at="2026-11-21T11:00:00+08:00"), "orders/cancelled")
    refund, paid = shopify(shopify_refund("16.95", [])), shopify(shopify_order())
    number = "o:refund:890088186047892319"
    assert given_back(course("shopify", paid, refund, cancelled, cancelled)) == [(number, 1582), ("o:cancel", 14238)]
    assert given_back(course("shopify", paid, cancelled, refund)) == [("o:cancel", 15820)]


def test_an_order_that_was_cancelled_since_counts_no_more_even_if_its_payment_is_told_later():
    late = woo(woo_order(status="cancelled", date_modified_gmt="2026-11-20T09:00:00"))
    assert counted(course("woocommerce", late, woo(woo_order()))) == []


def test_an_order_that_was_cancelled_because_nobody_paid_counts_when_the_money_comes():
    early = woo(woo_order(status="cancelled", date_modified_gmt="2026-11-20T08:00:00"))
    known = course("woocommerce", early, woo(woo_order()))
    assert (counted(known), given_back(known)) == ([("315", 6780), ("316", 4520)], [])


def test_what_was_paid_stays_though_lines_and_terms_change_later():
    paid, edited = (
        woo(woo_order()),
        woo(woo_order(total="1.00", line_items=[], date_modified_gmt="2026-11-22T08:00:00")),
    )
    known = course("woocommerce", paid, edited)
    for fact in kind_of("woocommerce").read(paid, Terms()).facts:
        known.note(fact, "another", Terms(tax=False))
    assert counted(known) == [("315", 6780), ("316", 4520)]


def test_an_order_of_nothing_is_none():
    free = [{"id": 315, "total": "0.00", "total_tax": "0.00", "quantity": 1}]
    known = course("woocommerce", woo(woo_order(line_items=free, shipping_lines=[], total="0.00")))
    assert (known.order("o"), given_back(known)) == (None, [])
