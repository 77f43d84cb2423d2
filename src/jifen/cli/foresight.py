"""For the commands that simulate and assess: what scenarios take from files, and where reports go."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jifen.cli.output import errors, progress_bar
from jifen.core.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jifen.assess.solvency import Assessment
    from jifen.simulate.scenario import Scenario
    from jifen.simulate.simulation import Given, Simulation
    from jifen.simulate.sweep import Sweep

__all__ = [
    "MembersOption", "OrdersOption", "ReportOption", "check_given", "check_target", "given_of", "report_sweep",
    "report_written",
]  # fmt: skip

MembersOption = Annotated[Path | None, typer.Option("--members", help="A members file, for referrals.shape=forest.")]
OrdersOption = Annotated[Path | None, typer.Option("--orders", help="An orders file, for orders.amount=file.")]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="DIR", help="A new folder for a page with charts, and images of them."),
]


def given_of(members: Path | None, orders: Path | None) -> "Given":
    """What a scenario takes from files."""
    from jifen.batch.given import read_amounts, read_forest
    from jifen.simulate.simulation import Given

    return Given(None if members is None else read_forest(members), None if orders is None else read_amounts(orders))


def check_given(scenario: "Scenario", members: Path | None, orders: Path | None) -> None:
    """A scenario that takes something from a file needs the file."""
    needs = ((scenario.referrals.shape == "forest", members, "--members"),
             (scenario.orders.amount == "file", orders, "--orders"))  # fmt: skip
    for needed, path, option in needs:
        if needed and path is None:
            message = f"the scenario `{scenario.name}` takes something from a file"
            raise InputError(Problem("bad_option", message, f"give {option}", column=option))


def check_target(target: Path | None, force: bool) -> None:
    """Say before the work that a folder is in the way, not after it."""
    if target is not None and not force and target.is_dir() and any(target.iterdir()):
        remedy = "choose another name, or force it"
        raise InputError(Problem("target_exists", "the directory is not empty", remedy, str(target)))


def report_written(
    assessment: "Assessment | None", simulations: "Sequence[Simulation]", folder: Path, language: str, *,
    force: bool = False,
) -> Path:  # fmt: skip
    """Write the report of an assessment or of simulations, with a bar; returns the path of its page."""
    from jifen.report.assessment_page import assessment_report

    _warn_of_font(language)
    with progress_bar("drawing charts") as progress:
        return assessment_report(assessment, simulations, folder, language, force=force, progress=progress)


def report_sweep(sweep: "Sweep", out: Path, folder: Path, language: str, *, force: bool = False) -> list[Path]:
    """Write a report of each point of a sweep that has a finished run; of several, each in a folder of its own.

    The first finished run of a point is simulated once more and shown; all finished ones make the fan.
    """
    from jifen.report.assessment_page import write_assessment
    from jifen.report.foresight import Fan, Foresight
    from jifen.simulate.simulation import simulate
    from jifen.simulate.sweep import folder_of, is_finished

    _warn_of_font(language)
    pages = []
    for number, point in enumerate(sweep.points):
        tasks = [task for task in sweep.tasks() if task.point == number and is_finished(out, task)]
        if not tasks:
            continue
        made = simulate(point.plan, point.scenario, sweep.seed, tasks[0].run, given=sweep.given)
        fan = Fan.of_folders([folder_of(out, task) for task in tasks]) if len(tasks) > 1 else None
        target = folder if len(sweep.points) == 1 else folder / f"p{number:04d}"
        with progress_bar("drawing charts") as progress:
            pages.append(write_assessment(Foresight(made, fan=fan), target, language, force=force, progress=progress))
    return pages


def _warn_of_font(language: str) -> None:
    """Images take their signs from the machine; where it has no Chinese ones, say so."""
    from jifen.report.images import chinese_is_drawn

    if language == "zh" and not chinese_is_drawn():
        errors.print("This machine has no Chinese font: the page is whole, but in its images signs are boxes.")
        errors.print("    install one, on Debian: apt-get install fonts-noto-cjk", style="green")
