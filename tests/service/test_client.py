"""Whose request it is: the connection's address, or the one that a trusted proxy has written."""

from dataclasses import replace

import pytest
from django.conf import settings
from django.test import RequestFactory, override_settings

from jifen.core.errors import InputError
from jifen.service.client import client_address, client_network
from jifen.service.environment import read_settings


def asked(proxies: int, said: str | None, peer: str = "10.0.0.1"):
    headers = {} if said is None else {"X-Forwarded-For": said}
    with override_settings(SETTINGS=replace(settings.SETTINGS, trusted_proxies=proxies)):
        request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)
        return client_address(request), client_network(request)


@pytest.mark.parametrize(
    ("proxies", "said", "address"),
    [
        (0, None, "10.0.0.1"), (0, "203.0.113.7", "10.0.0.1"), (1, "203.0.113.7", "203.0.113.7"),
        (1, "1.1.1.1, 203.0.113.7", "203.0.113.7"), (2, "1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.1"), (1, None, "10.0.0.1"), (1, "", "10.0.0.1"), (1, "unknown", "10.0.0.1"),
        (1, "203.0.113.7, ", "10.0.0.1"), (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8:0::1", "2001:db8::1"), (1, "::ffff:203.0.113.7", "203.0.113.7"), (1, "fe80::1%eth0", "fe80::1"),
        (1, "１.1.1.1", "10.0.0.1"), (1, "x" * 100_000, "10.0.0.1"), (1, "1.1.1.1\x00", "10.0.0.1"),
    ],
)  # fmt: skip
def test_the_address_is_the_one_that_the_last_trusted_proxies_have_written(proxies, said, address):
    assert asked(proxies, said)[0] == address


def test_who_has_a_network_of_ipv6_is_counted_as_one():
    assert asked(1, "2001:db8:1:2:3:4:5:6")[1] == asked(1, "2001:db8:1:2::1")[1] == "2001:db8:1:2::"
    assert asked(1, "203.0.113.7")[1] == "203.0.113.7"
    assert asked(0, None, peer="")[1] == ""


@pytest.mark.parametrize("wrong", ["-1", "one", "11", "1.5", "１", "0000000000001", "true"])
def test_a_number_of_proxies_is_a_small_one(wrong):
    with pytest.raises(InputError, match="JIFEN_TRUSTED_PROXIES"):
        read_settings({"JIFEN_TRUSTED_PROXIES": wrong})


def test_no_proxy_is_trusted_unless_it_is_said():
    assert read_settings({}).trusted_proxies == 0
    assert read_settings({"JIFEN_TRUSTED_PROXIES": "2"}).trusted_proxies == 2
