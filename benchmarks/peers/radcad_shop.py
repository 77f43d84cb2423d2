"""The peer: a shop under 积分分红 as a model of radCAD, run by whatever interpreter has radCAD. It needs nothing else.

``python radcad_shop.py EVENTS.json [--bare]``: by day who joins below whom and who pays what; JSON on stdout. The whole
shop is one state variable, so that as little as can be is copied; ``--bare`` switches radCAD's copies off altogether,
with which the states of past days are lost. Amounts are micro-units, in Python's integers.
"""

import hashlib
import json
import resource
import sys
import time
from pathlib import Path

DAILY, GENERATIONS, MILLION = 10_000, (200_000, 150_000), 1_000_000
"""1 % a day of what was granted; 20 % and 15 % of an order for the two above, out of their own lots."""


def a_day(params, substep, history, state):
    """Policy: the orders of the day one after the other, then the daily release of everybody's oldest live lot."""
    shop, day = state["shop"], state["timestep"]
    parent, wallet, lots, paid = shop["parent"], shop["wallet"], shop["lots"], 0
    joined, orders = params["events"][day]
    for above in joined:
        parent.append(above)
        wallet.append(0)
        lots.append([])
    for member, amount in orders:
        lots[member].append([amount, amount * DAILY // MILLION, day + 1])
        above = parent[member]
        for rate in GENERATIONS:
            if above < 0:
                break
            wanted = amount * rate // MILLION
            for lot in lots[above]:
                taken = min(wanted, lot[0])
                lot[0] -= taken
                wanted -= taken
                wallet[above] += taken
                paid += taken
            lots[above] = [lot for lot in lots[above] if lot[0]]
            above = parent[above]
    for member, own in enumerate(lots):
        if own and own[0][2] <= day:
            lot = own[0]
            taken = min(lot[1], lot[0])
            lot[0] -= taken
            wallet[member] += taken
            paid += taken
            if not lot[0]:
                own.pop(0)
    return {"shop": shop, "paid": paid}


def the_shop(params, substep, history, state, signals):
    return "shop", signals["shop"]


def the_paid(params, substep, history, state, signals):
    return "paid", signals["paid"]


def main() -> None:
    from radcad import Engine, Model, Simulation
    from radcad.backends import Backend

    days = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    bare = "--bare" in sys.argv
    model = Model(
        initial_state={"shop": {"parent": [], "wallet": [], "lots": []}, "paid": 0},
        state_update_blocks=[{"policies": {"day": a_day}, "variables": {"shop": the_shop, "paid": the_paid}}],
        params={"events": [days]},
    )
    run = Simulation(model=model, timesteps=len(days), runs=1)
    run.engine = Engine(backend=Backend.SINGLE_PROCESS, deepcopy=not bare, drop_substeps=True)
    clock, processor = time.perf_counter(), time.process_time()
    states = run.run()
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - processor
    wallet = states[-1]["shop"]["wallet"]
    found = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10,
        "paid": [state["paid"] for state in states[1:]],
        "wallets": hashlib.sha256(json.dumps(wallet).encode()).hexdigest(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
