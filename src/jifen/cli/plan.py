"""``jifen plan``: show, check and compare plans, and the schema of plan files."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.output import JsonOption, errors, make_table, out, print_json
from jifen.cli.settings import SetOption, read_settings
from jifen.core.errors import PlanError, Problem

if TYPE_CHECKING:
    from jifen.plan import Plan

__all__ = ["check", "diff", "plan_commands", "schema", "show"]

plan_commands = typer.Typer(help="Show, check and compare plans.", no_args_is_help=True)

_PlanArgument = Annotated[str, typer.Argument(help="A preset's name, or a plan file.", show_default=False)]


@plan_commands.command()
def show(
    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file; none lists the presets.")] = "",
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a plan: its parameters with their labels and bounds, and its stores, ranks and rules in words.

    Example: [bold]jifen plan show plan.yaml --set daily_rate=0.5%[/]
    """
    from jifen.plan import load_plan, preset_names
    from jifen.plan.show import describe

    if not plan:
        presets = [describe(load_plan(name)) for name in preset_names()]
        titles = {preset["name"]: preset["title"] for preset in presets}
        if as_json:
            print_json(titles)
            return
        rows = [(name, title["en"], title["zh"]) for name, title in titles.items()]
        out.print(make_table("Presets", ("name", "title", "中文"), rows, left=3))
        return
    described = describe(load_plan(plan, read_settings(settings or ())))
    if as_json:
        print_json(described)
    else:
        _show(described)


def _show(plan: dict[str, Any]) -> None:
    out.print(f"{plan['name']}  {' '.join(plan['title'].values())}", style="bold", markup=False)
    out.print(f"digest {plan['digest']}\n", style="dim", markup=False)
    parameters = [
        (
            one["name"],
            _text(one["value"]),
            _text(one["default"]) if one["default"] != one["value"] else "",
            one["bounds"] or " / ".join(one["options"]),
            " ".join(one["label"].values()),
        )
        for one in plan["parameters"]
    ]
    out.print(make_table("Parameters", ("name", "value", "default", "allowed", "label"), parameters, left=5))
    for section, key in (("stores", "name"), ("ranks", "name"), ("rules", "id")):
        rows = [(one[key], one["line"] + ("  (off)" if one.get("off") else "")) for one in plan[section]]
        if rows:
            out.print()
            out.print(make_table(section.capitalize(), ("", ""), rows, left=2))
    _warn(plan["warnings"])


def _text(value: Any) -> str:
    return "–" if value is None else str(value)


def _warn(warnings: list[str] | tuple[str, ...]) -> None:
    for warning in warnings:
        errors.print(f"warning: {warning}", style="yellow", markup=False)


@plan_commands.command()
def schema() -> None:
    """Write the JSON Schema of plan files, for editors that complete and check while one writes.

    Example: [bold]jifen plan schema > plan.schema.json[/]
    """
    from jifen.plan.schema import schema_text

    sys.stdout.write(schema_text())


@plan_commands.command()
def check(
    plans: Annotated[list[str], typer.Argument(help="Presets, or plan files.", show_default=False)],
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load plans and list all their mistakes at once: file, line, key, and what to do.

    Example: [bold]jifen plan check plan.yaml[/]
    """
    from jifen.plan import load_plan

    overrides = read_settings(settings or ())
    loaded: dict[str, Plan] = {}
    problems: list[Problem] = []
    for source in plans:
        try:
            loaded[source] = load_plan(source, overrides)
        except PlanError as error:
            problems += error.problems
    if problems:
        raise PlanError(problems)
    if as_json:
        print_json({source: {"digest": plan.digest, "warnings": plan.warnings} for source, plan in loaded.items()})
        return
    for source, plan in loaded.items():
        out.print(f"{source}: no mistakes, digest {plan.digest}", markup=False)
        _warn(plan.warnings)


@plan_commands.command()
def diff(before: _PlanArgument, after: _PlanArgument, as_json: JsonOption = False) -> None:
    """List what differs between two plans, parameter by parameter.

    Example: [bold]jifen plan diff last_month.yaml plan.yaml[/]
    """
    from jifen.plan import load_plan
    from jifen.plan.versions import diff as differences

    found = differences(load_plan(before), load_plan(after))
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        rows = [(one.key, one.before or "–", one.after or "–", f"{one.en} {one.zh}") for one in found]
        out.print(make_table("", ("key", "before", "after", "label"), rows, left=4))
    else:
        out.print("The two are the same plan.")
