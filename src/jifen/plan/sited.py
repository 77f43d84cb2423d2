"""A draft seen by the checks: what each mistake is about, and where that stands."""

from dataclasses import dataclass
from typing import Any

from jifen.plan.compose import named_path
from jifen.plan.document import Block, Problems, Trail, locate, write_path
from jifen.plan.model import Plan
from jifen.plan.values import did_you_mean

__all__ = ["KIND_NAMES", "Sited"]

KIND_NAMES = {
    "Lots": "lots",
    "Money": "a pool of money",
    "Curve": "a curve",
    "Weight": "a weight store",
    "Positions": "positions",
}


@dataclass(frozen=True, slots=True)
class Sited:
    """The document of a plan, and where to note mistakes.

    ``indexes`` are the places, in the document, of the rules that could be built; ``whole``: all pieces could be built.
    """

    root: Block
    indexes: tuple[int, ...]
    whole: bool
    problems: Problems

    def rule(self, position: int, *inner: str) -> Trail:
        """Return the trail of a built rule, or of a key in it."""
        return ("rules", self.indexes[position], *inner)

    def given(self, trail: Trail) -> Any:
        """Return what the file has at a trail, or ``None``."""
        node: Any = self.root
        for part in trail:
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                return None
        return node

    def refuse(self, trail: Trail, code: str, message: str, remedy: str) -> None:
        """Note a mistake at a trail."""
        key = write_path(named_path(self.root, trail))
        self.problems.add(code, message, remedy, locate(self.root, trail), key)

    def store(self, plan: Plan, name: str, kinds: tuple[type, ...], trail: Trail) -> bool:
        """Check that ``name`` is a store of one of ``kinds``; return whether it is."""
        declared = self.root["stores"]
        if name not in declared:
            remedy = did_you_mean(name, declared, f"add it under `stores`: `{name}: …`")
            self.refuse(trail, "unknown_store", f"there is no store `{name}`", remedy)
            return False
        store = plan.stores.get(name)
        if store is None:
            return False
        if not isinstance(store, kinds):
            wanted = " or ".join(KIND_NAMES[kind.__name__] for kind in kinds)
            near = [other for other, item in plan.stores.items() if isinstance(item, kinds)]
            remedy = did_you_mean("", near) if near else f"add {wanted} under `stores`"
            self.refuse(trail, "wrong_store", f"the store `{name}` is not {wanted}", remedy)
            return False
        return True

    def ranks(self, name: str, trail: Trail) -> bool:
        """Check that ``name`` is declared under ``ranks``; return whether it is."""
        declared = self.root["ranks"]
        if name not in declared:
            remedy = did_you_mean(name, declared, f"add them under `ranks`: `{name}: …`")
            self.refuse(trail, "unknown_ranks", f"there are no ranks `{name}`", remedy)
        return name in declared
