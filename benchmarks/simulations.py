"""One simulation, ours and radCAD's: the same members and orders, the same results, in one run.

``python -m benchmarks.simulations --members N --days D``: JSON on stdout. radCAD wants a numpy that is too old for
ours, so it has an interpreter of its own: that which ``JIFEN_RADCAD`` names, else one that uv makes for the moment.
Without either the answer says why.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.peers import NotHere
from jifen.bench.simulate import arrivals
from jifen.plan import load_plan
from jifen.simulate.days import Day
from jifen.simulate.scenario import Scenario
from jifen.simulate.simulation import Run

PRESET = "points_dividend"
RADCAD = "radcad==0.14.0"
PEER = Path(__file__).parent / "peers" / "radcad_shop.py"


class Recorded(Run):
    """Keeps what members do."""

    def _day(self, today: int) -> Day:
        day = super()._day(today)
        self.events = getattr(self, "events", [])
        orders = np.stack([day.buyers.astype(np.int64), day.paid], axis=1)
        self.events.append((day.referrers.tolist(), orders.tolist()))
        return day


def main() -> None:
    """Run one simulation with both and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--bare", action="store_true", help="radCAD without its copies: past states are lost")
    options = parser.parse_args()
    sys.stdout.write(json.dumps(race(options.members, options.days, bare=options.bare)) + "\n")


def race(members: int, days: int, *, bare: bool = False) -> dict[str, object]:
    """Seconds of ours and of radCAD's, after every day's payments and the wallets at the end have been compared.

    ``times`` is theirs over ours by the clock, ``cpu_times`` of the processor: other work on the machine counts less.
    """
    scenario = arrivals(members, days)
    recorded = Recorded(load_plan(PRESET), scenario)  # compiles, too
    while not recorded.finished:
        recorded.day()
    ours, run = _ours(scenario)
    found: dict[str, object] = {"members": members, "days": days, "bare": bare, "ours": ours}
    try:
        radcad = _radcad(interpreter(), recorded, bare=bare)
    except NotHere as reason:
        return found | {"not_here": str(reason)}
    made = run.result()
    wallets = json.dumps(run.world.wallets[0][:members].tolist()).encode()
    if radcad.pop("paid") != made.days["paid"].tolist():
        raise SystemExit("radCAD's payments differ from ours")
    if radcad.pop("wallets") != hashlib.sha256(wallets).hexdigest():
        raise SystemExit("what radCAD's members have at the end differs from ours")
    return found | {
        "radcad": radcad, "times": radcad["seconds"] / ours["seconds"],
        "cpu_times": radcad["cpu_seconds"] / ours["cpu_seconds"],
    }  # fmt: skip


def interpreter() -> list[str]:
    """The command of an interpreter that has radCAD; ``NotHere`` says why there is none."""
    given, beside = os.environ.get("JIFEN_RADCAD"), Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if given is None and uv is None:
        raise NotHere("radCAD needs an interpreter of its own: let JIFEN_RADCAD name one, or install uv")
    command = [given] if given else [str(uv), "run", "--quiet", "--no-project", "--with", RADCAD, "python"]
    try:
        done = subprocess.run([*command, "-c", "import radcad"], capture_output=True, text=True, check=False)
    except OSError as error:
        raise NotHere(f"JIFEN_RADCAD cannot be run: {error.strerror}") from error
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise NotHere(f"radCAD is not there: {why}")
    return command


def _ours(scenario: Scenario) -> tuple[dict[str, float], Run]:
    run = Run(load_plan(PRESET), scenario)
    clock, processor = time.perf_counter(), time.process_time()
    while not run.finished:
        run.day()
    return {"seconds": time.perf_counter() - clock, "cpu_seconds": time.process_time() - processor}, run


def _radcad(python: list[str], recorded: Recorded, *, bare: bool) -> dict[str, Any]:
    with TemporaryDirectory(prefix="jifen-bench-") as folder:
        events = Path(folder) / "events.json"
        events.write_text(json.dumps(recorded.events), encoding="utf-8")
        command = [*python, str(PEER), str(events), *(["--bare"] if bare else [])]
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["it was killed, most likely because memory ran out"])[-1]
        raise NotHere(f"radCAD does not bear this size: {why}")
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    main()
