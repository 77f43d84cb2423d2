"""A writer that is killed at any moment leaves a log that is whole: nothing lost, nothing doubled."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.service.conftest import joins, order

from jifen.batch.event_text import parse_event
from jifen.engine import World, apply
from jifen.engine.events import DayClosed
from jifen.plan import load_plan
from jifen.service import models
from jifen.service.inbox import submit
from jifen.service.lines import changes_of, lines_of
from jifen.service.recovery import recover

KILLS = 10
ORDERS = 1500
MEMBERS = [f"m{number}" for number in range(200)]


def started(url, folder):
    """A writer that has just been elected."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"}
    command = [sys.executable, "-m", "tests.service.killed", url, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=environment, text=True)
    assert process.stdout.readline() == "elected\n"
    return process


def check(using, names):
    """The log has every event once, its hashes hold, and a fold of it from nothing has the balances of the database."""
    events = list(models.Event.objects.using(using).order_by("number"))
    assert [event.number for event in events] == list(range(len(events)))
    found = [parse_event(event.content) for event in events]
    assert [event.id for event in found] == names
    head = recover(using)[1]
    assert head.events == len(events)
    world = World(load_plan("points_dividend"), 738000)
    changes = changes_of(lines_of(world, apply(world, found).transfers))
    balances = dict(models.Balance.objects.using(using).values_list("account", "amount"))
    assert balances == dict(zip(changes.account.tolist(), changes.amount.tolist(), strict=True))
    assert np.sum(changes.amount) == 0


@pytest.mark.parametrize("seed", [1])
def test_a_writer_killed_at_any_moment_loses_nothing_and_doubles_nothing(shop, url, folder, seed):
    moments, sent = random.Random(seed), [*joins(*MEMBERS)]
    submit(sent, using=shop)
    for kill in range(KILLS):
        orders = [order(f"o{kill}-{each}", moments.choice(MEMBERS), 1 + each % 900) for each in range(ORDERS)]
        orders.append(DayClosed(id=f"day:{738000 + kill}", day=0))
        submit(orders, using=shop)
        sent += orders
        process = started(url, folder)
        time.sleep(moments.random() * 0.15)
        process.kill()
        process.communicate()
        submit(orders, using=shop)  # a client that heard nothing repeats its request
    process = started(url, folder)
    results = submit(sent[-1:], using=shop, wait=60)
    process.kill()
    process.communicate()
    assert results[0].state == "accepted"
    check(shop, [event.id for event in sent])
