"""``make bench``: everything at its sizes, in a quarter of an hour, and the page that says what came out.

Each measurement runs in a process of its own, so that memory is given back and peaks are its own. What time is left
decides how far the slow ones go: a size is tried only where the last one says that it fits. ``--quick`` tries small
sizes only and writes no page; ``--page`` writes the page again from the figures of the last run. ``--radcad MEMBERS``
measures nothing but a simulation beside radCAD's of so many members, which takes ten minutes at the largest size that
radCAD bears, puts it among the figures of the last run, and writes the page.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.machine import load, machine, versions
from benchmarks.page import ROOT, write_page
from benchmarks.peers import PEERS
from benchmarks.race import PRESET
from benchmarks.year import data
from jifen.plan import preset_names

FIGURES = ROOT / "var" / "bench.json"
SECONDS = 840.0
"""A run stops trying further sizes after this."""
_JIFEN = "from jifen.cli import main; main()"
_GROWTH = 12
"""Ten times the members take a peer at most about so many times as long."""


class Run:
    """One run of all benches, with what time it has left."""

    def __init__(self, *, quick: bool) -> None:
        self._started = time.monotonic()
        self._quick = quick
        self.results: dict[str, Any] = {
            "about": {
                "date": datetime.now(UTC).strftime("%Y-%m-%d"), "machine": machine(), "versions": versions(),
                "load": load(),
            }
        }  # fmt: skip

    @property
    def sizes(self) -> list[int]:
        """Members, but for the ten million that only some can do."""
        return [1_000, 3_000] if self._quick else [10_000, 100_000, 1_000_000]

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return SECONDS - (time.monotonic() - self._started)

    def all(self) -> dict[str, Any]:
        """Everything, the goals first."""
        self.closes()
        self.races(*self.sizes)
        self.largest()
        self.beside()
        self.years()
        self.presets()
        self.simulations()
        self.whole()
        if self.left > 200 and self.results["close"].get("tree 10000000", {}).get("seconds", 1e9) < 1:
            self.races(10_000_000)
        return self.results

    def closes(self) -> None:
        """The kernel at all shapes, and at all sizes but the largest."""
        for members in self.sizes:
            self.close("tree", members)
        for shape in ("chain", "star"):
            self.close(shape, self.sizes[-1])
        for shape in ("tree", "star"):
            self.close(shape, self.sizes[-1], threads=2)

    def largest(self) -> None:
        """The kernel with ten million members, where that is likely to fit into what is left."""
        million = self.results["close"].get("tree 1000000", {}).get("seconds")
        if million is not None and self.left > 120 * million + 60:
            self.close("tree", 10_000_000)

    def close(self, shape: str, members: int, threads: int = 1) -> None:
        """The kernel at one size."""
        found = self.results.setdefault("close" if threads == 1 else "threads", {})
        arguments = ["close", "--members", members, "--shape", shape, "--threads", threads]
        found[f"{shape} {members}"] = self.jifen(f"close, {shape}, {members:,} members, threads: {threads}", *arguments)

    def races(self, *sizes: int) -> None:
        """Ours against the peers; each goes on to ten times the size while that is likely to fit."""
        found: dict[str, Any] = self.results.setdefault("race", {})
        for members in sizes:
            names = [name for name in PEERS if all(_bears(race.get(name)) for race in found.values())]
            arguments = ["--members", members, "--peers", ",".join(names), "--budget", 20]
            arguments += ["--saved"] if members <= 100_000 else []
            found[str(members)] = self.python(f"peers, {members:,} members", "benchmarks.race", *arguments)

    def beside(self) -> None:
        """Orders, files, snapshot, journal, start-up."""
        small = self._quick
        orders: dict[str, Any] = self.results.setdefault("orders", {})
        for preset in ("points_dividend", "appreciation"):
            size = ["--members", 1_000, "--orders", 1_000] if small else ["--members", 100_000, "--orders", 1_000_000]
            orders[preset] = self.jifen(f"orders, {preset}", "orders", "--preset", preset, *size)
        files = self.jifen("files", "files", "--rows", 1_000 if small else 50_000)
        if files.get("csv_rows_per_s", 0) > 300_000:
            files = self.jifen("files, 10,000,000 rows", "files", "--rows", 10_000_000)
        self.results["files"] = files
        members = 1_000 if small else 1_000_000
        self.results["start"] = self.start_up()
        self.results["snapshot"] = self.jifen("snapshot", "snapshot", "--members", members // 4)
        self.results["journal"] = self.jifen("journal", "journal", "--members", members // 4)

    def whole(self) -> None:
        """The whole close with its journal, at the largest size there is memory and time for."""
        for members in [1_000] if self._quick else [10_000_000, 1_000_000, 100_000]:
            close = self.results["close"].get(f"tree {members}", {})
            # A whole close takes up to ten times as long as its kernel, and is run a dozen times.
            kernel = close.get("seconds", 12 * self.results["close"].get("tree 1000000", {}).get("seconds", 0))
            if not self._quick and self.left < 120 * kernel + 150:
                self.results["whole_refused"] = "it would have taken too long"
                continue
            found = self.jifen(
                f"whole close, {members:,} members", "close", "--members", members, "--upto", "journal"
            )  # fmt: skip
            if "seconds" in found:
                self.results["whole"] = found
                return
            self.results["whole_refused"] = found["refused"]

    def simulations(self) -> None:
        """A simulation of a million members, and a small one beside radCAD's, where the time does."""
        members = 1_000 if self._quick else 1_000_000
        if self._quick or self.left > 150:
            arguments = ["--members", members, "--preset", PRESET]
            self.results["simulate"] = self.jifen(f"simulation, {members:,} members", "simulate", *arguments)
        if self._quick or self.left > 90:
            self.radcad(1_000 if self._quick else 20_000)

    def radcad(self, members: int) -> None:
        """A simulation beside radCAD's."""
        what = f"simulation beside radCAD's, {members:,} members"
        found = self.python(what, "benchmarks.simulations", "--members", members)
        self.results["radcad"] = found | {"date": datetime.now(UTC).strftime("%Y-%m-%d")}

    def presets(self) -> None:
        """Every other preset's close of as many members: a million, or a tenth of it where the time does not do."""
        found: dict[str, Any] = self.results.setdefault("presets", {})
        others = [preset for preset in preset_names() if preset != PRESET]
        members = self.sizes[-1]
        kernel = self.results["close"][f"tree {members}"]["seconds"]
        if self.left < len(others) * (10 * kernel + 8) + 120:
            members = self.sizes[-2]
        for preset in others:
            if self.left > 20:
                arguments = ["close", "--members", members, "--preset", preset]
                found[preset] = self.jifen(f"close, {preset}, {members:,} members", *arguments)

    def years(self) -> None:
        """The real shop's year under every preset, once each."""
        found: dict[str, Any] = self.results.setdefault("year", {})
        if data() is None or self._quick:
            return
        for preset in preset_names():
            if self.left > 25:
                found[preset] = self.python(f"the real shop's year, {preset}", "benchmarks.year", preset)

    def start_up(self) -> dict[str, float]:
        """Help, and a run on a hundred orders, each as a user would start it; the second of two counts."""
        from random import Random

        from jifen.batch.make_shop import Shop, make_shop

        _say("start-up")
        with TemporaryDirectory(prefix="jifen-bench-") as folder:
            shop = make_shop(Path(folder) / "shop", Random(1), Shop(members=50, days=30, orders=100))
            files = [text for kind, path in shop.paths().items() for text in (f"--{kind}", str(path))]
            command = ["run", PRESET, *files, "--force", "--out", f"{folder}/out"]
            return {"help": _seconds(["--help"]), "run": _seconds(command)}

    def jifen(self, what: str, *arguments: object) -> dict[str, Any]:
        """What ``jifen bench … --json`` answers; what it refuses is under ``refused``."""
        _say(what)
        command = [sys.executable, "-c", _JIFEN, "bench", *map(str, arguments), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        if done.returncode not in (0, 2):
            raise SystemExit(f"{what}: {done.stderr[-2000:]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer if done.returncode == 0 else {"refused": answer["problems"][0]["message"]}

    def python(self, what: str, module: str, *arguments: object) -> Any:
        """What a module of the benches answers."""
        _say(what)
        command = [sys.executable, "-m", module, *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        if done.returncode:
            raise SystemExit(f"{what}: stopped")
        return json.loads(done.stdout)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, keep the figures, write the page."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--radcad", type=int, metavar="MEMBERS")
    options = parser.parse_args(arguments)
    before = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    if not options.page:
        run = Run(quick=options.quick)
        if options.radcad:
            run.radcad(options.radcad)
            results = before | {"radcad": run.results["radcad"]}
        else:
            results = run.all()
            results["radcad"] = larger(results.get("radcad", {}), before.get("radcad", {}))
        FIGURES.parent.mkdir(exist_ok=True)
        FIGURES.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if not options.quick:
        write_page(json.loads(FIGURES.read_text(encoding="utf-8")))
        _say("written: docs/performance.md")


def _bears(timed: dict[str, Any] | None) -> bool:
    """Whether a peer is likely to bear ten times what it was timed at."""
    return timed is not None and float(timed.get("seconds", 60)) * _GROWTH < 45


def larger(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Of two races with radCAD that of the larger size; one that was not held counts as none."""
    held = [race for race in (now, before) if "times" in race]
    return max(held, key=lambda race: race["members"], default=now)


def _seconds(arguments: Sequence[str]) -> float:
    def runs() -> Iterator[float]:
        for _ in range(2):
            start = time.perf_counter()
            command = [sys.executable, "-c", _JIFEN, *arguments]
            subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
            yield time.perf_counter() - start

    return min(runs())


_STARTED = time.monotonic()


def _say(doing: str) -> None:
    print(f"{time.monotonic() - _STARTED:6.0f} s  {doing}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
