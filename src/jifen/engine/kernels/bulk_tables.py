"""The world's tables as the bulk lane has them: of each the columns that it reads or writes."""

from typing import NamedTuple

from jifen.engine.columns import Column, Flags, Narrow

__all__ = [
    "Chain",
    "Feeds",
    "Lots",
    "Members",
    "Orders",
    "Payments",
    "PhasePayments",
    "Phases",
    "Places",
    "Portions",
    "Releases",
    "Sales",
    "Taken",
    "Weighed",
]


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
    last_weighed: Narrow
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


class Phases(NamedTuple):
    """Of the table of phases."""

    first: Narrow
    rule: Narrow
    terms: Narrow


class PhasePayments(NamedTuple):
    """Of the table of what runs pay out of lots."""

    paid: Column
    lost: Column
    first: Narrow


class Portions(NamedTuple):
    """Of the table of what lots give for that."""

    before: Narrow
    payment: Narrow
    points: Column
    kept_then: Column


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


class Weighed(NamedTuple):
    """The table of weights given."""

    order: Narrow
    before_of_order: Narrow
    before_of_member: Narrow
    member: Narrow
    store: Narrow
    rule: Narrow
    version: Narrow
    event: Narrow
    day: Narrow
    amount: Column
    kept_then: Column
    returned_then: Column
    key: Narrow


class Places(NamedTuple):
    """The table of places."""

    store: Narrow
    sponsor: Narrow
    place: Narrow
    person: Narrow
    order: Narrow
    freed: Flags


class Taken(NamedTuple):
    """What is derived from that table (``positions`` of the engine)."""

    of_store: Narrow
    """By the number of a store, its row in ``reached``, ``held`` and ``free``; NONE for one that has no places."""
    reached: Narrow
    """By store and sponsor: all places below this number have been taken once."""
    held: Narrow
    """By store and person: how many places he holds (more than one only where orders were counted for a while)."""
    free: Narrow
    """By store and sponsor: the row of the lowest freed place, on top of the others; NONE without any."""
    left: Narrow
    """By row of a freed place: the two that are below it (``freed`` among the kernels)."""
    right: Narrow
    first: Narrow
    """By order: the first of its rows, NONE if it took no place."""
