"""The part of a report that says which rule took what of what was sold: bars that fall, and the exact tables."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from jifen.batch.waterfall import MEMBERS, POOL, RESERVE, Fund, Line, Promise, Waterfall
from jifen.report.figures import per_hundred, yuan
from jifen.report.terms import place_term, rule_term, store_term, whom_term

__all__ = ["waterfall_section"]


class _Bar(NamedTuple):
    """A bar from ``low`` to ``high`` on the scale of amounts, and how it is called and coloured."""

    label: str
    amount: int
    low: int
    high: int
    colour: str


def waterfall_section(waterfall: Waterfall) -> str:
    """Return the section as HTML; nothing for a run in which nothing moved."""
    if not (waterfall.sold or waterfall.takers or waterfall.promises):
        return ""
    parts = [
        '<section id="waterfall"><h2>Where the sales went 每卖出 100 元的去向</h2>',
        _words(waterfall),
        _bars(waterfall) if waterfall.net > 0 else "",
        _table(("rule 规则", "to whom 去向", "amount", "taken back 追回", "stands", "of 100 sold"), _sales(waterfall)),
    ]
    if waterfall.funds:
        parts.append("<h3>Pools and reserve 资金池与准备金</h3>")
        heads = ("rule 规则", "from, to whom 来源与去向", "amount", "taken back 追回", "stands", "of 100 put in")
        parts.append(_table(heads, (row for fund in waterfall.funds for row in _fund(fund))))
    if waterfall.promises:
        parts.append("<h3>Promised and weighed 承诺与权重</h3>")
        heads = ("rule 规则", "of what 项目", "added", "used or taken away", "left", "left, in yuan at most")
        parts.append(_table(heads, (row for promise in waterfall.promises for row in _promise(promise))))
    return "\n".join([*parts, "</section>"])


def _words(waterfall: Waterfall) -> str:
    """Say in sentences what the table says in numbers."""
    net = waterfall.net
    if net <= 0:
        sold, refunded = yuan(waterfall.sold), yuan(waterfall.refunded)
        return f"<p>Nothing is left of what was sold: {sold} less refunds of {refunded}.</p>"
    to = {place: sum(line.net for line in waterfall.takers if line.place.startswith(place))
          for place in (MEMBERS, POOL, RESERVE)}  # fmt: skip
    kinds = {MEMBERS: "were paid to members", POOL: "were put into pools", RESERVE: "were put into the reserve"}
    taken = ", ".join(f"{per_hundred(to[place], net)} {what}" for place, what in kinds.items() if to[place])
    sentences = [f"Of every 100 yuan sold, less refunds, {taken or 'nothing was taken by the plan'}."]
    passed = sum(line.net for fund in waterfall.funds for line in fund.paid)
    if passed:
        sentences.append(f"Pools and reserve have paid {per_hundred(passed, net)} on to members.")
    if waterfall.remains < 0:
        sentences.append(
            f"<b>More than all that was sold went out 支出超过销售额</b>: {per_hundred(waterfall.taken, net)} of every "
            f"100. The shop has put in {yuan(-waterfall.remains)} of its own, before the cost of goods."
        )
    else:
        sentences.append(f"{per_hundred(waterfall.remains, net)} remain with the shop, before the cost of goods.")
    sentences += _promised(waterfall)
    sentences += _margin(waterfall)
    short = " short" if waterfall.remains < 0 or (waterfall.cost or 0) > waterfall.remains else ""
    return f'<p class="verdict{short}">{" ".join(sentences)}</p>'


def _promised(waterfall: Waterfall) -> Iterator[str]:
    worth = sum(promise.worth or 0 for promise in waterfall.promises)
    if worth:
        yield f"Promised beside it and not yet paid 待付: {per_hundred(worth, waterfall.net)}."


def _margin(waterfall: Waterfall) -> Iterator[str]:
    """What is left when the goods are paid, where their cost is known."""
    if waterfall.cost is None:
        return
    left = waterfall.remains - waterfall.cost
    if waterfall.without_cost:
        yield (
            f"The goods that tell their cost cost {per_hundred(waterfall.cost, waterfall.net)}; "
            f"{waterfall.without_cost:,} orders do not tell it, so no margin is stated."
        )
    else:
        yield (
            f"The goods cost {per_hundred(waterfall.cost, waterfall.net)} 商品成本, which leaves "
            f"{per_hundred(left, waterfall.net)} 毛利."
        )


def _bars(waterfall: Waterfall) -> str:
    """Return bars that fall from what was sold to what remains; what is not money of the sales has none."""
    left = waterfall.net
    bars = [_Bar("sold, less refunds 净销售额", left, 0, left, "var(--good)")]
    for line in waterfall.takers:
        if line.net:
            label = f"{rule_term(line.rule)} → {_to(line)}"
            bars.append(_Bar(label, line.net, min(left, left - line.net), max(left, left - line.net), "#d9822b"))
            left -= line.net
    colour = "var(--good)" if left >= 0 else "var(--bad)"
    bars.append(_Bar("remains with the shop 商家留存", left, min(left, 0), max(left, 0), colour))
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    items = "".join(_bar(bar, low, high - low, waterfall.net) for bar in bars)
    return f'<ol class="fall">{items}</ol>'


def _bar(bar: _Bar, low: int, span: int, net: int) -> str:
    start, width = per_hundred(bar.low - low, span), per_hundred(bar.high - bar.low, span)
    return (
        f"<li><span>{escape(bar.label)}</span><b>{per_hundred(bar.amount, net)}</b>"
        f'<div><i style="left:{start}%;width:{width}%;background:{bar.colour}"></i></div></li>'
    )


def _to(line: Line) -> str:
    return whom_term(line.whom) if line.place == MEMBERS else place_term(line.place)


_Row = tuple[str, Sequence[str]]
"""A row's class, and its cells."""


def _sales(waterfall: Waterfall) -> Iterator[_Row]:
    """Rows of the shop's account: what was sold, what each rule took of it, what remains."""
    net = waterfall.net

    def part(amount: int) -> str:
        return per_hundred(amount, net) if net > 0 else "–"

    yield "", ("sold 销售额", "", yuan(waterfall.sold), yuan(waterfall.refunded), yuan(net), part(net))
    for line in waterfall.takers:
        to = f"{_to(line)}, {store_term(line.asset)}" if line.asset != "cash" else _to(line)
        yield "", (rule_term(line.rule), to, *_amounts(line), part(line.net))
    yield "sum", ("remains with the shop 商家留存", "", "", "", yuan(waterfall.remains), part(waterfall.remains))
    if waterfall.cost is not None:
        unknown = f"{waterfall.without_cost:,} orders without" if waterfall.without_cost else ""
        yield "", ("cost of goods 商品成本", unknown, "", "", yuan(waterfall.cost), part(waterfall.cost))
    if waterfall.cost is not None and not waterfall.without_cost:
        left = waterfall.remains - waterfall.cost
        yield "sum", ("left after goods 毛利", "", "", "", yuan(left), part(left))
    for line in waterfall.beside:
        yield "", (rule_term(line.rule), f"{_to(line)}, not of the sales", *_amounts(line), "–")


def _fund(fund: Fund) -> Iterator[_Row]:
    """Rows of a pool's account: what came in, who was paid of it, what is left."""
    whole = sum(line.net for line in fund.fed)

    def part(amount: int) -> str:
        return per_hundred(amount, whole) if whole > 0 else "–"

    for line in fund.fed:
        yield "", (rule_term(line.rule), f"from {place_term(line.place)}", *_amounts(line), part(line.net))
    for line in fund.paid:
        yield "", (rule_term(line.rule), f"to {_to(line)}", *_amounts(line), part(line.net))
    holds = yuan(fund.holds - fund.owes)
    owes = f"owes {yuan(fund.owes)}" if fund.owes else ""
    yield "sum", (f"{place_term(fund.name)}: holds 余额", owes, "", "", holds, part(fund.holds - fund.owes))


def _amounts(line: Line) -> tuple[str, str, str]:
    return yuan(line.gave), yuan(line.back), yuan(line.net)


def _promise(promise: Promise) -> Iterator[_Row]:
    """Rows of a store: what each rule added and used up, and what is left of it."""
    for line in promise.lines:
        amounts = (yuan(amount) if amount else "" for amount in (line.added, line.used))
        yield "", (rule_term(line.rule), store_term(promise.store), *amounts, "", "")
    worth = "–" if promise.worth is None else yuan(promise.worth)
    yield "sum", (f"{store_term(promise.store)}: left 剩余", "", "", "", yuan(promise.left), worth)


def _table(heads: Sequence[str], rows: Iterable[_Row]) -> str:
    body = "".join(f'<tr class="{kind}">{_named(cells)}</tr>' for kind, cells in rows)
    return (
        f'<div class="scroll words" tabindex="0"><table><thead><tr>{_cells("th", heads)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _named(cells: Sequence[str]) -> str:
    """The cells of a row, whose name may fill the second one too."""
    if cells[1]:
        return _cells("td", cells)
    return f'<td colspan="2">{escape(cells[0])}</td>{_cells("td", cells[2:])}'


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
