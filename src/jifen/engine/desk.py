"""What is done by hand or by members' own wish: joins, moves, ranks, sales, transfers, withdrawals, adjustments.

Each function books one checked event. The back office's removals take at most what is there.
"""

from jifen.engine import curve, order, ranks, regions, runs
from jifen.engine.books import Books
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    LiabilityBooked,
    MemberJoined,
    MemberMoved,
    OrderReceived,
    OrderSettled,
    PlanActivated,
    PlanEnded,
    PlanPaused,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.engine.grants import OF_BASE, add_lot, daily_of
from jifen.engine.liabilities import book_debt
from jifen.engine.payments import draft_bank, post
from jifen.engine.removals import remove_points
from jifen.engine.tables import FROM_MERCHANT, FROM_RESERVE, NONE
from jifen.engine.tasks import do_task, remember_stocks
from jifen.engine.weights import adjust_weight
from jifen.engine.world import ASSETS, World, price_of
from jifen.ledger.journal import Account
from jifen.plan.model import Lots, Schedule, Weight

__all__ = [
    "activate_plan", "adjust_store", "book_liability", "donate", "finish_task", "join", "move_member", "pause_plan",
    "pay_withdrawal", "receive_order", "reject_withdrawal", "request_withdrawal", "sell_tokens", "send_asset",
    "set_agent", "set_rank", "settle_order", "top_up",
]  # fmt: skip

_OUTSIDE = (Account.OUTSIDE, 0)


def join(books: Books, event: MemberJoined) -> None:
    """A new member."""
    world = books.world
    parent = NONE if event.referrer is None else world.member_ids.numbers[event.referrer]
    member = world.add_member(event.member, parent, world.open_day)
    if event.region is not None:
        world.regions[member] = event.region


def move_member(books: Books, event: MemberMoved) -> None:
    """Another referrer, for later rewards only."""
    world = books.world
    member, parent = world.member_ids.numbers[event.member], world.member_ids.numbers[event.referrer]
    before = world.members.parent.item(member)
    ranks.change(world.parent_changes, member, world.next_event, before, parent)
    world.members.parent[member] = parent
    world.layout = world.ways = None


def set_rank(books: Books, event: RankSet) -> None:
    """A rank given by hand."""
    world = books.world
    number = NONE if event.rank is None else world.rank_names.number(event.rank)
    ranks.appoint(world, world.member_ids.numbers[event.member], number)


def set_agent(books: Books, event: AgentSet) -> None:
    """The agent of a region."""
    world = books.world
    region = NONE if event.region is None else world.region_names.number(event.region)
    regions.set_agent(world, world.member_ids.numbers[event.member], region)


def receive_order(books: Books, event: OrderReceived) -> None:
    """The refund window of a waiting order starts today, in a shop that goes by receipts."""
    world = books.world
    number = world.order_ids.numbers[event.order]
    if not world.receipts or world.orders.state.item(number) != order.PENDING:
        return
    _stop_waiting(world, number)
    order.wait(world, number, world.open_day + world.program.refund_days)


def _stop_waiting(world: World, number: int) -> None:
    """Take an order out of the day on which it would settle; a day without orders is forgotten."""
    day = world.orders.settles_on.item(number)
    waiting = world.pending.get(day)
    if waiting is not None and number in waiting:
        waiting.remove(number)
        if not waiting:
            del world.pending[day]


def settle_order(books: Books, event: OrderSettled) -> None:
    """The refund window has ended."""
    world = books.world
    number = world.order_ids.numbers[event.order]
    _stop_waiting(world, number)
    order.settle(books, number)


def sell_tokens(books: Books, event: TokensSold) -> None:
    """Sell tokens to the pool."""
    world = books.world
    member = world.member_ids.numbers[event.member]
    tokens = world.members.tokens.item(member) if event.tokens is None else event.tokens
    for step in world.program.by_event["sale"]:
        curve.sell(books, step, member, tokens)


def finish_task(books: Books, event: TaskDone) -> None:
    """A completed task is paid for by the rules that pay for tasks."""
    do_task(books, books.world.member_ids.numbers[event.member])


def book_liability(books: Books, event: LiabilityBooked) -> None:
    """An old debt becomes what the rules of a liability make of it."""
    book_debt(books, event)


def send_asset(books: Books, event: AssetTransferred) -> None:
    """From wallet to wallet."""
    numbers = books.world.member_ids.numbers
    source, target = (Account.WALLET, numbers[event.member]), (Account.WALLET, numbers[event.to])
    books.move("transfer", source, target, event.amount, ASSETS.index(event.asset))


def request_withdrawal(books: Books, event: WithdrawalRequested) -> None:
    """Reserve what is asked for: it cannot be spent twice."""
    world = books.world
    member, asset = world.member_ids.numbers[event.member], ASSETS.index(event.asset)
    world.withdrawals[event.id] = (member, asset, event.amount, "requested")
    books.move("withdraw", (Account.WALLET, member), (Account.PENDING, member), event.amount, asset)


def pay_withdrawal(books: Books, event: WithdrawalPaid) -> None:
    """The reserved amount leaves."""
    member, asset, amount, _ = books.world.withdrawals[event.withdrawal]
    books.world.withdrawals[event.withdrawal] = (member, asset, amount, "paid")
    books.move("withdraw", (Account.PENDING, member), _OUTSIDE, amount, asset)


def reject_withdrawal(books: Books, event: WithdrawalRejected) -> None:
    """The reserved amount returns."""
    member, asset, amount, _ = books.world.withdrawals[event.withdrawal]
    books.world.withdrawals[event.withdrawal] = (member, asset, amount, "rejected")
    books.move("withdraw", (Account.PENDING, member), (Account.WALLET, member), amount, asset)


def donate(books: Books, event: PoolDonated) -> None:
    """Money from outside into a pool."""
    books.put("donate", books.world.pools.numbers[event.pool], _OUTSIDE, event.amount)


def top_up(books: Books, event: ReserveToppedUp) -> None:
    """Money from outside into the reserve."""
    books.put("top_up", FROM_RESERVE, _OUTSIDE, event.amount)


def activate_plan(books: Books, event: PlanActivated) -> None:
    """Another version from now on."""
    runs.end_all(books.world)
    books.world.activate(event.plan)
    remember_stocks(books.world)


def pause_plan(books: Books, event: PlanPaused | PlanEnded) -> None:
    """New orders have no effect; what is open goes on."""
    books.world.granting = False


def adjust_store(books: Books, event: StoreAdjusted) -> None:
    """Add to or take from an asset, the lots or the tokens of a member; no rule fires."""
    world = books.world
    member = world.member_ids.numbers[event.member]
    kind = world.program.plan.stores.get(event.store)
    if isinstance(kind, Weight):
        adjust_weight(books, member, event.store, event.amount)
    elif not isinstance(kind, Lots):
        _adjust_asset(books, member, ASSETS.index(event.store), event.amount)
    elif kind.mode == "tokens":
        _adjust_tokens(books, member, event)
    elif event.amount > 0:
        _add_by_hand(books, member, event)
    else:
        _remove_by_hand(books, member, event.store, -event.amount)


def _adjust_asset(books: Books, member: int, asset: int, amount: int) -> None:
    """Give an asset, or take at most what is there."""
    wallet = (Account.WALLET, member)
    if amount > 0:
        books.move("admin", _OUTSIDE, wallet, amount, asset)
    else:
        there = max(books.world.wallets[asset].item(member), 0)
        books.move("admin", wallet, _OUTSIDE, min(-amount, there), asset)


def _add_by_hand(books: Books, member: int, event: StoreAdjusted) -> None:
    """A lot without an order; it releases daily only what ``base`` yuan at the plan's rate give."""
    world = books.world
    schedule = world.program.schedule_of(event.store)
    rate = schedule.rule.amount.rate if schedule and isinstance(schedule.rule.amount, Schedule) else 0
    lot = add_lot(
        world,
        member,
        event.store,
        event.amount,
        event=books.event,
        daily_rate=rate,
        daily_of=OF_BASE,
        daily_base=event.base or 0,
    )
    world.lots.daily[lot] = daily_of(world, lot)
    books.reclaim(member, lot, event.amount, rule="admin")
    post(books, draft_bank(books, lot))


def _remove_by_hand(books: Books, member: int, store: str, amount: int) -> None:
    """Drain the newest lots first, without paying; what was removed is an effect like any other."""
    world = books.world
    number = world.stores.numbers[store]
    for lot in reversed(list(world.lots_of(member, number))):
        oldest = lot == world.first_live(member, number)
        taken = remove_points(books, lot, amount, "admin")
        if taken and not oldest:
            world.lots.emptied_on[lot] = NONE
        amount -= taken


def _adjust_tokens(books: Books, member: int, event: StoreAdjusted) -> None:
    """Tokens given without money (where the plan allows it), or burned, the newest first."""
    world = books.world
    price = price_of(world, curve.curve_of(world))
    amount = event.amount
    if event.value is not None:
        amount = abs(event.value) * price[1] // price[0] * (1 if event.value > 0 else -1) if price[0] else 0
    if amount > 0:
        curve.add_tokens(books, member, event.store, amount, "admin")
        return
    left = min(-amount, world.members.tokens.item(member))
    for lot in reversed(list(world.lots_of(member, world.stores.numbers[event.store]))):
        taken = min(left, world.lots.remaining.item(lot))
        if taken:
            left -= taken
            terms = world.terms_number(0, 0, FROM_MERCHANT)
            curve.add_sale(books, lot, world.rule_names.number("admin"), terms, tokens=taken)
            curve.burn(world, member, lot, taken, price)
            books.reclaim(member, lot, -taken, rule="admin")
