"""The plot of cost against size: seconds of one day's close by number of members, both by powers of ten."""

from collections.abc import Mapping
from pathlib import Path

import altair as alt
import vl_convert

_COLOURS = {
    "memory bound": "#6b6b6b", "ours, kernel": "#1f6f5c", "ours, journal on disk": "#7fb8a8", "Python": "#c9a227",
    "polars": "#4a6fa5", "DuckDB": "#d9822b", "PostgreSQL": "#8a6fb0", "SQLite": "#b0413e",
}  # fmt: skip


def draw(series: Mapping[str, Mapping[int, float]], path: Path) -> None:
    """Draw seconds by members, a line for each name."""
    rows = [
        {"what": name, "members": members, "seconds": seconds}
        for name, points in series.items()
        for members, seconds in points.items()
    ]
    names = [name for name in _COLOURS if name in series]
    colour = alt.Scale(domain=names, range=[_COLOURS[name] for name in names])
    chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("members:Q", title="members", scale=alt.Scale(type="log"), axis=alt.Axis(format="~s")),
            y=alt.Y("seconds:Q", title="seconds", scale=alt.Scale(type="log"), axis=alt.Axis(format="~g")),
            color=alt.Color("what:N", title=None, scale=colour, sort=names),
            strokeDash=alt.condition(alt.datum.what == "memory bound", alt.value([4, 4]), alt.value([1, 0])),
        )
        .properties(width=640, height=380, background="white")
        .configure_view(stroke=None)
        .configure_axis(gridColor="#e3e5de", labelFontSize=12, titleFontSize=12)
    )
    path.write_text(vl_convert.vegalite_to_svg(chart.to_dict()), encoding="utf-8")
