"""Case files: what was written, read and checked, before anything runs.

A case file is a YAML list of cases: a preset with parameters, members, events in order of arrival, and what must come
out. Here every key is known or refused, every number is an exact integer (no value ever passes through a float), and
each expectation is broken into single claims such as ``("paid", "A", "static") == 36_000_000``. ``cases.py`` runs them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jifen.batch.case_schema import CASE_KEYS, CLAIMS, EITHER, EVENTS, MEMBER, Reader, read_day, read_name, read_params
from jifen.core.errors import InputError, PlanError, Problem
from jifen.plan.document import Block, Items, Place, read_bytes, read_text

__all__ = ["Case", "CaseEvent", "CaseMember", "Claim", "Expectation", "load_cases"]


@dataclass(frozen=True, slots=True)
class CaseMember:
    """A member of a case, in joining order. ``rank`` is appointed, ``agent`` the region path he is agent of."""

    id: str
    referrer: str | None = None
    rank: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """An event as written: ``kind`` is ``order``, ``refund``, …; amounts in ``fields`` are micro-units."""

    kind: str
    id: str
    day: int
    fields: Mapping[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One comparison: ``path`` is the key and the names below it, ``expected`` micro-units, names, or a list."""

    path: tuple[str, ...]
    expected: Any


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must hold after the run of ``day``, after event number ``event``, or how that event was refused."""

    label: str
    line: int
    claims: tuple[Claim, ...]
    day: int | None = None
    event: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``params`` hold text, integers, booleans, lists and tables as written; ``until`` is the last run.

    ``preset`` is the name of a preset, or that of a plan file, ``plans/mine.yaml``, as seen from the case file.
    """

    id: str
    preset: str
    title: str
    file: str
    line: int
    params: Mapping[str, Any]
    members: tuple[CaseMember, ...]
    events: tuple[CaseEvent, ...]
    until: int
    expect: tuple[Expectation, ...]

    @property
    def plan(self) -> str | Path:
        """What the plan is loaded from: the name of its preset, or the path of its file."""
        return Path(self.file).parent / self.preset if self.preset.endswith(".yaml") else self.preset


def load_cases(path: str | Path) -> list[Case]:
    """Read one case file; all mistakes of the file at once as ``InputError`` (file, line, case id)."""
    file = str(path)
    if not Path(path).is_file():
        raise InputError(Problem("no_file", "there is no such file", "check the path", file))
    try:
        root = read_text(read_bytes(Path(path)), file)
    except PlanError as error:
        raise InputError(error.problems) from error
    if not isinstance(root, Items):
        raise InputError(Problem("bad_case", "a case file is a list of cases", "start each with '- id:'", file, 1))
    problems: list[Problem] = []
    cases: list[Case] = []
    seen: set[str] = set()
    for entry, place in zip(root, root.places, strict=True):
        reader = _CaseReader(file, problems)
        case = reader.case(entry, place.line)
        if case is not None and case.id in seen:
            reader.problem(place.line, "id", f"the id {case.id!r} is used twice", "give each case an id of its own")
        if case is not None:
            seen.add(case.id)
            cases.append(case)
    if problems:
        raise InputError(problems)
    return cases


@dataclass(slots=True)
class _CaseReader:
    """Reads one case, collecting problems."""

    file: str
    problems: list[Problem]
    id: str = "?"

    def problem(self, line: int, key: str, message: str, remedy: str = "see the case format") -> None:
        self.problems.append(Problem("bad_case", f"case {self.id}: {message}", remedy, self.file, line, key))

    def get(self, table: Block, key: str, reader: Reader, default: Any = None) -> Any:
        """Read one key of a table; a missing key or a problem gives the default."""
        if key not in table:
            return default
        try:
            return reader(table[key])
        except (TypeError, ValueError) as error:
            self.problem(table.places[key].line, key, str(error))
            return default

    def closed(self, table: Any, line: int, what: str, allowed: Sequence[str], required: Sequence[str]) -> bool:
        """Whether a table has all it must and nothing it may not have."""
        if not isinstance(table, Block):
            self.problem(line, "", f"{what} must be a table of keys")
            return False
        unknown = [key for key in table if key not in allowed]
        missing = [key for key in required if key not in table]
        for key in unknown:
            self.problem(table.places[key].line, key, f"{what} has an unknown key", f"known are {', '.join(allowed)}")
        for key in missing:
            self.problem(line, key, f"{what} lacks a key", "add it")
        return not unknown and not missing

    def rows(self, table: Block, key: str) -> Iterator[tuple[Any, int]]:
        """Return the entries of a list and their lines."""
        rows = table.get(key, Items())
        if isinstance(rows, Items):
            yield from zip(rows, (place.line for place in rows.places), strict=True)
        else:
            self.problem(table.places[key].line, key, "must be a list")

    def case(self, entry: Any, line: int) -> Case | None:
        """Read a whole case; ``None`` if its keys are not those of a case."""
        if isinstance(entry, Block):
            self.id = str(entry.get("id", "?"))
        if not self.closed(entry, line, "the case", CASE_KEYS, ("id", "preset", "members", "until", "expect")):
            return None
        members = tuple(self.members(entry["members"], entry.places["members"].line))
        events = tuple(self.events(entry))
        until = self.get(entry, "until", read_day, 0)
        self.arrivals(events, until)
        return Case(
            id=self.id,
            preset=self.get(entry, "preset", read_name, ""),
            title=self.get(entry, "title", read_name, ""),
            file=self.file,
            line=line,
            params=self.get(entry, "params", read_params, {}),
            members=members,
            events=events,
            until=until,
            expect=tuple(self.expectations(entry, {member.id for member in members}, events, until)),
        )

    def members(self, table: Any, line: int) -> Iterator[CaseMember]:
        """Read members in joining order; a referrer must have joined before."""
        if not isinstance(table, Block):
            self.problem(line, "members", "must be a table {A: null, B: A}")
            return
        joined: set[str] = set()
        for name, item in table.items():
            at = table.places[name]
            written = item
            if not isinstance(item, Block):
                written = Block(at)
                written.put("referrer", item, at)
            self.closed(written, at.line, f"member {name}", tuple(MEMBER), ())
            fields = {key: self.get(written, key, reader) for key, reader in MEMBER.items()}
            if fields["referrer"] is not None and fields["referrer"] not in joined:
                self.problem(at.line, name, f"the referrer {fields['referrer']!r} has not joined before")
            joined.add(name)
            yield CaseMember(name, **fields)

    def events(self, case: Block) -> Iterator[CaseEvent]:
        """Read events in order of arrival."""
        for row, line in self.rows(case, "events"):
            kind = next((kind for kind in EVENTS if isinstance(row, Block) and kind in row), "")
            if not kind:
                self.problem(line, "", "an event needs one of the known kinds", f"known are {', '.join(EVENTS)}")
                continue
            required, optional = EVENTS[kind]
            readers = {**required, **optional}
            if not self.closed(row, line, f"the event {kind}", ("day", kind, *readers), ("day", *required)):
                continue
            either = EITHER.get(kind)
            if either and sum(key in row for key in either) != 1:
                self.problem(line, kind, f"needs exactly one of {either[0]} and {either[1]}")
            # A change of parameters has no id: its key holds the parameters themselves.
            fields = {key: self.get(row, key, readers[key]) for key in row if key in readers}
            name = "" if kind == "params" else self.get(row, kind, read_name, "")
            yield CaseEvent(kind, name, self.get(row, "day", read_day, 0), fields, line)

    def arrivals(self, events: Sequence[CaseEvent], until: int) -> None:
        """Refuse events on a day that is never open."""
        for event in events:
            if event.day > until + 1:
                message = f"day {event.day} is never open: the last run is day {until}"
                self.problem(event.line, "day", message, "raise until")

    def expectations(
        self, case: Block, members: set[str], events: Sequence[CaseEvent], until: int
    ) -> Iterator[Expectation]:
        """Read expectations, with ids of events turned into their last index."""
        last = {event.id: index for index, event in enumerate(events) if event.id}
        for row, line in self.rows(case, "expect"):
            where = [key for key in ("day", "after", "event") if isinstance(row, Block) and key in row]
            if len(where) != 1:
                self.problem(line, "expect", "an expectation needs exactly one of day, after, event")
                continue
            key = where[0]
            keys = (key, "error") if key == "event" else (key, *CLAIMS)
            if not self.closed(row, line, "the expectation", keys, keys if key == "event" else (key,)):
                continue
            at = self.get(row, key, read_day if key == "day" else read_name)
            if at is None or (at > until if key == "day" else at not in last):
                self.problem(line, key, f"{at!r} is no {'day that is run' if key == 'day' else 'event of the case'}")
                continue
            place = {"day": at} if key == "day" else {"event": last[at]}
            error = self.get(row, "error", read_name) if key == "event" else None
            yield Expectation(f"{key} {at}", line, tuple(self.claims(row, members)), error=error, **place)

    def claims(self, row: Block, members: set[str]) -> Iterator[Claim]:
        """Read the single comparisons of an expectation."""
        for key, (levels, reader) in CLAIMS.items():
            if key in row:
                for path, value, place in self.leaves((key,), row[key], row.places[key], levels):
                    if levels[:1] == ("member",) and path[1] not in members:
                        self.problem(place.line, key, f"{path[1]!r} is no member of the case")
                        continue
                    try:
                        yield Claim(path, reader(value))
                    except (TypeError, ValueError) as error:
                        self.problem(place.line, ".".join(path), str(error))

    def leaves(
        self, path: tuple[str, ...], value: Any, place: Place, levels: Sequence[str]
    ) -> Iterator[tuple[tuple[str, ...], Any, Place]]:
        """Follow the names of an expectation down to its values."""
        if not levels:
            yield path, value, place
        elif not isinstance(value, Block):
            self.problem(place.line, ".".join(path), f"must be a table by {levels[0]}")
        else:
            for name, inner in value.items():
                yield from self.leaves((*path, name), inner, value.places[name], levels[1:])
