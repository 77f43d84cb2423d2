"""Tokens in the bulk lane: minted, sold, taken back with a refund; each quotient is taken once, of exact integers."""

from jifen.engine.columns import SUM_MAX
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import exits, inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.bulk_money import NONE, WALLET, account_of, claim, claw_back, move
from jifen.engine.kernels.bulk_write import add_lot
from jifen.engine.kernels.divide import mul_div, mul_div_most

__all__ = ["can_mint", "can_return", "fits", "mint", "must_look", "price", "return_tokens", "sell"]


@inlined
def price(shop: Shop) -> tuple[int, int]:
    """The price of a token as (balance, supply)."""
    if shop.books.now[c.SUPPLY] > 0:
        return shop.books.balance[shop.day.curve], shop.books.now[c.SUPPLY]
    return shop.day.unheld_balance, shop.day.unheld_supply


@inlined
def fits(shop: Shop, money: int) -> bool:
    """Whether an order brings no more tokens than can be counted."""
    if shop.day.curve == NONE:
        return True
    balance, supply = price(shop)
    return balance <= 0 or mul_div_most(money, supply, balance, SUM_MAX) + shop.books.now[c.SUPPLY] <= SUM_MAX


@inlined
def can_mint(shop: Shop, rule: int, fed: int) -> bool:
    """Whether the lane can count the tokens for what a rule will have fed."""
    if fed == 0:
        return True
    balance, _ = price(shop)
    fields, rate = shop.plan.rules, shop.plan.rates[rule, 0]
    most = balance + shop.drafts.coming[shop.day.curve]
    narrow = fed < SUM_MAX // max(rate, 1) and most < SUM_MAX // fields[rule, c.PARTS]
    return bool(narrow and fields[rule, c.NUMBER] != NONE)


@inlined
def mint(shop: Shop, rule: int, order: int, before: tuple[int, int]) -> None:
    """Tokens for the buyer for a share of what was fed, at the price ``before`` it or after it."""
    now, fields = shop.books.now, shop.plan.rules
    fed = shop.drafts.given[fields[rule, c.FED]] if fields[rule, c.FED] != NONE else 0
    balance, supply = price(shop) if fields[rule, c.AFTER_FEED] else before
    if fed <= 0 or balance <= 0:
        return
    most = SUM_MAX - now[c.SUPPLY]
    tokens = mul_div_most(fed * shop.plan.rates[rule, 0], supply, balance * fields[rule, c.PARTS], most)
    if tokens > 0:
        add_lot(shop, rule, order, tokens)
        shop.members.tokens[shop.orders.member[order]] += tokens
        now[c.SUPPLY] += tokens


@inlined
def sell(shop: Shop, member: int, tokens: int) -> bool:
    """Sell a member's tokens to the pool, oldest lots first; returns whether the lane can do it."""
    now, day, lots = shop.books.now, shop.day, shop.lots
    held, (balance, supply) = shop.members.tokens[member], price(shop)
    if day.sale_rule == NONE or day.sale_terms == NONE or tokens <= 0 or tokens > held or tokens >= now[c.SUPPLY]:
        return False
    if tokens >= SUM_MAX // max(day.sale_keeps, 1) or supply >= SUM_MAX // day.sale_of:
        return False
    net = mul_div_most(tokens * day.sale_keeps, balance, supply * day.sale_of, SUM_MAX)
    chain = shop.stores[shop.plan.stores[day.token_store, c.PLACE_OF]]
    left, lot, room = tokens, chain.first[member], len(shop.drafts.lot)
    while lot != NONE and left > 0 and room > 0 and lots.key[lot] == NONE:
        left -= lots.remaining[lots.slot[lot]]
        lot = lots.after[lot]
        room -= 1
    if left > 0 or net > shop.books.balance[shop.plan.terms[day.sale_terms, 2] + c.FIRST_POOL]:
        return False
    left, rest, lot = tokens, net, chain.first[member]
    while left > 0:
        taken = min(left, lots.remaining[lots.slot[lot]])
        if taken > 0:
            left -= taken
            part = mul_div(net, taken, tokens)
            paid = rest if left == 0 else part
            rest -= paid
            _sell_part(shop, (member, lot, taken), mul_div_most(taken, balance, supply, SUM_MAX), part, paid)
        lot = lots.after[lot]
    return True


@inlined
def _sell_part(shop: Shop, of: tuple[int, int, int], gross: int, part: int, paid: int) -> None:
    """What one lot gives to a sale; ``of`` is (member, lot, tokens)."""
    member, lot, taken = of
    sales, lots, now, day = shop.sales, shop.lots, shop.books.now, shop.day
    order = lots.order[lot]
    row = now[c.SALES]
    now[c.SALES] = row + 1
    sales.lot[row], sales.before[row], sales.event[row], sales.day[row] = (
        lot,
        lots.last_release[lot],
        now[c.EVENT],
        day.day,
    )
    sales.rule[row], sales.terms[row], sales.tokens[row] = day.sale_rule, day.sale_terms, taken
    sales.gross[row], sales.proceeds[row], sales.dust[row] = gross, part, paid - part
    sales.kept_then[row] = 0 if order == NONE else shop.orders.kept[order]
    lots.last_release[lot] = row
    asset, fund = shop.plan.terms[day.sale_terms, 0], shop.plan.terms[day.sale_terms, 2] + c.FIRST_POOL
    if fund != c.MERCHANT_FUND:
        shop.books.balance[fund] -= paid
    shop.wallets[asset][member] += paid
    move(shop, day.sale_rule, account_of(fund), (WALLET, member), (asset, paid), (lot, taken, order, NONE))
    shop.members.realised[member] += gross
    lots.remaining[lots.slot[lot]] -= taken
    shop.members.tokens[member] -= taken
    now[c.SUPPLY] -= taken


@inlined
def can_return(shop: Shop, order: int, amount: int) -> bool:
    """Whether the lane can take back the tokens of an order of which ``amount`` is given back."""
    lots, burned, room, fine = shop.lots, 0, len(shop.drafts.lot), True
    if shop.day.token_store == NONE:
        return True
    lot = shop.orders.last_lot[order]
    while fine and lot != NONE:
        if lots.store[lot] == shop.day.token_store:
            fine = lots.kept_then[lot] > 0 and lots.key[lot] == NONE
            kept, sold = shop.orders.kept[order] - amount, 0
            sale = lots.last_release[lot]
            while fine and sale != NONE:
                sold += _stands(shop.sales.tokens[sale], kept, shop.sales.kept_then[sale])
                room -= 1
                fine = room > 0
                sale = shop.sales.before[sale]
            if fine:
                granted = mul_div(lots.granted_first[lot], kept, lots.kept_then[lot])
                part = lots.remaining[lots.slot[lot]] - max(granted - sold, 0)
                fine = part >= 0 and shop.plan.stores[lots.store[lot], c.UNIT_OF] != NONE
                burned += part
        lot = lots.before_of_order[lot]
    return fine and (burned == 0 or burned < shop.books.now[c.SUPPLY])


@inlined
def _stands(amount: int, kept: int, then: int) -> int:
    """What stands of a part of a sale."""
    return amount if then == 0 else mul_div(amount, kept, then)


@inlined
def return_tokens(shop: Shop, order: int, before: int, priced: tuple[int, int]) -> int:
    """Shrink what an order's tokens brought and burn what is left of the rest; returns what the pool has of it.

    ``before`` is what was kept of the order, ``priced`` the price then.
    """
    lots, worth = shop.lots, 0
    if shop.day.token_store == NONE:
        return 0
    lot = shop.orders.last_lot[order]
    while lot != NONE:
        if lots.store[lot] == shop.day.token_store:
            worth += _return_lot(shop, lot, before, priced)
        lot = lots.before_of_order[lot]
    return worth


@inlined
def _return_lot(shop: Shop, lot: int, before: int, priced: tuple[int, int]) -> int:
    """The same of one lot."""
    lots, sales, members = shop.lots, shop.sales, shop.members
    order, member, slot = lots.order[lot], lots.member[lot], lots.slot[lot]
    kept, sold, returned = shop.orders.kept[order], 0, 0
    lots.granted[lot] = mul_div(lots.granted_first[lot], kept, lots.kept_then[lot])
    sale = lots.last_release[lot]
    while sale != NONE:
        then, terms = sales.kept_then[sale], sales.terms[sale]
        sold += _stands(sales.tokens[sale], kept, then)
        if shop.orders.state[order] == 1:
            members.realised[member] -= _stands(sales.gross[sale], before, then) - _stands(
                sales.gross[sale], kept, then
            )
        lost = _stands(sales.proceeds[sale], before, then) - _stands(sales.proceeds[sale], kept, then)
        claw_back(shop, member, terms, lost, (lot, 0, order, sales.rule[sale]))
        if shop.plan.terms[terms, 2] >= 0:
            returned += lost
        sale = sales.before[sale]
    burned = lots.remaining[slot] - max(lots.granted[lot] - sold, 0)
    lots.remaining[slot] -= burned
    members.tokens[member] -= burned
    shop.books.now[c.SUPPLY] -= burned
    claim(shop, lot, -burned)
    return returned + mul_div_most(burned, priced[0], priced[1], SUM_MAX)


@inlined
def must_look(shop: Shop, member: int) -> bool:
    """After a row of a member: whether the price has reached somebody's exit price, or cannot be compared."""
    day, members = shop.day, shop.members
    if not day.exits:
        return False
    if member != NONE:
        spend, realised, cap = members.spend[member], members.realised[member], NONE
        wide = members.tokens[member] >= SUM_MAX // day.exit_of or abs(realised) >= SUM_MAX // day.exit_of
        if wide or spend >= SUM_MAX // day.exit_reaches:
            shop.exits.size[1] = 1
            return True
        if spend > 0:
            cap = max(day.exit_reaches * spend - (realised * day.exit_of if day.exit_realised else 0), 0)
        exits.touch(shop.exits, member, cap, members.tokens[member] * day.exit_of)
    balance, supply = price(shop)
    return shop.books.now[c.SUPPLY] > 0 and exits.reached(shop.exits, balance, supply)
