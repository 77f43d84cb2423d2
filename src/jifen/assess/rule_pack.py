"""The rules of compliance as data: ``rules/*.yaml``, one file a jurisdiction, and ``rules/metrics.yaml``.

A rule has levels, the first that holds counts::

    CN-07:
      title:     {en: …, zh: …}
      reference: {en: …, zh: …}
      tags: [V, L]                        # V read, M from memory, L needs a lawyer
      levels:
        - {severity: block, when: {static_multiple: {at_least: 1}}}
        - {severity: high,  when: {static_multiple: {at_least: 0.5}}}
      explanation: {en: "… {static_multiple} …", zh: …}
      remedy:      {en: …, zh: …}

``when`` asks metrics, all of them: ``true``, ``false``, or bounds (``at_least, above, at_most, below``; a number or
another metric). ``any`` has a list of which one must hold. The id of a rule further up asks whether it was found.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jifen.plan.document import read_text

__all__ = [
    "ALWAYS",
    "JURISDICTIONS",
    "SEVERITIES",
    "Condition",
    "Jurisdiction",
    "Level",
    "MetricText",
    "Rule",
    "Texts",
    "holds",
    "jurisdictions",
    "metric_texts",
    "names_in",
    "words_in",
]

JURISDICTIONS = ("solvency", "cn", "us", "eu")
"""The files of rules, in the order in which they are read."""
ALWAYS = "solvency"
"""The rules that hold everywhere: arithmetic."""
SEVERITIES = ("block", "high", "medium", "info")

Condition = Mapping[str, Any]
"""``when`` of a level, see above."""


def _exact(value: Any) -> Any:
    """A number of a rule file as a fraction; a word (another metric) as it is."""
    text = str(value)
    if text.endswith("%"):
        return Fraction(text[:-1]) / 100
    return Fraction(text) if text[:1].isdigit() else value


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Texts(_Closed):
    """A text in both languages."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The text in a language, ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en


class Level(_Closed):
    """When a rule is found, and how grave it then is."""

    severity: Literal["block", "high", "medium", "info"]
    when: dict[str, Any]
    waivable: bool = True
    """Whether counsel may answer for it; only what blocks needs a waiver."""
    stops: tuple[Literal["joins", "grants", "upline_rewards"], ...] = ()
    """What a finding in a running shop stops. Refunds, and withdrawals of what was earned, never stop."""


class Rule(_Closed):
    """One rule of the pack."""

    title: Texts
    reference: Texts
    tags: tuple[Literal["V", "M", "L"], ...] = ()
    levels: Annotated[tuple[Level, ...], Field(min_length=1)]
    explanation: Texts
    remedy: Texts


class Jurisdiction(_Closed):
    """The rules of one jurisdiction, and by what a shop is under it."""

    title: Texts
    countries: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    rules: dict[str, Rule]


class MetricText(_Closed):
    """What a metric is: in words, its unit, and from where it comes."""

    of: Literal["plan", "shop", "run"]
    unit: Literal["flag", "share", "multiple", "count", "days", "yuan", "phrases"]
    en: str
    zh: str


@cache
def jurisdictions() -> Mapping[str, Jurisdiction]:
    """All rules, by jurisdiction.

    >>> sum(len(each.rules) for each in jurisdictions().values())
    45
    """
    return {name: Jurisdiction.model_validate(_document(name)) for name in JURISDICTIONS}


@cache
def metric_texts() -> Mapping[str, MetricText]:
    """All metrics, by name."""
    return {name: MetricText.model_validate(text) for name, text in _document("metrics").items()}


@cache
def words_in(language: str) -> Mapping[str, str]:
    """The words around findings in a language, ``en`` or ``zh``."""
    words: Mapping[str, str] = _document("words")[language]
    return words


def _document(name: str) -> Any:
    file = f"{name}.yaml"
    return read_text(files("jifen.assess").joinpath("rules", file).read_text(encoding="utf-8"), file)


# -- conditions -----------------------------------------------------------------------------------------------------


def names_in(condition: Condition) -> Iterable[str]:
    """The metrics and rules that a condition asks, in order."""
    for name, wanted in condition.items():
        if name == "any":
            for one in wanted:
                yield from names_in(one)
            continue
        yield name
        if isinstance(wanted, Mapping):
            yield from (bound for bound in map(_exact, wanted.values()) if isinstance(bound, str))


def holds(condition: Condition, facts: Mapping[str, Any]) -> bool | None:
    """Whether a condition holds; ``None``: that hangs on a fact that is not known (``None`` in ``facts``).

    >>> holds({"depth": {"at_least": 2}, "bought": True}, {"depth": 3, "bought": None}) is None
    True
    >>> holds({"depth": {"at_least": 2}, "bought": True}, {"depth": 1, "bought": None})
    False
    """
    found = [
        _some(holds(one, facts) for one in wanted) if name == "any" else _test(facts[name], wanted, facts)
        for name, wanted in condition.items()
    ]
    return False if False in found else None if None in found else True


def _some(found: Iterable[bool | None]) -> bool | None:
    answers = list(found)
    return True if True in answers else None if None in answers else False


def _test(value: Any, wanted: Any, facts: Mapping[str, Any]) -> bool | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        value = bool(value)
    if isinstance(wanted, bool):
        return bool(value) is wanted
    if isinstance(value, bool):
        return False  # what a plan has nothing of meets no bound
    for relation, written in wanted.items():
        bound = _exact(written)
        limit = facts[bound] if isinstance(bound, str) else bound
        if limit is None:
            return None
        if not _RELATIONS[relation](value, limit):
            return False
    return True


_RELATIONS = {
    "at_least": lambda value, limit: value >= limit,
    "above": lambda value, limit: value > limit,
    "at_most": lambda value, limit: value <= limit,
    "below": lambda value, limit: value < limit,
}
