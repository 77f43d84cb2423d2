"""The doctor says what is wrong with a shop, and what to do; it finds nothing where nothing is."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core import signing
from django.db import connections
from django.test import override_settings
from tests.service.conftest import joins, order
from tests.service.test_audit import tamper

from jifen.core.days import shop_zone
from jifen.engine.events import DayClosed
from jifen.plan import load_plan
from jifen.service import doctor
from jifen.service.doctor import examine
from jifen.service.doctor_shop import shop_findings
from jifen.service.environment import read_settings
from jifen.service.inbox import submit
from jifen.service.members.models import Account
from jifen.service.shop import Terms, create_shop
from jifen.service.vault import sealed
from jifen.service.writer import JOURNAL, SNAPSHOTS, Writer

KEY, OLD = "k" * 40, "o" * 40
TODAY = datetime.now(UTC).astimezone(shop_zone("Asia/Shanghai")).toordinal()


@pytest.fixture
def well(using, folder):
    """A shop that has closed yesterday."""
    folder.mkdir(mode=0o700)
    create_shop(load_plan("points_dividend"), TODAY - 1, Terms("test"), using=using)
    closing = DayClosed(id=f"day:{TODAY - 1}", day=0)
    submit([*joins("ann"), order("o1", "ann", 100), closing], using=using)
    with Writer.elected(folder, using) as writer:
        while writer.step():
            pass
    return using


@pytest.fixture
def settings_of(folder):
    """Says what the environment would have to say."""
    return lambda **given: override_settings(SETTINGS=read_settings({"JIFEN_VAR": str(folder), **given}))


def looked(folder, using, *, deep=True):
    return {(found.subject, found.level): found for found in shop_findings(folder, using, deep=deep)}


def ills(folder, using):
    """What is not well, but for durability: the server of these tests has nothing to lose."""
    return {key for key in looked(folder, using) if key[1] != "ok" and key[0] != "durability"}


def test_a_shop_that_is_well_has_nothing_to_mend_but_its_writer(well, folder):
    assert ills(folder, well) == {("writer", "warning")}
    with Writer.elected(folder, well):
        assert ills(folder, well) == set()


def test_a_server_that_may_lose_what_is_committed_is_an_error(well, folder):
    found = looked(folder, well)
    sqlite = connections[well].vendor == "sqlite"
    assert (("durability", "ok") in found) is sqlite
    if not sqlite:
        assert "fsync is off" in found["durability", "error"].message


def statement(using, text):
    with connections[using].cursor() as cursor:
        cursor.execute(text)


def drop_guard(using, folder):
    on = " ON transfer" if connections[using].vendor == "postgresql" else ""
    statement(using, f"DROP TRIGGER transfer_of_opening{on}")


def alter_guard(using, folder):
    if connections[using].vendor == "sqlite":
        statement(using, "DROP TRIGGER transfer_of_opening")
        statement(using, "CREATE TRIGGER transfer_of_opening BEFORE INSERT ON transfer WHEN 0 BEGIN SELECT 1; END")
    else:
        statement(using, "CREATE OR REPLACE FUNCTION transfer_of_opening() RETURNS trigger LANGUAGE plpgsql"
                         " AS 'BEGIN RETURN NULL; END'")  # fmt: skip


def switch_guard_off(using, folder):
    if connections[using].vendor == "sqlite":
        drop_guard(using, folder)
    else:
        statement(using, "ALTER TABLE transfer DISABLE TRIGGER transfer_of_opening")


def unapply(using, folder):
    statement(using, "DELETE FROM django_migrations WHERE name LIKE '0002%%'")


def change_segment(using, folder):
    path = next((folder / JOURNAL).iterdir())
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def remove_segment(using, folder):
    next((folder / JOURNAL).iterdir()).unlink()


def leave_orphan(using, folder):
    (folder / JOURNAL / "close-1-x.parquet").write_bytes(b"")


def damage_snapshot(using, folder):
    for path in (folder / SNAPSHOTS).glob("*/columns.bin"):
        path.write_bytes(path.read_bytes()[:-1])


def fall_behind(using, folder):
    tamper(using, f"UPDATE run SET day = {TODAY - 9}")


def let_wait(using, folder):
    submit([order("o2", "ann", 1)], using=using)


def run_ahead(using, folder):
    tamper(using, f"UPDATE run SET day = {TODAY + 9}")


ILLS = {
    drop_guard: ("guards", "error"),
    alter_guard: ("guards", "error"),
    switch_guard_off: ("guards", "error"),
    unapply: ("tables", "error"),
    change_segment: ("journal", "error"),
    remove_segment: ("journal", "error"),
    leave_orphan: ("journal", "warning"),
    damage_snapshot: ("snapshot", "warning"),
    fall_behind: ("closes", "error"),
    let_wait: ("writer", "error"),
    run_ahead: ("clock", "warning"),  # it is a sandbox
}


OF_THE_DATABASE = [drop_guard, alter_guard, switch_guard_off]
"""These are another thing on each."""


@pytest.mark.parametrize(
    ("url", "make_ill"),
    [*(("sqlite", make_ill) for make_ill in ILLS), *(("postgresql", make_ill) for make_ill in OF_THE_DATABASE)],
    indirect=["url"],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_is_found_with_a_remedy(well, folder, make_ill):
    make_ill(well, folder)
    found = looked(folder, well)
    assert found[ILLS[make_ill]].remedy
    # And nothing else is blamed but what is tampered with by switching guards off on SQLite.
    tampered = {("guards", "error")} if "TODAY" in make_ill.__code__.co_names else set()
    allowed = {ILLS[make_ill], ("writer", "warning")} | tampered
    assert ills(folder, well) <= allowed


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_personal_data_that_no_key_opens_is_an_error_and_a_key_beside_it_a_warning(well, folder, settings_of):
    account = Account(phone=b"")
    with settings_of(JIFEN_DATA_KEY=OLD):
        assert looked(folder, well)["personal data", "ok"].message == "nothing is sealed yet"
        account.phone = sealed("+8613800000000")
        account.save(using=well)
        assert looked(folder, well)["personal data", "ok"].message == "the keys open it"
    with settings_of(JIFEN_DATA_KEY=KEY):
        assert "another key" in looked(folder, well)["personal data", "error"].message
    with settings_of(JIFEN_DATA_KEY=KEY, JIFEN_DATA_KEYS_OLD=OLD):
        assert ("personal data", "ok") in looked(folder, well)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_live_shop_is_told_that_its_key_lies_beside_what_it_opens(using, folder, settings_of):
    create_shop(load_plan("member_rebate"), TODAY, Terms("test", live=True), using=using)
    with settings_of():
        assert "beside it" in looked(folder, using)["personal data", "warning"].message
    with settings_of(JIFEN_DATA_KEY=KEY):
        assert ("personal data", "ok") in looked(folder, using)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_segment_that_was_changed_is_found_by_a_deep_look_only(well, folder):
    change_segment(well, folder)
    assert ("journal", "ok") in looked(folder, well, deep=False)


def test_a_database_that_does_not_answer_or_is_not_there_is_one_finding(tmp_path, folder, servers):
    from jifen.service.databases import open_database

    open_database("gone", f"postgresql://nobody@/none?host={tmp_path}")
    (found,) = shop_findings(folder, "gone")
    assert (found.subject, found.level) == ("database", "error")
    open_database("gone", f"sqlite:///{tmp_path}/none.sqlite3")
    (found,) = shop_findings(folder, "gone")
    assert (found.subject, found.level) == ("database", "error")
    assert not Path(tmp_path, "none.sqlite3").exists()


def test_all_is_looked_at_and_no_secret_is_said(well, folder, url):
    secret = secrets.token_urlsafe(40)
    environ = {"JIFEN_VAR": str(folder), "JIFEN_DATABASE_URL": url, "JIFEN_SECRET_KEY": secret,
               "JIFEN_SECRET_KEYS_OLD": OLD}  # fmt: skip
    found = list(examine(environ, deep=True))
    connections["examined"].close()
    subjects = {
        "python", "packages", "kernels", "settings", "folder", "disk", "database", "durability", "tables", "guards",
        "shop", "writer", "inbox", "closes", "clock", "journal", "snapshot",
    }  # fmt: skip
    assert subjects <= {each.subject for each in found}
    told = json.dumps([(each.message, each.remedy) for each in found])
    assert secret not in told
    assert OLD not in told


def test_settings_that_cannot_be_used_are_said_with_the_key_that_is_missing(tmp_path):
    told = {found.level: found for found in examine({"JIFEN_SECRET_KEY": "short"}) if found.subject == "settings"}
    assert "can be guessed" in told["error"].message
    environ = {"JIFEN_VAR": str(tmp_path / "none")}
    told = {found.subject: found for found in examine(environ)}
    assert told["settings"].level == "warning"
    assert "jifen keys new" in told["settings"].remedy
    assert told["folder"].level == "warning"


def test_a_folder_that_everybody_may_write_or_a_full_disk_is_an_error(folder, monkeypatch):
    folder.mkdir()
    levels = {}
    for mode in (0o700, 0o704, 0o707):
        folder.chmod(mode)
        levels[mode] = {found.subject: found.level for found in doctor.machine_findings(folder)}["folder"]
    assert levels == {0o700: "ok", 0o704: "warning", 0o707: "error"}
    usage = type("Usage", (), {"free": 10 << 20})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage)
    assert {found.subject: found.level for found in doctor.machine_findings(folder)}["disk"] == "error"


def test_a_package_that_is_too_old_is_an_error(monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: "0.1")
    found = next(found for found in examine({"JIFEN_SECRET_KEY": "x"}) if found.subject == "packages")
    assert (found.level, "numpy 0.1 (needs 2.1)" in found.message) == ("error", True)


# -- Keys ------------------------------------------------------------------------------------------------------------


def under(**environ):
    """The settings that Django has from an environment."""
    settings = read_settings(environ)
    return override_settings(SECRET_KEY=settings.secret_key, SECRET_KEY_FALLBACKS=list(settings.secret_keys_old))


def test_what_an_old_key_has_signed_verifies_until_the_key_is_taken_out():
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    with under(JIFEN_SECRET_KEY=OLD):
        signed = signing.dumps({"member": "ann"})
        session = SessionStore()
        session["member"] = "ann"
        session.save()
    with under(JIFEN_SECRET_KEY=KEY, JIFEN_SECRET_KEYS_OLD=OLD):
        assert signing.loads(signed) == {"member": "ann"}
        assert SessionStore(session.session_key)["member"] == "ann"
        new = signing.dumps("new")
    with under(JIFEN_SECRET_KEY=KEY):
        assert signing.loads(new) == "new"  # the new key signs, while the old one only verifies
        with pytest.raises(signing.BadSignature):
            signing.loads(signed)
        assert "member" not in SessionStore(session.session_key)
