"""Loading a plan: a preset by name, a file by path, or text; all mistakes at once."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jifen.core.errors import PlanError
from jifen.plan.compose import Draft, Find, read_draft
from jifen.plan.document import Place, Problems, read_bytes, read_text
from jifen.plan.model import Plan
from jifen.plan.resolve import Origin, resolve
from jifen.plan.values import did_you_mean, shown

__all__ = ["example_names", "load_plan", "load_plan_text", "preset_names", "preset_text", "revise"]

_SUFFIX = ".yaml"


@cache
def preset_names() -> tuple[str, ...]:
    """Return the names of the presets shipped with the package, in order.

    >>> "points_dividend" in preset_names()
    True
    """
    return _shipped("presets")


@cache
def example_names() -> tuple[str, ...]:
    """Return the names of the plans shipped as examples of the language; they load by name as presets do.

    >>> "funded_points" in example_names()
    True
    """
    return _shipped("examples")


def _shipped(folder: str) -> tuple[str, ...]:
    names = (entry.name for entry in files("jifen.plan").joinpath(folder).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


def preset_text(name: str) -> str:
    """Return the text of a preset, or of an example; an unknown name is a ``PlanError``."""
    folder = "examples" if name in example_names() else "presets"
    if name not in (*preset_names(), *example_names()):
        problems = Problems()
        remedy = did_you_mean(name, (*preset_names(), *example_names()))
        problems.add("unknown_plan", f"there is no plan called {shown(name)}", remedy, Place())
        problems.raise_any()
    return files("jifen.plan").joinpath(folder, f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def load_plan(source: str | Path, overrides: Mapping[str, Any] | None = None) -> Plan:
    """Load a preset (or an example) by its name, or a plan file by its path, with other values for some parameters.

    ``overrides`` are values as YAML writes them: rates ``"50%"``, decimal numbers as text, counts and days as integers,
    tables as lists of rows; ``overrides["overrides"]`` are rates by order line. Raises ``PlanError`` with all mistakes.

    >>> load_plan("points_dividend", {"daily_rate": "0.5%"}).params["daily_rate"]
    5000
    """
    if isinstance(source, str) and source in (*preset_names(), *example_names()):
        return _finish(_preset(source), overrides)
    path = Path(source)
    if isinstance(source, str) and not path.suffix and not _exists(path):
        preset_text(source)
    return _load(read_bytes(path), str(path), path.parent, overrides)


def load_plan_text(text: str | bytes, file: str = "", overrides: Mapping[str, Any] | None = None) -> Plan:
    """Load a plan from text. ``file`` is the name mistakes are reported under; it may compose presets only."""
    return _load(text, file, None, overrides)


def revise(plan: Plan | str | Path, overrides: Mapping[str, Any]) -> Plan:
    """Return a new version of a plan: the same file, the values it was loaded with, and these on top.

    >>> plan = load_plan("points_dividend", {"daily_rate": "2%"})
    >>> revise(plan, {"spill": "forfeit"}).params["daily_rate"]
    20000
    """
    if not isinstance(plan, Plan):
        return load_plan(plan, overrides)
    if not isinstance(plan.origin, Origin):
        raise TypeError("this plan was not loaded from a file, so it cannot be revised")
    return _finish(plan.origin.draft, {**plan.origin.overrides, **overrides})


@cache
def _preset(name: str) -> Draft:
    return _draft(preset_text(name), f"{name}{_SUFFIX}", None, Problems())


def _load(text: str | bytes, file: str, folder: Path | None, overrides: Mapping[str, Any] | None) -> Plan:
    problems = Problems()
    return _finish(_draft(text, file, folder, problems), overrides, problems)


def _draft(text: str | bytes, file: str, folder: Path | None, problems: Problems) -> Draft:
    return read_draft(read_text(text, file), _finder(folder), problems)


def _finish(draft: Draft, overrides: Mapping[str, Any] | None, problems: Problems | None = None) -> Plan:
    problems = problems or Problems()
    if any(problem.code == "compose_conflict" for problem in problems.found):
        problems.raise_any()  # until each name means one thing, what else seems wrong may only follow from that
    plan = resolve(draft, overrides or {}, problems)
    problems.raise_any()
    if plan is None:  # pragma: no cover - a plan is refused with a reason or not at all
        raise PlanError([])
    return plan


def _finder(folder: Path | None) -> Find:
    """Return how the parts of a composition are found: presets by name, then files of that name in the same folder."""

    def find(name: str) -> Any:
        path = folder / f"{name}{_SUFFIX}" if folder is not None else None
        known = name in preset_names() or name in example_names()
        if known or path is None or not path.is_file():
            return read_text(preset_text(name), f"{name}{_SUFFIX}")
        return read_text(read_bytes(path), str(path))

    return find


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
