"""One HTML page about a run: readable from disk, on a phone and on a desk, with nothing loaded from anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from jifen.batch.waterfall import Waterfall
from jifen.core.errors import Problem
from jifen.report.charts import Picture, charts
from jifen.report.drawing import drawing_script
from jifen.report.figures import Figures, shown, yuan
from jifen.report.terms import figure_term, rule_term
from jifen.report.waterfall_section import waterfall_section

__all__ = ["POLICY", "Account", "page"]

POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data:"
"""The browser itself refuses any request of this page. Vega compiles its expressions, hence ``unsafe-eval``."""

_ALWAYS = ("sold", "paid", "owed", "reserve")
"""Figures that are said even when they are zero."""

_NOTE = (
    '<p class="soft">Amounts are in yuan, rounded to cents on this page only; the books are exact to one millionth. '
    "The page holds totals only and no member's data 不含会员资料.</p>"
)


@dataclass(frozen=True, slots=True)
class Account:
    """Everything a page says: amounts are micro-units.

    ``facts`` are words about the run (plan, digest, days, members …), in the order in which they are shown.
    """

    title: str
    facts: Mapping[str, str]
    figures: Figures
    merchant_funded: bool
    tokens_worth: int | None = None
    """What the pools that price tokens hold, if the plan has tokens."""
    waterfall: Waterfall | None = None
    """Which rule took what of what was sold."""
    warnings: Sequence[Problem] = ()

    def total(self, flow: str) -> int:
        """Return a flow of the whole run."""
        return sum(self.figures.flows.get(flow, ()))

    def last(self, level: str) -> int:
        """Return what a level is at the end of the run."""
        values = self.figures.levels.get(level, ())
        return values[-1] if values else 0


def page(account: Account) -> str:
    """Return the whole page as text."""
    figures = shown(account.figures)
    pictures = charts(figures)
    resources = files("jifen.report")
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(account.title)} · jifen</title>",
        f"<style>{resources.joinpath('page.css').read_text(encoding='utf-8')}</style></head><body><main>",
        f"<h1>{escape(account.title)}</h1>",
        f'<p class="soft">{escape(_span(account.figures))}</p>',
        _verdict(account),
        *(_warning(warning) for warning in account.warnings),
        _tiles(account),
        "" if account.waterfall is None else waterfall_section(account.waterfall),
        '<div class="charts">',
        *(_chart(number, picture) for number, picture in enumerate(pictures)),
        "</div>",
        f"<h2>Figures 数据 ({'by week' if figures.step_days > 1 else 'by day'})</h2>",
        _table(figures),
        "<h2>This run 本次运行</h2>",
        "<dl>" + "".join(f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>" for key, text in account.facts.items()),
        f"</dl>{_NOTE}",
        f"</main>{drawing_script([picture.specification for picture in pictures])}</body></html>\n",
    ]
    return "\n".join(parts)


def _span(figures: Figures) -> str:
    days = figures.starts
    return f"{days[0].isoformat()} – {days[-1].isoformat()} · {len(days)} business days" if days else "no business days"


def _verdict(account: Account) -> str:
    """Say plainly whether what is left can pay what is owed."""
    owed, left = account.last("owed"), account.last("reserve") + account.last("pools")
    held = f"reserve and pools hold {yuan(left)}" if account.last("pools") else f"the reserve holds {yuan(left)}"
    sentences = [f"Beyond the {yuan(account.last('wallets'))} in their wallets, members are owed {yuan(owed)}; {held}."]
    if owed > left:
        sentences.append(
            f"<b>{yuan(owed - left)} is promised and not backed</b> 未备付: it can be paid only out of later sales."
        )
    elif owed:
        sentences.append("All of it is backed 已备付.")
    if account.tokens_worth is not None:
        worth = yuan(account.tokens_worth)
        sentences.append(f"Tokens 增值积分 are promised no amount: together they are worth their pool, {worth}.")
    if account.merchant_funded:
        sentences.append("The plan pays from the merchant's own account 商家出资, whether there is money in it or not.")
    return f'<p class="verdict{" short" if owed > left else ""}">{" ".join(sentences)}</p>'


def _warning(warning: Problem) -> str:
    """Say what the figures do not say by themselves, and what to do."""
    return f'<p class="verdict short">{escape(warning.message)}. <b>{escape(warning.remedy)}.</b></p>'


def _tiles(account: Account) -> str:
    tiles = {name: account.total(name) for name in ("sold", "refunded")}
    tiles["paid"] = sum(account.figures.paid_total())
    tiles |= {name: account.last(name) for name in ("wallets", "owed", "reserve", "pools", "token_pool", "price")}
    tiles |= {name: account.total(name) for name in ("granted", "released", "forfeited")}
    items = "".join(
        f"<li><span>{escape(figure_term(name))}</span><b>{yuan(value)}</b></li>"
        for name, value in tiles.items()
        if value or name in _ALWAYS
    )
    return f'<ul class="tiles">{items}</ul>'


def _chart(number: int, picture: Picture) -> str:
    colours = "".join(
        f'<li><i style="background:{colour}"></i>{escape(name)}</li>' for name, colour in picture.legend.items()
    )
    return (
        f'<section><h2>{escape(picture.heading)}</h2><p class="soft">{escape(picture.reading)}</p>'
        f'<div class="chart" id="chart-{number}"></div><ul class="legend">{colours}</ul></section>'
    )


def _table(figures: Figures) -> str:
    columns: list[tuple[str, Sequence[int], bool]] = [
        (figure_term(name), values, True) for name, values in figures.flows.items() if any(values)
    ]
    columns += [(rule_term(rule), values, True) for rule, values in figures.paid.items() if any(values)]
    columns += [(figure_term(name), values, False) for name, values in figures.levels.items() if any(values)]
    names = ["week from" if figures.step_days > 1 else "day", *(name for name, _, _ in columns)]
    rows = (
        [start.isoformat(), *(yuan(values[index]) for _, values, _ in columns)]
        for index, start in enumerate(figures.starts)
    )
    foot = ["total / last", *(yuan(sum(values) if adds else values[-1]) for _, values, adds in columns if values)]
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{_cells("th", names)}</tr></thead><tbody>'
        + "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
        + f"</tbody><tfoot><tr>{_cells('td', foot)}</tr></tfoot></table></div>"
    )


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
