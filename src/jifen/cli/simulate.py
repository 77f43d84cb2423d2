"""``jifen simulate``: a plan under a scenario, once or many times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group

from jifen.cli.assumptions import LanguageOption
from jifen.cli.compiling import compiling_shown
from jifen.cli.foresight import (
    MembersOption,
    OrdersOption,
    ReportOption,
    check_given,
    check_target,
    given_of,
    report_sweep,
    report_written,
)
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, errors, make_table, out, print_json, progress_bar
from jifen.cli.settings import SetOption, parted, read_settings
from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros

if TYPE_CHECKING:
    from jifen.plan import Plan
    from jifen.plan.parameters import Parameter
    from jifen.simulate.scenario import Scenario
    from jifen.simulate.simulation import Given
    from jifen.simulate.summary import SimulationSummary
    from jifen.simulate.sweep import Sweep

__all__ = ["SimulateOptions", "simulate"]


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What ``jifen simulate`` is given."""

    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.")] = ""
    scenario: Annotated[str, typer.Option(help="The name of a scenario (see --list), or a scenario file.")] = "steady"
    out: Annotated[Path | None, typer.Option(help="A new folder for everything; needed with --runs.")] = None
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed draws other numbers.")] = 1
    runs: Annotated[int, typer.Option(min=0, help="So many runs of every combination of values.")] = 0
    settings: SetOption = None
    members: MembersOption = None
    orders: OrdersOption = None
    processes: Annotated[int, typer.Option(min=0, help="Processes for --runs; 0: one for each core.")] = 0
    resume: Annotated[bool, typer.Option("--resume", help="Go on with runs that were stopped.")] = False
    force: Annotated[bool, typer.Option("--force", help="Replace the folder of one earlier simulation.")] = False
    list_scenarios: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False
    list_keys: Annotated[bool, typer.Option("--keys", help="List what a scenario may say.")] = False
    report: ReportOption = None
    language: LanguageOption = "en"
    as_json: JsonOption = False


@takes(SimulateOptions)
def simulate(options: SimulateOptions) -> None:
    """Simulate a plan: members join, buy, give back and sell as a scenario says, and the engine runs it.

    Values of --set are those of the plan, or of the scenario (joining.a_day=50). With --runs each may have several,
    and every combination is run: --set daily_rate=1%,0.5% --set joining.growth=0%,1%.

    Example: [bold]jifen simulate points_dividend --scenario growth --out var/growth[/]
    """
    if options.list_scenarios or options.list_keys:
        _show_lists(options)
        return
    if not options.plan:
        raise typer.BadParameter("give a plan", param_hint="PLAN")
    given = given_of(options.members, options.orders)
    if options.runs:
        _simulate_many(options, given)
        return
    ((_, plan, scenario),) = _points(options)
    _simulate_once(options, plan, scenario, given)


def _simulate_once(options: SimulateOptions, plan: "Plan", scenario: "Scenario", given: "Given") -> None:
    from jifen.simulate.simulation import simulate as run
    from jifen.simulate.summary import summary_of, write_simulation

    check_target(options.out, options.force)
    check_target(options.report, options.force)
    with compiling_shown(), progress_bar("simulating days") as progress:
        made = run(plan, scenario, options.seed, given=given, progress=progress)
    summary = summary_of(made) if options.out is None else write_simulation(made, options.out, force=options.force)
    page = None
    if options.report is not None:
        page = report_written(None, [made], options.report, options.language, force=options.force)
    if options.as_json:
        print_json(summary.document())
        return
    out.print(_table(summary))
    if options.out is not None:
        out.print(f"Everything: {options.out}", markup=False, soft_wrap=True)
    if page is not None:
        out.print(f"Report: {page}", markup=False, soft_wrap=True)


def _simulate_many(options: SimulateOptions, given: "Given") -> None:
    from jifen.simulate.fan import write_fan
    from jifen.simulate.sweep import Point, Sweep, run_sweep

    if options.out is None:
        raise InputError(Problem("bad_option", "many runs need a folder", "give --out", column="--out"))
    check_target(options.report, options.force)
    points = [Point(*each) for each in _points(options)]
    sweep = Sweep(points, options.runs, options.seed, given)
    try:
        with compiling_shown(), progress_bar("runs") as progress:
            _, failed = run_sweep(
                sweep, options.out, processes=options.processes, resume=options.resume, progress=progress
            )
    except KeyboardInterrupt:
        errors.print(f"Stopped. What has finished is in {options.out}; --resume goes on.", markup=False)
        raise
    document = write_fan(sweep, options.out)
    pages = []
    if options.report is not None:
        pages = report_sweep(sweep, options.out, options.report, options.language, force=options.force)
    if options.as_json:
        print_json(document)
    else:
        out.print(_fan_table(sweep, document))
        out.print(f"All runs: {options.out}", markup=False, soft_wrap=True)
        for page in pages:
            out.print(f"Report: {page}", markup=False, soft_wrap=True)
    for each in document["failed"]:
        errors.print(f"{each['run']} failed: {each['error']}", markup=False)
    if failed:
        raise typer.Exit(1)


def _points(options: SimulateOptions) -> Iterator[tuple[dict[str, Any], "Plan", "Scenario"]]:
    """Every combination of the values that are set, and the plan and the scenario that it makes."""
    from jifen.plan import load_plan
    from jifen.simulate.scenario import load_scenario

    choices = [[(key, text) for text in _split(value)] for key, value in _pairs(options)]
    if not options.runs and any(len(each) > 1 for each in choices):
        raise InputError(Problem("bad_option", "several values make several runs", "add --runs 1", column="--set"))
    for combination in product(*choices):
        values = read_settings(f"{key}={text}" for key, text in combination)
        of_plan, of_scenario = parted(values)
        scenario = load_scenario(options.scenario, of_scenario)
        check_given(scenario, options.members, options.orders)
        yield dict(combination), load_plan(options.plan, of_plan), scenario


def _pairs(options: SimulateOptions) -> Iterator[tuple[str, str]]:
    for setting in options.settings or ():
        key, separator, text = setting.partition("=")
        if not separator:
            raise InputError(Problem("bad_option", f"{setting!r} is not key=value", "write --set key=value", "--set"))
        yield key.strip(), text


def _split(text: str) -> Iterable[str]:
    """The values between commas; those inside of brackets belong to one value."""
    depth, start, found = 0, 0, []
    for place, mark in enumerate(text):
        depth += (mark in "[{") - (mark in "]}")
        if mark == "," and depth == 0:
            found.append(text[start:place])
            start = place + 1
    return [*found, text[start:]]


def _table(summary: "SimulationSummary") -> Group:
    """The main figures of one simulation."""
    day = "never" if summary.cash_negative_day is None else f"day {summary.cash_negative_day}"
    rows = [
        ("members", f"{summary.members:,}"), ("orders", f"{summary.orders:,}"), ("sold", _yuan(summary.sold)),
        ("refunded", _yuan(summary.refunded)), ("cost of goods", _yuan(summary.goods)),
        ("paid to members", _yuan(summary.paid)), ("still promised", _yuan(summary.promised)),
        ("in wallets", _yuan(summary.wallets)), ("cash in hand, without pools", _yuan(summary.free_cash)),
        ("its highest", f"{_yuan(summary.cash_peak)} on day {summary.cash_peak_day}"), ("below zero", day),
        *((f"pool: {name}", _yuan(held)) for name, held in summary.pools.items()),
        *([("reserve", _yuan(summary.reserve))] if summary.reserve else []),
        *([("price", _yuan(summary.price))] if summary.price else []),
        *([("forced exits", f"{summary.exits:,}")] if summary.exits is not None else []),
        *((f"queue: {name}", f"{served:,} of {places:,} paid") for name, (places, served) in summary.queues.items()),
        *_outcomes(summary),
        *([("events refused", f"{summary.refused:,}")] if summary.refused else []),
    ]  # fmt: skip
    return make_table(f"{summary.plan}, {summary.scenario}, {summary.days} days, seed {summary.seed}", ("", ""), rows)


_LISTED = ("members", "sold", "paid", "promised", "free_cash", "cash_negative_day", "buyers_then", "paid_back_then")


def _fan_table(sweep: "Sweep", document: dict[str, Any]) -> Group:
    """By point and figure: what the middle run has, and how far nine runs in ten spread."""
    values = {key: {str(point.settings[key]) for point in sweep.points} for key in sweep.points[0].settings}
    varied = [key for key, several in values.items() if len(several) > 1]
    rows: list[tuple[str, ...]] = []
    for point, found in zip(sweep.points, document["points"], strict=True):
        label = ", ".join(f"{key}={point.settings[key]}" for key in varied)
        for name in _LISTED if found["figures"] else ():
            cells = (_short(found["figures"][name][quantile]) for quantile in ("q05", "q50", "q95"))
            rows.append((label, name, *cells))
            label = ""
    title = f"{sweep.points[0].plan.name}, {document['finished']} of {document['runs']} runs"
    return make_table(title, ("", "", "5 of 100 below", "middle", "5 of 100 above"), rows, left=2)


def _short(value: Any) -> str:
    """A figure without its decimals."""
    return "never" if value is None else f"{int(str(value).partition('.')[0]):,}"


def _outcomes(summary: "SimulationSummary") -> list[tuple[str, str]]:
    """Who got his spending back: while the money was there, and what the plan promises beyond that."""
    back, nothing, whole = summary.paid_back_then, summary.paid_nothing_then, f"of {summary.buyers_then:,} buyers"
    if summary.cash_negative_day is None:
        return [
            ("got their spending back", f"{_share(back, summary.buyers_then)} {whole}"),
            ("got nothing", _share(nothing, summary.buyers_then)),
        ]
    return [
        ("paid with money that was not there", _yuan(summary.unfunded)),
        ("had their spending back by then", f"{_share(back, summary.buyers_then)} {whole}"),
        ("had nothing by then", _share(nothing, summary.buyers_then)),
        ("would get it back if all were paid", f"{_share(summary.paid_back, summary.buyers)} of {summary.buyers:,}"),
    ]


def _yuan(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    whole, _, part = format_micros(abs(amount), 2).partition(".")
    return f"{sign}{int(whole):,}.{part[:2]}"


def _share(part: int, whole: int) -> str:
    return f"{part:,} ({100 * part / whole:.1f} %)" if whole else "0"


def _show_lists(options: SimulateOptions) -> None:
    """List the scenarios, or what a scenario may say."""
    from jifen.simulate.scenario import key_help, load_scenario, range_of, scenario_keys, scenario_names

    if options.list_keys:
        keys = [(name, _default(key), range_of(name), key_help()[name]) for name, key in scenario_keys().items()]
        if options.as_json:
            print_json(
                {name: {"default": default, "range": bounds, "help": text} for name, default, bounds, text in keys}
            )
            return
        out.print(make_table("", ("key", "default", "may be", "what it means"), keys, left=4))
        return
    scenarios = [load_scenario(name) for name in scenario_names()]
    if options.as_json:
        print_json({each.name: dict(each.title) for each in scenarios})
        return
    rows = [(each.name, each.title["en"], each.title["zh"]) for each in scenarios]
    out.print(make_table("", ("scenario", "", ""), rows, left=3))


def _default(key: "Parameter") -> str:
    """The default of a key, as a file has it."""
    return key.write(key.read(key.default, lambda *_: None))
