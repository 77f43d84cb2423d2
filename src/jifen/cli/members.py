"""``jifen member``: what is known of one person, given out whole, or erased."""

from typing import Annotated

import typer

from jifen.cli.output import JsonOption, out, print_json
from jifen.cli.shop_acts import opened

__all__ = ["erase", "export", "members_commands"]

members_commands = typer.Typer(no_args_is_help=True, help="The person behind a member: given out whole, or erased.")

_Member = Annotated[str, typer.Argument(help="The member's id in the books.")]


@members_commands.command("export")
def export(member: _Member) -> None:
    """Write all that is known of one person as JSON, in full: what a person may ask for.

    Example: [bold]jifen member export 7kx3mw2qhvra[/]
    """
    opened()
    from jifen.service.members.accounts import account_of
    from jifen.service.members.personal import personal

    print_json(personal(account_of(member)))


@members_commands.command("erase")
def erase(
    member: _Member,
    confirm: Annotated[str, typer.Option(metavar="ID", help="The member's id once more: it is for good.")],
    as_json: JsonOption = False,
) -> None:
    """Forget a person for good: the account is closed, sessions end, and the books keep an id that says nothing.

    Example: [bold]jifen member erase 7kx3mw2qhvra --confirm 7kx3mw2qhvra[/]
    """
    if confirm != member:
        raise typer.BadParameter("repeat the member's id", param_hint="--confirm")
    opened()
    from jifen.service.acting import acting
    from jifen.service.members.accounts import account_of
    from jifen.service.members.personal import erase as forget

    with acting("console"):
        forget(account_of(member))
    if as_json:
        print_json({"member": member, "erased": True})
    else:
        out.print(f"The person behind {member} is forgotten.", markup=False)
