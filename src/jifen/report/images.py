"""Charts as images that stand alone: PNG, with the finding as their title and the colours explained inside."""

from functools import cache
from typing import Any
from unicodedata import east_asian_width

from jifen.report.charts import CONFIG, SCHEMA
from jifen.report.foresight_charts import Chart
from jifen.report.look import INK

__all__ = ["chinese_is_drawn", "image", "wrapped"]

_SCALE = 2
"""Points of an image for each of the drawing."""
_TITLE_WIDTH, _READING_WIDTH = 84, 118
"""In letters; a Chinese sign is as wide as two."""


def image(chart: Chart) -> bytes:
    """Return a chart as PNG."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(_standing_alone(chart), scale=_SCALE)
    return png


@cache
def chinese_is_drawn() -> bool:
    """Whether this machine has a font with Chinese signs: without one, two signs look the same."""
    import vl_convert

    sign = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text y="30" font-size="30">{}</text></svg>'
    one, other = (vl_convert.svg_to_png(sign.format(text)) for text in ("积", "分"))
    return bool(one != other)


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines: at spaces, and beside any Chinese sign, but never before its punctuation.

    >>> wrapped("Cash ends on day 143", 12)
    ['Cash ends on', 'day 143']
    >>> wrapped("现金用完，没有待付", 10)
    ['现金用完，', '没有待付']
    """
    lines: list[str] = []
    for piece in _pieces(text):
        if lines and _width(lines[-1] + piece.rstrip()) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.strip() for line in lines]


def _pieces(text: str) -> list[str]:
    """What must stay on one line."""
    pieces = [""]
    for before, sign in zip(" " + text, text, strict=False):
        # Punctuation, the Chinese sort too, belongs to what stands before it.
        if sign not in " ，。；：、）)" and (before == " " or _is_wide(sign) or _is_wide(before)):
            pieces.append("")
        pieces[-1] += sign
    return [piece for piece in pieces if piece]


def _is_wide(sign: str) -> bool:
    return east_asian_width(sign) in "WF"


def _width(text: str) -> int:
    return sum(2 if _is_wide(sign) else 1 for sign in text)


def _standing_alone(chart: Chart) -> dict[str, Any]:
    """The drawing with its title, on white, and its panels one above the other."""
    title = {
        "text": wrapped(chart.title, _TITLE_WIDTH), "subtitle": wrapped(chart.reading, _READING_WIDTH),
        "anchor": "start", "frame": "group", "fontSize": 18, "fontWeight": 600, "color": INK,
        "lineHeight": 24, "offset": 30, "subtitleFontSize": 12.5, "subtitleLineHeight": 17,
        "subtitlePadding": 8, "subtitleColor": "#5d6661",
    }  # fmt: skip
    config = {**CONFIG, "background": "#ffffff", "padding": 24,
              "legend": {"labelFontSize": 13, "symbolSize": 120, "labelLimit": 400}}  # fmt: skip
    panels = [
        {name: part for name, part in panel.items() if name not in ("$schema", "config")} for panel in chart.panels
    ]
    return {"$schema": SCHEMA, "title": title, "config": config, "vconcat": panels, "spacing": 34}
