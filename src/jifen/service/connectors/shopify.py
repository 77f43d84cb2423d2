"""Shopify: webhooks of the topics ``orders/paid``, ``orders/cancelled`` and ``refunds/create``.

What a message says is read from its body alone: the signature covers nothing else, and the header with the topic could
be another one. So an order counts as paid, or as cancelled, if it says so itself.
"""

from typing import Any

from jifen.service.connectors.facts import Cancelled, Connector, Fact, Message, Paid, Part, Reading, Refunded, Terms
from jifen.service.connectors.payload import (
    amount_of,
    check_shared_secret,
    hmac_signed,
    id_of,
    in_range,
    items_of,
    loaded,
    moment_of,
    quantity_of,
    sku_of,
    stamp_of,
    text_in,
)

__all__ = ["CONNECTOR", "read", "signed"]

_PAID_STATES = ("paid", "partially_refunded", "refunded")


def signed(message: Message, secret: str) -> bool:
    """Whether ``X-Shopify-Hmac-Sha256`` is that of the body."""
    return hmac_signed(message.body, secret, message.header("x-shopify-hmac-sha256"))


def read(message: Message, terms: Terms) -> Reading:
    """What an order, or a refund, says of itself."""
    topic, issued = message.header("x-shopify-topic")[:64], moment_of(message.header("x-shopify-triggered-at"))
    body = loaded(message.body)
    facts: tuple[Fact, ...] = ()
    if "refund_line_items" in body:
        number = id_of(body.get("order_id"), "order_id")
        facts = _refunds([body], number)
    elif "line_items" in body and "financial_status" in body:
        number = id_of(body.get("id"), "id")
        if body.get("cancelled_at") is not None:
            facts = (Cancelled(order=number, stamp=stamp_of(body.get("updated_at"))),)
        elif body["financial_status"] in _PAID_STATES:
            facts = (_paid(body, number, terms), *_refunds(items_of(body.get("refunds"), "refunds"), number))
    else:
        return Reading(topic, issued=issued)
    return Reading(topic, number, facts, issued)


def _paid(order: dict[str, Any], number: str, terms: Terms) -> Paid:
    inside = order.get("taxes_included") is True
    customer = order.get("customer")
    goods = [_part(line, inside, extra=False) for line in items_of(order["line_items"], "line_items")]
    shipping = [_part(line, inside, extra=True) for line in items_of(order.get("shipping_lines"), "shipping_lines")]
    return Paid(
        order=number, customer=id_of(customer.get("id"), "customer.id") if isinstance(customer, dict) else None,
        currency=str(order.get("currency")), whole=amount_of(order.get("total_price"), "total_price"),
        parts=(*goods, *shipping), stamp=stamp_of(order.get("updated_at")),
        sponsor=text_in(items_of(order.get("note_attributes"), "note_attributes"), terms.sponsor_field, "name"),
        test=order.get("test") is True,
    )  # fmt: skip


def _part(line: dict[str, Any], inside: bool, *, extra: bool) -> Part:
    """A line of goods or of shipping. ``price`` is that of a piece, before discounts."""
    quantity = 1 if extra else quantity_of(line.get("quantity", 1))
    discounts = items_of(line.get("discount_allocations"), "discount_allocations")
    price = amount_of(line.get("price"), "price") * quantity
    price -= sum(amount_of(each.get("amount"), "discount_allocations.amount") for each in discounts)
    taxes = items_of(line.get("tax_lines"), "tax_lines")
    tax = sum(amount_of(each.get("price"), "tax_lines.price") for each in taxes)
    net = in_range(price - tax if inside else price, "price")
    return Part(
        line=id_of(line.get("id"), "line_items.id"), net=net, tax=in_range(tax, "tax_lines.price"), extra=extra,
        sku=sku_of(line.get("sku")), quantity=quantity,
    )  # fmt: skip


def _refunds(refunds: list[dict[str, Any]], number: str) -> tuple[Refunded, ...]:
    """What was given back, by the money that moved."""
    found = []
    for refund in refunds:
        moved = [
            each for each in items_of(refund.get("transactions"), "transactions")
            if each.get("kind") == "refund" and each.get("status") == "success"
        ]  # fmt: skip
        if moved:
            amount = sum(amount_of(each.get("amount"), "transactions.amount") for each in moved)
            found.append(
                Refunded(
                    order=number, number=id_of(refund.get("id"), "refunds.id"), amount=amount,
                    currency="/".join(sorted({str(each.get("currency")) for each in moved})),
                    parts=_returned(refund, amount),
                )
            )  # fmt: skip
    return tuple(found)


def _returned(refund: dict[str, Any], amount: int) -> tuple[Part, ...]:
    """The lines of a refund, if they add up to the money that moved: with taxes inside of them, or beside them."""
    lines = [
        (
            id_of(line.get("line_item_id"), "line_item_id"), amount_of(line.get("subtotal"), "subtotal"),
            amount_of(line.get("total_tax", "0"), "total_tax"),
        )
        for line in items_of(refund.get("refund_line_items"), "refund_line_items")
    ]  # fmt: skip
    if sum(subtotal for _, subtotal, _ in lines) == amount:
        return tuple(Part(line=line, net=subtotal - tax, tax=tax) for line, subtotal, tax in lines)
    if sum(subtotal + tax for _, subtotal, tax in lines) == amount:
        return tuple(Part(line=line, net=subtotal, tax=tax) for line, subtotal, tax in lines)
    return ()


CONNECTOR = Connector("Shopify", signed, read, check_shared_secret)
