"""Programs: versions of the plan and their gate, waivers, findings, freezes, and what members accept and may spend.

To check, to publish and to preview takes seconds: one such request is worked on at a time, and a second one is told
``busy``. What was worked out is kept, so that to ask again is to read.
"""

import json
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import StringConstraints

from jifen.api.access import member_of, needs, principal_of
from jifen.api.drafts import Drafted, loaded
from jifen.api.problems import Refused
from jifen.api.program_schemas import (
    AcceptanceAnswer,
    AcceptanceBody,
    ActivateBody,
    Activation,
    Digest,
    FindingAnswer,
    FindingPage,
    FreezeAnswer,
    MemberId,
    MemberStanding,
    PageAnswer,
    StudyAnswer,
    TermsAnswer,
    TermsBody,
    VersionAnswer,
    VersionPage,
    WaiverAnswer,
    WaiverBody,
    Waivers,
)
from jifen.service import life
from jifen.service.acting import acting
from jifen.service.current import current
from jifen.service.inbox import Result
from jifen.service.programs.acceptance import accept, counting, current_page, not_accepted
from jifen.service.programs.gate import freeze_of, verdict
from jifen.service.programs.limits import spent_of
from jifen.service.programs.models import RunFinding, Study, Waiver
from jifen.service.programs.preview import preview
from jifen.service.programs.publishing import draft, look, program_of, publish, state_of, versions
from jifen.service.programs.studies import content_of, plan_of
from jifen.service.programs.terms import asked_of_members, facts_of, set_asked, set_facts
from jifen.service.programs.waivers import Grounds, ask_waiver, grant_waiver, revoke_waiver
from jifen.service.rights import Right
from jifen.service.versions import schedule

__all__ = [
    "accept_page", "activate_version", "ask_for_waiver", "check_version", "draft_version", "grant_one", "list_findings",
    "list_versions", "list_waivers", "member_router", "preview_version", "publish_version", "put_terms", "read_freeze",
    "read_member", "read_page", "read_study", "read_terms", "read_version", "revoke_one", "router", "unfreeze_shop",
]  # fmt: skip

router = Router(tags=["programs"])
member_router = Router(tags=["programs"])

_PAGE = 20
_Cursor = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")]
_READ, _WRITE, _WAIVE = Right.PLANS_READ, Right.PLANS_WRITE, Right.PLANS_WAIVE


# -- the shop -------------------------------------------------------------------------------------------------------


@router.get("/terms", summary="What the shop says of itself", **needs(_READ, answers=TermsAnswer))
def read_terms(request: HttpRequest) -> TermsAnswer:
    """The facts that no plan can know, and what members are asked for before an order."""
    asked = asked_of_members(current())
    return TermsAnswer(facts=facts_of(current()), acceptance=asked.acceptance, limit=asked.limit)


@router.put("/terms", summary="Say what the shop is", **needs(_WRITE, answers=TermsAnswer))
def put_terms(request: HttpRequest, body: TermsBody) -> TermsAnswer:
    """Change what the rules know of the shop, and what members are asked for; what is left out stays."""
    with acting(str(principal_of(request))):
        if body.facts is not None:
            set_facts(body.facts, using=current())
        set_asked(acceptance=body.acceptance, limited=body.limited, limit=body.limit, using=current())
    return read_terms(request)


@router.get("/findings", summary="What closes have shown", **needs(_READ, answers=FindingPage))
def list_findings(request: HttpRequest, cursor: Annotated[_Cursor | None, Query()] = None) -> FindingPage:
    """What the rules found after each close, the newest day first, with all that was measured."""
    rows = RunFinding.objects.using(current()).order_by("-day")
    if cursor is not None:
        rows = rows.filter(day__lt=int(cursor))
    found = list(rows[: _PAGE + 1])
    items = [FindingAnswer.of(row, json.loads(row.content)) for row in found[:_PAGE]]
    return FindingPage(items=items, next=str(found[_PAGE - 1].day) if len(found) > _PAGE else None)


@router.get("/freeze", summary="Whether the shop is frozen", **needs(_READ, answers=FreezeAnswer))
def read_freeze(request: HttpRequest) -> FreezeAnswer:
    """Since which close the shop is frozen, what is stopped, and because of which findings."""
    return FreezeAnswer.of(freeze_of(current()))


@router.post("/unfreeze", summary="Go on", **needs(_WRITE, answers=Activation))
def unfreeze_shop(request: HttpRequest) -> Activation:
    """Activate the version that was frozen again, whole, if what the last close showed would not freeze it again."""
    with acting(str(principal_of(request))):
        return _activation(life.unfreeze(using=current()).result)


@router.get("/disclosure", summary="The page for members", **needs(None, answers=PageAnswer))
def read_page(request: HttpRequest) -> PageAnswer:
    """What the version that counts means for members, with its waivers: what they accept before their first order."""
    digest = current_page(current())
    return PageAnswer(digest=digest, page=content_of(digest, current()))


@router.get("/studies/{study}", summary="What was worked out", **needs(_READ, answers=StudyAnswer))
def read_study(request: HttpRequest, study: Digest) -> StudyAnswer:
    """A check, an assessment, a page or a preview, as it was kept."""
    content = content_of(study, current())
    row = Study.objects.using(current()).get(digest=study)
    return StudyAnswer(digest=study, kind=row.kind, plan=row.plan, made_at=row.made_at, content=content)


@router.post("/waivers/{number}/grant", summary="Grant a waiver", **needs(_WAIVE, answers=WaiverAnswer))
def grant_one(request: HttpRequest, number: int) -> WaiverAnswer:
    """Grant it as the second of two people; it holds for twelve months."""
    with acting(_person(request)):
        return WaiverAnswer.of(grant_waiver(_number(number), using=current()))


@router.post("/waivers/{number}/revoke", summary="Take a waiver back", **needs(_WAIVE, answers=WaiverAnswer))
def revoke_one(request: HttpRequest, number: int) -> WaiverAnswer:
    """End it now, granted or not."""
    with acting(_person(request)):
        return WaiverAnswer.of(revoke_waiver(_number(number), using=current()))


# -- versions -------------------------------------------------------------------------------------------------------


@router.get("", summary="Versions of the plan", **needs(_READ, answers=VersionPage))
def list_versions(request: HttpRequest, cursor: Annotated[_Cursor | None, Query()] = None) -> VersionPage:
    """All that have been drafted or have counted, the newest first."""
    found, first = versions(current()), int(cursor or 0)
    more = str(first + _PAGE) if len(found) > first + _PAGE else None
    return VersionPage(items=[VersionAnswer.of(each) for each in found[first : first + _PAGE]], next=more)


@router.post("", summary="Draft a version", **needs(_WRITE, answers=VersionAnswer))
def draft_version(request: HttpRequest, body: Drafted) -> VersionAnswer:
    """Keep a version under its digest; the same one again is the same."""
    plan = loaded(body)
    with acting(str(principal_of(request))):
        return VersionAnswer.of(state_of(draft(plan, using=current()), using=current()))


@router.get("/{digest}", summary="A version", **needs(_READ, answers=VersionAnswer))
def read_version(request: HttpRequest, digest: Digest) -> VersionAnswer:
    """Where it stands, and what is kept of it."""
    return VersionAnswer.of(state_of(program_of(digest, current()), using=current()))


@router.post("/{digest}/check", summary="Check and assess", **needs(_WRITE, answers=VersionAnswer))
def check_version(request: HttpRequest, digest: Digest) -> VersionAnswer:
    """Hold it against the rules, assess what it can pay, and keep both with the page for members."""
    with acting(str(principal_of(request))):
        return VersionAnswer.of(state_of(look(digest, using=current())[0], using=current()))


@router.post("/{digest}/publish", summary="Publish", **needs(_WRITE, answers=VersionAnswer))
def publish_version(request: HttpRequest, digest: Digest) -> VersionAnswer:
    """Check and assess it again, and publish it unless something blocks it that nobody has waived."""
    with acting(str(principal_of(request))):
        return VersionAnswer.of(state_of(publish(digest, using=current()), using=current()))


@router.post("/{digest}/activate", summary="Let it count", **needs(_WRITE, answers=Activation))
def activate_version(request: HttpRequest, digest: Digest, body: ActivateBody) -> Activation:
    """Let a published version count from now on, or from the beginning of a day to come; in a sandbox any version."""
    plan = plan_of(digest, current())
    with acting(str(principal_of(request))):
        if body.on is not None:
            schedule(plan, body.on.toordinal(), using=current())
            return Activation(state="scheduled", key="", code="")
        return _activation(life.activate(plan, using=current()).result)


@router.post("/{digest}/preview", summary="Who would have got what", **needs(_WRITE, answers=dict[str, Any]))
def preview_version(request: HttpRequest, digest: Digest) -> dict[str, Any]:
    """Replay the last 30 days with this version, and say for whom it makes a difference."""
    return preview(plan_of(digest, current()), using=current())


@router.get("/{digest}/waivers", summary="Waivers", **needs(_READ, answers=Waivers))
def list_waivers(request: HttpRequest, digest: Digest) -> Waivers:
    """All waivers of a version, those that wait and those that are over too."""
    rows = Waiver.objects.using(current()).filter(plan=digest).order_by("-id")
    return Waivers(items=[WaiverAnswer.of(row) for row in rows])


@router.post("/{digest}/waivers", summary="Ask for a waiver", **needs(_WAIVE, answers=WaiverAnswer))
def ask_for_waiver(request: HttpRequest, digest: Digest, body: WaiverBody) -> WaiverAnswer:
    """Ask, as the first of two people, that a finding which blocks be waived. Some never are."""
    found = verdict(plan_of(digest, current()), using=current()).found
    with acting(_person(request)):
        grounds = Grounds(body.reason, body.counsel, body.document)
        return WaiverAnswer.of(ask_waiver(found, body.finding, grounds, using=current()))


# -- members --------------------------------------------------------------------------------------------------------


@member_router.get(
    "/members/{member}/program",
    summary="How a member stands",
    **needs(Right.MEMBERS_READ, own=True, answers=MemberStanding),
)
def read_member(request: HttpRequest, member: MemberId) -> MemberStanding:
    """Whether the page of now has been accepted, and what has been spent of what may be."""
    who, program, asked = member_of(request, member), counting(current()), asked_of_members(current())
    if program is None:
        return MemberStanding(accepted=False, spent=0, limit=asked.limit)
    accepted = bool(program.disclosure) and not not_accepted([who], program.disclosure, using=current())
    return MemberStanding(accepted=accepted, spent=spent_of([who], program.name, current())[who], limit=asked.limit)


@member_router.post("/members/{member}/program/acceptance", summary="Accept the page",
                    **needs(Right.MEMBERS_WRITE, own=True, answers=AcceptanceAnswer))  # fmt: skip
def accept_page(request: HttpRequest, member: MemberId, body: AcceptanceBody) -> AcceptanceAnswer:
    """A member accepts what the plan means; a key says so for a member who has accepted it elsewhere."""
    with acting(str(principal_of(request))):
        made = accept(member_of(request, member), body.disclosure, using=current())
    return AcceptanceAnswer(disclosure=made.disclosure, accepted_at=made.accepted_at)


def _activation(result: Result) -> Activation:
    return Activation(state=result.state, key=result.key, code=result.code)


def _person(request: HttpRequest) -> str:
    """Whoever waives is a person: a key is none."""
    who = principal_of(request)
    if who.kind != "staff":
        raise Refused("not_allowed", "a waiver takes two people, and a key is none", "sign in")
    return str(who)


def _number(number: int) -> int:
    """A number that a table may have; another is nobody's."""
    return number if 0 <= number < 1 << 62 else 0
