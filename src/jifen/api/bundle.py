"""Signed bundles for an auditor or a regulator, and the keys that they are verified with."""

import threading
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from django.http import FileResponse, HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from jifen.api.access import needs, principal_of
from jifen.api.problems import Refused
from jifen.core.errors import InputError, Problem
from jifen.service.bundle.keys import signing_keys
from jifen.service.bundle.making import Asked, make_bundle
from jifen.service.current import current
from jifen.service.rights import Right

__all__ = ["SigningKeyAnswer", "SigningKeys", "Wanted", "read_bundle", "read_keys", "router"]

router = Router(tags=["moving"])

_working = threading.Lock()
_TYPE = "application/zip"
_KEY = "5f3c8d0a7b1e4f29a6c3d8e1f0b7a2945c6d1e8f3a0b7c2d9e4f1a6b3c8d5e20"


class Wanted(Schema):
    """Which days a bundle has, and whether personal data is in it."""

    first: Annotated[date | None, Field(alias="from", description="The first day: the shop's first one")] = None
    last: Annotated[date | None, Field(alias="to", description="The last day: the last one that is closed")] = None
    personal: bool = Field(False, description="With numbers, names, bank accounts, and free text")


class SigningKeyAnswer(Schema):
    """A public key of the shop."""

    key: str = Field(description="Ed25519, in hexadecimal digits", examples=[_KEY])
    made_at: datetime
    retired_at: datetime | None = Field(description="Since when it signs nothing more")


class SigningKeys(Schema):
    """The key that signs, and those before it."""

    key: str = Field(description="The one that signs now", examples=[_KEY])
    keys: list[SigningKeyAnswer]


_BUNDLE = needs(Right.EXPORT, answers=None)
_BUNDLE["openapi_extra"] |= {
    "responses": {200: {"content": {_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}
}


@router.get("", summary="Signed bundle", **_BUNDLE)
def read_bundle(request: HttpRequest, wanted: Query[Wanted]) -> FileResponse:
    """The bundle for an auditor or a regulator: tree, orders, payouts, runs, findings, waivers, versions, history.

    It is one zip, signed with the shop's key, and verified with `jifen bundle verify` or with openssl. With `personal`,
    which needs the right `personal.read` too, numbers, names, bank accounts and free text are in it.
    """
    if wanted.personal and not principal_of(request).may(Right.PERSONAL_READ):
        raise Refused("not_allowed", f"this needs the right {Right.PERSONAL_READ}", "ask the owner of the shop for it")
    first, last = (None if day is None else day.toordinal() for day in (wanted.first, wanted.last))
    if not _working.acquire(blocking=False):
        raise InputError(Problem("busy", "another bundle is being made", "ask again in a minute"))
    try:
        with TemporaryDirectory(prefix="jifen-") as folder:
            path = Path(folder) / "bundle.zip"
            make_bundle(path, Asked(first, last, wanted.personal), using=current())
            file = path.open("rb")  # it is read to its end, and then it is nowhere
    finally:
        _working.release()
    name = f"jifen-bundle-{datetime.now(UTC):%Y%m%d}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type=_TYPE)


@router.get("/key", summary="Keys of bundles", **needs(Right.EXPORT, answers=SigningKeys))
def read_keys(request: HttpRequest) -> dict[str, Any]:
    """The public keys with which bundles are verified. Tell them to an auditor by another way than the bundle."""
    keys = signing_keys(current())
    return {
        "key": keys[0].public,
        "keys": [{"key": each.public, "made_at": each.made_at, "retired_at": each.retired_at} for each in keys],
    }
