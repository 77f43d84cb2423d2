"""The peers do the same job: entry by entry what ours does, and what was worked out by hand."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.day import Day, Difference, Entries, compare, day_of, our_entries
from benchmarks.peers import PEERS, NotHere, load
from benchmarks.server import Server

from jifen.bench import ours
from jifen.bench.sizes import Size
from jifen.bench.worlds import build_world
from jifen.plan import load_plan

SIZES = {
    "a forest with several lots a member": Size(400, 2_000),
    "a forest with a lot for every other member": Size(400, 200, seed=2),
    "a chain": Size(70, 200, "chain"),
    "a star": Size(300, 600, "star"),
}


@pytest.fixture(scope="module", params=SIZES.values(), ids=SIZES)
def closed(request):
    """A day of a made world, and the entries that ours makes of it."""
    prepared = ours.prepare(build_world(load_plan("green_points"), request.param))
    return day_of(prepared.world), our_entries(prepared)


@pytest.fixture(scope="module")
def server():
    """One PostgreSQL for all tests: the peer starts one of its own otherwise."""
    try:
        one = Server()
    except (OSError, LookupError) as reason:
        yield str(reason)
        return
    yield one
    one.close()


@pytest.fixture(autouse=True)
def one_server(server, monkeypatch):
    def begin() -> SimpleNamespace:
        if isinstance(server, str):
            raise OSError(server)
        return SimpleNamespace(address=server.address, close=lambda: None)

    if find_spec("psycopg"):
        monkeypatch.setattr("benchmarks.peers.postgres_closure.Server", begin)


@pytest.fixture
def peer():
    """Load a day into the peer; give it back afterwards."""
    loaded = []

    def begin(name: str, day: Day):
        try:
            loaded.append(load(name, day))
        except NotHere as reason:
            pytest.skip(str(reason))
        return loaded[-1]

    yield begin
    for one in loaded:
        one.close()


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_makes_the_same_entries_as_ours(closed, peer, name):
    day, expected = closed
    one = peer(name, day)
    for run in ("compute", "compute", "save"):
        if hasattr(one, run):
            one.reset()
            getattr(one, run)()
            compare(name, expected, one.entries())


@pytest.mark.parametrize("name", ["PostgreSQL", "SQLite"])
def test_a_peer_that_saves_takes_from_lots_what_it_gives_to_members(peer, name):
    one = peer(name, BY_HAND)
    one.reset()
    one.save()
    connection = one._connection if name == "PostgreSQL" else one._disk
    lots = connection.execute("SELECT remaining FROM lots ORDER BY lot").fetchall()
    cash = connection.execute("SELECT cash FROM members ORDER BY member").fetchall()
    # 1000 - 105, 30 - 30, 500 - 52, 40 - 10 - 30, 25 - 10 - 15, 60 - 1 - 19 - 4 - 4
    assert [int(left) for (left,) in lots] == [895, 0, 448, 0, 0, 32]
    assert [int(earned) for (earned,) in cash] == [28, 65, 82, 105]


# -- a day worked out by hand ---------------------------------------------------------------------------------------

# 0 sponsors 1, 1 sponsors 2, 2 sponsors 3; 0 and 1 have 20 %, 3 has 10 %, which counts for nobody: he has no one below.
BY_HAND = Day(
    parent=np.array([-1, 0, 1, 2]),
    rate=np.array([200_000, 200_000, 0, 100_000]),
    lot_member=np.array([3, 2, 2, 1, 1, 0]),
    remaining=np.array([1000, 30, 500, 40, 25, 60]),
    daily=np.array([105, 50, 0, 10, 10, 1]),
    generations=(500_000, 300_000),
    peer_rate=30_000,
    top_rate=200_000,
)
ENTRIES = [
    # Lots release 105, the 30 that are left of 50, nothing yet, 10, 10 and 1.
    (3, 0, 0, 105), (2, 1, 0, 30), (1, 3, 0, 10), (1, 4, 0, 10), (0, 5, 0, 1),
    # 2 gets half of 105; his first lot is empty. 1 gets half of 30 and 30 % of 105: 46, but his lots have 30 and 15
    # left: one is lost. 0 gets half of 20 and 30 % of 30.
    (2, 2, 1, 52), (1, 3, 1, 30), (1, 4, 1, 15), (0, 5, 1, 19),
    # 1 would get 20 % of 135 and has no lot left; 0 gets 20 % of the 20 that 1 has released himself.
    (0, 5, 2, 4),
    # 0 is the first of equal rank over all that 1 has passed on: 3 % of 105 and of 30, 4.05 together, rounded once.
    (0, 5, 3, 4),
]  # fmt: skip


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_makes_of_a_day_what_was_worked_out_by_hand(peer, name):
    one = peer(name, BY_HAND)
    one.reset()
    one.compute()
    assert sorted(zip(*(column.tolist() for column in vars(one.entries()).values()), strict=True)) == sorted(ENTRIES)


# -- the comparison itself ------------------------------------------------------------------------------------------


def entries(rows) -> Entries:
    return Entries(*np.array(rows, dtype=np.int64).reshape(-1, 4).T)


def test_entries_in_another_order_are_the_same():
    compare("some", entries(ENTRIES), entries(ENTRIES[::-1]))


@pytest.mark.parametrize("column", range(4))
def test_one_entry_that_differs_in_any_column_is_found(column):
    other = [list(row) for row in ENTRIES]
    other[5][column] += 1
    with pytest.raises(Difference, match="some: "):
        compare("some", entries(ENTRIES), entries(other))


@pytest.mark.parametrize("other", [ENTRIES[:-1], [*ENTRIES, (0, 5, 3, 1)]])
def test_an_entry_too_few_or_too_many_is_found(other):
    with pytest.raises(Difference, match=r"entries, not|should be"):
        compare("some", entries(ENTRIES), entries(other))
