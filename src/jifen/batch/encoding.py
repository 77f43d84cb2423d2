"""In which encoding a text file is: UTF-8, or GB18030 (which contains GBK), found by trying."""

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

from jifen.core.errors import InputError, Problem

__all__ = ["LINE_MAX", "detect_encoding"]

LINE_MAX = 1 << 20
"""Longest line in bytes: a bound on memory, far above any honest row."""

_TWO_BYTES_MAX = "\u07ff"
"""The last character that UTF-8 writes in two bytes. Text in GB18030 often looks like such pairs, rarely like more."""


@dataclass(frozen=True, slots=True)
class _Fault:
    """The first byte that is not in an encoding: its line, the line's bytes, its place in them."""

    number: int
    line: bytes
    place: int
    wide: bool
    """Before it stood characters of three bytes or more."""


def detect_encoding(path: Path) -> str:
    """Read the whole file once and return ``utf-8-sig`` (with or without a mark) or ``gb18030``.

    A file that is in neither, or has a line above ``LINE_MAX``, is an ``InputError`` with row and column.
    """
    if _is_plain(path, "utf-8"):
        return "utf-8-sig"
    fault = _first_fault(path, "utf-8")
    if fault is None:
        return "utf-8-sig"
    if not fault.wide:
        other = None if _is_plain(path, "gb18030") else _first_fault(path, "gb18030")
        if other is None:
            return "gb18030"
        fault = max(fault, other, key=lambda found: (found.number, found.place))
    raise InputError(_wrong_encoding(path, fault))


_PART_BYTES = LINE_MAX // 4


def _is_plain(path: Path, encoding: str) -> bool:
    """Whether all of the file is in this encoding, and each part has a line end, so that no line is too long.

    Where it is not, the lines are looked at one by one.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while part := stream.read(_PART_BYTES):
                if len(part) == _PART_BYTES and b"\n" not in part:
                    return False
                decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _first_fault(path: Path, encoding: str) -> _Fault | None:
    wide = False
    number = 0
    with path.open("rb") as stream:
        while line := stream.readline(LINE_MAX + 1):
            number += 1
            if len(line) > LINE_MAX:
                message = f"the line is longer than {LINE_MAX} bytes"
                raise InputError(Problem("line_too_long", message, "end each row with a line end", str(path), number))
            if line.isascii():
                continue
            try:
                wide = max(line.decode(encoding)) > _TWO_BYTES_MAX or wide
            except UnicodeDecodeError as error:
                return _Fault(
                    number,
                    line,
                    error.start,
                    wide or max(line[: error.start].decode(encoding), default="") > _TWO_BYTES_MAX,
                )
    return None


def _wrong_encoding(path: Path, fault: _Fault) -> Problem:
    with path.open("rb") as stream:
        first = stream.readline(LINE_MAX)
    columns = _cells(first)
    place = len(_cells(fault.line[: fault.place] + b".")) - 1
    column = columns[place].strip() if place < len(columns) and fault.number > 1 else ""
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "the file is in UTF-16"
    else:
        message = f"byte 0x{fault.line[fault.place]:02X} is neither UTF-8 nor GBK/GB18030"
    remedy = "save the file as CSV UTF-8"
    return Problem("wrong_encoding", message, remedy, str(path), fault.number, column or f"column {place + 1}")


def _cells(line: bytes) -> list[str]:
    """The cells of one line that may hold anything: what is broken is shown as �."""
    try:
        return next(csv.reader([line.decode("utf-8-sig", "replace")]), [""])
    except csv.Error:
        return [""]
