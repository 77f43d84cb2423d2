"""Pages about a version, as HTML that loads nothing from anywhere: what it can pay, and what members are told."""

from collections import OrderedDict
from fractions import Fraction
from typing import Literal

from jifen.assess.disclosure import disclose, outcome_of
from jifen.assess.shop import COST_ASSUMED
from jifen.assess.solvency import Assessment, assess, equal_orders
from jifen.plan.model import Plan
from jifen.report.assessment_page import assessment_page
from jifen.report.disclosure_page import disclosure_page
from jifen.report.foresight import Foresight
from jifen.service.programs.studies import alone

__all__ = ["Kind", "report"]

Kind = Literal["assessment", "disclosure"]
_KEPT = 4
"""Assessments that a process keeps: one is asked for in two languages, or as two pages."""
_assessed: OrderedDict[tuple[str, Fraction], Assessment] = OrderedDict()


def report(plan: Plan, kind: Kind, language: Literal["en", "zh"], cost: Fraction | None = None) -> str:
    """The page of a version, in the shop of equal orders. It takes seconds the first time.

    ``cost``: of goods, as a share of sales. ``InputError`` (``busy``): another version is being assessed.
    """
    share = COST_ASSUMED if cost is None else cost
    made = _made(plan, share)
    if kind == "assessment":
        return assessment_page(Foresight(made.base, made), language)
    return disclosure_page(disclose(plan, share, None, outcome_of(made.base)), (language,))


def _made(plan: Plan, cost: Fraction) -> Assessment:
    key = (plan.digest, cost)
    found = _assessed.get(key)
    if found is None:
        with alone():
            found = _assessed[key] = assess(plan, equal_orders(plan, cost))
            while len(_assessed) > _KEPT:
                _assessed.popitem(last=False)
    return found
