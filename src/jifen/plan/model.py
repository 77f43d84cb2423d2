"""A loaded plan: every ``$name`` replaced, every value checked, every number an integer.

Rates and ratios are parts per million (``1_000_000`` is 100 % or 1), yuan are micro-units, days and counts plain
integers. These classes are what the engine compiles and what an auditor reads; ``plan/load.py`` makes them from YAML.
Each class is one filling of one slot of the plan language: When · Amount · Who · Gate · Pay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Amount", "Asset", "Balance", "Curve", "Cycle", "Feed", "Gate", "Grant", "Head", "Lots", "Mint", "Money",
    "Nothing", "Override", "Pay", "Per", "Plan", "Positions", "Ranks", "Remaining", "Row", "Rule", "Schedule", "Share",
    "Split", "Store", "Tier", "Value", "Walk", "Weigh", "Weight", "Who",
]  # fmt: skip


# -- stores ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lots:
    """Bounded promises. ``mode``: ``sequential | parallel | queue | tokens``; ``lag`` days to the first release."""

    name: str
    mode: str
    lag: int = 1
    counts: str | None = None
    priced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """A pool of money; ``each``: one pool for each row of that rank ladder, named by the row."""

    name: str
    each: str | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A pool with a supply of tokens: price = balance ÷ supply. ``launch`` is a ratio."""

    name: str
    launch: int
    zero_supply: str = "last_price"
    unbacked: bool = False
    refund: str = "at_value"


@dataclass(frozen=True, slots=True)
class Weight:
    """A number per member; ``cap``: issued at most (micro-units)."""

    name: str
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Positions:
    """Numbered places below a sponsor; ``counts``: ``persons | orders``."""

    name: str
    counts: str


Store = Lots | Money | Curve | Weight | Positions


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a ladder. ``name`` is its rank or tier name, ``min``/``max`` micro-units or ``None``."""

    name: str
    min: int | None = None
    max: int | None = None
    columns: Mapping[str, int] = field(default_factory=dict)
    """The other columns, e.g. ``rate`` (ppm), ``multiple`` (ratio ppm), ``reward`` (micro-units)."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """A ladder of ranks, lowest first. ``by``: a measure, a weight store, or ``appointed``."""

    name: str
    ladder: tuple[Row, ...]
    by: str
    effective: str = "next_run"
    demote: str = "on_refund"
    at_most: int | None = None

    def rate(self, row: Row) -> int:
        """The row's rate after ``at_most``."""
        rate = row.columns.get("rate", 0)
        return rate if self.at_most is None else min(rate, self.at_most)


# -- amount ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Override:
    """Another rate for lines of one sku, category, merchant or zone (``key``)."""

    key: str
    equals: str
    rate: int


@dataclass(frozen=True, slots=True)
class Share:
    """rate × base. ``rates``: one or many (index supplied by Who); empty if the rates are column ``column`` of ranks.

    ``of`` is a base of the language or the id of an earlier rule. ``overrides`` are in order of precedence. Of many
    ``rates`` a generation, or a peer of one height, has each its own.
    """

    of: str
    rates: tuple[int, ...] = ()
    column: str | None = None
    overrides: tuple[Override, ...] = ()
    whole: int | None = None
    spread: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Tier:
    """The row's ``column`` at ``at`` (a measure, or a lots store), × base if ``of``; ``parts`` divides it.

    Without ``of`` it is a sum (micro-units), which may go to each of the ancestors of a walk by generation.
    """

    rows: tuple[Row, ...]
    column: str
    at: str
    of: str | None = None
    retier: bool = False
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Cycle:
    """``rates[k mod n]`` of the place k taken in store ``at``, × base."""

    rates: tuple[int, ...]
    at: str
    of: str


@dataclass(frozen=True, slots=True)
class Per:
    """base ÷ unit (micro-units), linear."""

    unit: int
    of: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """Per lot: ``rate`` of ``granted | order_amount`` each day; or ``parts`` batches ``every`` days."""

    lots: str
    rate: int = 0
    of: str = "granted"
    parts: int | None = None
    every: int = 1


@dataclass(frozen=True, slots=True)
class Value:
    """tokens × price; ``at_most``: ``clip_to_cap | actual`` for exits, ``None`` for sales."""

    tokens: str
    at_most: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What the pool has."""

    pool: str


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the head of the queue is owed."""

    lots: str


Amount = Share | Tier | Cycle | Per | Schedule | Value | Balance | Remaining


# -- who ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Walk:
    """Ancestors in ``tree`` (``referral | region``). ``by``: ``generation | rank | peer | own_rank``.

    ``depth``: how many generations (``None``: as many as there are rates; a walk by rank or peer has no such limit).
    ``most``: how many peers of one height are paid, of a list of rates at most its length.
    """

    tree: str
    by: str
    depth: int | None = None
    ranks: str | None = None
    most: int = 0
    applies: str = "equal"
    own_order: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """A pool divided by weight store ``by``, or by ``heads``."""

    by: str
    ranks: str | None = None
    lower_too: bool = False
    retire: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the queue ``lots``; ``line``: ``strict | skip``; ``each``: ``member | lot``."""

    lots: str
    line: str = "strict"
    each: str = "lot"


Who = Walk | Split | Head


# -- gate -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gate:
    """What a payment must pass: ``drain`` takes it from lots; the rest say when the head is served.

    ``reaches`` is a ratio, ``of`` its base (``spend`` or a lots store), ``closes`` the stores an exit empties.
    """

    drain: str | None = None
    spill: str = "next_lot"
    no_lot: str = "forfeit"
    excess: str = "carry_over"
    funded: str | None = None
    newcomers: int | None = None
    reaches: int | None = None
    of: str | None = None
    realised: bool = False
    closes: tuple[str, ...] = ()


# -- pay ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset, ``per_point`` (ratio) of what is drained; from pool ``source`` (``None``: the plan's own account)."""

    asset: str
    per_point: int = 1_000_000
    source: str | None = None
    retain: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """Money into a pool (or, with ``Share.spread``, into the pools of a family)."""

    pool: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A new lot."""

    lots: str


@dataclass(frozen=True, slots=True)
class Mint:
    """Tokens at the ``pre_deposit`` or ``post_deposit`` price."""

    tokens: str
    price: str = "pre_deposit"


@dataclass(frozen=True, slots=True)
class Weigh:
    """More of a weight store."""

    weight: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The lots are used up, nothing is paid."""


Pay = Asset | Feed | Grant | Mint | Weigh | Nothing


# -- rule and plan --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """When · Amount · Who · Gate · Pay. ``when`` is never ``base`` here: it has been replaced by daily or order."""

    id: str
    when: str
    amount: Amount
    pay: Pay
    who: Who | None = None
    gate: Gate | None = None
    off: bool = False
    """Switched off by an empty parameter, a rate of 0 or an empty list: checked, listed, never run."""
    part: int = 0
    """Which part of a composition it comes from, counted from 0 through all plans that have rules of their own.

    The points, the weight, the releases and the rules that an ``of`` names are those of the same part."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan. ``digest`` identifies it; ``params`` are the resolved parameter values by name."""

    name: str
    title: Mapping[str, str]
    digest: str
    params: Mapping[str, Any]
    """House and plan parameters, resolved: ``settle_at, refund_days, upstream, skus, pay_asset, coin_max_share,
    voucher_skus, coin_withdrawable, coin_transferable, funding, reserve_share, on_shortfall`` are always there."""
    stores: Mapping[str, Store]
    ranks: Mapping[str, Ranks]
    rules: tuple[Rule, ...]
    source: str = ""
    warnings: tuple[str, ...] = ()
    origin: Any = field(default=None, compare=False, repr=False)
    """What ``jifen.plan.load.revise`` needs to load the plan again with other values; no part of what the plan does."""
