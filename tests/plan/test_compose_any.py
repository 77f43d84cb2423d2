"""Any presets can be put together by doing what the loader itself says, and the whole is then their rules in order."""

import re
from itertools import combinations
from random import Random

import pytest

from jifen.core.errors import PlanError
from jifen.plan import load_plan, load_plan_text, preset_names

ROUNDS = 6
RENAME = re.compile(r"\{(\w+): \{(\w+): (\w+)\}\}")
HOUSE = re.compile(r"write `params: \{(\w+): …\}` beside `compose`")
PAIRS = list(combinations(preset_names(), 2))
DRAWN = Random(15).sample([*combinations(preset_names(), 3), *combinations(preset_names(), 4)], 60)
# What each takes of an order by default, in percent, by hand: the third referral, feeds, generations and regions.
COSTS = {
    "refer_three": 70, "appreciation": 30, "refer_three_appreciation": 100, "cyclic_purchase": 10,
    "consumption_dividend": 10, "rebate_queue": 20, "distribution": 15 + 8, "member_rebate": 30, "friend_bonus": 10,
}  # fmt: skip
CURVES = {"appreciation", "refer_three_appreciation", "legacy_conversion"}
INSIDE = {"refer_three", "appreciation"}
"""The parts of ``refer_three_appreciation``: beside it they would count the same places, and sell the same tokens."""


def text_of(parts, renames, values):
    lines = []
    for part in parts:
        names = ", ".join(f"{old}: {new}" for old, new in renames.get(part, {}).items())
        lines.append(f"  - {{{part}: {{{names}}}}}\n")
    params = "".join(f"  {name}: {value}\n" for name, value in values.items())
    return "preset: whole\ncompose:\n" + "".join(lines) + ("params:\n" + params if values else "")


def put_together(parts):
    """The plan and the renames it took, after at most a few rounds of doing what the remedies say; or the mistakes."""
    renames, values = {}, {}
    for _ in range(ROUNDS):
        try:
            return load_plan_text(text_of(parts, renames, values)), renames
        except PlanError as error:
            problems = error.problems
            if {problem.code for problem in problems} != {"compose_conflict"}:
                return {problem.code for problem in problems}, renames
            for problem in problems:
                follow(problem, parts, renames, values)
    raise AssertionError(f"{parts}: still {problems}")


def follow(problem, parts, renames, values):
    """Do what a remedy says: rename in the part it names, or give a value of the house beside ``compose``."""
    rename = RENAME.search(problem.remedy)
    if rename is not None:
        part, old, new = rename.groups()
        renames.setdefault(part, {})[old] = new
    else:
        (name,) = HOUSE.search(problem.remedy).groups()
        values[name] = load_plan(parts[0]).params[name]


def expected_codes(parts):
    """What stands in the way of these presets for good: two curves, the same thing twice, more than the order."""
    twice = "refer_three_appreciation" in parts and bool(INSIDE & {*parts})
    curves = len(CURVES & {*parts}) > 1 and not (twice and "legacy_conversion" not in parts)
    above = sum(COSTS.get(part, 0) for part in parts) > 100
    found = {"second_rule": twice, "second_curve": curves, "shares_above_all": above}
    return {code for code, stands in found.items() if stands}


def check(parts):
    """Compare with what must come out; return whether the presets can be put together."""
    found, renames = put_together(parts)
    if isinstance(found, set):
        assert found == expected_codes(parts), parts
        return False
    assert expected_codes(parts) == set(), parts
    assert [(rule.part, rule.when, rule.off) for rule in found.rules] == [
        (part_of(parts, index, rule), rule.when, rule.off)
        for index, part in enumerate(parts)
        for rule in load_plan(part).rules
    ]
    assert len(found.stores) == sum(len(load_plan(part).stores) for part in parts)
    for name in {name for part in parts for name in load_plan(part).params}:
        named = {renames.get(part, {}).get(name, name) for part in parts if name in load_plan(part).params}
        assert named <= found.params.keys()
    return True


def part_of(parts, index, rule):
    """Which part of the whole a rule is in: nested compositions count through, and one preset has two parts."""
    before = sum(2 if part == "refer_three_appreciation" else 1 for part in parts[:index])
    return before + rule.part


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_every_two_presets_can_be_put_together(pair):
    assert check(pair) == (expected_codes(pair) == set())


def test_three_or_four_presets_can_be_put_together_unless_they_take_more_than_the_order():
    possible = [check(parts) for parts in DRAWN]
    assert possible.count(True) > len(DRAWN) // 2


def test_who_takes_less_can_be_put_together_after_all():
    parts = ("refer_three", "appreciation", "distribution")
    assert expected_codes(parts) == {"shares_above_all"}
    renames = {"distribution": {"pool_share": "stake_share", "requires_own_order": "needs_order"}}
    text = text_of(parts, renames, {"referral_rates": "[10%, 20%, 47%]"})
    assert [rule.part for rule in load_plan_text(text).rules] == [0, 1, 1, 1, 1, 2, 2, 2, 2]
