"""The charts of foresight that go by day: cash and claims, coverage, price and supply."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jifen.assess.measured import reserved
from jifen.core.micros import MICRO
from jifen.engine.columns import Column
from jifen.report.amounts import count, money, percent, price
from jifen.report.findings import Finding, cash_findings, coverage_finding, price_finding
from jifen.report.foresight import Foresight, cash_end
from jifen.report.look import ACCENT, INK, SOFT, WARM, Look, say
from jifen.simulate.fan import QUANTILES

__all__ = ["Chart", "cash_chart", "coverage_chart", "price_chart", "shown_rows"]

_ROWS_MAX = 400
"""A table of more rows is shortened."""
_STEP = 7
_COVERAGE_TOP = 200
"""In percent: a day with one small claim would leave no room for the others."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart whose title is a finding, and the table behind it."""

    name: str
    title: str
    reading: str
    panels: Sequence[dict[str, Any]]
    legend: Mapping[str, str]
    """By what a colour stands for, the colour."""
    said: Sequence[tuple[str, str]]
    """The numbers of the title, each with what it is."""
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def shown_rows(rows: int, findings: Iterable[Finding]) -> list[int]:
    """Which rows a table shows: all, or of many every seventh, the last and those that findings speak of."""
    if rows <= _ROWS_MAX:
        return list(range(rows))
    step = max(_STEP, -(-rows // _ROWS_MAX))
    return sorted({*range(0, rows, step), rows - 1, *(row for each in findings for row in each.rows)})


def cash_chart(foresight: Foresight, look: Look) -> Chart | None:
    """Cash and claims by day, with the fan of other runs; ``None`` if there never was any."""
    days, fan = foresight.made.days, foresight.fan
    pools = reserved(foresight.made.plan, days) - days["reserve"]
    # In the order in which they are drawn: claims are dashed, and do not hide what covers them exactly.
    every = {look.word("cash"): (days["free_cash"], ACCENT), look.word("pools"): (pools, SOFT),
             look.word("claims"): (days["promised"], WARM)}  # fmt: skip
    columns = {name: column for name, (column, _) in every.items() if column.any()}
    colours = {name: every[name][1] for name in columns}
    if not columns:
        return None
    findings = cash_findings(days, pools, fan)
    layers = [] if fan is None else _bands(fan.quantiles["promised"], WARM) + _bands(fan.quantiles["free_cash"], ACCENT)
    layers += [_lines({name: column / MICRO for name, column in columns.items()}, colours, look)]
    layers.append(_rule("y", 0))
    end = cash_end(days)
    if end is not None:
        layers.append(_rule("x", end))
    extra = {} if fan is None else {
        look.word(name): fan.quantiles["free_cash"][QUANTILES.index(int(name[1:]))] for name in ("q05", "q50", "q95")
    }  # fmt: skip
    rows = [
        (count(day + 1), *(money(column.item(day)) for column in (*columns.values(), *extra.values())))
        for day in shown_rows(len(pools), findings)
    ]
    reading = say("readings", "cash", look.language)
    if fan is not None:
        reading += say("readings", "fan", look.language, {"runs": count(len(fan.ends))})
    heads = (look.word("day"), *columns, *extra)
    return Chart("cash", look.title(findings), reading, [look.panel(layers)], colours, look.said(findings), heads, rows)


def coverage_chart(foresight: Foresight, look: Look) -> Chart | None:
    """Which part of the claims is put aside, by day; ``None`` if nothing is ever promised.

    Where the shop pays of its own cash, a second line says how far that would reach too.
    """
    made = foresight.made
    claims, aside = made.days["promised"], reserved(made.plan, made.days)
    finding = coverage_finding(aside, claims)
    if finding is None:
        return None
    held = {look.word("put_aside"): aside}
    colours = {look.word("put_aside"): ACCENT}
    if made.plan.params["funding"] != "reserve":
        held[look.word("with_cash")] = aside + np.maximum(made.days["free_cash"], 0)
        colours[look.word("with_cash")] = WARM
    owing = np.flatnonzero(claims > 0)
    shares = {name: 100 * column[owing] / claims[owing] for name, column in held.items()}
    top = max(float(column.max()) for column in shares.values())
    values = [
        {"x": day + 1, "y": round(min(share, _COVERAGE_TOP), 2), "what": name}
        for name, column in shares.items()
        for day, share in zip(owing.tolist(), column.tolist(), strict=True)
    ]
    tooltip = [{"field": "x", "title": look.word("day")}, {"field": "what", "title": " "},
               {"field": "y", "title": look.word("share_of_claims"), "format": ".1f"}]  # fmt: skip
    encoding = {
        "x": look.along("day"), "color": look.colours(colours), "strokeDash": look.dashes(colours), "tooltip": tooltip,
        "y": look.up("share_of_claims", scale={"domain": [0, min(max(120, top), _COVERAGE_TOP)]}),
    }  # fmt: skip
    mark = {"type": "line", "strokeWidth": 2.4, "point": len(owing) == 1}
    layers = [{"data": {"values": values}, "mark": mark, "encoding": encoding}, _rule("y", 100)]
    rows = [
        (count(day + 1), money(claims.item(day)),
         *(text for column in held.values() for text in (money(column.item(day)), _share(column, claims, day))))
        for day in shown_rows(len(claims), [finding])
    ]  # fmt: skip
    reading = say("readings", "coverage", look.language)
    reading += say("readings", "coverage_cut", look.language) if top > _COVERAGE_TOP else ""
    heads = (*map(look.word, ("day", "claims")), *(head for name in held for head in (name, look.word("covered"))))
    title, said = look.title([finding]), look.said([finding])
    return Chart("coverage", title, reading, [look.panel(layers)], colours, said, heads, rows)


def _share(held: Column, claims: Column, day: int) -> str:
    return percent(held.item(day), claims.item(day)) if claims.item(day) else "–"


def price_chart(foresight: Foresight, look: Look) -> Chart | None:
    """Price and supply of tokens by day; ``None`` for a plan without."""
    days = foresight.made.days
    finding = price_finding(days["price"], days["supply"])
    if finding is None:
        return None
    panels = [
        look.panel([_line(days["price"], "yuan_a_token", look, ACCENT, write="price")], 0.66),
        look.panel([_line(days["supply"], "tokens", look, SOFT, write="many")], 0.46),
    ]
    rows = [
        (count(day + 1), price(days["price"].item(day)), count(days["supply"].item(day) // MICRO))
        for day in shown_rows(len(days["price"]), [finding])
    ]
    heads = tuple(map(look.word, ("day", "price", "supply")))
    reading = say("readings", "price", look.language)
    return Chart("price", look.title([finding]), reading, panels, {}, look.said([finding]), heads, rows)


def _lines(columns: Mapping[str, npt.NDArray[Any]], colours: Mapping[str, str], look: Look) -> dict[str, Any]:
    """Lines by day, in yuan."""
    values = [
        {"x": day, "y": round(value, 2), "what": name}
        for name, column in columns.items()
        for day, value in enumerate(column.tolist(), 1)
    ]
    tooltip = [{"field": "x", "title": look.word("day")}, {"field": "what", "title": " "},
               {"field": "y", "title": look.word("yuan"), "format": ",.2f"}]  # fmt: skip
    encoding = {
        "x": look.along("day"), "y": look.up("yuan", write="yuan"), "color": look.colours(colours),
        "strokeDash": look.dashes(colours), "tooltip": tooltip,
    }  # fmt: skip
    single = max(map(len, columns.values())) == 1
    return {
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2.4, "point": single},
        "encoding": encoding,
    }


def _line(column: Column, unit: str, look: Look, colour: str, *, write: str) -> dict[str, Any]:
    """One line by day."""
    values = [{"x": day, "y": value / MICRO} for day, value in enumerate(column.tolist(), 1)]
    tooltip = [{"field": "x", "title": look.word("day")}, {"field": "y", "title": look.word(unit), "format": ",.4~f"}]
    mark = {"type": "line", "color": colour, "strokeWidth": 2.4, "point": len(values) == 1}
    return {"data": {"values": values}, "mark": mark,
            "encoding": {"x": look.along("day"), "y": look.up(unit, write=write), "tooltip": tooltip}}  # fmt: skip


def _rule(along: str, at: int) -> dict[str, Any]:
    """A thin line across the drawing."""
    return {
        "data": {"values": [{}]}, "mark": {"type": "rule", "color": INK, "strokeWidth": 0.8},
        "encoding": {along: {"datum": at}},
    }  # fmt: skip


def _bands(quantiles: npt.NDArray[np.int64], colour: str) -> list[dict[str, Any]]:
    """Where nine runs in ten are, and half of them."""
    layers = []
    for low, high, opacity in ((5, 95, 0.16), (25, 75, 0.26)):
        ends = zip(quantiles[QUANTILES.index(low)].tolist(), quantiles[QUANTILES.index(high)].tolist(), strict=True)
        values = [{"x": day, "low": bottom / MICRO, "high": top / MICRO} for day, (bottom, top) in enumerate(ends, 1)]
        layers.append({
            "data": {"values": values}, "mark": {"type": "area", "color": colour, "opacity": opacity},
            "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "low", "type": "quantitative"},
                         "y2": {"field": "high"}},
        })  # fmt: skip
    return layers
