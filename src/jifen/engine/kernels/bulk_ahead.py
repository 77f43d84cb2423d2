"""What the bulk lane will need of the next rows, asked for in time: of buyers, then of their sponsors and lots."""

from jifen.engine.kernels import bulk_columns as c
from jifen.engine.kernels import inlined
from jifen.engine.kernels.bulk_columns import Log, Shop
from jifen.engine.kernels.bulk_money import NONE
from jifen.engine.kernels.prefetch import prefetch

__all__ = ["look_ahead"]

_BUYER, _SPONSOR, _LOT, _PLACE = 17, 12, 8, 4
"""How many rows ahead each is asked for: every step reads what the one before it has asked for."""


@inlined
def look_ahead(log: Log, row: int, end: int, shop: Shop) -> None:
    """Ask for what rows somewhat further on will read."""
    if row + _BUYER >= end:
        return
    members, lots, chain, orders = shop.members, shop.lots, shop.stores[0], shop.orders
    buyer = _buyer(log, row + _BUYER)
    if buyer != NONE:
        prefetch(members.parent, buyer)
        prefetch(members.own_net, buyer)
        prefetch(members.spend, buyer)
        prefetch(members.live_orders, buyer)
        prefetch(members.last_order, buyer)
        prefetch(chain.last, buyer)
        prefetch(chain.head, buyer)
    buyer = _buyer(log, row + _SPONSOR)
    if buyer != NONE:
        prefetch(lots.after, max(chain.last[buyer], 0))
        sponsor = max(members.parent[buyer], 0)
        prefetch(members.parent, sponsor)
        prefetch(members.last_payment, sponsor)
        prefetch(shop.wallets[0], sponsor)
        prefetch(chain.head, sponsor)
    lot = _first_lot(log, row + _LOT, shop)
    if lot != NONE:
        prefetch(lots.slot, lot)
        prefetch(lots.last_release, lot)
        prefetch(lots.kept_then, lot)
        prefetch(lots.order, lot)
        prefetch(lots.key, lot)
    lot = _first_lot(log, row + _PLACE, shop)
    if lot != NONE:
        prefetch(lots.remaining, lots.slot[lot])
        prefetch(orders.kept, max(lots.order[lot], 0))
        prefetch(orders.returned, max(lots.order[lot], 0))


@inlined
def _buyer(log: Log, row: int) -> int:
    """Who buys in a row, NONE if nobody does who was a member before."""
    member = log.member[row]
    return member if log.kind[row] == c.ORDER and member < log.first_member else NONE


@inlined
def _first_lot(log: Log, row: int, shop: Shop) -> int:
    """The first lot of the sponsor of who buys in a row, NONE if there is none."""
    buyer = _buyer(log, row)
    sponsor = NONE if buyer == NONE else shop.members.parent[buyer]
    return NONE if sponsor == NONE else shop.stores[0].head[sponsor]
