"""Every rule and store of every preset has a label in both languages."""

import pytest

from jifen.plan import load_plan, preset_names
from jifen.report.terms import rule_names, rule_term, store_term


@pytest.mark.parametrize("name", preset_names())
def test_every_rule_and_store_of_a_preset_has_its_words(name):
    plan = load_plan(name)
    unknown = [rule.id for rule in plan.rules if rule_term(rule.id) == rule.id]
    unknown += [store for store in plan.stores if store_term(store) == store and store not in UNSEEN]
    assert unknown == []


UNSEEN = ("referrals", "pools")
"""Places hold no amounts; a family of pools is shown pool by pool, each by the name of its tier."""


@pytest.mark.parametrize("rule", ["refund", "bank", "admin", "donate", "top_up", "reserve"])
def test_what_no_plan_decides_has_its_words_too(rule):
    english, chinese = rule_names(rule).values()
    assert english.isascii()
    assert not any(letter.isascii() for letter in chinese)


def test_a_renamed_rule_keeps_the_words_of_what_it_was():
    assert rule_term("queue_feed") == "into the pool 入池 (queue_feed)"
    assert rule_names("queue_feed") == {"en": "into the pool", "zh": "入池"}
    assert rule_term("of_nothing_known") == "of_nothing_known"
