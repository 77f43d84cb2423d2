"""``jifen demo --compare``: a small shop, two plans, and what each of them costs the shop; or any one plan."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jifen.cli.compiling import compiling_shown
from jifen.cli.output import make_table, out, print_json, progress_bar
from jifen.core.micros import MICRO, format_micros, mul_div

if TYPE_CHECKING:
    from jifen.batch.merge import Inputs
    from jifen.batch.outputs import Summary
    from jifen.plan import Plan

__all__ = ["compare"]

_SEED = 20_250_101
_PLANS = ("starter", "vendor_points")
"""The plans that are compared, the one that can pay first."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one plan did to the shop; amounts are micro-units."""

    title: str
    sold: int
    margin: int
    promised: int
    paid: int
    owed: int
    set_aside: int
    """What the reserve and the pools hold."""
    report: str

    @property
    def rest(self) -> int:
        """What stays of the margin when everything that was promised has been paid."""
        return self.margin - self.paid - self.owed


def compare(folder: Path, plan: str | None, *, as_json: bool) -> None:
    """Make a small shop and run two plans over it: one that can pay what it says, and one that cannot; or one alone.

    The first is the one to begin with: a part of the margin comes back to the buyer, a part goes to whoever brought
    him, and both are put aside when they are promised. The second is what vendors sell.
    """
    from random import Random

    from jifen.batch.make_shop import make_shop
    from jifen.plan import load_plan

    plans = {Path(name).stem: load_plan(name) for name in ((plan,) if plan else _PLANS)}
    made = make_shop(folder / "shop", Random(_SEED))  # noqa: S311 -- a made-up shop, no secret
    outcomes = []
    for name, loaded in plans.items():
        with compiling_shown(), progress_bar(f"running {name}") as progress:
            outcomes.append(_run(loaded, made, folder / name, progress))
    if as_json:
        print_json([_plain(outcome) for outcome in outcomes])
        return
    _show(outcomes, folder / next(iter(plans)))


def _run(plan: "Plan", made: "Inputs", folder: Path, progress: Callable[[int, int], None]) -> _Outcome:
    from random import Random

    from jifen.batch.make_events import add_events
    from jifen.batch.run import Target, run
    from jifen.report.run_report import REPORT, write_report

    inputs = add_events(plan, made, made.members.parent / folder.name, Random(_SEED))  # noqa: S311
    target = Target(folder, force=True, finish=lambda written, summary: write_report(written, plan, summary))
    return _outcome(plan, run(plan, inputs, target, progress=progress), str(folder / REPORT))


def _outcome(plan: "Plan", summary: "Summary", report: str) -> _Outcome:
    from jifen.plan.worth import yuan_per_unit

    stores = plan.stores.keys() & summary.granted.keys()
    sold = summary.sold - summary.refunded
    return _Outcome(
        title=plan.title.get("en", plan.name),
        sold=sold,
        margin=sold - (summary.waterfall.cost or 0),
        promised=sum(mul_div(summary.granted[store], yuan_per_unit(plan, store), MICRO) for store in stores),
        paid=sum(summary.paid.values()),
        owed=sum(promise.worth or 0 for promise in summary.waterfall.promises),
        set_aside=summary.reserve + sum(summary.pools.values()),
        report=report,
    )


def _plain(outcome: _Outcome) -> dict[str, str]:
    figures = {**asdict(outcome), "rest": outcome.rest}
    return {name: format_micros(value, 2) if isinstance(value, int) else value for name, value in figures.items()}


def _show(outcomes: list[_Outcome], first: Path) -> None:
    from jifen.report.figures import per_hundred, yuan

    def row(label: str, value: Callable[[_Outcome], str]) -> tuple[str, ...]:
        return (label, *(value(outcome) for outcome in outcomes))

    rows = [
        row("sold, less refunds", lambda one: yuan(one.sold)),
        row("margin: sold less the cost of goods", lambda one: yuan(one.margin)),
        row("promised in points", lambda one: yuan(one.promised)),
        row("promised for 100 yuan sold", lambda one: per_hundred(one.promised, one.sold)),
        row("paid so far", lambda one: yuan(one.paid)),
        row("still owed", lambda one: yuan(one.owed)),
        row("in reserve and pools", lambda one: yuan(one.set_aside)),
        row("margin left when all is paid", lambda one: yuan(one.rest)),
    ]
    plans = "two plans" if len(outcomes) > 1 else "one plan"
    out.print(make_table(f"One shop, {plans} (yuan)", ("", *(one.title for one in outcomes)), rows))
    out.print()
    for one in outcomes:
        if one.rest < 0:
            out.print(f"{one.title}: [red]{yuan(-one.rest)} more is promised than the shop earns.[/]")
        else:
            backed = "covers" if one.set_aside >= one.owed else "does not cover"
            out.print(f"{one.title}: [green]can be paid out of the margin; what is put aside {backed} what is owed.[/]")
        out.print(f"    open {one.report}", markup=False, soft_wrap=True)
    if len(outcomes) > 1:
        out.print(
            "The first is the plan to begin with: it counts from the margin, not from the price, begins when the "
            "refund window has ended, and puts aside what it promises at the moment it promises it.",
            soft_wrap=True,
        )
    for question in ("--member m00001", "--order o000001"):
        out.print(f"Why: jifen explain {first} {question}", markup=False, soft_wrap=True)
