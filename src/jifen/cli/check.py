"""``jifen check``: which rules of which law a plan touches, with the numbers. Not legal advice."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.text import Text

from jifen.cli.options import takes
from jifen.cli.output import JsonOption, make_table, out, print_json, progress_bar
from jifen.cli.settings import SetOption, read_settings

if TYPE_CHECKING:
    from jifen.assess.compliance import Finding, Findings

__all__ = ["CheckOptions", "check"]

_LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What ``jifen check`` is given."""

    plan: Annotated[str, typer.Argument(help="A preset's name, or a plan file.")]
    settings: SetOption = None
    shop: Annotated[Path | None, typer.Option(help="What the shop says of itself: seat, currency, texts, …")] = None
    run: Annotated[Path | None, typer.Option(help="The folder of a run: who is in the tree, what is covered.")] = None
    lang: Annotated[str, typer.Option(metavar="en|zh", help="The language of the answer.")] = "en"
    as_json: JsonOption = False


@takes(CheckOptions)
def check(options: CheckOptions) -> None:
    """Say which rules of law and of arithmetic a plan touches, why, and what would make it pass.

    Exit code 1: something blocks publication. Not legal advice.

    Example: [bold]jifen check plan.yaml --shop shop.yaml --run var/march[/]
    """
    from jifen.assess.compliance import check as check_plan
    from jifen.assess.metrics import upward_rules
    from jifen.assess.shop import load_shop
    from jifen.plan import load_plan

    if options.lang not in _LANGUAGES:
        raise typer.BadParameter("write en or zh", param_hint="--lang")
    plan = load_plan(options.plan, read_settings(options.settings or ()))
    shop = None if options.shop is None else load_shop(options.shop)
    run = None
    if options.run is not None:
        from jifen.assess.run_facts import read_run

        with progress_bar("replaying days") as progress:
            run = read_run(options.run, upward_rules(plan), progress)
    found = check_plan(plan, shop, run)
    if options.as_json:
        from jifen.assess.documents import findings_document

        print_json(findings_document(found))
    else:
        _show(found, options.lang)
    if not found.passes:
        raise typer.Exit(1)


# -- for people -----------------------------------------------------------------------------------------------------


def _show(found: "Findings", language: str) -> None:
    from jifen.assess.rule_pack import SEVERITIES, words_in

    words = words_in(language)
    for severity in SEVERITIES:
        rows = [(each.id, _told(each, language)) for each in found.found if each.severity == severity]
        if rows:
            out.print(make_table(words[severity], ("", ""), rows, left=2))
            out.print()
    out.print(Group(*(Text(line) for line in _closing(found, language))))


def _told(finding: "Finding", language: str) -> str:
    """One finding: title and tags, what is cited, the explanation with its numbers, what would make it pass."""
    from jifen.assess.rule_pack import words_in

    words, rule = words_in(language), finding.rule
    lines = [rule.title.of(language), finding.explanation(language)]
    if rule.tags:
        lines.append(f"{words['cites']}: {rule.reference.of(language)} [{' '.join(rule.tags)}]")
    if finding.rules:
        lines.append(f"{words['rules']}: {', '.join(finding.rules)}")
    if finding.severity == "block":
        lines.append(words["waivable" if finding.waivable else "never_waived"])
    if finding.level.stops:
        lines.append(f"{words['stops']}: {', '.join(finding.level.stops)}")
    lines.append(f"{words['remedy']}: {finding.remedy(language)}")
    return "\n".join(lines) + "\n"


def _closing(found: "Findings", language: str) -> Iterator[str]:
    """What was held against the plan, what was assumed and not decided, and the answer."""
    from jifen.assess.compliance import written
    from jifen.assess.rule_pack import jurisdictions, metric_texts, words_in

    words, pack = words_in(language), jurisdictions()
    names = ", ".join(pack[name].title.of(language) for name in found.jurisdictions)
    yield f"{words['held']}: {names}" + ("" if found.shop_given else f" ({words['everywhere']})")
    if found.cost_assumed:
        yield words["cost"].format(cost=written(found.measures["cost"], language))
    if found.uncovered:
        yield words["uncovered"].format(places=", ".join(found.uncovered))
    if found.run_digest not in (None, found.digest):
        yield words["other_version"]
    for source in ("shop", "run"):
        open_rules = [
            f"{each.id} ({', '.join(facts)})"
            for each in found.unmeasured
            if (facts := [fact for fact in each.facts if fact in metric_texts() and metric_texts()[fact].of == source])
        ]
        if open_rules:
            silent = source == "run" and found.run_digest is not None
            yield f"{words['run_silent' if silent else source]}: {', '.join(open_rules)}"
    yield words["notice"]
    yield words["passes"] if found.passes else words["blocked"].format(count=len(found.blocks))
