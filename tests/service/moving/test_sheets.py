"""Tables as files: what is written is read again, formulas are texts, and files that lie are refused."""

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from jifen.core.errors import InputError
from jifen.service.moving.sheets import guarded, open_sheets, unguarded, write_sheets

TEXT = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)
TABLE = ("things", ("id", "name"), [("1", "=1+1"), ("2", '王, "小"明'), ("3", "+86138"), ("4", "-1.50"), ("5", "'tis")])


def read(path) -> list[tuple[str, ...]]:
    with open_sheets(path) as sheets:
        return [tuple(row.cells.values()) for row in sheets["things"].rows()]


@given(TEXT)
def test_a_guarded_text_is_no_formula_and_is_read_as_it_was(text):
    cell = guarded(text)
    assert unguarded(cell) == text
    assert not cell.startswith(("=", "+", "@", "\t"))


@pytest.mark.parametrize("name", ["out", "out.zip", "out.xlsx"])
def test_what_is_written_is_read_again(tmp_path, name):
    assert write_sheets(tmp_path / name, [TABLE]) == {"things": 5}
    assert read(tmp_path / name) == list(TABLE[2])


def test_a_workbook_that_is_written_works_nothing_out(tmp_path):
    write_sheets(tmp_path / "out.xlsx", [TABLE])
    cells = [cell for row in load_workbook(tmp_path / "out.xlsx")["things"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}


def test_what_is_there_is_not_written_over(tmp_path):
    (tmp_path / "out.zip").write_text("precious")
    with pytest.raises(InputError, match="exists"):
        write_sheets(tmp_path / "out.zip", [TABLE])
    assert (tmp_path / "out.zip").read_text() == "precious"


def test_numbers_and_days_of_a_workbook_are_read_as_they_are_written_down(tmp_path):
    from datetime import datetime

    book = Workbook()
    book.active.title = "Things"
    for row in (
        ["id", "amount", "day", "none"],
        [12.0, 0.1, datetime.fromisoformat("2026-03-01 12:30"), None],
        [13800138000, 2, "", ""],
    ):
        book.active.append(row)
    book.save(tmp_path / "in.xlsx")
    assert read(tmp_path / "in.xlsx") == [("12", "0.1", "2026-03-01 12:30:00", ""), ("13800138000", "2", "", "")]


def test_a_table_in_gb18030_is_read(tmp_path):
    (tmp_path / "things.csv").write_bytes("id,name\n1,王小明\n".encode("gb18030"))
    assert read(tmp_path / "things.csv") == [("1", "王小明")]


def test_lines_are_counted_as_an_editor_does(tmp_path):
    (tmp_path / "things.csv").write_text('id,name\n1,"two\nlines"\n\n2,x\n')
    with open_sheets(tmp_path) as sheets:
        assert [row.line for row in sheets["things"].rows()] == [2, 5]


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("things.csv", b"id,name\n" + b"1,x\n" * 1_000_000)


def cut(path):
    write_sheets(path, [TABLE])
    path.write_bytes(path.read_bytes()[:-30])


def flipped(path):
    """One byte of a table's own data is another."""
    write_sheets(path, [TABLE])
    with zipfile.ZipFile(path) as archive:
        (table,) = [each for each in archive.infolist() if each.filename.endswith(("things.csv", "sheet1.xml"))]
    data = bytearray(path.read_bytes())
    data[table.header_offset + 30 + len(table.filename) + len(table.extra) + table.compress_size // 2] ^= 255
    path.write_bytes(data)


def twice(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/things.csv", "id\n")
        archive.writestr("b/things.csv", "id\n")


@pytest.mark.parametrize(
    ("name", "make", "code"),
    [
        ("in.zip", bomb, "too_large"), ("in.zip", cut, "bad_archive"), ("in.zip", flipped, "bad_archive"),
        ("in.zip", twice, "ambiguous_table"), ("in.xlsx", cut, "bad_archive"), ("in.xlsx", flipped, "bad_archive"),
        ("in.zip", lambda path: path.write_bytes(b"PK rubbish"), "bad_archive"),
        ("in.txt", lambda path: path.write_text("id"), "no_table"), ("in.zip", lambda path: None, "no_file"),
    ],
)  # fmt: skip
def test_files_that_lie_are_refused(tmp_path, name, make, code):
    def read_all():
        with open_sheets(tmp_path / name, most=1 << 20) as sheets:
            return [list(sheet.rows()) for sheet in sheets.values()]

    make(tmp_path / name)
    with pytest.raises(InputError) as refused:
        read_all()
    assert refused.value.problems[0].code == code


def test_a_path_in_a_zip_leads_nowhere_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("../../things.csv", "id,name\n1,x\n")
    assert read(tmp_path / "in.zip") == [("1", "x")]
    assert not (tmp_path.parent / "things.csv").exists()
