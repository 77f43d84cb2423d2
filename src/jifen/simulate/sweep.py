"""Many simulations of one plan: every combination of some values, and many runs of each, on all cores.

A sweep is a folder that grows. ``sweep.json`` says what is to be run; each finished run is a folder of its own, written
whole; a run that failed leaves the days that it got to, and its error. So whatever stops a sweep, what was done is
there, and ``resume`` goes on with the rest. Every run has its own generators, made from the seed and its number: how
many processes there are, and in which order they finish, changes nothing.
"""

import json
import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from shutil import rmtree
from threading import Thread
from typing import Any

import numpy as np

from jifen.core.errors import InputError, Problem
from jifen.core.micros import CENT
from jifen.engine.tables import NONE
from jifen.ledger.atomic import atomic_write
from jifen.ledger.atomic import sweep as swept
from jifen.plan.model import Plan
from jifen.plan.text import plan_text
from jifen.simulate.scenario import Scenario
from jifen.simulate.simulation import Given, Run
from jifen.simulate.summary import SUMMARY, write_simulation

__all__ = [
    "ERROR", "RUNS_MAX", "Point", "Sweep", "Task", "combinations", "failure_of", "folder_of", "is_finished",
    "run_sweep",
]  # fmt: skip

RUNS_MAX = 100_000
"""Most runs of one sweep."""
ERROR = "error.json"
"""In the folder of a failed run: why, and on which day."""
_ORIGIN = "sweep.json"
_FAILED = ".failed"

_Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Point:
    """One combination of values: what was set, and the plan and the scenario that it makes."""

    settings: Mapping[str, Any]
    plan: Plan
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Task:
    """One run of one point."""

    point: int
    run: int

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"p{self.point:04d}-r{self.run:05d}"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is to be run: points, how many runs of each, the seed, and what is taken from files."""

    points: Sequence[Point]
    runs: int
    seed: int
    given: Given = field(default_factory=Given)

    def tasks(self) -> Iterator[Task]:
        """All runs, a run of every point before the next run of any."""
        return (Task(point, run) for run in range(self.runs) for point in range(len(self.points)))

    def document(self) -> dict[str, Any]:
        """What makes two sweeps the same but for the number of their runs."""
        return {
            "seed": self.seed,
            "given": [None if part is None else sha256(np.ascontiguousarray(part).tobytes()).hexdigest()
                      for part in (self.given.forest, self.given.amounts)],
            "points": [
                {"settings": {key: str(value) for key, value in point.settings.items()},
                 "plan": point.plan.digest, "scenario": point.scenario.text()}
                for point in self.points
            ],
        }  # fmt: skip


def combinations(settings: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination of the values of each key, the last key changing fastest.

    >>> list(combinations({"a": [1, 2], "b": [3]}))
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 3}]
    """
    for values in product(*settings.values()):
        yield dict(zip(settings, values, strict=True))


def run_sweep(
    sweep: Sweep, out: Path, *, processes: int = 0, resume: bool = False, progress: _Progress | None = None
) -> tuple[list[Task], list[Task]]:
    """Run what is not there yet into ``out``; returns the finished runs and the failed ones.

    A folder that is not empty is an ``InputError``, unless ``resume``: then it must be of the same sweep.
    ``processes`` 0: one for each core. ``progress`` is called with runs done and runs in all.
    """
    _begin(sweep, out, resume)
    tasks = list(sweep.tasks())
    todo = [task for task in tasks if not is_finished(out, task)]
    done = len(tasks) - len(todo)
    for _ in _results(sweep, out, todo, min(processes or os.cpu_count() or 1, max(len(todo), 1))):
        done += 1
        if progress is not None:
            progress(done, len(tasks))
    finished = {task: is_finished(out, task) for task in tasks}
    return [task for task in tasks if finished[task]], [task for task in tasks if not finished[task]]


def folder_of(out: Path, task: Task) -> Path:
    """Where a run of a sweep is written."""
    return out / "runs" / task.name


def is_finished(out: Path, task: Task) -> bool:
    """Whether a run of a sweep is there, whole."""
    return (folder_of(out, task) / SUMMARY).is_file()


def failure_of(out: Path, task: Task) -> str:
    """Why a run failed; empty if it did not, or was not begun."""
    path = out / "runs" / f"{task.name}{_FAILED}" / ERROR
    return str(json.loads(path.read_text(encoding="utf-8"))["error"]) if path.is_file() else ""


def _begin(sweep: Sweep, out: Path, resume: bool) -> None:
    """Make the folder, or see that it is one of the same sweep."""
    origin, document = out / _ORIGIN, sweep.document()
    count = sweep.runs * len(sweep.points)
    if not 1 <= count <= RUNS_MAX:
        message = f"these are {count} runs"
        raise InputError(Problem("bad_option", message, f"at least one, and at most {RUNS_MAX}", column="--runs"))
    if origin.is_file() and resume:
        if origin.read_bytes() != _json(document):
            message = "the folder is of another plan, scenario, seed or values"
            raise InputError(Problem("other_sweep", message, "resume it with the same, or choose another", str(out)))
    else:
        if out.is_dir():
            swept(origin)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            remedy = "choose another name, or --resume a sweep that was stopped"
            raise InputError(Problem("target_exists", "the directory is not empty", remedy, str(out)))
        out.mkdir(parents=True, exist_ok=True)
        atomic_write(origin, _json(document))  # from now on the folder can be resumed
    (out / "runs").mkdir(exist_ok=True)
    for number, point in enumerate(sweep.points):
        atomic_write(out / f"plan-{number:04d}.json", plan_text(point.plan).encode())


def _json(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _results(sweep: Sweep, out: Path, todo: Iterable[Task], processes: int) -> Iterator[None]:
    """Do all runs, and say when each is done."""
    if processes == 1:
        for task in todo:
            _run_one(sweep, out, task)
            yield
        return
    _compile(sweep.points[0])
    # A fresh interpreter each: no thread of this one is copied in mid-step.
    context, others = multiprocessing.get_context("spawn"), set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_prepare, initargs=(sweep, out))
    try:
        yield from _fed(pool, iter(todo), 2 * processes)
    except BrokenProcessPool as error:
        message = "a process was killed from outside, most likely because memory ran out; what has finished is kept"
        remedy = "go on with --resume and fewer --processes, or ask for fewer members"
        raise InputError(Problem("process_killed", message, remedy, str(out))) from error
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        workers = set(multiprocessing.active_children()) - others
        for worker in workers:
            worker.terminate()  # what it has not finished is not there: a run's folder appears whole
        for worker in workers:
            worker.join()
        raise
    pool.shutdown()


def _compile(point: Point) -> None:
    """Let a day or two compile what is not in the cache on disk, once and not in every process."""
    given = Given(np.full(1, NONE, dtype=np.int32), np.full(1, CENT, dtype=np.int64))
    run = Run(point.plan, replace(point.scenario, days=2), seed=0, given=given)
    with suppress(Exception):  # what is wrong here comes again in the runs, where it is kept
        while not run.finished:
            run.day()


def _fed(pool: ProcessPoolExecutor, todo: Iterator[Task], ahead: int) -> Iterator[None]:
    """Keep the pool busy with a few tasks ahead."""
    waiting: set[Future[None]] = set()
    while True:
        with _no_interrupts():
            while len(waiting) < ahead and (task := next(todo, None)) is not None:
                waiting.add(pool.submit(_work, task))
        if not waiting:
            return
        finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in finished:
            future.result()
            yield


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait. Processes that begin meanwhile never hear of it: it is for the one who began them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_sweep_of_process: list[tuple[Sweep, Path]] = []
"""What this process works on; set once when it starts."""


def _prepare(sweep: Sweep, out: Path) -> None:
    """A process begins: it ends when the one that began it does, however that one ended."""
    Thread(target=_end_with_parent, daemon=True).start()
    _sweep_of_process[:] = [(sweep, out)]


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(task: Task) -> None:
    sweep, out = _sweep_of_process[0]
    _run_one(sweep, out, task)


def _run_one(sweep: Sweep, out: Path, task: Task) -> None:
    """Do one run and write it; if it fails, write what there is of it, and why."""
    point, folder = sweep.points[task.point], folder_of(out, task)
    failed, run = folder.with_name(f"{task.name}{_FAILED}"), None
    try:
        run = Run(point.plan, point.scenario, sweep.seed, task.run, sweep.given)
        while not run.finished:
            run.day()
        made = run.result()
    except Exception as error:
        _write_failure(run, failed, error)
        return
    write_simulation(made, folder, force=True)
    rmtree(failed, ignore_errors=True)  # of an earlier try


def _write_failure(run: Run | None, folder: Path, error: Exception) -> None:
    """The days that a failed run got to, and its error."""
    days = 0 if run is None else len(run.series.rows)
    if run is not None and days:
        with suppress(Exception):  # what has failed may not have let anything be read
            write_simulation(run.result(), folder / "part", force=True)
    document = {
        "error": f"{type(error).__name__}: {error}", "day": days + 1, "traceback": traceback.format_exception(error),
    }  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / ERROR, _json(document))
