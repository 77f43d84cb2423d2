"""Endpoints: made, changed, given a new secret, tried, and told again what they missed."""

import base64
import secrets as chance
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Max, Q

from jifen.core.errors import InputError, Problem
from jifen.service.hooks.addresses import check_url
from jifen.service.hooks.messages import HookType, ping_message
from jifen.service.hooks.models import Delivery, Endpoint, State
from jifen.service.models import Event
from jifen.service.shop import shop_of
from jifen.service.vault import opened, sealed

__all__ = [
    "MOST", "OVERLAP_HOURS", "Standing", "change_endpoint", "endpoint_of", "make_endpoint", "ping", "remove_endpoint",
    "replay", "rotate_secret", "secret_of", "secrets_of", "standings",
]  # fmt: skip

MOST = 20
"""Endpoints of a shop."""
OVERLAP_HOURS = 24
"""Hours for which a secret that was replaced signs too, unless somebody says otherwise."""
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint, and how many of its deliveries wait or are dead."""

    id: str
    url: str
    active: bool
    why: str
    waiting: int
    dead: int


def make_endpoint(name: str, url: str, types: Sequence[str], *, using: str = "default") -> Endpoint:
    """Make an endpoint, which is told of all that the log has from now on; to ask twice is to ask once.

    ``InputError``: ``bad_hook_url``, ``bad_request`` for a type that there is none of, ``conflict`` if the name has
    another address, ``too_many_hooks``.
    """
    check_url(url, live=shop_of(using).live)
    wanted = _checked(types)
    with transaction.atomic(using=using):
        found = Endpoint.objects.using(using).filter(id=name).first()
        if found is not None:
            if (found.url, found.types) != (url, wanted):
                remedy = "choose another id, or change the endpoint"
                raise InputError(Problem("conflict", "another endpoint has this id", remedy))
            return found
        if Endpoint.objects.using(using).count() >= MOST:
            remedy = "remove one that is not needed"
            raise InputError(Problem("too_many_hooks", f"the shop has {MOST} endpoints", remedy))
        last: int | None = Event.objects.using(using).aggregate(last=Max("number"))["last"]
        endpoint = Endpoint(
            id=name, url=url, types=wanted, secret=sealed(_new_secret()), cursor=-1 if last is None else last
        )
        endpoint.cursor += 1
        endpoint.save(using=using, force_insert=True)
        return endpoint


def endpoint_of(name: str, *, using: str = "default") -> Endpoint:
    """The endpoint of an id; ``InputError`` (``unknown_hook``) if there is none."""
    found = Endpoint.objects.using(using).filter(id=name).first()
    if found is None:
        raise InputError(Problem("unknown_hook", "no endpoint has this id", "list them: jifen hooks list"))
    return found


def change_endpoint(
    name: str, *, url: str | None = None, types: Sequence[str] | None = None, active: bool | None = None,
    using: str = "default",
) -> Endpoint:  # fmt: skip
    """Change what is given, and leave the rest. One that is active again goes on where it stopped."""
    with transaction.atomic(using=using):
        endpoint = endpoint_of(name, using=using)
        if url is not None:
            check_url(url, live=shop_of(using).live)
            endpoint.url = url
        if types is not None:
            endpoint.types = _checked(types)
        if active is not None:
            endpoint.active, endpoint.why, endpoint.failing_since = active, "", None
        endpoint.save(using=using, update_fields=["url", "types", "active", "why", "failing_since"])
        return endpoint


def remove_endpoint(name: str, *, using: str = "default") -> None:
    """Remove an endpoint with all that waits for it."""
    with transaction.atomic(using=using):
        endpoint_of(name, using=using).delete(using=using)


def rotate_secret(name: str, now: datetime, *, hours: int = OVERLAP_HOURS, using: str = "default") -> str:
    """Make a new secret and return it; the one until now signs too for some hours."""
    secret = _new_secret()
    with transaction.atomic(using=using):
        endpoint = endpoint_of(name, using=using)
        endpoint.old_secret, endpoint.old_until = endpoint.secret, now + timedelta(hours=hours)
        endpoint.secret = sealed(secret)
        endpoint.save(using=using, update_fields=["secret", "old_secret", "old_until"])
    return secret


def secret_of(endpoint: Endpoint) -> str:
    """The secret, as ``whsec_…``."""
    return opened(bytes(endpoint.secret))


def secrets_of(endpoint: Endpoint, now: datetime) -> list[str]:
    """The secrets that sign, the newest first."""
    old = endpoint.old_until is not None and now < endpoint.old_until
    return [opened(bytes(endpoint.secret)), *([opened(bytes(endpoint.old_secret))] if old else [])]


def ping(name: str, now: datetime, *, using: str = "default") -> Delivery:
    """Let a message that says nothing be sent, to see whether it arrives."""
    message, kind, body = ping_message(chance.token_hex(8), now)
    return Delivery.objects.using(using).create(
        endpoint=endpoint_of(name, using=using), message=message, type=kind, body=body, next_at=now, made_at=now
    )


def replay(name: str, deliveries: Sequence[int], now: datetime, *, using: str = "default") -> int:
    """Send again what is named, or all dead letters if nothing is; returns how many.

    Each keeps its id: who has taken it before knows it.
    """
    found = endpoint_of(name, using=using).deliveries.using(using).exclude(state=State.WAITING)
    found = found.filter(id__in=deliveries) if deliveries else found.filter(state=State.DEAD)
    return found.update(state=State.WAITING, attempts=0, next_at=now, ended_at=None)


def standings(*, using: str = "default") -> list[Standing]:
    """All endpoints, and how each does."""
    counted = Endpoint.objects.using(using).annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=State.WAITING)),
        dead=Count("deliveries", filter=Q(deliveries__state=State.DEAD)),
    )
    fields = ("id", "url", "active", "why", "waiting", "dead")
    return [Standing(*row) for row in counted.order_by("id").values_list(*fields)]


def _checked(types: Sequence[str]) -> list[str]:
    unknown = set(types) - set(HookType)
    if unknown:
        raise InputError(Problem("bad_request", "there is no such type of webhook", f"one of {', '.join(HookType)}"))
    return sorted(map(str, set(types)))


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(chance.token_bytes(_SECRET_BYTES)).decode()
