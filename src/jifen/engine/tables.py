"""The world's tables: what is remembered of members, orders, lots, payments and sales.

All amounts are micro-units, rates parts per million, days business days; ``-1`` (``NONE``) means there is none. An
**effect** is immutable once made: what still stands of it is a function of what is kept of its orders now. So no row
of ``Releases``, ``Payments``, ``Portions``, ``PhasePayments``, ``Feeds`` or ``Sales`` is ever edited, but for ``lost``
and ``released`` (running sums).

Where a payment or a release is named, a number from 0 on is a row of ``Payments`` or ``Releases``, one below -1 a row
of ``PhasePayments`` or ``Portions`` (see ``given``).
"""

from jifen.engine.columns import Column, Flags, Narrow, Placed, PlacedNarrow, Table

__all__ = [
    "CASH", "FROM_MERCHANT", "FROM_RESERVE", "NONE", "Banked", "Chains", "Digests", "Divisions", "Feeds", "Lots",
    "Members", "OrderRanks", "Orders", "Owings", "Payments", "PhasePayments", "Phases", "Places", "Portions", "Ranked",
    "Releases", "Sales", "Weighed", "Weights",
]  # fmt: skip

NONE = -1

CASH = 0
"""The number of the asset money is kept in."""

FROM_MERCHANT = -1
FROM_RESERVE = -2
"""Terms name a pool by its number, or one of these two funds."""


class Members(Table, none=("parent", "appointed", "last_payment", "last_order", "last_weighed", "agent")):
    """One row a member, in joining order."""

    parent: Narrow
    appointed: Narrow  # the rank given by hand: a floor
    own_net: Column  # net amount of his orders in effect
    spend: Column  # the same since his last forced exit
    realised: Column  # gross of his sales of tokens since then
    tokens: Column
    joined: Narrow  # the day
    last_payment: Narrow  # his newest payment
    last_order: Narrow
    last_weighed: Narrow  # newest row of Weighed
    live_orders: Narrow  # how many of his orders are in effect with something kept
    agent: Narrow  # the region (a name's number) whose agent he is
    tasks: Narrow  # how many tasks he has done on the open day


class Ranked(Table, none=("earned",)):
    """For one ladder, one row a member."""

    earned: Narrow  # the rank (a name's number) that the measure gave at the last recomputation


class Orders(
    Table,
    none=("settles_on", "last_lot", "last_payment", "last_feed", "last_weighed", "before_of_member", "region"),
):
    """One row an order. Amounts are of the lines that take part in the plan."""

    member: Narrow
    day: Narrow
    whole: Column  # amount of all lines
    returned_whole: Column  # of it given back
    amount: Column
    kept: Column  # amount less what was given back
    returned: Column  # given back while others' rewards were taken back too (``upstream: reverse``)
    margin: Column  # Σ max(0, amount − cost)
    state: Flags  # 0 pending, 1 in effect, 2 closed by a forced exit, 3 without effect
    settles_on: Narrow
    last_lot: Narrow
    last_payment: Narrow
    last_feed: Narrow
    last_weighed: Narrow
    before_of_member: Narrow  # the member's order before it
    region: Narrow  # where it is delivered: a name's number
    reserved: Column  # what it put into the reserve
    kept_then: Column  # kept when it took effect


class OrderRanks(Table, none=("rank",)):
    """For one ladder judged by the largest order, one row an order."""

    rank: Narrow  # the rank (a name's number) that its amount gave when it took effect


class Lots(
    Table,
    none=(
        "order", "event", "emptied_on", "key", "after", "before_of_order", "last_release", "run_first", "rule",
    ),
):  # fmt: skip
    """One row a lot: a bounded promise, of points or of tokens."""

    member: Narrow
    store: Narrow
    order: Narrow
    event: Narrow  # the adjustment that made it, for a lot without an order
    day: Narrow
    version: Narrow
    rule: Narrow  # index of the rule in its version's plan
    granted_first: Column  # at its grant
    granted: Column  # what its order now supports
    remaining: Placed
    daily: Placed
    daily_rate: Narrow
    daily_of: Flags  # 0: of granted, 1: of the order's amount, 2: of ``daily_base``
    daily_base: Column
    parts: Narrow  # in how many batches it releases instead, 0 for a daily release
    every: Narrow  # days between batches
    eligible_from: PlacedNarrow
    emptied_on: PlacedNarrow  # the day on which a release emptied it, while it is empty
    kept_then: Column  # what its order had kept at the grant; 0 for a lot that stays whole, or without an order
    shrunk: Flags  # 1 when something has been given back of its order, before its grant or since
    counted: Flags  # 1 for a ticket that has counted as a newcomer
    key: Narrow  # which weighting of the order's lines it stands on, NONE: their sum
    after: Narrow  # the member's next lot in this store
    before_of_order: Narrow
    last_release: Narrow  # its newest release, or newest row of Sales for tokens
    run_first: PlacedNarrow  # since this day it has released ``daily`` in every run; no row says so yet (see ``runs``)
    slot: Narrow  # where the placed columns have it (see ``layout``)


class Chains(Table, none=("first", "last", "head")):
    """For one lots store, one row a member: his lots in order of grant."""

    first: Narrow
    last: Narrow
    head: Narrow  # lots before it are empty
    tickets: Narrow  # how many whole lots his orders support
    stock: Column  # what remained of all his lots after the last run, in stores by which tasks are rewarded


class Releases(Table, none=("payment",)):
    """What was taken out of a lot. A scheduled one covers all days from ``first_day`` to ``last_day`` alike."""

    lot: Narrow
    before: Narrow  # the lot's release before it
    kind: Flags  # 0 by an event, 1 scheduled, 2 in a run
    first_day: Narrow
    last_day: Narrow
    rule: Narrow
    version: Narrow
    base: Column  # points due before the reserve fell short: what walks count from
    points: Column
    kept_then: Column  # of the lot's order; 0 while it had all that it had when the lot was granted
    returned_then: Column
    payment: Narrow  # the row of Payments it is a portion of
    older: Column  # the payment's portions before it
    terms: Narrow


class Payments(Table, none=("order", "key", "event", "before_of_member", "before_of_order", "released")):
    """One payment to a receiver that stands on other orders: of one order, or of a day's releases (``order`` NONE).

    Those of a run that lots give are not here, but in ``PhasePayments``.
    """

    member: Narrow
    rule: Narrow
    index: Narrow  # of the rule in its version's plan
    version: Narrow
    event: Narrow
    day: Narrow
    order: Narrow
    key: Narrow
    wanted: Column  # points
    paid: Column  # points, what went into the bank included
    banked: Column  # of it into the bank
    kept_then: Column
    returned_then: Column
    lost: Column  # Σ over its sources of what no longer stands
    terms: Narrow
    first_release: Narrow
    portions: Narrow
    released: Column  # points paid of it so far, for a payment that no lot gives; NONE for one that lots give
    before_of_member: Narrow
    before_of_order: Narrow


class Phases(Table):
    """What one rule paid out of lots in one run: the rows of ``PhasePayments`` from ``first`` on, up to the next."""

    first: Narrow
    rule: Narrow
    index: Narrow  # of the rule in its version's plan
    version: Narrow
    event: Narrow
    day: Narrow
    terms: Narrow


class PhasePayments(Table, none=("before_of_member",)):
    """One payment of a phase: to one receiver, out of his lots."""

    member: Narrow
    wanted: Column  # points; where a pool is divided his weight
    paid: Column
    lost: Column  # Σ over its sources of what no longer stands
    first: Narrow  # row of Portions
    before_of_member: Narrow  # the member's payment before it


class Portions(Table, none=("before",)):
    """What one lot gave to a payment of a phase; those of one payment stand together, the oldest lot first."""

    lot: Narrow
    before: Narrow  # the lot's release before it
    payment: Narrow  # row of PhasePayments
    points: Column
    kept_then: Column  # as in Releases
    returned_then: Column


class Feeds(Table):
    """What an order put into a pool."""

    order: Narrow
    before_of_order: Narrow
    pool: Narrow
    rule: Narrow
    amount: Column
    kept_then: Column
    key: Narrow


class Sales(Table):
    """Tokens that left a lot: sold, forced out or removed. ``proceeds`` is the lot's part of what was paid."""

    lot: Narrow
    before: Narrow
    event: Narrow
    day: Narrow
    rule: Narrow
    tokens: Column
    gross: Column
    proceeds: Column
    dust: Column  # paid with this lot beyond its part: it stands on no order
    terms: Narrow
    kept_then: Column


class Banked(Table):
    """Payments that wait for the member's next lot, oldest first."""

    member: Narrow
    payment: Narrow
    released: Column


class Places(Table):
    """Places numbered below a sponsor, in order of taking."""

    store: Narrow
    sponsor: Narrow
    place: Narrow
    person: Narrow
    order: Narrow
    freed: Flags  # 1 when nothing is kept of the order


class Weights(Table):
    """For one weight store, one row a member."""

    amount: Column


class Weighed(Table, none=("order", "before_of_order", "before_of_member", "key", "rule")):
    """What an order, or the back office (``order`` NONE), gave a member of a weight."""

    order: Narrow
    before_of_order: Narrow
    before_of_member: Narrow
    member: Narrow
    store: Narrow
    rule: Narrow  # index of the rule in its version's plan
    version: Narrow
    event: Narrow
    day: Narrow
    amount: Column
    kept_then: Column
    returned_then: Column
    key: Narrow


class Digests(Table):
    """What makes two events of one id the same, one row an accepted event: both halves of a digest of its facts."""

    first: Column
    second: Column


class Divisions(Table):
    """A pool divided in a run: how much, by what whole weight."""

    event: Narrow
    rule: Narrow
    pool: Narrow
    amount: Column
    weight: Column


class Owings(Table):
    """What of a payment without a lot the reserve could not pay (points above 0), and what it paid later (below)."""

    payment: Narrow
    event: Narrow  # NONE for what was written off when the plan was wound up
    day: Narrow
    points: Column
