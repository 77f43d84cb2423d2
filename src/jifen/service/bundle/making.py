"""A bundle is made: all tables as of one moment of the database, the manifest over them, the signature over that."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jifen import __version__
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros
from jifen.engine import SEMANTICS_REVISION
from jifen.service import models
from jifen.service.bundle.keys import signing_key
from jifen.service.bundle.layout import (
    FORMAT_VERSION,
    PLANS,
    TABLES,
    Head,
    Manifest,
    Moments,
    Period,
    ShopFacts,
    Totals,
    manifest_bytes,
)
from jifen.service.bundle.of_log import OfLog, iso, span_of
from jifen.service.bundle.packing import Packing, pack_bundle
from jifen.service.bundle.records import Records
from jifen.service.databases import one_moment

__all__ = ["Asked", "Progress", "make_bundle"]

Progress = Callable[[int, int], None]
"""Is told how many tables are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a bundle is asked for: days as ordinals, ``None`` for no limit, and whether personal data is in it."""

    first: int | None = None
    last: int | None = None
    personal: bool = False


def make_bundle(
    path: Path, asked: Asked | None = None, *, using: str = "default", force: bool = False,
    progress: Progress = lambda done, total: None,
) -> Manifest:  # fmt: skip
    """Write the bundle of a shop into a file: whole, or not at all. ``progress``: files done and in all.

    ``InputError``: ``no_shop``, ``no_closed_day``, ``bad_period``, ``wrong_key``, and ``target_exists`` unless
    ``force``.
    """
    if path.exists() and not force:
        message = "there is a file already"
        raise InputError(Problem("target_exists", message, "choose another name, or --force", str(path)))
    asked = asked or Asked()
    key = signing_key(using)
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    with one_moment(using) as moment:
        span = span_of(moment, asked.first, asked.last)
        log = OfLog(moment, span)
        records = Records(moment, span, asked.first, asked.last, asked.personal)
        with pack_bundle(path) as packing:
            _pack(packing, log, records, progress)
            public = key.public_key().public_bytes_raw().hex()
            manifest = _manifest(moment, asked, log, packing, public)
            content = manifest_bytes(manifest)
            packing.finish(content, key.sign(content))
    return manifest


def _pack(packing: Packing, log: OfLog, records: Records, progress: Progress) -> None:
    """Add every table in its order, then the plan versions."""
    made = {
        "tree": log.tree, "moves": log.moves, "orders": log.orders_paid, "refunds": log.refunds,
        "payouts": log.payouts, "runs": log.runs, "chain": log.chain, "versions": records.versions,
        "plan_changes": records.plan_changes, "findings": records.findings, "waivers": records.waivers,
        "freezes": records.freezes, "deeds": records.deeds, "history": records.history,
        "withdrawals": records.withdrawals,
    }  # fmt: skip
    if records.personal:
        made["people"] = records.people
    names = [name for name in TABLES if name in made]
    for done, name in enumerate(names):
        progress(done, len(names))
        packing.table(name, made[name]())
    for digest, content in records.plans():
        packing.text(f"{PLANS}{digest}.json", content.encode())


def _manifest(using: str, asked: Asked, log: OfLog, packing: Packing, public: str) -> Manifest:
    shop, span = models.Shop.objects.using(using).get(), log.span
    head = models.Batch.objects.using(using).order_by("-number")[0]
    return Manifest(
        format="jifen bundle", version=FORMAT_VERSION, release=__version__, engine=SEMANTICS_REVISION,
        shop=ShopFacts(
            id=_first_hash(using), name=shop.name, seat=shop.seat, zone=shop.zone, currency=shop.currency,
            live=shop.live,
        ),
        period=Period(first=iso(span.first), last=iso(span.last), whole=span.whole),
        moments=Moments(first=_limit(asked.first), last=_limit(asked.last)),
        personal=asked.personal, key=public, files=tuple(packing.files),
        log=Head(batch=span.batch, hash=span.hash.hex()), head=Head(batch=head.number, hash=bytes(head.hash).hex()),
        totals=_totals(log),
    )  # fmt: skip


def _totals(log: OfLog) -> Totals:
    ordered, refunded, paid = (format_micros(each, 2) for each in (log.ordered, log.refunded, log.paid))
    return Totals(members=log.members, orders=log.orders, ordered=ordered, refunded=refunded, paid=paid)


def _limit(day: int | None) -> str:
    return "" if day is None else iso(day)


def _first_hash(using: str) -> str:
    return bytes(models.Batch.objects.using(using).get(number=0).hash).hex()
