"""The views of the status page: they read, and answer nobody but the machine itself."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import wraps
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jifen.core.errors import InputError
from jifen.service.coverage import Coverage
from jifen.service.reads import balances
from jifen.service.status import drawings
from jifen.service.status.overview import Readers, readers_of
from jifen.service.status.shown import account_rows, balance_rows, day_rows, entry_rows, lot_rows, tiles
from jifen.service.status.words import language_of, words

__all__ = ["chart", "for_the_machine", "member", "members", "overview", "readers"]

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
"""Headers of a request that a proxy has passed on: then the address is the proxy's, and says nothing."""
_FOUND = 50
_SHOWN = 14
"""Closes that are listed."""

_View = Callable[..., HttpResponse]


def readers() -> Readers:
    """The readers of the shop that this process serves."""
    return readers_of("default", settings.SETTINGS.var)


def for_the_machine(view: _View) -> _View:
    """Let only the machine itself ask: nobody can sign in yet. What cannot be answered is said in a page."""

    @require_safe
    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _from_the_machine(request):
            return _said(request, "refused", 403)
        try:
            return view(request, *args, **kwargs)
        except InputError as error:
            known = error.problems[0].code == "no_shop"
            return _said(request, "no_shop", 200) if known else _said(request, "not_found", 404, error.problems[0])
        except (DatabaseError, InterfaceError):
            return _said(request, "no_database", 503)

    return guarded


@for_the_machine
def overview(request: HttpRequest) -> HttpResponse:
    """The shop at a glance."""
    language, now = _language(request), datetime.now(UTC)
    said, seen = words(language), readers().overview(now)
    charts = [
        {"name": name, "title": drawings.title(name, seen.days, language)} for name in drawings.CHARTS if seen.days
    ]
    cover = seen.coverage
    time, zone = f"{seen.now:%Y-%m-%d %H:%M:%S}", seen.shop.zone
    text = said["as_of" if seen.batch >= 0 else "as_of_none"].format(time=time, zone=zone, batch=seen.batch)
    given = {
        "seen": seen, "as_of": text, "charts": charts, "tiles": tiles(seen, said),
        "plan": seen.plan.title.get(language) or seen.plan.name,
        "digest": seen.plan.digest[:12], "open_day": date.fromordinal(seen.open_day),
        "runs": day_rows(seen.days[: -_SHOWN - 1 : -1]), "days": day_rows(seen.days[::-1]),
        "accounts": account_rows(seen.standing, said), "last_day": seen.days[-1].closed.day if seen.days else 0,
        "short": cover is not None and cover.is_short,
        "verdict": _verdict(cover, said),
    }  # fmt: skip
    return _page(request, "status/overview.html", given)


@for_the_machine
def members(request: HttpRequest) -> HttpResponse:
    """Members whose ids begin with ``q``; the only one is shown at once."""
    part = request.GET.get("q", "").strip()
    directory = readers().directory
    found = directory.members(part, _FOUND + 1)
    if len(found) == 1 or part in found:
        one = part if part in found else found[0]
        return HttpResponseRedirect(f"{reverse('member', args=[one])}?lang={_language(request)}")
    said = words(_language(request))
    heading = said["found_some"].format(part=part) if found else said["found_none"]
    more = said["found_more"].format(count=_FOUND) if len(found) > _FOUND else ""
    return _page(request, "status/members.html", {"found": found[:_FOUND], "heading": heading, "more": more, "q": part})


@for_the_machine
def member(request: HttpRequest, name: str) -> HttpResponse:
    """A member's balances, open lots, and a page of the statement."""
    said, reads = words(_language(request)), readers()
    page = reads.statements.page(name, older=request.GET.get("older") or None)
    lots = reads.lots.of(name)
    given = {
        "name": name, "balances": balance_rows(balances(name, reads.directory).amounts, said),
        "lots": lot_rows(lots.lots), "lots_day": None if lots.day is None else date.fromordinal(lots.day),
        "entries": entry_rows(page.entries, said), "older": page.older, "paged": "older" in request.GET,
        "as_of": said["statement_as_of"].format(batch=page.as_of.batch, day=date.fromordinal(page.as_of.day)),
    }  # fmt: skip
    if lots.day is not None:
        given["lots_as_of"] = said["lots_as_of"].format(day=date.fromordinal(lots.day))
    return _page(request, "status/member.html", given)


@for_the_machine
def chart(request: HttpRequest, name: str, width: str, tone: str) -> HttpResponse:
    """A chart as SVG."""
    seen = readers().overview(datetime.now(UTC))
    if name not in drawings.CHARTS or not seen.days:
        return HttpResponse(status=404)
    drawing = drawings.Drawing(name, _language(request), width, tone == "dark")
    return HttpResponse(drawings.drawn(drawing, seen.days), content_type="image/svg+xml")


def _from_the_machine(request: HttpRequest) -> bool:
    """Whether it comes from this machine, under one of its names, and was not passed on by a proxy."""
    if any(header in request.META for header in _FORWARDED):
        return False
    try:
        request.get_host()
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except (ValueError, DisallowedHost):
        return False


def _language(request: HttpRequest) -> str:
    return language_of(request.GET.get("lang", ""), request.headers.get("Accept-Language", ""))


def _verdict(cover: Coverage | None, said: Mapping[str, str]) -> str:
    """Say plainly whether what was owed at the last close is backed."""
    from jifen.report.amounts import money

    if cover is None or not cover.owed:
        return said["nothing_owed"]
    if cover.is_short:
        return said["not_backed"].format(amount=money(cover.owed - cover.backed))
    return said["all_backed"].format(amount=money(cover.owed))


def _said(request: HttpRequest, name: str, status: int, problem: Any = None) -> HttpResponse:
    """A page with one message."""
    said = words(_language(request))
    text = said.get(f"{name}_long", "") if problem is None else f"{problem.message}."
    return _page(request, "status/said.html", {"heading": said[name], "text": text}, status)


def _page(request: HttpRequest, template: str, given: dict[str, Any], status: int = 200) -> HttpResponse:
    language = _language(request)
    other = request.GET.copy()
    other["lang"] = "en" if language == "zh" else "zh"
    given |= {"t": words(language), "lang": language, "other": other.urlencode(), "other_lang": other["lang"]}
    return render(request, template, given, status=status)
