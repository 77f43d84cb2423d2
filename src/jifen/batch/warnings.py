"""What a run's figures do not say by themselves, and its reader must know: each a sentence with a remedy."""

from collections.abc import Iterator

from jifen.batch.daily import Daily
from jifen.core.errors import Problem

__all__ = ["warnings_of"]

_MARGIN = "trigger_margin"


def warnings_of(daily: Daily) -> Iterator[Problem]:
    """The warnings of a finished run."""
    orders = len(daily.world.order_names)
    plans = [program.plan for program in daily.world.programs]
    by_margin = dict.fromkeys(
        rule.id for plan in plans for rule in plan.rules
        if not rule.off and getattr(rule.amount, "of", None) == _MARGIN
    )  # fmt: skip
    if by_margin and daily.without_cost:
        rules = ", ".join(by_margin)
        message = (
            f"{daily.without_cost:,} of {orders:,} orders do not tell what their goods cost: their whole amount "
            f"counts as margin, and the rules that count from the margin pay on all of it ({rules})"
        )
        remedy = "give the cost of every line in the column cost of the file of orders"
        yield Problem("margin_without_cost", message, remedy)
