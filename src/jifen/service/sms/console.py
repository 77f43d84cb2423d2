"""The sender of a sandbox: codes go into a file that only the operator reads, ``sms.txt`` in the shop's folder."""

import os

from jifen.service.environment import Settings

__all__ = ["FILE", "ConsoleSender"]

FILE = "sms.txt"
_MOST = 1 << 20
"""Bytes after which it begins anew."""


class ConsoleSender:
    """Writes a line for each code: the number, a space, the code."""

    def __init__(self, given: Settings) -> None:
        """Write into the shop's folder."""
        self.path = given.var / FILE

    def send(self, number: str, code: str) -> None:
        """Write the line."""
        if self.path.exists() and self.path.stat().st_size > _MOST:
            self.path.unlink()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a") as file:  # noqa: PTH123
            file.write(f"{number} {code}\n")
