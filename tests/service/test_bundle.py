"""The bundle of a shop: what is in it by hand, who signed it, and that nothing in it can be changed."""

import csv
import io
import json
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections
from tests.service.conftest import joins, order

from jifen.batch.bundle import MANIFEST, SIGNATURE, open_bundle, public_key_of, seal_bundle
from jifen.batch.bundle_figures import compared
from jifen.core.errors import InputError
from jifen.engine.events import DayClosed, OrderRefunded
from jifen.service.bundling import Period, make_bundle
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.members.personal import keep_person
from jifen.service.programs.watching import watch
from jifen.service.vault import signing_key
from jifen.service.writer import SNAPSHOTS, Writer

FIRST = 738_000
YUAN = 1_000_000


@pytest.fixture
def closed(shop, folder):
    """Ann buys for 1000, Bob, whom she brought, for 200 a day later, of which half is given back on the third."""
    Account(code="ann", invite_code="ann-code").save(using=shop)
    keep_person(Account.objects.using(shop).get(code="ann"), {"name": "王小明", "bank_account": "6225880112341234"})
    refund = OrderRefunded(id="r1", day=0, order="o2", amount=100 * YUAN)
    for day, events in enumerate(
        [[*joins("ann", "bob"), order("o1", "ann", 1000)], [order("o2", "bob", 200)], [refund]]
    ):
        submit([*events, DayClosed(id=f"day:{FIRST + day}", day=0)], using=shop)
        with Writer.elected(folder, shop) as writer:
            while writer.step():
                pass
        watch(folder / SNAPSHOTS, using=shop)
    return shop


@pytest.fixture
def made(closed, folder, tmp_path):
    """The bundle of all three days."""
    path = tmp_path / "shop.zip"
    make_bundle(path, folder / SNAPSHOTS, Period(), using=closed)
    return path


def table(path, name):
    with zipfile.ZipFile(path) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def rewritten(path, change):
    """The same zip after ``change`` of its files by name."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files = change(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files if isinstance(files, list) else files.items():
            archive.writestr(name, content)
    return path


def refusal(path, key=""):
    with pytest.raises(InputError) as refused, open_bundle(path, key):
        pass
    return refused.value.problems[0].code


def test_a_bundle_has_the_tree_and_what_each_member_was_paid(made, closed):
    assert [(row["member"], row["sponsor"], row["team_sales"]) for row in table(made, "members.csv")] == [
        ("ann", "", "1100.00"), ("bob", "ann", "100.00"),
    ]  # fmt: skip
    paid = {(row["day"], row["member"], row["rule"]): row["amount"] for row in table(made, "payouts.csv")}
    days = [row["day"] for row in table(made, "runs.csv")]
    assert paid[days[1], "ann", "generation"] == "40.00"
    assert paid[days[1], "ann", "static"] == "10.00"
    assert paid[days[2], "ann", "refund"] == "-20.00"
    assert "王小明" not in made.read_bytes().decode("latin-1")
    with open_bundle(made, public_key_of(signing_key())) as bundle:
        counts, problems = compared(bundle)
        assert (counts.members, counts.days, counts.versions, problems) == (2, 3, 1, [])
        assert bundle.manifest["log"]["batch"] >= 2
        found = bundle.document("findings.json")
    assert [each["day"] for each in found["closes"]] == days


def test_the_same_shop_makes_the_same_bytes_and_other_days_make_others(made, closed, folder, tmp_path):
    again = tmp_path / "again.zip"
    make_bundle(again, folder / SNAPSHOTS, Period(), using=closed)
    assert again.read_bytes() == made.read_bytes()
    from datetime import date

    part = tmp_path / "part.zip"
    make_bundle(part, folder / SNAPSHOTS, Period(last=date.fromordinal(FIRST + 1)), using=closed)
    assert len(table(part, "runs.csv")) == 2
    with open_bundle(part) as bundle:
        assert compared(bundle)[1] == []
    with pytest.raises(InputError) as refused:
        make_bundle(tmp_path / "no.zip", folder / SNAPSHOTS, Period(first=date(2199, 1, 1)), using=closed)
    assert (refused.value.problems[0].code, (tmp_path / "no.zip").exists()) == ("not_closed", False)
    with pytest.raises(InputError) as refused:
        make_bundle(made, folder / SNAPSHOTS, Period(), using=closed)
    assert refused.value.problems[0].code == "exists"


def test_who_members_are_stands_in_it_only_where_it_is_asked_for(closed, folder, tmp_path):
    path = tmp_path / "personal.zip"
    assert make_bundle(path, folder / SNAPSHOTS, Period(), with_personal=True, using=closed)["personal"] is True
    assert [(row["name"], row["bank_account"]) for row in table(path, "members.csv")] == [
        ("王小明", "6225880112341234"), ("", ""),
    ]  # fmt: skip


def test_a_byte_changed_anywhere_is_found(made):
    whole = made.read_bytes()
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
    for name in names:

        def flipped(files, name=name):
            content = bytearray(files[name])
            content[len(content) // 2] ^= 1
            return {**files, name: bytes(content)}

        rewritten(made, flipped)
        assert refusal(made) in ("forged", "changed_file", "bad_bundle"), name
        made.write_bytes(whole)
    with open_bundle(made):
        pass


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_is_no_bundle_of_this_shop_is_refused(made, tmp_path):
    whole, other = made.read_bytes(), public_key_of(Ed25519PrivateKey.generate())
    assert refusal(made, other) == "other_key"
    for change, code in (
        (lambda files: {**files, "more.csv": b"x"}, "bad_bundle"),
        (lambda files: {name: text for name, text in files.items() if name != "runs.csv"}, "bad_bundle"),
        (lambda files: {name: text for name, text in files.items() if name != SIGNATURE}, "bad_bundle"),
        (lambda files: {**files, SIGNATURE: b"00" * 64}, "forged"),
        (lambda files: {**files, SIGNATURE: b"rubbish"}, "forged"),
        (lambda files: {**files, MANIFEST: b"{}"}, "bad_bundle"),
        (lambda files: {**files, MANIFEST: b"not json"}, "bad_bundle"),
        (lambda files: {**files, "runs.csv": files["runs.csv"] + b"x"}, "changed_file"),
    ):
        rewritten(made, change)
        assert refusal(made) == code
        made.write_bytes(whole)
    made.write_bytes(whole[: len(whole) // 2])
    assert refusal(made) == "bad_archive"
    made.write_bytes(b"PK rubbish")
    assert refusal(made) == "bad_archive"
    assert refusal(tmp_path / "none.zip") == "no_file"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_files_that_the_signer_named_outside_are_no_files_of_a_bundle(tmp_path, made):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "UP.csv").write_text("x")
    seal_bundle(tmp_path / "in", tmp_path / "bad.zip", {}, Ed25519PrivateKey.generate())
    assert refusal(tmp_path / "bad.zip") == "bad_bundle"
    with pytest.raises(InputError) as refused, open_bundle(made, most=10):
        pass
    assert refused.value.problems[0].code == "too_large"


FALSE = {
    "a payout more": ("payouts.csv", lambda text: text.replace(",40.00,", ",41.00,"), "payouts.csv"),
    "a payee from nowhere": ("payouts.csv", lambda text: text.replace(",bob,", ",zoe,"), "payouts.csv"),
    "a circle": ("members.csv", lambda text: text.replace("\nann,,", "\nann,bob,"), "members.csv"),
    "a sponsor from nowhere": ("members.csv", lambda text: text.replace("bob,ann", "bob,zoe"), "members.csv"),
    "a day less": ("runs.csv", lambda text: "\n".join(line for at, line in enumerate(text.split("\n")) if at != 2),
                   "runs.csv"),
    "a rule that moved less": ("moved.csv", lambda text: text.replace(",40.00,", ",39.00,"), "payouts.csv"),
}  # fmt: skip


@pytest.mark.parametrize("what", FALSE)
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_figures_that_were_signed_and_are_wrong_are_found(what, made, tmp_path):
    name, change, place = FALSE[what]
    folder = tmp_path / "in"
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
        facts = {each: json.loads(archive.read(MANIFEST))[each] for each in ("shop", "first", "last")}
    for signed in (MANIFEST, SIGNATURE):
        (folder / signed).unlink()
    before = (folder / name).read_text()
    (folder / name).write_text(change(before))
    assert (folder / name).read_text() != before
    seal_bundle(folder, tmp_path / "false.zip", facts, signing_key())
    with open_bundle(tmp_path / "false.zip", public_key_of(signing_key())) as bundle:
        problems = compared(bundle)[1]
    assert [(each.code, each.file) for each in problems][:1] == [("disagrees", place)]


def test_the_key_stays_when_the_data_key_is_replaced(settings_of):
    with settings_of(JIFEN_DATA_KEY="a" * 40):
        before = public_key_of(signing_key())
    with settings_of(JIFEN_DATA_KEY="b" * 40, JIFEN_DATA_KEYS_OLD="a" * 40):
        assert public_key_of(signing_key()) == before
    with settings_of(JIFEN_DATA_KEY="b" * 40):
        assert public_key_of(signing_key()) != before


@pytest.fixture
def settings_of(tmp_path):
    from django.test import override_settings

    from jifen.service.environment import read_settings

    return lambda **given: override_settings(SETTINGS=read_settings({"JIFEN_VAR": str(tmp_path), **given}))


def test_nothing_is_left_open(made, closed):
    assert not [alias for alias in connections if "one moment" in alias]
