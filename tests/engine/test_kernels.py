"""Machine code on disk belongs to one state of all kernel sources together."""

from pathlib import Path

import pytest

from jifen.engine import kernels
from jifen.engine.kernels import cache_folder


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of kernels of which one calls the other."""
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "caller.py").write_text("from .called import one\n")
    (tmp_path / "called.py").write_text("one = 1\n")
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "__init__.py"))
    return tmp_path


def test_a_change_of_any_source_makes_all_machine_code_anew(sources: Path) -> None:
    before = cache_folder.__wrapped__()
    assert before.is_relative_to(sources)
    (sources / "called.py").write_text("one = 2\n")
    assert cache_folder.__wrapped__() != before
    (sources / "called.py").write_text("one = 1\n")
    assert cache_folder.__wrapped__() == before


def test_where_the_sources_cannot_be_written_it_lies_in_the_users_cache(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels.os, "access", lambda path, mode: False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/of/somebody/cache")
    assert cache_folder.__wrapped__().is_relative_to("/home/of/somebody/cache/jifen")
