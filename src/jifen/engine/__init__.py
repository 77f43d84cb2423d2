"""The engine: a world of columns, and one door to it.

>>> from jifen.plan import load_plan
>>> from jifen.engine import World, apply
"""

from jifen.engine.apply import apply
from jifen.engine.windup import waterfall
from jifen.engine.world import SEMANTICS_REVISION, World

__all__ = ["SEMANTICS_REVISION", "World", "apply", "waterfall"]
