"""One page for members, from the figures: what you get, from which money, on what it depends, how it went for others.

The sentences stand in ``disclosure.yaml``; which of them are said, and with which numbers, follows from the plan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from jifen.assess.claim_case import DAYS_RUN_MAX, MEMBERS, Case, cases_of
from jifen.assess.measured import cash_end
from jifen.assess.promises import RESERVE, Promise
from jifen.assess.solvency import spending_back_share
from jifen.assess.texts import LANGUAGES, Number, Statement, say
from jifen.plan.model import Grant, Plan, Schedule
from jifen.simulate.simulation import Simulation

__all__ = ["SPENDING_BACK", "TEXTS", "Disclosure", "Section", "disclose", "outcome_of", "sentences"]

TEXTS = "disclosure.yaml"
"""The file of the sentences."""
SPENDING_BACK = "spending_back_share"
"""Of what a simulation found: the share of members who have what they spent."""


@dataclass(frozen=True, slots=True)
class Section:
    """What is said under one heading."""

    name: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What members are told of a plan at a cost of goods; ``title`` by language."""

    plan: str
    digest: str
    title: Mapping[str, str]
    cost: Fraction
    sections: tuple[Section, ...]


def disclose(
    plan: Plan, cost: Fraction, order: int | None = None, simulated: Mapping[str, Number | None] | None = None
) -> Disclosure:
    """Say what a plan means for its members; for orders of one amount, else for each that the plan tells apart.

    ``simulated``: what a simulation found, as ``outcome_of`` has it; what it has not found is not said.

    >>> from jifen.plan import load_plan
    >>> page = disclose(load_plan("member_rebate"), Fraction(1, 5))
    >>> [statement.name for statement in page.sections[1].statements]
    ['money_left', 'money_pool', 'money_set_aside']
    """
    cases = cases_of(plan, cost, order)
    first = cases[0]
    sections = {
        "get": tuple(_get(cases)),
        "money": tuple(_money(first)),
        "depends": tuple(_depends(first)),
        "back": tuple(_back(first, simulated or {})),
        "stops": tuple(_stops(first)),
        "basis": (Statement("basis_figures", {"order": first.order}), Statement("basis_advice")),
    }
    told = tuple(Section(name, statements) for name, statements in sections.items())
    title = {language: plan.title.get(language, plan.name) for language in LANGUAGES}
    return Disclosure(plan.name, plan.digest, title, cost, told)


def outcome_of(made: Simulation) -> dict[str, Number | None]:
    """Return what a simulation found for the page: the share of buyers who had their spending back, and by when.

    That is the end, or the day on which cash ended: what is paid later is money that is not there.
    """
    days = cash_end(made.days) or len(made.days["day"])
    return {SPENDING_BACK: spending_back_share(made), "buyers": made.members_then.buyers, "days": days}


def sentences(disclosure: Disclosure, language: str) -> list[str]:
    """Return every sentence of a page, in order."""
    told = (statement for section in disclosure.sections for statement in section.statements)
    return [say(TEXTS, statement, language) for statement in told]


# -- what you get ---------------------------------------------------------------------------------------------------


def _get(cases: list[Case]) -> Iterator[Statement]:
    found = [statement for case in cases for each in case.economics.promises for statement in _promise(case, each)]
    rewards = [each for each in cases[0].economics.rewards if not _is_cycle(cases[0], each.rule)]
    if not any(case.promised for case in cases):
        yield Statement("get_nothing")
    if batches := _debt_batches(cases[0]):
        yield Statement("get_debt", {"batches": batches})
    for asset, share in cases[0].at_once.items():
        yield Statement("get_at_once", {"order": cases[0].order, "entitled": share * cases[0].order, "asset": asset})
    yield from found
    direct = [each.share.high for each in rewards if each.drains is None]
    if sum(direct):
        yield Statement("get_rewards", {"share": sum(direct, Fraction(0))})
    if any(each.drains for each in rewards):
        yield Statement("get_sooner")


def _debt_batches(case: Case) -> int:
    """In how many parts old debts become coin; 0: the plan has none."""
    granted = {
        rule.pay.lots for rule in case.economics.rules if rule.when == "liability" and isinstance(rule.pay, Grant)
    }
    schedules = (rule.amount for rule in case.economics.rules if isinstance(rule.amount, Schedule))
    return next((each.parts for each in schedules if each.lots in granted and each.parts), 0)


def _is_cycle(case: Case, rule: str) -> bool:
    return any(each.rounds and each.releases[0].rule == rule for each in case.economics.promises)


def _promise(case: Case, promise: Promise) -> Iterator[Statement]:
    """What an order entitles to, by the way in which it is paid."""
    if promise.rounds:
        for reward in case.economics.rewards:
            if reward.rule == promise.releases[0].rule:
                yield Statement("get_referral", {"least": reward.share.low, "most": reward.share.high})
        return
    entitled = promise.multiple.low * case.order
    if not entitled:
        return
    numbers: dict[str, Number] = {"order": case.order, "entitled": entitled, "asset": promise.asset}
    if promise.by("price") is not None:
        yield from _tokens(case, promise)
    elif (release := promise.by("schedule")) is not None:
        yield _schedule(case, promise, numbers) if release.daily is not None else Statement("get_batches", numbers)
    elif (served := promise.by("newcomers")) is not None:
        yield Statement("get_newcomers", numbers | {"group": served.group})
    else:
        way = next((way for way in ("queue", "split", "task") if promise.by(way)), None)
        if way is not None:
            yield Statement(f"get_{way}", numbers)


def _schedule(case: Case, promise: Promise, numbers: dict[str, Number]) -> Statement:
    paid = case.paid_daily(promise)
    first = next(age for age, share in enumerate(paid) if share)
    return Statement(
        "get_schedule", numbers | {"daily": paid[first] * case.order, "days": len(paid) - first, "first": first}
    )


def _tokens(case: Case, promise: Promise) -> Iterator[Statement]:
    quoted = case.quoted * case.order
    kept = 1 - promise.retained
    numbers: dict[str, Number] = {"order": case.order, "quoted": quoted, "kept": kept, "asset": promise.asset}
    yield Statement("get_tokens", numbers)
    if promise.exits_at:
        yield Statement("get_exit", {"exit": promise.exits_at * case.order})


# -- from which money, and on what it depends -----------------------------------------------------------------------


def _money(case: Case) -> Iterator[Statement]:
    feeds = case.economics.feeds
    pools = sum((share for pool, share in feeds.items() if pool != RESERVE), Fraction(0))
    yield Statement("money_left", {"cost": case.cost, "margin": 1 - case.cost})
    if pools:
        yield Statement("money_pool", {"share": pools})
    own = any(map(case.economics.from_own_account, case.economics.promises))
    own = own or bool(case.at_once) or any(each.pool is None for each in case.economics.rewards if each.drains is None)
    if own and RESERVE in feeds:
        yield Statement("money_reserve", {"share": feeds[RESERVE]})
    elif own:
        yield Statement("money_merchant")
    if _is_safe(case):
        yield Statement("money_set_aside")


def _is_safe(case: Case) -> bool:
    """Whether all that a buyer is promised is put aside from his own order."""
    promised = [each for each in case.economics.promises if not each.rounds and each.multiple.high]
    return bool(promised) and all(each.by("schedule") for each in promised) and case.is_set_aside


def _depends(case: Case) -> Iterator[Statement]:
    economics = case.economics
    if _is_safe(case):
        yield Statement("depends_nothing")
    elif case.scheduled:
        yield _schedule_depends(case)
    if any(each.by(way) for each in economics.promises for way in ("queue", "newcomers", "split", "price")):
        yield Statement("depends_later")
    if case.has_tasks or (case.at_once and case.economics.net_per_order < 0):
        yield Statement("depends_short", {"inflow": case.inflow, "promised": case.promised})
    persons = max((each.rounds for each in economics.promises), default=0)
    if persons:
        numbers = {"members": MEMBERS, "most": (MEMBERS - 1) // persons, "persons": persons}
        yield Statement("depends_referrals", numbers)
    if economics.delay:
        yield Statement("depends_settled", {"days": economics.delay})
    yield Statement("depends_refund")


def _schedule_depends(case: Case) -> Statement:
    if case.economics.reserve_funded and case.reserve_lacks > 0:
        put_aside = case.owed_itself - case.reserve_lacks
        return Statement("depends_short", {"inflow": put_aside, "promised": case.owed_itself})
    net, growth = case.economics.net_per_order, case.figures["growth_required_daily"]
    if net >= 0:
        return Statement("depends_kept", {"net": net})
    if growth:
        return Statement("depends_growth", {"growth": growth})
    return Statement("depends_short", {"inflow": case.inflow, "promised": case.promised})


# -- how it went, and what if sales stop ----------------------------------------------------------------------------


def _back(case: Case, simulated: Mapping[str, Number | None]) -> Iterator[Statement]:
    figures = case.figures
    if case.promised and not any(each.by("price") for each in case.economics.promises):
        yield Statement("back_promised", {"share": case.promised})
    for figure, name in (("return_ceiling_share", "back_ceiling"), ("exit_ceiling_share", "back_exit")):
        share = figures[figure]
        if share is not None and share < 1:
            yield Statement(name, {"share": share})
    never = figures["never_paid_share"]
    if never and not any(each.rounds for each in case.economics.promises):
        yield Statement("back_never", {"share": never})
    days = _days_told(case)
    trial = case.trial(days)
    paid = sum(trial.got(member, days) >= case.order for member in range(1, days + 1))
    yield Statement("back_shop", {"members": days, "paid": paid, "days": days})
    if simulated.get(SPENDING_BACK) is not None:
        numbers = {name: number for name, number in simulated.items() if number is not None}
        rounds = max((each.rounds for each in case.economics.promises), default=0)
        name = "back_simulated_rounds" if rounds else "back_simulated"
        yield Statement(name, numbers | ({"persons": rounds} if rounds else {}))


def _days_told(case: Case) -> int:
    """Days of the shop that is told of: until the first have been paid all they can be, and while there is money."""
    ends = case.figures["cash_negative_day"]
    last = DAYS_RUN_MAX if ends is None else max(int(ends) - 1, 1)
    return min(MEMBERS + case.schedule_days, DAYS_RUN_MAX, last)


def _stops(case: Case) -> Iterator[Statement]:
    if _is_safe(case):
        yield Statement("stops_paid")
    elif case.quoted:
        got, spent = case.trial(MEMBERS).sold_out, case.order
        shares: dict[str, Number] = {"paid": Fraction(sum(got), spent * MEMBERS), "first": Fraction(got[0], spent)}
        yield Statement("stops_tokens", shares | {"day": MEMBERS, "last": Fraction(got[-1], spent)})
    elif case.promised > sum(case.at_once.values()):
        yield Statement("stops_owed" if case.scheduled or case.has_tasks else "stops_wait", case.waiting(MEMBERS))
    elif _debt_batches(case):
        yield Statement("stops_debt")
    elif not case.economics.rewards:
        yield Statement("stops_nothing")
    if case.economics.rewards:
        yield Statement("stops_rewards")
