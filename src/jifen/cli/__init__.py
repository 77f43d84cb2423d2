"""The command ``jifen``: one file a command. Heavy libraries are imported only inside the commands that need them."""

from jifen.cli.app import main

__all__ = ["main"]
