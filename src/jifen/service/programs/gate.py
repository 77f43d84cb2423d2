"""The gate: what a version must pass before it counts in a live shop. A sandbox runs everything, and says so."""

import json
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from jifen.assess.compliance import Finding, Findings, check
from jifen.assess.run_facts import RunFacts
from jifen.core.errors import InputError, Problem
from jifen.plan.model import Plan
from jifen.service.programs.models import Freeze, Program, RunFinding, Waiver
from jifen.service.programs.terms import shop_facts
from jifen.service.programs.waivers import standing_blocks, waivers_of
from jifen.service.shop import shop_of

__all__ = ["Verdict", "blocked", "check_gate", "freeze_of", "last_facts", "read_facts", "verdict", "written_facts"]

_FRACTIONS = ("fees_collected", "coverage", "unpaid_if_stopped", "own_purchase_share", "self_dealing_share")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about a version, what of it stands, and what is waived."""

    found: Findings
    blocks: tuple[Finding, ...]
    """Those that stand."""
    waivers: tuple[Waiver, ...]

    @property
    def stops(self) -> tuple[str, ...]:
        """What a live shop has to stop: what findings say, and everything where something blocks."""
        everything = ("joins", "grants", "upline_rewards") if self.blocks else ()
        return tuple(dict.fromkeys((*everything, *self.found.stops)))


def verdict(plan: Plan, run: RunFacts | None = None, *, using: str = "default") -> Verdict:
    """Hold a version against the rules now, with the waivers that hold now."""
    found, waivers = check(plan, shop_facts(using), run), waivers_of(plan.digest, using=using)
    return Verdict(found, tuple(standing_blocks(found, waivers)), tuple(waivers))


def check_gate(plan: Plan, *, using: str = "default") -> None:
    """Refuse a version that may not count in a live shop; a sandbox has no gate.

    ``InputError``: ``not_published``, ``plan_blocked`` (what stands now: a waiver has ended, say), and ``shop_frozen``
    for a version that would have to be frozen at once.
    """
    if not shop_of(using).live:
        return
    freeze = freeze_of(using)
    if freeze is not None and freeze.frozen == plan.digest:
        return
    if not Program.objects.using(using).filter(digest=plan.digest, state="published").exists():
        remedy = "publish it first: jifen program publish"
        raise InputError(Problem("not_published", "a live shop has published versions only", remedy))
    run = last_facts(using) if freeze is not None else None
    found = verdict(plan, run, using=using)
    if freeze is not None and found.stops:
        message = f"the shop is frozen, and would be with this version too, which stops {', '.join(found.stops)}"
        raise InputError(Problem("shop_frozen", message, "see jifen program findings"))
    if found.blocks:
        raise InputError(blocked(found))


def blocked(found: Verdict) -> Problem:
    """The refusal of a version that something blocks."""
    ids = ", ".join(each.id for each in found.blocks)
    return Problem("plan_blocked", f"something blocks this version: {ids}", "change the plan, or have it waived")


def freeze_of(using: str = "default") -> Freeze | None:
    """The freeze that holds, if the shop is frozen."""
    return Freeze.objects.using(using).filter(lifted_at=None).order_by("-id").first()


def last_facts(using: str = "default") -> RunFacts | None:
    """What the last close showed."""
    row = RunFinding.objects.using(using).order_by("-day").first()
    return None if row is None else read_facts(json.loads(row.content)["facts"])


def written_facts(facts: RunFacts) -> dict[str, Any]:
    """Facts of a run as JSON has them; fractions as exact text."""
    found = {field.name: getattr(facts, field.name) for field in fields(facts)}
    return {name: str(value) if isinstance(value, Fraction) else value for name, value in found.items()}


def read_facts(written: dict[str, Any]) -> RunFacts:
    """What ``written_facts`` wrote."""
    given = dict(written)
    for name in _FRACTIONS:
        given[name] = None if given[name] is None else Fraction(given[name])
    return RunFacts(**given)
