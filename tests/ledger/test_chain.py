import hashlib
import json
import struct
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.samples import WAYS, batch, forfeits, made, transfer, transfers

from jifen.core.errors import BrokenInvariant, InputError
from jifen.ledger.chain import (
    GENESIS,
    batch_hash,
    block_digests,
    canonical_events,
    canonical_json,
    journal_digest,
    link,
    seal,
    unseal,
    verify,
)
from jifen.ledger.journal import TRANSFER, Account, Refusal, Transfers
from jifen.ledger.rows import BLOCK_ROWS

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


def digests_by_hand(rows):
    """The digests of blocks from the description in ``docs/ledger.md``, with ``struct`` alone, record by record."""
    records = [row.item() for row in rows]
    result = b""
    for start in range(0, len(records), 65_536):
        block = records[start : start + 65_536]
        told = struct.pack("<Q", len(block))
        for numbers in zip(*block, strict=True):
            if len(set(numbers)) == 1:
                told += struct.pack("<bq", 0, numbers[0])
            else:
                sizes = (1 if -128 <= number < 128 else 2 if -32_768 <= number < 32_768
                         else 4 if -(2**31) <= number < 2**31 else 8 for number in numbers)  # fmt: skip
                size = max(sizes)
                told += bytes([size]) + b"".join(number.to_bytes(size, "little", signed=True) for number in numbers)
        result += hashlib.sha256(told).digest()
    return result


def by_hand(previous, one):
    """The hash of a batch from the description in ``docs/ledger.md``, with ``struct`` and ``json`` alone."""
    header = (
        f'{{"day":{one.day},"names":{json.dumps(one.names, ensure_ascii=False, sort_keys=True, separators=(",", ":"))},'
        f'"number":{one.number},"plans":["d1"],"refusals":[["e9","duplicate","known"]],"revision":1}}'
    )
    events = "".join(text + "\n" for text in one.events)
    rows, lost = digests_by_hand(one.transfers), digests_by_hand(one.forfeits)
    parts = [b"jifen ledger batch 2", previous, header.encode(), events.encode(), rows, lost]
    return hashlib.sha256(b"".join(struct.pack("<Q", len(part)) + part for part in parts)).digest()


def test_a_hash_is_recomputed_from_the_documented_bytes_alone():
    one = batch(1, 5, 7, 9, events=('{"id":"积"}', "{}"), names={"member": ["dan", "伊"], "asset": ["coin"]})
    previous = bytes(range(32))
    assert batch_hash(previous, one) == by_hand(previous, one)


rows_of_some = st.lists(
    st.tuples(*(st.sampled_from([0, 1, -1, 127, np.iinfo(TRANSFER[name]).max]) for name in TRANSFER.names)), max_size=9
)


@given(rows_of_some, st.lists(st.integers(0, 9), max_size=3), st.lists(st.sampled_from(WAYS), max_size=4))
def test_digests_are_those_of_the_docs_however_rows_were_made(rows, cuts, ways):
    records = np.array(rows, dtype=TRANSFER)
    assert block_digests(made(records, cuts, ways)) == digests_by_hand(records)


def test_digests_of_many_blocks_are_those_of_the_docs_however_rows_were_made():
    records = np.zeros(2 * BLOCK_ROWS + 100, dtype=TRANSFER)
    records["to_kind"], records["to_id"] = Account.WALLET, np.arange(len(records)) // 3
    records["amount"] = np.arange(len(records)) * 40_000  # in the first block up to 2.6 thousand million: 8 bytes
    records["rule"][BLOCK_ROWS:] = 1
    expected = digests_by_hand(records)
    assert len(expected) == 3 * 32
    for cuts, ways in (([], []), ([70_000], WAYS[1:]), ([1, 65_536, 65_537], ["wide columns", *WAYS[1:]])):
        assert block_digests(made(records, cuts, ways)) == expected


def test_rows_that_are_all_the_same_are_counted():
    assert len({block_digests(Transfers.joined([transfer()] * count)) for count in range(4)}) == 4


def test_numbers_of_one_field_are_not_taken_for_those_of_the_next():
    one, other = transfer(lot=5, drained=6), transfer(lot=6, drained=5)
    assert block_digests(one) != block_digests(other)
    assert block_digests(Transfers.joined([one, other])) != block_digests(Transfers.joined([other, one]))


def test_rows_have_the_same_bytes_on_a_machine_of_the_other_byte_order():
    records = transfers(1, 2, 3).array()
    swapped = made(records.astype(TRANSFER.newbyteorder(">")), ways=["wide columns"])
    assert swapped.chunks[0]["amount"].dtype.byteorder == ">"
    assert block_digests(swapped) == digests_by_hand(records)


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
        changed = np.frombuffer(one.transfers.array().tobytes(), np.uint8).copy()
        changed[place // 8] ^= 1 << place % 8
        assert batch_hash(GENESIS, replace(one, transfers=Transfers.of(changed.view(TRANSFER)))) != before


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
    places = [0, *sorted(cut for cut in cuts if cut <= len(rows)), len(rows)]
    parts = [rows[start:stop] for start, stop in pairwise(places)]
    expected = hashlib.sha256(b"jifen ledger transfers 2" + digests_by_hand(rows)).digest()
    assert journal_digest(parts) == journal_digest([rows]) == expected


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
