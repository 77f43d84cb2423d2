"""Ids and cursors of another shop, and of another member, open nothing."""

import pytest
from django.db import connections
from tests.api.conftest import Caller, key, order, signed_in
from tests.api.refusing import check
from tests.api.test_signing_in import ANN
from tests.service.conftest import ALIASES
from tests.service.connectors.payloads import (
    SECRET,
    woo,
    woo_order,
)

from jifen.engine.events import MemberJoined
from jifen.plan import load_plan
from jifen.service.current import shop_is
from jifen.service.databases import open_database
from jifen.service.inbox import submit
from jifen.service.rights import Right
from jifen.service.shop import Terms, create_shop
from jifen.service.writer import Writer


@pytest.fixture
def another(servers, url, folder):
    """Another shop on the same kind of server, and ids of what it has."""
    alias, address = next(ALIASES), servers.filled(url.partition(":")[0])
    open_database(alias, address)
    create_shop(load_plan("points_dividend"), 738_000, Terms("another"), using=alias)
    with shop_is(alias):
        owner, member = key(*Right), signed_in(code="cat")
        submit([MemberJoined(id="j-cat", day=0, member="cat"), order("o-cat", "cat", 1000)], using=alias)
        with Writer.elected(folder / "another", alias) as writer:
            while writer.step():
                pass
        owner.post("/webhooks", {"id": "theirs", "url": "https://erp.example/theirs", "types": []})
        owner.post("/connections", {"id": "theirs", "kind": "woocommerce", "secret": SECRET})
        draft = {"preset": "member_rebate", "values": {"refund_days": 9}}
        deed = {"id": "d-1", "kind": "pool_donated", "reason": "theirs", "pool": "dividend", "amount": "900000.00"}
        ids = {
            "key": owner.headers, "session": member.headers, "revoked": owner.headers["Authorization"].split("_")[1],
            "withdrawal": member.post("/members/me/withdrawals", {"id": "w-1", "amount": "5.00"}).json()["number"],
            "version": owner.post("/programs", draft).json()["digest"],
            "deed": owner.post("/staff/deeds", deed).json()["id"], "member": "cat",
            "account": owner.post("/members", {"phone": "13900139000", "adult": True}).json(),
        }  # fmt: skip
    yield ids
    connections[alias].close()


def test_ids_of_another_shop_are_ids_of_nothing(all_right, another, open_shop):
    stranger, member = Caller(another["key"]), Caller(another["session"])
    their, invite = another["account"]["member"], another["account"]["invite_code"]
    pays, version = f"/withdrawals/{another['withdrawal']}", f"/programs/{another['version']}"
    body, headers = woo(woo_order()).body, woo(woo_order()).headers
    erasing, deed = f"/members/{their}/personal?confirm={their}", f"/staff/deeds/{another['deed']}"
    joining = {"phone": ANN, "adult": True, "invite_code": invite}
    asks = [
        ("their key", lambda: stranger.get("/shop"), 401, "not_signed_in"),
        ("their session", lambda: member.get("/members/me/balances"), 401, "not_signed_in"),
        ("a member's balances", lambda: all_right.get("/members/cat/balances"), 404, "unknown_member"),
        ("a member's statement", lambda: all_right.get("/members/cat/statement"), 404, "unknown_member"),
        ("a member's lots", lambda: all_right.get("/members/cat/lots"), 404, "unknown_member"),
        ("a member's account", lambda: all_right.get(f"/members/{their}"), 404, "unknown_member"),
        ("a member's data", lambda: all_right.get(f"/members/{their}/personal"), 404, "unknown_member"),
        ("to erase a member", lambda: all_right.delete(erasing), 404, "unknown_member"),
        ("to lock a member", lambda: all_right.put(f"/members/{their}/lock", {"locked": True}), 404, "unknown_member"),
        ("their invite", lambda: all_right.post("/members", joining), 422, "bad_invite_code"),
        ("an event", lambda: all_right.get("/events/o-cat"), 404, "unknown_event"),
        ("a withdrawal", lambda: all_right.get(pays), 404, "unknown_withdrawal"),
        ("to pay a withdrawal", lambda: all_right.post(f"{pays}/review", {"agree": True}), 404, "unknown_withdrawal"),
        ("a bank's file", lambda: all_right.get("/withdrawals/batches/1/file"), 404, "not_found"),
        ("a version", lambda: all_right.get(version), 404, "unknown_version"),
        ("to activate a version", lambda: all_right.post(f"{version}/activate", {}), 404, "unknown_version"),
        ("to publish a version", lambda: all_right.post(f"{version}/publish", {}), 404, "unknown_version"),
        ("to revoke a key", lambda: all_right.delete(f"/staff/keys/{another['revoked']}"), 404, "not_found"),
        ("to decide a deed", lambda: all_right.post(f"{deed}/decision", {"agree": True}), 404, "unknown_deed"),
        ("a hook", lambda: all_right.get("/webhooks/theirs"), 404, "unknown_hook"),
        ("to remove a hook", lambda: all_right.delete("/webhooks/theirs"), 404, "unknown_hook"),
        ("to replay a hook", lambda: all_right.post("/webhooks/theirs/replay", {}), 404, "unknown_hook"),
        ("a connection", lambda: all_right.get("/connections/theirs"), 404, "not_found"),
        ("messages", lambda: all_right.get("/connections/theirs/messages"), 404, "not_found"),
        ("a message", lambda: Caller().post("/incoming/theirs", body, headers=headers), 404, "not_found"),
    ]  # fmt: skip
    check(open_shop, asks)


def test_a_cursor_of_another_member_shows_ones_own_lines_only(all_right, open_shop):
    first = all_right.get("/members/ann/statement?size=1").json()
    assert first["next"]
    forged = all_right.get(f"/members/bob/statement?size=1&cursor={first['next']}").json()
    own = all_right.get("/members/bob/statement?size=500").json()["items"]
    assert all(item in own for item in forged["items"])
    assert all_right.get("/members/bob/statement?cursor=0").json()["items"] == []
