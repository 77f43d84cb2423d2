"""The charts of a report as specifications of Vega-Lite, drawn in the page by a script that travels inside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from jifen.core.micros import MICRO
from jifen.report.figures import Figures
from jifen.report.terms import figure_term, rule_term

__all__ = ["CONFIG", "SCHEMA", "Picture", "Shape", "charts"]

_COLOURS = (
    "#1f6f5c",
    "#d9822b",
    "#4a6fa5",
    "#b0413e",
    "#8a6fb0",
    "#7d8c2f",
    "#2f9fb0",
    "#a35d7a",
    "#6b6b6b",
    "#c9a227",
)
_HEIGHT = 260
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_DAY = "%Y-%m-%d"
_FONT = 'system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif'


Shape = Literal["lines", "bars", "levels"]
"""Lines, bars piled on one another, or lines that are compared with each other."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart with its heading, a sentence that says how to read it, and what each colour means."""

    heading: str
    reading: str
    legend: Mapping[str, str]
    specification: dict[str, Any]


def charts(figures: Figures) -> list[Picture]:
    """Return the charts of a run that have something to show."""
    step = "day" if figures.step_days == 1 else "week (the first and the last may be cut)"
    flows, levels = figures.flows, figures.levels
    money = {figure_term(name): flows[name] for name in ("sold", "refunded") if name in flows}
    money[figure_term("paid")] = figures.paid_total()
    rules = {rule_term(rule): values for rule, values in figures.paid.items()}
    points = {
        figure_term(name): _running(flows[name]) for name in ("granted", "released", "forfeited") if name in flows
    }
    held = {figure_term(name): levels[name] for name in ("owed", "reserve", "pools") if name in levels}
    worth = {figure_term(name): levels[name] for name in ("price",) if name in levels}
    drawn = [
        _picture("Sold and paid 销售与支付", f"Yuan a {step}.", figures, money),
        _picture("Paid by rule 各规则支付", f"Yuan a {step}; below zero is taken back.", figures, rules, "bars"),
        _picture("Granted and released 赠送与释放", "Points from the first day on, added up.", figures, points),
        _picture(
            "Still owed, and what can pay it 待付与资金", f"Yuan at the end of each {step}.", figures, held, "levels"
        ),
        _picture("Price of a token 积分价格", f"Yuan at the end of each {step}.", figures, worth),
    ]
    return [picture for picture in drawn if picture is not None]


def _picture(
    heading: str, reading: str, figures: Figures, columns: Mapping[str, Sequence[int]], shape: Shape = "lines"
) -> Picture | None:
    used = {name: values for name, values in columns.items() if any(values)}
    if not used:
        return None
    legend = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(used)}
    return Picture(heading, reading, legend, _specification(figures, used, legend, shape))


def _running(values: Sequence[int]) -> list[int]:
    total = 0
    sums = []
    for value in values:
        total += value
        sums.append(total)
    return sums


def _rows(figures: Figures, columns: Mapping[str, Sequence[int]]) -> Iterator[dict[str, Any]]:
    """Write amounts as the numbers a chart can draw; they never go back.

    ``low`` and ``high`` are the ends of a stacked bar: what is above zero is piled upwards, what is below downwards.
    Days are midnights of the reader's own clock, so that no time zone shifts them.
    """
    step = timedelta(days=figures.step_days)
    for index, start in enumerate(figures.starts):
        piles = [0, 0]
        for name, values in columns.items():
            value = values[index]
            low = piles[value < 0]
            piles[value < 0] += value
            yield {
                "day": f"{start}T00:00",
                "until": f"{start + step}T00:00",
                "what": name,
                "amount": _drawn(value),
                "low": _drawn(low),
                "high": _drawn(low + value),
            }


def _drawn(amount: int) -> float:
    return round(amount / MICRO, 2)


def _specification(
    figures: Figures, columns: Mapping[str, Sequence[int]], legend: Mapping[str, str], shape: Shape
) -> dict[str, Any]:
    piled = shape == "bars"
    colours = {"domain": list(legend), "range": list(legend.values())}
    encoding: dict[str, Any] = {
        "x": {
            "field": "day", "type": "temporal", "title": None,
            "axis": {"format": _DAY, "labelOverlap": True, "labelSeparation": 12, "tickCount": 5},
        },
        "y": {"field": "low" if piled else "amount", "type": "quantitative", "title": None, "axis": {"format": "~s"}},
        "color": {"field": "what", "type": "nominal", "legend": None, "scale": colours},
        "tooltip": [
            {"field": "day", "type": "temporal", "title": _day_title(figures), "format": _DAY},
            {"field": "what", "type": "nominal", "title": "what"},
            {"field": "amount", "type": "quantitative", "title": "amount", "format": ",.2f"},
        ],
    }  # fmt: skip
    if piled:
        encoding |= {"x2": {"field": "until"}, "y2": {"field": "high"}}
        mark = {"type": "rect", "stroke": "#fbfbf8", "strokeWidth": 0.5}
    else:
        # Levels may lie on one another: all but the first are dashed, so that equal ones are both seen.
        others = [5, 4] if shape == "levels" else [1, 0]
        dashes = {"domain": list(legend), "range": [[1, 0], *[others] * (len(legend) - 1)]}
        encoding["strokeDash"] = {"field": "what", "type": "nominal", "legend": None, "scale": dashes}
        mark = {"type": "line", "strokeWidth": 2.4, "point": len(figures.starts) == 1}
    return {
        "$schema": SCHEMA, "data": {"values": list(_rows(figures, columns))}, "mark": mark, "encoding": encoding,
        "width": "container", "height": _HEIGHT, "config": CONFIG,
    }  # fmt: skip


def _day_title(figures: Figures) -> str:
    return "week from" if figures.step_days > 1 else "day"


CONFIG = {
    "font": _FONT,
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "gridColor": "#e3e5de", "domain": False, "labelFontSize": 12, "labelColor": "#5d6661", "tickColor": "#e3e5de",
        "titleColor": "#5d6661", "titleFontWeight": "normal", "titleFontSize": 12, "titlePadding": 8,
    },
}  # fmt: skip
"""How every chart of a report looks."""
