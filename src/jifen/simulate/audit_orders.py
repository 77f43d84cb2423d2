"""An order takes effect, an old debt is booked, a task is done: their rules, in the order of the plan."""

from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.plan.model import (
    Asset,
    Feed,
    Grant,
    Head,
    Mint,
    Money,
    Nothing,
    Rule,
    Schedule,
    Share,
    Tier,
    Weigh,
    Weight,
)
from jifen.simulate.audit_bases import Made, Rates, Trigger, part_of, row_of, worked_out
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_curve import curve_of, price
from jifen.simulate.audit_effects import RESERVE, Fed, Lot, Order, Source, Stand, Terms, Weighed
from jifen.simulate.audit_payments import Scope
from jifen.simulate.audit_queues import enter, serve
from jifen.simulate.audit_ranks import fix_tiers
from jifen.simulate.audit_walks import receivers

__all__ = ["book_debt", "do_task", "grant_lot", "schedule_of", "take_effect", "task_rules", "weigh"]


def take_effect(books: Books, order: Order) -> None:
    """Run the order's rules with its net amount (once)."""
    order.waiting = False
    skus = books.plan.params["skus"]
    order.even = tuple(int(skus is None or line.sku in skus) for line in order.lines)
    if not any(order.even):
        return
    order.counts, order.entered = True, order.kept
    fix_tiers(books, order)
    trigger = Trigger.by_order(books, order)
    if books.paused or order.kept == 0 or _is_outside(books, trigger):
        return
    _feed(books, order, RESERVE, books.plan.params["reserve_share"] * order.kept // MICRO, order.even)
    _run(books, "order", trigger)


def book_debt(books: Books, source: str, member: str, amount: int) -> None:
    """Run the rules of an old debt; no order stands behind what they make."""
    if not books.paused:
        _run(books, "liability", Trigger(source, member, amount))


def task_rules(books: Books) -> list[Rule]:
    """Return the rules that reward tasks."""
    return [rule for rule in books.plan.rules if rule.when == "task" and not rule.off]


def do_task(books: Books, source: str, member: str) -> None:
    """Reward a task: each rule pays for its first n tasks of the day."""
    done = books.tasks.get(member, 0)
    books.tasks[member] = done + 1
    trigger, scope = Trigger(source, member), Scope(books)
    for rule in task_rules(books):
        if not isinstance(rule.amount, Tier) or done < rule.amount.parts:
            _fire(books, scope, rule, trigger)
    scope.close()


def _run(books: Books, when: str, trigger: Trigger) -> None:
    scope = Scope(books)
    for rule in books.plan.rules:
        if rule.when == when and not rule.off:
            _fire(books, scope, rule, trigger)
    scope.close()


def _is_outside(books: Books, trigger: Trigger) -> bool:
    """Whether the order is below the first row of a table: then no rule runs for it."""
    rules = [rule.amount for rule in books.plan.rules if rule.when == "order" and not rule.off]
    return any(isinstance(amount, Tier) and row_of(books, amount, trigger) is None for amount in rules)


def _fire(books: Books, scope: Scope, rule: Rule, trigger: Trigger) -> None:
    """Run one rule, and remember what it came to for those that are based on it."""
    if isinstance(rule.who, Head):
        serve(books, scope, rule)
        return
    key = part_of(rule), rule.id
    if isinstance(rule.amount, Share) and rule.amount.whole is not None:
        made = enter(books, scope, rule, trigger)
        trigger.points[key[0]] = trigger.points.get(key[0], Made()) + made
        trigger.made[key] = made
        return
    trigger.made[key] = Made()
    for receiver, rate in receivers(books, rule, trigger):
        exact, rates = worked_out(books, rule, rate, trigger, receiver)
        made = Made(int(exact), rates)
        if isinstance(rule.pay, Asset | Nothing):
            scope.reward(rule, receiver, made.amount, trigger.sources(made))
        elif rule.gate is not None:
            raise NotImplementedError(f"rule {rule.id}: a gate before {rule.pay}")
        elif isinstance(rule.pay, Weigh):
            given = weigh(books, rule.pay.weight, receiver, made.amount, trigger.sources(made))
            made = Made(given, rates)
        elif isinstance(rule.pay, Grant):
            _grant(books, scope, rule, receiver, made, trigger)
        elif isinstance(rule.pay, Mint):
            _mint(books, rule.pay, receiver, exact, rates, trigger)
        else:
            _feeds(books, rule, trigger, exact, rates)
        if rule.who is None and isinstance(rule.pay, Grant):
            trigger.points[key[0]] = trigger.points.get(key[0], Made()) + made
        if rule.who is None and isinstance(rule.pay, Weigh):
            trigger.weights[key[0]] = trigger.weights.get(key[0], Made()) + made
        trigger.made[key] = trigger.made[key] + made


# -- money and weights ----------------------------------------------------------------------------------------------


def _feed(books: Books, order: Order | None, account: str, amount: int, rates: Rates) -> None:
    """Put money into an account; of an order it stands on the order."""
    if amount:
        books.accounts[account].put(amount)
        if order is not None:
            order.fed.append(Fed(account, amount, Stand.on(order, rates)))


def _feeds(books: Books, rule: Rule, trigger: Trigger, exact: Fraction, rates: Rates) -> None:
    """Feed a pool, or the pools of a family, each with its part in one quotient."""
    if not isinstance(rule.pay, Feed):
        return
    store = books.plan.stores[rule.pay.pool]
    if not isinstance(store, Money) or store.each is None:
        _feed(books, trigger.order, rule.pay.pool, int(exact), rates)
        return
    parts = rule.amount.spread if isinstance(rule.amount, Share) else ()
    for row, part in zip(books.plan.ranks[store.each].ladder, parts, strict=True):
        _feed(books, trigger.order, row.name, int(exact * part / MICRO), rates)


def weigh(books: Books, store: str, member: str, wanted: int, sources: list[Source]) -> int:
    """Give weight, no more in all than the cap lets pass, and return what was given."""
    weights = books.plan.stores[store]
    cap = weights.cap if isinstance(weights, Weight) else None
    given = wanted if cap is None else max(0, min(wanted, cap - books.issued(store)))
    if given:
        books.weighed.append(Weighed(member, store, wanted, given, sources))
    return given


# -- lots -----------------------------------------------------------------------------------------------------------


def grant_lot(books: Books, store: str, member: str, points: int, source: tuple[str, Stand, Terms]) -> Lot | None:
    """Make a lot (a grant of 0 makes none). ``source``: the id it comes from, the order it stands on, its terms."""
    if points == 0:
        return None
    name, stand, terms = source
    opens = books.open_day + books.lot_store(store).lag
    lot = Lot(len(books.lots), name, member, store, books.open_day, opens, stand, points, terms)
    books.lots.append(lot)
    return lot


def schedule_of(books: Books, store: str) -> Schedule | None:
    """Return the schedule by which lots of a store release, if there is one."""
    schedules = [rule.amount for rule in books.plan.rules if isinstance(rule.amount, Schedule) and not rule.off]
    return next((schedule for schedule in schedules if schedule.lots == store), None)


def _grant(books: Books, scope: Scope, rule: Rule, receiver: str, made: Made, trigger: Trigger) -> None:
    """Grant a lot; what is banked for its owner is released from it."""
    if not isinstance(rule.pay, Grant):
        return
    schedule = schedule_of(books, rule.pay.lots) or Schedule(rule.pay.lots)
    table = rule.amount if isinstance(rule.amount, Tier) and rule.amount.retier else None
    base = None if trigger.order else trigger.amount
    terms = Terms(schedule.rate, schedule.of, base, schedule.parts, schedule.every, table)
    source = (trigger.source, trigger.stand(made.rates), terms)
    lot = grant_lot(books, rule.pay.lots, receiver, made.amount, source)
    if lot is not None:
        scope.release_bank(lot)


def _mint(books: Books, pay: Mint, receiver: str, exact: Fraction, rates: Rates, trigger: Trigger) -> None:
    """Mint tokens: ⌊exact ÷ price⌋, at the price before the order or after its feed; none at price 0."""
    curve = curve_of(books, pay.tokens)
    now = trigger.prices.get(curve.name) if pay.price == "pre_deposit" else None
    now = price(books, curve) if now is None else now
    tokens = int(exact / now) if now else 0
    grant_lot(books, pay.tokens, receiver, tokens, (trigger.source, trigger.stand(rates), Terms()))
