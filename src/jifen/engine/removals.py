"""What is taken out of a lot without being paid: by the back office, or where a forced exit closes a store."""

from jifen.engine.books import Books
from jifen.engine.payments import take
from jifen.engine.tables import FROM_MERCHANT

__all__ = ["close_store", "remove_points"]


def remove_points(books: Books, lot: int, points: int, rule: str) -> int:
    """Take up to ``points`` from a lot and return how many; it is an effect like any other, but pays nothing."""
    world, lots = books.world, books.world.lots
    taken = take(world, lot, points)
    if taken == 0:
        return 0
    lots.last_release[lot] = world.releases.add(
        lot=lot, before=lots.last_release.item(lot), kind=0, first_day=world.open_day, last_day=world.open_day,
        rule=world.rule_names.number(rule), version=world.version, points=taken,
        terms=world.terms_number(0, 0, FROM_MERCHANT), kept_then=world.kept_of_lot(lot),
        returned_then=world.returned_of_lot(lot),
    )  # fmt: skip
    books.reclaim(lots.member.item(lot), lot, -taken, rule=rule)
    return taken


def close_store(books: Books, member: int, store: str, rule: str) -> None:
    """Empty all lots of a member in a store."""
    world = books.world
    for lot in world.lots_of(member, world.stores.numbers[store]):
        remove_points(books, lot, world.lots.remaining.item(lot), rule)
