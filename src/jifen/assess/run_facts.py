"""What a run says that no plan can: who stands in the tree, what is owed and covered, on whose orders rewards stand.

A run is the folder that ``jifen run`` writes. Ages, receipts of goods and names are not in it: rules on them are not
decided by it.
"""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from jifen.batch.holdings import holdings
from jifen.batch.layout import JOURNAL
from jifen.batch.outputs import DAILY
from jifen.batch.replay import world_of
from jifen.core.errors import InputError, Problem
from jifen.core.micros import MICRO
from jifen.engine import World
from jifen.ledger.segments import read_segments
from jifen.plan.model import Curve

__all__ = ["RunFacts", "depth_of", "facts_of", "read_run"]

_NONE = -1


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run in the figures that rules ask for; amounts in yuan, ``None``: the run has nothing to measure it by."""

    digest: str
    """Of the plan that counted on the last day."""
    tree_members: int
    """Who brought somebody or was brought, and one for the organiser; 0 if nobody was."""
    tree_levels: int
    """The longest line of them from top to bottom, the organiser one level above."""
    fees_collected: Fraction
    """What members of the tree have bought for, less what they gave back."""
    coverage: Fraction
    """What reserve and pools of money have ÷ what lots and claims promise; 1 if nothing is promised."""
    unpaid_if_stopped: Fraction
    """What would be missing if sales stopped."""
    members_unpaid: int
    """How many have something promised, of lots or claims."""
    own_purchase_share: Fraction | None
    """Of rewards for orders of others: the part for orders of members who brought somebody themselves."""
    self_dealing_share: Fraction | None
    """Of sales with a merchant named: those in which the buyer is the merchant."""
    plan_versions: int


def read_run(folder: Path, upward: Collection[str], progress: Callable[[int, int], None] | None = None) -> RunFacts:
    """Measure the run in ``folder``; ``upward``: the ids of the rules that reward those above for an order.

    A folder without a run is an ``InputError``.
    """
    world = world_of(folder, progress)
    return facts_of(world, _promised_and_backing(folder, world), upward, _self_dealing(folder))


def facts_of(
    world: World, promised_and_backing: tuple[int, int], upward: Collection[str], self_dealing: Fraction | None
) -> RunFacts:
    """Measure a world; what lots and claims promise and what can pay it (micro-units), as whoever closes days knows it.

    ``self_dealing``: of sales with a merchant named, those in which the buyer is the merchant.
    """
    members = world.members.size
    parent = np.asarray(world.members.parent[:members], dtype=np.int64)
    brought = np.zeros(members, dtype=bool)
    brought[parent[parent != _NONE]] = True
    inside = brought | (parent != _NONE)
    orders = world.orders.size
    buyer = np.asarray(world.orders.member[:orders], dtype=np.int64)
    kept = np.asarray(world.orders.kept[:orders], dtype=np.int64)
    promised, backing = promised_and_backing
    short = max(promised - backing, 0)
    return RunFacts(
        digest=world.program.plan.digest,
        tree_members=int(inside.sum()) + bool(inside.any()),
        tree_levels=int(depth_of(parent)[inside].max()) + 2 if inside.any() else 0,
        fees_collected=Fraction(int(kept[inside[buyer]].sum()), MICRO),
        coverage=Fraction(backing, promised) if promised else Fraction(1),
        unpaid_if_stopped=Fraction(short, MICRO),
        members_unpaid=_members_promised(world) if short else 0,
        own_purchase_share=_own_purchases(world, brought[buyer], upward),
        self_dealing_share=self_dealing,
        plan_versions=len(world.programs),
    )


def depth_of(parent: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many stand above each member; ``parent`` is a member's number or -1, in no particular order.

    >>> depth_of(np.array([-1, 0, 1, -1])).tolist()
    [0, 1, 2, 0]
    """
    depth: npt.NDArray[np.int64] = (parent != _NONE).astype(np.int64)
    above = parent.copy()
    while (going := above != _NONE).any():
        # Twice as far up in each step: what the one above knows is added, and his own goal becomes the next one.
        depth[going] += depth[above[going]]
        above[going] = above[above[going]]
    return depth


def _promised_and_backing(folder: Path, world: World) -> tuple[int, int]:
    """What lots and claims promise at the end, and what can pay it; wallets are paid for, tokens worth their pool."""
    curves = {f"pool:{name}" for name, store in world.program.plan.stores.items() if isinstance(store, Curve)}
    try:
        table = pq.read_table(folder / DAILY)
    except (OSError, ValueError) as error:
        problem = Problem("unreadable", f"the run's days cannot be read: {error}", "run it again", str(folder / DAILY))
        raise InputError(problem) from error
    # Exact: a decimal with six places is an integer of millionths.
    last = {name: int(table[name][-1].as_py().scaleb(6)) for name in table.column_names if name != "day"}
    pools = sum(amount for name, amount in last.items() if name.startswith("pool:") and name not in curves)
    return last["owed"] - last["wallets"], last["reserve"] + pools


def _members_promised(world: World) -> int:
    tokens = {name for name, store in world.program.plan.stores.items() if getattr(store, "priced_by", None)}
    waiting = np.zeros(world.members.size, dtype=bool)
    for held in holdings(world):
        if held.kind in ("lots", "claims") and held.name.removeprefix("store:") not in tokens:
            waiting |= held.amounts > 0
    return int(waiting.sum())


def _own_purchases(world: World, by_recruiter: npt.NDArray[np.bool_], upward: Collection[str]) -> Fraction | None:
    """Of what these rules paid for orders, and still stands (points): that for orders of who brought somebody."""
    payments, count = world.payments, world.payments.size
    rules = [number for number, name in enumerate(world.rule_names.names) if name in upward]
    order = np.asarray(payments.order[:count], dtype=np.int64)
    mine = np.isin(np.asarray(payments.rule[:count]), rules) & (order != _NONE)
    paid = (np.asarray(payments.paid[:count], dtype=np.int64) - payments.lost[:count])[mine]
    whole = int(paid.sum())
    return Fraction(int(paid[by_recruiter[order[mine]]].sum()), whole) if whole else None


def _self_dealing(folder: Path) -> Fraction | None:
    named = own = 0
    for buyer, merchant, amount in _merchant_lines(folder):
        named += amount
        own += amount if buyer == merchant else 0
    return Fraction(own, named) if named else None


def _merchant_lines(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Buyer, merchant and amount of each order line that names its merchant."""
    for batch, _ in read_segments(folder / JOURNAL):
        for text in batch.events:
            if '"merchant"' in text and '"order_paid"' in text:
                order: dict[str, Any] = json.loads(text)
                for line in order["lines"]:
                    if "merchant" in line:
                        yield order["member"], line["merchant"], line["amount"]
