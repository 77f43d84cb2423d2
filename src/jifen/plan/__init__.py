"""The plan language: a plan is a file of parameters, stores, ranks and rules, checked before it is run.

Reading plan files takes libraries that looking at a loaded plan does not: they are imported when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from jifen.plan.model import Plan

if TYPE_CHECKING:
    from jifen.plan.load import load_plan, load_plan_text, preset_names, revise

__all__ = ["Plan", "load_plan", "load_plan_text", "preset_names", "revise"]


def __getattr__(name: str) -> Any:
    """Import the loader when one of its functions is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'jifen.plan' has no attribute {name!r}")
    return getattr(import_module("jifen.plan.load"), name)
