"""What is worked out about a version and kept: a check, an assessment, the page for members, a preview.

Each is kept under the SHA-256 of its text, and found again by all that it follows from: to ask twice is to work once.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from jifen import __version__
from jifen.assess.compliance import Findings, check
from jifen.assess.disclosure import disclose, outcome_of
from jifen.assess.documents import disclosure_document, findings_document
from jifen.assess.run_facts import RunFacts
from jifen.assess.shop import COST_ASSUMED, Shop
from jifen.assess.solvency import Assessment, assess, equal_orders
from jifen.core.errors import InputError, Problem
from jifen.plan.model import Plan
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.programs.models import Study, Waiver

__all__ = ["Progress", "alone", "checked", "content_of", "digest_of", "disclosed", "keep", "plan_of", "solvency_of"]

Progress = Callable[[int, int], None]
"""Is told how much is done, and how much there is in all."""
_working = threading.Lock()


def plan_of(digest: str, using: str = "default") -> Plan:
    """A version that this shop knows, active or not; ``InputError`` (``unknown_version``) for another."""
    content = models.PlanVersion.objects.using(using).filter(digest=digest).values_list("content", flat=True).first()
    if content is None:
        raise InputError(Problem("unknown_version", "this shop has no such version", "draft it first"))
    return parse_plan(content, digest)


def checked(plan: Plan, shop: Shop, run: RunFacts | None = None, *, using: str = "default") -> tuple[Findings, str]:
    """Hold a version against the rules, and keep what was found; returns it with the digest of the study."""
    found = check(plan, shop, run)
    return found, keep("check", plan.digest, findings_document(found), using=using)


def solvency_of(plan: Plan, cost: Fraction | None, progress: Progress | None = None, *, using: str = "default") -> str:
    """Assess a version in the shop of equal orders, which takes seconds, and return the study's digest.

    Beside it the page for members is kept, without waivers. ``InputError`` (``busy``): another one is being assessed.
    """
    share = COST_ASSUMED if cost is None else cost
    question = digest_of([__version__, "assess", plan.digest, str(share)])
    kept = _asked_before("assess", question, using)
    if kept is None:
        with alone():
            made = assess(plan, equal_orders(plan, share), progress=progress)
        kept = keep("assess", plan.digest, made.document(), question, using=using)
        keep("page", plan.digest, _page(plan, share, made), question, using=using)
    return kept


def disclosed(plan: Plan, cost: Fraction | None, waivers: Sequence[Waiver], *, using: str = "default") -> str:
    """Keep the page for members of a version that has been assessed, with its waivers; returns the page's digest."""
    share = COST_ASSUMED if cost is None else cost
    bare = _asked_before("page", digest_of([__version__, "assess", plan.digest, str(share)]), using)
    page = content_of(bare or "", using)
    page["waivers"] = [
        {"finding": each.finding, "reason": each.reason, "counsel": each.counsel, "document": each.document,
         "until": each.ends_at.date().isoformat() if each.ends_at else None}
        for each in sorted(waivers, key=lambda each: each.finding)
    ]  # fmt: skip
    return keep("disclosure", plan.digest, page, using=using)


def keep(kind: str, plan: str, content: Mapping[str, Any], question: str = "", *, using: str = "default") -> str:
    """Keep a study, and return its digest."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(f"{kind}:{text}".encode()).hexdigest()
    given = {"kind": kind, "plan": plan, "question": question, "content": text}
    Study.objects.using(using).get_or_create(digest=digest, defaults=given)
    return digest


def content_of(digest: str, using: str = "default") -> dict[str, Any]:
    """What a study says; ``InputError`` (``unknown_study``) for none."""
    text = Study.objects.using(using).filter(digest=digest).values_list("content", flat=True).first()
    if text is None:
        raise InputError(Problem("unknown_study", "nothing is kept under this digest", "check the version first"))
    found: dict[str, Any] = json.loads(text)
    return found


def digest_of(question: Any) -> str:
    """SHA-256 of what something follows from."""
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


@contextmanager
def alone() -> Iterator[None]:
    """Let one piece of long work run at a time in a process; ``InputError`` (``busy``) for a second one."""
    if not _working.acquire(blocking=False):
        raise InputError(Problem("busy", "another version is being worked on", "ask again in a minute"))
    try:
        yield
    finally:
        _working.release()


def _asked_before(kind: str, question: str, using: str) -> str | None:
    return Study.objects.using(using).filter(kind=kind, question=question).values_list("digest", flat=True).first()


def _page(plan: Plan, cost: Fraction, made: Assessment) -> dict[str, Any]:
    return disclosure_document(disclose(plan, cost, None, outcome_of(made.base)))
