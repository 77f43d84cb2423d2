"""One race: ours and the peers close the same day, in this process, one after the other.

``python -m benchmarks.race --members N --peers polars,DuckDB --budget SECONDS``: JSON on stdout, progress on stderr.
Nothing is timed before its entries have been compared with ours, one by one.
"""

import argparse
import gc
import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.day import RULES, Day, Entries, compare, day_of, our_entries
from benchmarks.peers import NotHere, Peer, load
from jifen.bench import ours
from jifen.bench.sizes import Size
from jifen.bench.timing import TIMES, Timing, measure
from jifen.bench.worlds import build_world, give_names
from jifen.engine import World
from jifen.plan import load_plan

PRESET = "green_points"


def main() -> None:
    """Run one race and write what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, required=True)
    parser.add_argument("--shape", default="tree")
    parser.add_argument("--peers", default="")
    parser.add_argument("--saved", action="store_true", help="measure with journal and state saved as well")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds for the runs of one peer")
    options = parser.parse_args()
    names = [name for name in options.peers.split(",") if name]
    found = race(Size(options.members, 2 * options.members, options.shape), names, options.budget, saved=options.saved)
    sys.stdout.write(json.dumps(found) + "\n")


def race(size: Size, names: list[str], budget: float, *, saved: bool) -> dict[str, dict[str, object]]:
    """Seconds and spread of each by name, ours first; a peer that cannot run says why instead."""
    found, day, expected = _ours(size, saved=saved)
    gc.collect()  # a large world is gone before a peer is loaded
    for name in names:
        _say(f"{name}: loading {size.members:,} members")
        try:
            peer = load(name, day)
        except NotHere as error:
            found[name] = {"not_here": str(error)}
            continue
        try:
            found[name] = _timed(name, peer, "", expected, budget)
            if saved and hasattr(peer, "save"):
                found[name] |= _timed(name, peer, "saved_", expected, budget)
        finally:
            peer.close()
    return found


def _ours(size: Size, *, saved: bool) -> tuple[dict[str, dict[str, object]], Day, Entries]:
    """What ours takes, the day it was, and what has come out."""
    world = build_world(load_plan(PRESET), size, _say)
    prepared = ours.prepare(world)
    day, expected = day_of(world), our_entries(prepared)
    kernel = measure(lambda: ours.kernel(prepared), lambda: ours.restore(prepared))
    ours.restore(prepared)
    figures = {"entries": len(expected), **_plain("", kernel)}
    if saved:
        figures |= _ours_saved(world, expected)
    return {"ours": figures}, day, expected


def _timed(name: str, peer: Peer, prefix: str, expected: Entries, budget: float) -> dict[str, object]:
    """A first run is compared; then as many count as the budget allows, at most five. Without time the first counts."""
    what, run = ("save", peer.save) if prefix else ("compute", peer.compute)
    runs: list[float] = []
    started = time.perf_counter()
    while len(runs) <= TIMES and (not runs or time.perf_counter() - started + runs[-1] < budget):
        _say(f"{name}: {what}, run {len(runs)} of {TIMES}")
        peer.reset()
        start = time.perf_counter()
        run()
        runs.append(time.perf_counter() - start)
        if len(runs) == 1:
            compare(name, expected, peer.entries())
    counting = runs[1:] or runs
    return {**_plain(prefix, Timing.of(counting)), f"{prefix}runs": len(counting)}


def _ours_saved(world: World, expected: Entries) -> dict[str, object]:
    """Ours with the journal on disk, and with journal and snapshot; the first day is compared like a peer's."""
    give_names(world)
    transfers = ours.close_whole(world)
    place = np.array([RULES.index(rule) if rule in RULES else -1 for rule in world.rule_names.names])
    whole = Entries(transfers["to_id"], transfers["lot"], place[transfers["rule"]], transfers["drained"])
    compare("our whole close", expected, whole)
    with TemporaryDirectory(prefix="jifen-bench-") as folder:
        writer = ours.open_journal(world, Path(folder) / "journal")
        journal = measure(lambda: ours.close_to_journal(world, writer))

        def save() -> None:
            ours.close_to_journal(world, writer)
            ours.save_snapshot(world, Path(folder) / "world")

        state = measure(save)
    return _plain("journal_", journal) | _plain("saved_", state)


def _plain(prefix: str, timing: Timing) -> dict[str, object]:
    return {f"{prefix}seconds": timing.seconds, f"{prefix}spread": timing.spread}


def _say(doing: str) -> None:
    print(f"    {doing}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
