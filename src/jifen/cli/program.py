"""``jifen program``: versions of the plan on their way into a shop: check, publish, preview; waivers, freezes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.compiling import compiling_shown
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, make_table, out, print_json, progress_bar
from jifen.cli.settings import SetOption, read_settings
from jifen.cli.shop_acts import opened
from jifen.core.errors import InputError, Problem

if TYPE_CHECKING:
    from jifen.service.programs.models import Program
    from jifen.service.programs.publishing import Version

__all__ = [
    "WaiveOptions", "draft_program", "findings", "grant", "list_programs", "preview_program", "program_commands",
    "publish_program", "unfreeze", "waive",
]  # fmt: skip

program_commands = typer.Typer(help="Versions of the plan, and what a live shop asks of them.", no_args_is_help=True)

_Plan = Annotated[str, typer.Argument(help="A preset's name, a plan file, or a version's digest.", show_default=False)]
_As = Annotated[str, typer.Option("--as", metavar="ACCOUNT", help="The account of staff that does it.")]
_DIGEST = 64
_SHOWN = 10


@program_commands.command("list")
def list_programs(as_json: JsonOption = False) -> None:
    """List the versions, and where each stands.

    Example: [bold]jifen program list[/]
    """
    opened()
    from jifen.service.programs.publishing import versions

    found = versions()
    if as_json:
        print_json([_document(each) for each in found])
        return
    rows = [(each.program.name, _state(each), each.program.digest) for each in found]
    out.print(make_table("Versions of the plan", ("plan", "state", "digest"), rows, left=3))


@program_commands.command("check")
def draft_program(plan: _Plan, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Draft a version, check and assess it, and keep what was found. Exit code 1: something blocks it here.

    Example: [bold]jifen program check plan.yaml[/]
    """
    digest = _kept(plan, settings)
    from jifen.service.programs.publishing import look

    with compiling_shown(), progress_bar("simulating days") as progress:
        program, found = look(digest, progress)
    blocks = [each.id for each in found.blocks]
    if as_json:
        print_json(_plain(program) | {"blocks": blocks, "findings": [each.id for each in found.found.found]})
    else:
        rows = [(each.severity, each.id, each.rule.title.en, "" if each.waivable else "never waived")
                for each in found.found.found]  # fmt: skip
        out.print(make_table("What is found (not legal advice)", ("", "", "", ""), rows, left=4))
        out.print(f"{program.digest}: {'blocked by ' + ', '.join(blocks) if blocks else 'nothing blocks it'}.")
    if blocks:
        raise typer.Exit(1)


@program_commands.command("publish")
def publish_program(plan: _Plan, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Check and assess a version, and publish it: a live shop activates published versions only.

    Example: [bold]jifen program publish plan.yaml[/]
    """
    digest = _kept(plan, settings)
    from jifen.service.programs.publishing import publish

    with compiling_shown(), progress_bar("simulating days") as progress:
        program = publish(digest, progress)
    if as_json:
        print_json(_plain(program))
    else:
        out.print(f"{program.name} is published: {program.digest}", markup=False)
        out.print("Let it count: jifen shop activate", markup=False)


@program_commands.command("preview")
def preview_program(plan: _Plan, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Replay the last 30 days with a version, and say who would have got what. Nothing is changed.

    Example: [bold]jifen program preview plan.yaml --set daily_rate=0.5%[/]
    """
    digest = _kept(plan, settings)
    from jifen.service.programs.preview import preview
    from jifen.service.programs.studies import plan_of

    with compiling_shown(), progress_bar("replaying events") as progress:
        found = preview(plan_of(digest), progress, most=None)
    if as_json:
        print_json(found)
        return
    totals = [(thing, *each.values()) for thing, each in found["totals"].items()]
    out.print(make_table("All members", ("", "was", "would be", "difference"), totals))
    rows = [(row["member"], thing, *each.values())
            for row in found["differences"][:_SHOWN] for thing, each in row["holds"].items()]  # fmt: skip
    title = f"{found['changed']} of {found['members']} members would have something else; the first"
    out.print(make_table(title, ("member", "", "was", "would be", "difference"), rows, left=2))


@dataclass(frozen=True, slots=True)
class WaiveOptions:
    """What ``jifen program waive`` is given."""

    plan: _Plan
    finding: Annotated[str, typer.Argument(help="The finding, such as CN-17.", show_default=False)]
    reason: Annotated[str, typer.Option(help="Why it may be waived.")]
    counsel: Annotated[str, typer.Option(help="Who answers for it.")]
    document: Annotated[str, typer.Option(help="The number, or the SHA-256, of counsel's opinion.")]
    who: _As
    settings: SetOption = None
    as_json: JsonOption = False


@program_commands.command("waive")
@takes(WaiveOptions)
def waive(options: WaiveOptions) -> None:
    """Ask, as the first of two people, that a finding which blocks a version be waived.

    Example: [bold]jifen program waive plan.yaml CN-17 --reason … --counsel … --document … --as 7f3k[/]
    """
    digest = _kept(options.plan, options.settings)
    from jifen.service.acting import acting
    from jifen.service.programs.gate import verdict
    from jifen.service.programs.studies import plan_of
    from jifen.service.programs.waivers import Grounds, ask_waiver

    grounds = Grounds(options.reason, options.counsel, options.document)
    with acting(_person(options.who)):
        made = ask_waiver(verdict(plan_of(digest)).found, options.finding, grounds)
    _tell({"id": made.id, "state": "asked"}, f"It waits for a second person: jifen program grant {made.id}",
          options.as_json)  # fmt: skip


@program_commands.command("grant")
def grant(
    number: Annotated[int, typer.Argument(help="The waiver's number.")], who: _As, as_json: JsonOption = False
) -> None:
    """Grant a waiver, as the second of two people; it holds for twelve months.

    Example: [bold]jifen program grant 3 --as 9m2p[/]
    """
    opened()
    from jifen.service.acting import acting
    from jifen.service.programs.waivers import grant_waiver

    with acting(_person(who)):
        made = grant_waiver(number)
    ends = made.ends_at.date().isoformat() if made.ends_at else ""
    _tell({"id": made.id, "state": "granted", "ends": ends}, f"It holds until {ends}.", as_json)


@program_commands.command("findings")
def findings(as_json: JsonOption = False) -> None:
    """Show what the last close has shown, and whether the shop is frozen.

    Example: [bold]jifen program findings[/]
    """
    import json
    from datetime import date

    opened()
    from jifen.service.programs.gate import freeze_of
    from jifen.service.programs.models import RunFinding

    row, held = RunFinding.objects.order_by("-day").first(), freeze_of()
    if row is None:
        _tell({"day": None, "stops": []}, "No close has been looked at yet.", as_json)
        return
    content, day = json.loads(row.content), date.fromordinal(row.day).isoformat()
    if as_json:
        print_json({"day": day, "frozen": held is not None, "stops": row.stops, **content})
        return
    rows = [(each["severity"], each["id"], each["title"]["en"]) for each in content["findings"]]
    out.print(make_table(f"After the close of {day} (not legal advice)", ("", "", ""), rows, left=3))
    out.print(f"Frozen: {', '.join(held.stops)}." if held else "The shop is not frozen.", markup=False)


@program_commands.command("unfreeze")
def unfreeze(as_json: JsonOption = False) -> None:
    """Go on with the version that was frozen, if what the last close showed would not freeze it again.

    Example: [bold]jifen program unfreeze[/]
    """
    opened()
    from jifen.service import life

    result = life.unfreeze().result
    _tell({"state": result.state, "key": result.key}, "It goes on with the next events.", as_json)


def _kept(plan: str, settings: list[str] | None) -> str:
    """The digest of a version that the shop knows: drafted now, unless it is given by its digest."""
    if len(plan) == _DIGEST and set(plan) <= set("0123456789abcdef"):
        opened()
        return plan
    from jifen.plan import load_plan

    made = load_plan(plan, read_settings(settings or ()))
    opened()
    from jifen.service.programs.publishing import draft

    return draft(made).digest


def _person(code: str) -> str:
    """An account of the staff that may waive; ``InputError`` for any other."""
    from jifen.service.members.models import Account
    from jifen.service.rights import Right

    account = Account.objects.filter(code=code, is_active=True).exclude(role="").first()
    if account is None or not account.principal().may(Right.PLANS_WAIVE):
        raise InputError(Problem("not_allowed", "this account may not waive", "name an owner's account", column="--as"))
    return str(account.principal())


def _state(version: "Version") -> str:
    marks = ("sandbox" if version.sandbox else "", "frozen" if version.frozen else "")
    return ", ".join(filter(None, (version.state, *marks)))


def _document(version: "Version") -> dict[str, Any]:
    return _plain(version.program) | {
        "state": version.state,
        "sandbox": version.sandbox,
        "frozen": version.frozen,
    }


def _plain(program: "Program") -> dict[str, Any]:
    return {
        "digest": program.digest, "name": program.name, "state": program.state, "check": program.checking,
        "assessment": program.assessment, "disclosure": program.disclosure,
    }  # fmt: skip


def _tell(facts: dict[str, Any], told: str, as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        out.print(told, markup=False)
