"""Where webhooks may go: to the world by https, and in a sandbox to this machine; never into a private network.

A name is looked up once for each request, and the request goes to the address that was looked at: a name that means
another address a moment later leads nowhere else.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from jifen.core.errors import InputError, Problem

__all__ = ["LONGEST", "Resolve", "address_of", "check_url", "port_of", "resolve"]

LONGEST = 2000
"""Characters of an address."""
_HERE = ("localhost", "127.0.0.1", "::1")
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""Addresses of IPv6 that have one of IPv4 in their last four bytes."""
_REMEDY = "give an https address that the world can reach; a sandbox may send to http://127.0.0.1 too"

Resolve = Callable[[str, int], list[str]]
"""Finds the addresses of a name."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the machine knows them; ``OSError`` if there are none."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def check_url(url: str, *, live: bool) -> SplitResult:
    """The parts of an address to which webhooks may go; ``InputError`` (``bad_hook_url``) for any other."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:  # a port that is none, or a name that is none
        raise _refused("it is no address") from None
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url or not host:
        raise _refused("it is no address")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused("it has a password or a fragment")
    here = parts.scheme == "http" and not live and host in _HERE
    if parts.scheme != "https" and not here:
        raise _refused("it is not https")
    if _is_address(host) and not _allowed(host, live=live):
        raise _refused("it is in a private network")
    return parts


def address_of(parts: SplitResult, *, live: bool, resolve: Resolve = resolve) -> str:
    """The one address to connect to; ``InputError`` (``bad_hook_url``) if the name has any that may not be reached.

    ``OSError`` if the name has none.
    """
    addresses = resolve(parts.hostname or "", port_of(parts))
    if not addresses or not all(_allowed(address, live=live) for address in addresses):
        raise _refused("its name means an address in a private network")
    return addresses[0]


def port_of(parts: SplitResult) -> int:
    """The port of an address."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def _allowed(text: str, *, live: bool) -> bool:
    try:
        address = _meant(ip_address(text))
    except ValueError:
        return False
    return (address.is_loopback and not live) or (address.is_global and not address.is_multicast)


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address of IPv4 that one of IPv6 stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _refused(why: str) -> InputError:
    return InputError(Problem("bad_hook_url", f"webhooks cannot be sent there: {why}", _REMEDY))
