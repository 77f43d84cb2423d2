"""What the figures of an assessment mean, a sentence for each; the sentences stand in ``solvency.yaml``.

A sentence goes by the closed form where there is one, else by what the simulation shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from jifen.assess.closed_forms import FIGURES
from jifen.assess.solvency import EQUAL_ORDERS, Assessment
from jifen.assess.texts import Number, Statement
from jifen.core.micros import MICRO
from jifen.engine.columns import exact_sum
from jifen.plan.worth import is_tokens

__all__ = ["TEXTS", "Line", "basis", "findings", "lines"]

TEXTS = "solvency.yaml"
"""The file of the sentences."""
_YEAR = 365
_TIMES_MAX = 10**9
"""Beyond this a year's growth says nothing more."""
_AGE = 100
"""The age of the shop for which a wait is told, in days."""
_NEXT_TO_NOTHING = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: a figure by its name in the texts, and what both columns have (``None``: no such figure)."""

    figure: str
    closed: Number | None
    simulated: Number | None


def lines(found: Assessment) -> list[Line]:
    """Return the table of an assessment: the figures that the plan has."""
    rows = [
        *(Line(name, *pair) for name, pair in found.per_order.items()),
        *(Line(name, found.closed[name], found.simulated[name]) for name in FIGURES),
        Line("spending_back_share", None, found.spending_back_share),
    ]
    cash = _told(found, "cash_peak_day") is not None
    return [
        row for row in rows
        if row.closed is not None or row.simulated is not None or (row.figure == "cash_negative_day" and cash)
    ]  # fmt: skip


def findings(found: Assessment) -> list[Statement]:
    """Return what is to be said of an assessment, in the order of its table, then of a stop and of the cohorts."""
    return [
        *_per_order(found), *_cash(found), *_paid(found), *_coverage(found), *_back(found), _stop(found),
        _cohorts(found), *_missing(found),
    ]  # fmt: skip


def basis(found: Assessment) -> Statement:
    """Return what all figures rest on."""
    base = found.base
    numbers: dict[str, Number] = {"cost": found.cost, "order": found.order, "days": len(base.days["day"])}
    if not _is_constant(found):
        return Statement("basis_scenario", numbers | {"scenario": base.scenario.name, "seed": base.seed})
    numbers["a_day"] = found.a_day
    if _rounds(found):
        return Statement("basis_rounds", numbers | {"rounds": _rounds(found)})
    return Statement("basis", numbers)


def _is_constant(found: Assessment) -> bool:
    """Whether equal orders were simulated, as many each day: the shop of the closed forms."""
    scenario = found.base.scenario
    return scenario.name == EQUAL_ORDERS and scenario.joining.curve == "constant" and not scenario.joining.at_start


def _rounds(found: Assessment) -> int:
    """How many referrals make a round; 0 if no promise hangs on referrals."""
    return max((each.rounds for each in found.economics.promises), default=0)


def _told(found: Assessment, figure: str) -> Number | None:
    closed = found.closed[figure]
    return found.simulated[figure] if closed is None else closed


def _per_order(found: Assessment) -> Iterator[Statement]:
    promised, funded = (closed for closed, _ in found.per_order.values())
    name = "promised_nothing" if not promised else "promised_more" if promised > funded else "promised_covered"
    yield Statement(name, {"promised": promised, "funded": funded})
    net, alone = found.closed["net_per_order"], found.simulated["net_per_order"]
    if net is not None:
        referred = any(each.drains is None and not each.pool for each in found.economics.rewards)
        if net < 0:
            yield Statement("net_short", {"gap": -net})
        elif referred and alone is not None and alone > net and found.base.scenario.referrals.shape == "none":
            yield Statement("net_referrals", {"net": net, "alone": alone})
        else:
            yield Statement("net_left", {"net": net})
    times = found.closed["static_multiple"]
    yield _multiple(found, times) if times else Statement("multiple_none")


def _multiple(found: Assessment, times: Number) -> Statement:
    if any(each.by("price") for each in found.economics.promises):
        return Statement("multiple_held_out", {"times": times})
    if _rounds(found):
        return Statement("multiple_rounds", {"times": times, "rounds": _rounds(found)})
    return Statement("multiple", {"times": times})


def _cash(found: Assessment) -> Iterator[Statement]:
    owed = found.closed["owed_steady_days"]
    if owed is not None:
        yield Statement("owed", {"days": owed})
    yield from _cash_days(found)
    growth = found.closed["growth_required_daily"]
    if growth == 0:
        yield Statement("growth_none")
    elif growth is not None:
        times = (1 + growth) ** _YEAR
        name = "growth" if times < _TIMES_MAX else "growth_huge"
        yield Statement(name, {"growth": growth} | ({"times": round(times, 1)} if name == "growth" else {}))


def _cash_days(found: Assessment) -> Iterator[Statement]:
    """When cash is highest and when it ends: in the shop that was simulated, then at constant sales if that differs."""
    first, constant = found.simulated, found.closed["cash_negative_day"]
    if _is_constant(found) and found.closed["cash_peak_day"] is not None:
        first = found.closed
    peak, ends = first["cash_peak_day"], first["cash_negative_day"]
    if peak is not None:
        yield Statement("cash_peak", {"day": peak})
        lasts = Statement("cash_lasts", {"days": len(found.base.days["day"])})
        yield lasts if ends is None else Statement("cash_ends", {"day": ends})
    if constant is not None and constant != ends:
        yield Statement("cash_ends_constant", {"day": constant})


def _paid(found: Assessment) -> Iterator[Statement]:
    for figure, name in (
        ("never_paid_share", "never_paid"),
        ("return_ceiling_share", "ceiling"),
        ("exit_ceiling_share", "exits"),
    ):
        share = _told(found, figure)
        if share is not None:
            yield Statement(name, {"share": share})
    paid, simulated = found.closed["paid_share"], found.simulated["paid_share"]
    if paid is not None:
        # What is less than the closed form by more than whole orders and days make out is worth a word.
        less = simulated is not None and Fraction(simulated) < Fraction(paid) * Fraction(9, 10)
        yield Statement("paid_less" if less else "paid", {"share": paid, "simulated": simulated or 0})
    wait = _told(found, "wait_over_age")
    if wait is not None:
        yield Statement("wait", {"age": _AGE, "days": Fraction(wait) * _AGE})


def _coverage(found: Assessment) -> Iterator[Statement]:
    share = found.simulated["coverage"]
    if share is not None:
        kind = "full" if share >= 1 else "short" if share > _NEXT_TO_NOTHING else "none"
        yield Statement(f"coverage_{kind}", {"share": share})


def _back(found: Assessment) -> Iterator[Statement]:
    share, members = found.spending_back_share, found.base.members_then
    if share is not None:
        numbers: dict[str, Number] = {"buyers": members.buyers, "paid": members.paid_back, "share": share}
        ends = found.cash_ended
        last = {"days": len(found.base.days["day"])} if ends is None else {"day": ends}
        yield Statement("back" if ends is None else "back_then", numbers | last)


def _stop(found: Assessment) -> Statement:
    stop = found.stop
    numbers: dict[str, Number] = {"day": stop.day, "owed": stop.owed, "cash": stop.cash}
    if stop.unpaid and stop.joined:
        who = {"members": stop.members, "all": stop.buyers, "first": stop.joined[0], "last": stop.joined[1]}
        who["until"] = stop.until
        return Statement("stop_unpaid", numbers | {"unpaid": stop.unpaid} | who)
    if stop.owed:
        return Statement("stop_paid", numbers)
    short: dict[str, Number] = {"day": stop.day, "members": stop.buyers - stop.paid_back, "all": stop.buyers}
    if any(is_tokens(found.plan, store) for store in found.plan.stores):
        return Statement("stop_tokens", short | {"pool": stop.tokens // MICRO * MICRO, "spent": stop.spent})
    return Statement("stop_rounds" if _rounds(found) else "stop_nothing", short)


def _cohorts(found: Assessment) -> Statement:
    paid = found.received_from
    whole = sum(paid.values())
    if whole <= 0:
        return Statement("pays_nobody")
    name = "pays_later" if paid["missing"] else "pays_all"
    return Statement(name, {name: Fraction(paid[name], whole) for name in ("later", "missing")})


def _missing(found: Assessment) -> Iterator[Statement]:
    """What the simulation lacks."""
    events = exact_sum(found.base.days["refused"])
    if events:
        yield Statement("refused", {"events": events})
    if found.plan.params["skus"]:
        yield Statement("articles")
