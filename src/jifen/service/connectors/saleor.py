"""Saleor: webhooks whose payload is what a subscription asks for; the one that this needs stands in the documentation.

The signature is a detached JWS, by a key of Saleor's own; its public half is given when the connection is made. Saleor
signs other things with the same key, such as the tokens of those who sign in, so what is not detached is refused.
"""

import base64
import binascii
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from jifen.service.connectors.facts import (
    Cancelled,
    Connector,
    Fact,
    Message,
    Paid,
    Part,
    Reading,
    Refunded,
    Terms,
    Unusable,
)
from jifen.service.connectors.payload import (
    amount_of,
    id_of,
    items_of,
    loaded,
    moment_of,
    quantity_of,
    sku_of,
    stamp_of,
    text_in,
)

__all__ = ["CONNECTOR", "check_keys", "read", "signed"]

_KEY_BITS = 2048
_PAID_STATES = ("FULL", "OVERCHARGED")


def signed(message: Message, secret: str) -> bool:
    """Whether ``Saleor-Signature`` is that of the body, by one of the keys of a JWKS."""
    head, dot, rest = message.header("saleor-signature").partition("..")
    try:
        says = json.loads(_decoded(head))
        signature = _decoded(rest)
    except (ValueError, RecursionError):
        return False
    if not dot or not isinstance(says, dict) or says.get("alg") != "RS256" or says.get("crit", ["b64"]) != ["b64"]:
        return False
    body = message.body if says.get("b64", True) is False else base64.urlsafe_b64encode(message.body).rstrip(b"=")
    asked = head.encode() + b"." + body
    return any(_verifies(key, signature, asked) for key in _keys(secret))


def check_keys(secret: str) -> None:
    """Refuse a text that is no JWKS with a key of RSA: ``Unusable`` (``bad_secret``)."""
    try:
        keys = _keys(secret)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unusable("this is no JWKS: take what /.well-known/jwks.json of Saleor says", "bad_secret") from error
    if not keys or any(key.key_size < _KEY_BITS for key in keys):
        raise Unusable(f"a JWKS needs a key of RSA, of {_KEY_BITS} bits at least", "bad_secret")


def _keys(secret: str) -> list[RSAPublicKey]:
    found = [key for key in json.loads(secret)["keys"] if key["kty"] == "RSA" and key.get("use", "sig") == "sig"]
    return [RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key() for key in found]


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error


def _verifies(key: RSAPublicKey, signature: bytes, asked: bytes) -> bool:
    try:
        key.verify(signature, asked, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def read(message: Message, terms: Terms) -> Reading:
    """What an order says of itself."""
    topic, event = message.header("saleor-event")[:64], _event(loaded(message.body))
    issued, order = moment_of(event.get("issuedAt")), event.get("order")
    if not isinstance(order, dict):
        return Reading(topic, issued=issued)
    number, stamp = _local(order.get("id"), "order.id"), stamp_of(order.get("updatedAt"))
    facts: list[Fact] = []
    if order.get("status") == "CANCELED":
        facts.append(Cancelled(order=number, stamp=stamp))
    else:
        if order.get("chargeStatus") in _PAID_STATES:
            facts.append(_paid(order, number, stamp, terms))
        given_back = _money(order.get("totalRefunded", {"amount": 0}), "totalRefunded")
        if given_back:
            currency = str(order["totalRefunded"].get("currency"))
            facts.append(
                Refunded(order=number, number=str(given_back), currency=currency, amount=given_back, in_all=True)
            )
    return Reading(topic, number, tuple(facts), issued)


def _event(body: dict[str, Any]) -> dict[str, Any]:
    """What the subscription asked for: at the top, or below ``data`` and the name of the event."""
    inner = body.get("data")
    if isinstance(inner, dict) and len(inner) == 1:
        (only,) = inner.values()
        return only if isinstance(only, dict) else {}
    return body


def _paid(order: dict[str, Any], number: str, stamp: str, terms: Terms) -> Paid:
    user = order.get("user")
    goods = [
        _part(
            _local(line.get("id"), "lines.id"), line.get("totalPrice"), sku=sku_of(line.get("productSku")),
            quantity=quantity_of(line.get("quantity", 1)),
        )
        for line in items_of(order.get("lines"), "lines")
    ]  # fmt: skip
    shipping = [_part("shipping", order["shippingPrice"], extra=True)] if order.get("shippingPrice") else []
    total = _object(order.get("total"), "total")
    gross = _object(total.get("gross"), "total.gross")
    return Paid(
        order=number, customer=_local(user.get("id"), "user.id") if isinstance(user, dict) else None,
        currency=str(gross.get("currency")), whole=_money(gross, "total.gross"), parts=(*goods, *shipping), stamp=stamp,
        sponsor=text_in(items_of(order.get("metadata"), "metadata"), terms.sponsor_field, "key"),
    )  # fmt: skip


def _part(line: str, price: Any, *, extra: bool = False, sku: str | None = None, quantity: int = 1) -> Part:
    taxed = _object(price, "totalPrice")
    net, gross = _money(taxed.get("net"), "net"), _money(taxed.get("gross"), "gross")
    return Part(line=line, net=net, tax=gross - net, extra=extra, sku=sku, quantity=quantity)


def _money(value: Any, of: str) -> int:
    return amount_of(_object(value, of).get("amount"), of)


def _object(value: Any, of: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unusable(f"{of} is missing")
    return value


def _local(value: Any, of: str) -> str:
    """The id behind a global one, which is base64 of a type and an id."""
    try:
        return id_of(_decoded(str(value)).decode().partition(":")[2], of)
    except ValueError as error:
        raise Unusable(f"{of} is no id") from error


CONNECTOR = Connector("Saleor", signed, read, check_keys)
