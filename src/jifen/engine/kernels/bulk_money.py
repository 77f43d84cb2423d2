"""Money and claims in the bulk lane: every movement is one transfer, as in ``books`` of the engine."""

from jifen.engine.columns import SUM_MAX
from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined
from jifen.engine.kernels.bulk_columns import Shop
from jifen.engine.kernels.divide import MILLION
from jifen.ledger.journal import Account

__all__ = [
    "CLAIM", "ISSUER", "MERCHANT", "NONE", "OUTSIDE", "WALLET", "WEIGHT", "account_of", "add_to_wallet", "claim",
    "claw_back", "give_back", "move", "put", "share",
]  # fmt: skip

NONE = -1
MERCHANT, _RESERVE, _POOL, _RECEIVABLE = (
    int(Account.MERCHANT), int(Account.RESERVE), int(Account.POOL), int(Account.RECEIVABLE),
)  # fmt: skip
WALLET, CLAIM, ISSUER, OUTSIDE = int(Account.WALLET), int(Account.CLAIM), int(Account.ISSUER), int(Account.OUTSIDE)
WEIGHT = int(Account.WEIGHT)


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
def add_to_wallet(shop: Shop, asset: int, member: int, amount: int) -> None:
    """Change what a member has of an asset; that it is more than can be counted is noted for who called."""
    held = shop.wallets[asset][member] + amount
    shop.wallets[asset][member] = held
    if held > SUM_MAX or held < -SUM_MAX:
        shop.books.now[c.BEYOND] = 1


@inlined
def put(
    shop: Shop, rule: int, fund: int, source: tuple[int, int], amount: tuple[int, int], on: tuple[int, int, int, int]
) -> None:
    """Put money into a fund, repaying what it owes first; ``amount`` is (asset, how much)."""
    asset, left = amount
    if fund != c.MERCHANT_FUND:
        repaid = min(shop.books.debt[fund], left)
        if repaid > 0:
            shop.books.debt[fund] -= repaid
            move(shop, rule, source, _owing_of(fund), (asset, repaid), on)
            left -= repaid
        shop.books.balance[fund] += left
    if left > 0:
        move(shop, rule, source, account_of(fund), (asset, left), on)


@inlined
def _draw(
    shop: Shop, fund: int, target: tuple[int, int], amount: tuple[int, int], on: tuple[int, int, int, int]
) -> None:
    """Take money that a refund must give out of a fund; what the fund lacks becomes its debt."""
    asset, wanted = amount
    rule, paid = shop.day.refund_rule, wanted
    if fund != c.MERCHANT_FUND:
        paid = min(shop.books.balance[fund], wanted)
        shop.books.balance[fund] -= paid
    if paid > 0:
        move(shop, rule, account_of(fund), target, (asset, paid), on)
    if wanted > paid:
        shop.books.debt[fund] += wanted - paid
        move(shop, rule, _owing_of(fund), target, (asset, wanted - paid), on)


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
    """Take from a member back to the fund that paid him, its debt first; below 0 the fund gives it again."""
    if amount == 0:
        return
    asset, fund = shop.plan.terms[terms, 0], shop.plan.terms[terms, 2] + c.FIRST_POOL
    add_to_wallet(shop, asset, member, -amount)
    if amount < 0:
        _draw(shop, fund, (WALLET, member), (asset, -amount), on)
    else:
        put(shop, shop.day.refund_rule, fund, (WALLET, member), (asset, amount), on)


@inlined
def give_back(shop: Shop, fund: int, amount: int, order: int, reason: int) -> None:
    """Return money from a fund to the merchant; what it lacks becomes its debt."""
    if amount > 0:
        _draw(shop, fund, (MERCHANT, 0), (0, amount), (NONE, 0, order, reason))
