"""Members accept what a plan means before their first order: the page of the version that counts, by its digest."""

from collections.abc import Collection

from jifen.core.errors import InputError, Problem
from jifen.service.acting import actor
from jifen.service.programs.gate import freeze_of
from jifen.service.programs.models import Acceptance, Program
from jifen.service.standing import standing

__all__ = ["accept", "counting", "current_page", "not_accepted"]


def counting(using: str = "default") -> Program | None:
    """The version that counts, frozen or not; ``None`` if nobody has ever drafted it here."""
    held = freeze_of(using)
    digest = standing(using).digest if held is None else held.plan
    return Program.objects.using(using).filter(digest=digest).first()


def current_page(using: str = "default") -> str:
    """The digest of the page that members accept now; ``InputError`` (``no_disclosure``) before there is one."""
    program = counting(using)
    if program is None or not program.disclosure:
        raise InputError(Problem("no_disclosure", "the version that counts has no page yet", "publish it"))
    return program.disclosure


def accept(member: str, page: str, *, using: str = "default") -> Acceptance:
    """A member accepts a page: the one that counts now, or ``InputError`` (``other_disclosure``)."""
    if page != current_page(using):
        raise InputError(Problem("other_disclosure", "the page has changed since", "read the page of now"))
    given = {"accepted_by": actor()}
    made, _ = Acceptance.objects.using(using).get_or_create(member=member, disclosure=page, defaults=given)
    return made


def not_accepted(members: Collection[str], page: str, *, using: str = "default") -> set[str]:
    """Those of some members who have not accepted a page."""
    held = Acceptance.objects.using(using).filter(disclosure=page, member__in=members)
    return set(members) - set(held.values_list("member", flat=True))
