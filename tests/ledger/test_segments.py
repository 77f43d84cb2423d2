import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.samples import (
    FULL_DISK,
    NAMES,
    WAYS,
    batch,
    kill_when_ready,
    made,
    run_python,
    transfer,
    transfers,
)

from jifen.core.errors import BrokenInvariant, InputError
from jifen.ledger import segments
from jifen.ledger.chain import GENESIS, batch_hash, journal_digest, seal, unseal, verify
from jifen.ledger.journal import FORFEIT, TRANSFER, Account, Transfers
from jifen.ledger.segments import SegmentWriter, read_segments

PAGE = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
DIE_AFTER_SEGMENTS = """
import sys, time
from pathlib import Path
from jifen.ledger.segments import SegmentWriter
from tests.ledger.samples import batch
writer = SegmentWriter(Path(sys.argv[1]), segment_rows=2)
for number in range(writer.next_number, writer.next_number + 5):
    writer.append(batch(number, 1, 2, 3))
print("ready", flush=True)
time.sleep(60)
"""
FILL_DISK = (
    FULL_DISK
    + """
import sys
from pathlib import Path
from jifen.ledger.segments import SegmentWriter
from tests.ledger.samples import batch
try:
    with SegmentWriter(Path(sys.argv[1])) as writer:
        writer.append(batch(writer.next_number, *(number**7 % 2**50 for number in range(1, 20_000))))
except OSError:
    sys.exit(3)
"""
)
BATCHES = [
    batch(0, 1, 2, 3),
    batch(1),
    batch(2, 4, events=(), names={"member": ["dan"]}),
    batch(3, 5, 6, events=("{}", "{}")),
]


def write(directory, *batches, **options):
    with SegmentWriter(directory, **options) as writer:
        for one in batches:
            writer.append(one)
    return writer.head


def same(one, other):
    arrays = ("transfers", "forfeits")
    plain = ("number", "day", "revision", "plans", "refusals", "names")
    return (
        all(getattr(one, name).array().tolist() == getattr(other, name).array().tolist() for name in arrays)
        and all(getattr(one, name) == getattr(other, name) for name in plain)
        and list(one.events) == list(other.events)
    )


def code_of(error):
    return [problem.code for problem in error.value.problems]


def table_of(directory, stream):
    return pa.concat_tables(pq.read_table(file) for file in sorted(directory.glob(f"{stream}-*.parquet")))


@pytest.fixture
def journal(tmp_path):
    write(tmp_path / "journal", *BATCHES, segment_rows=2)
    return tmp_path / "journal"


@pytest.mark.parametrize("rows", [1, 2, 3, 1000])
def test_what_is_read_is_what_was_written_however_it_is_cut(tmp_path, rows):
    head = write(tmp_path / "journal", *BATCHES, segment_rows=rows)
    journal = read_segments(tmp_path / "journal")
    read = [found for found, _ in journal]
    assert len(journal) == len(read) == len(BATCHES)
    assert all(same(one, other) for one, other in zip(read, BATCHES, strict=True))
    assert journal.names == NAMES | {"member": [*NAMES["member"], "dan"]}
    assert verify(journal) == journal.head == head


@settings(max_examples=settings.default.max_examples // 3)  # each example makes files durable
@given(st.lists(st.lists(st.integers(0, 2**63 - 1), max_size=7), max_size=6), st.integers(1, 5), st.integers(0, 6))
def test_segments_sessions_and_batches_may_be_cut_anywhere(tmp_path_factory, amounts, rows, stop):
    directory = tmp_path_factory.mktemp("journal")
    batches = [batch(number, *some) for number, some in enumerate(amounts)]
    write(directory, *batches[:stop], segment_rows=rows)
    write(directory, *batches[stop:], segment_rows=rows + 1)
    journal = read_segments(directory)
    assert all(same(one, other) for (one, _), other in zip(journal, batches, strict=True))
    assert journal_digest(journal.transfers()) == journal_digest(one.transfers for one in batches)
    shutil.rmtree(directory)


def test_a_segment_has_at_most_the_rows_it_may_have(journal):
    rows = [pq.read_metadata(file).num_rows for file in sorted(journal.glob("transfers-*.parquet"))]
    assert rows == [2, 2, 2]
    assert all(pq.read_metadata(file).num_rows <= 2 for file in journal.glob("*.parquet"))


@settings(max_examples=settings.default.max_examples // 3)
@given(
    st.lists(st.integers(0, 2**63 - 1), max_size=9),
    st.lists(st.integers(0, 9), max_size=3),
    st.lists(st.sampled_from(WAYS), max_size=4),
)
def test_files_are_the_same_byte_for_byte_however_rows_were_made(tmp_path_factory, amounts, cuts, ways):
    contents = []
    for rows in (transfers(*amounts), made(transfers(*amounts).array(), cuts, ways)):
        directory = tmp_path_factory.mktemp("journal")
        write(directory, batch(0, transfers=rows), segment_rows=4)
        contents.append({file.name: file.read_bytes() for file in directory.iterdir()})
        shutil.rmtree(directory)
    assert contents[0] == contents[1]


def test_the_columns_of_files_have_one_type_whatever_was_written(tmp_path):
    write(tmp_path, batch(0, 1, 2))
    for stream, dtype in (("transfers", TRANSFER), ("forfeits", FORFEIT)):
        schema = pq.read_schema(tmp_path / f"{stream}-000000.parquet")
        expected = [pa.field(name, pa.from_numpy_dtype(dtype[name]), nullable=False) for name in dtype.names]
        assert schema.remove_metadata() == pa.schema([pa.field("batch", pa.int64(), nullable=False), *expected])


def test_other_tools_read_the_numbers_and_find_the_names(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    polars = pytest.importorskip("polars")
    rows = [transfer(to_id=place % 3, amount=place * 10**9 + 1, rule=place % 2) for place in range(5_000)]
    write(tmp_path, batch(0, transfers=Transfers.joined(rows)), segment_rows=1_000)
    expected = [place * 10**9 + 1 for place in range(5_000)]
    assert polars.read_parquet(tmp_path / "transfers-*.parquet")["amount"].to_list() == expected
    query = re.search(r"```sql\n(.*?)```", PAGE, re.DOTALL).group(1).replace("'journal/", f"'{tmp_path}/")
    # every second transfer is by rule 1, "team"
    sums = {"static": sum(expected[::2]), "team": sum(expected[1::2])}
    assert {rule: int(yuan * 10**6) for rule, yuan in duckdb.sql(query).fetchall()} == sums


def test_what_waits_for_its_segment_holds_no_memory_of_the_batch_it_came_with(tmp_path):
    rows = made(transfers(*range(1, 8)).array(), ways=["wide columns"])
    writer = SegmentWriter(tmp_path, segment_rows=5)
    writer.append(batch(0, transfers=rows))
    ((_, waiting),) = writer._streams["transfers"]._waiting
    assert waiting["amount"].tolist() == [6, 7]
    assert not any(np.shares_memory(chunk["amount"], rows.chunks[0]["amount"]) for chunk in waiting.chunks)


def test_the_summary_of_batches_says_what_each_was(tmp_path):
    write(tmp_path, *BATCHES)
    row = table_of(tmp_path, "batches").to_pylist()[3]
    digest = GENESIS
    for one in BATCHES:
        digest = batch_hash(digest, one)
    assert row == {
        "batch": 3, "day": 10, "revision": 1, "plans": ["d1"], "names": 0, "events": 2, "transfers": 2, "forfeits": 1,
        "refusals": 1, "hash": digest.hex(),
    }  # fmt: skip


def test_a_writer_tells_which_names_are_new(journal):
    writer = SegmentWriter(journal)
    tables = NAMES | {"member": [*NAMES["member"], "dan", "eve"]}
    assert {table: names for table, names in writer.new_names(tables).items() if names} == {"member": ["eve"]}


def test_a_writer_goes_on_where_the_last_one_committed(journal):
    before = sorted(file.name for file in journal.iterdir())
    writer = SegmentWriter(journal)
    assert writer.next_number == 4
    writer.append(batch(4, 7, names={"member": ["eve"]}))
    assert sorted(file.name for file in journal.iterdir()) == before
    writer.commit()
    read = read_segments(journal)
    assert len(read) == 5
    assert verify(read) == writer.head
    assert read.names["member"][-2:] == ["dan", "eve"]


def test_a_commit_of_nothing_changes_nothing(journal):
    before = {file.name: file.read_bytes() for file in journal.iterdir()}
    write(journal)
    assert {file.name: file.read_bytes() for file in journal.iterdir()} == before


def test_the_same_batches_make_the_same_files_byte_for_byte(tmp_path, journal):
    write(tmp_path / "again", *BATCHES, segment_rows=2)
    first, again = (
        {file.name: file.read_bytes() for file in place.iterdir()} for place in (journal, tmp_path / "again")
    )
    assert first == again


def test_an_error_inside_the_block_commits_nothing(tmp_path):
    def fail():
        with SegmentWriter(tmp_path, segment_rows=1) as writer:
            writer.append(batch(0, 1, 2))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert SegmentWriter(tmp_path).head == GENESIS
    assert len(read_segments(tmp_path)) == 0
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]


def test_a_batch_with_another_number_is_refused(tmp_path):
    writer = SegmentWriter(tmp_path)
    with pytest.raises(BrokenInvariant, match="batch 1 where 0 comes next"):
        writer.append(batch(1))


@pytest.mark.parametrize(
    "fields",
    [
        {"to_id": 3}, {"to_id": -2}, {"rule": 3}, {"asset": 2}, {"order": 2}, {"reason": 3}, {"from_id": 1},
        {"from_kind": 10}, {"from_kind": -1}, {"from_kind": Account.POOL, "from_id": 1},
    ],
)  # fmt: skip
def test_a_number_without_a_name_is_refused_and_the_writer_is_done(tmp_path, fields):
    writer = SegmentWriter(tmp_path, segment_rows=1)
    with pytest.raises(BrokenInvariant):
        writer.append(batch(0, transfers=transfer(**fields)))
    with pytest.raises(BrokenInvariant, match="open the journal again"):
        writer.append(batch(0, 1))
    with pytest.raises(BrokenInvariant, match="open the journal again"):
        writer.commit()


def test_an_unknown_table_of_names_is_refused(tmp_path):
    with pytest.raises(BrokenInvariant):
        SegmentWriter(tmp_path).append(batch(0, names={"phone": ["1"]}))


def test_what_a_killed_writer_did_not_commit_is_extra_until_the_next_writer_sweeps_it(journal):
    kill_when_ready(DIE_AFTER_SEGMENTS, journal)
    with pytest.raises(InputError) as caught:
        read_segments(journal)
    assert set(code_of(caught)) == {"segment_extra"}
    assert SegmentWriter(journal).next_number == 4
    read = read_segments(journal)
    assert verify(read) == read.head
    assert len(read) == 4


def test_a_full_disk_leaves_the_journal_as_it_was_committed(journal):
    assert run_python(FILL_DISK, journal).returncode == 3
    assert SegmentWriter(journal).next_number == 4
    read = read_segments(journal)
    assert verify(read) == read.head


@pytest.mark.parametrize("stream", ["batches", "names", "events", "transfers", "forfeits", "refusals"])
def test_a_bit_that_flipped_in_any_file_is_found_and_the_file_named(journal, stream):
    file = sorted(journal.glob(f"{stream}-*.parquet"))[-1]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)
    with pytest.raises(InputError, match=file.name) as caught:
        verify(read_segments(journal))
    assert code_of(caught) == ["segment_damaged"]


def test_a_file_that_was_cut_off_is_found_and_named(journal):
    file = journal / "transfers-000001.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(InputError, match=file.name) as caught:
        list(read_segments(journal).transfers())
    assert code_of(caught) == ["segment_damaged"]


def test_all_missing_and_extra_files_are_named_at_once(journal):
    (journal / "transfers-000001.parquet").unlink()
    (journal / "events-000000.parquet").unlink()
    (journal / "notes.txt").write_text("mine")
    with pytest.raises(InputError) as caught:
        read_segments(journal)
    assert code_of(caught) == ["segment_missing", "segment_missing", "segment_extra"]
    assert [problem.file for problem in caught.value.problems] == [
        str(journal / name) for name in ("events-000000.parquet", "transfers-000001.parquet", "notes.txt")
    ]


def test_a_writer_does_not_open_a_directory_of_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError) as caught:
        SegmentWriter(tmp_path)
    assert code_of(caught) == ["segment_missing"]
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_without_its_manifest_a_journal_is_refused_and_not_swept(journal):
    (journal / "manifest.json").unlink()
    before = sorted(journal.iterdir())
    for opened in (SegmentWriter, read_segments):
        with pytest.raises(InputError, match="manifest"):
            opened(journal)
    assert sorted(journal.iterdir()) == before


@pytest.mark.parametrize("version", [1, 3])
def test_a_manifest_of_another_version_or_damaged_is_refused(journal, version):
    manifest = journal / "manifest.json"
    content = manifest.read_bytes()
    manifest.write_bytes(seal({**unseal(content, ""), "version": version}))
    with pytest.raises(InputError, match="wrong_version"):
        read_segments(journal)
    manifest.write_bytes(content.replace(b'"rows":2', b'"rows":3', 1))
    with pytest.raises(InputError, match="bad_checksum"):
        read_segments(journal)


def test_there_is_no_journal_where_nothing_is(tmp_path):
    with pytest.raises(InputError, match="there is no journal"):
        read_segments(tmp_path / "nothing")


def forge(journal, name, change):
    """Change the rows of a file, and the manifest with it, as somebody would who covers his tracks."""
    table = change(pq.read_table(journal / name))
    pq.write_table(table, journal / name)
    manifest = unseal((journal / "manifest.json").read_bytes(), "")
    for segment in (segment for stream in manifest["streams"].values() for segment in stream):
        if segment["file"] == name:
            segment["sha256"] = segments.hashlib.sha256((journal / name).read_bytes()).hexdigest()
    (journal / "manifest.json").write_bytes(seal(manifest))


def replaced(column, values):
    def change(table):
        place = table.column_names.index(column)
        return table.set_column(place, column, pa.array(values, table[column].type))

    return change


FORGERIES = {
    "an amount": ("transfers-000001.parquet", replaced("amount", [3, 5]), "batch 2 is not what was sealed"),
    "a number and its name": ("transfers-000002.parquet", replaced("batch", [0, 3]), "transfers of batch 3"),
    "a batch's rows": ("batches-000001.parquet", replaced("transfers", [1, 1]), "batch 3 is not what was sealed"),
    "a hash": ("batches-000000.parquet", replaced("hash", ["0" * 64] * 2), "batch 0 is not what was sealed"),
    "the last hash": ("batches-000001.parquet", replaced("hash", ["0" * 64] * 2), "last hash"),
    "a batch's number": ("batches-000001.parquet", replaced("batch", [3, 2]), "not numbered in order"),
    "a name's number": ("names-000000.parquet", replaced("number", [1, 0]), "not numbered in order"),
    "an event": ("events-000000.parquet", replaced("event", ['{"id":"x"}'] * 2), "batch 0 is not what was sealed"),
    "a row less": ("transfers-000002.parquet", lambda table: table[:1], "transfers of batch 3"),
    "a column less": ("transfers-000002.parquet", lambda table: table.drop_columns("lot"), "does not hold transfers"),
    "a type": (
        "transfers-000002.parquet",
        lambda table: table.set_column(0, "amount", table["amount"]),
        "does not hold",
    ),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_who_changes_a_file_and_its_checksum_is_found_by_the_chain(journal, what):
    name, change, found = FORGERIES[what]
    forge(journal, name, change)
    with pytest.raises(InputError, match=found):
        verify(read_segments(journal))


def test_rows_that_no_batch_claims_are_found_without_the_chain(journal):
    forge(journal, "batches-000001.parquet", replaced("transfers", [1, 1]))
    with pytest.raises(InputError, match="transfers that belong to no batch"):
        list(read_segments(journal))


def test_who_renames_a_member_everywhere_is_found_by_the_chain(journal):
    def rename(table):
        names = ["zoe" if name == "安" else name for name in table["name"].to_pylist()]
        return table.set_column(3, "name", pa.array(names, table["name"].type))

    for file in journal.glob("names-*.parquet"):
        forge(journal, file.name, rename)
    with pytest.raises(InputError, match="batch 0 is not what was sealed"):
        verify(read_segments(journal))
