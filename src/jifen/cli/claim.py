"""``jifen claim``: whether what is promised about a plan is true."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from jifen.cli.assumptions import COST_USUAL, CostOption, LanguageOption, OrderOption, read_cost, read_order
from jifen.cli.compiling import compiling_shown
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, out, print_json, progress_bar
from jifen.cli.settings import SetOption, read_settings

if TYPE_CHECKING:
    from jifen.assess.claims import Judgement

__all__ = ["ClaimOptions", "claim"]

_FILE = "claim_answers.yaml"
_COLOURS = {"true": "green", "conditional": "yellow", "refuted": "red", "unread": "yellow"}


@dataclass(frozen=True, slots=True)
class ClaimOptions:
    """What ``jifen claim`` is given."""

    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.", show_default=False)]
    text: Annotated[str, typer.Argument(help="What is promised, in Chinese or English.", show_default=False)]
    cost: CostOption = COST_USUAL
    order: OrderOption = None
    language: LanguageOption = "en"
    settings: SetOption = None
    as_json: JsonOption = False


@takes(ClaimOptions)
def claim(options: ClaimOptions) -> None:
    """Check a promise against a plan: true, true only on conditions, or refuted by an example.

    Leaves with code 1 if a promise is refuted, or none can be read.

    Example: [bold]jifen claim points_dividend "100天全返" --cost 20%[/]
    """
    from jifen.assess.claims import judge
    from jifen.plan import load_plan

    plan = load_plan(options.plan, read_settings(options.settings or ()))
    share, amount = read_cost(options.cost), read_order(options.order)
    with compiling_shown(), progress_bar("trying claims") as progress:
        judgement = judge(plan, options.text, share, amount, progress)
    if options.as_json:
        from jifen.assess.documents import judgement_document

        print_json(judgement_document(judgement, share))
    else:
        _show(judgement, options.cost, options.language)
    if judgement.verdict in ("refuted", "unread"):
        raise typer.Exit(1)


def _show(judgement: "Judgement", cost: str, language: str) -> None:
    from jifen.assess.texts import say, texts
    from jifen.core.micros import format_micros

    verdicts, labels = (
        texts(_FILE)["verdicts"],
        {name: label[language] for name, label in texts(_FILE)["labels"].items()},
    )
    for answer in judgement.answers:
        out.print(
            f"[{_COLOURS[answer.verdict]}]{verdicts[answer.verdict][language]}[/]: {escape(answer.claim.text)}",
            soft_wrap=True,
        )
        for label, statements in (("if", answer.conditions), ("but", answer.examples)):
            for statement in statements:
                out.print(f"    {labels[label]}: {say(_FILE, statement, language)}", markup=False, soft_wrap=True)
    if judgement.answers:
        amounts = sorted({answer.order for answer in judgement.answers})
        orders = ", ".join(format_micros(amount, 0) for amount in amounts)
        out.print(f"{labels['taken'].format(cost=cost)} {orders}.", style="dim", markup=False, soft_wrap=True)
    for piece in judgement.unread:
        out.print(f"{labels['unread']} “{piece}”.", style="yellow", markup=False, soft_wrap=True)
    if not judgement.answers:
        _show_readable(labels["readable"], language)


def _show_readable(heading: str, language: str) -> None:
    """List what can be read, when nothing was."""
    from jifen.assess.claim_reading import kinds

    out.print(heading, markup=False, soft_wrap=True)
    for kind in kinds():
        out.print(f"    {kind.title[language]}: {', '.join(kind.examples)}", markup=False, soft_wrap=True)
