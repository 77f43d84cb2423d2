"""``jifen explain``: where each amount of a member came from, or what each rule did for one order."""

import gc
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group

from jifen.cli.output import JsonOption, make_table, out, print_json, progress_bar
from jifen.cli.settings import read_date
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros, format_rate

if TYPE_CHECKING:
    from jifen.engine.explain import Explanation, Source

__all__ = ["explain", "explanation_table"]

_DIGEST_SHOWN = 8
_SOURCES_SHOWN = 20
_AMOUNTS = ("amount", "stands", "points", "base", "dust")


def explain(
    folder: Annotated[Path, typer.Argument(help="The folder of a run.", show_default=False)],
    member: Annotated[str | None, typer.Option(help="The member whose amounts are explained.")] = None,
    order: Annotated[str | None, typer.Option(help="The order that is accounted for, rule by rule.")] = None,
    day: Annotated[
        str | None, typer.Option(metavar="DATE", help="One business day, with the sources of each amount.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say where each amount of a member came from: rule, lot, orders, rates, plan version, and who was passed over.

    With --order: what each rule paid, fed, granted and weighed for one order, and what stays with the shop.

    Example: [bold]jifen explain var/march --member ann --day 2026-03-14[/]
    """
    if (member is None) == (order is None) or (order is not None and day is not None):
        raise typer.BadParameter("name a member (and a day, if you like), or an order", param_hint="--member, --order")
    if order is not None:
        from jifen.cli.explain_order import explain_order

        explain_order(folder, order, as_json)
    elif member is not None:
        _explain_member(folder, member, day, as_json)


def _explain_member(folder: Path, member: str, day: str | None, as_json: bool) -> None:
    from jifen.engine.kernels import interpret

    interpret()  # one member's rows are read sooner than a compiler starts
    from jifen.batch.replay import world_of
    from jifen.engine.explain import explain as explain_member

    on = read_date(day, "--day")
    gc.disable()  # much is built here and nothing freed
    try:
        with progress_bar("replaying days") as progress:
            world = world_of(folder, progress)
        found = explain_member(world, member, None if on is None else on.toordinal())
    except LookupError as error:
        raise InputError(Problem("unknown_member", f"the run knows no member {member!r}", "check the id")) from error
    finally:
        gc.enable()
    if as_json:
        print_json([_plain(asdict(one)) for one in found])
    elif found:
        out.print(explanation_table(member, found))
    else:
        out.print(f"{member} received nothing {'on ' + day if day else 'in this run'}.", markup=False)


def explanation_table(member: str, found: Sequence["Explanation"]) -> Group:
    """Make one row for each amount: what it is, what is left of it after refunds, and why it was given."""
    rows = [
        (
            date.fromordinal(one.day).isoformat(),
            one.rule,
            one.lot,
            one.plan[:_DIGEST_SHOWN],
            _sources(one.sources),
            one.asset,
            format_micros(one.amount, 2),
            format_micros(one.stands, 2),
        )
        for one in found
    ]
    headings = ("day", "rule", "lot of", "plan", "because of", "asset", "amount", "stands")
    return make_table(f"What {member} received, and why", headings, rows, left=6)


def _sources(sources: Sequence["Source"]) -> str:
    """Write the largest sources, and what the others had in all; ``--json`` has every one."""
    lines = [_source(source) for source in sources[:_SOURCES_SHOWN]]
    rest = sources[_SOURCES_SHOWN:]
    if rest:
        points = format_micros(sum(source.points for source in rest), 2)
        lines.append(f"… and {len(rest):,} smaller ones, {points} points in all (--json has them)")
    return "\n".join(lines)


def _source(source: "Source") -> str:
    order = source.order if source.line == "1" else f"{source.order} line {source.line}"
    text = f"{format_rate(source.rate)} of {format_micros(source.base, 2)} by {source.member} ({order})"
    passed = "; ".join(f"{one.member}: {one.why}" for one in source.passed)
    return f"{text}, passed over {passed}" if passed else text


def _plain(value: Any) -> Any:
    """Write days as dates, amounts as decimal numbers and rates as percentages."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _plain(item) for key, item in value.items()}
    plain |= {key: format_micros(value[key], 2) for key in _AMOUNTS if key in value}
    plain |= {"day": date.fromordinal(value["day"]).isoformat()} if "day" in value else {}
    plain |= {"rate": format_rate(value["rate"])} if "rate" in value else {}
    return plain
