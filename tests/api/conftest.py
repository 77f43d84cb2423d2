"""A shop behind its API, on both databases, and those who ask."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from tests.service.conftest import folder, joins, order, servers, shop, url, using

from jifen.service.rights import RIGHTS_OF, Right, Role

__all__ = ["folder", "joins", "order", "servers", "shop", "url", "using"]

from django.test import Client, override_settings


class Caller:
    """Somebody who asks the API: with a key, a session, or nothing."""

    def __init__(self, headers: dict[str, str] | None = None, code: str = "") -> None:
        self.code = code
        self.client, self.headers = Client(SERVER_NAME="localhost", headers=headers or {}), headers or {}

    def get(self, path: str, **given: Any) -> Any:
        return self.client.get(f"/api/v1{path}", **given)

    def put(self, path: str, body: Any, **given: Any) -> Any:
        return self.client.put(f"/api/v1{path}", json.dumps(body), content_type="application/json", **given)

    def delete(self, path: str, **given: Any) -> Any:
        return self.client.delete(f"/api/v1{path}", **given)

    def post(self, path: str, body: Any = None, **given: Any) -> Any:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(f"/api/v1{path}", text, content_type="application/json", **given)


def key(*scopes: Right) -> Caller:
    """A machine with these rights."""
    from jifen.service.staff.models import ApiKey

    return Caller({"Authorization": f"Bearer {ApiKey.make('test', list(scopes))[1]}"})


def staff(role: Role) -> Caller:
    """Somebody of the staff who has signed in, with the second factor."""
    return signed_in("mfa", role=role)


def signed_in(method: str = "code", **fields: Any) -> Caller:
    """A session of a new account, by a code, or with the second factor too: ``mfa``."""
    from django.contrib.auth import login
    from django.http import HttpRequest

    from jifen.service.members.models import Account
    from jifen.service.members.sessions import SessionStore

    account = Account.objects.create(**fields)
    request = HttpRequest()
    request.session = SessionStore()
    login(request, account, backend="allauth.account.auth_backends.AuthenticationBackend")
    request.session["account_authentication_methods"] = [{"method": method, "at": time.time()}]
    request.session.save()
    return Caller({"X-Session-Token": request.session.session_key}, account.code)


ROLES = {role: RIGHTS_OF[role] for role in Role}


@pytest.fixture
def open_shop(shop, folder) -> Iterator[str]:
    """The alias of a shop that is the current one: what asks no alias, asks it."""
    from jifen.service.current import shop_is

    with shop_is(shop), override_settings(SETTINGS=replace(settings.SETTINGS, var=folder)):
        yield shop


@pytest.fixture
def owner(open_shop) -> Caller:
    """A key with every right."""
    return key(*Right)


@pytest.fixture
def full_buckets() -> Iterator[None]:
    """Nobody has asked too often yet."""
    from jifen.api.limits import BUCKETS

    BUCKETS.clear()
    yield
    BUCKETS.clear()


@pytest.fixture
def all_right(owner, open_shop, folder, full_buckets) -> Caller:
    """A key with every right of a shop in which ann and bob have traded, and things stand that could be changed."""
    from jifen.service.inbox import submit
    from jifen.service.writer import Writer

    orders = [order("o-1", "ann", 1000), order("o-2", "bob", 100), order("o-3", "ann", 100)]
    submit([*joins("ann", "bob"), *orders], using=open_shop)
    with Writer.elected(folder, open_shop) as writer:
        while writer.step():
            pass
    owner.post("/webhooks", {"id": "erp", "url": "https://erp.example/jifen", "types": []})
    owner.post("/connections", {"id": "woo", "kind": "woocommerce", "secret": "a secret of thirty-two letters ok"})
    return owner
