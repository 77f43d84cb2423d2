"""``jifen bundle``: what an auditor or a regulator is given of a shop, signed; and its check without the shop."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from jifen.cli.output import JsonOption, list_problems, out, print_json, progress_bar
from jifen.cli.settings import read_date

__all__ = ["bundle_commands", "key", "make", "verify"]

bundle_commands = typer.Typer(help="A signed bundle 存证包 for an auditor or a regulator.", no_args_is_help=True)


@bundle_commands.command()
def make(
    to: Annotated[Path, typer.Argument(help="The new file, as shop.zip.", show_default=False)],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day; that of the shop.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="The last day; the last closed one.")] = None,
    personal: Annotated[bool, typer.Option("--personal", help="Say who members are, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write and sign a bundle: tree, payouts, runs, findings, waivers, freezes, versions, withdrawals, deeds.

    Runs and payouts are those of closed days. Members are ids that say nothing, unless --personal is given.

    Example: [bold]jifen bundle make 2026-q1.zip --from 2026-01-01 --to 2026-03-31[/]
    """
    from jifen.cli.shop_acts import opened

    given = opened()
    from jifen.service.bundling import Period, make_bundle
    from jifen.service.writer import SNAPSHOTS

    period = Period(read_date(first, "--from"), read_date(last, "--to"))
    with progress_bar("writing days") as progress:
        made = make_bundle(to, given.var / SNAPSHOTS, period, with_personal=personal, progress=progress)
    to.chmod(0o600)
    if as_json:
        print_json(made)
        return
    out.print(f"{to}: {made['first']} to {made['last']}, {len(made['files'])} files.", markup=False)
    out.print(f"Signed with the key {made['public_key']}.", soft_wrap=True)
    if personal:
        out.print("It says who members are: keep it from others.")


@bundle_commands.command()
def verify(
    file: Annotated[Path, typer.Argument(help="The bundle.", show_default=False)],
    key: Annotated[str, typer.Option("--key", help="The shop's public key, as it has published it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Check a bundle: its signature, each file, and that its figures agree with one another. No shop is needed.

    Exit codes: 0 all holds, 1 its figures disagree, 2 it is forged, changed, or no bundle.

    Example: [bold]jifen bundle verify 2026-q1.zip --key 9f86…[/]
    """
    from jifen.batch.bundle import open_bundle
    from jifen.batch.bundle_figures import compared

    with open_bundle(file, key) as bundle:
        counts, problems = compared(bundle)
        said = bundle.manifest
    if as_json:
        found = [{"code": each.code, "message": each.message, "file": each.file} for each in problems]
        print_json({"holds": not problems, "key_given": bool(key), **asdict(counts), "problems": found})
    else:
        shop = said["shop"]
        kind = "live" if shop["live"] else "sandbox"
        out.print(f"{shop['name']} ({kind}), {said['first']} to {said['last']}", markup=False)
        out.print(", ".join(f"{number:,} {what}" for what, number in asdict(counts).items()))
        list_problems(out, problems)
        if not key:
            out.print("No key was given: that the shop has signed it is not shown. Ask the shop for its public key.")
        if not problems:
            out.print("The signature and all files hold, and the figures agree.")
    if problems:
        raise typer.Exit(1)


@bundle_commands.command()
def key(as_json: JsonOption = False) -> None:
    """Show the shop's public key: publish it where others look for it, before a bundle is asked for.

    Example: [bold]jifen bundle key[/]
    """
    from jifen.cli.shop_acts import opened

    opened()
    from jifen.batch.bundle import public_key_of
    from jifen.service.vault import signing_key

    shown = public_key_of(signing_key())
    if as_json:
        print_json({"public_key": shown})
    else:
        out.print(shown, soft_wrap=True)
