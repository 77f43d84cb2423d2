"""What the charts of foresight say: each finding a sentence of the texts with its numbers, taken from the figures.

A finding is the title of its chart. Which sentence it is depends on what the figures are, so that it is true of them
whatever they are; nothing here knows a plan. Amounts are micro-units, days count from 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from jifen.engine.columns import Column, exact_sum
from jifen.report.amounts import count, money, percent, price, times
from jifen.report.foresight import Fan, cash_end
from jifen.simulate.outcomes import MemberTable, QueueTable

__all__ = [
    "MONTH", "Finding", "cash_findings", "coverage_finding", "outcome_finding", "price_finding", "queue_finding",
]  # fmt: skip

MONTH = 30
"""Days."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence of the texts by its name, and its numbers as they are shown.

    ``rows`` of the table behind the chart, from 0, that the sentence speaks of: a shortened table still has them.
    """

    name: str
    numbers: Mapping[str, str]
    rows: tuple[int, ...] = field(default=())


def cash_findings(days: Mapping[str, Column], aside: Column, fan: Fan | None) -> list[Finding]:
    """Whether and when cash ends, what members are promised then, and how many other runs end so.

    ``aside``: by day what pools hold for what is promised.
    """
    cash, claims, last = days["free_cash"], days["promised"], len(days["day"])
    end = cash_end(days)
    if end is not None:
        found = _end_of_cash(days, end)
    else:
        numbers = {"days": count(last), "cash": money(cash.item(-1)), "claims": money(claims.item(-1))}
        name = "cash_lasts" if claims.item(-1) else "cash_lasts_free"
        if claims.item(-1) and aside.item(-1):
            name, numbers["pools"] = "cash_lasts_pools", money(aside.item(-1))
        found = [Finding(name, numbers, (last - 1,))]
    return found if fan is None else [*found, _ends(fan)]


def _end_of_cash(days: Mapping[str, Column], end: int) -> list[Finding]:
    cash, claims = days["free_cash"], days["promised"].item(end - 1)
    month = slice(max(end - MONTH, 0), end)
    sales = exact_sum(days["sold"][month]) - exact_sum(days["refunded"][month])
    numbers = {"day": count(end)}
    if not claims:
        name = "cash_ends_free"
    elif sales <= 0:
        name, numbers["claims"] = "cash_ends_unsold", money(claims)
    else:
        name = "cash_ends" if end >= MONTH else "cash_ends_early"
        numbers |= {"times": times(claims, sales), "claims": money(claims), "sales": money(sales)}
    found = [Finding(name, numbers, (end - 1,))]
    if cash.item(-1) >= 0:
        low = int(cash.argmin())
        numbers = {"low": money(cash.item(low)), "low_day": count(low + 1), "cash": money(cash.item(-1))}
        found.append(Finding("cash_returns", numbers, (low, len(cash) - 1)))
    return found


def _ends(fan: Fan) -> Finding:
    """In how many runs cash ends."""
    runs, ends = len(fan.ends), sorted(end for end in fan.ends if end is not None)
    numbers = {"runs": count(runs)}
    if not ends:
        return Finding("runs_last", numbers)
    numbers |= {"first": count(ends[0]), "latest": count(ends[-1])}
    if len(ends) < runs:
        return Finding("runs_some_end", numbers | {"ended": count(len(ends))})
    return Finding("runs_end" if ends[0] < ends[-1] else "runs_end_together", numbers)


def coverage_finding(backed: Column, claims: Column) -> Finding | None:
    """Which part of what is promised is put aside, and since when not all of it; ``None`` if nothing is promised."""
    owing = np.flatnonzero(claims > 0)
    if not len(owing):
        return None
    last = len(claims) - 1
    if not backed[owing].any():
        high = int(claims.argmax())
        return Finding("covered_nothing", {"most": money(claims.item(high)), "day": count(high + 1)}, (high,))
    low = min(owing.tolist(), key=lambda day: backed.item(day) / claims.item(day))
    short = owing[backed[owing] < claims[owing]]
    numbers = {"low": percent(backed.item(low), claims.item(low)), "low_day": count(low + 1)}
    if claims.item(last):
        numbers["covered"] = percent(backed.item(last), claims.item(last))
    if not len(short):
        return Finding("covered_always" if claims.item(last) else "covered_all_paid", numbers, (low, last))
    if last not in short:
        name = "covered_again" if claims.item(last) else "covered_not_always"
        return Finding(name, numbers | {"short_days": count(len(short))}, (low, last))
    covered = owing[backed[owing] >= claims[owing]]
    if not len(covered):
        return Finding("covered_never", numbers, (low, last))
    since = int(short[short > covered[-1]][0])
    return Finding("covered_until", numbers | {"since": count(since + 1)}, (low, since, last))


def price_finding(prices: Column, supply: Column) -> Finding | None:
    """How the price of a token has moved while there were any; ``None`` if there never were."""
    held = np.flatnonzero(supply > 0)
    if not len(held):
        return None
    start, end = held.item(0), held.item(-1)
    quoted = prices[held]
    high, low = int(quoted.argmax()), int(quoted.argmin())
    shown = {"first": price(quoted.item(0)), "final": price(quoted.item(-1))}
    top, bottom = price(quoted.item(high)), price(quoted.item(low))
    falls = int(np.count_nonzero(np.diff(quoted) < 0))
    if end < len(supply) - 1:
        return Finding("tokens_gone", {"day": count(end + 1), "final": shown["final"]}, (end,))
    if top == bottom:
        return Finding("price_stays", {"final": top}, (start, end))
    if not falls:
        return Finding("price_rises", shown, (start, end))
    if shown["final"] != top:
        numbers = {"top": top, "day": count(held.item(high) + 1), "final": shown["final"]}
        lost = percent(quoted.item(high) - quoted.item(-1), quoted.item(high))
        return Finding("price_falls", numbers | {"lost": lost}, (held.item(high), end))
    if shown["first"] != shown["final"]:
        return Finding("price_dips", shown | {"falls": count(falls)}, (start, end))
    numbers = {"bottom": bottom, "day": count(held.item(low) + 1), "final": shown["final"]}
    return Finding("price_back", numbers, (held.item(low), end))


def queue_finding(queue: QueueTable, today: int) -> Finding | None:
    """How long those waited who were paid in full, and how many still wait; ``None`` for an empty queue."""
    waits, places = queue.wait, len(queue.paid)
    if not places:
        return None
    paid = np.flatnonzero(queue.paid >= 0)
    numbers = {"places": count(places), "served": count(len(paid)), "waiting": count(places - len(paid))}
    if not len(paid):
        return Finding("queue_unpaid", numbers | {"today": count(today)}, (0,))
    longest = paid[waits[paid].argmax()].item()
    numbers |= {"longest": count(waits.item(longest)), "place": count(longest + 1)}
    if len(paid) == places:
        same = bool((waits == waits[0]).all())
        return Finding("queue_alike" if same else "queue_paid", numbers, (longest,))
    oldest = np.flatnonzero(queue.paid < 0)[queue.arrived[queue.paid < 0].argmin()].item()
    numbers |= {"oldest": count(today - queue.arrived.item(oldest)), "oldest_place": count(oldest + 1)}
    return Finding("queue_waits", numbers, (longest, oldest))


def outcome_finding(then: MemberTable, end: int | None, today: int) -> Finding | None:
    """Which part of the buyers had got back what they spent when cash ended, or at the end; ``None`` without buyers."""
    if not then.buyers:
        return None
    numbers = {
        "buyers": count(then.buyers), "back": count(then.paid_back), "share": percent(then.paid_back, then.buyers),
        "nothing": count(then.paid_nothing), "day": count(today if end is None else end),
    }  # fmt: skip
    name = "back_none" if not then.paid_back else "back_all" if then.paid_back == then.buyers else "back_some"
    return Finding(name if end is None else f"{name}_cash", numbers)
