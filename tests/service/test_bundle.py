"""A bundle says what a shop did, is the same for the same shop, and is refused when one bit of it is another."""

import pytest
from tests.service.conftest import joins, order

from jifen.engine.events import DayClosed, MemberMoved, OrderRefunded
from jifen.service.bundle.keys import signing_keys
from jifen.service.bundle.making import make_bundle
from jifen.service.bundle.verifying import verify_bundle
from jifen.service.inbox import submit
from jifen.service.writer import Writer

FIRST = 738000
YUAN = 1_000_000


def write(folder, using):
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass


@pytest.fixture
def traded(shop, folder):
    """Three closed days, with a refund and a move."""
    submit([*joins("ann", "bob", "cem"), order("o1", "ann", 100), order("o2", "bob", 50)], using=shop)
    submit([DayClosed(id=f"day:{FIRST}", day=0)], using=shop)
    write(folder, shop)
    submit([OrderRefunded(id="r1", day=0, order="o2", amount=20 * YUAN)], using=shop)
    submit([MemberMoved(id="m1", day=0, member="cem", referrer="ann")], using=shop)
    submit([DayClosed(id=f"day:{FIRST + 1}", day=0), DayClosed(id=f"day:{FIRST + 2}", day=0)], using=shop)
    write(folder, shop)
    return shop


def test_try(traded, tmp_path):
    make_bundle(tmp_path / "b.zip", using=traded)
    key = signing_keys(traded)[0].public
    found = verify_bundle(tmp_path / "b.zip", key)
    print(found)
    import zipfile
    with zipfile.ZipFile(tmp_path / "b.zip") as z:
        for n in z.namelist():
            print("==", n); print(z.read(n)[:1500].decode("utf-8", "replace"))
    assert 0
