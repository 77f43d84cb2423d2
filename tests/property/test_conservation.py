"""Every amount that leaves one place arrives in another: what the world holds is the fold of all transfers."""

from itertools import accumulate

import pytest
from tests.property.histories import ASSETS, books_of

from jifen.engine import World, apply
from jifen.engine.events import DayClosed
from jifen.ledger.journal import Account, Journal
from jifen.plan import preset_names
from jifen.simulate.streams import random_stream

SEEDS = 25


def journals(seed: int, name: str) -> tuple[World, list[Journal]]:
    """A history applied day by day."""
    plan, events = random_stream(seed, name)
    world = World(plan, 0)
    days = list(accumulate((isinstance(event, DayClosed) for event in events), initial=0))
    batches = [[event for event, at in zip(events, days, strict=False) if at == day] for day in range(days[-1] + 1)]
    return world, [apply(world, batch) for batch in batches]


@pytest.mark.parametrize("name", preset_names())
def test_the_world_is_the_fold_of_its_transfers(name: str) -> None:
    for seed in range(SEEDS):
        world, written = journals(seed, name)
        books = books_of(written[0])
        for journal in written[1:]:
            books.update(books_of(journal))
        for asset in ASSETS:
            number = world.assets.numbers[asset]
            for member, row in world.member_ids.numbers.items():
                assert world.balance(member, asset) == books[Account.WALLET, row, number], f"seed {seed}: {member}"
        for pool, row in world.pools.numbers.items():
            assert world.pool(pool) == books[Account.POOL, row, 0], f"seed {seed}: {pool}"
            assert world.pool_debt(pool) == -books[Account.RECEIVABLE, row, 0], f"seed {seed}: {pool}"
        assert world.reserve == books[Account.RESERVE, 0, 0], f"seed {seed}"
        assert world.reserve_debt == -books[Account.RECEIVABLE, -1, 0], f"seed {seed}"


@pytest.mark.parametrize("name", preset_names())
def test_a_lot_holds_its_grants_less_its_releases(name: str) -> None:
    for seed in range(SEEDS):
        world, written = journals(seed, name)
        books = books_of(written[0])
        for journal in written[1:]:
            books.update(books_of(journal))
        for lot in range(world.lots.size):
            assert world.lots.remaining.item(lot) == books["lot", lot], f"seed {seed}: lot {lot}"


@pytest.mark.parametrize("name", preset_names())
def test_a_withdrawal_that_waits_is_in_nobodys_wallet(name: str) -> None:
    for seed in range(SEEDS):
        world, written = journals(seed, name)
        books = books_of(written[0])
        for journal in written[1:]:
            books.update(books_of(journal))
        for (kind, member, asset), amount in [(key, each) for key, each in books.items() if key[0] == Account.PENDING]:
            del kind
            open_now = [
                each[2] for each in world.withdrawals.values() if each[:2] == (member, asset) and each[3] == "requested"
            ]
            assert amount == sum(open_now), f"seed {seed}"


@pytest.mark.parametrize("name", preset_names())
def test_no_pool_pays_more_than_it_has_at_any_moment(name: str) -> None:
    for seed in range(SEEDS):
        _, written = journals(seed, name)
        balance: dict[tuple[int, int], int] = {}
        for row in [row for journal in written for row in journal.transfers]:
            for side, sign in (("from", -1), ("to", 1)):
                kind = int(row[f"{side}_kind"])
                if kind in (Account.POOL, Account.RESERVE):
                    fund = kind, int(row[f"{side}_id"])
                    balance[fund] = balance.get(fund, 0) + sign * int(row["amount"])
                    assert balance[fund] >= 0, f"seed {seed}"
