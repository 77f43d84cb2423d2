"""What the bulk lane works on: the world's columns, a plan's order rules as integers, room for a row's drafts.

Groups of columns are tuples with names, so that a compiled function can be handed all of them at once.
"""

from typing import NamedTuple

from jifen.engine.columns import Column, Flags, Narrow

__all__ = [
    "AFTER_FEED", "AMOUNT", "ASSET", "BANKS", "BASE", "BATCHES", "BUYER", "BY_GENERATION", "BY_OWN_RANK", "BY_PEER",
    "BY_RANK", "COUNT", "DAILY_OF", "DAILY_RATE", "DRAFTS", "END_RULE", "END_TERMS", "EVENT", "EVERY", "FED", "FEED",
    "FEEDS", "FIELDS", "FIRST_BASE", "FIRST_POOL", "FORFEITS", "FUND", "GRANT", "HEIGHT", "INDEX", "JOIN", "LADDER",
    "LAG", "LAYOUT_OF", "LOTS", "LOTS_STORE", "LOWER", "MEASURE", "MEMBERS", "MERCHANT_FUND", "MINT", "NOW", "NUMBER",
    "OF_STORE", "ONLY_HEAD", "OP", "ORDER", "ORDERS", "OUT", "OVER", "OWN_ORDER", "PARTS", "PAY", "PAYMENTS", "PER",
    "PER_POINT", "PLACE_OF", "POINTS", "PORTIONS", "REFUND", "RELEASES", "RESERVE_FUND", "ROWS", "SALE", "SALES",
    "SHARE", "SPREAD", "STORE", "SUPPLY", "TERMS", "TIER", "TRANSFERS", "TRIGGER_AMOUNT", "TRIGGER_MARGIN", "UNIT",
    "UNIT_OF", "WHO", "Books", "Chain", "Day", "Drafts", "Exits", "Feeds", "Forfeits", "Layout", "Log", "Lots",
    "Members", "Orders", "Paths", "Payments", "Plan", "Refunds", "Releases", "Sales", "Shop", "Transfers",
]  # fmt: skip

JOIN, ORDER, REFUND, SALE, OVER = range(5)
"""Kinds of rows of a log; one that is ``OVER`` to the handlers in Python is not looked at."""

FEED, GRANT, MINT, PAY = range(4)
"""What a rule does (``OP``)."""

SHARE, TIER, PER = range(3)
"""How its amount is found (``AMOUNT``)."""

BUYER, BY_GENERATION, BY_RANK, BY_PEER, BY_OWN_RANK = range(5)
"""Who receives it (``WHO``)."""

(OP, AMOUNT, BASE, MEASURE, ROWS, PARTS, WHO, LADDER, COUNT, LOWER, OWN_ORDER, OUT, POINTS, NUMBER, INDEX, STORE,
 LOTS_STORE, UNIT, LAG, DAILY_RATE, DAILY_OF, BATCHES, EVERY, ONLY_HEAD, BANKS, ASSET, PER_POINT, FUND, TERMS, SPREAD,
 FED, AFTER_FEED, HEIGHT) = range(33)  # fmt: skip
FIELDS = 33
"""Of a rule. ``BASE`` is the place in ``bases`` it counts from, ``OUT`` and ``POINTS`` are those that its own add to;
``MEASURE`` is what its table is judged at; ``STORE`` is the place of the store it grants into or drains, and
``LOTS_STORE`` the number of that; ``FED`` is the rule whose feed is minted for, ``AFTER_FEED`` whether at the price
after it."""

END_RULE, END_TERMS, UNIT_OF, PLACE_OF, LAYOUT_OF = range(5)
OF_STORE = 5
"""Of a store of lots: the rule of its scheduled releases and how they pay, the unit of its claims, its places among
the chains and in the layout; NONE for what is not there (yet)."""

(EVENT, MEMBERS, ORDERS, LOTS, RELEASES, PAYMENTS, FEEDS, SALES, TRANSFERS, FORFEITS, DRAFTS, PORTIONS, SUPPLY) = range(
    13
)
NOW = 13
"""Of the numbers that change from row to row: of the next event and of rows in every table, tokens held by all."""

RESERVE_FUND, MERCHANT_FUND, FIRST_POOL = range(3)
"""The reserve and the merchant come before the pools in the columns of funds."""


class Log(NamedTuple):
    """Rows in order. NONE is the number of a member or an order that has come to nothing."""

    kind: Narrow
    member: Narrow
    order: Narrow
    amount: Column
    margin: Column
    """Of an order."""
    region: Narrow
    """Where an order is delivered: a name's number."""
    place: Narrow
    """Of who joins, or of an order, among those of the log."""
    first_member: int
    """From here on, members are those who join in this log, in order; ``members`` are their numbers in the world."""
    members: Narrow
    first_order: int
    orders: Narrow


class Members(NamedTuple):
    """Of the table of members."""

    parent: Narrow
    own_net: Column
    spend: Column
    realised: Column
    tokens: Column
    joined: Narrow
    last_payment: Narrow
    last_order: Narrow
    live_orders: Narrow


class Orders(NamedTuple):
    """Of the table of orders."""

    member: Narrow
    day: Narrow
    whole: Column
    returned_whole: Column
    amount: Column
    kept: Column
    returned: Column
    margin: Column
    state: Flags
    settles_on: Narrow
    last_lot: Narrow
    last_payment: Narrow
    last_feed: Narrow
    last_weighed: Narrow
    before_of_member: Narrow
    region: Narrow
    reserved: Column
    kept_then: Column


class Lots(NamedTuple):
    """Of the table of lots; those that are placed are by slot."""

    member: Narrow
    store: Narrow
    order: Narrow
    day: Narrow
    version: Narrow
    rule: Narrow
    granted_first: Column
    granted: Column
    remaining: Column
    daily: Column
    daily_rate: Narrow
    daily_of: Flags
    parts: Narrow
    every: Narrow
    eligible_from: Narrow
    emptied_on: Narrow
    kept_then: Column
    shrunk: Flags
    key: Narrow
    after: Narrow
    before_of_order: Narrow
    last_release: Narrow
    run_first: Narrow
    slot: Narrow


class Chain(NamedTuple):
    """A store's lots, by member."""

    first: Narrow
    last: Narrow
    head: Narrow


class Releases(NamedTuple):
    """The table of releases."""

    lot: Narrow
    before: Narrow
    kind: Flags
    first_day: Narrow
    last_day: Narrow
    rule: Narrow
    version: Narrow
    base: Column
    points: Column
    kept_then: Column
    returned_then: Column
    payment: Narrow
    older: Column
    terms: Narrow


class Payments(NamedTuple):
    """The table of payments, but for what only banks and daily walks have."""

    member: Narrow
    rule: Narrow
    index: Narrow  # type: ignore[assignment]  # a tuple's own method of this name is not missed
    version: Narrow
    event: Narrow
    day: Narrow
    order: Narrow
    wanted: Column
    paid: Column
    banked: Column
    kept_then: Column
    returned_then: Column
    lost: Column
    terms: Narrow
    first_release: Narrow
    portions: Narrow
    released: Column
    before_of_member: Narrow
    before_of_order: Narrow


class Feeds(NamedTuple):
    """The table of feeds."""

    order: Narrow
    before_of_order: Narrow
    pool: Narrow
    rule: Narrow
    amount: Column
    kept_then: Column
    key: Narrow


class Sales(NamedTuple):
    """The table of sales."""

    lot: Narrow
    before: Narrow
    event: Narrow
    day: Narrow
    rule: Narrow
    tokens: Column
    gross: Column
    proceeds: Column
    dust: Column
    terms: Narrow
    kept_then: Column


class Paths(NamedTuple):
    """By ladder that walks go by and member: the level of his rank, 0 for none; and who may be next above with one."""

    levels: Narrow
    above: Narrow


TRIGGER_AMOUNT, TRIGGER_MARGIN, FIRST_BASE = range(3)
"""Places in ``bases``."""


class Plan(NamedTuple):
    """The rules that run on orders, as numbers."""

    rules: Column
    """A row of ``FIELDS`` each."""
    rates: Column
    """By rule: the rate of each generation, level or peer, or of each row of its table."""
    steps: Column
    """By rule: from which measure on each row of its table holds."""
    stores: Column
    """By the number of a store, a row of ``OF_STORE``."""
    terms: Column
    """By the number of terms: asset, per point, fund."""


class Layout(NamedTuple):
    """Of the layout of members and lots, what lots that are live again change."""

    positions: Narrow
    begins: Narrow
    slots: int


class Day(NamedTuple):
    """What is the same for all rows."""

    day: int
    version: int
    granting: int
    waits: int
    """Whether orders take effect later, on day ``settles_on`` if that is known."""
    settles_on: int
    reserve_share: int
    entry: int
    """Below which measure an order is outside the plan: its buyer's, if ``entry_adds``."""
    entry_adds: int
    released_until: int
    keeps_upstream: int
    daily_walks: int
    """Whether some version has walks over releases."""
    plain_refunds: int
    """Whether no tier is judged again after a refund, and no place is free again."""
    token_store: int
    """The store of the tokens, and the fund they are priced by; NONE without any."""
    curve: int
    unheld_balance: int
    """The price while nobody holds any; ``unheld_supply`` is what it is divided by."""
    unheld_supply: int
    at_value: int
    sale_rule: int
    sale_terms: int
    sale_keeps: int
    """What a sale brings the seller, ``sale_keeps`` of ``sale_of``."""
    sale_of: int
    exits: int
    """Whether exits are looked for after each row; at ``exit_reaches ÷ exit_of`` times what was spent."""
    exit_reaches: int
    exit_of: int
    exit_realised: int
    order_rule: int
    reserve_rule: int
    refund_rule: int


class Drafts(NamedTuple):
    """Room for what one order pays before it is written: payments, the portions of lots, and what rules stand on."""

    rule: Column
    member: Column
    wanted: Column
    lost: Column
    first: Column
    """Of its portions."""
    lot: Column
    points: Column
    emptied: Column
    """Whether the portion is the last of its lot."""
    bases: Column
    given: Column
    """By rule: what a rule that does not pay gives."""
    coming: Column
    """By fund: what rules before have fed into it, less what they take from it."""


class Exits(NamedTuple):
    """Exit prices: the heap, and by member his place in it (NONE: he is not in it), cap and what he holds."""

    heap: Narrow
    place: Narrow
    cap: Column
    held: Column
    size: Column
    """How many are in the heap, and whether some prices cannot be compared here: two numbers."""


class Refunds(NamedTuple):
    """Room for one refund: lots that stand on the order, and what they have lost of what they paid."""

    counts: Column
    lot: Column
    granted: Column
    remaining: Column
    first: Column
    """Of a lot's keys."""
    rule: Column
    """Of a key, with ``terms`` and what is lost."""
    terms: Column
    lost: Column


class Transfers(NamedTuple):
    """Room for transfers: the fields that are not the same for all rows of a day."""

    event: Narrow
    rule: Narrow
    from_kind: Flags
    from_id: Narrow
    to_kind: Flags
    to_id: Narrow
    asset: Narrow
    amount: Column
    lot: Narrow
    drained: Column
    order: Narrow
    reason: Narrow


class Forfeits(NamedTuple):
    """Room for forfeits, likewise."""

    event: Narrow
    rule: Narrow
    member: Narrow
    points: Column


class Books(NamedTuple):
    """What changes with every row beside the tables, and what is written of it."""

    now: Column
    balance: Column
    """By fund."""
    debt: Column
    transfers: Transfers
    forfeits: Forfeits


class Shop(NamedTuple):
    """Everything."""

    members: Members
    orders: Orders
    lots: Lots
    stores: tuple[Chain, ...]
    releases: Releases
    payments: Payments
    feeds: Feeds
    sales: Sales
    wallets: tuple[Column, ...]
    paths: Paths
    plan: Plan
    day: Day
    drafts: Drafts
    refunds: Refunds
    layout: Layout
    exits: Exits
    books: Books
