"""The race of simulations: radCAD's model pays what the engine pays, and says why when radCAD is not here."""

import hashlib
import json
import sys

import pytest
from benchmarks import simulations
from benchmarks.peers import NotHere
from benchmarks.peers.radcad_shop import a_day, the_paid, the_shop

from jifen.plan import load_plan
from jifen.simulate.scenario import load_scenario


def test_the_model_pays_every_day_and_everybody_what_the_engine_pays():
    scenario = load_scenario("growth", {"days": 30})
    run = simulations.Recorded(load_plan(simulations.PRESET), scenario)
    while not run.finished:
        run.day()
    state, paid = {"shop": {"parent": [], "wallet": [], "lots": []}, "paid": 0, "timestep": 0}, []
    for day in range(30):
        signals = a_day({"events": run.events}, 0, [], state | {"timestep": day})
        state |= dict(update({}, 0, [], state, signals) for update in (the_shop, the_paid))
        paid.append(state["paid"])
    made = run.result()
    assert paid == made.days["paid"].tolist()
    assert sum(paid) > 0
    assert state["shop"]["wallet"] == made.members.received.tolist()


def test_an_interpreter_without_radcad_is_told_and_ours_is_timed_all_the_same(monkeypatch):
    monkeypatch.setenv("JIFEN_RADCAD", sys.executable)
    found = simulations.race(20, 5)
    assert "No module named 'radcad'" in str(found["not_here"])
    assert found["ours"]["seconds"] > 0


def test_an_interpreter_that_is_none_and_none_at_all_are_told(monkeypatch):
    monkeypatch.setenv("JIFEN_RADCAD", "no/such/python")
    with pytest.raises(NotHere, match="No such file"):
        simulations.interpreter()
    monkeypatch.delenv("JIFEN_RADCAD")
    monkeypatch.setattr(simulations.shutil, "which", lambda _: None)
    monkeypatch.setattr(simulations.sys, "executable", "nowhere/python")
    with pytest.raises(NotHere, match="JIFEN_RADCAD"):
        simulations.interpreter()


@pytest.mark.parametrize(("change", "words"), [("paid", "payments differ"), ("wallets", "at the end differs")])
def test_peers_that_differ_are_no_race(monkeypatch, change, words):
    differ: dict[str, object] = {}

    def other(python, recorded, *, bare):
        made = recorded.result()
        wallets = json.dumps(recorded.world.wallets[0][:20].tolist()).encode()
        same = {"paid": made.days["paid"].tolist(), "wallets": hashlib.sha256(wallets).hexdigest()}
        return {"seconds": 1.0, "cpu_seconds": 1.0} | same | differ

    monkeypatch.setattr(simulations, "interpreter", list)
    monkeypatch.setattr(simulations, "_radcad", other)
    assert simulations.race(20, 5)["times"] > 0
    differ[change] = []
    with pytest.raises(SystemExit, match=words):
        simulations.race(20, 5)
