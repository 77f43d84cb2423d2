"""A draft seen by the checks: what each mistake is about, and where that stands."""

from dataclasses import dataclass
from typing import Any

from jifen.plan.compose import named_path
from jifen.plan.document import Block, Problems, Trail, locate, write_path
from jifen.plan.model import Plan, Rule
from jifen.plan.values import did_you_mean

__all__ = ["KIND_NAMES", "Sited", "SitedRule"]

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


@dataclass(frozen=True, slots=True)
class SitedRule:
    """One rule under check: what it is about in the plan, and where its mistakes are noted."""

    position: int
    rule: Rule
    plan: Plan
    sited: Sited

    def trail(self, *inner: str) -> Trail:
        """Return the trail of a key of the rule."""
        return self.sited.rule(self.position, *inner)

    def refuse(self, inner: tuple[str, ...], message: str, remedy: str, code: str = "slot_mismatch") -> None:
        """Note a mistake in the rule."""
        self.sited.refuse(self.trail(*inner), code, message, remedy)

    def need(self, condition: bool, inner: tuple[str, ...], message: str, remedy: str) -> None:
        """Note a mistake unless ``condition`` holds."""
        if not condition:
            self.refuse(inner, message, remedy)

    def store(self, name: str, kinds: tuple[type, ...], *inner: str) -> bool:
        """Check that ``name`` is a store of one of ``kinds``; return whether it is."""
        return self.sited.store(self.plan, name, kinds, self.trail(*inner))

    @property
    def drain(self) -> str | None:
        """The lots that the gate drains."""
        return None if self.rule.gate is None else self.rule.gate.drain

    @property
    def earlier(self) -> tuple[Rule, ...]:
        """The rules before this one."""
        return self.plan.rules[: self.position]

    @property
    def siblings(self) -> tuple[Rule, ...]:
        """The earlier rules of the same part of a composition: those that a base can name."""
        return tuple(rule for rule in self.earlier if rule.part == self.rule.part)

    @property
    def unbuilt(self) -> set[str]:
        """The ids of rules before this one that could not be built: what they are is not known."""
        rules = enumerate(self.sited.root["rules"][: self.sited.indexes[self.position]])
        built = set(self.sited.indexes)
        return {str(rule.get("id")) for index, rule in rules if index not in built and isinstance(rule, dict)}

    def after(self, found: bool) -> bool:
        """Whether an earlier rule was found, or may be among those that could not be built."""
        return found or bool(self.unbuilt)
