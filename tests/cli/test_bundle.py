"""``jifen bundle``: what an operator types, and what a regulator types who has nothing but the file and the key."""

import json
import subprocess
import sys
import zipfile

import pytest
from tests.cli.test_shop import FIRST, FUNDED, shop

__all__ = ["shop"]


@pytest.fixture
def closed(shop, jifen):
    """A sandbox with an order and one closed day; ``bundle`` runs ``jifen bundle …``."""
    from jifen.engine.events import DayClosed, Line, MemberJoined, OrderPaid
    from jifen.service.content import closing_id
    from jifen.service.inbox import submit

    first = ("--name", "demo", "--first-day", str(FIRST))
    assert shop("create", "--plan", "points_dividend", *FUNDED, *first)[0] == 0
    submit([
        MemberJoined(id="j1", day=0, member="ann"),
        OrderPaid(id="o1", day=0, member="ann", lines=(Line(amount=100_000_000),)),
        DayClosed(id=closing_id(FIRST.toordinal()), day=0),
    ])  # fmt: skip
    shop.write()

    def bundle(*arguments):
        return jifen("bundle", *arguments)

    bundle.shop = shop
    return bundle


@pytest.fixture
def key(closed):
    return closed("key").out.strip()


def test_a_bundle_is_made_and_verified_with_the_key_that_is_shown(closed, key, tmp_path):
    code, told, _ = closed("make", tmp_path / "b.zip")
    assert (code, key in told, "1 members, 1 orders of 100.00" in told) == (0, True, True)
    code, told, _ = closed("verify", tmp_path / "b.zip", "--key", key)
    assert (code, "Sound: all figures agree." in told, "2026-03-01 to 2026-03-01" in told) == (0, True, True)


def test_json_says_the_same(closed, key, tmp_path):
    made = json.loads(closed("make", tmp_path / "b.zip", "--json").out)
    told = json.loads(closed("verify", tmp_path / "b.zip", "--key", key, "--json").out)
    assert (made["key"], made["totals"], made["bytes"]) == (key, told["totals"], (tmp_path / "b.zip").stat().st_size)
    assert (told["sound"], told["signed"], told["problems"]) == (True, True, [])


def test_what_is_wrong_is_told_with_its_code_and_exit_code_1(closed, key, tmp_path):
    assert closed("make", tmp_path / "b.zip").code == 0
    other = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    code, told, why = closed("verify", tmp_path / "b.zip", "--key", other)
    assert (code, "Not sound." in told, "other_key" in why) == (1, True, True)
    with zipfile.ZipFile(tmp_path / "b.zip", "a") as archive:
        archive.writestr("more.txt", "x")
    code, told, why = closed("verify", tmp_path / "b.zip", "--key", key)
    assert (code, "bundle_extra" in why, "more.txt" in why) == (1, True, True)
    told = json.loads(closed("verify", tmp_path / "b.zip", "--key", key, "--json").out)
    assert (told["sound"], told["signed"], [each["code"] for each in told["problems"]]) == (
        False, False, ["bundle_extra"],
    )  # fmt: skip
    assert closed("verify", tmp_path / "none.zip", "--key", key).code == 1


def test_options_that_cannot_be_are_refused(closed, key, tmp_path):
    for arguments, code in (
        (("verify", tmp_path / "b.zip", "--key", "5f3c"), "bad_key"),
        (("make", tmp_path / "b.zip", "--from", "march"), "bad_option"),
        (("make", tmp_path / "b.zip", "--to", "2026-03-02"), "bad_period"),
    ):
        answer = closed(*arguments)
        assert (answer.code, code in answer.err) == (2, True)
    assert not (tmp_path / "b.zip").exists()
    assert closed("make", tmp_path / "b.zip", "--from", "2026-03-01", "--to", "2026-03-01").code == 0
    assert "target_exists" in closed("make", tmp_path / "b.zip").err
    assert closed("make", tmp_path / "b.zip", "--force", "--personal").code == 0
    assert "people.csv" in zipfile.ZipFile(tmp_path / "b.zip").namelist()


def test_a_key_is_replaced_and_the_one_before_is_listed(closed, key, tmp_path):
    code, told, _ = closed("key", "--new", "--pem", tmp_path / "key.pem")
    new = told.split()[0]
    assert (code, new != key, key in told) == (0, True, True)
    assert closed("make", tmp_path / "b.zip").code == 0
    assert closed("verify", tmp_path / "b.zip", "--key", tmp_path / "key.pem").code == 0
    assert closed("verify", tmp_path / "b.zip", "--key", key).code == 1
    found = json.loads(closed("key", "--json").out)
    assert (found["key"], [each["key"] for each in found["keys"]]) == (new, [new, key])
    assert [each["retired_at"] is None for each in found["keys"]] == [True, False]


def test_a_regulator_has_no_shop_and_no_settings(closed, key, tmp_path):
    assert closed("make", tmp_path / "b.zip").code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    program = (
        "import sys; sys.modules['django'] = None; "
        f"sys.argv = ['jifen', 'bundle', 'verify', {str(tmp_path / 'b.zip')!r}, '--key', {key!r}]; "
        "from jifen.cli.app import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=elsewhere, capture_output=True, text=True)
    assert (done.returncode, "Sound" in done.stdout, list(elsewhere.iterdir())) == (0, True, []), done.stderr
