"""``jifen bundle``: made by the shop, checked by anyone."""

import json

import pytest
from tests.cli.test_shop import FIRST, sandbox, shop
from tests.service.conftest import joins, order

__all__ = ["sandbox", "shop"]


@pytest.fixture
def bundle(sandbox, jifen, tmp_path):
    """``jifen bundle …`` where a day is closed."""
    from jifen.engine.events import DayClosed
    from jifen.service.inbox import submit

    closing = DayClosed(id=f"day:{FIRST.toordinal()}", day=0)
    submit([*joins("ann", "bob"), order("o1", "ann", 1000), order("o2", "bob", 200), closing])
    sandbox.write()
    return lambda *arguments: jifen("bundle", *arguments)


def test_a_bundle_is_made_and_holds(bundle, tmp_path):
    path = tmp_path / "shop.zip"
    made = json.loads(bundle("make", path, "--json")[1])
    assert (made["first"], made["last"]) == (str(FIRST), str(FIRST))
    assert path.stat().st_mode & 0o777 == 0o600
    shown = bundle("key")[1].strip()
    assert shown == made["public_key"]
    code, told, _ = bundle("verify", path, "--key", shown)
    assert (code, "2 members, 1 days" in told, "figures agree" in told) == (0, True, True)
    code, told, _ = bundle("verify", path)
    assert (code, "No key was given" in told) == (0, True)
    found = json.loads(bundle("verify", path, "--json")[1])
    assert (found["holds"], found["key_given"], found["members"]) == (True, False, 2)


def test_what_does_not_hold_is_told_with_its_code(bundle, tmp_path):
    path = tmp_path / "shop.zip"
    assert bundle("make", path)[0] == 0
    code, _, told = bundle("make", path)
    assert (code, "exists" in told) == (2, True)
    code, _, told = bundle("make", tmp_path / "no.zip", "--from", "2199-01-01")
    assert (code, "not_closed" in told) == (2, True)
    code, _, told = bundle("make", tmp_path / "no.zip", "--from", "soon")
    assert code == 2
    code, _, told = bundle("verify", path, "--key", "0" * 64)
    assert (code, "other_key" in told) == (2, True)
    path.write_bytes(path.read_bytes()[:-40])
    code, _, told = bundle("verify", path)
    assert (code, "bad_archive" in told) == (2, True)
    assert bundle("verify", tmp_path / "none.zip")[0] == 2
