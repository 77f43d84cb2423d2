"""An order takes effect: its rules in the order of the plan, and the walks over its ancestors."""

from dataclasses import dataclass, field
from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import (
    Curve,
    Feed,
    Grant,
    Mint,
    Plan,
    Ranks,
    Row,
    Rule,
    Schedule,
    Share,
    Tier,
    Walk,
)
from jifen.simulate.audit_books import RESERVE, Books, Fed, Lot, Order, Source, Stand, Terms
from jifen.simulate.audit_curve import curve_of, price
from jifen.simulate.audit_payments import Scope
from jifen.simulate.audit_ranks import has_live_order, net_spend, rank_of

__all__ = ["grant_lot", "row_for", "schedule_terms", "take_effect", "walk"]


@dataclass(slots=True)
class _Effect:
    """An order at work: its net amount, the points it granted, what its earlier rules made, the prices before it."""

    order: Order
    amount: int
    prices: dict[str, Fraction]
    points: int = 0
    made: dict[str, int] = field(default_factory=dict)


def take_effect(books: Books, order: Order) -> None:
    """Run the order's rules with its net amount (once)."""
    order.waiting = False
    if order.void or not _takes_part(books.plan, order):
        return
    order.counts = True
    if order.kept == 0 or _is_outside(books, order):
        return
    curves = [store for store in books.plan.stores.values() if isinstance(store, Curve)]
    effect = _Effect(order, order.kept, {curve.name: price(books, curve) for curve in curves})
    _feed(books, order, RESERVE, books.plan.params["reserve_share"] * effect.amount // MICRO)
    scope = Scope(books)
    for rule in books.plan.rules:
        if rule.when == "order" and not rule.off:
            _fire(books, scope, rule, effect)
    scope.close()


def _takes_part(plan: Plan, order: Order) -> bool:
    """Whether the order is of the plan's products (all its lines are)."""
    skus = plan.params["skus"]
    return skus is None or all(line.sku in skus for line in order.lines)


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
            base = _base(books, rule, effect, receiver)
            exact = _exact(books, rule, rate, base, effect.order)
            scope.reward(rule, receiver, int(exact), [Source(Stand.on(effect.order), int(exact))])
        return
    if rule.who is not None:
        raise NotImplementedError(f"rule {rule.id}: {rule.who} at an order")
    exact = _own_exact(books, rule, effect)
    if isinstance(rule.pay, Grant):
        _grant(books, scope, rule, effect, int(exact))
    elif isinstance(rule.pay, Feed):
        effect.made[rule.id] = int(exact)
        _feed(books, effect.order, rule.pay.pool, int(exact))
    elif isinstance(rule.pay, Mint):
        _mint(books, rule.pay, effect, exact)
    else:
        raise NotImplementedError(f"rule {rule.id}: {rule.pay} to the buyer")


def _own_exact(books: Books, rule: Rule, effect: _Effect) -> Fraction:
    """Return the exact amount of a rule for the buyer."""
    amount = rule.amount
    if isinstance(amount, Tier):
        row = row_for(amount, _measure(books, amount, effect.order))
        multiple = row.columns[amount.column] if row else 0
        return Fraction(multiple * _base(books, rule, effect, effect.order.member), MICRO)
    if isinstance(amount, Share) and len(amount.rates) == 1 and amount.whole is None and not amount.spread:
        return _exact(books, rule, amount.rates[0], _base(books, rule, effect, effect.order.member), effect.order)
    raise NotImplementedError(f"rule {rule.id}: {amount} for the buyer")


def _exact(books: Books, rule: Rule, rate: int, base: int, order: Order) -> Fraction:
    if not isinstance(rule.amount, Share):
        raise NotImplementedError(f"rule {rule.id}: {rule.amount} on a walk")
    return books.share_of(rule.amount, rate, base, order)


def _base(books: Books, rule: Rule, effect: _Effect, receiver: str) -> int:
    """Return what the rate multiplies."""
    of = getattr(rule.amount, "of", None)
    if of == "trigger_amount":
        return effect.amount
    if of == "trigger_points":
        return effect.points
    if of in effect.made:
        return effect.made[of]
    lots = books.live_lots(receiver, rule.gate.drain) if rule.gate and rule.gate.drain else []
    if of == "own_granted":
        return sum(lot.granted for lot in lots)
    if of == "own_remaining":
        return sum(lot.available for lot in lots)
    if of == "own_claim":
        return lots[0].granted if lots else 0
    raise NotImplementedError(f"rule {rule.id}: base {of}")


# -- what an order gives --------------------------------------------------------------------------------------------


def _feed(books: Books, order: Order, account: str, amount: int) -> None:
    """Put money of an order into an account."""
    order.fed.append(Fed(account, amount, Stand.on(order)))
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


def _grant(books: Books, scope: Scope, rule: Rule, effect: _Effect, points: int) -> None:
    """Grant a lot to the buyer; what is banked for him is released from it."""
    if not isinstance(rule.pay, Grant):
        return
    effect.points += points
    effect.made[rule.id] = points
    schedule = schedule_terms(books, rule.pay.lots)
    table = rule.amount if isinstance(rule.amount, Tier) and rule.amount.retier else None
    terms = Terms(schedule.rate, schedule.of, table) if schedule else Terms(table=table)
    order = effect.order
    lot = grant_lot(books, rule.pay.lots, order.member, points, (order.id, Stand.on(order), terms))
    if lot is not None:
        scope.release_bank(lot)


def _mint(books: Books, pay: Mint, effect: _Effect, exact: Fraction) -> None:
    """Mint tokens: ⌊exact ÷ price⌋, at the price before the order or after its feed; none at price 0."""
    curve = curve_of(books, pay.tokens)
    now = effect.prices[curve.name] if pay.price == "pre_deposit" else price(books, curve)
    order = effect.order
    tokens = int(exact / now) if now else 0
    grant_lot(books, pay.tokens, order.member, tokens, (order.id, Stand.on(order), Terms()))


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
