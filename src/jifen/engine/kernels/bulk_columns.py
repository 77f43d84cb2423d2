"""What the bulk lane works on beside the tables: a plan's order rules as integers, room for a row's drafts.

Groups of columns are tuples with names, so that a compiled function can be handed all of them at once.
"""

from typing import NamedTuple

from jifen.engine.columns import Column, Flags, Narrow
from jifen.engine.kernels.bulk_tables import (
    Chain,
    Feeds,
    Lots,
    Members,
    Orders,
    Payments,
    PhasePayments,
    Phases,
    Places,
    Portions,
    Releases,
    Sales,
    Taken,
    Weighed,
)

__all__ = [
    "AFTER_FEED", "AMOUNT", "ASSET", "BANKS", "BASE", "BATCHES", "BEYOND", "BUYER", "BY_GENERATION", "BY_OWN_RANK",
    "BY_PEER", "BY_RANK", "CAP", "COUNT", "CYCLE", "DAILY_OF", "DAILY_RATE", "DRAFTS", "END_RULE", "END_TERMS", "EVENT",
    "EVERY", "FED", "FEED", "FEEDS", "FIELDS", "FIRST_BASE", "FIRST_POOL", "FORFEITS", "FUND", "GRANT", "HEIGHT",
    "INDEX", "JOIN", "LADDER", "LAG", "LAYOUT_OF", "LESSER", "LOTS", "LOTS_STORE", "LOWER", "MEASURE", "MEMBERS",
    "MERCHANT_FUND", "MINT", "NOW", "NUMBER", "OF_STORE", "ONLY_HEAD", "OP", "ORDER", "ORDERS", "OUT", "OVER",
    "OWN_AMOUNT", "OWN_ORDER", "PARTS", "PAY", "PAYMENTS", "PER", "PERSONS", "PER_POINT", "PLACES", "PLACE_OF",
    "POINTS", "PORTIONS", "REFUND", "RELEASES", "RESERVE_FUND", "ROWS", "SALE", "SALES", "SHARE", "SPONSOR", "SPREAD",
    "STORE", "SUPPLY", "TAKES", "TERMS", "TIER", "TRANSFERS", "TRIGGER_AMOUNT", "TRIGGER_MARGIN", "UNIT", "UNIT_OF",
    "WEIGH", "WEIGHED", "WEIGHINGS", "WEIGHT_OF", "WHO", "Books", "Day", "Drafts", "Exits", "Forfeits", "Layout", "Log",
    "Paths", "Plan", "Refunds", "Shop", "Transfers",
]  # fmt: skip

JOIN, ORDER, REFUND, SALE, OVER = range(5)
"""Kinds of rows of a log; one that is ``OVER`` to the handlers in Python is not looked at."""

FEED, GRANT, MINT, PAY, WEIGH = range(5)
"""What a rule does (``OP``)."""

SHARE, TIER, PER, CYCLE = range(4)
"""How its amount is found (``AMOUNT``)."""

BUYER, BY_GENERATION, BY_RANK, BY_PEER, BY_OWN_RANK, SPONSOR = range(6)
"""Who receives it (``WHO``)."""

(OP, AMOUNT, BASE, MEASURE, ROWS, PARTS, WHO, LADDER, COUNT, LOWER, OWN_ORDER, OUT, POINTS, NUMBER, INDEX, STORE,
 LOTS_STORE, UNIT, LAG, DAILY_RATE, DAILY_OF, BATCHES, EVERY, ONLY_HEAD, BANKS, ASSET, PER_POINT, FUND, TERMS, SPREAD,
 FED, AFTER_FEED, HEIGHT, CAP, TAKES, PERSONS) = range(36)  # fmt: skip
FIELDS = 36
"""Of a rule. ``BASE`` is the place in ``bases`` it counts from, ``OUT`` and ``POINTS`` are those that its own add to;
``MEASURE`` is what its table is judged at; ``STORE`` is the place of the store it grants into, drains or weighs in,
and ``LOTS_STORE`` the number of that; ``FED`` is the rule whose feed is minted for, ``AFTER_FEED`` whether at the price
after it; ``CAP`` is how much of a weight is issued at most; ``TAKES`` is the number of the store in which a
place is taken, ``PERSONS`` whether a person takes only one."""

END_RULE, END_TERMS, UNIT_OF, PLACE_OF, LAYOUT_OF, WEIGHT_OF = range(6)
OF_STORE = 6
"""Of a store: the rule of the scheduled releases of its lots and how they pay, the unit of what it holds, its places
among the chains, in the layout and among the weights; NONE for what is not there (yet)."""

(EVENT, MEMBERS, ORDERS, LOTS, RELEASES, PAYMENTS, FEEDS, SALES, WEIGHED, TRANSFERS, FORFEITS, DRAFTS, PORTIONS,
 WEIGHINGS, PLACES) = range(15)  # fmt: skip
SUPPLY, BEYOND, NOW = range(15, 18)
"""Of what changes from row to row: the next event, rows of tables, tokens, whether a wallet holds too much to count."""

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


class Paths(NamedTuple):
    """By ladder that walks go by and member: the level of his rank, 0 for none; and who may be next above with one."""

    levels: Narrow
    above: Narrow


TRIGGER_AMOUNT, TRIGGER_MARGIN, OWN_AMOUNT, LESSER, FIRST_BASE = range(5)
"""Places in ``bases``; two of them are a sponsor's, worked out when a rule counts from them."""


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
    most: int
    """Of what amount an order may be for all that rules make of it to be counted."""
    reserve_share: int
    entry: int
    """Below which measure an order is outside the plan: its buyer's, if ``entry_adds``."""
    entry_adds: int
    released_until: int
    phases: int
    """How many runs have written."""
    keeps_upstream: int
    daily_walks: int
    """Whether some version has walks over releases."""
    plain_refunds: int
    """Whether no tier is judged again after a refund."""
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
    """Room for what one order does before it is written: payments, portions of lots, weights, what rules stand on."""

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
    weigher: Column
    """The rule that gives a weight, to whom and how much."""
    weighs: Column
    weight: Column
    bases: Column
    given: Column
    """By rule: what a rule that does not pay gives; one more than the place for a rule by which the buyer takes one."""
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
    issued: Column
    """By weight, what all members weigh together, and those who weigh more than nothing."""
    shared: Column
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
    phases: Phases
    phase_payments: PhasePayments
    portions: Portions
    feeds: Feeds
    sales: Sales
    weighed: Weighed
    places: Places
    taken: Taken
    wallets: tuple[Column, ...]
    weights: tuple[Column, ...]
    """By weight and member."""
    paths: Paths
    plan: Plan
    day: Day
    drafts: Drafts
    refunds: Refunds
    layout: Layout
    exits: Exits
    books: Books
