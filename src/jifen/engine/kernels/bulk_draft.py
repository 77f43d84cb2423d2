"""What an order will cause, worked out before anything is written: what its rules give, and whom they pay how much.

The only things that change meanwhile are what remains of lots that pay, and weights; ``undo`` gives and takes it back.
So an order that the lane cannot do is left as if nobody had looked at it.
"""

from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.bulk_money import NONE, share
from jifen.engine.kernels.bulk_places import find_own_amount, next_place
from jifen.engine.kernels.bulk_tokens import can_mint
from jifen.engine.kernels.bulk_weights import unweigh, weigh
from jifen.engine.kernels.divide import MILLION, mul_div

__all__ = ["draft", "ranked_from", "undo"]


@inlined
def draft(shop: Shop, buyer: int, of: tuple[int, int], own_net: int) -> bool:
    """Draft all rules in order for an order ``of`` (amount, margin); ``own_net`` is the buyer's with it.

    Returns whether the lane can do it.
    """
    drafts, now, fields = shop.drafts, shop.books.now, shop.plan.rules
    now[c.DRAFTS] = now[c.PORTIONS] = now[c.WEIGHINGS] = 0
    drafts.first[0] = 0
    for place in range(len(drafts.bases)):
        drafts.bases[place] = 0
    for fund in range(len(drafts.coming)):
        drafts.coming[fund] = 0
    drafts.bases[c.TRIGGER_AMOUNT], drafts.bases[c.TRIGGER_MARGIN] = of
    amount = of[0]
    fine = True
    for rule in range(len(fields)):
        drafts.given[rule] = 0
        if fine and (fields[rule, c.OP] == c.PAY or fields[rule, c.OP] == c.WEIGH):
            fine = _draft_awards(shop, rule, buyer, (amount, own_net))
        elif fine:
            fine = _draft_gift(shop, rule, (amount, own_net))
    if fine and drafts.coming[c.RESERVE_FUND] < 0:
        fed = share(amount, shop.day.reserve_share)
        fine = shop.books.balance[c.RESERVE_FUND] + fed + drafts.coming[c.RESERVE_FUND] >= 0
    if not fine:
        undo(shop)
    return fine


@inlined
def undo(shop: Shop) -> None:
    """Give back to all lots what drafts have taken from them, and take back the weights that they have given."""
    drafts = shop.drafts
    for portion in range(shop.books.now[c.PORTIONS]):
        if drafts.lot[portion] != NONE:
            _untake(shop, drafts.lot[portion], drafts.points[portion])
    unweigh(shop)


@inlined
def _untake(shop: Shop, lot: int, points: int) -> None:
    """Give points back to a lot, which may be the oldest live one again."""
    lots = shop.lots
    head, member = shop.stores[shop.plan.stores[lots.store[lot], c.PLACE_OF]].head, lots.member[lot]
    lots.remaining[lots.slot[lot]] += points
    if head[member] == NONE or lot < head[member]:
        head[member] = lot


@inlined
def _amount_of(shop: Shop, rule: int, base: int, measures: tuple[int, int]) -> int:
    """What a rule without a walk gives; ``measures`` are the order's amount and its buyer's."""
    fields, rates = shop.plan.rules, shop.plan.rates
    if fields[rule, c.AMOUNT] == c.PER:
        return mul_div(base, MILLION, rates[rule, 0])
    if fields[rule, c.AMOUNT] == c.SHARE:
        return share(base, rates[rule, 0])
    row = -1
    for step in range(fields[rule, c.ROWS]):
        if shop.plan.steps[rule, step] <= measures[fields[rule, c.MEASURE]]:
            row = step
    if row < 0:
        return 0
    value: int = rates[rule, row]
    return (value if fields[rule, c.BASE] == NONE else share(base, value)) // int(fields[rule, c.PARTS])


@inlined
def _base_of(shop: Shop, rule: int) -> int:
    """The base that a rule counts from."""
    base = shop.plan.rules[rule, c.BASE]
    return 0 if base == NONE else shop.drafts.bases[base]


@inlined
def _draft_gift(shop: Shop, rule: int, measures: tuple[int, int]) -> bool:
    """Work out what a rule feeds or grants; tokens are counted when they are minted. Whether the lane can do it."""
    drafts, fields = shop.drafts, shop.plan.rules
    if fields[rule, c.OP] == c.MINT:
        return fields[rule, c.FED] == NONE or can_mint(shop, rule, drafts.given[fields[rule, c.FED]])
    base = _base_of(shop, rule)
    if fields[rule, c.OP] == c.FEED:
        # Of a family each pool has its part of the share, floored once.
        amount = mul_div(base, shop.plan.rates[rule, 0] * fields[rule, c.SPREAD], MILLION * MILLION)
        fund = fields[rule, c.FUND]
        drafts.coming[fund] += max(amount - shop.books.debt[fund], 0)
    else:
        amount = _amount_of(shop, rule, base, measures)
        drafts.bases[fields[rule, c.POINTS]] += amount
    drafts.given[rule] = amount
    drafts.bases[fields[rule, c.OUT]] += amount
    return amount == 0 or fields[rule, c.NUMBER] != NONE


@inlined
def _draft_awards(shop: Shop, rule: int, buyer: int, measures: tuple[int, int]) -> bool:
    """Draft what one rule pays, or gives of a weight; returns whether the lane can do it."""
    fields, who = shop.plan.rules, shop.plan.rules[rule, c.WHO]
    if who == c.SPONSOR:
        return _in_turn(shop, rule, buyer, measures[0])
    base = _base_of(shop, rule)
    plain = fields[rule, c.AMOUNT] == c.SHARE
    value = base if plain else _amount_of(shop, rule, base, measures)
    if who == c.BUYER:
        return _want(shop, rule, buyer, share(value, shop.plan.rates[rule, 0]) if plain else value)
    if value == 0:
        return True
    if who == c.BY_RANK or who == c.BY_PEER:
        return _up_by_rank(shop, rule, buyer, value)
    return _up_by_generation(shop, rule, buyer, value)


@inlined
def _in_turn(shop: Shop, rule: int, buyer: int, amount: int) -> bool:
    """Draft for the sponsor, at the rate of the place that the buyer takes below him, also where it pays nothing."""
    fields, sponsor = shop.plan.rules, shop.members.parent[buyer]
    if sponsor == NONE or (fields[rule, c.OWN_ORDER] and shop.members.live_orders[sponsor] == 0):
        return True
    place = next_place(shop, rule, sponsor, buyer)
    if place == NONE:
        return True
    shop.drafts.given[rule] = place + 1
    if fields[rule, c.BASE] == c.OWN_AMOUNT or fields[rule, c.BASE] == c.LESSER:
        find_own_amount(shop, sponsor, amount)
    rate = shop.plan.rates[rule, place % fields[rule, c.COUNT]]
    return _want(shop, rule, sponsor, share(_base_of(shop, rule), rate))


@inlined
def _up_by_generation(shop: Shop, rule: int, buyer: int, value: int) -> bool:
    """Draft for so many ancestors, at the rate of their generation or of their own rank."""
    fields, rates, parent = shop.plan.rules, shop.plan.rates, shop.members.parent
    own, count, ladder = fields[rule, c.WHO] == c.BY_OWN_RANK, fields[rule, c.COUNT], fields[rule, c.LADDER]
    plain = fields[rule, c.AMOUNT] == c.SHARE
    member, generation, fine = parent[buyer], 0, True
    while fine and member != NONE and generation != count:
        rate = rates[rule, shop.paths.levels[ladder, member] if own else generation] if plain or own else MILLION
        if rate > 0 and (not fields[rule, c.OWN_ORDER] or shop.members.live_orders[member] > 0):
            fine = _want(shop, rule, member, share(value, rate) if plain else value)
        member = parent[member]
        generation += 1
    return fine


@inlined
def _up_by_rank(shop: Shop, rule: int, buyer: int, value: int) -> bool:
    """Draft for those whose rank is above all met so far, or who are their peers; all others are jumped over."""
    fields, rates, ladder = shop.plan.rules, shop.plan.rates, shop.plan.rules[rule, c.LADDER]
    peers_paid, most, top = fields[rule, c.WHO] == c.BY_PEER, fields[rule, c.COUNT], fields[rule, c.HEIGHT] - 1
    levels, parent = shop.paths.levels[ladder], shop.members.parent
    member = ranked_from(shop, ladder, parent[buyer])
    covered, peers, fine = 0, 0, True
    while fine and member != NONE and not (covered == top and (not peers_paid or peers >= most)):
        level, rate = levels[member], 0
        if not peers_paid:
            rate = rates[rule, level] - rates[rule, covered] if level > covered else 0
        elif peers < most and (level == covered or (fields[rule, c.LOWER] and level < covered)):
            rate = rates[rule, peers]
            peers += 1
        if rate > 0 and (not fields[rule, c.OWN_ORDER] or shop.members.live_orders[member] > 0):
            fine = _want(shop, rule, member, share(value, rate) if fields[rule, c.AMOUNT] == c.SHARE else value)
        if level > covered:
            covered, peers = level, 0
        member = ranked_from(shop, ladder, parent[member])
    return fine


@inlined
def ranked_from(shop: Shop, ladder: int, start: int) -> int:
    """The first with a rank from a member up; whoever was passed over knows him the next time."""
    levels, above = shop.paths.levels[ladder], shop.paths.above[ladder]
    found = start
    while found != NONE and levels[found] == 0:
        found = above[found]
    member = start
    while member != found and above[member] != found:
        following = above[member]
        above[member] = found
        member = following
    return found


@inlined
def _want(shop: Shop, rule: int, member: int, wanted: int) -> bool:
    """Draft a payment, or give weight; returns whether the lane can do it."""
    if wanted <= 0:
        return True
    drafts, now, fields = shop.drafts, shop.books.now, shop.plan.rules
    if fields[rule, c.OP] == c.WEIGH:
        return weigh(shop, rule, member, wanted)
    count, portions = now[c.DRAFTS], now[c.PORTIONS]
    fund, store = fields[rule, c.FUND], fields[rule, c.STORE]
    if fields[rule, c.NUMBER] == NONE or fields[rule, c.TERMS] == NONE or count + 1 >= len(drafts.member):
        return False
    worth = share(wanted, fields[rule, c.PER_POINT])
    if fund >= c.FIRST_POOL and worth > shop.books.balance[fund] + drafts.coming[fund]:
        return False
    left = 0
    if store == NONE:
        fine = _take(shop, NONE, wanted)
    else:
        left, fine = _drain(shop, rule, member, wanted)
    drafts.rule[count], drafts.member[count], drafts.wanted[count], drafts.lost[count] = rule, member, wanted, left
    drafts.first[count + 1] = now[c.PORTIONS]
    now[c.DRAFTS] = count + 1
    if wanted > left:
        drafts.bases[fields[rule, c.OUT]] += wanted - left
        for portion in range(portions, now[c.PORTIONS]):
            drafts.coming[fund] -= share(drafts.points[portion], fields[rule, c.PER_POINT])
    return fine


@inlined
def _drain(shop: Shop, rule: int, member: int, wanted: int) -> tuple[int, bool]:
    """Take what is wanted from a member's lots, oldest first; what they lack, and whether the lane can do it."""
    fields, lots = shop.plan.rules, shop.lots
    head = shop.stores[fields[rule, c.STORE]].head
    lot = head[member]
    while lot != NONE and lots.remaining[lots.slot[lot]] == 0:
        lot = lots.after[lot]
    head[member] = lot
    fine = lot != NONE or not fields[rule, c.BANKS]
    left = wanted
    while fine and lot != NONE and left > 0:
        slot = lots.slot[lot]
        there = lots.remaining[slot]
        if there > 0:
            ends = shop.plan.stores[lots.store[lot], c.END_RULE]
            if lots.key[lot] != NONE or (there <= left and lots.run_first[slot] != NONE and ends == NONE):
                return left, False
            fine = _take(shop, lot, min(left, there))
            left -= min(left, there)
            if fields[rule, c.ONLY_HEAD]:
                break
        lot = lots.after[lot]
    return left, fine


@inlined
def _take(shop: Shop, lot: int, points: int) -> bool:
    """Note a portion; returns whether there is room for another."""
    drafts, lots, now = shop.drafts, shop.lots, shop.books.now
    place = now[c.PORTIONS]
    drafts.lot[place], drafts.points[place], drafts.emptied[place] = lot, points, 0
    if lot != NONE:
        slot = lots.slot[lot]
        lots.remaining[slot] -= points
        drafts.emptied[place] = lots.remaining[slot] == 0
    now[c.PORTIONS] = place + 1
    return bool(place + 2 < len(drafts.lot))
