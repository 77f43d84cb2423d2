import hashlib
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.samples import batch, forfeits, transfer, transfers

from jifen.core.errors import BrokenInvariant, InputError
from jifen.ledger.chain import (
    GENESIS,
    batch_hash,
    canonical_events,
    canonical_json,
    canonical_records,
    journal_digest,
    link,
    seal,
    unseal,
    verify,
)
from jifen.ledger.journal import FORFEIT, TRANSFER, Refusal

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=8,
)


def chained(*batches):
    """Batches with their hashes, as a ledger records them."""
    previous, result = GENESIS, []
    for one in batches:
        previous = batch_hash(previous, one)
        result.append((one, previous))
    return result


def by_hand(previous, one):
    """The hash of a batch from the description in ``docs/ledger.md``, with ``struct`` and ``json`` alone."""
    header = (
        f'{{"day":{one.day},"names":{json.dumps(one.names, ensure_ascii=False, sort_keys=True, separators=(",", ":"))},'
        f'"number":{one.number},"plans":["d1"],"refusals":[["e9","duplicate","known"]],"revision":1}}'
    )
    rows = b"".join(struct.pack("<qiibqbqiqqqqiii", *row.item()) for row in one.transfers)
    lost = b"".join(struct.pack("<qiiqq", *row.item()) for row in one.forfeits)
    events = "".join(text + "\n" for text in one.events)
    parts = [b"jifen ledger batch 1", previous, header.encode(), events.encode(), rows, lost]
    return hashlib.sha256(b"".join(struct.pack("<Q", len(part)) + part for part in parts)).digest()


def test_a_hash_is_recomputed_from_the_documented_bytes_alone():
    one = batch(1, 5, 7, 9, events=('{"id":"积"}', "{}"), names={"member": ["dan", "伊"], "asset": ["coin"]})
    previous = bytes(range(32))
    assert batch_hash(previous, one) == by_hand(previous, one)


def test_records_are_packed_in_the_documented_order():
    sizes = {dtype: [dtype[name].itemsize for name in dtype.names] for dtype in (TRANSFER, FORFEIT)}
    assert sizes == {TRANSFER: [8, 4, 4, 1, 8, 1, 8, 4, 8, 8, 8, 8, 4, 4, 4], FORFEIT: [8, 4, 4, 8, 8]}
    assert (TRANSFER.itemsize, FORFEIT.itemsize) == (82, 32)


def test_records_have_the_same_bytes_on_a_machine_of_the_other_byte_order():
    rows = transfers(1, 2, 3)
    swapped = rows.astype(TRANSFER.newbyteorder(">"))
    assert bytes(canonical_records(swapped, TRANSFER)) == bytes(canonical_records(rows, TRANSFER)) == rows.tobytes()


def test_a_slice_with_steps_has_the_bytes_of_its_own_records():
    rows = transfers(1, 2, 3, 4)
    assert bytes(canonical_records(rows[::2], TRANSFER)) == rows[0:1].tobytes() + rows[2:3].tobytes()


def test_records_of_another_shape_are_refused():
    with pytest.raises(BrokenInvariant):
        canonical_records(forfeits(1), TRANSFER)


def test_an_event_with_a_line_feed_is_refused_because_it_could_be_two():
    with pytest.raises(BrokenInvariant):
        canonical_events(["a\nb"])


@given(st.lists(st.binary(max_size=4), min_size=4, max_size=4), st.lists(st.binary(max_size=4), min_size=4, max_size=4))
def test_moving_a_byte_from_one_part_to_the_next_changes_the_hash(parts, others):
    def hashed(header, events, rows, lost):
        return link(GENESIS, events, rows, lost, header=header)

    assert (hashed(*parts) == hashed(*others)) == (parts == others)


def test_a_chain_that_is_whole_ends_in_the_last_hash():
    links = chained(batch(0, 1), batch(1, 2, 3), batch(2))
    assert verify(links) == links[-1][1]
    assert verify([]) == GENESIS


CHANGES = {
    "a day": {"day": 3},
    "a revision": {"revision": 2},
    "a plan": {"plans": ("d2",)},
    "an event": {"events": ('{"id":"e2"}',)},
    "no event": {"events": ()},
    "an amount": {"transfers": transfers(2, 4)},
    "a transfer less": {"transfers": transfers(2)},
    "a forfeit": {"forfeits": forfeits(8)},
    "a refusal": {"refusals": (Refusal("e9", "conflict", "known"),)},
    "no refusal": {"refusals": ()},
    "a name": {"names": {"member": ["eve"]}},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_batch_is_the_one_that_is_named(what):
    links = chained(batch(0, 1), batch(1, 2, 3), batch(2, 4))
    links[1] = (replace(links[1][0], **CHANGES[what]), links[1][1])
    with pytest.raises(InputError, match="batch 1 is not what was sealed") as caught:
        verify(links)
    assert caught.value.problems[0].code == "chain_broken"


def test_every_bit_of_a_transfer_counts():
    one = batch(0, 1)
    before = batch_hash(GENESIS, one)
    for place in range(TRANSFER.itemsize * 8):
        changed = np.frombuffer(one.transfers.tobytes(), np.uint8).copy()
        changed[place // 8] ^= 1 << place % 8
        assert batch_hash(GENESIS, replace(one, transfers=changed.view(TRANSFER))) != before


def test_a_batch_that_was_changed_and_hashed_again_breaks_the_link_of_the_next():
    links = chained(batch(0, 1), batch(1, 2), batch(2, 3))
    forged = batch(1, 2_000)
    links[1] = (forged, batch_hash(links[0][1], forged))
    with pytest.raises(InputError, match="batch 2 is not what was sealed"):
        verify(links)


def test_a_batch_that_is_missing_or_out_of_place_is_named():
    links = chained(batch(0, 1), batch(1, 2), batch(2, 3))
    for wrong in ([links[0], links[2]], [links[1], links[0]], links[1:]):
        with pytest.raises(InputError, match="stands where") as caught:
            verify(wrong)
        assert caught.value.problems[0].code == "chain_gap"


@given(st.lists(st.integers(0, 2**62), max_size=20), st.lists(st.integers(0, 20), max_size=5))
def test_the_digest_of_a_journal_does_not_depend_on_the_cuts(amounts, cuts):
    rows = transfers(*amounts)
    chunks = np.split(rows, sorted(cut for cut in cuts if cut <= len(rows)))
    expected = hashlib.sha256(b"jifen ledger transfers 1" + rows.tobytes()).digest()
    assert journal_digest(chunks) == journal_digest([rows]) == expected


def test_the_digest_of_a_journal_depends_on_the_order():
    assert journal_digest([transfer(to_id=1), transfer(to_id=2)]) != journal_digest(
        [transfer(to_id=2), transfer(to_id=1)]
    )


@given(documents)
def test_canonical_json_is_read_back_and_written_the_same(document):
    text = canonical_json(document)
    assert json.loads(text) == document
    assert canonical_json(json.loads(text)) == text
    assert "\n" not in text


def test_canonical_json_does_not_depend_on_the_order_of_keys():
    assert canonical_json({"b": 1, "a": {"d": 2, "c": 3}}) == canonical_json({"a": {"c": 3, "d": 2}, "b": 1})


@pytest.mark.parametrize("bad", [0.5, [1, {"a": 0.5}], {1: 2}, b"bytes", np.int64(1), {"a": {1, 2}}])
def test_what_has_no_one_text_is_no_canonical_json(bad):
    with pytest.raises(BrokenInvariant):
        canonical_json(bad)


@given(st.dictionaries(st.sampled_from("abc"), documents))
def test_a_sealed_document_is_read_back(document):
    assert unseal(seal(document), "a.json") == document


@given(st.data())
def test_a_sealed_document_with_one_bit_changed_is_refused(data):
    content = bytearray(seal({"rows": 17, "name": "积分"}))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(InputError, match=r"a\.json.*bad_checksum"):
        unseal(bytes(content), "a.json")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"seal":1}', b"\xff", b"1", b'{"a":0.5,"seal":"x"}', b"[" * 100_000]
)
def test_what_is_no_sealed_document_is_refused(content):
    with pytest.raises(InputError, match="bad_checksum"):
        unseal(content, "a.json")
