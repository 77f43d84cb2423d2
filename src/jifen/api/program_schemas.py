"""What is sent and answered about programs: versions, waivers, findings, what members accept and may spend."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from ninja import Schema
from pydantic import Field, StringConstraints

from jifen.api.amounts import Day, NotNegative, Sum
from jifen.api.bodies import Body
from jifen.service.programs.models import Freeze, RunFinding
from jifen.service.programs.models import Waiver as WaiverRow
from jifen.service.programs.publishing import Version

__all__ = [
    "AcceptanceAnswer",
    "AcceptanceBody",
    "ActivateBody",
    "Activation",
    "Digest",
    "FindingAnswer",
    "FindingPage",
    "FreezeAnswer",
    "MemberId",
    "MemberStanding",
    "PageAnswer",
    "StudyAnswer",
    "TermsAnswer",
    "TermsBody",
    "VersionAnswer",
    "VersionPage",
    "WaiverAnswer",
    "WaiverBody",
    "Waivers",
]  # fmt: skip

MemberId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/-]*$")]
"""A member's id, or `me`."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=["9f" * 32])]
"""SHA-256 in hex."""
_Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]+$"),
    Field(examples=["counsel of 2026-03-31"]),
]
_PlanText = Annotated[str, StringConstraints(max_length=200_000, pattern=r"^[^\x00]*$")]
_Key = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class VersionAnswer(Schema):
    """A version of the plan, and where it stands."""

    digest: Digest
    name: str = Field(description="The plan's name: versions of one name are of one plan")
    state: str = Field(description="`draft`, `checked`, `published`, `active` or `superseded`", examples=["published"])
    sandbox: bool = Field(description="It counts with play payments only: nothing has to be published here")
    frozen: bool = Field(description="It is active, and what findings stop is switched off")
    check: str = Field(description="The study with what was found; empty before")
    assessment: str = Field(description="The study of what it can pay; empty before")
    disclosure: str = Field(description="The study with the page for members; empty before")
    made_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, version: Version) -> Self:
        """As answered."""
        row = version.program
        return cls(
            digest=row.digest, name=row.name, state=version.state, sandbox=version.sandbox, frozen=version.frozen,
            check=row.checking, assessment=row.assessment, disclosure=row.disclosure, made_at=row.made_at,
            published_at=row.published_at,
        )  # fmt: skip


class VersionPage(Schema):
    """Versions, the newest first."""

    items: list[VersionAnswer]
    next: str | None = Field(description="The cursor of the next page")


class StudyAnswer(Schema):
    """What was worked out about a version; it never changes."""

    digest: Digest
    kind: str = Field(examples=["check"])
    plan: str
    made_at: datetime
    content: dict[str, Any] = Field(description="As the command of that name writes it with `--json`")


class ActivateBody(Body):
    """From when on."""

    on: Day | None = Field(None, description="The day with which it begins; now", examples=["2026-04-01"])


class Activation(Schema):
    """What became of it."""

    state: str = Field(description="`pending`, `accepted`, `refused` or `scheduled`")
    key: str = Field("", description="The event's key")
    code: str = Field("", description="Why it was refused")


class WaiverBody(Body):
    """Named counsel answers for one finding that blocks."""

    finding: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}-[0-9]{2}$")] = Field(examples=["CN-17"])
    reason: _Text
    counsel: _Text
    document: _Text = Field(description="Where counsel's opinion is kept: its number, or its SHA-256")


class WaiverAnswer(Schema):
    """A waiver: it holds from the second person's grant until it ends."""

    id: int
    plan: str
    finding: str
    reason: str
    counsel: str
    document: str
    asked_by: str
    asked_at: datetime
    granted_by: str = Field(description="Empty while it waits for a second person")
    granted_at: datetime | None
    ends_at: datetime | None

    @classmethod
    def of(cls, row: WaiverRow) -> Self:
        """As answered."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class Waivers(Schema):
    """The waivers of a version, those that are over too."""

    items: list[WaiverAnswer]
    next: str | None = None


class FindingAnswer(Schema):
    """What the rules found when a day had been closed."""

    day: date
    plan: str
    stops: list[str] = Field(description="What a live shop had to stop", examples=[["grants"]])
    content: dict[str, Any]

    @classmethod
    def of(cls, row: RunFinding, content: dict[str, Any]) -> Self:
        """As answered."""
        return cls(day=date.fromordinal(row.day), plan=row.plan, stops=row.stops, content=content)


class FindingPage(Schema):
    """Findings by day, the newest first."""

    items: list[FindingAnswer]
    next: str | None


class FreezeAnswer(Schema):
    """Whether the shop is frozen, since which close, and because of what."""

    frozen: bool
    since: date | None = None
    stops: list[str] = Field([])
    findings: list[str] = Field([])
    plan: str = ""

    @classmethod
    def of(cls, row: Freeze | None) -> Self:
        """As answered."""
        if row is None:
            return cls(frozen=False, stops=[], findings=[])
        since = date.fromordinal(row.day)
        return cls(frozen=True, since=since, stops=row.stops, findings=row.findings, plan=row.plan)


class TermsBody(Body):
    """What a shop says of itself for the rules, and what it asks of members; what is left out stays."""

    facts: dict[_Key, Any] | None = Field(
        None, description="Facts of a shop file, but for those that are derived", examples=[{"merchants": 1}],
        max_length=50,
    )  # fmt: skip
    acceptance: bool | None = Field(None, description="Members accept the disclosure first; always in a live shop")
    limited: bool | None = Field(None, description="Spending is limited; in a live shop unless it says otherwise")
    limit: NotNegative | None = Field(None, description="What a member may spend in one plan, less refunds")


class TermsAnswer(Schema):
    """What holds."""

    facts: dict[str, Any]
    acceptance: bool
    limit: Sum | None = Field(description="Null where spending is not limited")


class PageAnswer(Schema):
    """The page that members accept, in English and Chinese."""

    digest: Digest
    page: dict[str, Any]


class AcceptanceAnswer(Schema):
    """What a member has accepted."""

    disclosure: Digest
    accepted_at: datetime


class AcceptanceBody(Body):
    """Which page is accepted: the one of now."""

    disclosure: Digest


class MemberStanding(Schema):
    """How a member stands to the plan of now."""

    accepted: bool = Field(description="Whether the page of now has been accepted")
    spent: Sum
    limit: Sum | None = Field(description="Null where spending is not limited")
