"""Messages of foreign shops that are forged, stale or repeated: refused, counted, and nothing changed."""

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.api.conftest import Caller
from tests.api.refusing import check, digest, refused
from tests.service.connectors.payloads import (
    JWKS,
    SECRET,
    saleor,
    saleor_order,
    shopify,
    shopify_order,
    woo,
    woo_order,
)

from jifen.service.writer import Writer

pytestmark = pytest.mark.usefixtures("full_buckets")


@pytest.fixture
def foreign(owner):
    """Connections of each kind, and a message of each that is genuine: by name, with the id of its connection."""
    for name, kind, secret in (
        ("woo", "woocommerce", SECRET), ("shopify", "shopify", SECRET), ("saleor", "saleor", JWKS),
    ):  # fmt: skip
        assert owner.post("/connections", {"id": name, "kind": kind, "secret": secret}).status_code == 200
    now = timezone.now()
    return {
        "woo": (woo(woo_order()), "x-wc-webhook-signature"),
        "shopify": (shopify(shopify_order(), at=now.isoformat()), "x-shopify-hmac-sha256"),
        "saleor": (saleor(saleor_order(now.isoformat())), "saleor-signature"),
    }


def deliver(name, body, headers):
    return Caller().post(f"/incoming/{name}", body, headers=headers)


def test_messages_that_are_forged_stale_or_for_nobody_are_refused(foreign, open_shop):
    old = (timezone.now() - timedelta(days=8)).isoformat()
    table = []
    for name, (message, header) in foreign.items():
        body, headers = message.body, dict(message.headers)
        other = next(each for each, (_, its) in foreign.items() if its != header)
        for what, changed, sent in [
            ("no signature", {header: ""}, body),
            ("a signature of nothing", {header: "AAAA"}, body),
            ("a signature that is none", {header: "\u00ff..{"}, body),
            ("a signature cut short", {header: headers[header][:-8]}, body),
            ("the signature of another body", {}, body + b" "),
            ("a body that was changed", {}, body.replace(b"100.00", b"900.00").replace(b"17", b"18") + b"\n"),
            ("the signature of another shop", {header: foreign[other][0].headers[foreign[other][1]]}, body),
        ]:
            ask = lambda name=name, sent=sent, headers=headers | changed: deliver(name, sent, headers)  # noqa: E731
            table.append((f"{name}: {what}", ask, 403, "forged"))
        elsewhere = lambda body=body, headers=headers: deliver("nobody", body, headers)  # noqa: E731
        table.append((f"{name}: for nobody", elsewhere, 404, "not_found"))
        wrong_kind = lambda other=other, body=body, headers=headers: deliver(other, body, headers)  # noqa: E731
        if {name, other} != {"woo", "shopify"}:
            table.append((f"{name}: for another kind", wrong_kind, 403, "forged"))
    for name, message in (("shopify", shopify(shopify_order(), at=old)), ("saleor", saleor(saleor_order(old)))):
        stale = lambda name=name, message=message: deliver(name, message.body, message.headers)  # noqa: E731
        table.append((f"{name}: stale", stale, 403, "stale"))
    check(open_shop, table)


@pytest.mark.parametrize("name", ["woo", "shopify", "saleor"])
def test_a_message_that_comes_again_is_told_to_be_so_and_changes_nothing(foreign, open_shop, folder, name):
    message, _ = foreign[name]
    assert deliver(name, message.body, message.headers).json() == {"outcome": "taken", "code": "", "times": 1}
    for times, written in ((2, False), (3, True), (4, True)):
        if written:
            with Writer.elected(folder, open_shop) as writer:
                while writer.step():
                    pass
        before, count = digest(open_shop), refused("repeated")
        said = deliver(name, message.body, message.headers)
        assert (said.status_code, said.json()) == (200, {"outcome": "taken", "code": "repeated", "times": times})
        assert (digest(open_shop), refused("repeated")) == (before, count + 1)
