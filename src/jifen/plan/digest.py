"""The digest of a plan: one number for what a plan does, whatever it is called."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from typing import Any

from jifen.plan.model import Plan

__all__ = ["canonical", "digest"]


def canonical(value: Any) -> Any:
    """Return a value as JSON can hold it; each part of a plan also says which filling it is."""
    if is_dataclass(value) and not isinstance(value, type):
        inner = {field.name: canonical(getattr(value, field.name)) for field in fields(value) if field.compare}
        return {"kind": type(value).__name__} | inner
    if isinstance(value, dict):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    return value


def digest(plan: Plan) -> str:
    """Return the SHA-256, in hex, of the plan's parameters, stores, ranks and rules: not of its name or titles."""
    parts = {"params": plan.params, "stores": plan.stores, "ranks": plan.ranks, "rules": plan.rules}
    text = json.dumps(canonical(parts), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
