"""Messages of foreign shops, in the shapes of their public documentation. The people in them are made up.

What is in them that we do not read stands there to show that it is not kept.
"""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from jifen.service.connectors.facts import Message

__all__ = [
    "JWKS", "KEY", "PUBLIC", "SECRET", "saleor", "saleor_order", "shopify", "shopify_order", "shopify_refund", "woo",
    "woo_order",
]  # fmt: skip

SECRET = "a secret of thirty-two letters ok"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
JWKS = json.dumps({"keys": [{**PUBLIC, "use": "sig", "kid": "1"}]})
BILLING = {
    "first_name": "Quillon", "last_name": "Made-Up", "address_1": "1 Nowhere Lane", "city": "Elsewhere",
    "postcode": "ZZ9 9ZZ", "country": "CN", "email": "quillon@example.com", "phone": "+8613900000000",
}  # fmt: skip


def body_of(payload: Any) -> bytes:
    return json.dumps(payload).encode()


def shared(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def woo(payload: Any, topic: str = "order.updated", secret: str = SECRET) -> Message:
    body = body_of(payload)
    headers = {
        "content-type": "application/json", "user-agent": "WooCommerce/10.2 Hookshot (WordPress/6.8)",
        "x-wc-webhook-source": "https://shop.example.com/", "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": "order", "x-wc-webhook-event": topic.partition(".")[2],
        "x-wc-webhook-signature": shared(body, secret), "x-wc-webhook-id": "3",
        "x-wc-webhook-delivery-id": "36e520ebabc2fa725092ff4a47acedf2",
    }  # fmt: skip
    return Message(headers, body)


def woo_order(**changed: Any) -> dict[str, Any]:
    """An order of 60.00 and 40.00 with 13 % of tax, and 10.00 of shipping with 1.30: 124.30 in all."""
    return {
        "id": 727, "parent_id": 0, "number": "727", "order_key": "wc_order_58d2d042d1d", "created_via": "checkout",
        "version": "10.2.1", "status": "processing", "currency": "CNY", "date_created": "2026-11-20T16:28:02",
        "date_created_gmt": "2026-11-20T08:28:02", "date_modified": "2026-11-20T16:30:00",
        "date_modified_gmt": "2026-11-20T08:30:00", "discount_total": "0.00", "discount_tax": "0.00",
        "shipping_total": "10.00", "shipping_tax": "1.30", "cart_tax": "13.00", "total": "124.30",
        "total_tax": "14.30", "prices_include_tax": False, "customer_id": 17, "customer_ip_address": "192.0.2.7",
        "customer_user_agent": "Mozilla/5.0", "customer_note": "", "billing": BILLING, "shipping": BILLING,
        "payment_method": "alipay", "payment_method_title": "Alipay", "transaction_id": "",
        "date_paid": "2026-11-20T16:29:00", "date_paid_gmt": "2026-11-20T08:29:00", "date_completed": None,
        "date_completed_gmt": None, "cart_hash": "", "meta_data": [{"id": 13106, "key": "_invite", "value": "wang88"}],
        "line_items": [
            {
                "id": 315, "name": "Tea", "product_id": 93, "variation_id": 0, "quantity": 2, "tax_class": "",
                "subtotal": "60.00", "subtotal_tax": "7.80", "total": "60.00", "total_tax": "7.80",
                "taxes": [{"id": 75, "total": "7.8", "subtotal": "7.8"}], "meta_data": [], "sku": "TEA-01", "price": 30,
            },
            {
                "id": 316, "name": "Cup", "product_id": 22, "variation_id": 23, "quantity": 1, "tax_class": "",
                "subtotal": "40.00", "subtotal_tax": "5.20", "total": "40.00", "total_tax": "5.20",
                "taxes": [{"id": 75, "total": "5.2", "subtotal": "5.2"}], "meta_data": [], "sku": "", "price": 40,
            },
        ],
        "tax_lines": [{"id": 318, "rate_code": "CN-VAT-1", "tax_total": "13.00", "shipping_tax_total": "1.30"}],
        "shipping_lines": [{"id": 317, "method_title": "Courier", "total": "10.00", "total_tax": "1.30", "taxes": []}],
        "fee_lines": [], "coupon_lines": [], "refunds": [],
    } | changed  # fmt: skip


def shopify(payload: Any, topic: str = "orders/paid", at: str = "", secret: str = SECRET) -> Message:
    body = body_of(payload)
    headers = {
        "content-type": "application/json", "x-shopify-topic": topic, "x-shopify-hmac-sha256": shared(body, secret),
        "x-shopify-shop-domain": "made-up.myshopify.com", "x-shopify-api-version": "2026-10",
        "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    }  # fmt: skip
    return Message(headers | ({"x-shopify-triggered-at": at} if at else {}), body)


def money(amount: str) -> dict[str, Any]:
    both = {"amount": amount, "currency_code": "CNY"}
    return {"shop_money": both, "presentment_money": both}


def shopify_order(**changed: Any) -> dict[str, Any]:
    """2 × 60.00 with 20.00 off and 13.00 of tax, 40.00 with 5.20, shipping of 10.00 with 1.30: 169.50 in all."""
    return {
        "id": 820982911946154508, "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
        "cancel_reason": None, "cancelled_at": None, "contact_email": "quillon@example.com",
        "created_at": "2026-11-20T16:28:02+08:00", "currency": "CNY", "email": "quillon@example.com",
        "financial_status": "paid", "name": "#9999", "note": None, "note_attributes": [], "order_number": 1234,
        "phone": None, "presentment_currency": "CNY", "processed_at": "2026-11-20T16:28:02+08:00",
        "subtotal_price": "140.00", "taxes_included": False, "test": False, "total_discounts": "20.00",
        "total_price": "169.50", "total_price_set": money("169.50"), "total_tax": "19.50", "total_tip_received": "0.00",
        "updated_at": "2026-11-20T16:29:00+08:00", "billing_address": BILLING,
        "customer": {"id": 115310627314723954, "email": "quillon@example.com", "first_name": "Quillon", "tags": ""},
        "line_items": [
            {
                "id": 466157049, "title": "Tea", "price": "60.00", "price_set": money("60.00"), "quantity": 2,
                "sku": "TEA-01", "taxable": True, "total_discount": "0.00",
                "tax_lines": [{"title": "VAT", "rate": 0.13, "price": "13.00", "price_set": money("13.00")}],
                "discount_allocations": [
                    {"amount": "20.00", "amount_set": money("20.00"), "discount_application_index": 0}
                ],
            },
            {
                "id": 518995019, "title": "Cup", "price": "40.00", "price_set": money("40.00"), "quantity": 1,
                "sku": None, "taxable": True, "total_discount": "0.00", "discount_allocations": [],
                "tax_lines": [{"title": "VAT", "rate": 0.13, "price": "5.20", "price_set": money("5.20")}],
            },
        ],
        "shipping_lines": [
            {
                "id": 271878346596884015, "title": "Courier", "price": "10.00", "discounted_price": "10.00",
                "tax_lines": [{"title": "VAT", "rate": 0.13, "price": "1.30"}], "discount_allocations": [],
            }
        ],
        "refunds": [], "fulfillments": [],
    } | changed  # fmt: skip


def shopify_refund(money_back: str, lines: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    return {
        "id": 890088186047892319, "order_id": 820982911946154508, "created_at": "2026-11-21T11:00:00+08:00",
        "note": "Things were damaged", "user_id": 548380009, "processed_at": "2026-11-21T11:00:00+08:00",
        "restock": False, "refund_line_items": lines, "order_adjustments": [],
        "transactions": [
            {
                "id": 245135271310201194, "order_id": 820982911946154508, "amount": money_back, "kind": "refund",
                "gateway": "alipay", "status": "success", "message": None, "currency": "CNY",
                "created_at": "2026-11-21T11:00:00+08:00", "test": False,
            }
        ],
    } | changed  # fmt: skip


def saleor(payload: Any, event: str = "order_fully_paid", headers: dict[str, Any] | None = None) -> Message:
    """Signed as Saleor does: by PyJWT, with the payload detached."""
    body = body_of(payload)
    signature = jwt.api_jws.encode(body, KEY, algorithm="RS256", headers={"kid": "1"}, is_payload_detached=True)
    said = {
        "content-type": "application/json", "saleor-event": event, "saleor-domain": "made-up.saleor.cloud",
        "saleor-signature": signature, "saleor-api-url": "https://made-up.saleor.cloud/graphql/",
    }  # fmt: skip
    return Message(said | (headers or {}), body)


def taxed(net: float, gross: float) -> dict[str, Any]:
    return {"net": {"amount": net, "currency": "CNY"}, "gross": {"amount": gross, "currency": "CNY"}}


def saleor_order(issued: str | None = None, **changed: Any) -> dict[str, Any]:
    """Lines of 56.50 and 113.00 and shipping of 11.30, all with 13 % of tax: 180.80 in all."""
    order = {
        "id": base64.b64encode(b"Order:6a2f1f4e-0b51-4e07-8d2c-6d8a0e0c9c11").decode(), "number": "42",
        "status": "UNFULFILLED", "chargeStatus": "FULL", "updatedAt": "2026-11-20T08:29:00.123456+00:00",
        "user": {"id": base64.b64encode(b"User:17").decode()}, "metadata": [{"key": "referrer", "value": "16"}],
        "total": taxed(160.0, 180.8), "shippingPrice": taxed(10.0, 11.3),
        "totalRefunded": {"amount": 0.0, "currency": "CNY"},
        "lines": [
            {
                "id": base64.b64encode(b"OrderLine:d5c5b7f3-1f0c-4d5a-9a55-0d4f0f2d5a01").decode(),
                "productSku": "TEA-01", "quantity": 2, "totalPrice": taxed(50.0, 56.5),
            },
            {
                "id": base64.b64encode(b"OrderLine:d5c5b7f3-1f0c-4d5a-9a55-0d4f0f2d5a02").decode(),
                "productSku": None, "quantity": 1, "totalPrice": taxed(100.0, 113.0),
            },
        ],
    }  # fmt: skip
    return {"issuedAt": issued, "order": order | changed}
