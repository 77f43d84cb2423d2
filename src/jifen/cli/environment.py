"""``jifen settings``: what the environment says, and what holds where it says nothing."""

import os

from jifen.cli.output import JsonOption, errors, make_table, out, print_json

__all__ = ["settings"]


def settings(as_json: JsonOption = False) -> None:
    """List every setting with its value, where that comes from, and what it is; passwords and keys are hidden.

    What cannot be used is named, all of it at once, and the command ends with 2.

    Example: [bold]JIFEN_LOG=text jifen settings[/]
    """
    from dataclasses import asdict
    from difflib import get_close_matches

    from jifen.service.environment import VARIABLES, read_settings

    found = read_settings(os.environ)
    if as_json:
        print_json({"settings": [asdict(shown) for shown in found.shown()], "unknown": list(found.unknown)})
    else:
        rows = [(shown.name, shown.value, shown.source, shown.what) for shown in found.shown()]
        out.print(make_table("Settings", ["variable", "value", "from", "what it is"], rows, left=4))
    for name in found.unknown:
        near = get_close_matches(name, VARIABLES, n=1)
        meant = f"; is {near[0]} meant?" if near else ""
        errors.print(f"{name} is no setting of jifen{meant}", style="yellow", markup=False)
