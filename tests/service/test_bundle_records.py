"""What people and machines wrote beside the log is in a bundle; nobody's name is, unless it is asked for."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import IntegrityError, connections
from django.test import override_settings
from tests.service.bundles import codes, files_of, table
from tests.service.conftest import joins, order
from tests.service.programs.test_watching import close, published
from tests.service.test_bundle import FIRST, key_of, made, refused, traded, write

from jifen.engine.events import PlanPaused, StoreAdjusted
from jifen.plan import load_plan
from jifen.plan.text import parse_plan
from jifen.service import models
from jifen.service.acting import acting
from jifen.service.bundle.keys import new_key, signing_key, signing_keys
from jifen.service.bundle.models import SigningKey
from jifen.service.inbox import submit
from jifen.service.life import activate
from jifen.service.members.models import Account
from jifen.service.members.personal import erase, keep_person
from jifen.service.programs.models import Program, RunFinding
from jifen.service.programs.studies import checked
from jifen.service.programs.terms import shop_facts
from jifen.service.programs.waivers import Grounds, ask_waiver, grant_waiver
from jifen.service.reads import LotReader
from jifen.service.rights import Principal
from jifen.service.sealing import reseal
from jifen.service.shop import Terms, create_shop
from jifen.service.staff.deeds import ask, decide, set_limits
from jifen.service.vault import sealed
from jifen.service.wallets.models import Withdrawal

__all__ = ["traded"]

HASTY = load_plan("member_rebate", {"refund_days": "3"})
"""A plan that CN-17 blocks, which may be waived."""
SECRETS = ("13800138000", "Wang Wu", "6222000011112222", "counter 7, Mr Wang", "bank says 0042")


@pytest.fixture
def lived(traded, folder, tmp_path):
    """A shop whose desk adjusted points twice, and one of whose members is known and has withdrawn."""
    reader = LotReader(folder, traded)
    with acting("staff:one"):
        set_limits(50_000_000, 0, 1, using=traded)
        for name, amount in (("d1", 10), ("d2", 60)):
            gift = StoreAdjusted(
                id=f"deed:{name}", day=0, member="ann", store="points", amount=amount * 1_000_000, reason=SECRETS[3]
            )
            ask(gift, SECRETS[3], reader, using=traded)
    with acting("staff:two"):
        decide("d2", Principal("staff", "two"), agree=False, using=traded)
    account = Account(code="ann", phone=sealed(SECRETS[0]))
    account.save(using=traded)
    keep_person(account, {"name": SECRETS[1], "bank_account": SECRETS[2]})
    withdrawal = Withdrawal(
        number="w1", event="withdraw:1", member="ann", request="r", asset="cash", amount=5_000_000, fee=500_000,
        day=FIRST + 2, state="rejected", asked_by="member:ann", reviewed_by="staff:two", reason=SECRETS[4],
        payee=sealed(SECRETS[2]),
    )  # fmt: skip
    withdrawal.save(using=traded)
    return traded


def text_of(path):
    return b"".join(files_of(path).values()).decode(errors="replace")


def test_deeds_say_who_asked_who_decided_and_what_became_of_them(lived, tmp_path):
    one, other = table(made(lived, tmp_path / "b.zip"), "deeds")
    assert (one["deed"], one["kind"], one["asked_by"], one["decided_by"]) == (
        "d1", "store_adjusted", "staff:one", "staff:one",
    )  # fmt: skip
    assert (other["state"], other["asked_by"], other["decided_by"]) == ("rejected", "staff:one", "staff:two")
    assert '"amount":60000000' in other["facts"]


def test_withdrawals_stand_there_with_their_states(lived, tmp_path):
    (row,) = table(made(lived, tmp_path / "b.zip"), "withdrawals")
    assert (row["withdrawal"], row["member"], row["amount"], row["fee"], row["state"], row["reviewed_by"]) == (
        "w1", "ann", "5.00", "0.50", "rejected", "staff:two",
    )  # fmt: skip


def test_history_says_each_field_before_and_after_and_by_whom(lived, tmp_path):
    with acting("staff:two"):
        set_limits(70_000_000, 0, 1, using=lived)
    rows = [row for row in table(made(lived, tmp_path / "b.zip"), "history") if row["table"] == "desk_limits"]
    made_rows, changed = (
        [row for row in rows if row["kind"] == "made"],
        [row for row in rows if row["kind"] == "changed"],
    )
    assert {row["field"]: row["after"] for row in made_rows}["points"] == "50000000"
    assert [(row["who"], row["field"], row["before"], row["after"]) for row in changed] == [
        ("staff:two", "points", "50000000", "70000000")
    ]


def test_nobodys_name_number_or_free_text_is_in_it_unless_it_is_asked_for(lived, tmp_path):
    bare, whole = made(lived, tmp_path / "1.zip"), made(lived, tmp_path / "2.zip", personal=True)
    assert [secret for secret in SECRETS if secret in text_of(bare)] == []
    assert [secret for secret in SECRETS if secret not in text_of(whole)] == []
    assert "people.csv" not in files_of(bare)
    (person,) = table(whole, "people")
    assert (person["member"], person["phone"], person["name"]) == ("ann", SECRETS[0], SECRETS[1])
    assert (codes(bare, key_of(lived)), codes(whole, key_of(lived))) == ([], [])


def test_who_was_erased_is_in_no_later_bundle(lived, tmp_path):
    erase(Account.objects.using(lived).get(code="ann"), using=lived)
    text = text_of(made(lived, tmp_path / "b.zip", personal=True))
    assert [secret for secret in SECRETS[:3] if secret in text] == []


def test_what_a_check_found_who_waived_it_why_and_until_when(using, folder, tmp_path):
    create_shop(load_plan("member_rebate"), FIRST, Terms("test", live=True), using=using)
    published(HASTY, using)
    found, digest = checked(HASTY, shop_facts(using), using=using)
    Program.objects.using(using).filter(digest=HASTY.digest).update(checking=digest)
    finding = "CN-17"
    with acting("staff:one"):
        asked = ask_waiver(found, finding, Grounds("licensed", "Chen & Co", "2026-17"), using=using)
    with acting("staff:two"):
        grant_waiver(asked.pk, using=using, now=datetime(2026, 3, 1, tzinfo=UTC))
    submit([*joins("ann"), order("o1", "ann", 10)], using=using)
    close(folder, using, 0)
    path = made(using, tmp_path / "b.zip")
    (waiver,) = table(path, "waivers")
    assert {name: waiver[name] for name in ("plan", "finding", "reason", "counsel", "document")} == {
        "plan": HASTY.digest, "finding": finding, "reason": "licensed", "counsel": "Chen & Co", "document": "2026-17",
    }  # fmt: skip
    assert (waiver["asked_by"], waiver["granted_by"], waiver["until"][:10]) == ("staff:one", "staff:two", "2027-03-01")
    rows = [row for row in table(path, "findings") if row["when"] == "publish"]
    assert [row["finding"] for row in rows] == ["", *(each.id for each in found.found)]
    assert {row["finding"] for row in rows if row["blocks"] == "yes"} == {each.id for each in found.blocks}
    (close_row, *_) = [row for row in table(path, "findings") if row["when"] == "close"]
    assert (close_row["day"], close_row["plan"]) == ("2021-07-29", RunFinding.objects.using(using).get().plan)
    assert codes(path, key_of(using)) == []


def test_every_version_is_there_with_its_text_and_the_days_of_its_changes(traded, folder, tmp_path):
    other = load_plan("points_dividend", {"daily_rate": "2%"})
    activate(other, using=traded)
    write(folder, traded)
    submit([PlanPaused(id="p1", day=0), order("o5", "ann", 10)], using=traded)
    write(folder, traded)
    first = models.Shop.objects.using(traded).get().plan_id
    close(folder, traded, 3)
    path = made(traded, tmp_path / "b.zip")
    assert {row["plan"]: row["counts_from"] for row in table(path, "versions")} == {
        first: "2021-07-29", other.digest: "2021-08-01",
    }  # fmt: skip
    assert parse_plan(files_of(path)[f"plans/{other.digest}.json"].decode(), "") == other
    changes = [(row["day"], row["kind"], row["plan"]) for row in table(path, "plan_changes")]
    assert changes == [("2021-08-01", "plan_activated", other.digest), ("2021-08-01", "plan_paused", "")]
    assert {row["plan"] for row in table(path, "payouts") if row["day"] == "2021-08-01"} <= {first, other.digest}
    assert codes(path, key_of(traded)) == []


def test_a_key_is_made_once_sealed_and_opens_with_the_vault(shop):
    public = signing_key(shop).public_key().public_bytes_raw().hex()
    assert [each.public for each in signing_keys(shop)] == [public]
    row = SigningKey.objects.using(shop).get()
    assert bytes(signing_key(shop).private_bytes_raw()).hex().encode() not in bytes(row.secret)
    with override_settings(SETTINGS=replace(settings.SETTINGS, data_key="another", data_keys_old=())):
        assert refused(signing_key, shop) == "wrong_key"
    with pytest.raises(IntegrityError):
        SigningKey(public="0" * 64, secret=b"x").save(using=shop, force_insert=True)


def test_a_key_is_sealed_anew_with_the_newest_key_of_the_vault(shop, folder):
    given = replace(settings.SETTINGS, var=folder, data_key="old")
    with override_settings(SETTINGS=given):
        public = signing_keys(shop)[0].public
    with override_settings(SETTINGS=replace(given, data_key="new", data_keys_old=("old",))):
        assert reseal(using=shop) == 1
    with override_settings(SETTINGS=replace(given, data_key="new", data_keys_old=())):
        assert signing_key(shop).public_key().public_bytes_raw().hex() == public


def test_a_new_key_signs_and_the_old_one_is_known_but_signs_nothing_more(traded, tmp_path):
    old, before = key_of(traded), made(traded, tmp_path / "1.zip")
    with acting("console"):
        new = new_key(using=traded).public
    after = made(traded, tmp_path / "2.zip")
    assert [(each.public, bool(each.secret), each.retired_by) for each in signing_keys(traded)] == [
        (new, True, ""), (old, False, "console"),
    ]  # fmt: skip
    assert (codes(before, old), codes(after, new)) == ([], [])
    assert codes(after, old) == codes(before, new) == [("other_key", "manifest.sig")]


def test_of_two_who_need_the_first_key_at_once_both_have_the_same(shop):
    if connections[shop].vendor == "sqlite":
        pytest.skip("one writes at a time there anyway")
    found, gate = [], threading.Barrier(4)

    def ask_for_it():
        gate.wait()
        found.append(signing_key(shop).public_key().public_bytes_raw())
        connections[shop].close()

    threads = [threading.Thread(target=ask_for_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (4, 1)
