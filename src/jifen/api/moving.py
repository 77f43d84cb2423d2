"""Moving in and out: an existing shop is looked at and then imported, and everything a shop owns is exported.

To look writes nothing but that somebody looked. To run needs the same file once more, so that what runs is what was
looked at; in a live shop somebody else does it, since balances are opened with it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import FileResponse, HttpRequest
from ninja import File, Form, Router, Schema, UploadedFile
from pydantic import Field, StringConstraints

from jifen.api.access import needs, principal_of
from jifen.api.problems import Refused
from jifen.core.errors import InputError, Problem
from jifen.service.acting import actor
from jifen.service.current import current
from jifen.service.moving.exporting import export
from jifen.service.moving.importing import Outcome, document, note_look, outcome, start
from jifen.service.moving.maps import load_map
from jifen.service.moving.models import Import
from jifen.service.moving.opening import REFUSED_SHOWN, Draft, draft
from jifen.service.rights import Right
from jifen.service.shop import shop_of
from jifen.service.staff.hands import is_same_hand
from jifen.service.writer import SNAPSHOTS

__all__ = [
    "ControlTotal",
    "How",
    "HowRun",
    "ImportAnswer",
    "ImportPage",
    "Look",
    "RowProblem",
    "export_shop",
    "exports",
    "imports",
    "list_imports",
    "look",
    "read_import",
    "run",
]  # fmt: skip

imports = Router(tags=["moving"])
exports = Router(tags=["moving"])

_BYTES_MOST = 16 << 20
"""Bytes of all tables of an upload; more of them are imported from the command line."""
_working = threading.Lock()
_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Map = Literal["jifen", "crmeb", "likeshop"]
_Kind = Literal["zip", "xlsx"]
_FILE = {"type": "string", "format": "binary"}
_TYPES = {
    "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class How(Schema):
    """How an upload is read."""

    map: _Map = Field("jifen", description="The column map: that of our own tables, or of another system's")
    kind: _Kind = Field("zip", description="A zip of CSV files, or a workbook")


class HowRun(How):
    """How an upload is imported."""

    without_refused: bool = Field(False, description="Go on without the rows that are refused")


class ControlTotal(Schema):
    """What good rows say of a thing, and what the books have of it."""

    kind: str = Field(examples=["wallet"])
    name: str = Field(examples=["cash"])
    read: str = Field(examples=["1200.50"])
    opened: str = Field(examples=["1200.50"])


class RowProblem(Schema):
    """A row that is refused, or that is brought along otherwise than it was."""

    code: str = Field(examples=["unknown_sponsor"])
    message: str
    remedy: str
    file: str = Field(examples=["members.csv"])
    line: int
    column: str


class Look(Schema):
    """What an import would do."""

    digest: str = Field(description="Of the map and the tables: what is looked at and what is run is the same")
    map: str
    counts: dict[str, int] = Field(description="Rows by what they bring", examples=[{"members": 1200, "refused": 0}])
    totals: list[ControlTotal]
    refused: list[RowProblem] = Field(description=f"The first {REFUSED_SHOWN}")
    notes: list[RowProblem] = Field(description=f"The first {REFUSED_SHOWN}")
    unread: list[str] = Field(description="Tables and columns that the map says nothing of: they stay behind")


class ImportAnswer(Schema):
    """How far an import is."""

    digest: str
    state: str = Field(description="`looked`, `running` or `done`")
    events: int = Field(description="Entries that it makes")
    accepted: int
    refused: int
    code: str = Field(description="Why the first of the refused entries was refused")


class ImportPage(Schema):
    """All imports of the shop."""

    items: list[ImportAnswer]
    next: str | None = None


@imports.get("", summary="Imports", **needs(Right.IMPORT, answers=ImportPage))
def list_imports(request: HttpRequest) -> dict[str, Any]:
    """The imports that were looked at or run, the newest first; a hundred at most."""
    found = Import.objects.order_by("-made_at").values_list("digest", flat=True)[:100]
    return {"items": [outcome(digest, using=current()) for digest in found]}


@imports.post("/look", summary="Look at an import", **needs(Right.IMPORT, answers=Look))
def look(request: HttpRequest, file: File[UploadedFile], how: Form[How]) -> dict[str, Any]:
    """Say what an import would do: counts, control totals, and each row that is refused. No member is written."""
    with _uploaded(file, how) as tried:
        note_look(tried, using=current())
        return document(tried, REFUSED_SHOWN)


@imports.post("/run", summary="Run an import", **needs(Right.APPROVE, answers=ImportAnswer))
def run(request: HttpRequest, file: File[UploadedFile], how: Form[HowRun]) -> Outcome:
    """Import what was looked at: the same file again. To ask twice is to ask once; what was cut off goes on."""
    using = current()
    with _uploaded(file, how) as tried:
        looked = Import.objects.filter(digest=tried.digest).first()
        if looked is None:
            raise InputError(Problem("unknown_import", "nobody has looked at this import", "look at it first"))
        if shop_of(using).live and is_same_hand(looked.looked_by, actor(), using) and looked.state == "looked":
            raise InputError(Problem("same_person", "who looked cannot run it as well", "ask somebody else"))
        return start(tried, without_refused=how.without_refused, using=using)


@imports.get("/{digest}", summary="An import", **needs(Right.IMPORT, answers=ImportAnswer))
def read_import(request: HttpRequest, digest: _Digest) -> Outcome:
    """How far an import is: done when the books have all its entries and agree with the control totals."""
    return outcome(digest, using=current())


_EXPORT = needs(Right.EXPORT, answers=None)
_EXPORT["openapi_extra"] |= {"responses": {200: {"content": {media: {"schema": _FILE} for media in _TYPES.values()}}}}


@exports.get("", summary="Export everything", **_EXPORT)
def export_shop(request: HttpRequest, kind: _Kind = "zip", personal: bool = False) -> FileResponse:
    """All that the shop owns as tables: members, orders, funds, balances, lots. They can be imported again.

    With ``personal``, which needs the right ``personal.read`` too, numbers, names and bank accounts are in it.
    """
    _check_personal(request, personal)
    with _alone(), TemporaryDirectory(prefix="jifen-") as folder:
        path = Path(folder) / f"shop.{kind}"
        export(path, with_personal=personal, snapshots=settings.SETTINGS.var / SNAPSHOTS, using=current())
        file = path.open("rb")  # it is read to its end, and then it is nowhere
    name = f"jifen-{datetime.now(UTC):%Y%m%d}.{kind}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=_TYPES[kind])


def _check_personal(request: HttpRequest, personal: bool) -> None:
    if personal and not principal_of(request).may(Right.PERSONAL_READ):
        raise Refused("not_allowed", f"this needs the right {Right.PERSONAL_READ}", "ask the owner of the shop for it")


@contextmanager
def _uploaded(file: UploadedFile, how: How) -> Iterator[Draft]:
    """What an uploaded file would do, one at a time; ``InputError`` (``busy``)."""
    with _alone(), TemporaryDirectory(prefix="jifen-") as folder:
        path = Path(folder) / f"upload.{how.kind}"
        with path.open("wb") as target:
            for part in file.chunks():
                target.write(part)
        yield draft(path, load_map(how.map), using=current(), most=_BYTES_MOST)


@contextmanager
def _alone() -> Iterator[None]:
    if not _working.acquire(blocking=False):
        raise InputError(Problem("busy", "another shop is being moved", "ask again in a minute"))
    try:
        yield
    finally:
        _working.release()
