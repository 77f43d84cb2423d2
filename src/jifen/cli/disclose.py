"""``jifen disclose``: one page for members about a plan, in English and Chinese."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jifen.cli.assumptions import COST_USUAL, CostOption, OrderOption, read_cost, read_order
from jifen.cli.compiling import compiling_shown
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, out, print_json, progress_bar
from jifen.cli.settings import SetOption, read_settings
from jifen.core.errors import InputError, Problem

if TYPE_CHECKING:
    from jifen.assess.disclosure import Disclosure

__all__ = ["DiscloseOptions", "disclose"]

_Languages = Annotated[Literal["en", "zh", "both"], typer.Option("--lang", help="The language of the page.")]


@dataclass(frozen=True, slots=True)
class DiscloseOptions:
    """What ``jifen disclose`` is given."""

    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.", show_default=False)]
    cost: CostOption = COST_USUAL
    order: OrderOption = None
    language: _Languages = "both"
    page: Annotated[Path | None, typer.Option("--out", help="Write the page to this HTML file.")] = None
    settings: SetOption = None
    as_json: JsonOption = False


@takes(DiscloseOptions)
def disclose(options: DiscloseOptions) -> None:
    """Say on one page what a plan means for its members: what they get, from which money, and what it depends on.

    Example: [bold]jifen disclose green_points --lang both --out members.html[/]
    """
    from jifen.assess.disclosure import disclose as page_of
    from jifen.assess.disclosure import outcome_of
    from jifen.assess.solvency import equal_orders
    from jifen.assess.texts import LANGUAGES
    from jifen.plan import load_plan
    from jifen.simulate.simulation import simulate

    page = options.page
    if page is not None and page.exists():
        problem = Problem("target_exists", f"{page} is there already", "choose another name, or remove it", str(page))
        raise InputError(problem)
    plan = load_plan(options.plan, read_settings(options.settings or ()))
    share, amount = read_cost(options.cost), read_order(options.order)
    with compiling_shown(), progress_bar("simulating days") as progress:
        made = simulate(plan, equal_orders(plan, share, amount), progress=progress)
        disclosure = page_of(plan, share, amount, outcome_of(made))
    languages = LANGUAGES if options.language == "both" else (options.language,)
    if page is not None:
        from jifen.report.disclosure_page import disclosure_page

        page.write_text(disclosure_page(disclosure, languages), encoding="utf-8")
    if options.as_json:
        from jifen.assess.documents import disclosure_document

        print_json(disclosure_document(disclosure))
    elif page is None:
        _show(disclosure, languages)
    else:
        out.print(f"Page: {page}", markup=False, soft_wrap=True)


def _show(disclosure: "Disclosure", languages: tuple[str, ...]) -> None:
    from jifen.assess.disclosure import TEXTS
    from jifen.assess.texts import say, texts

    for language in languages:
        out.print(disclosure.title[language], style="bold", markup=False, soft_wrap=True)
        for section in disclosure.sections:
            out.print(
                f"\n{texts(TEXTS)['sections'][section.name][language]}", style="bold", markup=False, soft_wrap=True
            )
            for each in section.statements:
                out.print(f"  {say(TEXTS, each, language)}", markup=False, soft_wrap=True)
        out.print()
