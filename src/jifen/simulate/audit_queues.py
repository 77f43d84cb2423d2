"""Queues: who stands in line, tickets that enter it, the service of its head, and tickets that a refund takes away."""

from jifen.core.micros import MICRO
from jifen.plan.model import Asset, Grant, Head, Lots, Remaining, Rule, Share
from jifen.simulate.audit_bases import Made, Trigger, coin_paid, margin
from jifen.simulate.audit_books import Books
from jifen.simulate.audit_effects import Lot, Order, Terms
from jifen.simulate.audit_payments import Scope, asset_worth
from jifen.simulate.audit_ranks import net_spend

__all__ = ["counting_queue", "enter", "serve", "take_back_tickets", "waiting"]


def waiting(books: Books, stores: list[str]) -> list[Lot]:
    """Return waiting claims in serving order, locked ones too: by unlock day, then arrival."""
    lots = [lot for lot in books.lots if lot.store in stores and lot.available > 0]
    return sorted(lots, key=lambda lot: (lot.opens, lot.number))


def serve(books: Books, scope: Scope, rule: Rule) -> None:
    """Pay the head of the line in full, while the pool can or while enough newcomers have come.

    ``skip`` passes over those the pool cannot pay. Newcomers are used up even where the reserve then falls short.
    """
    head, gate, pay = rule.who, rule.gate, rule.pay
    owed = isinstance(rule.amount, Remaining)
    if not owed or not isinstance(head, Head) or gate is None or not isinstance(pay, Asset):
        raise NotImplementedError(f"rule {rule.id}: a service of {rule.amount} by {rule.gate}")
    for lot in waiting(books, [head.lots]):
        if lot.opens > books.open_day:
            continue
        if gate.newcomers is not None:
            counter = books.counters.get(head.lots, 0)
            if counter < gate.newcomers:
                break
            books.counters[head.lots] = counter - gate.newcomers
        elif gate.funded is None:
            raise NotImplementedError(f"rule {rule.id}: a head served for no reason")
        elif asset_worth([(lot, lot.available)], pay.per_point) > books.accounts[gate.funded].balance:
            if head.line == "strict":
                break
            continue
        scope.release(rule, lot, lot.available)


# -- tickets --------------------------------------------------------------------------------------------------------


def _tickets(books: Books, store: str, member: str, order: Order | None = None) -> list[Lot]:
    """Return the tickets that a member's orders (or one of them) have made and that are still there."""
    lots = [lot for lot in books.lots_of(member, store) if lot.whole and not lot.gone]
    return [lot for lot in lots if order is None or lot.stand.order is order]


def _lacking(books: Books, share: Share, store: str, order: Order) -> int:
    """Return how many tickets the order, or its member, lacks to what is due now; below 0: how many are too many."""
    unit = share.whole or 1
    if share.of == "cumulative":
        return net_spend(books, order.member) // unit - len(_tickets(books, store, order.member))
    match share.of:
        case "single_order" | "trigger_amount":
            base = order.kept
        case "trigger_margin":
            base = margin(order)
        case "coin_paid":
            base = coin_paid(order)
        case _:
            raise NotImplementedError(f"whole units of {share.of}")
    return base // unit - len(_tickets(books, store, order.member, order))


def enter(books: Books, scope: Scope, rule: Rule, trigger: Trigger) -> Made:
    """Let the order's tickets enter the line, each a lot of its own, and return what they are worth in all."""
    share, order = rule.amount, trigger.order
    if not isinstance(share, Share) or not isinstance(rule.pay, Grant) or order is None or rule.who is not None:
        raise NotImplementedError(f"rule {rule.id}: whole units for {rule.who}")
    name, worth = rule.pay.lots, share.rates[0] * (share.whole or 0) // MICRO
    store, entered = books.lot_store(name), 0
    for _ in range(_lacking(books, share, name, order) if worth else 0):
        counts = store.counts == "every_group" or (store.counts == "after_head" and bool(waiting(books, [name])))
        opens = books.open_day + store.lag
        lot = Lot(
            len(books.lots), order.id, order.member, name, books.open_day, opens, trigger.stand(order.even), worth,
            Terms(), whole=True, counted=counts,
        )  # fmt: skip
        books.lots.append(lot)
        books.counters[name] = books.counters.get(name, 0) + counts
        scope.release_bank(lot)
        entered += 1
    return Made(entered * worth, tuple(share.rates[0] * bears for bears in order.even))


def take_back_tickets(books: Books, order: Order) -> None:
    """Let the tickets disappear that are more than what is due now: the newest waiting first, then the newest paid."""
    for rule in books.plan.rules:
        share = rule.amount
        if not isinstance(share, Share) or share.whole is None or not isinstance(rule.pay, Grant):
            continue
        name = rule.pay.lots
        surplus = -_lacking(books, share, name, order)
        tickets = _tickets(books, name, order.member, None if share.of == "cumulative" else order)
        newest_first = sorted(tickets, key=lambda lot: (lot.remaining > 0, lot.number), reverse=True)
        for lot in newest_first[: max(0, surplus)]:
            lot.gone = True
            if lot.counted:
                books.counters[name] -= 1


def counting_queue(books: Books) -> str | None:
    """Return the plan's first queue that counts newcomers."""
    stores = [store for store in books.plan.stores.values() if isinstance(store, Lots)]
    return next((store.name for store in stores if store.counts is not None), None)
