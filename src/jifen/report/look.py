"""How charts of foresight look: words in one language, axes with units, colours that everyone can tell apart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jifen.assess.texts import texts
from jifen.report.charts import CONFIG, SCHEMA
from jifen.report.findings import Finding

__all__ = ["ACCENT", "INK", "PALE", "SOFT", "TEXTS", "WARM", "Look", "say"]

TEXTS = "foresight.yaml"
ACCENT, WARM, SOFT, INK, PALE = "#1f6f5c", "#d9822b", "#8a938d", "#1d2320", "#eceee8"
"""One accent; the others are told from it by lightness alone, and warm lines are dashed as well."""

_PAGE_HEIGHT, _IMAGE_HEIGHT, _IMAGE_WIDTH = 250, 340, 780
_YUAN = {
    "en": "(datum.value < 0 ? '−¥' : '¥') + format(abs(datum.value), '~s')",
    "zh": "(datum.value < 0 ? '−¥' : '¥') + (abs(datum.value) >= 1e8 ? format(abs(datum.value) / 1e8, ',~r') + '亿' : "
    "abs(datum.value) >= 1e4 ? format(abs(datum.value) / 1e4, ',~r') + '万' : format(abs(datum.value), ',~r'))",
}
"""How an axis writes yuan; in Chinese by ten thousands."""
_MANY = {"en": _YUAN["en"].replace("¥", ""), "zh": _YUAN["zh"].replace("¥", "")}


def say(section: str, name: str, language: str, numbers: Mapping[str, str] | None = None) -> str:
    """Return a text of the report, with its numbers filled in."""
    written: str = texts(TEXTS, "jifen.report")[section][name][language]
    return written.format(**numbers) if numbers else written


@dataclass(frozen=True, slots=True)
class Look:
    """A language, and whether a chart is for a page, or an image that stands alone."""

    language: str
    image: bool = False

    def word(self, name: str, /, **numbers: str) -> str:
        """Return a word of charts and tables."""
        return say("words", name, self.language, numbers)

    def title(self, findings: Iterable[Finding]) -> str:
        """Write findings as the title of a chart."""
        told = [say("findings", each.name, self.language, each.numbers) for each in findings]
        return self.word("and_then").join(told)

    def said(self, findings: Iterable[Finding]) -> list[tuple[str, str]]:
        """Return what each number of the findings is, and the number."""
        return [
            (say("numbers", name, self.language), number) for each in findings for name, number in each.numbers.items()
        ]

    def axis(self, unit: str, *, write: str = "", **more: Any) -> dict[str, Any]:
        """Return an axis with its unit; ``write``: ``yuan`` or ``many`` for large numbers."""
        expression = {"yuan": _YUAN, "many": _MANY}.get(write, {}).get(self.language)
        return (
            {"title": self.word(unit), "labelExpr": expression, **more}
            if expression
            else {"title": self.word(unit), **more}
        )

    def along(self, unit: str, field: str = "x", **more: Any) -> dict[str, Any]:
        """Return a horizontal axis of whole numbers."""
        axis = self.axis(unit, format=",d", tickMinStep=1, tickCount=6, grid=False, labelOverlap=True, labelFlush=True)
        return {"field": field, "type": "quantitative", "axis": axis, "scale": {"zero": False, "nice": False}, **more}

    def up(self, unit: str, field: str = "y", *, write: str = "", **more: Any) -> dict[str, Any]:
        """Return a vertical axis, its unit written above it."""
        above = {"titleAngle": 0, "titleAlign": "left", "titleBaseline": "bottom", "titleX": 0, "titleY": -6}
        axis = self.axis(unit, write=write, tickCount=5, **above)
        return {"field": field, "type": "quantitative", "axis": axis, **more}

    def colours(self, of: Mapping[str, str], field: str = "what") -> dict[str, Any]:
        """Return the encoding of colours; a page says in words outside of the chart what they mean, an image inside."""
        legend = {"title": None, "orient": "bottom", "direction": "horizontal"} if self.image and len(of) > 1 else None
        scale = {"domain": list(of), "range": list(of.values())}
        return {"field": field, "type": "nominal", "legend": legend, "scale": scale}

    def dashes(self, of: Mapping[str, str]) -> dict[str, Any]:
        """Return the encoding of dashes: the warm line has them, so that it is told from others without its colour."""
        scale = {"domain": list(of), "range": [[6, 4] if colour == WARM else [1, 0] for colour in of.values()]}
        return self.colours(of) | {"scale": scale}

    def panel(self, layers: Sequence[Mapping[str, Any]], height: float = 1.0) -> dict[str, Any]:
        """Return layers as a drawing; its height in parts of the usual one."""
        size = _IMAGE_HEIGHT if self.image else _PAGE_HEIGHT
        return {
            "$schema": SCHEMA, "layer": list(layers), "height": round(size * height),
            "width": _IMAGE_WIDTH if self.image else "container", "config": CONFIG,
        }  # fmt: skip
