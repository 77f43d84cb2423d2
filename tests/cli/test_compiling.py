"""Where the kernels are not compiled yet, one line says what the user waits for; where they are, nothing is said."""

import os
import subprocess
import sys

import pytest

from jifen.cli import output
from jifen.cli.compiling import compiling_shown


@pytest.mark.nightly  # it compiles kernels anew
@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="nothing is compiled")
def test_a_cold_cache_is_told_once_and_a_warm_one_is_silent(shop, tmp_path):
    files = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--until", "2026-01-06")
    command = [sys.executable, "-c", "from jifen.cli import main; main()", "run", "green_points", *map(str, files)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    told = [
        subprocess.run([*command, "--out", str(tmp_path / name)], env=environment, capture_output=True, text=True)
        for name in ("cold", "warm")
    ]
    assert [done.returncode for done in told] == [0, 0]
    assert told[0].stderr.count("compiling the fast loops for this machine, first ") == 1
    assert told[1].stderr == ""


def test_the_first_kernel_is_named_and_no_other(capsys, monkeypatch):
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(output.errors, "_file", sys.stderr)
    inner = numba.njit(lambda number: number + 1)

    @numba.njit
    def outer(number):
        return inner(number)

    with compiling_shown():
        outer(1)
    said = capsys.readouterr().err
    compiled = not os.environ.get("NUMBA_DISABLE_JIT")
    assert said.count("compiling the fast loops") == compiled
    assert ("outer" in said) == compiled
