"""The tree of members that are brought along: who may join below whom, and what is wrong with the others."""

from collections import Counter
from dataclasses import dataclass

from jifen.core.errors import Problem
from jifen.service.moving.reading import MemberRow

__all__ = ["Tree", "grown"]


@dataclass(frozen=True, slots=True)
class Tree:
    """Members who may join, in the order of their file, and the problems of those who may not."""

    members: list[MemberRow]
    refused: list[Problem]


def grown(rows: list[MemberRow]) -> Tree:
    """Refuse what is there twice, and whoever has no way up to a root: below a cycle, a stranger, or one refused."""
    ids, phones = Counter(row.member for row in rows), Counter(row.phone for row in rows if row.phone)
    codes = Counter(row.invite_code for row in rows if row.invite_code)
    refused: list[Problem] = []
    good: dict[str, MemberRow] = {}
    seen: set[str] = set()
    for row in rows:
        if ids[row.member] > 1:
            refused.append(_problem(row, "repeated", "this member is there more than once", "member"))
        elif row.phone and phones[row.phone] > 1:
            refused.append(_problem(row, "number_taken", "several members have this number", "phone"))
        elif row.invite_code and codes[row.invite_code] > 1:
            refused.append(_problem(row, "repeated", "several members have this invite code", "invite_code"))
        else:
            good[row.member] = row
        seen.add(row.member)
    ends = _ends(good)
    for member, end in ends.items():
        if end == "cycle":
            refused.append(
                _problem(good[member], "cycle", "following the sponsors leads back to this member", "sponsor")
            )
        elif end == "cut":
            sponsor = good[member].sponsor
            code = "sponsor_refused" if sponsor in seen else "unknown_sponsor"
            text = "the sponsor is refused" if sponsor in seen else "nobody has the sponsor's id"
            refused.append(_problem(good[member], code, text, "sponsor"))
    return Tree([row for row in good.values() if ends[row.member] == "root"], refused)


def _ends(good: dict[str, MemberRow]) -> dict[str, str]:
    """By member where the way up ends: at a ``root``, ``cut`` off, or in a ``cycle`` of which the member is a part."""
    ends: dict[str, str] = {}
    for member in good:
        way: dict[str, None] = {}
        above: str | None = member
        while above is not None and above in good and above not in ends and above not in way:
            way[above] = None
            above = good[above].sponsor
        if above in way:
            found = list(way)
            first = found.index(above) if above is not None else 0
            ends |= dict.fromkeys(found[:first], "cut") | dict.fromkeys(found[first:], "cycle")
            continue
        end = "root" if above is None or ends.get(above) == "root" else "cut"
        ends |= dict.fromkeys(way, end)
    return ends


def _problem(row: MemberRow, code: str, message: str, column: str) -> Problem:
    remedy = {"cycle": "break the cycle: give one of them another sponsor"}.get(code, "correct the file")
    return Problem(code, message, remedy, row.at.file, row.at.line, column)
