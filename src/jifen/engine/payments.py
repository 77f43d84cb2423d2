"""Payments of one event: wanted, taken from lots, funded, posted.

A rule's walk *wants*; the receiver's lots give what they have, oldest first; when all rules of the event have spoken,
the fund decides how much of it is paid (what is not, goes back into its lot); then it is posted. So every payment of an
event sees the lots as the payments before it left them, and one shortfall is shared by all of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from jifen.core.micros import MICRO
from jifen.engine import lines, runs
from jifen.engine.books import OWED, WRITTEN_OFF, Books, On, place_of
from jifen.engine.program import Step
from jifen.engine.tables import FROM_RESERVE, NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.plan.model import Asset, Gate, Nothing, Walk

__all__ = [
    "Draft",
    "Portion",
    "Rationing",
    "affordable_points",
    "bank",
    "draft_bank",
    "draft_payment",
    "owe",
    "post",
    "ration",
    "step_of",
    "take",
    "untake",
]


@dataclass(slots=True)
class Portion:
    """What one lot gives to a payment; where ``lot`` is NONE no lot is needed."""

    lot: int
    points: int


@dataclass(slots=True)
class Draft:
    """A payment that has been taken from lots but not yet funded."""

    rule: str
    index: int
    member: int
    wanted: int
    terms: int
    order: int = NONE
    key: int = NONE
    portions: list[Portion] = field(default_factory=list)
    due: int = 0
    """For a payment that no lot gives: points before the reserve fell short."""
    banked: int = 0
    payment: int = NONE
    """For what a bank releases: the payment that was banked."""

    @property
    def points(self) -> int:
        """What the lots give."""
        return sum(portion.points for portion in self.portions)


def affordable_points(money: int, per_point: int) -> int:
    """The most points whose asset ⌊points × per_point⌋ does not exceed ``money``; ``per_point`` is above 0."""
    return ((money + 1) * MICRO - 1) // per_point


def draft_payment(books: Books, step: Step, member: int, wanted: int, order: int, key: int) -> Draft | None:
    """Take ``wanted`` from the member's lots for an order's payment; what they lack is banked or forfeited.

    A payment that drains no lots is all due; one out of a pool is never more than the pool has.
    """
    world, gate, pay = books.world, step.rule.gate, step.rule.pay
    if wanted <= 0 or not isinstance(pay, Asset | Nothing):
        return None
    draft = Draft(step.rule.id, step.index, member, wanted, world.terms_of(pay), order, key)
    _, per_point, fund = world.terms[draft.terms]
    limit = wanted
    if fund >= 0:
        money = world.pool_balance[fund] - books.promised.get(fund, 0)
        limit = min(wanted, affordable_points(money, per_point))
    if gate is None or gate.drain is None:
        draft.due = limit
        draft.portions = [Portion(NONE, limit)] if limit else []
    elif world.first_live(member, world.stores.numbers[gate.drain]) == NONE and gate.no_lot == "bank":
        draft.banked = wanted
        return draft
    else:
        draft.portions = list(_taken_from_lots(world, gate, member, limit))
    if fund >= 0:
        books.promised[fund] = books.promised.get(fund, 0) + _asset_of(world, draft)
    lost = wanted - draft.points
    if lost and isinstance(step.rule.who, Walk):
        rule = world.rule_names.number(step.rule.id)
        books.writer.forfeit((books.event, world.open_day, rule, member, lost))
    return draft if draft.portions else None


def _taken_from_lots(world: World, gate: Gate, member: int, limit: int) -> Iterator[Portion]:
    """What the member's lots give of ``limit``, the oldest first."""
    lot = world.first_live(member, world.stores.numbers[gate.drain or ""])
    while lot != NONE and limit > 0:
        taken = take(world, lot, limit)
        if taken:
            yield Portion(lot, taken)
            limit -= taken
            if gate.spill == "forfeit":
                return
        lot = world.lots.after.item(lot)


def take(world: World, lot: int, wanted: int) -> int:
    """Take up to ``wanted`` from a lot; the day on which it is emptied is remembered."""
    lots = world.lots
    remaining = lots.remaining.item(lot)
    taken = min(wanted, remaining)
    if taken:
        lots.remaining[lot] = remaining - taken
        if taken == remaining:
            runs.end(world, lot)
            lots.emptied_on[lot] = world.open_day
    return taken


def untake(world: World, lot: int, points: int) -> None:
    """Give ``points`` back to a lot, which may make it live, and the oldest, again."""
    if points == 0:
        return
    lots = world.lots
    revived = lots.remaining.item(lot) == 0
    lots.remaining[lot] += points
    lots.emptied_on[lot] = NONE
    if revived:
        lines.enter(world, lot)
        runs.revive(world, lot)


def draft_bank(books: Books, lot: int) -> list[Draft]:
    """A new lot releases what waits in its owner's bank for lots of its store, oldest first."""
    world, drafts = books.world, []
    payments, banked = world.payments, world.banked
    member, store = world.lots.member.item(lot), world.stores.names[world.lots.store.item(lot)]
    for row in world.bank_of.get(member, ()):
        payment = banked.payment.item(row)
        if payment < world.closed_payments:
            continue
        left = payments.paid.item(payment) - payments.lost.item(payment) - banked.released.item(row)
        left -= books.unbanked.get(row, 0)
        fits = step_of(world, payment).drains == store
        taken = take(world, lot, max(left, 0)) if fits else 0
        if taken:
            books.unbanked[row] = books.unbanked.get(row, 0) + taken
            terms = _terms_now(world, payment)
            draft = Draft("bank", payments.index.item(payment), member, taken, terms, payment=row)
            draft.portions.append(Portion(lot, taken))
            drafts.append(draft)
    return drafts


def step_of(world: World, payment: int) -> Step:
    """The rule that made a payment, as its plan version has it."""
    return world.programs[world.payments.version.item(payment)].steps[world.payments.index.item(payment)]


def bank(world: World, payment: int) -> None:
    """Let a payment wait for its receiver's next lot."""
    member = world.payments.member.item(payment)
    row = world.banked.add(member=member, payment=payment)
    world.bank_of.setdefault(member, []).append(row)


def _terms_now(world: World, payment: int) -> int:
    """How the rule of an earlier payment pays now; as it did then if the plan no longer has it."""
    payments = world.payments
    rule, index = world.rule_names.names[payments.rule.item(payment)], payments.index.item(payment)
    steps = world.program.steps
    pay = steps[index].rule.pay if index < len(steps) and steps[index].rule.id == rule else None
    return world.terms_of(pay) if isinstance(pay, Asset | Nothing) else payments.terms.item(payment)


def post(books: Books, drafts: list[Draft]) -> None:
    """Fund the drafts of one event, then write their payments, releases and transfers."""
    world = books.world
    reserved = [draft for draft in drafts if world.terms[draft.terms][2] == FROM_RESERVE]
    if reserved:
        ration(world, reserved)
    books.promised.clear()
    books.unbanked.clear()
    for draft in drafts:
        asset, per_point, fund = world.terms[draft.terms]
        payment = _post_payment(books, draft)
        older = world.banked.released.item(draft.payment) if draft.payment != NONE else 0
        for portion in draft.portions:
            if portion.points == 0:
                continue
            if portion.lot != NONE:
                release = _add_release(books, draft, portion, payment, older)
                older += portion.points
                if draft.payment != NONE:
                    world.banked.released[draft.payment] = older
                    world.bank_releases.setdefault(payment, []).append(release)
            paid = portion.points * per_point // MICRO
            on = _on(world, draft, portion)
            books.move(draft.rule, place_of(fund), (Account.WALLET, draft.member), paid, asset, on)
        if draft.due > draft.points:
            owe(books, payment, draft.rule, draft.due - draft.points)


def _on(world: World, draft: Draft, portion: Portion) -> On:
    """What a transfer stands on: the lot it drains, and the payment's order, else that of the lot."""
    if portion.lot == NONE:
        return On(order=draft.order)
    order = draft.order if draft.order != NONE or draft.payment != NONE else world.lots.order.item(portion.lot)
    return On(lot=portion.lot, drained=portion.points, order=order)


def owe(books: Books, payment: int, rule: str, points: int, reason: int = NONE) -> None:
    """The reserve owes ``points`` of a payment that no lot gives (below 0: it owes them no longer).

    ``reason`` is the payment's rule where another one ends what is owed.
    """
    world, payments = books.world, books.world.payments
    claim, issuer = (Account.CLAIM, payments.member.item(payment)), (Account.ISSUER, NONE)
    source, target = (issuer, claim) if points > 0 else (claim, issuer)
    reason = payments.rule.item(payment) if rule == "refund" else reason
    on = On(order=payments.order.item(payment), reason=reason)
    books.move(rule, source, target, abs(points), world.assets.number(OWED), on)
    if rule != "refund":
        event = NONE if rule == WRITTEN_OFF else books.event
        world.owings.add(payment=payment, event=event, day=world.open_day, points=points)
    if world.owed_of(payment):
        world.claims[payment] = None
    else:
        world.claims.pop(payment, None)


def ration(world: World, drafts: list[Draft]) -> None:
    """Cut drafts to what the reserve has."""
    rationing = Rationing.of_reserve(world, sum(_asset_of(world, draft) for draft in drafts))
    if rationing.enough:
        return
    for draft in drafts:
        allowed = rationing.cut([portion.points for portion in draft.portions], world.terms[draft.terms][1])
        for portion, points in zip(draft.portions, allowed, strict=True):
            if portion.lot != NONE:
                untake(world, portion.lot, portion.points - points)
            portion.points = points


def _asset_of(world: World, draft: Draft) -> int:
    """What a draft would pay, lot by lot."""
    per_point = world.terms[draft.terms][1]
    return sum(portion.points * per_point // MICRO for portion in draft.portions)


class Rationing:
    """What a fund that falls short pays of an event or a run: by one factor, in order until empty, or nothing.

    ``wanted`` is all that would be paid, in micro-units of money. Ask payment after payment, in log order.
    """

    def __init__(self, rule: str, money: int, wanted: int) -> None:
        """Begin with all the ``money``; ``rule``: ``prorate | defer | suspend``."""
        self.rule = rule
        self.money = self.left = money
        self.wanted = wanted

    @classmethod
    def of_reserve(cls, world: World, wanted: int) -> "Rationing":
        """What the reserve pays, by the plan's ``on_shortfall``."""
        return cls(world.program.on_shortfall, world.reserve, wanted)

    @property
    def enough(self) -> bool:
        """Whether nothing needs to be cut."""
        return self.wanted <= self.money

    def cut(self, portions: list[int], per_point: int, before: int = 0) -> list[int]:
        """The points that each lot of one payment still gives, its oldest lots first.

        ``prorate``: ⌊points × money ÷ wanted⌋ of the payment. Never more than what is left, and then no more points
        than that takes. ``before``: of a payment without a lot, the points paid already, with which these make one sum.
        """
        if self.rule == "suspend":
            return [0] * len(portions)
        points = sum(portions)
        if self.rule == "prorate":
            points = points * self.money // self.wanted
        paid, given = before * per_point // MICRO, []
        for portion in portions:
            given.append(min(portion, points))
            points -= given[-1]
        short = sum((before + each) * per_point // MICRO - paid for each in given) > self.left
        for place, each in enumerate(given):
            if short:
                # The fewest points that take all that is left; one less where a point is worth more than a micro-unit.
                fewest = max(-(-(paid + self.left) * MICRO // per_point) - before, 0)
                over = (before + fewest) * per_point // MICRO - paid > self.left
                given[place] = min(each, fewest - over)
            self.left -= (before + given[place]) * per_point // MICRO - paid
        return given


def _post_payment(books: Books, draft: Draft) -> int:
    """The row of a new payment (or of the one whose bank releases); its bank part starts to wait."""
    world, payments = books.world, books.world.payments
    if draft.payment != NONE:
        return world.banked.payment.item(draft.payment)
    free = draft.due > 0
    if draft.order == NONE and not free:
        return NONE  # it stands on no order but those of its lots
    paid = draft.due if free else draft.banked + draft.points
    if paid == 0:
        return NONE
    row = payments.add(
        member=draft.member, rule=world.rule_names.number(draft.rule), index=draft.index, version=world.version,
        event=books.event, day=world.open_day, order=draft.order, key=draft.key, wanted=draft.wanted, paid=paid,
        banked=draft.banked, kept_then=world.kept(draft.order, draft.key),
        returned_then=world.returned(draft.order, draft.key), terms=draft.terms, first_release=world.releases.size,
        portions=0 if draft.banked or free else sum(1 for portion in draft.portions if portion.points),
        released=draft.points if free else NONE,
        before_of_member=world.members.last_payment.item(draft.member),
        before_of_order=world.orders.last_payment.item(draft.order),
    )  # fmt: skip
    world.members.last_payment[draft.member] = row
    world.orders.last_payment[draft.order] = row
    if draft.banked:
        bank(world, row)
    return row


def _add_release(books: Books, draft: Draft, portion: Portion, payment: int, older: int) -> int:
    """The row of one portion."""
    world, lots = books.world, books.world.lots
    row = world.releases.add(
        lot=portion.lot, before=lots.last_release.item(portion.lot), kind=0, first_day=world.open_day,
        last_day=world.open_day, rule=world.rule_names.number(draft.rule), version=world.version,
        base=portion.points, points=portion.points, payment=payment, older=older, terms=draft.terms,
        kept_then=world.kept_of_lot(portion.lot), returned_then=world.returned_of_lot(portion.lot),
    )  # fmt: skip
    lots.last_release[portion.lot] = row
    return row
