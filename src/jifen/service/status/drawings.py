"""The two charts of the status page, drawn on the server: the page needs no script for them and loads nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from jifen.core.micros import MICRO
from jifen.report.amounts import money
from jifen.report.charts import CONFIG, SCHEMA
from jifen.report.findings import coverage_finding
from jifen.report.look import ACCENT, WARM, Look
from jifen.service.status.history import DayDone
from jifen.service.status.words import words

__all__ = ["CHARTS", "Drawing", "drawn", "title"]

CHARTS = ("coverage", "flows")
"""What is owed and what backs it; what was promised and paid."""

_WIDTHS = {"wide": (1000, 250), "narrow": (330, 230)}
_CONFIG: dict[str, Any] = dict(CONFIG)
_DARK = {"axis": {**_CONFIG["axis"], "gridColor": "#343b37", "tickColor": "#343b37", "labelColor": "#a8b2ac"}}


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a chart is drawn: which one, for whom, and on what."""

    name: str
    language: str
    width: str
    """``wide`` or ``narrow``."""
    dark: bool


def title(name: str, days: Sequence[DayDone], language: str) -> str:
    """Say what a chart shows, as a sentence; there is a day at least."""
    said = words(language)
    if name == "coverage":
        backed, owed = (
            np.array([getattr(day.coverage, what) for day in days], dtype=np.int64) for what in ("backed", "owed")
        )
        finding = coverage_finding(backed, owed)
        return said["nothing_owed"] if finding is None else Look(language).title([finding])
    paid, promised = (sum(getattr(day.coverage, what) for day in days) for what in ("paid", "promised"))
    return said["flows_finding"].format(days=len(days), promised=money(promised), paid=money(paid))


def drawn(drawing: Drawing, days: Sequence[DayDone]) -> bytes:
    """A chart as SVG."""
    columns = ("owed", "backed") if drawing.name == "coverage" else ("promised", "paid")
    rows = tuple((day.closed.day, *(getattr(day.coverage, column) for column in columns)) for day in days)
    return _svg(drawing, columns, rows)


@lru_cache(maxsize=32)
def _svg(drawing: Drawing, columns: tuple[str, str], rows: tuple[tuple[int, ...], ...]) -> bytes:
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_specification(drawing, columns, rows))
    return svg.encode()


def _specification(drawing: Drawing, columns: tuple[str, str], rows: tuple[tuple[int, ...], ...]) -> dict[str, Any]:
    said, (width, height) = words(drawing.language), _WIDTHS[drawing.width]
    names = [said[f"column_{column}"] for column in columns]
    values = [
        {"day": f"{date.fromordinal(day)}T00:00", "what": name, "amount": round(amount / MICRO, 2)}
        for day, *amounts in rows
        for name, amount in zip(names, amounts, strict=True)
    ]
    text = "#e6eae7" if drawing.dark else "#1d2320"
    legend = {"orient": "top", "title": None, "labelFontSize": 13, "labelColor": text, "symbolStrokeWidth": 3}
    scale = {"domain": names, "range": [WARM, "#3fae92" if drawing.dark else ACCENT]}
    dash = {"domain": names, "range": [[5, 4], [1, 0]]}
    return {
        "$schema": SCHEMA, "data": {"values": values}, "width": width, "height": height,
        "padding": 4, "autosize": {"type": "fit", "contains": "padding"},
        "mark": {"type": "line", "strokeWidth": 2.2, "point": len(rows) == 1},
        "encoding": {
            "x": {"field": "day", "type": "temporal", "title": None,
                  "axis": {"format": "%m-%d", "labelOverlap": True, "tickCount": 5, "grid": False}},
            "y": {"field": "amount", "type": "quantitative", "axis": Look(drawing.language).axis("yuan", write="yuan")},
            "color": {"field": "what", "type": "nominal", "legend": legend, "scale": scale},
            "strokeDash": {"field": "what", "type": "nominal", "scale": dash, "legend": legend},
        },
        "config": {**_CONFIG, **(_DARK if drawing.dark else {})},
    }  # fmt: skip
