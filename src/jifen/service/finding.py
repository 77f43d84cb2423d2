"""What a doctor has found."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Level"]

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``remedy`` says what to do where ``level`` is not ``ok``."""

    subject: str
    level: Level
    message: str
    remedy: str = ""
