"""The nearest plan that passes: what has to change so that nothing blocks, and why.

One level of rewards, none for heads and none that must be bought; what a buyer is promised is at most 30 % of the
price and no more than an order leaves; it is put aside from the order itself, counts when the refund window has ended,
and is paid as coin that cannot be withdrawn. Parameters are changed first, stores and rules where that does not do.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from jifen.assess.compliance import Findings, check
from jifen.assess.plan_sheet import Reason, Sheet
from jifen.assess.promises import RESERVE, Economics, Promise
from jifen.assess.rule_pack import jurisdictions
from jifen.assess.shop import Shop
from jifen.core.errors import InputError, Problem
from jifen.core.micros import MICRO, format_rate, parse_rate
from jifen.plan.model import (
    Asset,
    Curve,
    Cycle,
    Feed,
    Grant,
    Head,
    Mint,
    Plan,
    Positions,
    Rule,
    Share,
    Tier,
    Walk,
    Weight,
)
from jifen.plan.versions import Difference, diff

__all__ = ["MULTIPLE_MAX", "Change", "Downgrade", "downgrade", "shop_of"]

MULTIPLE_MAX = Fraction(30, 100)
"""Most of the price that is promised back; our own line, well below the law's."""

_REFUND_DAYS = {"eu": 14}
_REFUND_DAYS_USUAL = 7
_SAFE_CURVE = {"refund": "at_value", "zero_supply": "last_price", "unbacked": False}
_OWN_BASES = ("own_amount", "own_granted", "own_remaining", "own_claim", "lesser")

_SETTLED = Reason("settled", ("CN-17", "EU-03"))
_ONE_LEVEL = Reason("one_level", ("CN-01", "CN-03", "US-01", "US-04", "EU-01"))
_NO_ENTRY = Reason("no_entry", ("CN-01", "US-01", "US-04", "EU-01"))
_NO_HEADS = Reason("no_heads", ("CN-02", "EU-01"))
_BOUNDED = Reason("bounded", ("CN-07", "US-05", "SOL-01", "SOL-02"))
_PAYABLE = Reason("payable", ("SOL-03", "CN-08", "SOL-05"))
_FUNDED = Reason("funded", ("SOL-02", "CN-08"))
_NO_CASH = Reason("no_cash", ("CN-07", "CN-08", "CN-11", "US-07"))
_NO_EXIT = Reason("no_exit", ("CN-07", "US-05", "SOL-05"))
_SAFE_PRICE = Reason("safe_price", ("SOL-04",))
_NO_SHARES = Reason("no_shares", ("CN-15", "EU-05", "US-05"))
_IN_PLACE = Reason("in_place")
_UNUSED = Reason("unused")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the plans, and why: only rules of law that found something before are named."""

    difference: Difference
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Downgrade:
    """A plan, the nearest that passes, and what lies between them."""

    before: Plan
    after: Plan
    text: str
    """The new plan's file; empty if nothing had to change."""
    changes: tuple[Change, ...]
    found_before: Findings
    found_after: Findings


_Step = Callable[["_Work", Plan], None]


@dataclass(frozen=True)
class _Work:
    sheet: Sheet
    cost: Fraction
    refund_days: int


def shop_of(name: str, cost: Fraction) -> Shop:
    """A shop under one jurisdiction (``cn``, ``us``, ``eu``); another name is an ``InputError``."""
    pack = jurisdictions().get(name)
    if pack is None or not pack.countries:
        known = ", ".join(key for key, each in jurisdictions().items() if each.countries)
        problem = Problem(
            "bad_option", f"there are no rules for {name[:20]!r}", f"write one of: {known}", "--jurisdiction"
        )
        raise InputError(problem)
    return Shop(seat=pack.countries[0], currency=next(iter(pack.currencies), ""), cost=cost)


def downgrade(plan: Plan, jurisdiction: str, cost: Fraction) -> Downgrade:
    """Return the nearest plan that passes in a jurisdiction; the plan itself, if nothing blocks it."""
    shop = shop_of(jurisdiction, cost)
    before = check(plan, shop)
    if before.passes:
        return Downgrade(plan, plan, "", (), before, before)
    work = _Work(Sheet(plan), cost, _REFUND_DAYS.get(jurisdiction, _REFUND_DAYS_USUAL))
    for step in _STEPS:
        step(work, work.sheet.load())
    after = work.sheet.load()
    for _ in plan.rules:
        blocks = check(after, shop).blocks
        if not blocks:
            break
        _take_out(work, after, blocks[0].rules, blocks[0].id)
        _fund(work, work.sheet.load())
        after = work.sheet.load()
    found = {each.id for each in before.found}
    changes = tuple(_changes(plan, after, work.sheet, found))
    return Downgrade(plan, after, work.sheet.text(), changes, before, check(after, shop))


def _changes(before: Plan, after: Plan, sheet: Sheet, found: set[str]) -> Iterator[Change]:
    for difference in diff(before, after):
        # ``tiers[L1].quota`` is a cell of the column ``tiers.quota``, ``rules.grant (2)`` a second rule of that id.
        keys = (re.sub(r"\[.*\]", "", difference.key), re.sub(r"\[.*| \(\d+\)$", "", difference.key))
        reasons = next((sheet.reasons[key] for key in keys if key in sheet.reasons), None)
        if reasons is None:
            reasons = [_IN_PLACE if difference.after else _UNUSED]
        named = (replace(each, rules=tuple(rule for rule in each.rules if rule in found)) for each in reasons)
        yield Change(difference, tuple(named))


# -- rewards of others ----------------------------------------------------------------------------------------------


def _settle(work: _Work, plan: Plan) -> None:
    """Nothing counts before the refund window has ended."""
    if plan.params["settle_at"] != "settled":
        work.sheet.set_param("settle_at", "settled", _SETTLED)
    if plan.params["refund_days"] < work.refund_days:
        work.sheet.set_param("refund_days", work.refund_days, _SETTLED)


def _one_level(work: _Work, plan: Plan) -> None:
    """Whoever brought the buyer may have a part of his order, without having bought; nobody else."""
    for index in reversed(range(len(plan.rules))):
        rule = plan.rules[index]
        if rule.off or not isinstance(rule.who, Walk) or rule.who.tree != "referral":
            continue
        drains = rule.gate is not None and rule.gate.drain is not None
        if drains or rule.who.by != "generation" or not isinstance(rule.pay, Asset):
            work.sheet.switch_off(index, _ONE_LEVEL)
            continue
        _first_generation(work.sheet, index, rule, rule.who)
        if isinstance(rule.amount, Cycle):
            _no_cycle(work.sheet, plan, index, rule.amount)


def _first_generation(sheet: Sheet, index: int, rule: Rule, who: Walk) -> None:
    if who.own_order:
        sheet.set_slot(_NO_ENTRY, False, index, "who", "own_order")
    if getattr(rule.amount, "of", "") in _OWN_BASES:
        sheet.set_slot(_NO_ENTRY, "trigger_amount", index, "amount", "of")
    if isinstance(rule.amount, Share) and len(rule.amount.rates) > 1:
        sheet.set_slot(_ONE_LEVEL, [format_rate(rule.amount.rates[0])], index, "amount", "share")
    if (who.depth or 1) > 1:
        sheet.set_slot(_ONE_LEVEL, 1, index, "who", "depth")


def _no_cycle(sheet: Sheet, plan: Plan, index: int, cycle: Cycle) -> None:
    """The mean of the cycle for every order, so that no place in a row is worth more than another."""
    places = plan.stores[cycle.at]
    if isinstance(places, Positions) and places.counts == "persons":
        sheet.set_store(_NO_HEADS, "orders", cycle.at, "positions")
    mean = sum(cycle.rates) // len(cycle.rates)
    bounded = min(mean, int(MULTIPLE_MAX * MICRO))
    sheet.set_slot(_BOUNDED, [format_rate(bounded)], index, "amount", "cycle")


# -- what the buyer is promised -------------------------------------------------------------------------------------


def _safe_tokens(work: _Work, plan: Plan) -> None:
    """No exit is held out, and nothing but money moves the price."""
    for index in reversed(range(len(plan.rules))):
        gate = plan.rules[index].gate
        if not plan.rules[index].off and gate is not None and gate.reaches and gate.of == "spend":
            work.sheet.switch_off(index, _NO_EXIT)
    for name, store in plan.stores.items():
        for key, safe in _SAFE_CURVE.items():
            if getattr(store, key, safe) != safe:
                work.sheet.set_store(_SAFE_PRICE, safe, name, key)


def _bound_shares(work: _Work, plan: Plan) -> None:
    """Rewards and pools take no more of an order than goods leave."""
    economics = Economics(plan, work.cost)
    pools = (each for pool, each in economics.feeds.items() if pool != RESERVE)
    taken = _rewards(economics) + sum(pools, Fraction(0))
    if taken <= 1 - work.cost:
        return
    factor = (1 - work.cost) / taken
    for index, rule in enumerate(plan.rules):
        if not rule.off and (isinstance(rule.who, Walk) or isinstance(rule.pay, Feed)):
            _lower(work.sheet, index, rule, factor)


def _lower(sheet: Sheet, index: int, rule: Rule, factor: Fraction) -> None:
    """Lower what a rule shares, or goes round with."""
    key = "cycle" if isinstance(rule.amount, Cycle) else "share"
    written = sheet.value(index, "amount", key)
    if isinstance(written, dict):
        lower: Any = {level: _part_of(rate, factor) for level, rate in written.items()}
    elif isinstance(written, list):
        lower = [_part_of(rate, factor) for rate in written]
    elif isinstance(rule.amount, Share) and rule.amount.rates:
        lower = _part_of(written, factor)
    else:
        return
    sheet.set_slot(_BOUNDED, lower, index, "amount", key)


def _part_of(rate: object, factor: Fraction) -> str:
    return format_rate(int(parse_rate(str(rate)) * factor))


def _bound(work: _Work, plan: Plan) -> None:
    """Promise at most 30 % of the price, no more than an order leaves, and out of a pool no more than feeds it."""
    economics = Economics(plan, work.cost)
    given = [each for each in economics.promises if each.store and not each.by("price") and each.multiple.high]
    total = sum((each.multiple.high for each in given), Fraction(0))
    own = sum((each.multiple.high for each in given if economics.from_own_account(each)), Fraction(0))
    left = 1 - work.cost - _rewards(economics) - sum(economics.feeds.values(), Fraction(0))
    left += economics.feeds.get(RESERVE, Fraction(0))
    for promise in given:
        factor = min(Fraction(1), MULTIPLE_MAX / total)
        reason = _BOUNDED
        if economics.from_own_account(promise):
            factor = min(factor, max(left, Fraction(0)) / own)
        else:
            payable = economics.fed(promise) / _owed_by(given, promise)
            factor, reason = min(factor, payable), _PAYABLE if payable < factor else _BOUNDED
        if 0 < factor < 1:
            _scale(work.sheet, plan, promise, factor, reason)
    for index, rule in enumerate(plan.rules):
        if isinstance(rule.who, Head) and rule.gate is not None and (rule.gate.newcomers or 1) > 1:
            work.sheet.set_slot(_PAYABLE, 1, index, "gate", "newcomers")


def _rewards(economics: Economics) -> Fraction:
    """What an order pays others at once, at most."""
    rewards = (each.share.high for each in economics.rewards if each.drains is None and not each.pool)
    return sum(rewards, Fraction(0))


def _owed_by(promises: list[Promise], promise: Promise) -> Fraction:
    """What the pools of a promise owe in all."""
    sharing = [each for each in promises if set(each.pools) & set(promise.pools)]
    return sum((each.multiple.high for each in sharing), Fraction(0))


def _scale(sheet: Sheet, plan: Plan, promise: Promise, factor: Fraction, reason: Reason) -> None:
    """Grant so much less of a store's lots."""
    for index, rule in enumerate(plan.rules):
        if not isinstance(rule.pay, Grant) or rule.pay.lots != promise.store or rule.who is not None:
            continue
        if isinstance(rule.amount, Share):
            sheet.set_share(reason, int(rule.amount.rates[0] * factor), index, "amount", "share")
        elif isinstance(rule.amount, Tier):
            table, _, column = str(sheet.slot(index, "amount", "tier")).removeprefix("$").partition(".")
            values = [int(row.columns.get(column, 0) * factor) for row in rule.amount.rows]
            sheet.set_column(reason, table, column, [format_rate(value) for value in values])


def _fund(work: _Work, plan: Plan) -> None:
    """Put aside from every order what the plan's own account will pay for it."""
    economics = Economics(plan, work.cost)
    owed = (each.multiple.high for each in economics.promises if economics.from_own_account(each))
    own, reserved = sum(owed, _rewards(economics)), economics.feeds.get(RESERVE, Fraction(0))
    feeds = sum(economics.feeds.values(), Fraction(0))
    if own <= reserved and work.cost + feeds <= 1:
        return
    if plan.params["funding"] != "reserve":
        work.sheet.set_param("funding", "reserve", _FUNDED)
    share = -(-own.numerator * MICRO // own.denominator)
    work.sheet.set_param("reserve_share", format_rate(min(share, MICRO)), _FUNDED)


def _no_cash(work: _Work, plan: Plan) -> None:
    """What comes back to a buyer buys goods in this shop."""
    economics = Economics(plan, work.cost)
    stores = {each.store for each in economics.promises if each.store and each.asset == "cash"}
    for index, rule in enumerate(plan.rules):
        if isinstance(rule.pay, Asset) and rule.gate is not None and rule.gate.drain in stores:
            work.sheet.set_slot(_NO_CASH, "coin", index, "pay", "asset")
    if stores or any(isinstance(rule.pay, Asset) and rule.pay.asset == "coin" for rule in plan.rules):
        for name in ("coin_withdrawable", "coin_transferable"):
            if plan.params[name]:
                work.sheet.set_param(name, False, _NO_CASH)


def _no_shares(work: _Work, plan: Plan) -> None:
    """Nothing is issued up to a fixed number, as shares of a company are."""
    for name, store in plan.stores.items():
        if isinstance(store, Weight) and store.cap is not None:
            work.sheet.set_store(_NO_SHARES, None, name, "cap")


_STEPS: tuple[_Step, ...] = (_settle, _one_level, _safe_tokens, _bound_shares, _bound, _fund, _no_cash, _no_shares)


# -- where parameters do not do -------------------------------------------------------------------------------------


def _take_out(work: _Work, plan: Plan, named: tuple[str, ...], law: str) -> None:
    """Take out the rules that something still blocks, with what hangs on them; a rebate stands in for them."""
    reason, sheet = Reason("taken_out", (law,)), work.sheet
    minting = [rule for rule in plan.rules if isinstance(rule.pay, Mint) and rule.id in named]
    tokens = {rule.pay.tokens for rule in minting if isinstance(rule.pay, Mint)}
    gone = {i for i, rule in enumerate(plan.rules) if rule.id in named or (rule.gate and rule.gate.drain in tokens)}
    left = [rule for i, rule in enumerate(plan.rules) if i not in gone]
    drawn = {rule.pay.source for rule in left if isinstance(rule.pay, Asset)}
    gone |= {i for i, rule in enumerate(plan.rules) if isinstance(rule.pay, Feed) and rule.pay.pool not in drawn}
    for index in sorted(gone, reverse=True):
        sheet.remove(index, reason)
    for name, store in plan.stores.items():
        if name in tokens or (isinstance(store, Curve) and name not in drawn):
            sheet.drop_store(name, reason)
    if not any(isinstance(rule.pay, Asset) for rule in left):
        sheet.clear()
        _rebate(work, reason)


def _rebate(work: _Work, reason: Reason) -> None:
    """A part of the margin comes back day by day, put aside from the order itself."""
    rate = format_rate(int(MULTIPLE_MAX * MICRO))
    part = {"share": rate, "of": "trigger_margin"}
    stores = {"points": {"lots": "parallel"}, "rebate": {"pool": "money"}}
    rules = [
        {"id": "feed", "when": "order", "amount": part, "pay": {"feed": "rebate"}},
        {"id": "grant", "when": "order", "amount": part, "pay": {"grant": "points"}},
        {"id": "static", "when": "daily", "amount": {"schedule": "points", "rate": "1%", "of": "granted"},
         "gate": {"drain": "points"}, "pay": {"asset": "coin", "from": "rebate"}},
    ]  # fmt: skip
    work.sheet.add(stores, rules, reason)
