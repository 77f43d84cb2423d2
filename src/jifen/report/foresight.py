"""What a report of foresight is made of: a simulation, its assessment if there is one, and the fan of other runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jifen.assess.solvency import Assessment
from jifen.engine.columns import Column
from jifen.simulate.fan import fan_of, quantiles_of
from jifen.simulate.simulation import Simulation
from jifen.simulate.summary import SUMMARY

__all__ = ["Fan", "Foresight", "cash_end"]


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
