"""Whose request it is by its address: what the connection says, or a proxy that is trusted to say it."""

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

__all__ = ["client_address", "client_network"]

_HOME_BITS = 64
"""Of an address of IPv6 so many are one connection's: whoever has it has all addresses behind them."""


def client_address(request: HttpRequest) -> str:
    """The address of who asks; empty where nobody says it.

    ``X-Forwarded-For`` is read only with ``JIFEN_TRUSTED_PROXIES``. Each proxy writes behind what is there the address
    from which it was asked, so with n of them the n-th from the end was written by one that is trusted. What stands
    before it was written by anybody. Where there are fewer, somebody went around a proxy, and the connection counts.
    """
    trusted: int = settings.SETTINGS.trusted_proxies
    said = request.headers.get("X-Forwarded-For", "").split(",")
    if 0 < trusted <= len(said):
        address = _address(said[-trusted])
        if address:
            return address
    return _address(request.META.get("REMOTE_ADDR") or "")


def client_network(request: HttpRequest) -> str:
    """What is counted as one: an address of IPv4, or the /64 of one of IPv6."""
    text = client_address(request)
    if text and isinstance(ip_address(text), IPv6Address):
        return str(ip_network((text, _HOME_BITS), strict=False).network_address)
    return text


def _address(text: str) -> str:
    """An address as everybody writes it, without its port; empty for what is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)
