"""The script that draws charts is made once and kept; where it cannot be kept, it is made again."""

import sys
from types import SimpleNamespace

import pytest

from jifen.report import drawing


@pytest.fixture
def made(monkeypatch):
    """Count how often the library is made; nothing is remembered in this process."""
    calls = []

    def javascript_bundle(exports):
        calls.append(exports)
        return "draw\r\n积分"

    monkeypatch.setitem(sys.modules, "vl_convert", SimpleNamespace(javascript_bundle=javascript_bundle))
    monkeypatch.setattr(drawing, "drawing_library", drawing.drawing_library.__wrapped__)
    return calls


def test_the_script_is_made_once_and_read_again_as_it_was(made, monkeypatch, tmp_path):
    monkeypatch.setattr(drawing, "KEPT", tmp_path / "kept")
    assert [drawing.drawing_library(), drawing.drawing_library()] == ["draw\r\n积分"] * 2
    assert len(made) == 1
    assert len(list((tmp_path / "kept").iterdir())) == 1, "nothing unfinished is left"


def test_a_folder_that_cannot_be_written_to_is_no_mistake(made, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(drawing, "KEPT", tmp_path / "file" / "kept")
    assert [drawing.drawing_library(), drawing.drawing_library()] == ["draw\r\n积分"] * 2
    assert len(made) == 2
