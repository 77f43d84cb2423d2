"""``jifen staff``: who works for a shop, in which role, and the keys of machines."""

from typing import Annotated, Any

import typer

from jifen.cli.output import JsonOption, make_table, out, print_json
from jifen.cli.shop_acts import opened

__all__ = [
    "add",
    "key_commands",
    "keys",
    "list_staff",
    "lock",
    "make_key",
    "reseal_data",
    "revoke_key",
    "role",
    "staff_commands",
]

staff_commands = typer.Typer(help="Who works for the shop, and the keys of machines.", no_args_is_help=True)
key_commands = typer.Typer(help="Keys with which machines are let in.", no_args_is_help=True)
staff_commands.add_typer(key_commands, name="key")

_Code = Annotated[str, typer.Argument(help="The id that `jifen staff list` shows.")]
_RoleOption = Annotated[str, typer.Option("--role", help="owner, finance, operations, service or auditor.")]


@staff_commands.command("add")
def add(
    phone: Annotated[str, typer.Argument(help="The phone number; one without a country is of China.")],
    role: _RoleOption = "owner",
    as_json: JsonOption = False,
) -> None:
    """Take somebody on: the first owner of a shop, say.

    He signs in with a code, sets up a second factor, signs in again with both, and then has the rights of the role.

    Example: [bold]jifen staff add 13800138000 --role owner[/]
    """
    opened()
    from jifen.service.acting import acting
    from jifen.service.staff import people

    with acting("console"):
        _show([_row(people.add(phone, _role(role)))], as_json)


@staff_commands.command("list")
def list_staff(as_json: JsonOption = False) -> None:
    """Show who works for the shop, or did; numbers are masked.

    Example: [bold]jifen staff list[/]
    """
    opened()
    from jifen.service.staff import people

    _show([_row(account) for account in people.staff_of()], as_json)


@staff_commands.command("role")
def role(code: _Code, role: _RoleOption, as_json: JsonOption = False) -> None:
    """Give somebody another role; sessions end, and the last owner stays one.

    Example: [bold]jifen staff role 7kx3mw2qhvra --role auditor[/]
    """
    opened()
    from jifen.service.acting import acting
    from jifen.service.staff import people

    with acting("console"):
        _show([_row(people.set_role(code, _role(role)))], as_json)


@staff_commands.command("lock")
def lock(
    code: _Code,
    undo: Annotated[bool, typer.Option("--undo", help="Let him in again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let somebody in no more: sessions end, and the keys that he made are revoked.

    Example: [bold]jifen staff lock 7kx3mw2qhvra[/]
    """
    opened()
    from jifen.service.acting import acting
    from jifen.service.staff import people

    with acting("console"):
        _show([_row(people.lock(code, locked=not undo))], as_json)


@staff_commands.command("reseal")
def reseal_data(as_json: JsonOption = False) -> None:
    """Seal personal data with JIFEN_DATA_KEY that one of JIFEN_DATA_KEYS_OLD has sealed.

    Example: [bold]jifen staff reseal[/]
    """
    opened()
    from jifen.service.sealing import reseal

    count = reseal()
    if as_json:
        print_json({"resealed": count})
    else:
        out.print(f"{count:,} rows are sealed with the newest key.", markup=False)


@key_commands.command("make")
def make_key(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str], typer.Option("--scope", help="A right it has; may be repeated. `all`: every one.")],
    as_json: JsonOption = False,
) -> None:
    """Make a key for a machine, and show it this once.

    Example: [bold]jifen staff key make till --scope events.write --scope books.read[/]
    """
    opened()
    from jifen.service.acting import acting
    from jifen.service.staff.models import ApiKey

    with acting("console"):
        key, text = ApiKey.make(name, _scopes(scope))
    if as_json:
        print_json({"id": key.id, "scopes": key.scopes, "key": text})
        return
    out.print(text, markup=False, soft_wrap=True)
    out.print("It is not kept: put it where the machine finds it.", markup=False)


@key_commands.command("list")
def keys(as_json: JsonOption = False) -> None:
    """Show the keys, without their secrets.

    Example: [bold]jifen staff key list[/]
    """
    opened()
    from jifen.service.staff.models import ApiKey

    rows = [
        {"id": key.id, "name": key.name, "made by": key.made_by, "scopes": ", ".join(key.scopes),
         "stands": "revoked" if key.revoked_at else "in force"}
        for key in ApiKey.objects.order_by("-created_at", "id")
    ]  # fmt: skip
    _show(rows, as_json)


@key_commands.command("revoke")
def revoke_key(key: Annotated[str, typer.Argument(help="The id of the key.")]) -> None:
    """Let nobody in with a key any more.

    Example: [bold]jifen staff key revoke 5f01c27a9be4[/]
    """
    opened()
    from jifen.core.errors import InputError, Problem
    from jifen.service.acting import acting
    from jifen.service.staff.models import ApiKey

    found = ApiKey.objects.filter(id=key).first()
    if found is None:
        raise InputError(Problem("not_found", "there is no such key", "see `jifen staff key list`"))
    with acting("console"):
        found.revoke()
    out.print(f"{found.id} ({found.name}) lets nobody in any more.", markup=False)


def _role(text: str) -> Any:
    from jifen.core.errors import InputError, Problem
    from jifen.service.rights import Role

    try:
        return Role(text)
    except ValueError as error:
        remedy = f"one of {', '.join(Role)}"
        raise InputError(Problem("bad_option", f"{text[:20]!r} is no role", remedy, column="--role")) from error


def _scopes(texts: list[str]) -> list[Any]:
    from jifen.core.errors import InputError, Problem
    from jifen.service.rights import Right

    if "all" in texts:
        return list(Right)
    unknown = [text for text in texts if text not in set(Right)]
    if unknown:
        remedy = f"one of {', '.join(Right)}"
        raise InputError(Problem("bad_option", f"{unknown[0][:40]!r} is no right", remedy, column="--scope"))
    return [Right(text) for text in texts]


def _row(account: Any) -> dict[str, str]:
    from jifen.service.members.accounts import shown_number

    stands = "active" if account.is_active else "locked"
    return {"id": account.code, "role": account.role, "phone": shown_number(account), "stands": stands}


def _show(rows: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
    elif not rows:
        out.print("There is nobody yet: `jifen staff add`, or `jifen staff key make`.", markup=False)
    else:
        out.print(make_table("", list(rows[0]), [list(row.values()) for row in rows], left=len(rows[0])))
