"""The cells of a CSV text are those that Python's ``csv`` module finds, row by row, with the same lines and faults."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jifen.batch import blocks
from jifen.batch.blocks import csv_blocks
from jifen.batch.kernels.scan import FIELD_MAX
from jifen.core.errors import InputError


def twin(file: Path, encoding: str) -> list[tuple[int, object]]:
    """Row by row, as the module reads them."""
    found: list[tuple[int, object]] = []
    with file.open(encoding=encoding, newline="") as stream:
        reader = csv.reader(stream, strict=True)
        line = 1
        try:
            for values in reader:
                if any(map(str.strip, values)):
                    found.append((line, values))
                line = reader.line_num + 1
        except csv.Error as error:
            found.append((line, f"the row cannot be read: {error}"))
    return found


def scanned(file: Path, encoding: str, width: int) -> list[tuple[int, object]]:
    found: list[tuple[int, object]] = []
    try:
        for block in csv_blocks(str(file), encoding, width, skip=0):
            found += [(row.number, row.values) for row in block.rows()]
    except InputError as error:
        found += [(problem.line, problem.message) for problem in error.problems]
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("scan") / "any.csv"


@given(
    text=st.one_of(st.text(alphabet='a,,,"\n\r 积\u3000\x85x', max_size=60), st.text(max_size=40)),
    width=st.integers(1, 4),
    part=st.sampled_from([4, 7, 1 << 20]),
    encoding=st.sampled_from(["utf-8-sig", "gb18030"]),
)
def test_any_text_has_the_rows_that_the_csv_module_finds(file, text, width, part, encoding):
    try:
        file.write_bytes(text.encode(encoding))
    except UnicodeEncodeError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "READ_BYTES", part)
        assert scanned(file, encoding, width) == twin(file, encoding)


@pytest.mark.parametrize("character", ["a", "积"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("length", [FIELD_MAX, FIELD_MAX + 1])
def test_a_cell_may_have_as_many_characters_as_the_module_allows(file, character, quote, length):
    file.write_text(f"b,{quote}{character * length}{quote}\n", encoding="utf-8")
    found = scanned(file, "utf-8-sig", 2)
    assert found == twin(file, "utf-8-sig")
    assert isinstance(found[0][1], str) == (length > FIELD_MAX)


def test_more_rows_than_one_block_has_are_all_found(file, monkeypatch):
    monkeypatch.setattr(blocks, "SCAN_ROWS", 3)
    file.write_text("".join(f"{number},x\n" for number in range(10)))
    assert scanned(file, "utf-8-sig", 2) == [(number + 1, [str(number), "x"]) for number in range(10)]


def test_a_row_of_too_few_cells_leaves_the_others_empty(file):
    file.write_text("a,b,c\nd\n")
    (block,) = csv_blocks(str(file), "utf-8-sig", 3, skip=0)
    assert block.odd.tolist() == [False, True]
    assert [(column.starts[1], column.ends[1]) for column in block.columns[1:]] == [(0, 0), (0, 0)]
