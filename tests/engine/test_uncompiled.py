"""The kernels are plain functions: uncompiled they give the same journals, to the last byte."""

import hashlib
import os
import subprocess
import sys

import pytest
from tests.simulate.many_plans import PLANS

from jifen.engine import World, apply
from jifen.plan.model import Schedule
from jifen.simulate.streams import random_stream


def digest_of(name: str, seeds: range) -> str:
    """A digest of all that the journals of some histories under a plan say."""
    digest = hashlib.sha256()
    for seed in seeds:
        plan, events = random_stream(seed, PLANS[name])
        journal = apply(World(plan, 0), events)
        said = journal.transfers.array().tobytes(), journal.forfeits.array().tobytes(), journal.refusals
        digest.update(repr(said).encode())
    return digest.hexdigest()


SEEDS = range(4)
daily = [name for name, plan in PLANS.items() if any(isinstance(rule.amount, Schedule) for rule in plan.rules)]


@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="nothing is compiled")
def test_uncompiled_kernels_give_the_same_journals() -> None:
    code = f"from tests.engine.test_uncompiled import *\nprint([digest_of(name, {SEEDS}) for name in daily])"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([digest_of(name, SEEDS) for name in daily])
