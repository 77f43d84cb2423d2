"""The books of a batch: debts are repaid first, nothing goes below zero that must not."""

import pytest

from jifen.core.errors import BrokenInvariant
from jifen.engine.books import Books, On
from jifen.engine.tables import FROM_MERCHANT, FROM_RESERVE, NONE
from jifen.engine.world import World
from jifen.ledger.journal import Account
from jifen.plan import load_plan

MERCHANT, OUTSIDE = (Account.MERCHANT, 0), (Account.OUTSIDE, 0)


@pytest.fixture
def books() -> Books:
    world = World(load_plan("rebate_queue"), 0)
    world.add_member("a", NONE, 0)
    return Books(world)


def state(books: Books, fund: int) -> tuple[int, int]:
    world = books.world
    if fund == FROM_RESERVE:
        return world.reserve, world.reserve_debt
    return world.pool_balance[fund], world.pool_debt_of[fund]


def routes(books: Books) -> list[tuple[int, int, int]]:
    rows, _ = books.writer.seal()
    return [(int(row["from_kind"]), int(row["to_kind"]), int(row["amount"])) for row in rows]


@pytest.mark.parametrize("fund", [0, FROM_RESERVE])
class TestFund:
    """A pool and the reserve keep their books alike."""

    def test_what_it_lacks_becomes_its_debt(self, books: Books, fund: int) -> None:
        books.put("feed", fund, MERCHANT, 30)
        books.give_back("refund", fund, 100)
        assert state(books, fund) == (0, 70)
        own = Account.RESERVE if fund == FROM_RESERVE else Account.POOL
        assert routes(books) == [
            (Account.MERCHANT, own, 30), (own, Account.MERCHANT, 30), (Account.RECEIVABLE, Account.MERCHANT, 70),
        ]  # fmt: skip

    def test_an_inflow_repays_the_debt_first(self, books: Books, fund: int) -> None:
        books.give_back("refund", fund, 70)
        books.put("feed", fund, MERCHANT, 50)
        assert state(books, fund) == (0, 20)
        books.put("donate", fund, OUTSIDE, 50)
        assert state(books, fund) == (30, 0)

    def test_what_a_member_gives_back_repays_it_too(self, books: Books, fund: int) -> None:
        books.give_back("refund", fund, 70)
        books.claw_back(0, fund, 0, 100, On(reason=0))
        assert state(books, fund) == (30, 0)
        assert books.world.balance("a", "cash") == -100

    def test_a_payment_above_what_it_has_breaks_the_books(self, books: Books, fund: int) -> None:
        books.put("feed", fund, MERCHANT, 10)
        place = (Account.RESERVE, 0) if fund == FROM_RESERVE else (Account.POOL, fund)
        with pytest.raises(BrokenInvariant, match="below zero"):
            books.move("serve", place, (Account.WALLET, 0), 11)

    def test_a_release_that_stands_again_is_given_by_the_fund_that_took_it_back(self, books: Books, fund: int) -> None:
        """It has 3 of 5: 2 are its debt, and the next 5 that come back repay them."""
        books.put("feed", fund, MERCHANT, 3)
        books.claw_back(0, fund, 0, -5, On(reason=0))
        assert state(books, fund) == (0, 2)
        assert books.world.balance("a", "cash") == 5
        own = Account.RESERVE if fund == FROM_RESERVE else Account.POOL
        assert routes(books)[1:] == [(own, Account.WALLET, 3), (Account.RECEIVABLE, Account.WALLET, 2)]
        books.claw_back(0, fund, 0, 5, On(reason=0))
        assert state(books, fund) == (3, 0)

    def test_it_does_not_matter_what_comes_back_first(self, books: Books, fund: int) -> None:
        """5 are given and 7 come back, either way it ends with 2, having owed in between or not."""
        for amount in (-5, 7):
            books.claw_back(0, fund, 0, amount, On(reason=0))
        assert state(books, fund) == (2, 0)
        for amount in (7, -5):
            books.claw_back(0, fund, 0, amount, On(reason=0))
        assert state(books, fund) == (4, 0)


def test_the_merchant_owes_nothing_to_itself(books: Books) -> None:
    books.give_back("refund", FROM_MERCHANT, 5)
    books.put("order", FROM_MERCHANT, OUTSIDE, 7)
    books.claw_back(0, FROM_MERCHANT, 0, 3, On(reason=0))
    books.claw_back(0, FROM_MERCHANT, 0, -2, On(reason=0))
    assert routes(books) == [
        (Account.OUTSIDE, Account.MERCHANT, 7), (Account.WALLET, Account.MERCHANT, 3),
        (Account.MERCHANT, Account.WALLET, 2),
    ]  # fmt: skip


def test_a_wallet_below_zero_is_a_debt(books: Books) -> None:
    books.move("refund", (Account.WALLET, 0), MERCHANT, 5)
    assert books.world.balance("a", "cash") == -5


def test_nothing_moved_is_nothing_written(books: Books) -> None:
    books.move("static", MERCHANT, (Account.WALLET, 0), 0)
    assert routes(books) == []


@pytest.mark.parametrize(("amount", "drained"), [(-1, 0), (1, -1)])
def test_a_negative_transfer_breaks_the_books(books: Books, amount: int, drained: int) -> None:
    with pytest.raises(BrokenInvariant, match="negative"):
        books.move("static", MERCHANT, (Account.WALLET, 0), amount, on=On(drained=drained))
