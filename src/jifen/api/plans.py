"""Plans and what may be asked of them before anyone is invited: nothing is kept, and no version has to be drafted.

What takes seconds is worked on one at a time in a process; a second request is told ``busy``.
"""

from fractions import Fraction
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from jifen.api.access import needs
from jifen.api.amounts import Amount
from jifen.api.drafts import Drafted, loaded
from jifen.api.problems import Refused
from jifen.api.program_schemas import Digest
from jifen.assess.claims import judge
from jifen.assess.compliance import check
from jifen.assess.documents import findings_document, judgement_document
from jifen.assess.shop import COST_ASSUMED
from jifen.assess.solvency import assess, equal_orders
from jifen.core.micros import MICRO
from jifen.plan import Plan, load_plan, preset_names
from jifen.plan.load import preset_text
from jifen.plan.show import describe
from jifen.plan.text import plan_text
from jifen.plan.versions import diff
from jifen.report.page import POLICY
from jifen.service.current import current
from jifen.service.programs.reports import Kind, report
from jifen.service.programs.studies import alone, plan_of
from jifen.service.programs.terms import shop_facts
from jifen.service.rights import Right

__all__ = [
    "Asked", "Claimed", "DifferenceAnswer", "Differences", "PlanAnswer", "PlanText", "PresetAnswer", "Presets",
    "assess_plan", "check_plan", "describe_plan", "judge_claim", "list_presets", "of_versions", "read_difference",
    "read_preset", "read_report", "read_text", "router",
]  # fmt: skip

router = Router(tags=["plans"])
of_versions = Router(tags=["plans"])

_READ = Right.PLANS_READ
_Cost = Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")]
_PresetName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$"), Field(examples=list(preset_names()[-1:]))
]
_Claim = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


# -- what there is --------------------------------------------------------------------------------------------------


class PresetAnswer(Schema):
    """A plan that comes with the package."""

    name: _PresetName
    title: dict[str, str] = Field(examples=[{"en": "Member rebate", "zh": "会员返利"}])


class Presets(Schema):
    """All presets."""

    items: list[PresetAnswer]
    next: str | None = None


class PlanAnswer(Schema):
    """A plan in words: its parameters with labels and bounds, its stores, ranks and rules."""

    name: str
    title: dict[str, str] = Field(examples=[{"en": "Member rebate", "zh": "会员返利"}])
    source: str
    digest: Digest
    warnings: list[str]
    parameters: list[dict[str, Any]]
    stores: list[dict[str, Any]]
    ranks: list[dict[str, Any]]
    rules: list[dict[str, Any]]


@router.get("", summary="Presets", **needs(_READ, answers=Presets))
def list_presets(request: HttpRequest) -> Presets:
    """The plans that come with the package: each vendors' mode, and those that can always pay."""
    return Presets(items=[PresetAnswer(name=name, title=dict(load_plan(name).title)) for name in preset_names()])


@router.post("/describe", summary="A plan in words", **needs(_READ, answers=PlanAnswer))
def describe_plan(request: HttpRequest, body: Drafted) -> dict[str, Any]:
    """Load a plan and say what it does; where there are mistakes, all of them are told at once."""
    return describe(loaded(body))


# -- what may be asked ----------------------------------------------------------------------------------------------


class Asked(Drafted):
    """A plan, and what is taken for granted."""

    cost: _Cost | None = Field(
        None, description="Of goods, as a share of sales; what the shop says, else 0.2", examples=["0.2"]
    )
    order: Amount | None = Field(None, description="The amount of every order; an everyday one", examples=["1000.00"])


class Claimed(Asked):
    """A promise, and the plan that it is made of."""

    claim: _Claim = Field(description="In Chinese or English", examples=["100天全返"])


@router.post("/check", summary="Check a plan", **needs(_READ, answers=dict[str, Any]))
def check_plan(request: HttpRequest, body: Drafted) -> dict[str, Any]:
    """Hold a plan against the rules, with what this shop says of itself: what `jifen check --json` answers.

    Not legal advice.
    """
    return findings_document(check(loaded(body), shop_facts(current())))


@router.post("/assess", summary="Assess a plan", **needs(_READ, answers=dict[str, Any]))
def assess_plan(request: HttpRequest, body: Asked) -> dict[str, Any]:
    """What a plan promises and can pay, in closed form and simulated: what `jifen assess --json` answers.

    It takes seconds. The shop is one of equal orders; for scenarios, sweeps and reports there is the command.
    """
    plan, cost = loaded(body), _cost(body)
    with alone():
        return assess(plan, equal_orders(plan, cost, _order(body))).document()


@router.post("/claim", summary="Check a promise", **needs(_READ, answers=dict[str, Any]))
def judge_claim(request: HttpRequest, body: Claimed) -> dict[str, Any]:
    """Whether what is promised is true, on which conditions, or what refutes it: what `jifen claim --json` answers."""
    plan, cost = loaded(body), _cost(body)
    with alone():
        return judgement_document(judge(plan, body.claim, cost, _order(body)), cost)


def _cost(body: Asked) -> Fraction:
    if body.cost is not None:
        return Fraction(body.cost)
    said = shop_facts(current()).cost
    return COST_ASSUMED if said is None else said


def _order(body: Asked) -> int | None:
    if body.order is not None and (body.order <= 0 or body.order % (MICRO // 100)):
        raise Refused("bad_amount", "an order is of whole cents, above 0", "correct the amount")
    return body.order


@router.get("/{name}", summary="A preset", **needs(_READ, answers=PlanAnswer))
def read_preset(request: HttpRequest, name: _PresetName) -> dict[str, Any]:
    """A preset in words, with the values that it comes with."""
    preset_text(name)  # a preset only: no file of this machine is read
    return describe(load_plan(name))


# -- versions of the shop -------------------------------------------------------------------------------------------


class PlanText(Schema):
    """The text of a version: what its digest is made of."""

    digest: Digest
    text: str = Field(examples=["{…}"])


class DifferenceAnswer(Schema):
    """One thing in which two versions differ; empty where only one of them has it."""

    key: str = Field(examples=["daily_rate"])
    en: str = Field(examples=["Daily release"])
    zh: str = Field(examples=["每日释放比例"])
    before: str = Field(examples=["1%"])
    after: str = Field(examples=["0.5%"])


class Differences(Schema):
    """All in which two versions differ."""

    items: list[DifferenceAnswer]
    next: str | None = None


@of_versions.get("/{digest}/text", summary="The text of a version", **needs(_READ, answers=PlanText))
def read_text(request: HttpRequest, digest: Digest) -> PlanText:
    """The version as the log has it: anyone can load it and compare the digest."""
    return PlanText(digest=digest, text=plan_text(_version(digest)))


@of_versions.get("/{digest}/diff", summary="What differs", **needs(_READ, answers=Differences))
def read_difference(request: HttpRequest, digest: Digest, to: Digest) -> Differences:
    """What is another in the version `to`, parameter by parameter, in words."""
    found = diff(_version(digest), _version(to))
    return Differences(items=[
        DifferenceAnswer(key=each.key, en=each.en, zh=each.zh, before=each.before, after=each.after) for each in found
    ])  # fmt: skip


_PAGE = needs(_READ, answers=None)
_PAGE["openapi_extra"] |= {"responses": {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}}


@of_versions.get("/{digest}/report", summary="A report to look at", **_PAGE)
def read_report(
    request: HttpRequest, digest: Digest, kind: Kind = "assessment", language: Literal["en", "zh"] = "en"
) -> HttpResponse:
    """A page that works offline: what the version can pay, with its charts, or what members are told of it.

    It takes seconds the first time.
    """
    page = report(_version(digest), kind, language, shop_facts(current()).cost)
    answer = HttpResponse(page, content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = f"sandbox allow-scripts; {POLICY}"
    return answer


def _version(digest: str) -> Plan:
    return plan_of(digest, current())
