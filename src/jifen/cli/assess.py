"""``jifen assess``: what a plan can pay, worked out and simulated side by side, and what the figures mean."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.assumptions import COST_USUAL, LanguageOption, read_cost, read_order
from jifen.cli.compiling import compiling_shown
from jifen.cli.foresight import (
    MembersOption,
    OrdersOption,
    ReportOption,
    check_given,
    check_target,
    given_of,
    report_written,
)
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, make_table, out, print_json, progress_bar
from jifen.cli.settings import SetOption, parted, read_settings

if TYPE_CHECKING:
    from jifen.assess.closed_forms import Figures
    from jifen.assess.solvency import Assessment
    from jifen.assess.texts import Number
    from jifen.plan import Plan
    from jifen.simulate.scenario import Scenario

__all__ = ["AssessOptions", "assess"]

_DAYS_SHOWN = 5
_Cost = Annotated[str | None, typer.Option(
    "--cost", metavar="SHARE", help="Cost of goods, as a share of sales; else the scenario's, or 20%.")]  # fmt: skip
_Order = Annotated[str | None, typer.Option(
    "--order", metavar="YUAN", help="The amount of every order; else the scenario's, or an everyday one.")]  # fmt: skip
_Days = Annotated[int | None, typer.Option(
    "--days", min=1, max=3660, help="Days that are simulated; else until the schedule has run out.")]  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssessOptions:
    """What ``jifen assess`` is given."""

    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.", show_default=False)]
    settings: SetOption = None
    cost: _Cost = None
    order: _Order = None
    scenario: Annotated[str | None, typer.Option(help="A scenario's name or file, in place of equal orders.")] = None
    members: MembersOption = None
    orders: OrdersOption = None
    days: _Days = None
    report: ReportOption = None
    force: Annotated[bool, typer.Option("--force", help="Replace the folder of an earlier report.")] = False
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed draws other numbers.")] = 1
    language: LanguageOption = "en"
    as_json: JsonOption = False


@takes(AssessOptions)
def assess(options: AssessOptions) -> None:
    """Assess what a plan can pay: promised and funded, the day cash ends, what is owed if sales stop, who pays whom.

    Every figure is worked out in closed form where there is one, and simulated. Values of --set are those of the
    plan, or of the scenario (joining.a_day=50).

    Example: [bold]jifen assess points_dividend --set points_per_yuan=1.2 --cost 20%[/]
    """
    from jifen.assess.solvency import assess as assessed
    from jifen.plan import load_plan

    check_target(options.report, options.force)
    of_plan, of_scenario = parted(read_settings(options.settings or ()))
    plan = load_plan(options.plan, of_plan)
    scenario = _scenario(options, plan, of_scenario)
    check_given(scenario, options.members, options.orders)
    given = given_of(options.members, options.orders)
    with compiling_shown(), progress_bar("simulating days") as progress:
        found = assessed(plan, scenario, seed=options.seed, given=given, progress=progress)
    page = None
    if options.report is not None:
        page = report_written(found, [], options.report, options.language, force=options.force)
    if options.as_json:
        print_json(found.document())
        return
    _show(found, options.language)
    if page is not None:
        out.print(f"\nReport: {page}", markup=False, soft_wrap=True)


def _scenario(options: AssessOptions, plan: "Plan", values: dict[str, Any]) -> "Scenario":
    """The shop that is simulated; options count before what a file says."""
    from jifen.assess.solvency import equal_orders
    from jifen.core.micros import format_micros
    from jifen.simulate.scenario import load_scenario

    order = read_order(options.order)
    if options.days is not None:
        values = values | {"days": options.days}
    if options.scenario is None:
        cost = read_cost(str(values.pop("cost", COST_USUAL)) if options.cost is None else options.cost)
        return equal_orders(plan, cost, order, values)
    if options.cost is not None:
        read_cost(options.cost)
        values = values | {"cost": options.cost}
    if order is not None:
        values = values | {"orders.yuan": format_micros(order, 2)}
    return load_scenario(options.scenario, values)


def _show(found: "Assessment", language: str) -> None:
    from jifen.assess.solvency_findings import TEXTS, basis, findings, lines
    from jifen.assess.texts import say, texts

    labels = {name: label[language] for name, label in texts(TEXTS)["labels"].items()}
    figures = texts(TEXTS)["figures"]
    rows = [
        (
            figures[line.figure][language],
            _cell(line.figure, line.closed, found.closed, language),
            _cell(line.figure, line.simulated, found.simulated, language),
        )
        for line in lines(found)
    ]
    title = found.plan.title.get(language, found.plan.name)
    out.print(make_table(title, (labels["figure"], labels["closed_form"], labels["simulated"]), rows))
    out.print(f"\n{labels['means']}", style="bold", markup=False)
    for statement in findings(found):
        out.print(f"  {say(TEXTS, statement, language)}", markup=False, soft_wrap=True)
    if sum(found.received_from.values()) > 0:
        out.print()
        _show_cohorts(found, labels, language)
    if found.base.days["promised"].any():
        out.print()
        _show_days(found, labels, language)
    out.print(f"\n{say(TEXTS, basis(found), language)}", style="dim", markup=False, soft_wrap=True)


def _cell(figure: str, value: "Number | None", column: "Figures", language: str) -> str:
    """A figure as people read it; one that a plan has not is a dash."""
    from jifen.assess.solvency_findings import TEXTS
    from jifen.assess.texts import texts

    unit = texts(TEXTS)["figures"][figure]["unit"]
    if value is None:
        lasts = figure == "cash_negative_day" and column["cash_peak_day"] is not None
        return str(texts(TEXTS)["labels"]["never" if lasts else "none"][language])
    return _as(unit, value, language)


def _as(unit: str, value: "Number", language: str) -> str:
    from jifen.assess.solvency_findings import TEXTS
    from jifen.assess.texts import Statement, say

    return say(TEXTS, Statement(f"as_{unit}", {"value": value}), language)


def _show_cohorts(found: "Assessment", labels: dict[str, str], language: str) -> None:
    """Who pays whom, in cohorts of equally many days."""
    table, names = found.base.cohorts, ("spent", "received", "from_earlier", "from_same", "from_later", "missing")
    rows = []
    for place, day in enumerate(table.first_day.tolist()):
        paid = table.paid_by[place].tolist()
        amounts = (
            int(table.spent[place]), int(table.received[place]), sum(paid[:place]), paid[place],
            sum(paid[place + 1 :]), int(table.unfunded[place]),
        )  # fmt: skip
        rows.append((f"{day}", f"{table.members[place]:,}", *(_as("yuan", _whole(each), language) for each in amounts)))
    heads = [labels["cohort"], labels["members"], *(labels[name] for name in names)]
    out.print(make_table(labels["cohorts"], heads, rows, left=0))


def _show_days(found: "Assessment", labels: dict[str, str], language: str) -> None:
    """What backs the promises, on a few days."""
    days = found.base.days
    last = len(days["day"])
    shown = sorted({max(last * part // _DAYS_SHOWN, 1) for part in range(1, _DAYS_SHOWN + 1)})
    rows = []
    for day in shown:
        promised, held = int(days["promised"][day - 1]), int(found.reserved[day - 1])
        amounts = (promised, held, int(days["free_cash"][day - 1]))
        share = _as("percent", Fraction(held, promised), language) if promised else labels["none"]
        rows.append((f"{day}", *(_as("yuan", _whole(each), language) for each in amounts), share))
    heads = [labels[name] for name in ("day", "promised", "reserved", "free_cash", "coverage")]
    out.print(make_table(labels["by_day"], heads, rows, left=0))


def _whole(amount: int) -> int:
    """An amount in whole yuan, rounded half up, as micro-units."""
    from jifen.core.micros import MICRO

    return (amount + MICRO // 2) // MICRO * MICRO
