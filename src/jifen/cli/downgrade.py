"""``jifen downgrade``: the nearest plan that passes, why each change, and the entries that carry open lots over."""

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.assumptions import COST_USUAL, CostOption, LanguageOption, read_cost
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, make_table, out, print_json, progress_bar
from jifen.cli.settings import SetOption, read_settings
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros

if TYPE_CHECKING:
    from jifen.assess.downgrade import Change, Downgrade
    from jifen.assess.opening import Opening

__all__ = ["DowngradeOptions", "downgrade", "downgrade_data", "opening_rows"]

_FILE = "downgrade.yaml"
_COLUMNS = ("event", "id", "at", "member", "store", "amount", "base", "pool", "reason")
_NOTE = "Not legal advice 不构成法律意见: jifen check says what is verified and what needs counsel."


@dataclass(frozen=True, slots=True)
class DowngradeOptions:
    """What ``jifen downgrade`` is given."""

    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.", show_default=False)]
    jurisdiction: Annotated[str, typer.Option(help="Whose rules it must pass: cn, us or eu.")] = "cn"
    cost: CostOption = COST_USUAL
    plan_out: Annotated[Path | None, typer.Option("--out", help="Write the new plan to this file.")] = None
    run: Annotated[Path | None, typer.Option(help="The folder of a run whose open lots are carried over.")] = None
    opening_out: Annotated[
        Path | None, typer.Option("--opening", help="Write the entries that carry them over, as a file of events.")
    ] = None
    language: LanguageOption = "en"
    settings: SetOption = None
    as_json: JsonOption = False


@takes(DowngradeOptions)
def downgrade(options: DowngradeOptions) -> None:
    """Change a plan until nothing blocks it: one level, a bounded and funded promise, no entry purchase, no heads.

    Leaves with code 1 if something still blocks.

    Example: [bold]jifen downgrade green_points --jurisdiction cn --out safer.yaml[/]
    """
    from jifen.assess.downgrade import downgrade as nearest
    from jifen.plan import load_plan

    if options.opening_out is not None and options.run is None:
        raise typer.BadParameter("say which run's lots are carried over", param_hint="--run")
    for path in filter(None, (options.plan_out, options.opening_out)):
        _refuse_existing(path)
    plan = load_plan(options.plan, read_settings(options.settings or ()))
    found = nearest(plan, options.jurisdiction, read_cost(options.cost))
    opening = None if options.run is None else _opening(options.run, found)
    if options.plan_out is not None and found.text:
        options.plan_out.write_text(found.text, encoding="utf-8")
    if options.opening_out is not None and opening is not None:
        with options.opening_out.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows([_COLUMNS, *opening_rows(opening)])
    if options.as_json:
        print_json(downgrade_data(found, opening))
    else:
        _show(found, opening, options.language)
    if not found.found_after.passes:
        raise typer.Exit(1)


def _refuse_existing(path: Path) -> None:
    """Nothing that is there is overwritten."""
    if path.exists():
        problem = Problem("target_exists", f"{path} is there already", "choose another name, or remove it", str(path))
        raise InputError(problem)


def _opening(folder: Path, found: "Downgrade") -> "Opening":
    from jifen.assess.opening import open_books
    from jifen.batch.replay import world_of

    with progress_bar("replaying days") as progress:
        return open_books(world_of(folder, progress), found.after)


def opening_rows(opening: "Opening") -> list[list[str]]:
    """Return the entries as rows of a file of events."""
    rows = []
    for event in opening.events:
        at = date.fromordinal(event.day).isoformat()
        facts = {"event": event.name, "id": event.id, "at": at}
        for name in _COLUMNS[3:]:
            value = getattr(event, name, None)
            facts[name] = format_micros(value, 0) if isinstance(value, int) else value or ""
        rows.append([facts[name] for name in _COLUMNS])
    return rows


def downgrade_data(found: "Downgrade", opening: "Opening | None") -> dict[str, Any]:
    """Return the answer as values JSON can hold."""
    data = {
        "plan": found.before.name,
        "digest": found.before.digest,
        "new_digest": found.after.digest,
        "passes": found.found_after.passes,
        "blocked_by": [each.id for each in found.found_before.blocks],
        "still_blocked_by": [each.id for each in found.found_after.blocks],
        "still_found": [each.id for each in found.found_after.found],
        "changes": [_change_data(each) for each in found.changes],
        "text": found.text,
        "opening": None,
    }
    if opening is not None:
        data["opening"] = {
            "stores": [_carried_data(each) for each in opening.stores],
            "reserve": {name: format_micros(getattr(opening, name), 2) for name in ("needed", "brought", "missing")},
            "events": len(opening.events),
        }
    return data


def _change_data(change: "Change") -> dict[str, Any]:
    from jifen.assess.texts import LANGUAGES

    difference = change.difference
    label = {"en": difference.en, "zh": difference.zh}
    reasons = [
        {"code": each.name, "rules": list(each.rules)} | {tongue: _said(each.name, tongue) for tongue in LANGUAGES}
        for each in change.reasons
    ]
    facts = {"key": difference.key, "before": difference.before, "after": difference.after, "label": label}
    return facts | {"reasons": reasons}


def _carried_data(carried: Any) -> dict[str, str]:
    amounts = ("before", "carried", "converted", "written_off")
    return {
        "store": carried.store,
        **{name: format_micros(getattr(carried, name), 2) for name in amounts},
        "paid_as": " → ".join(dict.fromkeys(carried.paid_as)),
    }


def _said(name: str, language: str) -> str:
    from jifen.assess.texts import Statement, say

    return say(_FILE, Statement(name), language)


def _show(found: "Downgrade", opening: "Opening | None", language: str) -> None:
    if not found.text:
        out.print("Nothing blocks this plan: nothing has to change. 无须修改。")
    for change in found.changes:
        difference = change.difference
        label = difference.zh if language == "zh" else difference.en
        before, after = difference.before or "–", difference.after or "–"
        out.print(f"{difference.key} ({label}): {before} → {after}", markup=False, soft_wrap=True)
        for reason in change.reasons:
            laws = f" [{', '.join(reason.rules)}]" if reason.rules else ""
            out.print(f"    {_said(reason.name, language)}{laws}", markup=False, soft_wrap=True)
    _show_findings(found)
    if opening is not None:
        _show_opening(opening)


def _show_findings(found: "Downgrade") -> None:
    blocked = ", ".join(each.id for each in found.found_before.blocks) or "nothing 无"
    still = ", ".join(each.id for each in found.found_after.blocks) or "nothing 无"
    others = ", ".join(each.id for each in found.found_after.found if each.severity != "block") or "nothing 无"
    out.print(f"Blocked by 禁止项: {blocked} → {still}; to be read 须知悉: {others}.", markup=False, soft_wrap=True)
    out.print(_NOTE, style="dim", markup=False, soft_wrap=True)


def _show_opening(opening: "Opening") -> None:
    rows = [list(_carried_data(each).values()) for each in opening.stores]
    headings = ("store", "before", "carried", "as coin", "written off", "paid as")
    out.print(make_table("Carried over 结转", headings, rows))
    needed, brought, missing = (format_micros(each, 2) for each in (opening.needed, opening.brought, opening.missing))
    sentence = f"The new reserve needs {needed}: {brought} is there, {missing} must be brought 须补足."
    out.print(sentence, markup=False, soft_wrap=True)
