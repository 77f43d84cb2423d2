"""WooCommerce: webhooks of orders, whose body is the order as its REST API (v3) gives it.

Each message is the order as it now is, with all its refunds; so it matters little which ones arrive, and in which
order. What it says is read from the body alone: the signature covers nothing else.
"""

import re
from typing import Any

from jifen.service.connectors.facts import Cancelled, Connector, Fact, Message, Paid, Part, Reading, Refunded, Terms
from jifen.service.connectors.payload import (
    amount_of,
    check_shared_secret,
    hmac_signed,
    id_of,
    items_of,
    loaded,
    quantity_of,
    sku_of,
    stamp_of,
    text_in,
)

__all__ = ["CONNECTOR", "read", "signed"]

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_PAID_STATES, _UNPAID_STATES = ("completed", "refunded"), ("pending", "on-hold", "failed", "trash")


def signed(message: Message, secret: str) -> bool:
    """Whether ``X-WC-Webhook-Signature`` is that of the body."""
    return hmac_signed(message.body, secret, message.header("x-wc-webhook-signature"))


def read(message: Message, terms: Terms) -> Reading:
    """What an order says of itself."""
    topic = message.header("x-wc-webhook-topic")[:64]
    order = loaded(message.body)
    if "line_items" not in order or "status" not in order:
        return Reading(topic)
    number, status = id_of(order.get("id"), "id"), order["status"]
    stamp = stamp_of(order.get("date_modified_gmt"))
    if status == "cancelled":
        return Reading(topic, number, (Cancelled(order=number, stamp=stamp),))
    is_paid = status in _PAID_STATES or (order.get("date_paid_gmt") is not None and status not in _UNPAID_STATES)
    facts: list[Fact] = [_paid(order, number, stamp, terms)] if is_paid else []
    return Reading(topic, number, (*facts, *_refunds(order, number)))


def _paid(order: dict[str, Any], number: str, stamp: str, terms: Terms) -> Paid:
    customer = id_of(order.get("customer_id", 0), "customer_id")
    goods = [
        Part(
            line=id_of(line.get("id"), "line_items.id"), net=amount_of(line.get("total"), "line_items.total"),
            tax=amount_of(line.get("total_tax", "0"), "line_items.total_tax"), sku=sku_of(line.get("sku")),
            quantity=quantity_of(line.get("quantity", 1)),
        )
        for line in items_of(order["line_items"], "line_items")
    ]  # fmt: skip
    extras = [
        Part(
            line=id_of(line.get("id"), f"{kind}.id"), net=amount_of(line.get("total"), f"{kind}.total"),
            tax=amount_of(line.get("total_tax", "0"), f"{kind}.total_tax"), extra=True,
        )
        for kind in ("shipping_lines", "fee_lines")
        for line in items_of(order.get(kind), kind)
    ]  # fmt: skip
    return Paid(
        order=number, customer=None if customer == "0" else customer, currency=str(order.get("currency")),
        whole=amount_of(order.get("total"), "total"), parts=(*goods, *extras), stamp=stamp,
        sponsor=text_in(items_of(order.get("meta_data"), "meta_data"), terms.sponsor_field, "key"),
    )  # fmt: skip


def _refunds(order: dict[str, Any], number: str) -> list[Refunded]:
    """The refunds of an order, oldest first: of each there is the sum, which is written below 0."""
    found = [
        Refunded(
            order=number, number=id_of(refund.get("id"), "refunds.id"), currency=str(order.get("currency")),
            amount=abs(amount_of(refund.get("total"), "refunds.total")),
        )
        for refund in items_of(order.get("refunds"), "refunds")
    ]  # fmt: skip
    return sorted(found, key=lambda refund: (len(refund.number), refund.number))


def _greeting(message: Message) -> bool:
    """What WooCommerce sends when a webhook is saved."""
    return _PING.fullmatch(message.body) is not None


CONNECTOR = Connector("WooCommerce", signed, read, check_shared_secret, _greeting)
