"""``jifen demo``: a small shop, two plans, and what each of them costs the shop."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jifen.cli.output import JsonOption, make_table, out, print_json, progress_bar
from jifen.core.micros import MICRO, format_micros, format_rate, mul_div

if TYPE_CHECKING:
    from jifen.batch.merge import Inputs
    from jifen.batch.outputs import Summary
    from jifen.plan import Plan

__all__ = ["demo"]

_SEED = 20_250_101
_COST_OF_GOODS = 700_000
"""What the shop pays for goods, in parts per million of their price."""
_EXAMPLES = ("funded_points", "vendor_points")
"""The plan files of ``plan/examples`` that are compared, the one that can pay first."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one plan did to the shop; amounts are micro-units."""

    title: str
    sold: int
    margin: int
    promised: int
    paid: int
    owed: int
    reserve: int
    report: str

    @property
    def rest(self) -> int:
        """What stays of the margin when everything that was promised has been paid."""
        return self.margin - self.paid - self.owed


def demo(
    folder: Annotated[Path, typer.Option("--out", help="Where the files go; replaced by the next demo.")] = Path(
        "var/demo"
    ),
    as_json: JsonOption = False,
) -> None:
    """Make a small shop and run two plans over it: one that can pay what it says, and one that cannot.

    Example: [bold]jifen demo[/]
    """
    from random import Random

    from jifen.batch.make_shop import make_shop

    inputs = make_shop(folder / "shop", Random(_SEED))  # noqa: S311 -- a made-up shop, no secret
    outcomes = []
    for example in _EXAMPLES:
        with progress_bar(f"running {example}") as progress:
            outcomes.append(_run(example, inputs, folder / example, progress))
    if as_json:
        print_json([_plain(outcome) for outcome in outcomes])
        return
    _show(outcomes, folder)


def _run(example: str, inputs: "Inputs", folder: Path, progress: Callable[[int, int], None]) -> _Outcome:
    from jifen.batch.run import Target, run
    from jifen.plan import load_plan
    from jifen.report.run_report import REPORT, write_report

    with as_file(files("jifen.plan") / "examples" / f"{example}.yaml") as file:
        plan = load_plan(file)
    target = Target(folder, force=True, finish=lambda made, summary: write_report(made, plan, summary))
    return _outcome(plan, run(plan, inputs, target, progress=progress), str(folder / REPORT))


def _outcome(plan: "Plan", summary: "Summary", report: str) -> _Outcome:
    from jifen.batch.daily import yuan_per_unit

    def worth(amounts: dict[str, int]) -> int:
        stores = plan.stores.keys() & amounts.keys()
        return sum(mul_div(amounts[store], yuan_per_unit(plan, store), MICRO) for store in stores)

    sold = summary.sold - summary.refunded
    return _Outcome(
        title=plan.title.get("en", plan.name),
        sold=sold,
        margin=sold - mul_div(sold, _COST_OF_GOODS, MICRO),
        promised=worth(dict(summary.granted)),
        paid=sum(summary.paid.values()),
        owed=worth(dict(summary.owed)),
        reserve=summary.reserve,
        report=report,
    )


def _plain(outcome: _Outcome) -> dict[str, str]:
    figures = {**asdict(outcome), "rest": outcome.rest}
    return {name: format_micros(value, 2) if isinstance(value, int) else value for name, value in figures.items()}


def _show(outcomes: list[_Outcome], folder: Path) -> None:
    from jifen.report.figures import yuan

    def row(label: str, value: Callable[[_Outcome], str]) -> tuple[str, ...]:
        return (label, *(value(outcome) for outcome in outcomes))

    rows = [
        row("sold, less refunds", lambda one: yuan(one.sold)),
        row(f"margin, with goods at {format_rate(_COST_OF_GOODS)}", lambda one: yuan(one.margin)),
        row("promised in all", lambda one: yuan(one.promised)),
        row("promised for 100 yuan sold", lambda one: yuan(mul_div(one.promised, 100 * MICRO, one.sold))),
        row("paid so far", lambda one: yuan(one.paid)),
        row("still owed", lambda one: yuan(one.owed)),
        row("in the reserve", lambda one: yuan(one.reserve)),
        row("margin left when all is paid", lambda one: yuan(one.rest)),
    ]
    out.print(make_table("One shop, two plans (yuan)", ("", *(one.title for one in outcomes)), rows))
    out.print()
    for one in outcomes:
        if one.rest < 0:
            out.print(f"{one.title}: [red]{yuan(-one.rest)} more is promised than the shop earns.[/]")
        else:
            backed = "covers" if one.reserve >= one.owed else "does not cover"
            out.print(f"{one.title}: [green]can be paid out of the margin; the reserve {backed} what is still owed.[/]")
        out.print(f"    open {one.report}", markup=False, soft_wrap=True)
    out.print(
        f"Why a member got an amount: jifen explain {folder / _EXAMPLES[0]} --member m00001",
        markup=False,
        soft_wrap=True,
    )
