"""How events are cut into batches, and whether kernels are compiled, changes no byte of the journal."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import numba
import pytest

from jifen.engine import World, apply
from jifen.ledger.journal import Journal
from jifen.plan import preset_names
from jifen.simulate.streams import random_stream

SEEDS = 15


def written(journals: list[Journal]) -> tuple[bytes, bytes, list[tuple[str, str]]]:
    """The bytes of all transfers and forfeits, and the refusals."""
    refusals = [(refusal.event, refusal.code) for journal in journals for refusal in journal.refusals]
    transfers = b"".join(journal.transfers.array().tobytes() for journal in journals)
    return transfers, b"".join(journal.forfeits.array().tobytes() for journal in journals), refusals


def cut(seed: int, name: str, most: int) -> tuple[bytes, bytes, list[tuple[str, str]]]:
    plan, events = random_stream(seed, name)
    world, random, journals, first = World(plan, 0), Random(seed), [], 0
    while first < len(events):
        size = random.randint(1, most)
        journals.append(apply(world, events[first : first + size]))
        first += size
    return written(journals)


@pytest.mark.parametrize("name", preset_names())
def test_batches_of_any_size_write_the_same_bytes(name: str) -> None:
    for seed in range(SEEDS):
        one_by_one = cut(seed, name, 1)
        assert one_by_one == cut(seed, name, 7), f"seed {seed}"
        assert one_by_one == cut(seed, name, 10**6), f"seed {seed}"


DIGEST = """
import sys
from tests.property.test_batches import digest
print(digest())
"""


def digest() -> str:
    """One digest of the journals of all presets."""
    found = hashlib.blake2b()
    for name in preset_names():
        for seed in range(SEEDS):
            transfers, forfeits, refusals = cut(seed, name, 7)
            found.update(transfers + forfeits + repr(refusals).encode())
    return found.hexdigest()


def test_compiled_and_uncompiled_kernels_write_the_same_bytes() -> None:
    """The other way of running than this process's own."""
    other = "0" if numba.config.DISABLE_JIT else "1"
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), *(entry for entry in sys.path if entry)])
    environment = os.environ | {"NUMBA_DISABLE_JIT": other, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == digest()
