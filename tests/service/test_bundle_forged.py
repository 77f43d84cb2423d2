"""Whatever somebody does to a bundle is refused, with a code that says what was done."""

import hashlib
import os
import random
import shutil
import subprocess
import sys
import zipfile
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.service.bundles import codes, edited, files_of, put, resigned
from tests.service.test_bundle import made, traded

from jifen.core.errors import InputError
from jifen.service.bundle.keys import signing_key
from jifen.service.bundle.layout import FORMAT_VERSION, MANIFEST, SIGNATURE
from jifen.service.bundle.reading import read_key
from jifen.service.bundle.verifying import verify_bundle

__all__ = ["traded"]

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
"""Who verifies a bundle has no database, so it does not matter which one it comes from."""


@pytest.fixture
def bundle(traded, tmp_path):
    return made(traded, tmp_path / "bundle.zip")


@pytest.fixture
def own(traded):
    """The shop's own private key: it may sign what it likes."""
    return signing_key(traded)


@pytest.fixture
def key(own):
    return own.public_key().public_bytes_raw().hex()


def test_one_byte_of_each_file_is_noticed_and_the_file_is_named(bundle, key, tmp_path):
    files = files_of(bundle)
    for name, content in files.items():
        for place in {0, len(content) // 2, len(content) - 1}:
            changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            signed = name in (MANIFEST, SIGNATURE)
            expected = [("bad_signature", SIGNATURE)] if signed else [("bundle_changed", name)]
            assert codes(put(tmp_path / "x.zip", {**files, name: changed}), key) == expected, (name, place)


def test_a_byte_more_or_less_is_noticed_too(bundle, key, tmp_path):
    files = files_of(bundle)
    for changed in (files["tree.csv"] + b" ", files["tree.csv"][:-1], b""):
        assert codes(put(tmp_path / "x.zip", {**files, "tree.csv": changed}), key) == [("bundle_changed", "tree.csv")]
    assert codes(put(tmp_path / "x.zip", {**files, SIGNATURE: b""}), key) == [("bad_signature", SIGNATURE)]
    assert codes(put(tmp_path / "x.zip", {**files, SIGNATURE: bytes(65)}), key) == [("bundle_too_large", SIGNATURE)]


def test_a_bit_anywhere_in_the_zip_is_noticed_or_changes_nothing_that_was_signed(bundle, key, tmp_path):
    content, files, draw = bundle.read_bytes(), files_of(bundle), random.Random(7)
    other, found = tmp_path / "x.zip", set()
    for place in range(0, len(content), 5):
        flipped = content[place] ^ (1 << draw.randrange(8))
        other.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])
        told = codes(other, key)
        found |= {code for code, _ in told}
        if not told:
            assert files_of(other) == files, place
    assert {"bundle_changed", "bundle_damaged"} <= found


def test_no_beginning_of_a_bundle_is_one(bundle, key, tmp_path):
    content = bundle.read_bytes()
    for length in range(0, len(content), 97):
        (tmp_path / "x.zip").write_bytes(content[:length])
        assert codes(tmp_path / "x.zip", key), length


def test_the_signature_of_another_bundle_is_not_that_of_this_one(traded, bundle, key, tmp_path):
    other = files_of(made(traded, tmp_path / "other.zip", personal=True))
    files = files_of(bundle)
    assert codes(put(tmp_path / "x.zip", {**files, SIGNATURE: other[SIGNATURE]}), key) == [("bad_signature", SIGNATURE)]
    swapped = {**files, SIGNATURE: other[SIGNATURE], MANIFEST: other[MANIFEST]}
    assert codes(put(tmp_path / "x.zip", swapped), key)[0] == ("bundle_missing", "people.csv")


def test_a_forger_who_signs_with_a_key_of_his_own_is_refused(bundle, key, own, tmp_path):
    files, forger = files_of(bundle), Ed25519PrivateKey.generate()
    rich = edited(files, "payouts", lambda rows: rows[0].update(paid="9.00"))
    assert codes(put(tmp_path / "x.zip", resigned(rich, forger)), key) == [("other_key", SIGNATURE)]
    assert codes(put(tmp_path / "x.zip", resigned(rich, forger, key_named=key)), key) == [("bad_signature", SIGNATURE)]
    named = resigned(files, own, key_named=forger.public_key().public_bytes_raw().hex())
    assert codes(put(tmp_path / "x.zip", named), key) == [("bundle_manifest", MANIFEST)]
    theirs = forger.public_key().public_bytes_raw().hex()
    assert codes(bundle, theirs) == [("other_key", SIGNATURE)]


def test_a_file_more_or_less_is_told_by_its_name(bundle, key, tmp_path):
    files = files_of(bundle)
    assert codes(put(tmp_path / "x.zip", {**files, "notes.csv": b"x"}), key) == [("bundle_extra", "notes.csv")]
    for name in ("tree.csv", "waivers.csv"):
        fewer = {each: content for each, content in files.items() if each != name}
        assert codes(put(tmp_path / "x.zip", fewer), key) == [("bundle_missing", name)]
    shutil.copy(bundle, tmp_path / "y.zip")
    with zipfile.ZipFile(tmp_path / "y.zip", "a") as archive:
        archive.writestr("readme.txt", "believe me")
    assert codes(tmp_path / "y.zip", key) == [("bundle_extra", "readme.txt")]


def test_a_table_that_every_bundle_has_cannot_be_left_out_by_who_signs(bundle, key, own, tmp_path):
    fewer = {name: content for name, content in files_of(bundle).items() if name != "waivers.csv"}
    assert codes(put(tmp_path / "x.zip", resigned(fewer, own)), key) == [("bundle_manifest", MANIFEST)]
    more = {"people.csv": b"", **files_of(bundle)}
    assert codes(put(tmp_path / "x.zip", resigned(more, own)), key) == [("bundle_manifest", MANIFEST)]


def raw(path, *entries):
    """A zip of (name, content) as any tool writes it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(bundle, key, tmp_path):
    entries = list(files_of(bundle).items())
    for name in ("tree.csv", MANIFEST, SIGNATURE):
        assert codes(raw(tmp_path / "x.zip", *entries, (name, b"x")), key) == [("bundle_twice", name)]


@pytest.mark.parametrize(
    "name", ["../tree.csv", "/etc/passwd", "plans/../../x", "C:\\x", "a\\..\\b", "x/", ".hidden", "plans//x", "a\nb"]
)
def test_a_name_that_leads_out_is_refused_before_anything_is_read(bundle, key, tmp_path, name):
    entries = list(files_of(bundle).items())
    assert codes(raw(tmp_path / "x.zip", (name, b"x"), *entries), key) == [("bundle_path", name)]


def test_nothing_is_hidden_between_before_or_after_the_files(bundle, key, tmp_path):
    content = bundle.read_bytes()
    damaged = [("bundle_damaged", str(tmp_path / "x.zip"))]

    def told(changed):
        (tmp_path / "x.zip").write_bytes(changed)
        return codes(tmp_path / "x.zip", key)

    assert told(b"hidden" + content) == damaged
    assert told(content + b"hidden") in (damaged, [("not_a_bundle", str(tmp_path / "x.zip"))])
    assert told(content[:-2] + b"\6\0" + b"hidden") == damaged
    entries = list(files_of(bundle).items())
    assert codes(raw(tmp_path / "x.zip", *entries), key) == damaged  # the same files, wrapped by another tool


def test_a_bomb_is_not_unfolded(bundle, key, own, tmp_path, monkeypatch):
    files = files_of(bundle)
    bomb = put(tmp_path / "x.zip", {**files, "tree.csv": bytes(1 << 27)})
    assert bomb.stat().st_size < 1 << 18
    unfolded = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(
        zipfile.ZipExtFile, "read", lambda self, size=-1: unfolded.append(read(self, size)) or unfolded[-1]
    )
    assert codes(bomb, key) == [("bundle_changed", "tree.csv")]
    assert sum(map(len, unfolded)) < 1 << 20
    signed = resigned({**files, "tree.csv": bytes(1 << 27)}, own)
    unfolded.clear()
    assert codes(put(tmp_path / "x.zip", signed), key, most=1 << 20) == [("bundle_too_large", "")]
    assert sum(map(len, unfolded)) < 1 << 20
    huge = {**files, MANIFEST: bytes(1 << 25)}
    assert codes(put(tmp_path / "x.zip", huge), key) == [("bundle_too_large", MANIFEST)]


def test_a_file_that_says_it_is_small_and_is_not_is_read_no_further(bundle, key, tmp_path):
    files = files_of(bundle)
    content = bytearray(put(tmp_path / "x.zip", {**files, "tree.csv": bytes(1 << 24)}).read_bytes())
    size = len(files["tree.csv"])
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = content.index(mark)
        content[start + place : start + place + 4] = size.to_bytes(4, "little")
    (tmp_path / "x.zip").write_bytes(content)
    assert codes(tmp_path / "x.zip", key) == [("bundle_changed", "tree.csv")]


def test_what_is_no_bundle_is_not_one(tmp_path, key):
    (tmp_path / "x").write_text("no zip")
    assert codes(tmp_path / "x", key) == [("not_a_bundle", str(tmp_path / "x"))]
    assert codes(raw(tmp_path / "y", ("a.txt", b"")), key) == [("not_a_bundle", str(tmp_path / "y"))]
    assert codes(tmp_path / "none", key) == [("no_file", str(tmp_path / "none"))]
    assert codes(tmp_path, key)[0][0] == "not_a_bundle"


def test_a_bundle_of_a_later_release_says_so(bundle, key, own, tmp_path):
    later = resigned(files_of(bundle), own, lambda document: document.update(version=FORMAT_VERSION + 1, more=1))
    assert codes(put(tmp_path / "x.zip", later), key) == [("newer_bundle", str(tmp_path / "x.zip"))]


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(more=1), lambda document: document.pop("shop"),
        lambda document: document.update(version=0), lambda document: document["log"].update(batch="4"),
        lambda document: document["files"][0].update(bytes=-1), lambda document: document["files"].reverse(),
        lambda document: document["files"].append(document["files"][0]), lambda document: document.update(format="x"),
        lambda document: document["period"].update(first="yesterday"),
    ],
)  # fmt: skip
def test_a_manifest_that_says_something_else_is_refused_though_it_is_signed(bundle, key, own, tmp_path, change):
    told = codes(put(tmp_path / "x.zip", resigned(files_of(bundle), own, change)), key)
    assert told
    assert set(told) <= {("bundle_manifest", MANIFEST), ("bundle_damaged", MANIFEST)}


def rows(name, change):
    return lambda files: edited(files, name, change)


def day(text, days):
    return (date.fromisoformat(text) + timedelta(days=days)).isoformat()


FIGURES = {
    "a payout is another than the run says": (rows("payouts", lambda r: r[0].update(paid="11.00")), "bundle_run_total"),
    "a payout is left out": (rows("payouts", lambda r: r.pop(2)), "bundle_run_total"),
    "a payout is there in two halves": (
        rows("payouts", lambda r: r.insert(1, r[0] | {"paid": "0.00"})), "bundle_run_total",
    ),
    "a stranger is paid": (rows("payouts", lambda r: r[2].update(member="zoe")), "bundle_stranger"),
    "somebody is paid before joining": (rows("tree", lambda r: r[0].update(joined=day(r[0]["joined"], 1))),
                                        "bundle_stranger"),
    "a payout is of another day": (rows("payouts", lambda r: r[-1].update(day=day(r[-1]["day"], 1))), "bundle_day"),
    "a payout is by a version unknown": (rows("payouts", lambda r: r[0].update(plan="0" * 64)), "bundle_plan"),
    "a payee is not in the tree": (rows("tree", lambda r: r.pop(1)), "bundle_stranger"),
    "a sponsor is not in the tree": (rows("tree", lambda r: r[1].update(sponsor="zoe")), "bundle_tree"),
    "the tree is a ring": (rows("tree", lambda r: r[0].update(sponsor="cem")), "bundle_cycle"),
    "somebody is his own sponsor": (rows("tree", lambda r: r[0].update(sponsor="ann")), "bundle_cycle"),
    "somebody joined twice": (rows("tree", lambda r: r.append(r[0])), "bundle_tree"),
    "somebody joins after the end": (rows("tree", lambda r: r[2].update(joined="2199-01-01")), "bundle_tree"),
    "somebody was moved elsewhere": (rows("moves", lambda r: r[0].update(sponsor="bob")), "bundle_tree"),
    "an order is there twice": (rows("orders", lambda r: r.append(r[0])), "bundle_orders"),
    "an order is of a stranger": (rows("orders", lambda r: r[0].update(member="zoe")), "bundle_stranger"),
    "more is given back than was paid": (rows("refunds", lambda r: r[0].update(amount="50.01")), "bundle_orders"),
    "what was never ordered is given back": (rows("refunds", lambda r: r[0].update(order="o9")), "bundle_orders"),
    "an order is of another amount": (rows("orders", lambda r: r[0].update(amount="90.00")), "bundle_totals"),
    "a run has another total": (rows("runs", lambda r: r[1].update(paid="0.00")), "bundle_run_total"),
    "a run is left out": (rows("runs", lambda r: r.pop(1)), "bundle_runs"),
    "the last run is left out": (rows("runs", lambda r: r.pop()), "bundle_runs"),
    "less is owed than lots promise": (rows("runs", lambda r: r[1].update(owed="0.00")), "bundle_coverage"),
    "the reserve grows by itself": (
        rows("runs", lambda r: r[1].update(reserve="5.00", backed="5.00")), "bundle_coverage",
    ),
    "a batch is left out": (rows("chain", lambda r: r.pop(2)), "bundle_chain"),
    "a batch has another hash": (rows("chain", lambda r: r[2].update(hash="0" * 64)), "bundle_chain"),
    "the first batch is left out": (rows("chain", lambda r: r.pop(0)), "bundle_chain"),
    "the last batch is left out": (rows("chain", lambda r: r.pop()), "bundle_chain"),
    "the chain is gone": (rows("chain", lambda r: r.clear()), "bundle_chain"),
    "a run is closed by another batch": (rows("runs", lambda r: r[1].update(batch="2")), "bundle_chain"),
    "a batch is by a version that is not there": (rows("chain", lambda r: r[2].update(plan="0" * 64)), "bundle_plan"),
    "a version has no text": (rows("versions", lambda r: r.append(r[0] | {"plan": "0" * 64})), "bundle_plan"),
    "a text has no version": (rows("versions", lambda r: r.clear()), "bundle_plan"),
    "a plan pays more than its digest says": (
        lambda files: {name: content.replace(b'"daily_rate": 10000', b'"daily_rate": 20000')
                       for name, content in files.items()}, "bundle_plan",
    ),
    "a waiver is of one person": (
        rows("waivers", lambda r: r.append(dict.fromkeys(
            ("waiver", "plan", "finding", "reason", "counsel", "document", "asked_at", "granted_at", "until"), "1"
        ) | {"asked_by": "staff:a", "granted_by": "staff:a"})), "bundle_waiver",
    ),
    "an amount is no number": (rows("orders", lambda r: r[0].update(amount="many")), "bundle_row"),
    "a table is no CSV": (lambda files: {**files, "tree.csv": b"\xff\xfe"}, "bundle_row"),
    "a table has other columns": (lambda files: {**files, "tree.csv": b"member\r\n"}, "bundle_row"),
}  # fmt: skip


@pytest.mark.parametrize("what", FIGURES)
def test_figures_that_do_not_agree_are_told_though_the_shop_itself_has_signed_them(bundle, key, own, tmp_path, what):
    change, code = FIGURES[what]
    path = put(tmp_path / "x.zip", resigned(change(files_of(bundle)), own))
    found = {each for each, _ in codes(path, key)}
    assert code in found, found
    assert verify_bundle(path, key).manifest is not None  # it is signed: that is what makes it evidence


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda document: document["totals"].update(members=4), "bundle_totals"),
        (lambda document: document["totals"].update(paid="8.61"), "bundle_totals"),
        (lambda document: document["files"][0].update(rows=4), "bundle_rows"),
        (lambda document: document["shop"].update(id="0" * 64), "bundle_chain"),
        (lambda document: document["log"].update(batch=3), "bundle_chain"),
        (lambda document: document["head"].update(hash="0" * 64), "bundle_chain"),
        (lambda document: document["period"].update(last="2021-08-01"), "bundle_runs"),
        (lambda document: document["period"].update(first="9999-99-99"), "bundle_row"),
    ],
)
def test_a_manifest_that_does_not_agree_with_its_tables_is_told(bundle, key, own, tmp_path, change, code):
    path = put(tmp_path / "x.zip", resigned(files_of(bundle), own, change))
    assert code in {each for each, _ in codes(path, key)}


def test_a_key_is_read_from_digits_from_a_file_of_them_and_from_pem(bundle, key, own, tmp_path):
    (tmp_path / "key.txt").write_text(f"{key}\n")
    pem = own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    for given in (key, key.upper(), str(tmp_path / "key.txt"), str(tmp_path / "key.pem")):
        assert verify_bundle(bundle, given).sound
    (tmp_path / "bad.pem").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")
    for given in ("", "g" * 64, key[:-1], str(tmp_path), str(tmp_path / "bad.pem"), str(bundle)):
        with pytest.raises(InputError) as raised:
            read_key(given)
        assert raised.value.problems[0].code == "bad_key"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_anybody_verifies_it_without_us(bundle, own, tmp_path):
    for name, content in files_of(bundle).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    pem = own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(pem)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", MANIFEST]
    asked = [*command, "-sigfile", SIGNATURE]
    assert subprocess.run(asked, cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / MANIFEST).write_bytes((tmp_path / MANIFEST).read_bytes() + b" ")
    assert subprocess.run(asked, cwd=tmp_path, capture_output=True).returncode != 0


def test_it_is_verified_where_there_is_no_django_and_no_database(bundle, key):
    program = f"""
import sys
sys.modules["django"] = None
from pathlib import Path
from jifen.service.bundle.verifying import verify_bundle
print(verify_bundle(Path({str(bundle)!r}), {key!r}).sound)
"""
    here = {name: value for name, value in os.environ.items() if not name.startswith(("JIFEN", "DJANGO"))}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=here)
    assert (done.stdout.strip(), done.returncode) == ("True", 0), done.stderr


def test_digests_are_plain_sha_256_of_plain_files(bundle):
    files = files_of(bundle)
    for name, content in files.items():
        if name not in (MANIFEST, SIGNATURE):
            assert hashlib.sha256(content).hexdigest().encode() in files[MANIFEST]
