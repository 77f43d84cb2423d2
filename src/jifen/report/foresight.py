"""What a report of foresight is made of: a simulation, its assessment if there is one, and the fan of other runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jifen.assess.solvency import Assessment
from jifen.engine.columns import Column
from jifen.plan.model import Lots, Plan
from jifen.simulate.fan import fan_of, quantiles_of
from jifen.simulate.simulation import Simulation
from jifen.simulate.summary import SUMMARY

__all__ = ["Fan", "Foresight", "backing", "cash_end", "pools_held"]


@dataclass(frozen=True, slots=True)
class Fan:
    """Runs of one plan and scenario with other random numbers."""

    quantiles: Mapping[str, npt.NDArray[np.int64]]
    """By figure a row of values by day for each of ``simulate.fan.QUANTILES``."""
    ends: tuple[int | None, ...]
    """By run: the day on which cash ended, or that it did not."""

    @classmethod
    def of_simulations(cls, made: Sequence[Simulation]) -> "Fan":
        """The fan of runs that are at hand; at least one."""
        return cls(quantiles_of([each.days for each in made]), tuple(cash_end(each.days) for each in made))

    @classmethod
    def of_folders(cls, folders: Sequence[Path]) -> "Fan":
        """The fan of runs that a sweep has written; at least one."""
        summaries = [json.loads((folder / SUMMARY).read_text(encoding="utf-8")) for folder in folders]
        return cls(fan_of(folders), tuple(summary["cash_negative_day"] for summary in summaries))


@dataclass(frozen=True, slots=True)
class Foresight:
    """The simulation that is shown, and what else is known of the plan."""

    made: Simulation
    assessment: Assessment | None = None
    fan: Fan | None = None


def cash_end(days: Mapping[str, Column]) -> int | None:
    """The first day on which the operator's own cash is below zero."""
    below = np.flatnonzero(days["free_cash"] < 0)
    return int(below[0]) + 1 if len(below) else None


def pools_held(plan: Plan, days: Mapping[str, Column]) -> Column:
    """By day what lies in pools that can pay what is promised: those that back tokens cannot."""
    priced = {store.priced_by for store in plan.stores.values() if isinstance(store, Lots) and store.priced_by}
    held = np.zeros(len(days["day"]), dtype=np.int64)
    for name, column in days.items():
        if name.startswith("pool:") and name.removeprefix("pool:") not in priced:
            held = held + column
    return held


def backing(plan: Plan, days: Mapping[str, Column]) -> Column:
    """By day what can pay what is promised: pools and the reserve; the operator's cash too where he pays himself."""
    held = pools_held(plan, days) + days["reserve"]
    return held if plan.params["funding"] == "reserve" else held + np.maximum(days["free_cash"], 0)
