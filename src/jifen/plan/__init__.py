"""The plan language: a plan is a file of parameters, stores, ranks and rules, checked before it is run."""

from jifen.plan.load import load_plan, load_plan_text, preset_names, revise
from jifen.plan.model import Plan

__all__ = ["Plan", "load_plan", "load_plan_text", "preset_names", "revise"]
