"""From the least to the most of what a plan may give: exact shares of an order."""

from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Span"]


@dataclass(frozen=True, slots=True)
class Span:
    """From the least to the most; ``sum`` is of two."""

    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, value: Fraction | int) -> "Span":
        """One value."""
        return cls(Fraction(value), Fraction(value))

    def __mul__(self, factor: "Span") -> "Span":
        """Both ends by both ends; nothing here is negative."""
        return Span(self.low * factor.low, self.high * factor.high)

    def __add__(self, other: "Span") -> "Span":
        """Both ends added."""
        return Span(self.low + other.low, self.high + other.high)
