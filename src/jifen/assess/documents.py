"""What was found, as values that JSON can hold: a check's findings, the page for members, what a claim is worth."""

from fractions import Fraction
from math import isinf
from typing import Any

from jifen.assess.claims import Answer, Judgement
from jifen.assess.compliance import Finding, Findings
from jifen.assess.disclosure import TEXTS, Disclosure
from jifen.assess.metrics import Value
from jifen.assess.texts import LANGUAGES, Statement, decimal_text, plain_numbers, say
from jifen.core.micros import format_micros

__all__ = ["disclosure_document", "findings_document", "judgement_document"]

_CLAIMS = "claim_answers.yaml"


def findings_document(found: Findings) -> dict[str, Any]:
    """What a check found: findings with their texts in both languages, what was not decided, what was measured."""
    return {
        "plan": found.plan,
        "digest": found.digest,
        "passes": found.passes,
        "jurisdictions": list(found.jurisdictions),
        "uncovered": list(found.uncovered),
        "cost": _plain(found.cost),
        "cost_assumed": found.cost_assumed,
        "shop": found.shop_given,
        "run_digest": found.run_digest,
        "stops": list(found.stops),
        "findings": [_finding(each) for each in found.found],
        "not_decided": [
            {"id": each.id, "jurisdiction": each.jurisdiction, "facts": list(each.facts)} for each in found.unmeasured
        ],
        "measures": {name: _plain(each.value) for name, each in found.measures.items()},
        "notice": "Not legal advice. 不构成法律意见。",
    }


def disclosure_document(disclosure: Disclosure) -> dict[str, Any]:
    """A page for members: its sentences in both languages, with their numbers."""
    sections = {
        section.name: [
            {"code": each.name, "numbers": plain_numbers(TEXTS, each)}
            | {language: say(TEXTS, each, language) for language in LANGUAGES}
            for each in section.statements
        ]
        for section in disclosure.sections
    }
    facts = {"plan": disclosure.plan, "digest": disclosure.digest, "title": dict(disclosure.title)}
    return facts | {"cost": decimal_text(disclosure.cost), "sections": sections}


def _finding(each: Finding) -> dict[str, Any]:
    rule = each.rule
    return {
        "id": each.id,
        "jurisdiction": each.jurisdiction,
        "severity": each.severity,
        "waivable": each.waivable if each.severity == "block" else None,
        "stops": list(each.level.stops),
        "tags": list(rule.tags),
        "rules": list(each.rules),
        "title": {language: rule.title.of(language) for language in LANGUAGES},
        "reference": {language: rule.reference.of(language) for language in LANGUAGES},
        "explanation": {language: each.explanation(language) for language in LANGUAGES},
        "remedy": {language: each.remedy(language) for language in LANGUAGES},
    }


def _plain(value: Value) -> Any:
    """Counts as numbers; shares and amounts as decimal numbers in text; without limit as a word."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float):
        return "unlimited" if isinf(value) else f"{value:.8f}"
    if isinstance(value, Fraction):
        text = f"{float(value):.8f}"
        return text.rstrip("0").rstrip(".")
    return value


def judgement_document(judgement: Judgement, cost: Fraction) -> dict[str, Any]:
    """A judgement of a claim: amounts and shares are decimal strings, exact to one millionth."""
    return {
        "text": judgement.text,
        "cost": _number(cost),
        "verdict": judgement.verdict,
        "answers": [_answer_data(answer) for answer in judgement.answers],
        "unread": list(judgement.unread),
    }


def _answer_data(answer: Answer) -> dict[str, Any]:
    said = answer.claim
    numbers = {"times": said.times, "days": said.days, "share": said.share, "persons": said.persons}
    return {
        "claim": {"kind": said.kind, "text": said.text, "denied": said.denied}
        | {name: _number(value) for name, value in numbers.items() if value is not None},
        "verdict": answer.verdict,
        "order": format_micros(answer.order, 2),
        "conditions": [_statement_data(each) for each in answer.conditions],
        "examples": [_statement_data(each) for each in answer.examples],
    }


def _statement_data(statement: Statement) -> dict[str, Any]:
    sentences = {language: say(_CLAIMS, statement, language) for language in LANGUAGES}
    return {"code": statement.name, "numbers": plain_numbers(_CLAIMS, statement), **sentences}


def _number(value: Fraction | int) -> str | int:
    return value if isinstance(value, int) else decimal_text(value)
