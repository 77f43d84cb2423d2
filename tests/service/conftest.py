"""The same tests on both databases, each with a new one of its own."""

import itertools
from collections.abc import Iterator

import pytest

from jifen.engine.events import Event, Line, MemberJoined, OrderPaid
from jifen.service.databases import open_database, start_django

start_django()

from tests.service.servers import Servers  # noqa: E402

ALIASES = (f"shop_{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def servers(tmp_path_factory) -> Iterator[Servers]:
    """Where databases come from."""
    made = Servers(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, servers) -> Iterator[str]:
    """The address of a database of its own: an empty one, or with all tables where a shop is ``using`` it."""
    make = servers.filled if "using" in request.fixturenames else servers.new
    try:
        made = make(request.param)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    yield made
    servers.drop(made)


@pytest.fixture
def using(url) -> Iterator[str]:
    """The alias of a new database with all tables, and no shop yet."""
    from django.db import connections

    alias = next(ALIASES)
    open_database(alias, url)
    yield alias
    connections[alias].close()


@pytest.fixture
def shop(using) -> str:
    """The alias of a shop that has just opened, on day 738000."""
    from jifen.plan import load_plan
    from jifen.service.shop import Terms, create_shop

    create_shop(load_plan("points_dividend"), 738000, Terms("test"), using=using)
    return using


def joins(*members: str) -> list[Event]:
    """Members who join, each below the one before."""
    return [
        MemberJoined(id=f"j-{member}", day=0, member=member, referrer=above)
        for above, member in zip((None, *members), members, strict=False)
    ]


def order(name: str, member: str, yuan: int) -> OrderPaid:
    """An order of one line."""
    return OrderPaid(id=name, day=0, member=member, lines=(Line(amount=yuan * 1_000_000),))


@pytest.fixture
def folder(tmp_path):
    """What a shop keeps beside its database."""
    return tmp_path / "shop"
