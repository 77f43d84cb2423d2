"""The report of a plan's foresight: one page that works offline, and every chart of it as an image beside it."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from jifen.assess.solvency import Assessment
from jifen.assess.solvency_findings import TEXTS, basis, findings, lines
from jifen.assess.texts import Number, Statement, texts
from jifen.assess.texts import say as told
from jifen.ledger.atomic import atomic_directory
from jifen.report.amounts import count
from jifen.report.drawing import drawing_script
from jifen.report.foresight import Fan, Foresight
from jifen.report.foresight_charts import Chart, cash_chart, coverage_chart, price_chart
from jifen.report.images import image
from jifen.report.look import Look, say
from jifen.report.member_charts import cohort_chart, hundred_chart, outcome_chart, queue_charts
from jifen.report.page import POLICY
from jifen.report.run_report import REPORT
from jifen.simulate.simulation import Simulation

__all__ = ["assessment_page", "assessment_report", "foresight_charts", "write_assessment"]

_TAGS = {"en": "en", "zh": "zh-Hans"}
_DIGEST_SHOWN = 12
_Progress = Callable[[int, int], None]


def assessment_report(
    assessment: Assessment | None, simulations: Sequence[Simulation], folder: Path, language: str = "en", *,
    force: bool = False, progress: _Progress | None = None,
) -> Path:  # fmt: skip
    """Write the report of an assessment, of simulations, or of both; returns the path of its page.

    The first simulation is shown, without any the one that the assessment has made; several are runs of one plan and
    scenario, and make the fan. ``progress`` is called with files done and files in all.
    """
    if simulations:
        made = simulations[0]
    elif assessment is not None:
        made = assessment.base
    else:
        raise ValueError("a report needs an assessment or a simulation")
    fan = Fan.of_simulations(simulations) if len(simulations) > 1 else None
    return write_assessment(Foresight(made, assessment, fan), folder, language, force=force, progress=progress)


def write_assessment(
    foresight: Foresight, folder: Path, language: str = "en", *, force: bool = False, progress: _Progress | None = None
) -> Path:
    """Write the page and the images into a folder that appears whole or not at all; returns the path of the page.

    A folder with something in it is an ``InputError``, unless ``force``: then it is replaced.
    """
    shown = progress or (lambda done, files: None)
    with atomic_directory(folder, force=force) as unfinished:
        images = foresight_charts(foresight, Look(language, image=True))
        for done, chart in enumerate(images):
            shown(done, len(images) + 1)
            (unfinished / f"{chart.name}.png").write_bytes(image(chart))
        shown(len(images), len(images) + 1)
        (unfinished / REPORT).write_text(assessment_page(foresight, language), encoding="utf-8")
        shown(len(images) + 1, len(images) + 1)
    return folder / REPORT


def foresight_charts(foresight: Foresight, look: Look) -> list[Chart]:
    """Return the charts that a plan has data for."""
    made = [
        cash_chart(foresight, look), coverage_chart(foresight, look), hundred_chart(foresight, look),
        outcome_chart(foresight, look), cohort_chart(foresight, look), price_chart(foresight, look),
        *queue_charts(foresight, look),
    ]  # fmt: skip
    return [chart for chart in made if chart is not None]


def assessment_page(foresight: Foresight, language: str) -> str:
    """Return the whole page as text, in one language."""
    made = foresight.made
    title = made.plan.title.get(language, made.plan.name)
    charts = foresight_charts(foresight, Look(language))
    panels = [panel for chart in charts for panel in chart.panels]
    style = files("jifen.report").joinpath("page.css").read_text(encoding="utf-8")
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{_TAGS[language]}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(title)} · jifen</title>",
        f'<style>{style}</style></head><body><main class="findings">',
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{escape(" · ".join(_facts(foresight, language)))}</p>',
        '<div class="charts">',
        *_sections(charts, language),
        "</div>",
        "" if charts else f"<p>{escape(say('page', 'empty', language))}</p>",
        "" if foresight.assessment is None else _assessed(foresight.assessment, language),
        f'<p class="soft">{escape(say("page", "note", language))}</p>',
        f"</main>{drawing_script(panels)}</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _facts(foresight: Foresight, language: str) -> list[str]:
    made = foresight.made
    scenario = made.scenario.title.get(language) or made.scenario.name
    numbers = {"days": count(len(made.days["day"])), "seed": str(made.seed), "scenario": scenario}
    plan = f"{say('page', 'plan', language)} {made.plan.name} ({made.plan.digest[:_DIGEST_SHOWN]})"
    return [plan, say("page", "simulated", language, numbers)]


def _sections(charts: Sequence[Chart], language: str) -> Iterable[str]:
    """Each chart with its title above it and its table behind it; panels are numbered over the whole page."""
    number = 0
    for chart in charts:
        panels = "".join(f'<div class="chart" id="chart-{number + place}"></div>' for place in range(len(chart.panels)))
        number += len(chart.panels)
        colours = "".join(
            f'<li><i style="background:{colour}"></i>{escape(name)}</li>' for name, colour in chart.legend.items()
        )
        yield (
            f'<section id="{escape(chart.name)}"><h2>{escape(chart.title)}</h2>'
            f'<p class="soft">{escape(chart.reading)}</p>{panels}'
            + (f'<ul class="legend">{colours}</ul>' if len(chart.legend) > 1 else "")
            + f"<details><summary>{escape(say('words', 'figures', language))}</summary>{_tables(chart, language)}"
            "</details></section>"
        )


def _tables(chart: Chart, language: str) -> str:
    said = _table((say("words", "number", language), say("words", "value", language)), chart.said)
    return said + _table(chart.heads, chart.rows)


def _assessed(found: Assessment, language: str) -> str:
    """The figures of the plan, worked out and simulated side by side, and what they mean."""
    labels = {name: label[language] for name, label in texts(TEXTS)["labels"].items()}
    figures = texts(TEXTS)["figures"]
    rows = [
        (
            figures[line.figure][language],
            *(_figure(line.figure, each, language) for each in (line.closed, line.simulated)),
        )
        for line in lines(found)
    ]
    meant = "".join(f"<li>{escape(told(TEXTS, each, language))}</li>" for each in findings(found))
    table = _table((labels["figure"], labels["closed_form"], labels["simulated"]), rows)
    basis_told = f'<p class="soft">{escape(told(TEXTS, basis(found), language))}</p>'
    return f'<section id="assessment"><h2>{escape(labels["means"])}</h2><ul>{meant}</ul>{table}{basis_told}</section>'


def _figure(name: str, value: Number | None, language: str) -> str:
    """Write a figure in its unit; a dash for one that a plan has not."""
    known = texts(TEXTS)
    if value is None:
        return str(known["labels"]["none"][language])
    return told(TEXTS, Statement(f"as_{known['figures'][name]['unit']}", {"value": value}), language)


def _table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{_cells("th", heads)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
