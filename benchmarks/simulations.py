"""One simulation, ours and radCAD's: the same members and orders, the same results, in one run.

``JIFEN_RADCAD=/path/to/python python -m benchmarks.simulations --members N --days D``: JSON on stdout. radCAD wants a
numpy that ours is too new for, so it has an interpreter of its own; without one the peer says why it is not here.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from jifen.plan import load_plan
from jifen.simulate.days import Day
from jifen.simulate.scenario import Scenario, load_scenario
from jifen.simulate.simulation import Run

PRESET = "points_dividend"
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
    """Seconds of ours and of radCAD's, after every day's payments and the wallets at the end have been compared."""
    values = {"days": days, "joining.a_day": max(members // days, 1), "joining.drawn": False}
    scenario = load_scenario("steady", values)
    _run(scenario)  # compiled, and warm
    recorded = Recorded(load_plan(PRESET), scenario)
    while not recorded.finished:
        recorded.day()
    seconds, ours = _run(scenario)
    found: dict[str, object] = {"members": ours.world.members.size, "days": days, "ours": seconds, "bare": bare}
    python = os.environ.get("JIFEN_RADCAD", sys.executable)
    if not has_radcad(python):
        return found | {"not_here": f"{python} has no radCAD: set JIFEN_RADCAD to an interpreter that has"}
    theirs = _radcad(python, recorded, bare=bare)
    made = ours.result()
    wallets = json.dumps(ours.world.wallets[0][: ours.world.members.size].tolist()).encode()
    if theirs["paid"] != made.days["paid"].tolist() or theirs["wallets"] != hashlib.sha256(wallets).hexdigest():
        raise SystemExit("radCAD's payments differ from ours")
    return found | {"radcad": theirs["seconds"], "times": theirs["seconds"] / seconds}


def has_radcad(python: str) -> bool:
    """Whether an interpreter has radCAD."""
    return not subprocess.run([python, "-c", "import radcad"], capture_output=True, check=False).returncode


def _run(scenario: Scenario) -> tuple[float, Run]:
    run = Run(load_plan(PRESET), scenario)
    started = time.perf_counter()
    while not run.finished:
        run.day()
    return time.perf_counter() - started, run


def _radcad(python: str, recorded: Recorded, *, bare: bool) -> dict[str, object]:
    with TemporaryDirectory(prefix="jifen-bench-") as folder:
        events = Path(folder) / "events.json"
        events.write_text(json.dumps(recorded.events), encoding="utf-8")
        command = [python, str(PEER), str(events), *(["--bare"] if bare else [])]
        return dict(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout))


if __name__ == "__main__":
    main()
