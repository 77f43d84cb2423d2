"""Versions on their way: draft → checked → published; the log says which of them is active, and which is superseded."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction

from jifen.assess.shop import Shop
from jifen.core.errors import InputError
from jifen.plan.model import Plan
from jifen.service import models
from jifen.service.programs.gate import Verdict, blocked, freeze_of, verdict
from jifen.service.programs.models import Freeze, Program
from jifen.service.programs.studies import Progress, checked, disclosed, plan_of, solvency_of
from jifen.service.programs.terms import shop_facts
from jifen.service.shop import check_funding, keep_version, shop_of
from jifen.service.standing import standing

__all__ = ["Version", "draft", "look", "program_of", "publish", "state_of", "versions"]


@dataclass(frozen=True, slots=True)
class Version:
    """A version and where it stands: ``draft``, ``checked``, ``published``, ``active`` or ``superseded``."""

    program: Program
    state: str
    sandbox: bool
    """Whether it counts with play payments only."""
    frozen: bool
    """Whether it is active, and some of its rules had to stop."""


def draft(plan: Plan, *, using: str = "default") -> Program:
    """Keep a version that one may check; to draft it again changes nothing."""
    with transaction.atomic(using=using):
        keep_version(plan, using=using)
        made = Program.objects.using(using).filter(digest=plan.digest).first()
        if made is None:
            made = Program(digest=plan.digest, name=plan.name)
            made.save(using=using, force_insert=True)
        return made


def look(digest: str, progress: Progress | None = None, *, using: str = "default") -> tuple[Program, Verdict]:
    """Check and assess a version, and keep both: a draft is checked then. It takes seconds when it is the first time.

    ``InputError``: ``unknown_version``, ``busy``.
    """
    plan, shop = plan_of(digest, using), shop_facts(using)
    program = draft(plan, using=using)
    _work_out(program, plan, shop, progress, using)
    found = verdict(plan, using=using)
    program.disclosure = disclosed(plan, shop.cost, found.waivers, using=using)
    program.state = "checked" if program.state == "draft" else program.state
    program.save(using=using)
    return program, found


def publish(digest: str, progress: Progress | None = None, *, using: str = "default") -> Program:
    """Check, assess and publish a version, with the page that members accept.

    ``InputError``: ``plan_blocked`` while something blocks it that is not waived (in a sandbox nothing does),
    ``merchant_funding`` for a live shop's plan that pays from no account; and those of ``look``.
    """
    program, found = look(digest, progress, using=using)
    live = shop_of(using).live
    check_funding(plan_of(digest, using), live=live)
    if live and found.blocks:
        raise InputError(blocked(found))
    if program.state != "published":
        program.state, program.published_at = "published", datetime.now(UTC)
        program.save(using=using)
    return program


def program_of(digest: str, using: str = "default") -> Program:
    """A version that has been drafted, or that the log knows: that one is a draft until somebody checks it."""
    found = Program.objects.using(using).filter(digest=digest).first()
    return found or draft(plan_of(digest, using), using=using)


def versions(using: str = "default") -> list[Version]:
    """All versions that have been drafted or have counted, the newest first."""
    past = _begun(using)
    known = {each.digest for each in Program.objects.using(using)}
    for digest in past:
        if digest not in known:
            draft(plan_of(digest, using), using=using)
    rows = Program.objects.using(using).order_by("-made_at", "digest")
    return [state_of(each, past, using) for each in rows]


def state_of(program: Program, past: set[str] | None = None, using: str = "default") -> Version:
    """Where one version stands."""
    freeze, sandbox = freeze_of(using), not shop_of(using).live
    counting = standing(using).digest if freeze is None else freeze.plan
    if program.digest == counting:
        return Version(program, "active", sandbox, freeze is not None)
    superseded = program.digest in (_begun(using) if past is None else past)
    return Version(program, "superseded" if superseded else program.state, sandbox, False)


def _begun(using: str) -> set[str]:
    """Versions that have counted; one that was made by a freeze is no version of its own."""
    activated = models.PlanChange.objects.using(using).filter(plan__isnull=False).values_list("plan_id", flat=True)
    freezes = Freeze.objects.using(using).values_list("plan", "frozen")
    return {shop_of(using).plan_id, *activated} - {frozen for plan, frozen in freezes if frozen != plan}


def _work_out(program: Program, plan: Plan, shop: Shop, progress: Progress | None, using: str) -> None:
    program.assessment = solvency_of(plan, shop.cost, progress, using=using)
    program.checking = checked(plan, shop, using=using)[1]
