"""The charts of foresight that go by member and by money: queues, cohorts, outcomes, a hundred yuan sold."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jifen.core.micros import MICRO
from jifen.engine.columns import Column
from jifen.report.amounts import count, money
from jifen.report.figures import per_hundred
from jifen.report.findings import outcome_finding, queue_finding
from jifen.report.flow_findings import Step, cohort_finding, hundred_findings, hundred_steps
from jifen.report.foresight import Foresight, cash_end
from jifen.report.foresight_charts import Chart, shown_rows
from jifen.report.look import ACCENT, INK, PALE, SOFT, WARM, Look, say
from jifen.report.terms import rule_names, store_names
from jifen.simulate.outcomes import MemberTable, QueueTable

__all__ = ["cohort_chart", "hundred_chart", "outcome_chart", "queue_charts", "received_groups"]

_POINTS_MAX = 240
_GROUPS = (0, 25, 50, 75, 100, 150, 200)
"""In percent of what was spent: where groups of buyers begin; who has got nothing is a group of his own."""


def queue_charts(foresight: Foresight, look: Look) -> list[Chart]:
    """For each queue in which somebody stands: how long each place waits."""
    today = len(foresight.made.days["day"])
    found = (_queue_chart(name, _kept(queue), today, look) for name, queue in foresight.made.queues.items())
    return [chart for chart in found if chart is not None]


def _kept(queue: QueueTable) -> QueueTable:
    """A queue without the places whose orders were given back."""
    kept = queue.amount > 0
    return QueueTable(queue.arrived[kept], queue.paid[kept], queue.amount[kept], queue.remaining[kept])


def _queue_chart(name: str, queue: QueueTable, today: int, look: Look) -> Chart | None:
    finding = queue_finding(queue, today)
    if finding is None:
        return None
    colours = {look.word("paid_in_full"): ACCENT, look.word("still_waits"): SOFT}
    waits = np.where(queue.paid >= 0, queue.wait, today - queue.arrived)
    places = len(queue.paid)
    drawn = sorted({*range(0, places, max(1, places // _POINTS_MAX)), places - 1, *finding.rows})
    values = [
        {"x": place + 1, "y": waits.item(place),
         "what": look.word("paid_in_full" if queue.paid.item(place) >= 0 else "still_waits")}
        for place in drawn
    ]  # fmt: skip
    tooltip = [{"field": "x", "title": look.word("place")}, {"field": "y", "title": look.word("waited")},
               {"field": "what", "title": " "}]  # fmt: skip
    encoding = {
        "x": look.along("place"), "y": look.up("waited"), "color": look.colours(colours),
        "tooltip": tooltip,
    }  # fmt: skip
    mark = {"type": "point", "filled": True, "size": 24, "opacity": 1}
    layers = [{"data": {"values": values}, "mark": mark, "encoding": encoding}]
    rows = [
        (count(place + 1), count(queue.arrived.item(place)),
         count(queue.paid.item(place)) if queue.paid.item(place) >= 0 else "–", count(waits.item(place)),
         money(queue.amount.item(place)))
        for place in shown_rows(places, [finding])
    ]  # fmt: skip
    heads = tuple(map(look.word, ("place", "arrived", "paid_on", "waited", "amount")))
    reading = f"{store_names(name)[look.language]} · {say('readings', 'queue', look.language)}"
    return Chart(
        f"queue-{name}",
        look.title([finding]),
        reading,
        [look.panel(layers)],
        colours,
        look.said([finding]),
        heads,
        rows,
    )


def cohort_chart(foresight: Foresight, look: Look) -> Chart | None:
    """Who pays whom: earlier and later cohorts; ``None`` if nobody was paid."""
    cohorts = foresight.made.cohorts
    finding = cohort_finding(cohorts)
    if finding is None:
        return None
    days = [count(day) for day in cohorts.first_day.tolist()]
    payers = [*days, look.word("missing")] if cohorts.unfunded.any() else days
    table = np.column_stack([cohorts.paid_by, cohorts.unfunded])[:, : len(payers)]
    values = [
        {"x": payer, "y": receiver, "amount": table.item(row, column) / MICRO}
        for row, receiver in enumerate(days)
        for column, payer in enumerate(payers)
    ]
    tooltip = [{"field": "y", "title": look.word("receiver")}, {"field": "x", "title": look.word("payer")},
               {"field": "amount", "title": look.word("yuan"), "format": ",.2f"}]  # fmt: skip
    above = {"titleAngle": 0, "titleAlign": "left", "titleBaseline": "bottom", "titleX": 0, "titleY": -6}
    labels = {"labelAngle": 0, "labelOverlap": True, "labelSeparation": 6}
    across = {
        "field": "x", "type": "ordinal", "sort": payers, "axis": {"title": look.word("payer"), **labels},
    }  # fmt: skip
    down = {"field": "y", "type": "ordinal", "sort": days, "axis": {"title": look.word("receiver"), **above}}
    colour = {"field": "amount", "type": "quantitative", "legend": None, "scale": {"range": [PALE, ACCENT]}}
    layers = [{"data": {"values": values}, "mark": {"type": "rect", "stroke": "#fff", "strokeWidth": 1},
               "encoding": {"x": across, "y": down, "color": colour, "tooltip": tooltip}}]  # fmt: skip
    rows = [
        (day, count(cohorts.members.item(row)), money(cohorts.spent.item(row)), money(cohorts.received.item(row)),
         *(money(amount) for amount in table[row].tolist()))
        for row, day in enumerate(days)
    ]  # fmt: skip
    sources = [look.word("from_day", day=day) for day in days] + (
        [look.word("missing")] if len(payers) > len(days) else []
    )
    heads = (*map(look.word, ("joined", "members", "spent", "received")), *sources)
    reading = say("readings", "cohorts", look.language)
    return Chart(
        "cohorts", look.title([finding]), reading, [look.panel(layers, 1.2)], {}, look.said([finding]), heads, rows
    )


def received_groups(members: MemberTable) -> Column:
    """How many buyers have received nothing, and how many so many percent of what they spent: numbers by group."""
    buyers = members.spent > 0
    spent, received = members.spent[buyers], members.received[buyers]
    # Shares are compared, not amounts: products of large amounts are beyond 64 bits.
    places = np.searchsorted(np.array(_GROUPS) / 100, received / spent, side="right")
    places[received <= 0] = 0
    places[(received >= spent) & (places < _BACK)] = _BACK
    places[(received < spent) & (places >= _BACK)] = _BACK - 1
    return np.bincount(places, minlength=len(_GROUPS) + 1)


_BACK = _GROUPS.index(100) + 1
"""From this group on a buyer has got back what he spent."""


def outcome_chart(foresight: Foresight, look: Look) -> Chart | None:
    """What buyers have received of what they spent, when cash ended or at the end; ``None`` without buyers."""
    made = foresight.made
    end = cash_end(made.days)
    finding = outcome_finding(made.members_then, end, len(made.days["day"]))
    if finding is None:
        return None
    labels = ["0", f"<{_GROUPS[1]}", *(f"{low}+" for low in _GROUPS[1:])]
    groups = received_groups(made.members_then).tolist()
    colours = {look.word("back"): ACCENT, look.word("not_back"): SOFT}
    values = [
        {"x": label, "y": buyers, "what": look.word("back" if place >= _BACK else "not_back")}
        for place, (label, buyers) in enumerate(zip(labels, groups, strict=True))
    ]
    tooltip = [{"field": "x", "title": look.word("received_share")}, {"field": "y", "title": look.word("buyers"),
               "format": ",d"}]  # fmt: skip
    across = {"field": "x", "type": "ordinal", "sort": labels, "axis": look.axis("received_share", labelAngle=0)}
    up = look.up("buyers", write="many")
    up["axis"] |= {"tickMinStep": 1}
    encoding = {"x": across, "y": up, "color": look.colours(colours), "tooltip": tooltip}
    layers = [{"data": {"values": values}, "mark": {"type": "bar"}, "encoding": encoding}]
    rows: list[tuple[str, ...]] = [(label, count(buyers)) for label, buyers in zip(labels, groups, strict=True)]
    heads: tuple[str, ...] = (look.word("received_share"), look.word("buyers"))
    if end is not None:
        later = received_groups(made.members).tolist()
        rows = [(*row, count(buyers)) for row, buyers in zip(rows, later, strict=True)]
        heads = (*heads, look.word("if_paid"))
    reading = say("readings", "outcomes", look.language)
    return Chart(
        "outcomes", look.title([finding]), reading, [look.panel(layers)], colours, look.said([finding]), heads, rows
    )


def hundred_chart(foresight: Foresight, look: Look) -> Chart | None:
    """Where every hundred yuan sold went; ``None`` if nothing was sold."""
    days = foresight.made.days
    steps = hundred_steps(foresight.made.plan, days)
    if not steps:
        return None
    findings = hundred_findings(steps, days["promised"].item(-1))
    labels = [_step_label(step, look) for step in steps]
    rows = [(label, money(step.amount), _part(step, steps)) for label, step in zip(labels, steps, strict=True)]
    if days["promised"].item(-1):
        promised = Step("claims", days["promised"].item(-1))
        rows.append((look.word("claims"), money(promised.amount), _part(promised, steps)))
    panel = look.panel(_fall(steps, labels, look))
    panel["height"] = 40 * len(steps)
    heads = tuple(map(look.word, ("part", "yuan", "of_hundred")))
    reading = say("readings", "waterfall", look.language)
    return Chart("waterfall", look.title(findings), reading, [panel], {}, look.said(findings), heads, rows)


def _step_label(step: Step, look: Look) -> str:
    if step.kind == "rule":
        return look.word("rule", name=rule_names(step.name)[look.language])
    if step.kind == "pool":
        return look.word("pool", name=store_names(step.name)[look.language])
    return look.word("short" if step.kind == "shop" and step.amount < 0 else step.kind)


def _part(step: Step, steps: Sequence[Step]) -> str:
    sign = "−" if step.amount < 0 else ""
    return f"{sign}¥{per_hundred(abs(step.amount), steps[0].amount)}"


def _fall(steps: Sequence[Step], labels: Sequence[str], look: Look) -> list[dict[str, Any]]:
    """Bars that fall from what was sold to what stays: each begins where the one above it ends."""
    values: list[Mapping[str, Any]] = []
    left = steps[0].amount
    for place, (step, label) in enumerate(zip(steps, labels, strict=True)):
        whole = step.kind in ("sold", "shop")
        start, stop = (0, step.amount) if whole else (left, left - step.amount)
        left = stop if not whole else left
        colour = (WARM if step.amount < 0 else ACCENT) if whole else SOFT
        values.append({
            "place": place, "label": label, "part": _part(step, steps), "colour": colour,
            "start": 100 * start / steps[0].amount, "stop": 100 * stop / steps[0].amount,
        })  # fmt: skip
    rows = {"field": "place", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.2}}
    across = {
        "field": "start",
        "type": "quantitative",
        "axis": look.axis("of_hundred", write="yuan", tickCount=5, grid=False),
    }
    text = {"type": "text", "baseline": "bottom", "fontSize": 12, "color": INK}
    base = {"data": {"values": values}}
    return [
        base | {"mark": {"type": "bar", "height": 12, "yOffset": 9}, "encoding": {
            "y": rows, "x": across, "x2": {"field": "stop"},
            "color": {"field": "colour", "type": "nominal", "scale": None},
        }},
        base | {"mark": {**text, "align": "left"}, "encoding": {
            "y": rows, "x": {"value": 0}, "text": {"field": "label"}}},
        base | {"mark": {**text, "align": "right", "fontWeight": 600}, "encoding": {
            "y": rows, "x": {"value": "width"}, "text": {"field": "part"}}},
    ]  # fmt: skip
