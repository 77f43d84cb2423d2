"""jifen 积分: incentive plans of a shop that you can prove.

The whole of the engine: a plan makes a world, events go in, a journal comes out.

    >>> from jifen import DayClosed, Line, MemberJoined, OrderPaid, World, apply, load_plan, preset_names
    >>> world = World(load_plan(next(name for name in preset_names() if name.startswith("points"))))
    >>> order = OrderPaid(id="o1", day=0, member="ann", lines=(Line(amount=100_000_000),))
    >>> _ = apply(world, [MemberJoined(id="m1", day=0, member="ann"), order, DayClosed(id="d0", day=0)])
    >>> apply(world, [DayClosed(id="d1", day=1)]).paid()
    {'ann': {'static': 1000000}}

Amounts are integers of one millionth (``MICRO``), business days integers. Names are loaded when first used (PEP 562),
so that ``import jifen`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jifen.batch.cases import Case, CaseResult, Mismatch, load_cases, run_case, run_cases
    from jifen.core.errors import BrokenInvariant, InputError, JifenError, PlanError, Problem, UserError
    from jifen.core.micros import MICRO, format_micros, format_rate, parse_micros, parse_rate
    from jifen.engine import World, apply
    from jifen.engine.events import (
        AgentSet,
        AssetTransferred,
        DayClosed,
        Event,
        LiabilityBooked,
        Line,
        MemberJoined,
        MemberMoved,
        OrderPaid,
        OrderReceived,
        OrderRefunded,
        OrderSettled,
        PlanActivated,
        PlanEnded,
        PlanPaused,
        PlanWoundUp,
        PoolDonated,
        RankSet,
        ReserveToppedUp,
        StoreAdjusted,
        TaskDone,
        TokensSold,
        WithdrawalPaid,
        WithdrawalRejected,
        WithdrawalRequested,
    )
    from jifen.ledger.journal import Journal, Refusal
    from jifen.plan import load_plan, preset_names
    from jifen.plan.model import Plan

    __version__: str

__all__ = [
    "MICRO",
    "AgentSet",
    "AssetTransferred",
    "BrokenInvariant",
    "Case",
    "CaseResult",
    "DayClosed",
    "Event",
    "InputError",
    "JifenError",
    "Journal",
    "LiabilityBooked",
    "Line",
    "MemberJoined",
    "MemberMoved",
    "Mismatch",
    "OrderPaid",
    "OrderReceived",
    "OrderRefunded",
    "OrderSettled",
    "Plan",
    "PlanActivated",
    "PlanEnded",
    "PlanError",
    "PlanPaused",
    "PlanWoundUp",
    "PoolDonated",
    "Problem",
    "RankSet",
    "Refusal",
    "ReserveToppedUp",
    "StoreAdjusted",
    "TaskDone",
    "TokensSold",
    "UserError",
    "WithdrawalPaid",
    "WithdrawalRejected",
    "WithdrawalRequested",
    "World",
    "__version__",
    "apply",
    "format_micros",
    "format_rate",
    "load_cases",
    "load_plan",
    "parse_micros",
    "parse_rate",
    "preset_names",
    "run_case",
    "run_cases",
]

_HOMES = {
    "jifen.batch.cases": ("Case", "CaseResult", "Mismatch", "load_cases", "run_case", "run_cases"),
    "jifen.core.errors": ("BrokenInvariant", "InputError", "JifenError", "PlanError", "Problem", "UserError"),
    "jifen.core.micros": ("MICRO", "format_micros", "format_rate", "parse_micros", "parse_rate"),
    "jifen.engine": ("World", "apply"),
    "jifen.ledger.journal": ("Journal", "Refusal"),
    "jifen.plan": ("load_plan", "preset_names"),
    "jifen.plan.model": ("Plan",),
}
"""Where each public name lives; all others of ``__all__`` are events."""

_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "__version__":
        from importlib.metadata import version

        return version("jifen")
    if name not in __all__:
        raise AttributeError(f"module 'jifen' has no attribute {name!r}")
    value = getattr(import_module(_HOME.get(name, "jifen.engine.events")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
