"""What is logged: one line for each thing that happened, as JSON or as text, and nothing about any person in it.

Names, keys of events, telephone numbers and passwords reach a log through messages: those of an exception quote the
row that was wrong, those of another library the address that was asked for. So of an exception its type and place are
logged and never its message; of another library's message only what its authors wrote; of our own the message, which is
constant, and beside it numbers, and text under a few names.
"""

import errno
import logging
import logging.config
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from traceback import walk_tb
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from jifen.core.errors import UserError
from jifen.service.environment import Settings

__all__ = ["JsonLines", "TextLines", "configure_logs", "described", "discreet", "request_id", "warn_of_unknown"]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered, which stands in each line that is logged meanwhile."""

_log = logging.getLogger(__name__)
_OURS = "jifen."
_TEXTS = frozenset({"code", "codes", "method", "process_name", "request", "route", "setting"})
"""What may be text beside a message of ours: words of a list that is ours as well."""
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_FRAMES = 6
_CAUSES = 4


def configure_logs(settings: Settings) -> None:
    """Log to stderr from now on, as the settings say; whoever has configured logging before is overruled."""
    formatter = JsonLines if settings.log == "json" else TextLines
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"lines": {"()": formatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
            "root": {"handlers": ["stderr"], "level": settings.log_level},
            # A request has its line already; only one that failed has more to say.
            "filters": {"failed": {"()": lambda: _failed}},
            "loggers": {"django.request": {"filters": ["failed"]}},
        }
    )


def warn_of_unknown(settings: Settings) -> None:
    """Log the variables that begin like a setting and are none: most likely slips of the pen."""
    for name in settings.unknown:
        _log.warning("a variable of the environment begins like a setting and is none", extra={"setting": name})


class JsonLines(JsonFormatter):
    """One JSON object a line: time, level, logger, message, and what stands beside it."""

    def __init__(self) -> None:
        """Take no options."""
        names = {"levelname": "level", "name": "logger"}
        fields = ["levelname", "name", "message", "process"]
        super().__init__(fields, rename_fields=names, timestamp="time", json_ensure_ascii=False)

    def format(self, record: logging.LogRecord) -> str:
        """Write what may be written of a record."""
        return super().format(discreet(record))


class TextLines(logging.Formatter):
    """A line for people: ``12:00:01 INFO jifen.service.writer: writer elected epoch=3``."""

    def __init__(self) -> None:
        """Take no options."""
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Write what may be written of a record."""
        clean = discreet(record)
        beside = [f"{name}={value}" for name, value in _beside(clean)]
        return " ".join([super().format(clean), *beside])


def discreet(record: logging.LogRecord) -> logging.LogRecord:
    """Return what may be logged of a record."""
    facts: dict[str, Any] = {
        name: vars(record)[name] for name in ("name", "levelname", "levelno", "created", "msecs", "process")
    }
    ours = record.name.startswith(_OURS)
    if ours:
        facts |= {name: value for name, value in _beside(record) if _may_be_said(name, value)}
    facts["msg"] = str(record.msg) if ours else _as_its_authors_wrote(record)
    if request_id.get():
        facts["request"] = request_id.get()
    if record.exc_info and record.exc_info[1] is not None:
        facts["error"] = " from ".join(described(record.exc_info[1]))
    return logging.makeLogRecord(facts)


def described(error: BaseException) -> Iterator[str]:
    """Describe an exception, then what it came from: its type, a code if it has one, and where; not its message."""
    cause: BaseException | None = error
    for _ in range(_CAUSES):
        if cause is None:
            return
        frames = [f"{Path(frame.f_code.co_filename).name}:{line}" for frame, line in walk_tb(cause.__traceback__)]
        yield " ".join([type(cause).__name__, *_codes(cause), f"({', '.join(frames[-_FRAMES:])})"])
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _codes(error: BaseException) -> Iterator[str]:
    """What says more than a type and is a word of somebody's list."""
    if isinstance(error, UserError):
        yield from (problem.code for problem in error.problems)
    elif isinstance(error, OSError) and error.errno is not None:
        yield errno.errorcode.get(error.errno, "")
    for name in ("sqlstate", "sqlite_errorname"):
        if isinstance(code := getattr(error, name, None), str):
            yield code


def _failed(record: logging.LogRecord) -> bool:
    return bool(record.exc_info)


def _beside(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in vars(record).items() if name not in _USUAL)


def _may_be_said(name: str, value: object) -> bool:
    return isinstance(value, int | float) or (name in _TEXTS and isinstance(value, str))


def _as_its_authors_wrote(record: logging.LogRecord) -> str:
    """The message of another library, with dots for what was put in that is no number.

    What was put in before it came here begins behind the first sign of a value.
    """
    message = str(record.msg)
    if not record.args:
        return message.splitlines()[0].partition(":")[0].partition("=")[0] if message else ""
    if isinstance(record.args, Mapping):
        return message
    try:
        # A type that writes numbers alone is left to fail where dots would stand.
        return message % tuple(each if isinstance(each, int | float) else "…" for each in record.args)
    except (TypeError, ValueError):
        return message
