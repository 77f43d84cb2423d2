"""Tokens whose price is a pool divided by their supply: minted, sold, forced out, burned.

Every quotient is taken once, of exact integers: a mint is ⌊share × deposit ÷ price⌋, a sale pays
⌊tokens × price × (1 − fee)⌋. The fee is never moved: it stays in the pool. When the last token goes, the price before
is remembered.
"""

from fractions import Fraction

from jifen.core.micros import MICRO
from jifen.engine.books import Books, On, place_of
from jifen.engine.columns import SUM_MAX
from jifen.engine.grants import add_lot
from jifen.engine.program import Step
from jifen.engine.tables import NONE
from jifen.engine.world import World, price_of
from jifen.ledger.journal import Account
from jifen.plan.model import Asset, Curve, Mint, Share, Value

__all__ = [
    "add_sale", "add_tokens", "burn", "curve_of", "exit_cap", "exit_price", "leave", "mint", "sell", "standing_sales",
    "token_store", "value_of",
]  # fmt: skip


def curve_of(world: World) -> Curve:
    """The plan's curve pool (a plan with tokens has one: the loader checks it)."""
    curve = world.program.curve
    if curve is None:
        raise LookupError("the plan has no curve pool")
    return curve


def token_store(world: World) -> str:
    """The name of the store whose lots are tokens."""
    stores = world.program.plan.stores.values()
    return next(store.name for store in stores if getattr(store, "mode", "") == "tokens")


def mint(books: Books, step: Step, feed: int, price_before: tuple[int, int]) -> None:
    """Tokens to the buyer for a share of what a feed just put into the pool, at the price before or after it."""
    pay, amount, world = step.rule.pay, step.rule.amount, books.world
    if not isinstance(pay, Mint) or not isinstance(amount, Share) or feed == NONE:
        return
    balance, supply = price_before if pay.price == "pre_deposit" else price_of(world, curve_of(world))
    if balance <= 0:
        return
    feeds, order = world.feeds, world.feeds.order.item(feed)
    tokens = amount.rates[0] * feeds.amount.item(feed) * supply // (MICRO * balance)
    tokens = min(tokens, SUM_MAX - world.token_supply)  # an order that settles late cannot be refused any more
    lot = add_tokens(books, world.orders.member.item(order), pay.tokens, tokens, step.rule.id, order)
    if lot != NONE:  # tokens stand on the order's lines as their feed does
        world.lots.key[lot], world.lots.kept_then[lot] = feeds.key.item(feed), feeds.kept_then.item(feed)


def add_tokens(books: Books, member: int, store: str, amount: int, rule: str, order: int = NONE) -> int:
    """A lot of ``amount`` tokens; the supply grows by it."""
    world = books.world
    if amount <= 0:
        return NONE
    lot = add_lot(world, member, store, amount, order=order)
    world.members.tokens[member] += amount
    world.token_supply += amount
    books.reclaim(member, lot, amount, rule=rule)
    world.token_touched.add(member)
    return lot


def burn(world: World, member: int, lot: int, tokens: int, price: tuple[int, int]) -> None:
    """Take tokens out of a lot and the supply; when the last goes, the ``price`` before is remembered.

    Below 0 tokens come back: a refund's parts are floored one by one.
    """
    if tokens == world.token_supply > 0:
        world.last_price = price
    world.lots.remaining[lot] -= tokens
    world.members.tokens[member] -= tokens
    world.token_supply -= tokens
    world.token_touched.add(member)


def sell(books: Books, step: Step, member: int, tokens: int) -> None:
    """Sell ``tokens`` to the pool, oldest lots first."""
    pay, world = step.rule.pay, books.world
    if not isinstance(pay, Asset):
        return
    balance, supply = price_of(world, curve_of(world))
    net = tokens * balance * (MICRO - pay.retain) // (supply * MICRO)
    lots = list(world.lots_of(member, world.stores.numbers[token_store(world)]))
    leave(books, step, member, lots, tokens, net)


def leave(books: Books, step: Step, member: int, lots: list[int], tokens: int, net: int) -> None:
    """Let ``tokens`` of these lots leave for ``net`` from the pool; each lot's part of it is floored by itself.

    The dust of the parts goes with the last lot's transfer; it stands on no order and is never taken back.
    """
    pay, world = step.rule.pay, books.world
    if not isinstance(pay, Asset):
        return
    balance, supply = price_of(world, curve_of(world))
    terms = world.terms_of(pay)
    asset, _, fund = world.terms[terms]
    rule = world.rule_names.number(step.rule.id)
    left, rest = tokens, net
    for lot in lots:
        taken = min(left, world.lots.remaining.item(lot))
        if taken == 0:
            continue
        left -= taken
        part = net * taken // tokens
        gross = taken * balance // supply
        paid = rest if left == 0 else part
        rest -= paid
        add_sale(books, lot, rule, terms, tokens=taken, gross=gross, proceeds=part, dust=paid - part)
        order = world.lots.order.item(lot)
        on = On(lot=lot, drained=taken, order=order)
        books.move(step.rule.id, place_of(fund), (Account.WALLET, member), paid, asset, on)
        world.members.realised[member] += gross
        burn(world, member, lot, taken, (balance, supply))
        if left == 0:
            break


def add_sale(books: Books, lot: int, rule: int, terms: int, **amounts: int) -> None:
    """Remember what left a lot."""
    world, order = books.world, books.world.lots.order.item(lot)
    world.lots.last_release[lot] = world.sales.add(
        lot=lot, before=world.lots.last_release.item(lot), event=books.event, day=world.open_day, rule=rule,
        terms=terms, kept_then=0 if order == NONE else world.kept(order, world.lots.key.item(lot)), **amounts,
    )  # fmt: skip


def exit_price(world: World, step: Step, member: int, lot: int) -> Fraction | None:
    """cap ÷ tokens at which a member (or, with ``lot``, one lot) is forced out; ``None`` where there is none."""
    cap = exit_cap(world, step, member, lot)
    held = world.members.tokens.item(member) if lot == NONE else world.lots.remaining.item(lot)
    return None if cap is None or held == 0 else Fraction(cap, held * MICRO)


def exit_cap(world: World, step: Step, member: int, lot: int) -> int | None:
    """multiple × spend (or what remains of the lots the exit names) − earlier sales, at least 0; ``None`` without any.

    In millionths of a micro-unit.
    """
    gate = step.rule.gate
    if gate is None or gate.reaches is None:
        return None
    if gate.of is not None and gate.of != "spend":
        lots = world.lots_of(member, world.stores.numbers[gate.of])
        spend, realised = sum(map(world.lots.remaining.item, lots)), world.members.realised.item(member)
    elif lot == NONE:
        spend, realised = world.members.spend.item(member), world.members.realised.item(member)
    else:
        order = world.lots.order.item(lot)
        closed = order == NONE or world.orders.state.item(order) != 1
        spend = 0 if closed else world.orders.kept.item(order)
        realised = sum(gross for _, gross, _, _ in standing_sales(world, lot))
    if spend <= 0:
        return None
    return max(gate.reaches * spend - (realised * MICRO if gate.realised else 0), 0)


def standing_sales(world: World, lot: int) -> list[tuple[int, int, int, int]]:
    """(tokens, gross, proceeds, row) that still stand of everything that left a lot, newest first."""
    sales, order = world.sales, world.lots.order.item(lot)
    kept = 0 if order == NONE else world.kept(order, world.lots.key.item(lot))
    found = []
    row = world.lots.last_release.item(lot)
    while row != NONE:
        then = sales.kept_then.item(row)
        amounts = (sales.tokens.item(row), sales.gross.item(row), sales.proceeds.item(row))
        if then not in (0, kept):
            amounts = (amounts[0] * kept // then, amounts[1] * kept // then, amounts[2] * kept // then)
        found.append((*amounts, row))
        row = sales.before.item(row)
    return found


def value_of(step: Step, tokens: int, price: tuple[int, int], cap: int) -> tuple[int, int]:
    """What an exit pays: (numerator, denominator) of ⌊value × (1 − fee)⌋, the value clipped to the cap if so ruled."""
    amount, pay = step.rule.amount, step.rule.pay
    balance, supply = price
    keep = MICRO - (pay.retain if isinstance(pay, Asset) else 0)
    clipped = isinstance(amount, Value) and amount.at_most == "clip_to_cap"
    if clipped and tokens * balance * MICRO > cap * supply:
        return cap * keep, MICRO * MICRO
    return tokens * balance * keep, supply * MICRO
