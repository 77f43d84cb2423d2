"""``check``: which rules of which law a plan touches, with the measured numbers. Not legal advice.

Jurisdictions are derived, not chosen: seat of the shop, its currency, the countries of its members' telephone numbers;
the rules of all of them hold together, and arithmetic everywhere. Without a shop all of them hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isinf
from string import Formatter
from typing import TYPE_CHECKING

from jifen.assess.metrics import Measure, Measures, Value, measure
from jifen.assess.rule_pack import ALWAYS, SEVERITIES, Level, Rule, holds, jurisdictions, metric_texts, names_in
from jifen.assess.shop import COST_ASSUMED, Shop
from jifen.plan.model import Plan

if TYPE_CHECKING:
    from jifen.assess.run_facts import RunFacts

__all__ = ["Finding", "Findings", "Unmeasured", "check", "jurisdictions_of", "written"]

_NOT_KNOWN = {"en": "not known", "zh": "未知"}
_NONE = {"en": "none", "zh": "无"}
_UNLIMITED = {"en": "unlimited", "zh": "不限"}
_YES_NO = {"en": ("no", "yes"), "zh": ("否", "是")}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a plan touches: how grave it is, and all that was measured for it."""

    id: str
    jurisdiction: str
    rule: Rule
    level: Level
    measures: Mapping[str, Measure]
    """By name: what the rule asks, and what its texts tell."""

    @property
    def severity(self) -> str:
        """``block``, ``high``, ``medium`` or ``info``."""
        return self.level.severity

    @property
    def waivable(self) -> bool:
        """Whether counsel may answer for it: of what blocks, some may never be waived; the rest blocks nothing."""
        return self.level.waivable

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the plan's rules from which it comes: those of all that it asks and tells."""
        told = [name for _, name, _, _ in Formatter().parse(self.rule.explanation.en) if name]
        asked = [self.measures[name] for name in (*names_in(self.level.when), *told) if name in self.measures]
        return tuple(dict.fromkeys(rule for each in asked if each.value for rule in each.rules))

    def explanation(self, language: str = "en") -> str:
        """Why it is found, with the measured numbers; ``language`` is ``en`` or ``zh``."""
        return self._told(self.rule.explanation.of(language), language)

    def remedy(self, language: str = "en") -> str:
        """What would make it pass."""
        return self._told(self.rule.remedy.of(language), language)

    def _told(self, text: str, language: str) -> str:
        return text.format_map({name: written(each, language) for name, each in self.measures.items()})


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A rule that could not be decided, and the facts of a shop or a run that would decide it."""

    id: str
    jurisdiction: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found; the gravest first, then in the order of the pack."""

    plan: str
    digest: str
    jurisdictions: tuple[str, ...]
    uncovered: tuple[str, ...]
    """Countries and currencies of the shop for which there are no rules here."""
    cost: Fraction
    cost_assumed: bool
    shop_given: bool
    run_digest: str | None
    """The plan of the run, ``None`` without one."""
    found: tuple[Finding, ...]
    unmeasured: tuple[Unmeasured, ...]
    measures: Measures

    @property
    def blocks(self) -> tuple[Finding, ...]:
        """Those that block publication."""
        return tuple(each for each in self.found if each.severity == "block")

    @property
    def passes(self) -> bool:
        """Whether the plan may be published as it is: nothing blocks."""
        return not self.blocks

    @property
    def stops(self) -> tuple[str, ...]:
        """What a running shop has to stop at once: ``joins``, ``grants``, ``upline_rewards``."""
        return tuple(dict.fromkeys(stop for each in self.found for stop in each.level.stops))


def check(plan: Plan, shop: Shop | None = None, run: "RunFacts | None" = None) -> Findings:
    """Hold a plan, and perhaps a shop and a run, against the rules.

    >>> from jifen.plan import load_plan
    >>> [each.id for each in check(load_plan("member_rebate"), Shop(seat="CN", currency="CNY")).found]
    ['CN-23']
    """
    given = None if shop is None else shop.cost
    cost = COST_ASSUMED if given is None else given
    measures = measure(plan, cost, shop, run)
    names, uncovered = jurisdictions_of(shop)
    found, unmeasured = _judge(measures, names)
    return Findings(
        plan=plan.name,
        digest=plan.digest,
        jurisdictions=names,
        uncovered=uncovered,
        cost=cost,
        cost_assumed=given is None,
        shop_given=shop is not None,
        run_digest=None if run is None else run.digest,
        found=tuple(sorted(found, key=lambda each: SEVERITIES.index(each.severity))),
        unmeasured=tuple(unmeasured),
        measures=measures,
    )


def jurisdictions_of(shop: Shop | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The jurisdictions of a shop, and what of it no rules are kept for.

    >>> jurisdictions_of(Shop(seat="CN", currency="EUR", phone_countries=("JP",)))
    (('solvency', 'cn', 'eu'), ('JP',))
    """
    pack = jurisdictions()
    if shop is None:
        return tuple(pack), ()
    countries = dict.fromkeys(place for place in (shop.seat, *shop.phone_countries) if place)
    held = {name for name, each in pack.items() if name == ALWAYS or shop.currency in each.currencies}
    held |= {name for name, each in pack.items() if not countries.keys().isdisjoint(each.countries)}
    known = {place for each in pack.values() for place in each.countries}
    uncovered = [place for place in countries if place not in known]
    if shop.currency and all(shop.currency not in each.currencies for each in pack.values()):
        uncovered.append(shop.currency)
    return tuple(name for name in pack if name in held), tuple(uncovered)


def _judge(measures: Measures, names: tuple[str, ...]) -> tuple[list[Finding], list[Unmeasured]]:
    """Hold the rules in order; whether one was found is a fact for those after it."""
    facts = {name: _fact(each) for name, each in measures.items()}
    found: list[Finding] = []
    unmeasured: list[Unmeasured] = []
    for name in names:
        for identity, rule in jurisdictions()[name].rules.items():
            answers = [holds(level.when, facts) for level in rule.levels]
            level = next((level for level, answer in zip(rule.levels, answers, strict=True) if answer), None)
            facts[identity] = level is not None
            if level is not None:
                found.append(Finding(identity, name, rule, level, measures))
            elif None in answers:
                asked = dict.fromkeys(fact for level in rule.levels for fact in names_in(level.when))
                missing = tuple(fact for fact in asked if facts.get(fact) is None)
                unmeasured.append(Unmeasured(identity, name, missing))
    return found, unmeasured


def _fact(each: Measure) -> Value:
    """What conditions see: a metric of the plan that it has nothing of is no unknown, and meets no condition."""
    missing = each.value is None and metric_texts()[each.name].of == "plan"
    return False if missing else each.value


# -- values in words ------------------------------------------------------------------------------------------------


def written(each: Measure, language: str = "en") -> str:
    """Write a measured value for people.

    >>> written(Measure("static_multiple", Fraction(5, 2))), written(Measure("walk_share", Fraction(1, 3)))
    ('250 %', '33.33 %')
    """
    value, text = each.value, metric_texts()[each.name]
    if value is None:
        return (_NONE if text.of == "plan" else _NOT_KNOWN)[language]
    if isinstance(value, tuple):
        return "; ".join(value) or _NONE[language]
    if text.unit == "flag":
        return _YES_NO[language][bool(value)]
    if isinstance(value, float) and isinf(value):
        return _UNLIMITED[language]
    if text.unit in ("share", "multiple"):
        return f"{_decimal(Fraction(value) * 100)} %"
    return _decimal(Fraction(value))


def _decimal(value: Fraction) -> str:
    """A number with at most two decimals (four where it is below one), rounded half to even, thousands separated."""
    places = 2 if abs(value) >= 1 or not value else 4
    text = f"{Decimal(round(value * 10**places)).scaleb(-places):,f}"
    return text.rstrip("0").rstrip(".")
