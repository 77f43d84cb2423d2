"""Limits count who asks: behind a proxy the addresses that it has written, and otherwise what the connection says."""

from dataclasses import replace

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from tests.api.conftest import Caller
from tests.api.refusing import refused

from jifen.api import limits
from jifen.api.limits import Rate

pytestmark = [pytest.mark.usefixtures("full_buckets"), pytest.mark.parametrize("url", ["sqlite"], indirect=True)]


def proxies(number):
    return override_settings(SETTINGS=replace(settings.SETTINGS, trusted_proxies=number))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Two requests of a stranger, and then none for a long time."""
    monkeypatch.setattr(limits, "RATES", {**limits.RATES, "stranger": Rate(2, 1)})


def asked(path, said):
    return Caller({"X-Forwarded-For": said}).client.get(path).status_code


def test_strangers_behind_a_trusted_proxy_are_counted_one_by_one(open_shop):
    with proxies(1):
        assert [asked("/api/v1/shop", "203.0.113.7") for _ in range(3)] == [401, 401, 429]
        assert asked("/api/v1/shop", "198.51.100.1") == 401
        assert asked("/api/v1/shop", "198.51.100.99, 203.0.113.7") == 429, "what stands before it is anybody's word"


def test_without_a_trusted_proxy_the_header_is_anybodys_word(open_shop):
    before = refused("too_many")
    with proxies(0):
        assert [asked("/api/v1/shop", f"203.0.113.{number}") for number in range(3)] == [401, 401, 429]
    assert refused("too_many") == before + 1


def test_attempts_to_sign_up_are_counted_by_the_same_address(open_shop, tmp_path):
    caches = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}}

    def sign_up(said):
        caller = Caller({"X-Forwarded-For": said}).client
        answer = caller.post("/_allauth/app/v1/auth/signup", "{}", content_type="application/json")
        return answer.status_code, answer.json().get("code")

    with override_settings(CACHES=caches, ACCOUNT_RATE_LIMITS={"signup": "2/m/ip"}):
        cache.clear()
        with proxies(1):
            assert [sign_up("203.0.113.7")[0] for _ in range(3)] == [400, 400, 429]
            assert sign_up("203.0.113.7") == (429, "too_many")
            assert sign_up("198.51.100.1")[0] == 400
        with proxies(2):
            assert sign_up("198.51.100.2")[0] == 400, "who went around a proxy is known by the connection"
