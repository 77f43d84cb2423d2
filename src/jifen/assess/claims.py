"""Whether what is promised about a plan is true: under which conditions, or the example that refutes it.

Figures come from the closed forms, examples from the engine itself, run on a small shop: both exact. Nothing is called
true that hangs on what others do later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from jifen.assess.claim_case import DAYS_RUN_MAX, MEMBERS, Case, cases_of
from jifen.assess.claim_reading import Claim, read_claims
from jifen.assess.texts import Number, Statement
from jifen.core.errors import InputError
from jifen.core.micros import AMOUNT_MAX, MICRO
from jifen.plan.model import Plan

__all__ = ["VERDICTS", "Answer", "Judgement", "judge"]

VERDICTS = ("true", "conditional", "refuted", "unread")
"""From the best to the worst; a text is what its worst part is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be said of one claim, for orders of one amount (micro-units)."""

    claim: Claim
    verdict: str
    order: int
    conditions: tuple[Statement, ...] = ()
    """What must hold for it to be true."""
    examples: tuple[Statement, ...] = ()
    """What speaks against it: figures, and what the engine does."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of a text."""

    text: str
    verdict: str
    answers: tuple[Answer, ...]
    unread: tuple[str, ...]
    """The pieces of the text in which no claim was found."""


_CENT = MICRO // 100
"""Orders are of whole cents."""

_Says = tuple[list[Statement], list[Statement]]
"""Conditions under which a claim is true (none: always), or examples that refute it: then they are not empty."""


def judge(
    plan: Plan,
    text: str,
    cost: Fraction = Fraction(0),
    order: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Judgement:
    """Hold a text against a plan. ``cost``: of goods, a share of sales; ``order``: the amount of every order.

    A claim that names its order is held against that; without an order each tier of the plan is tried, and what is best
    for the claim counts. ``progress`` is called with claims judged and claims in all.

    >>> from jifen.plan import load_plan
    >>> plan = load_plan("points_dividend")
    >>> [answer.verdict for answer in judge(plan, "100天全返，10天全返", Fraction(1, 5)).answers]
    ['conditional', 'refuted']
    """
    claims, unread = read_claims(text)
    usual = cases_of(plan, cost, order)
    answers = []
    for done, claim in enumerate(claims):
        if progress is not None:
            progress(done, len(claims))
        answers.append(_answer(claim, _cases_for(claim, usual, order)))
    verdicts = [answer.verdict for answer in answers] or ["unread"]
    return Judgement(text, max(verdicts, key=VERDICTS.index), tuple(answers), unread)


def _cases_for(claim: Claim, usual: list[Case], order: int | None) -> list[Case]:
    """The orders that a claim is held against: its own, or the usual ones and, for a sum a day, one large enough."""
    first = usual[0]
    if claim.order is not None:
        try:
            return cases_of(first.plan, first.cost, claim.order)
        except InputError:  # too many lots for an example
            return usual
    paid = first.paid_in(claim.days or 1)
    if claim.amount is None or order is not None or not paid:
        return usual
    enough = -(-claim.amount // (paid * _CENT)) * _CENT
    return [*usual, Case(first.plan, first.cost, enough)] if usual[-1].order < enough <= AMOUNT_MAX else usual


def _answer(claim: Claim, cases: list[Case]) -> Answer:
    """The best answer of all orders; a claim that is denied is true if it is refuted."""
    answers = [_of_case(claim, case) for case in cases]
    best = min(answers, key=lambda answer: VERDICTS.index(answer.verdict))
    if best is not answers[0]:
        conditions = (Statement("orders_from", {"order": best.order}), *best.conditions)
        best = replace(best, conditions=conditions, verdict="conditional")
    if not claim.denied:
        return best
    turned = {"true": "refuted", "refuted": "true"}.get(best.verdict, best.verdict)
    return replace(best, verdict=turned, conditions=(Statement("denied"), *best.conditions))


def _of_case(claim: Claim, case: Case) -> Answer:
    conditions, examples = _DECISIONS[claim.kind](claim, case)
    verdict = "conditional" if conditions else "refuted" if examples else "true"
    return Answer(claim, verdict, case.order, tuple(conditions), tuple(examples))


# -- what comes back ------------------------------------------------------------------------------------------------


def _full_return(claim: Claim, case: Case) -> _Says:
    return _returned(case, claim.times or Fraction(1), claim.days)


def _returned(case: Case, times: Fraction, days: int | None) -> _Says:
    """Whether so many times the price comes back to everyone who buys and does nothing else."""
    if case.promised < times:
        return [], _promises_less(case, times)
    if case.paid_by(days) >= times:
        return _backing(case)
    ceiling = case.figures["return_ceiling_share"]
    gap = case.promised - case.inflow
    outside = [Statement("outside", _balance(case) | {"gap": gap})] if case.has_tasks and gap > 0 else []
    bounded = case.paid_by(None) < times and ceiling is not None and ceiling < times
    if case.never_paid or (bounded and not outside):
        return [], [*case.ceilings(times), *_lacking(case, times, days)]
    lacking, held = _tried(case, times, days)
    return ([], [lacking]) if lacking is not None else ([*outside, *_tasks(case), held], [])


def _tried(case: Case, times: Fraction, days: int | None) -> tuple[Statement | None, Statement]:
    """A member of a small shop who has not got so much in time; and what held there, if there is none."""
    if case.has_tokens:
        day = min(days or MEMBERS, DAYS_RUN_MAX)
        return case.lacking(times, 0, day), Statement("all_sell", {"members": day, "day": day})
    age = min(days or MEMBERS * 2, DAYS_RUN_MAX)
    return case.lacking(times, age, age + MEMBERS // 2), Statement("held", {"members": MEMBERS // 2, "age": age})


def _promises_less(case: Case, times: Fraction) -> list[Statement]:
    if not case.promised:
        return [Statement("no_promise"), *_lacking(case, times, None)]
    numbers: dict[str, Number] = {
        "order": case.order,
        "entitled": case.promised * case.order,
        "claimed": times * case.order,
    }
    return [Statement("promises_less", numbers), *_lacking(case, times, None)]


def _lacking(case: Case, times: Fraction, days: int | None) -> list[Statement]:
    """A member of the shop who does not have what is claimed, old enough for it if a time is named."""
    age = days if days is not None and days <= DAYS_RUN_MAX else 0
    found = case.lacking(times, age, max(MEMBERS, age + MEMBERS // 2))
    return [] if found is None else [found]


def _backing(case: Case) -> _Says:
    """Under what conditions schedules are paid to the end; how they fail where sales must grow."""
    paid_as = {each.asset for each in case.scheduled} | case.at_once.keys()
    kinds = sorted(asset for asset in paid_as if not case.economics.becomes_cash(asset))
    conditions = [Statement("as_asset", {"asset": asset}) for asset in kinds]
    if case.is_set_aside:
        return [*([Statement("set_aside")] if conditions and case.scheduled else []), *conditions], []
    if case.economics.reserve_funded and case.reserve_lacks > 0:
        numbers: dict[str, Number] = {"lacks": case.reserve_lacks, "promised": case.owed_itself}
        age = min(case.schedule_days, DAYS_RUN_MAX)
        lacking = case.lacking(case.paid_by(age), age, min(age + MEMBERS, DAYS_RUN_MAX))
        return [Statement("top_up", numbers), *conditions], [] if lacking is None else [lacking]
    net = case.economics.net_per_order
    if net >= 0:
        return [Statement("kept", {"net": net}), *conditions], []
    growth = case.figures["growth_required_daily"]
    if growth is None or not growth:
        return [], [Statement("no_growth", _balance(case)), _sales_end(case)]
    end = case.cash_end()
    conditions.insert(0, Statement("grow", _balance(case) | {"growth": growth}))
    return conditions, [] if end is None else [end]


def _sales_end(case: Case) -> Statement:
    """Who waits for what if sales stop, and whether there is money that may pay it."""
    name = "sales_end" if case.scheduled or case.has_tasks or case.at_once else "sales_end_wait"
    return Statement(name, case.waiting(MEMBERS))


def _with(case: Case, *conditions: Statement) -> _Says:
    """The same, on further conditions; what no condition saves stays refuted."""
    backing, examples = _backing(case)
    refuted = examples and not backing
    return ([] if refuted else [*conditions, *backing]), examples


def _balance(case: Case) -> dict[str, Fraction | float]:
    return {"inflow": case.inflow, "promised": case.promised}


def _tasks(case: Case) -> list[Statement]:
    return [Statement("tasks")] if case.has_tasks else []


# -- the other kinds ------------------------------------------------------------------------------------------------


def _daily(claim: Claim, case: Case) -> _Says:
    """Whether a buyer is paid so much every day, or every so many days, until he has what he is entitled to."""
    period, share = claim.days or 1, claim.share or Fraction(claim.amount or 0, case.order)
    if case.paid_in(period) >= share:
        until = Statement("until", {"times": case.paid_by(None), "days": case.schedule_days})
        return _with(case, until)
    wait = case.economics.delay + max((each.lag for each in case.economics.promises), default=1)
    trial, claimed = case.trial(wait + max(MEMBERS // 2, period + 1)), share * case.order
    for day in range(wait + 1 + period, trial.days + 1):
        paid = trial.received[day - 1][0] - trial.received[day - 1 - period][0]
        if paid < claimed:
            numbers: dict[str, Number] = {"day": day, "order": case.order, "paid": paid, "claimed": claimed}
            once = Statement("day_pays", numbers)
            return [], [once if period == 1 else Statement("period_pays", numbers | {"days": period})]
    return [*_tasks(case), Statement("held_daily", {"days": trial.days})], []


def _break_even(claim: Claim, case: Case) -> _Says:
    """Whether a buyer has his money back when so many whom he refers have bought as much."""
    persons = claim.persons or 0
    days = max(MEMBERS, min(case.schedule_days, DAYS_RUN_MAX))
    if claim.days is not None:
        days = min(claim.days + 1, DAYS_RUN_MAX)
    got = case.referrer(persons, days)
    day = next((day for day, has in enumerate(got, 1) if has >= case.order), None)
    if day is None:
        return [], [Statement("referrer_has", {"order": case.order, "persons": persons, "has": got[-1], "day": days})]
    conditions = [Statement("buy_as_much", {"persons": persons, "day": day})]
    limits = [_few_members(persons)] if persons else []
    if case.scheduled:
        backed, examples = _with(case, *conditions)
        return backed, [*limits, *examples]
    net = case.economics.net_per_order
    return [*conditions, *([Statement("order_leaves", {"net": net})] if net < 0 else [])], limits


def _few_members(persons: int) -> Statement:
    """How many members can have so many referrals of their own: each is one of somebody's."""
    numbers: dict[str, Number] = {"members": MEMBERS, "most": (MEMBERS - 1) // persons, "persons": persons}
    return Statement("few_members", numbers | {"share": Fraction(1, persons)})


def _only_rises(_claim: Claim, case: Case) -> _Says:
    """Whether the price of tokens can fall; what it says of their value."""
    if not case.has_tokens:
        return [], [Statement("no_price")]
    if case.falls:
        falls = ((fall.after, fall.before, fall.price) for fall in case.falls)
        return [], [
            Statement("price_falls", {"event": event, "before": high, "price": low}) for event, high, low in falls
        ]
    fees = [each.retained for each in case.economics.promises if each.by("price")]
    quoted = Statement("quoted_price", {"minted": case.minted, "fee": min(fees, default=Fraction(0))})
    conditions = [quoted, Statement("moved_price")]
    ceiling = case.figures["return_ceiling_share"]
    value = [] if ceiling is None else [Statement("ceiling", {"share": ceiling})]
    return conditions, [*value, *_lacking(case, Fraction(1), None)]


def _free(_claim: Claim, case: Case) -> _Says:
    """Nothing is free that is paid for first: what is back at the end of the day of the order."""
    has = case.trial(1).received[0][0]
    paid_first = Statement("paid_first", {"order": case.order, "has": has})
    return ([], [paid_first]) if has < case.order else _with(case, paid_first)


def _guaranteed(_claim: Claim, case: Case) -> _Says:
    """Whether a buyer has the whole price back whatever others do later."""
    if case.promised < 1:
        return [], _promises_less(case, Fraction(1))
    if case.paid_by(None) >= 1 and case.is_set_aside:
        return _backing(case)
    if case.trial(MEMBERS).sold_out:
        return [], [*case.ceilings(Fraction(1)), *_lacking(case, Fraction(1), None)]
    return [], [_sales_end(case)]


def _income(_claim: Claim, case: Case) -> _Says:
    """Whether a buyer who does nothing gets more than he spent."""
    if case.promised <= 1:
        return [], [Statement("no_income", {"promised": case.promised})]
    return _returned(case, case.promised, None)


_DECISIONS: Mapping[str, Callable[[Claim, Case], _Says]] = {
    "break_even": _break_even,
    "daily": _daily,
    "free": _free,
    "full_return": _full_return,
    "guaranteed": _guaranteed,
    "income": _income,
    "only_rises": _only_rises,
}
