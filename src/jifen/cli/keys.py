"""``jifen keys``: the key with which sessions are signed."""

import secrets

import typer

from jifen.cli.output import JsonOption, out, print_json

__all__ = ["keys_commands", "new_key"]

keys_commands = typer.Typer(no_args_is_help=True, help="The key with which sessions are signed.")

_BYTES = 48
_STEPS = (
    "Put the key until now before those of JIFEN_SECRET_KEYS_OLD, with a comma, and the new one into JIFEN_SECRET_KEY.",
    "Start the shop's processes again, one after the other: who is signed in stays so.",
    "When no session can be older than that, after two weeks, take the old key out and start them once more.",
    "A key that others have seen is taken out at once: whoever is signed in has to sign in again.",
)


@keys_commands.callback()
def _options() -> None:
    """The key with which sessions are signed."""


@keys_commands.command("new")
def new_key(as_json: JsonOption = False) -> None:
    """Make a new key, and say how it takes the place of the one until now.

    Nothing is changed or kept: the key is printed, and goes where the shop's other settings are.

    Example: [bold]jifen keys new[/]
    """
    key = secrets.token_urlsafe(_BYTES)
    if as_json:
        print_json({"JIFEN_SECRET_KEY": key, "steps": _STEPS})
        return
    out.print(f"JIFEN_SECRET_KEY={key}", soft_wrap=True)
    for number, step in enumerate(_STEPS, start=1):
        out.print(f"{number}. {step}")
