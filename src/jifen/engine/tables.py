"""The world's tables: what is remembered of members, orders, lots, payments and sales.

All amounts are micro-units, rates parts per million, days business days; ``-1`` (``NONE``) means there is none. An
**effect** is immutable once made: what still stands of it is a function of what is kept of its orders now. So no row
of ``Releases``, ``Payments``, ``Feeds`` or ``Sales`` is ever edited, but for ``lost`` (a running sum) and the last day
of a release that goes on.
"""

from jifen.engine.columns import Column, Table

__all__ = [
    "NONE", "Banked", "Chains", "Digests", "Divisions", "Feeds", "Lots", "Members", "OrderRanks", "Orders", "Owings",
    "Payments", "Places", "Ranked", "Releases", "Sales", "Weighed", "Weights",
]  # fmt: skip

NONE = -1


class Members(Table, none=("parent", "appointed", "last_payment", "last_order", "last_weighed", "agent")):
    """One row a member, in joining order."""

    parent: Column
    appointed: Column  # the rank given by hand: a floor
    own_net: Column  # net amount of his orders in effect
    spend: Column  # the same since his last forced exit
    realised: Column  # gross of his sales of tokens since then
    tokens: Column
    joined: Column  # the day
    last_payment: Column  # newest row of Payments
    last_order: Column
    last_weighed: Column  # newest row of Weighed
    live_orders: Column  # how many of his orders are in effect with something kept
    agent: Column  # the region (a name's number) whose agent he is
    tasks: Column  # how many tasks he has done on the open day


class Ranked(Table, none=("earned",)):
    """For one ladder, one row a member."""

    earned: Column  # the rank (a name's number) that the measure gave at the last recomputation


class Orders(
    Table,
    none=("settles_on", "last_lot", "last_payment", "last_feed", "last_weighed", "before_of_member", "region"),
):
    """One row an order. Amounts are of the lines that take part in the plan."""

    member: Column
    day: Column
    whole: Column  # amount of all lines
    returned_whole: Column  # of it given back
    amount: Column
    kept: Column  # amount less what was given back
    returned: Column  # given back while others' rewards were taken back too (``upstream: reverse``)
    margin: Column  # Σ max(0, amount − cost)
    state: Column  # 0 pending, 1 in effect, 2 closed by a forced exit, 3 without effect
    settles_on: Column
    last_lot: Column
    last_payment: Column
    last_feed: Column
    last_weighed: Column
    before_of_member: Column  # the member's order before it
    region: Column  # where it is delivered: a name's number
    reserved: Column  # what it put into the reserve
    kept_then: Column  # kept when it took effect


class OrderRanks(Table, none=("rank",)):
    """For one ladder judged by the largest order, one row an order."""

    rank: Column  # the rank (a name's number) that its amount gave when it took effect


class Lots(
    Table,
    none=(
        "order", "event", "emptied_on", "key", "after", "before_of_order", "last_release",
        "open_release", "rule",
    ),
):  # fmt: skip
    """One row a lot: a bounded promise, of points or of tokens."""

    member: Column
    store: Column
    order: Column
    event: Column  # the adjustment that made it, for a lot without an order
    day: Column
    version: Column
    rule: Column  # index of the rule in its version's plan
    granted_first: Column  # at its grant
    granted: Column  # what its order now supports
    remaining: Column
    daily: Column
    daily_rate: Column
    daily_of: Column  # 0: of granted, 1: of the order's amount, 2: of ``daily_base``
    daily_base: Column
    parts: Column  # in how many batches it releases instead, 0 for a daily release
    every: Column  # days between batches
    eligible_from: Column
    emptied_on: Column  # the day on which a release emptied it, while it is empty
    kept_then: Column  # what its order had kept at the grant; 0 for a lot that stays whole, or without an order
    counted: Column  # 1 for a ticket that has counted as a newcomer
    key: Column  # which weighting of the order's lines it stands on, NONE: their sum
    after: Column  # the member's next lot in this store
    before_of_order: Column
    last_release: Column  # newest row of Releases, or of Sales for tokens
    open_release: Column  # the scheduled release that goes on unchanged


class Chains(Table, none=("first", "last", "head")):
    """For one lots store, one row a member: his lots in order of grant."""

    first: Column
    last: Column
    head: Column  # lots before it are empty
    tickets: Column  # how many whole lots his orders support
    stock: Column  # what remained of all his lots after the last run, in stores by which tasks are rewarded


class Releases(Table, none=("payment", "event")):
    """What was taken out of a lot. A scheduled one covers all days from ``first_day`` to ``last_day`` alike."""

    lot: Column
    before: Column  # the lot's previous row
    kind: Column  # 0 by an event, 1 scheduled, 2 in a run
    first_day: Column
    last_day: Column
    event: Column
    rule: Column
    version: Column
    base: Column  # points due before the reserve fell short: what walks count from
    points: Column
    kept_then: Column  # of the lot's order
    returned_then: Column
    payment: Column  # the row of Payments it is a portion of
    older: Column  # the payment's portions before it
    terms: Column


class Payments(Table, none=("order", "key", "event", "before_of_member", "before_of_order", "released")):
    """One payment to a receiver that stands on other orders: of one order, or of a day's releases (``order`` NONE)."""

    member: Column
    rule: Column
    index: Column  # of the rule in its version's plan
    version: Column
    event: Column
    day: Column
    order: Column
    key: Column
    wanted: Column  # points
    paid: Column  # points, what went into the bank included
    banked: Column  # of it into the bank
    kept_then: Column
    returned_then: Column
    lost: Column  # Σ over its sources of what no longer stands
    terms: Column
    first_release: Column
    portions: Column
    released: Column  # points paid of it so far, for a payment that no lot gives; NONE for one that lots give
    before_of_member: Column
    before_of_order: Column


class Feeds(Table):
    """What an order put into a pool."""

    order: Column
    before_of_order: Column
    pool: Column
    rule: Column
    amount: Column
    kept_then: Column
    key: Column


class Sales(Table):
    """Tokens that left a lot: sold, forced out or removed. ``proceeds`` is the lot's part of what was paid."""

    lot: Column
    before: Column
    event: Column
    day: Column
    rule: Column
    tokens: Column
    gross: Column
    proceeds: Column
    dust: Column  # paid with this lot beyond its part: it stands on no order
    terms: Column
    kept_then: Column


class Banked(Table):
    """Payments that wait for the member's next lot, oldest first."""

    member: Column
    payment: Column
    released: Column


class Places(Table):
    """Places numbered below a sponsor, in order of taking."""

    store: Column
    sponsor: Column
    place: Column
    person: Column
    order: Column
    freed: Column  # 1 when nothing is kept of the order


class Weights(Table):
    """For one weight store, one row a member."""

    amount: Column


class Weighed(Table, none=("order", "before_of_order", "before_of_member", "key", "rule")):
    """What an order, or the back office (``order`` NONE), gave a member of a weight."""

    order: Column
    before_of_order: Column
    before_of_member: Column
    member: Column
    store: Column
    rule: Column  # index of the rule in its version's plan
    version: Column
    event: Column
    day: Column
    amount: Column
    kept_then: Column
    returned_then: Column
    key: Column


class Digests(Table):
    """What makes two events of one id the same, one row an accepted event: both halves of a digest of its facts."""

    first: Column
    second: Column


class Divisions(Table):
    """A pool divided in a run: how much, by what whole weight."""

    event: Column
    rule: Column
    pool: Column
    amount: Column
    weight: Column


class Owings(Table):
    """What of a payment without a lot the reserve could not pay (points above 0), and what it paid later (below)."""

    payment: Column
    event: Column
    day: Column
    points: Column
