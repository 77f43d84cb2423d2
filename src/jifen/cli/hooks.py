"""``jifen hooks``: the endpoints of webhooks, how they do, and their dead letters once more."""

from typing import Annotated

import typer

from jifen.cli.output import JsonOption, make_table, out, print_json
from jifen.cli.shop_acts import opened

__all__ = ["hooks_commands", "list_hooks", "replay_hooks"]

hooks_commands = typer.Typer(no_args_is_help=True, help="Webhooks that the shop sends.")


@hooks_commands.command("list")
def list_hooks(as_json: JsonOption = False) -> None:
    """Show all endpoints, and how much waits for each or is dead.

    Example: [bold]jifen hooks list[/]
    """
    opened()
    from jifen.service.hooks.endpoints import standings

    found = standings()
    if as_json:
        print_json([
            {"id": each.id, "url": each.url, "active": each.active, "why": each.why, "waiting": each.waiting,
             "dead": each.dead}
            for each in found
        ])  # fmt: skip
        return
    if not found:
        out.print("No webhook is set up: `POST /api/v1/webhooks` adds one.", markup=False)
        return
    rows = [
        (each.id, each.url, "active" if each.active else each.why or "stopped", str(each.waiting), str(each.dead))
        for each in found
    ]
    out.print(make_table("Webhooks", ("id", "address", "state", "waiting", "dead"), rows, left=3))


@hooks_commands.command("replay")
def replay_hooks(
    endpoint: Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id.")], as_json: JsonOption = False
) -> None:
    """Send the dead letters of an endpoint again; each keeps its id.

    Example: [bold]jifen hooks replay warehouse[/]
    """
    from datetime import UTC, datetime

    opened()
    from jifen.service.hooks.endpoints import replay

    count = replay(endpoint, [], datetime.now(UTC))
    if as_json:
        print_json({"replayed": count})
        return
    out.print(f"{count} are sent again.", markup=False)
