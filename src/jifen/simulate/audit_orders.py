"""An order takes effect: its rules in the order of the plan, and the walks over its ancestors."""

from dataclasses import dataclass, field
from fractions import Fraction
from operator import add

from jifen.core.micros import MICRO
from jifen.plan.model import (
    Curve,
    Feed,
    Grant,
    Mint,
    Ranks,
    Row,
    Rule,
    Schedule,
    Share,
    Tier,
    Walk,
)
from jifen.simulate.audit_books import RESERVE, Books, Fed, Lot, Order, Source, Stand, Terms, weighed
from jifen.simulate.audit_curve import curve_of, price
from jifen.simulate.audit_payments import Scope
from jifen.simulate.audit_ranks import has_live_order, net_spend, rank_of

__all__ = ["grant_lot", "row_for", "schedule_terms", "take_effect", "walk"]


@dataclass(slots=True)
class _Effect:
    """An order at work: its net amount, the points it granted, what its earlier rules made, the prices before it."""

    order: Order
    prices: dict[str, Fraction]
    points: int = 0
    point_rates: tuple[int, ...] = ()
    """How much of the points each line bears."""
    made: dict[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    """By rule: its amount, and how much of it each line bears."""


def take_effect(books: Books, order: Order) -> None:
    """Run the order's rules with its net amount (once)."""
    order.waiting = False
    skus = books.plan.params["skus"]
    order.even = tuple(int(skus is None or line.sku in skus) for line in order.lines)
    if not any(order.even):
        return
    order.counts = True
    if books.paused or order.kept == 0 or _is_outside(books, order):
        return
    curves = [store for store in books.plan.stores.values() if isinstance(store, Curve)]
    effect = _Effect(order, {curve.name: price(books, curve) for curve in curves}, point_rates=(0,) * len(order.lines))
    _feed(books, order, RESERVE, books.plan.params["reserve_share"] * order.kept // MICRO, order.even)
    scope = Scope(books)
    for rule in books.plan.rules:
        if rule.when == "order" and not rule.off:
            _fire(books, scope, rule, effect)
    scope.close()


def row_for(tier: Tier, measure: int) -> Row | None:
    """Return the highest row whose ``min`` the measure reaches."""
    reached = [row for row in tier.rows if row.min is not None and row.min <= measure]
    return reached[-1] if reached else None


def _measure(books: Books, tier: Tier, order: Order) -> int:
    if tier.at == "single_order":
        return order.kept
    if tier.at == "cumulative":
        return net_spend(books, order.member)
    raise NotImplementedError(f"a tier judged by {tier.at}")


def _is_outside(books: Books, order: Order) -> bool:
    """Whether the order is below the first row of a table: then no rule runs for it."""
    tiers = [r.amount for r in books.plan.rules if r.when == "order" and not r.off and isinstance(r.amount, Tier)]
    return any(row_for(tier, _measure(books, tier, order)) is None for tier in tiers)


def _fire(books: Books, scope: Scope, rule: Rule, effect: _Effect) -> None:
    """Run one rule of an order."""
    if isinstance(rule.who, Walk):
        for receiver, rate in walk(books, rule, effect.order.member):
            exact, rates = _exact(books, rule, rate, effect, receiver)
            scope.reward(rule, receiver, int(exact), [Source(Stand.on(effect.order, rates), int(exact))])
        return
    if rule.who is not None:
        raise NotImplementedError(f"rule {rule.id}: {rule.who} at an order")
    exact, rates = _exact(books, rule, _own_rate(books, rule, effect), effect, effect.order.member)
    effect.made[rule.id] = (int(exact), rates)
    if isinstance(rule.pay, Grant):
        _grant(books, scope, rule, effect)
    elif isinstance(rule.pay, Feed):
        _feed(books, effect.order, rule.pay.pool, int(exact), rates)
    elif isinstance(rule.pay, Mint):
        _mint(books, rule.pay, effect, exact, rates)
    else:
        raise NotImplementedError(f"rule {rule.id}: {rule.pay} to the buyer")


def _own_rate(books: Books, rule: Rule, effect: _Effect) -> int:
    """Return the rate of a rule for the buyer."""
    amount = rule.amount
    if isinstance(amount, Tier):
        row = row_for(amount, _measure(books, amount, effect.order))
        return row.columns[amount.column] if row else 0
    if isinstance(amount, Share) and len(amount.rates) == 1 and amount.whole is None and not amount.spread:
        return amount.rates[0]
    raise NotImplementedError(f"rule {rule.id}: {amount} for the buyer")


def _exact(books: Books, rule: Rule, rate: int, effect: _Effect, receiver: str) -> tuple[Fraction, tuple[int, ...]]:
    """Return rate × base, exactly, and how much of it each line bears."""
    order = effect.order
    of = getattr(rule.amount, "of", None)
    if of == "trigger_amount":
        rates = _rates_by_line(rule, rate, order)
        return Fraction(weighed(order.left, rates), MICRO), rates
    if of == "trigger_points":
        return Fraction(rate * effect.points, MICRO), effect.point_rates
    if of in effect.made:
        base, rates = effect.made[of]
        return Fraction(rate * base, MICRO), rates
    base = _margin(order) if of == "trigger_margin" else _own_base(books, rule, receiver)
    return Fraction(rate * base, MICRO), order.even


def _rates_by_line(rule: Rule, rate: int, order: Order) -> tuple[int, ...]:
    """Return the rate of each line that takes part: that of the first override that fits, else the rule's."""
    overrides = rule.amount.overrides if isinstance(rule.amount, Share) else ()
    rates = []
    for line, takes_part in zip(order.lines, order.even, strict=True):
        fits = (override.rate for override in overrides if getattr(line, override.key) == override.equals)
        rates.append(next(fits, rate) * takes_part)
    return tuple(rates)


def _margin(order: Order) -> int:
    """Return what the lines that take part earn, in proportion to what is kept of them."""
    earned = sum(max(0, line.amount - line.cost) for line, takes_part in zip(order.lines, order.even, strict=True)
                 if takes_part)  # fmt: skip
    return earned * order.kept // weighed((line.amount for line in order.lines), order.even)


def _own_base(books: Books, rule: Rule, receiver: str) -> int:
    """Return a base that is the receiver's own."""
    of = getattr(rule.amount, "of", None)
    lots = books.live_lots(receiver, rule.gate.drain) if rule.gate and rule.gate.drain else []
    if of == "own_granted":
        return sum(lot.granted for lot in lots)
    if of == "own_remaining":
        return sum(lot.available for lot in lots)
    if of == "own_claim":
        return lots[0].granted if lots else 0
    raise NotImplementedError(f"rule {rule.id}: base {of}")


# -- what an order gives --------------------------------------------------------------------------------------------


def _feed(books: Books, order: Order, account: str, amount: int, rates: tuple[int, ...]) -> None:
    """Put money of an order into an account."""
    if amount:
        order.fed.append(Fed(account, amount, Stand.on(order, rates)))
        books.accounts[account].put(amount)


def grant_lot(books: Books, store: str, member: str, points: int, source: tuple[str, Stand, Terms]) -> Lot | None:
    """Make a lot (a grant of 0 makes none). ``source``: the id it comes from, the order it stands on, its terms."""
    if points == 0:
        return None
    name, stand, terms = source
    opens = books.open_day + books.lot_store(store).lag
    lot = Lot(len(books.lots), name, member, store, opens, stand, points, terms)
    books.lots.append(lot)
    return lot


def schedule_terms(books: Books, store: str) -> Schedule | None:
    """Return the schedule by which lots of a store release, if there is one."""
    schedules = [rule.amount for rule in books.plan.rules if isinstance(rule.amount, Schedule) and not rule.off]
    return next((schedule for schedule in schedules if schedule.lots == store), None)


def _grant(books: Books, scope: Scope, rule: Rule, effect: _Effect) -> None:
    """Grant a lot to the buyer; what is banked for him is released from it."""
    if not isinstance(rule.pay, Grant):
        return
    points, rates = effect.made[rule.id]
    effect.points += points
    effect.point_rates = tuple(map(add, effect.point_rates, rates))
    schedule = schedule_terms(books, rule.pay.lots)
    table = rule.amount if isinstance(rule.amount, Tier) and rule.amount.retier else None
    terms = Terms(schedule.rate, schedule.of, table) if schedule else Terms(table=table)
    order = effect.order
    lot = grant_lot(books, rule.pay.lots, order.member, points, (order.id, Stand.on(order, rates), terms))
    if lot is not None:
        scope.release_bank(lot)


def _mint(books: Books, pay: Mint, effect: _Effect, exact: Fraction, rates: tuple[int, ...]) -> None:
    """Mint tokens: ⌊exact ÷ price⌋, at the price before the order or after its feed; none at price 0."""
    curve = curve_of(books, pay.tokens)
    now = effect.prices[curve.name] if pay.price == "pre_deposit" else price(books, curve)
    order = effect.order
    tokens = int(exact / now) if now else 0
    grant_lot(books, pay.tokens, order.member, tokens, (order.id, Stand.on(order, rates), Terms()))


# -- walks ----------------------------------------------------------------------------------------------------------


def walk(books: Books, rule: Rule, member: str) -> list[tuple[str, int]]:
    """Return the ancestors a rule pays, from the parent up, each with its rate."""
    who, amount = rule.who, rule.amount
    if not isinstance(who, Walk) or who.tree != "referral" or not isinstance(amount, Share):
        raise NotImplementedError(f"rule {rule.id}: {who}")
    ancestors = books.ancestors(member)
    if who.by == "generation":
        found = _by_generation(who, amount, ancestors)
    elif who.by in ("rank", "peer"):
        ranks = books.plan.ranks[who.ranks or ""]
        rated = [(ancestor, _rate(books, ranks, ancestor)) for ancestor in ancestors]
        found = _by_rank(rated) if who.by == "rank" else _by_peer(who, amount, rated)
    else:
        raise NotImplementedError(f"rule {rule.id}: a walk by {who.by}")
    return [(ancestor, rate) for ancestor, rate in found if not who.own_order or has_live_order(books, ancestor)]


def _rate(books: Books, ranks: Ranks, member: str) -> int:
    row = rank_of(books, ranks, member)
    return ranks.rate(row) if row else 0


def _by_generation(who: Walk, amount: Share, ancestors: list[str]) -> list[tuple[str, int]]:
    """Give the i-th ancestor the i-th rate; one rate serves ``depth`` generations."""
    rates = list(amount.rates)
    if who.depth is not None:
        rates = rates * who.depth if len(rates) == 1 else rates[: who.depth]
    return list(zip(ancestors, rates, strict=False))


def _by_rank(rated: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Who has a higher rate than all met gets the difference."""
    covered, found = 0, []
    for ancestor, rate in rated:
        if rate > covered:
            found.append((ancestor, rate - covered))
            covered = rate
    return found


def _by_peer(who: Walk, amount: Share, rated: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Who has the highest rate met so far (or, by choice, a lower one) gets the award, ``most`` of them a height."""
    covered, awarded, found = 0, 0, []
    for ancestor, rate in rated:
        if rate > covered:
            covered, awarded = rate, 0
            continue
        applies = rate == covered if who.applies == "equal" else rate > 0
        if covered > 0 and applies and awarded < who.most:
            found.append((ancestor, amount.rates[0]))
            awarded += 1
    return found
