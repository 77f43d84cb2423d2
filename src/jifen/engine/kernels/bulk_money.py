"""Money and claims in the bulk lane: every movement is one transfer, as in ``books`` of the engine."""

from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.divide import MILLION
from jifen.ledger.journal import Account

__all__ = [
    "CLAIM", "ISSUER", "MERCHANT", "NONE", "OUTSIDE", "WALLET", "account_of", "claim", "claw_back", "give_back", "move",
    "put", "share",
]  # fmt: skip

NONE = -1
MERCHANT, _RESERVE, _POOL, _RECEIVABLE = (
    int(Account.MERCHANT), int(Account.RESERVE), int(Account.POOL), int(Account.RECEIVABLE),
)  # fmt: skip
WALLET, CLAIM, ISSUER, OUTSIDE = int(Account.WALLET), int(Account.CLAIM), int(Account.ISSUER), int(Account.OUTSIDE)


@inlined
def share(amount: int, rate: int) -> int:
    """⌊amount × rate ÷ 10⁶⌋ without a wide product."""
    return amount // MILLION * rate + amount % MILLION * rate // MILLION


@inlined
def move(
    shop: Shop, rule: int, source: tuple[int, int], target: tuple[int, int], amount: tuple[int, int],
    on: tuple[int, int, int, int],
) -> None:  # fmt: skip
    """Write one transfer; ``amount`` is (asset, how much), ``on`` is (lot, drained, order, reason)."""
    now = shop.books.now
    rows, row = shop.books.transfers, now[c.TRANSFERS]
    rows.event[row], rows.rule[row] = now[c.EVENT], rule
    rows.from_kind[row], rows.from_id[row] = source
    rows.to_kind[row], rows.to_id[row] = target
    rows.asset[row], rows.amount[row] = amount
    rows.lot[row], rows.drained[row], rows.order[row], rows.reason[row] = on
    now[c.TRANSFERS] = row + 1


@inlined
def account_of(fund: int) -> tuple[int, int]:
    """The account of a fund."""
    if fund == c.MERCHANT_FUND:
        return MERCHANT, 0
    return (_RESERVE, 0) if fund == c.RESERVE_FUND else (_POOL, fund - c.FIRST_POOL)


@inlined
def _owing_of(fund: int) -> tuple[int, int]:
    """The account of what a pool or the reserve owes."""
    return _RECEIVABLE, NONE if fund == c.RESERVE_FUND else fund - c.FIRST_POOL


@inlined
def put(shop: Shop, rule: int, fund: int, amount: int, order: int) -> None:
    """Put money of the merchant into a pool or the reserve, repaying what it owes first."""
    balance, debt = shop.books.balance, shop.books.debt
    repaid, on = min(debt[fund], amount), (NONE, 0, order, NONE)
    if repaid > 0:
        debt[fund] -= repaid
        move(shop, rule, (MERCHANT, 0), _owing_of(fund), (0, repaid), on)
    if amount > repaid:
        balance[fund] += amount - repaid
        move(shop, rule, (MERCHANT, 0), account_of(fund), (0, amount - repaid), on)


@inlined
def claim(shop: Shop, lot: int, units: int) -> None:
    """Add to what a lot promises, or take it away."""
    if units != 0:
        store = shop.lots.store[lot]
        issuer, claim = (ISSUER, store), (CLAIM, shop.lots.member[lot])
        source, target = (issuer, claim) if units > 0 else (claim, issuer)
        on = lot, 0, shop.lots.order[lot], NONE
        move(shop, shop.day.refund_rule, source, target, (shop.plan.stores[store, c.UNIT_OF], abs(units)), on)


@inlined
def claw_back(shop: Shop, member: int, terms: int, amount: int, on: tuple[int, int, int, int]) -> None:
    """Take from a member back to the fund that paid him, its debt first; below 0 the merchant gives it to him."""
    if amount == 0:
        return
    asset, fund = shop.plan.terms[terms, 0], shop.plan.terms[terms, 2] + c.FIRST_POOL
    rule, wallet = shop.day.refund_rule, (WALLET, member)
    shop.wallets[asset][member] -= amount
    if amount < 0:
        move(shop, rule, (MERCHANT, 0), wallet, (asset, -amount), on)
        return
    if fund != c.MERCHANT_FUND:
        repaid = min(shop.books.debt[fund], amount)
        if repaid > 0:
            shop.books.debt[fund] -= repaid
            move(shop, rule, wallet, _owing_of(fund), (asset, repaid), on)
            amount -= repaid
        shop.books.balance[fund] += amount
    if amount > 0:
        move(shop, rule, wallet, account_of(fund), (asset, amount), on)


@inlined
def give_back(shop: Shop, fund: int, amount: int, order: int, reason: int) -> None:
    """Return money from a fund to the merchant; what it lacks becomes its debt."""
    if amount <= 0:
        return
    rule, on = shop.day.refund_rule, (NONE, 0, order, reason)
    paid = min(shop.books.balance[fund], amount)
    if paid > 0:
        shop.books.balance[fund] -= paid
        move(shop, rule, account_of(fund), (MERCHANT, 0), (0, paid), on)
    if amount > paid:
        shop.books.debt[fund] += amount - paid
        move(shop, rule, _owing_of(fund), (MERCHANT, 0), (0, amount - paid), on)
