import json
import shutil
from random import Random
from time import sleep

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.ledger.samples import FULL_DISK, kill_when_ready, run_python

from jifen.core.errors import BrokenInvariant, InputError
from jifen.ledger import snapshot
from jifen.ledger.chain import seal
from jifen.ledger.snapshot import load, save

COLUMNS = {
    "remaining": np.array([1, -2, 2**63 - 1]),
    "rank": np.array([0, -1, 3], dtype=np.int8),
    "live": np.array([True, False, True]),
    "weights": np.arange(6, dtype=np.uint16).reshape(2, 3),
    "nobody": np.empty(0, dtype=np.int32),
}
DOCUMENT = {"day": 17, "pools": {"底池": 10**30}, "open": None}
DIE_SAVING = """
import sys, time
from pathlib import Path
import numpy as np
from jifen.ledger import snapshot
def seal_never(_):
    print("ready", flush=True)
    time.sleep(60)
snapshot.seal = seal_never
snapshot.save(Path(sys.argv[1]), {"remaining": np.zeros(5, np.int64)}, {}, version=1)
"""
DIE_BETWEEN_RENAMES = """
import sys, time
from pathlib import Path
import numpy as np
from jifen.ledger.snapshot import save
rename = Path.rename
def rename_once(path, target):
    if path.name == "world":
        rename(path, target)
        print("ready", flush=True)
        time.sleep(60)
    return rename(path, target)
Path.rename = rename_once
save(Path(sys.argv[1]), {"remaining": np.zeros(5, np.int64)}, {}, version=1)
"""
SAVE_ON_AND_ON = """
import sys
from itertools import count
from pathlib import Path
import numpy as np
from jifen.ledger.snapshot import save
for number in count(1):
    columns = {f"column_{place}": np.full(20_000, number) for place in range(5)}
    save(Path(sys.argv[1]), columns, {"number": number}, version=1)
    if number == 2:
        print("ready", flush=True)
"""
FILL_DISK = (
    FULL_DISK
    + """
import sys
from pathlib import Path
import numpy as np
from jifen.ledger.snapshot import save
try:
    save(Path(sys.argv[1]), {"small": np.zeros(5, np.int64), "remaining": np.arange(5_000)}, {}, version=1)
except OSError:
    sys.exit(3)
"""
)


@pytest.fixture
def world(tmp_path):
    save(tmp_path / "world", COLUMNS, DOCUMENT, version=1, changing=("rank", "remaining"))
    return tmp_path / "world"


def assert_old(directory):
    columns, document = load(directory, version=1)
    assert document == DOCUMENT
    assert columns.keys() == COLUMNS.keys()
    assert all(np.array_equal(columns[name], COLUMNS[name]) for name in COLUMNS)


def start_of(directory, name):
    return json.loads((directory / "header.json").read_bytes())["columns"][name]["start"]


def overwrite(directory, start, content):
    with (directory / "columns.bin").open("r+b") as file:
        file.seek(start)
        file.write(content)


def code_of(error):
    (problem,) = error.value.problems
    assert problem.remedy
    return problem.code


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("writable", [True, False])
def test_columns_and_document_come_back_as_they_were(world, writable, verify):
    columns, document = load(world, version=1, writable=writable, verify=verify)
    assert document == DOCUMENT
    assert list(columns) == sorted(COLUMNS)
    for name, column in COLUMNS.items():
        assert columns[name].dtype == column.dtype
        assert columns[name].shape == column.shape
        assert np.array_equal(columns[name], column)


@pytest.mark.parametrize(("name", "writable"), [("remaining", False), ("live", True)])
def test_columns_cannot_be_written_unless_they_change_and_that_is_asked_for(world, name, writable):
    columns, _ = load(world, version=1, writable=writable)
    with pytest.raises(ValueError, match="read-only"):
        columns[name][0] = 0


def test_what_is_written_to_columns_stays_in_memory(world):
    columns, _ = load(world, version=1, writable=True)
    columns["remaining"][0] = 5
    assert columns["remaining"].tolist() == [5, -2, 2**63 - 1]
    assert_old(world)


def test_columns_are_maps_of_the_files_and_not_copies(world):
    """A file that is written to, which nobody does, shows in what was loaded before, unless that was written to."""
    seen, _ = load(world, version=1)
    changed, _ = load(world, version=1, writable=True)
    changed["rank"][0] = 7
    overwrite(world, start_of(world, "rank"), b"\x05")
    assert (seen["rank"][0], changed["rank"][0]) == (5, 7)


numbers = hnp.arrays(
    st.sampled_from([np.int64, np.int32, np.int8, np.uint8, np.bool_, np.dtype(">i8")]),
    hnp.array_shapes(max_dims=2, min_side=0),
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), numbers, max_size=4))
def test_any_columns_come_back_little_endian(tmp_path_factory, columns):
    directory = tmp_path_factory.mktemp("any")
    save(directory, columns, {}, version=1)
    read, _ = load(directory, version=1)
    assert read.keys() == columns.keys()
    for name, column in columns.items():
        assert np.array_equal(read[name], column)
        assert read[name].dtype == column.dtype.newbyteorder("<")
        if len(np.unique(column)) < 2:
            assert not read[name].flags.writeable
            continue
        start, size = start_of(directory, name), column.nbytes
        content = (directory / "columns.bin").read_bytes()[start : start + size]
        assert content == column.astype(column.dtype.newbyteorder("<")).tobytes()
        assert start % 64 == 0
    shutil.rmtree(directory)


def test_a_column_of_steps_or_of_a_map_is_saved_as_its_values(tmp_path, world):
    columns, _ = load(world, version=1)
    save(tmp_path / "other", {"odd": np.arange(10)[1::2], "again": columns["remaining"]}, {}, version=1)
    read, _ = load(tmp_path / "other", version=1)
    assert read["odd"].tolist() == [1, 3, 5, 7, 9]
    assert read["again"].tolist() == COLUMNS["remaining"].tolist()


def test_a_column_of_one_number_is_not_written(tmp_path):
    columns = {"none": np.full(10**6, -1), "live": np.ones((3, 2), dtype=bool), "other": np.array([-1] * 9 + [-2])}
    save(tmp_path / "world", columns, {}, version=1, changing=("none",))
    assert (tmp_path / "world" / "columns.bin").stat().st_size == columns["other"].nbytes
    read, _ = load(tmp_path / "world", version=1)
    assert {name: column.tolist() for name, column in read.items()} == {
        "none": [-1] * 10**6, "live": [[True, True]] * 3, "other": [-1] * 9 + [-2],
    }  # fmt: skip
    assert (read["none"].dtype, read["live"].dtype) == (np.int64, np.bool_)
    read, _ = load(tmp_path / "world", version=1, writable=True)
    assert read["none"].tolist() == [-1] * (10**6 + 10**6 // 4)
    with pytest.raises(ValueError, match="read-only"):
        read["none"][0] = 5


def test_a_large_column_that_changes_comes_with_room_over_what_follows_in_the_file(tmp_path, monkeypatch):
    """A column of 100 has room for 25; the last one only as much as there is file. What is put there harms nobody."""
    monkeypatch.setattr(snapshot, "_LARGE", 100)
    columns = {
        "long": np.arange(1000), "large": np.arange(100), "small": np.arange(99), "fixed": np.arange(100),
        "last": np.arange(100), "end": np.arange(5),
    }  # fmt: skip
    changing = ("large", "last", "long", "small")
    save(tmp_path / "world", columns, {}, version=1, changing=changing)
    read, _ = load(tmp_path / "world", version=1, writable=True)
    # The last one ends 800 bytes behind a multiple of 64, so that 32 bytes follow before the 40 of the end.
    more = dict.fromkeys(columns, 0) | {"long": 250, "large": 25, "last": 4 + 5}
    assert {name: len(column) - len(columns[name]) for name, column in read.items()} == more
    for name in changing:
        read[name][len(columns[name]) :] = 7
        read[name][0] = 6
    for name, column in columns.items():
        first = 6 if name in changing else 0
        assert read[name][: len(column)].tolist() == [first, *column[1:].tolist()]
    seen, _ = load(tmp_path / "world", version=1)
    assert all(np.array_equal(seen[name], column) for name, column in columns.items())


def test_a_new_snapshot_replaces_the_old_one_and_open_maps_still_hold_the_old_values(world):
    old, _ = load(world, version=1)
    save(world, {"remaining": np.array([7])}, {"day": 18}, version=1)
    new, document = load(world, version=1)
    assert (list(new), new["remaining"].tolist(), document) == (["remaining"], [7], {"day": 18})
    assert old["remaining"].tolist() == COLUMNS["remaining"].tolist()
    assert [path.name for path in world.parent.iterdir()] == ["world"]


@pytest.mark.parametrize(
    "column", [np.zeros(2), np.array(["a"]), np.array([None]), np.zeros(2, "i4,i4"), np.zeros(2, "M8[s]")]
)
def test_a_column_of_anything_but_integers_and_truths_is_refused(world, column):
    with pytest.raises(BrokenInvariant):
        save(world, {"bad": column}, {}, version=1)
    assert_old(world)


def test_a_column_name_that_would_leave_the_directory_and_a_float_in_the_document_are_refused(world):
    for columns, document in (({"../x": np.zeros(1, int)}, {}), ({}, {"price": 0.5})):
        with pytest.raises(BrokenInvariant):
            save(world, columns, document, version=1)
    assert_old(world)


def test_another_version_is_refused(world):
    with pytest.raises(InputError, match="version 1 of a jifen snapshot, not version 2") as caught:
        load(world, version=2)
    assert code_of(caught) == "wrong_version"


def test_another_sealed_file_is_no_snapshot(world):
    (world / "header.json").write_bytes(seal({"format": "jifen journal", "version": 1}))
    with pytest.raises(InputError) as caught:
        load(world, version=1)
    assert code_of(caught) == "wrong_version"


@pytest.mark.parametrize("name", ["remaining", "rank", "live", "weights"])
def test_a_bit_that_flipped_in_any_column_is_found_and_the_file_named(world, name):
    last = start_of(world, name) + COLUMNS[name].nbytes - 1
    overwrite(world, last, bytes([(world / "columns.bin").read_bytes()[last] ^ 1]))
    with pytest.raises(InputError, match=f"columns.bin: column {name} ") as caught:
        load(world, version=1)
    assert code_of(caught) == "snapshot_damaged"
    load(world, version=1, verify=False)


def test_a_bit_that_flipped_in_the_header_is_found(world):
    content = (world / "header.json").read_bytes()
    assert json.loads(content)["document"]["day"] == 17
    (world / "header.json").write_bytes(content.replace(b'"day":17', b'"day":16'))
    with pytest.raises(InputError, match=r"header\.json") as caught:
        load(world, version=1)
    assert code_of(caught) == "bad_checksum"


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("length", [0, 1, 64, 203, 205, 408])
def test_columns_that_are_cut_or_too_long_are_found(world, length, verify):
    """Columns of 24, 3, 3 and 12 bytes begin at 0, 64, 128 and 192, and the one without any is not written."""
    file = world / "columns.bin"
    file.write_bytes((file.read_bytes() * 2)[:length])
    with pytest.raises(InputError, match="bytes, not 204") as caught:
        load(world, version=1, verify=verify)
    assert code_of(caught) == "snapshot_damaged"


def test_a_file_that_is_missing_is_named(world):
    (world / "columns.bin").unlink()
    with pytest.raises(InputError, match=r"columns\.bin") as caught:
        load(world, version=1)
    assert code_of(caught) == "snapshot_incomplete"
    (world / "header.json").unlink()
    with pytest.raises(InputError, match=r"header\.json") as caught:
        load(world, version=1)
    assert code_of(caught) == "snapshot_incomplete"


def test_no_snapshot_is_said_so(tmp_path):
    for place in (tmp_path / "none", tmp_path / "none" / "deeper"):
        with pytest.raises(InputError) as caught:
            load(place, version=1)
        assert code_of(caught) == "snapshot_missing"


def test_a_writer_killed_in_the_middle_leaves_the_old_snapshot(world):
    kill_when_ready(DIE_SAVING, world)
    assert_old(world)
    save(world, COLUMNS, DOCUMENT, version=1)
    assert [path.name for path in world.parent.iterdir()] == ["world"]


def test_a_writer_killed_between_the_renames_leaves_the_old_snapshot(world):
    kill_when_ready(DIE_BETWEEN_RENAMES, world)
    assert not world.exists()
    assert_old(world)


def test_a_full_disk_leaves_the_old_snapshot(world):
    assert run_python(FILL_DISK, world).returncode == 3
    assert_old(world)
    assert [path.name for path in world.parent.iterdir()] == ["world"]


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("columns", [{"remaining": np.array([7])}, {**COLUMNS, "remaining": np.arange(3)}])
def test_a_reader_that_a_new_snapshot_overtakes_never_mixes_the_two(world, monkeypatch, columns, verify):
    read_header = snapshot._read_header

    def overtaken(*arguments):
        header = read_header(*arguments)
        monkeypatch.setattr(snapshot, "_read_header", read_header)
        save(world, columns, {"day": 18}, version=1)
        return header

    monkeypatch.setattr(snapshot, "_read_header", overtaken)
    with pytest.raises(InputError) as caught:
        load(world, version=1, verify=verify)
    assert code_of(caught) in ("snapshot_damaged", "snapshot_incomplete")


def test_a_writer_killed_at_any_moment_leaves_one_whole_snapshot(world):
    """Every column of a snapshot has the number of its document, whichever save it is of."""
    random = Random(1)
    for _ in range(6):
        with run_python(SAVE_ON_AND_ON, world, wait=False) as process:
            assert process.stdout.readline() == "ready\n"
            sleep(random.random() / 20)
            process.kill()
        columns, document = load(world, version=1)
        assert len(columns) == 5
        assert {number for column in columns.values() for number in np.unique(column)} == {document["number"]}
    save(world, COLUMNS, DOCUMENT, version=1)
    assert [path.name for path in world.parent.iterdir()] == ["world"]
