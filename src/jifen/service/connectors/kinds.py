"""The kinds of foreign shops that can be connected: ours, and what other packages bring by an entry point."""

from importlib.metadata import entry_points

from jifen.core.errors import InputError, Problem
from jifen.service.connectors import saleor, shopify, woocommerce
from jifen.service.connectors.facts import Connector

__all__ = ["GROUP", "kind_of", "kinds"]

GROUP = "jifen.connectors"
"""The group of entry points: each names a ``Connector``."""
_OURS = {"woocommerce": woocommerce.CONNECTOR, "shopify": shopify.CONNECTOR, "saleor": saleor.CONNECTOR}


def kinds() -> list[str]:
    """The names of all kinds."""
    return sorted({*_OURS, *(point.name for point in entry_points(group=GROUP))})


def kind_of(name: str) -> Connector:
    """A kind by its name; ``InputError`` (``unknown_kind``) where there is none."""
    if name in _OURS:
        return _OURS[name]
    for point in entry_points(group=GROUP, name=name):
        found: Connector = point.load()
        return found
    remedy = f"there are: {', '.join(kinds())}"
    raise InputError(Problem("unknown_kind", "there is no such kind of connector", remedy))
