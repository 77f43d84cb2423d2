"""Machine code on disk: it belongs to one state of all kernel sources together, and set-up makes all of it."""

import os
import subprocess
import sys
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


RUN_HISTORIES = """
import sys
from numba.core.event import Listener, install_listener
from tests.simulate.many_plans import PLANS
from jifen.engine import World, apply
from jifen.simulate.streams import random_stream

sys.modules["jifen.engine.apply"].FIRST = 1

class Told(Listener):
    def on_start(self, event):
        print("compiled", event.data["dispatcher"].py_func.__qualname__, event.data["args"])
    def on_end(self, event):
        pass

with install_listener("numba:compile", Told()):
    for plan in PLANS.values():
        for seed in range(2):
            drawn, events = random_stream(seed, plan)
            apply(World(drawn, 0), events)
print("lived")
"""


@pytest.mark.nightly  # it compiles all kernels anew
@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="nothing is compiled")
def test_after_set_up_no_history_under_any_plan_compiles_anything(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for command in (["-m", "jifen.engine.warm"], ["-c", RUN_HISTORIES]):
        done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "lived\n"
