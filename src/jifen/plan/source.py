"""The plan file as it is written: every filling of every slot, with closed keys.

These models know the words of the language and the type of each value; ``$name`` and ``$table.column`` may stand where
a value stands and pass unread here. ``plan/resolve.py`` replaces them and makes the models of ``plan/model.py``.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from jifen.plan.notation import (
    NUMBER_SCHEMA,
    Count,
    Flag,
    Name,
    Number,
    Rates,
    Ratio,
    Reads,
    Table,
    Text,
    Word,
    Yuan,
    at_least,
    options,
)
from jifen.plan.values import read_yuan

__all__ = [
    "ASSETS",
    "KEYS",
    "LINE_KEYS",
    "MEASURES",
    "ORDER_BASES",
    "RULES_MAX",
    "WHENS",
    "AmountSource",
    "AssetPay",
    "BalanceAmount",
    "CycleAmount",
    "FeedPay",
    "GateSource",
    "GrantPay",
    "HeadWho",
    "LotsStore",
    "MintPay",
    "OverrideSource",
    "PartSource",
    "PaySource",
    "PerAmount",
    "PlanFile",
    "PoolStore",
    "PositionsStore",
    "RanksSource",
    "RemainingAmount",
    "RuleSource",
    "ScheduleAmount",
    "ShareAmount",
    "SplitWho",
    "StoreSource",
    "TierAmount",
    "Title",
    "ValueAmount",
    "WalkWho",
    "WeighPay",
    "WeightStore",
    "WhoSource",
]

RULES_MAX = 200
"""Most rules of a plan."""
ASSETS = ("cash", "coin", "voucher")
WHENS = ("order", "daily", "sale", "task", "liability", "event", "base")
MEASURES = ("single_order", "cumulative", "spend", "performance", "largest_order")
ORDER_BASES = (
    "trigger_amount", "trigger_margin", "trigger_points", "trigger_weight", "coin_paid", "own_amount", "lesser",
    "own_granted", "own_remaining", "own_claim",
)  # fmt: skip
"""The bases an order gives. Beside them stand ``static_release``, two measures and the ids of earlier rules."""
LINE_KEYS = ("sku", "category", "merchant", "zone")
"""What an override may ask of an order line, in order of precedence."""


class _Closed(BaseModel):
    """Knows its keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _first_key(*keys: str) -> Discriminator:
    """Tell a filling by the key it begins with."""

    def find(value: Any) -> str | None:
        if isinstance(value, dict):
            return next((f"={key}" for key in keys if key in value), None)
        if isinstance(value, BaseModel):  # pragma: no cover - pydantic asks so when it writes a model back
            return next((f"={key}" for key in keys if key in type(value).model_fields), None)
        return "=nothing" if value == "nothing" else None

    return Discriminator(find, custom_error_type="unknown_filling", custom_error_message=", ".join(keys))


# -- stores and ranks -----------------------------------------------------------------------------------------------


class LotsStore(_Closed):
    """Bounded promises: lots that run one after the other, together, as a queue, or as tokens."""

    lots: Annotated[str, options("sequential", "parallel", "queue", "tokens")]
    lag: Number | None = None
    counts: Annotated[str, options("after_head", "every_group")] | None = None
    priced_by: Name | None = None


class PoolStore(_Closed):
    """A pool of money (``each``: one for each row of that rank ladder), or a curve that prices tokens."""

    pool: Annotated[str, options("money", "curve")]
    each: Name | None = None
    launch: Ratio | None = None
    zero_supply: Annotated[str, options("last_price", "launch_price")] | None = None
    unbacked: Flag | None = None
    refund: Annotated[str, options("at_value", "exact_undo")] | None = None
    donated: Flag = False


class WeightStore(_Closed):
    """A number per member."""

    weight: Annotated[str, options("member")]
    cap: Annotated[int, Reads(at_least(read_yuan, 1, 10**18), NUMBER_SCHEMA)] | None = None


class PositionsStore(_Closed):
    """Numbered places below a sponsor."""

    positions: Annotated[str, options("persons", "orders")]


StoreSource = Annotated[
    Annotated[LotsStore, Tag("=lots")]
    | Annotated[PoolStore, Tag("=pool")]
    | Annotated[WeightStore, Tag("=weight")]
    | Annotated[PositionsStore, Tag("=positions")],
    _first_key("lots", "pool", "weight", "positions"),
]


class RanksSource(_Closed):
    """A ladder of ranks and what lifts a member on it."""

    ladder: Table
    by: Word
    effective: Annotated[str, options("next_run", "immediate")] = "next_run"
    demote: Annotated[str, options("on_refund", "never")] = "on_refund"
    at_most: Ratio | None = None


# -- amount ---------------------------------------------------------------------------------------------------------


class ShareAmount(_Closed):
    """A rate, or a table of rates, of a base."""

    share: Rates
    of: Word
    whole: Yuan | None = None
    spread: Table | None = None


class TierAmount(_Closed):
    """The value of the row that a measure reaches."""

    tier: Table
    at: Word
    of: Word | None = None
    retier: Flag = False
    parts: Count = 1


class CycleAmount(_Closed):
    """The rate of the place taken, times a base."""

    cycle: Rates
    at: Name
    of: Word


class PerAmount(_Closed):
    """A base divided by a unit."""

    per: Yuan
    of: Word


class ScheduleAmount(_Closed):
    """A release of each lot: a rate each day, or parts every few days."""

    schedule: Name
    rate: Ratio | None = None
    of: Annotated[str, options("granted", "order_amount")] | None = None
    parts: Count | None = None
    every: Count | None = None


class ValueAmount(_Closed):
    """Tokens at the price."""

    value: Name
    at_most: Annotated[str, options("clip_to_cap", "actual")] | None = None


class BalanceAmount(_Closed):
    """What a pool has."""

    balance: Name


class RemainingAmount(_Closed):
    """What the head of a queue is owed."""

    remaining: Name


AmountSource = Annotated[
    Annotated[ShareAmount, Tag("=share")]
    | Annotated[TierAmount, Tag("=tier")]
    | Annotated[CycleAmount, Tag("=cycle")]
    | Annotated[PerAmount, Tag("=per")]
    | Annotated[ScheduleAmount, Tag("=schedule")]
    | Annotated[ValueAmount, Tag("=value")]
    | Annotated[BalanceAmount, Tag("=balance")]
    | Annotated[RemainingAmount, Tag("=remaining")],
    _first_key("share", "tier", "cycle", "per", "schedule", "value", "balance", "remaining"),
]


# -- who ------------------------------------------------------------------------------------------------------------


class WalkWho(_Closed):
    """Ancestors in the referral or the region tree."""

    walk: Annotated[str, options("referral", "region")]
    by: Annotated[str, options("generation", "rank", "peer", "own_rank")] = "generation"
    depth: Count | None = None
    ranks: Name | None = None
    most: Number | None = None
    applies: Annotated[str, options("equal", "equal_or_lower")] | None = None
    own_order: Flag = False


class SplitWho(_Closed):
    """All who share a pool, by a weight store or by heads."""

    split: Name
    ranks: Name | None = None
    lower_too: Flag = False
    retire: Flag = False


class HeadWho(_Closed):
    """The head of a queue."""

    head: Name
    line: Annotated[str, options("strict", "skip")] = "strict"
    each: Annotated[str, options("member", "lot")] = "lot"


WhoSource = Annotated[
    Annotated[WalkWho, Tag("=walk")] | Annotated[SplitWho, Tag("=split")] | Annotated[HeadWho, Tag("=head")],
    _first_key("walk", "split", "head"),
]


# -- gate and pay ---------------------------------------------------------------------------------------------------


class GateSource(_Closed):
    """What a payment must pass."""

    drain: Name | None = None
    spill: Annotated[str, options("next_lot", "forfeit")] | None = None
    no_lot: Annotated[str, options("forfeit", "bank")] | None = None
    excess: Annotated[str, options("carry_over", "redistribute")] | None = None
    funded: Name | None = None
    newcomers: Count | None = None
    reaches: Ratio | None = None
    of: Name | None = None
    realised: Flag | None = None
    closes: Annotated[list[Name], Field(max_length=20)] | None = None


class AssetPay(_Closed):
    """An asset, from a pool or the plan's own account."""

    asset: Annotated[str, options(*ASSETS)]
    per_point: Ratio = 1_000_000
    source: Word = Field(default="platform", alias="from")
    retain: Ratio = 0


class FeedPay(_Closed):
    """Money into a pool."""

    feed: Name


class GrantPay(_Closed):
    """A new lot."""

    grant: Name


class MintPay(_Closed):
    """New tokens."""

    mint: Name
    price: Annotated[str, options("pre_deposit", "post_deposit")] = "pre_deposit"


class WeighPay(_Closed):
    """More of a weight."""

    weight: Name


PaySource = Annotated[
    Annotated[AssetPay, Tag("=asset")]
    | Annotated[FeedPay, Tag("=feed")]
    | Annotated[GrantPay, Tag("=grant")]
    | Annotated[MintPay, Tag("=mint")]
    | Annotated[WeighPay, Tag("=weight")]
    | Annotated[Literal["nothing"], Tag("=nothing")],
    _first_key("asset", "feed", "grant", "mint", "weight", "nothing"),
]


# -- rule and file --------------------------------------------------------------------------------------------------


class RuleSource(_Closed):
    """When · Amount · Who · Gate · Pay."""

    id: Name
    when: Annotated[str, options(*WHENS)]
    amount: AmountSource
    who: WhoSource | None = None
    gate: GateSource | None = None
    pay: PaySource


class OverrideSource(BaseModel):
    """Other values of ``rate`` and ``ratio`` parameters for lines of one sku, category, merchant or zone."""

    model_config = ConfigDict(extra="allow", frozen=True)

    where: dict[Annotated[str, options(*LINE_KEYS)], Text] = Field(min_length=1, max_length=1)


def _part_kind(value: Any) -> str:
    return "=renamed" if isinstance(value, dict) else "=name"


PartSource = Annotated[
    Annotated[Name, Tag("=name")]
    | Annotated[dict[Name, dict[Name, Name]], Field(min_length=1, max_length=1), Tag("=renamed")],
    Discriminator(_part_kind),
]
"""A plan's name, or ``{name: {old: new}}``."""


class Title(_Closed):
    """The plan's name for people."""

    en: Text
    zh: Text


class PlanFile(_Closed):
    """A plan: its parameters, stores, ranks and rules; or a composition of plans, with other values for parameters."""

    preset: Name
    title: Title | None = None
    source: Text = ""
    params: dict[Name, Any] = Field(default_factory=dict)
    overrides: Annotated[list[OverrideSource], Field(max_length=10_000)] = Field(default_factory=list)
    stores: dict[Name, StoreSource] = Field(default_factory=dict)
    ranks: dict[Name, RanksSource] = Field(default_factory=dict)
    rules: Annotated[list[RuleSource], Field(max_length=RULES_MAX)] = Field(default_factory=list)
    compose: Annotated[list[PartSource], Field(min_length=1, max_length=10)] | None = None


KEYS = frozenset(info.alias or name for model in _Closed.__subclasses__() for name, info in model.model_fields.items())
"""All keys of the language, to tell a misspelt one."""
