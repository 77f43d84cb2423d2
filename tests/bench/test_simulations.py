"""The race of simulations: radCAD's model pays what the engine pays, and says why when radCAD is not here."""

import sys

import pytest
from benchmarks import simulations
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


def test_an_interpreter_without_radcad_is_named(monkeypatch):
    monkeypatch.delenv("JIFEN_RADCAD", raising=False)
    found = simulations.race(20, 5)
    assert sys.executable in str(found["not_here"])
    assert found["ours"] > 0


def test_peers_that_differ_are_no_race(monkeypatch):
    monkeypatch.setenv("JIFEN_RADCAD", sys.executable)
    monkeypatch.setattr(simulations, "has_radcad", lambda _: True)
    monkeypatch.setattr(simulations, "_radcad", lambda *_, **__: {"seconds": 1.0, "paid": [], "wallets": ""})
    with pytest.raises(SystemExit, match="differ"):
        simulations.race(20, 5)
