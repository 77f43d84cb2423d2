"""Kill -9 of the writer and of the close, aimed at each phase, and an audit after each.

    python -m tests.service.kills 500 [--page docs/reliability.md]

plays rounds on both databases until so many kills have fallen, and writes what came of them into the page. A round has
a new shop, in which clients trade and repeat every request, and ten kills of each kind. Which phase a kill is aimed at
is drawn by the round's seed; into which it fell the victim itself has said, so that the summary counts what happened.
"""

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from jifen.service.databases import migrate, open_database, start_django

start_django()

from django.db import connections  # noqa: E402
from tests.service.books import events_of, independent  # noqa: E402
from tests.service.conftest import ALIASES, joins, order  # noqa: E402
from tests.service.servers import Servers  # noqa: E402
from tests.service.victim import CLOSE, ORDERS, PHASES, victim  # noqa: E402

from jifen.engine.events import DayClosed, Event  # noqa: E402
from jifen.plan import load_plan  # noqa: E402
from jifen.service.audit import audit  # noqa: E402
from jifen.service.inbox import submit  # noqa: E402
from jifen.service.shop import Terms, create_shop  # noqa: E402
from jifen.service.writer import JOURNAL  # noqa: E402

FIRST = 738000
PATIENCE = 60.0
"""Seconds after which a writer that does not come to what is waited for has failed."""
LENGTH = {"start and recovery": 0.03, "close: computing": 0.004, "close: snapshot": 0.004}
"""Seconds within which a kill falls after its phase has begun; of the others ``0.0015``."""
MEMBERS = [f"m{number}" for number in range(60)]
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.service.victim"])


class Writing:
    """A writer in a process of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._phase = PROCESSES.RawValue("i", 0)
        self._process = PROCESSES.Process(target=victim, args=(url, str(folder), self._phase), daemon=True)
        self._process.start()

    @property
    def phase(self) -> str:
        """What it is at; of one that has died what it was at."""
        return PHASES[self._phase.value]

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def reaches(self, phases: tuple[str, ...]) -> None:
        """Wait until it is at one of the phases; ``AssertionError`` if it dies before or takes too long."""
        until = time.monotonic() + PATIENCE
        while self.phase not in phases:
            time.sleep(0.0001)
            assert time.monotonic() < until, f"the writer stays at {self.phase}"
            assert self.alive, f"the writer has died by itself at {self.phase}"

    def kill(self) -> str:
        """Kill it, and return what it was at."""
        self._process.kill()
        self._process.join()
        return self.phase


@dataclass
class Round:
    """A shop in which writers are killed."""

    url: str
    folder: Path
    seed: int
    orders: int = 30
    fell: Counter[str] = field(default_factory=Counter)
    """Kills by the phase into which they fell."""
    audits: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.using = next(ALIASES)
        self.sent: list[Event] = list(joins(*MEMBERS))
        self.days = 0
        open_database(self.using, self.url)
        migrate(self.using)
        create_shop(load_plan("points_dividend"), FIRST, Terms("kills"), using=self.using)
        submit(self.sent, using=self.using)

    def play(self, each: int) -> "Round":
        """Kill so many times while orders are written, and so many times in a close; then compare the books."""
        for _ in range(each):
            for kind in ("orders", "close"):
                until = self.fallen(kind) + 1
                while self.fallen(kind) < until:  # one that came too late, or fell elsewhere, is counted there
                    self.kill(kind)
        self.finish()
        return self

    def fallen(self, kind: str) -> int:
        """Kills that fell into a close; or those that fell into anything else."""
        closes = sum(self.fell[phase] for phase in CLOSE)
        return closes if kind == "close" else self.fell.total() - closes

    def kill(self, kind: str) -> None:
        """Kill one writer, aimed at a phase of its kind; then all that is committed must be sound."""
        asked = self.trade(closing=kind == "close")
        phases = CLOSE if kind == "close" else (PHASES[0], *ORDERS)
        phase = self.draw.choice(phases)
        writing = Writing(self.url, self.folder)
        writing.reaches((*phases[phases.index(phase) :], "waiting"))
        time.sleep(self.draw.random() * LENGTH.get(phase, 0.0015))
        self.fell[writing.kill()] += 1
        submit(asked, using=self.using)  # a client that heard nothing repeats its request
        self.check()

    def trade(self, *, closing: bool) -> list[Event]:
        """Ask for orders, and for the close of a day."""
        first = len(self.sent)
        asked: list[Event] = [
            order(f"o{first + each}", self.draw.choice(MEMBERS), 1 + self.draw.randrange(900))
            for each in range(self.orders)
        ]
        if closing:
            asked.append(DayClosed(id=f"day:{FIRST + self.days}", day=0))
            self.days += 1
        submit(asked, using=self.using)
        self.sent += asked
        return asked

    def check(self) -> None:
        found = audit(self.folder / JOURNAL, self.using)
        assert found.sound, f"seed {self.seed}: {found.difference or found.problems}"
        self.audits += 1

    def finish(self) -> None:
        """Let a last writer decide all, and hold the log and the books against what was asked for."""
        writing = Writing(self.url, self.folder)
        results = submit(self.sent, using=self.using, wait=PATIENCE)
        writing.kill()
        assert {result.state for result in results} == {"accepted"}, f"seed {self.seed}"
        self.check()
        assert [event.id for event in events_of(self.using)] == [event.id for event in self.sent], f"seed {self.seed}"
        independent(self.using)
        self.events = len(self.sent)
        connections[self.using].close()


def summary(rounds: dict[str, list[Round]], seconds: float) -> str:
    """What the rounds came to, as a table by database and phase."""
    fell = {kind: sum((one.fell for one in some), Counter()) for kind, some in rounds.items()}
    kills, shops = sum(map(Counter.total, fell.values())), sum(map(len, rounds.values()))
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {versions()}: {kills} kills in {shops} shops, {seconds / 60:.0f} minutes.",
        "",
        f"| the kill fell into | {' | '.join(rounds)} |",
        f"|---|{'---|' * len(rounds)}",
        *(f"| {phase} | {' | '.join(str(fell[kind][phase]) for kind in rounds)} |" for phase in PHASES),
    ]
    for what, count in (("**kills**", lambda one: one.fell.total()), ("events in the logs", lambda one: one.events),
                        ("audits, all clean", lambda one: one.audits)):  # fmt: skip
        lines.append(f"| {what} | {' | '.join(format(sum(map(count, some)), ',') for some in rounds.values())} |")
    return "\n".join([*lines, "", "Nothing was lost, nothing doubled.", ""])


def versions() -> str:
    """Of what the kills hit."""
    import platform
    import sqlite3

    from benchmarks.server import server_version

    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {server_version()}"


def play(kills: int, each: int = 10) -> str:
    """Play until so many kills have fallen, half of them on each database; returns the summary."""
    started, rounds = time.monotonic(), {"sqlite": [], "postgresql": []}
    with TemporaryDirectory(prefix="jifen-kills-") as folder:
        servers = Servers(Path(folder))
        try:
            for seed in range(-(-kills // (4 * each))):
                for kind, some in rounds.items():
                    some.append(Round(servers.new(kind), Path(folder) / f"{kind}{seed}", seed).play(each))
                    done = sum(one.fell.total() for some in rounds.values() for one in some)
                    sys.stderr.write(f"{time.monotonic() - started:6.0f} s  {done} kills\n")
        finally:
            servers.close()
    return summary(rounds, time.monotonic() - started)


BEGIN, END = "<!-- kills -->\n", "<!-- end of kills -->"


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.service.kills", description=__doc__)
    parser.add_argument("kills", type=int)
    parser.add_argument("--page", type=Path)
    options = parser.parse_args()
    said = play(options.kills)
    sys.stdout.write(said)
    if options.page:
        before, _, rest = options.page.read_text(encoding="utf-8").partition(BEGIN)
        options.page.write_text(f"{before}{BEGIN}{said}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
