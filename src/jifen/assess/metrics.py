"""What the rules of the pack ask of a plan, a shop and a run: metrics, each with the rules of the plan it comes from.

``rules/metrics.yaml`` defines every one in words. What nobody has said or measured is ``None``; depth without limit is
infinite.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING

from jifen.assess.closed_forms import closed_forms
from jifen.assess.copy_phrases import found_phrases
from jifen.assess.promises import RESERVE, Economics, Promise, Reward
from jifen.assess.shop import SAFEGUARDS, Shop
from jifen.plan.model import Asset, Curve, Cycle, Mint, Plan, Positions, Split, Tier, Weigh, Weight, Who

if TYPE_CHECKING:
    from jifen.assess.run_facts import RunFacts

__all__ = ["Measure", "Measures", "Value", "measure", "upward_rules"]

Value = bool | int | float | Fraction | tuple[str, ...] | None
"""Yes or no, a number, phrases that were found; ``None``: not known."""

_ORDERS = 1000
_DAYS = 1096
"""Days at constant sales within which a day without cash is looked for: three years."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric: its value, and the ids of the rules of the plan that it comes from."""

    name: str
    value: Value
    rules: tuple[str, ...] = ()


Measures = Mapping[str, Measure]
"""By name."""


def measure(plan: Plan, cost: Fraction, shop: Shop | None = None, run: "RunFacts | None" = None) -> Measures:
    """Everything that rules may ask; without a shop or a run, what only they know is ``None``."""
    economics = Economics(plan, cost)
    found = [
        *_walks(economics),
        *_promises(economics),
        *_outflow(economics),
        *_closed(plan, cost),
        *_curves(economics),
        *_other(economics),
        *_of_shop(shop, cost),
        *_of_run(run),
    ]
    return {each.name: each for each in found}


def upward_rules(plan: Plan) -> tuple[str, ...]:
    """The rules that pay those above a buyer for his order."""
    return _ids(each for each in _referral(Economics(plan)) if each.asset and not each.of_release)


# -- those above a buyer --------------------------------------------------------------------------------------------


def _referral(plan: Economics) -> list[Reward]:
    return [each for each in plan.walks if each.tree == "referral" and each.depth != 0]


def _ids(rewards: Iterable[Reward | Promise]) -> tuple[str, ...]:
    """The rules of rewards, or those that release promises (not sooner, for others' orders), each once."""
    ids: list[str] = []
    for each in rewards:
        if isinstance(each, Reward):
            ids.append(each.rule)
        else:
            due = [release.rule for release in each.releases if release.way != "walk"]
            ids += due or [release.rule for release in each.releases]
    return tuple(dict.fromkeys(ids))


def _walks(plan: Economics) -> Iterator[Measure]:
    rewards = _referral(plan)
    needing = [each for each in rewards if each.needs_order]
    teams = tuple(rule.id for rule in plan.rules if _divides_by_performance(plan, rule.who))
    heads = [rule.id for rule in plan.rules if isinstance(rule.amount, Cycle) and _counts_persons(plan, rule.amount)]
    paid = [each for each in rewards if each.asset and not each.drains]
    sooner = [each for each in rewards if each.drains]
    yield Measure("earn_requires_purchase", bool(needing), _ids(needing))
    depths = [inf if each.depth is None else each.depth for each in rewards]
    yield Measure("walk_depth", inf if teams else max(depths, default=0), (*_ids(rewards), *teams))
    yield Measure("downline_sales_reward", bool(rewards or teams), (*_ids(rewards), *teams))
    yield Measure("headcount_reward", bool(heads), tuple(heads))
    upline, accelerated = _share_of_order(plan, paid), _share_of_order(plan, sooner)
    yield Measure("upline_share", upline, _ids(paid))
    yield Measure("accel_share", accelerated, _ids(sooner))
    yield Measure("walk_share", upline + accelerated, _ids([*paid, *sooner]))
    rebates = [each for each in paid if each.needs_order]
    yield Measure("referral_rebate", bool(rebates), _ids(rebates))


def _divides_by_performance(plan: Economics, who: Who | None) -> bool:
    """Whether a pool is divided among ranks that sales of all below give: those sales, without a walk."""
    ladder = plan.plan.ranks.get(who.ranks or "") if isinstance(who, Split) else None
    return ladder is not None and ladder.by == "performance"


def _counts_persons(plan: Economics, cycle: Cycle) -> bool:
    store = plan.plan.stores.get(cycle.at)
    return isinstance(store, Positions) and store.counts == "persons"


def _share_of_order(plan: Economics, rewards: Iterable[Reward]) -> Fraction:
    """Most that rewards take of an order, all together; of releases, of all that the order releases by schedule."""
    scheduled = (each.multiple.high for each in plan.promises if each.by("schedule"))
    released = sum(scheduled, Fraction(0))
    return sum((each.share.high * (released if each.of_release else 1) for each in rewards), Fraction(0))


# -- the buyer ------------------------------------------------------------------------------------------------------


def _promises(plan: Economics) -> Iterator[Measure]:
    cash = [each for each in plan.promises if plan.becomes_cash(each.asset)]
    scheduled = [each for each in cash if (by := each.by("schedule")) is not None and by.pool is None]
    later = list(_paid_by_later_orders(plan, cash))
    yield Measure("static_multiple", plan.static_multiple.high, _ids(cash))
    yield Measure("scheduled", bool(scheduled), _ids(scheduled))
    yield Measure("scheduled_multiple", sum((each.multiple.high for each in scheduled), Fraction(0)), _ids(scheduled))
    yield Measure("later_money", bool(later), _ids(later))
    queues = [(each, unpaid) for each in plan.promises if (unpaid := _never_served(plan, each)) is not None]
    yield Measure("queue_unpaid_share", max((unpaid for _, unpaid in queues), default=None),
                  _ids(each for each, _ in queues))  # fmt: skip


def _paid_by_later_orders(plan: Economics, promises: list[Promise]) -> Iterator[Promise]:
    """Those that their own order does not pay for: more than it feeds or leaves, or by what only later ones bring."""
    own = sum((each.multiple.high for each in promises if plan.from_own_account(each)), Fraction(0))
    left = 1 - plan.cost - sum(plan.feeds.values(), Fraction(0)) + plan.feeds.get(RESERVE, Fraction(0))
    for promise in promises:
        by_others = promise.rounds or any(promise.by(way) for way in ("newcomers", "price", "split"))
        short = own > left if plan.from_own_account(promise) else promise.multiple.high > plan.fed(promise)
        if by_others or short:
            yield promise


def _never_served(plan: Economics, promise: Promise) -> Fraction | None:
    """Share of a queue that is never paid, however long it runs at the same sales."""
    served = promise.by("newcomers")
    if served is not None:
        return 1 - Fraction(1, served.group)
    if promise.by("queue") is not None:
        promised = promise.multiple.high
        return max(1 - plan.fed(promise) / promised, Fraction(0)) if promised else Fraction(0)
    return None


# -- what an order brings and pays ----------------------------------------------------------------------------------


def _outflow(plan: Economics) -> Iterator[Measure]:
    at_once = [each for each in plan.rewards if each.drains is None and not each.pool]
    cyclic = sum((each.share.high - each.usual for each in at_once if each.usual < each.share.high), Fraction(0))
    reserved = plan.feeds.get(RESERVE, Fraction(0))
    others = plan.immediate - sum(plan.feeds.values(), Fraction(0))
    # What the reserve takes of an order pays its rewards.
    most = plan.cost + plan.immediate - min(reserved, others)
    owed = sum((each.multiple.high for each in plan.promises if plan.from_own_account(each)), Fraction(0))
    yield Measure("order_outflow", most, _ids(at_once))
    yield Measure("order_outflow_usual", most - cyclic, _ids(at_once))
    yield Measure("outflow_max", most + max(owed - reserved, Fraction(0)))
    yield Measure("margin", 1 - plan.cost)


def _closed(plan: Plan, cost: Fraction) -> Iterator[Measure]:
    """Figures of the orders that promise most: growth, the day without cash, what is owed, exits."""
    dearest = _dearest(plan, cost)
    figures = closed_forms(dearest, _ORDERS, _DAYS)
    if all(_put_aside(dearest, each) for each in dearest.promises if each.by("schedule")):
        figures["owed_steady_days"] = None
    scheduled = _ids(each for each in dearest.promises if each.by("schedule"))
    for name in ("growth_required_daily", "cash_negative_day", "owed_steady_days"):
        yield Measure(name, figures[name], scheduled)
    yield Measure("exit_ceiling_share", figures["exit_ceiling_share"], _exits(dearest))


def _exits(plan: Economics) -> tuple[str, ...]:
    """The rules that force a member out at a multiple of what he spent."""
    gates = {rule.id: rule.gate for rule in plan.rules if rule.gate is not None}
    return tuple(rule for rule, gate in gates.items() if gate.reaches is not None and gate.of == "spend")


def _put_aside(plan: Economics, promise: Promise) -> bool:
    """Whether all of a promise is in its pool, or the reserve, from the order that it is made for."""
    if not plan.from_own_account(promise):
        return plan.fed(promise) >= promise.multiple.high
    own = sum((each.multiple.high for each in plan.promises if plan.from_own_account(each)), Fraction(0))
    return plan.feeds.get(RESERVE, Fraction(0)) >= own


def _dearest(plan: Plan, cost: Fraction) -> Economics:
    """The plan for orders of that amount, of those at which a tier begins, that promises most."""
    amounts = {row.min for rule in plan.rules if isinstance(rule.amount, Tier) for row in rule.amount.rows}
    tiers = [Economics(plan, cost, amount) for amount in sorted(amount for amount in amounts if amount)]
    return max(tiers, key=lambda each: each.static_multiple.low, default=Economics(plan, cost))


# -- prices, weights, coin ------------------------------------------------------------------------------------------


def _curves(plan: Economics) -> Iterator[Measure]:
    curves = [store for store in plan.plan.stores.values() if isinstance(store, Curve)]
    minting = [rule for rule in plan.rules if isinstance(rule.pay, Mint)]
    fed = sum((plan.feeds.get(curve.name, Fraction(0)) for curve in curves), Fraction(0))
    minted = sum((plan.amount(rule).high for rule in minting), Fraction(0))
    ids = tuple(dict.fromkeys(rule.id for rule in minting))
    yield Measure("tokens_minted", bool(minting), ids)
    yield Measure("mint_over_feed", (minted / fed if fed else inf) if minted else Fraction(0), ids)
    yield Measure("unbacked_mint", any(curve.unbacked for curve in curves))
    yield Measure("exact_undo", any(curve.refund == "exact_undo" for curve in curves))
    yield Measure("relaunch_price", any(curve.zero_supply == "launch_price" for curve in curves))
    held_out = max((each.exits_at for each in plan.promises), default=Fraction(0))
    yield Measure("exit_multiple", held_out or None, _exits(plan))


def _other(plan: Economics) -> Iterator[Measure]:
    params = plan.plan.params
    divided = {rule.who.by for rule in plan.rules if isinstance(rule.who, Split)}
    weighing = [rule for rule in plan.rules if isinstance(rule.pay, Weigh)]
    bought = [rule.id for rule in weighing if rule.who is None and rule.when == "order"
              and isinstance(rule.pay, Weigh) and rule.pay.weight in divided]  # fmt: skip
    capped = {name for name, store in plan.plan.stores.items() if isinstance(store, Weight) and store.cap is not None}
    issued = [rule.id for rule in weighing if isinstance(rule.pay, Weigh) and rule.pay.weight in capped]
    paying = {rule.id: rule.pay.asset for rule in plan.rules if isinstance(rule.pay, Asset)}
    debts = tuple(dict.fromkeys(rule.id for rule in plan.rules if rule.when == "liability"))
    coin = tuple(rule for rule, asset in paying.items() if asset == "coin")
    yield Measure("bought_weight", bool(bought), tuple(dict.fromkeys(bought)))
    yield Measure("shares_issued", bool(issued), tuple(dict.fromkeys(issued)))
    yield Measure("old_debts", bool(debts), debts)
    yield Measure("pays_persons", bool(paying), tuple(paying))
    yield Measure("coin_paid", bool(coin), coin)
    yield Measure("coin_withdrawable", bool(params["coin_withdrawable"]))
    yield Measure("coin_transferable", bool(params["coin_transferable"]))
    yield Measure("refund_days", int(params["refund_days"]))


# -- the shop and its runs ------------------------------------------------------------------------------------------

_SETTLED: Mapping[str, Value] = {
    "coin_years": inf,  # coin does not expire here
    "exchange_hook": False,  # there is none here
    "licensed_direct_seller": False,
    "random_reward": Fraction(0),
    "return_waived": False,  # a refund is never refused here
    "sanctioned": False,
    "typical_results": False,
}
"""What stands for a fact that a shop does not give: what jifen does, or that nothing of the kind has been said."""


def _of_shop(shop: Shop | None, cost: Fraction) -> Iterator[Measure]:
    given = {} if shop is None else shop.facts
    known: dict[str, Value] = {**dict.fromkeys(_ASKED), **_SETTLED, **given, "cost": cost}
    known |= {name: shop is not None and name in shop.safeguards for name in SAFEGUARDS}
    texts = None if shop is None else shop.texts
    known |= {name: None if texts is None else hits for name, hits in found_phrases(texts or {}).items()}
    for name, value in known.items():
        yield Measure(name, value)


_ASKED = (
    "merchants", "coin_purchasable", "holds_merchant_funds", "price_to_market", "names_shown", "adults_only",
)  # fmt: skip
"""What a shop alone knows."""

_RUN = (
    "tree_members", "tree_levels", "fees_collected", "coverage", "unpaid_if_stopped", "members_unpaid",
    "own_purchase_share", "self_dealing_share", "plan_versions",
)  # fmt: skip


def _of_run(run: "RunFacts | None") -> Iterator[Measure]:
    for name in _RUN:
        yield Measure(name, None if run is None else getattr(run, name))
