"""What an operator does to an open shop from the command line: each is an event, and its result is waited for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.output import JsonOption, errors, make_table, out, print_json
from jifen.cli.settings import SetOption, read_date, read_settings
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros
from jifen.report.figures import yuan

if TYPE_CHECKING:
    from jifen.plan.model import Plan
    from jifen.service.environment import Settings
    from jifen.service.life import Deed

__all__ = [
    "LangOption", "activate", "donate", "end", "opened", "pause", "resume", "show_findings", "top_up", "wind_up",
]  # fmt: skip

LangOption = Annotated[str, typer.Option(metavar="en|zh", help="The language of findings.")]
_Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In yuan, such as 1000.50.")]
_Reference = Annotated[
    str, typer.Option(help="The bank's number of it: counts once. Without one, the same amount counts once a day.")
]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_CLAIM = ("units", "worth", "paid")
_WATERFALL = {
    "wallets": "in wallets, which nobody touches",
    "debts": "that members owe the shop",
    "available": "there for the claims",
    "paid": "paid out",
    "set_off": "of it set off against debts",
    "written_off": "written off",
    "left": "left in the reserve",
}
"""Sums of a waterfall, in words."""
_PATIENCE = 5.0
"""Seconds for which a command waits for its result."""


def opened(*, create: bool = False) -> "Settings":
    """Make the database of the environment ready, with its tables if a shop is created; ``InputError`` if it is not."""
    from jifen.service.databases import start_django

    start_django()
    from jifen.service.serving.start import make_tables, prepare

    return make_tables() if create else prepare(migrating=False)


def activate(
    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.")],
    settings: SetOption = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day with which it begins; now.")] = None,
    lang: LangOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Let a version of the plan count, from now on or from the beginning of a day to come.

    Example: [bold]jifen shop activate plan.yaml --set daily_rate=0.5% --on 2026-04-01[/]
    """
    from jifen.plan import load_plan

    version, day = load_plan(plan, read_settings(settings or ())), read_date(on, "--on")
    opened()
    from jifen.service import life
    from jifen.service.shop import shop_of
    from jifen.service.versions import schedule

    shop = shop_of()
    findings = show_findings(version, shop.seat, shop.currency, "" if as_json else lang)
    if day is None:
        deed = life.activate(version, wait=_PATIENCE)
        _tell(deed, f"{version.name} counts from now on", as_json, digest=version.digest, findings=findings)
        return
    schedule(version, day.toordinal())
    if as_json:
        print_json({"state": "scheduled", "day": day.isoformat(), "digest": version.digest, "findings": findings})
    else:
        out.print(f"{version.name} begins on {day}: {version.digest}", markup=False)


def pause(as_json: JsonOption = False) -> None:
    """Let new orders earn nothing until the plan is resumed; what is open goes on.

    Example: [bold]jifen shop pause[/]
    """
    opened()
    from jifen.service import life

    _tell(life.pause(wait=_PATIENCE), "the plan is paused", as_json)


def resume(as_json: JsonOption = False) -> None:
    """Go on after a pause, with the version that counted.

    Example: [bold]jifen shop resume[/]
    """
    opened()
    from jifen.service import life

    _tell(life.resume(wait=_PATIENCE), "the plan goes on", as_json)


def end(yes: _Yes = False, as_json: JsonOption = False) -> None:
    """End the plan: new orders earn nothing, open lots run off.

    Example: [bold]jifen shop end[/]
    """
    opened()
    from jifen.service import life

    _ask("End the plan?", yes)
    _tell(life.end(wait=_PATIENCE), "the plan has ended", as_json)


def wind_up(
    preview: Annotated[bool, typer.Option("--preview", help="Say who would get what, and do nothing.")] = False,
    yes: _Yes = False,
    as_json: JsonOption = False,
) -> None:
    """Wind the plan up: pay out what is there to those to whom it is owed, and write off the rest.

    Example: [bold]jifen shop wind-up --preview[/]
    """
    settings = opened()
    from jifen.service import life

    if preview:
        _show_waterfall(settings.var, as_json)
        return
    _ask("Wind the plan up? It cannot be undone. See --preview.", yes)
    _tell(life.wind_up(wait=_PATIENCE), "the plan is wound up", as_json)


def top_up(amount: _Amount, reference: _Reference = "", as_json: JsonOption = False) -> None:
    """Put money into the reserve, from which the plan pays.

    Example: [bold]jifen shop top-up 1000 --reference bank-2026-03-31-7[/]
    """
    micros = _micros(amount)
    opened()
    from jifen.service.money import top_up as bring

    _tell(bring(micros, reference, wait=_PATIENCE), f"the reserve has {amount} yuan more", as_json)


def donate(
    pool: Annotated[str, typer.Argument(help="A pool of the plan.")],
    amount: _Amount,
    reference: _Reference = "",
    as_json: JsonOption = False,
) -> None:
    """Put money into a pool of the plan.

    Example: [bold]jifen shop donate bonus 500[/]
    """
    micros = _micros(amount)
    opened()
    from jifen.service.money import donate as bring

    _tell(bring(pool, micros, reference, wait=_PATIENCE), f"the pool {pool} has {amount} yuan more", as_json)


def show_findings(plan: "Plan", seat: str, currency: str, lang: str) -> list[dict[str, Any]]:
    """Warn of what a check finds in a plan (with ``lang`` on stderr), and return it as JSON has it."""
    from jifen.assess.compliance import check
    from jifen.assess.shop import Shop

    found = check(plan, Shop(seat=seat, currency=currency)).found
    if lang and found:
        rows = [(each.severity, each.id, each.rule.title.of(lang)) for each in found]
        errors.print(make_table("`jifen check` finds (not legal advice)", ("", "", ""), rows, left=3))
    return [{"id": each.id, "severity": each.severity, "title": each.rule.title.en} for each in found]


def _tell(deed: "Deed", done: str, as_json: bool, **more: Any) -> None:
    """Say what became of an event; exit code 1 if it was refused."""
    from jifen.service.lease import is_held

    result = deed.result
    if as_json:
        facts = {"key": result.key, "number": result.number, "code": result.code, "message": result.message}
        print_json({"state": result.state, "repeated": deed.repeated, **facts, **more})
    elif result.state == "refused":
        errors.print(f"refused: {result.message} [{result.code}]", style="red", markup=False)
    elif result.state == "pending":
        reason = "the writer has not come to it yet" if is_held() else "start `jifen worker`: nobody writes now"
        out.print(f"It is in the inbox; {reason}.", markup=False)
    else:
        again = " (it was asked for before: nothing was done again)" if deed.repeated else ""
        out.print(f"{done[0].upper()}{done[1:]}{again}.", markup=False)
    if result.state == "refused":
        raise typer.Exit(1)


def _ask(question: str, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True, err=True)


def _micros(amount: str) -> int:
    from jifen.core.micros import parse_micros

    try:
        return parse_micros(amount)
    except ValueError as error:
        raise InputError(Problem("bad_amount", str(error), "write yuan such as 1000 or 0.50", "AMOUNT")) from error


def _show_waterfall(folder: Path, as_json: bool) -> None:
    """Who would get what if the plan were wound up now, by kind of claim."""
    from jifen.engine import waterfall
    from jifen.service.recovery import recover
    from jifen.service.writer import SNAPSHOTS

    with errors.status("asking the world", spinner="dots"):
        found = waterfall(recover("default", folder / SNAPSHOTS)[0])
    sums = {name: getattr(found, name) for name in _WATERFALL}
    if as_json:
        kinds = [
            {
                "kind": kind,
                "receivers": people,
                **{name: format_micros(each) for name, each in zip(_CLAIM, row, strict=True)},
            }
            for kind, (people, *row) in found.kinds().items()
        ]
        print_json({**{name: format_micros(each) for name, each in sums.items()}, "claims": kinds})
        return
    claims = [(kind, str(people), *map(yuan, row)) for kind, (people, *row) in found.kinds().items()]
    out.print(make_table("If the plan were wound up now (yuan)", ("claim", "members", *_CLAIM), claims, left=1))
    out.print(make_table("", ("", ""), [(_WATERFALL[name], yuan(each)) for name, each in sums.items()], left=1))
