"""``jifen bundle``: what an auditor or a regulator is given, and how it is verified elsewhere."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jifen.cli.options import takes
from jifen.cli.output import JsonOption, errors, list_problems, make_table, out, print_json, progress_bar
from jifen.cli.settings import read_date
from jifen.cli.shop_acts import opened

if TYPE_CHECKING:
    from jifen.service.bundle.layout import Manifest

__all__ = ["MakeOptions", "bundle_commands", "make", "show_key", "verify"]

bundle_commands = typer.Typer(no_args_is_help=True, help="What an auditor or a regulator is given: signed files.")


@bundle_commands.callback()
def _options() -> None:
    """What an auditor or a regulator is given: signed files."""


@dataclass(frozen=True, slots=True)
class MakeOptions:
    """What ``jifen bundle make`` is given."""

    file: Annotated[Path, typer.Argument(metavar="OUT.zip", help="The file of the bundle.", show_default=False)]
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day; the shop's first.", show_default=False)
    ] = None
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day; the last closed.", show_default=False)
    ] = None
    personal: Annotated[
        bool, typer.Option("--personal", help="With phone numbers, names, accounts at banks, and free text.")
    ] = False
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False
    as_json: JsonOption = False


@bundle_commands.command("make")
@takes(MakeOptions)
def make(options: MakeOptions) -> None:
    """Write the signed bundle of the shop: tree, orders, payouts, runs, findings, waivers, versions, history.

    All of it is of one moment, while the shop trades; the file is there whole, or not at all.

    Example: [bold]jifen bundle make 2026.zip --from 2026-01-01 --to 2026-12-31[/]
    """
    days = [read_date(text, option) for text, option in ((options.first, "--from"), (options.last, "--to"))]
    first, last = (None if day is None else day.toordinal() for day in days)
    opened()
    from jifen.service.acting import acting
    from jifen.service.bundle.making import Asked, make_bundle

    asked = Asked(first, last, options.personal)
    with acting("console"), progress_bar("writing tables") as progress:
        made = make_bundle(options.file, asked, force=options.force, progress=progress)
    if options.as_json:
        print_json({"path": str(options.file), "bytes": options.file.stat().st_size, **_document(made)})
        return
    out.print(f"{options.file}: {options.file.stat().st_size:,} bytes, {len(made.files)} files", markup=False)
    _tell(made)
    out.print("Tell whoever verifies it the key by another way than the file.")


@bundle_commands.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="The file of the bundle.", show_default=False)],
    key: Annotated[
        str, typer.Option("--key", help="The shop's public key: 64 digits, or a file with them or with PEM.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Verify a bundle: its signature, every byte, and whether its figures agree. Needs no shop and no database.

    Exit code 1: something is wrong, and each thing is told with its code.

    Example: [bold]jifen bundle verify 2026.zip --key 5f3c…[/]
    """
    from jifen.service.bundle.verifying import verify_bundle

    with errors.status("verifying", spinner="dots"):
        found = verify_bundle(file, key)
    if as_json:
        problems = [
            {"code": each.code, "message": each.message, "remedy": each.remedy, "file": each.file}
            for each in found.problems
        ]
        told = _document(found.manifest) if found.manifest else {}
        print_json({"sound": found.sound, "signed": found.manifest is not None, "problems": problems, **told})
    else:
        if found.manifest:
            out.print("The signature is that of the key, and every file is as it was signed.")
            _tell(found.manifest)
        list_problems(errors, found.problems)
        verdict = "Sound: all figures agree." if found.sound else "Not sound."
        out.print(verdict, style="green" if found.sound else "red")
    if not found.sound:
        raise typer.Exit(1)


@bundle_commands.command("key")
def show_key(
    new: Annotated[bool, typer.Option("--new", help="Retire the key until now, and sign with another.")] = False,
    pem: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the public key as PEM, for openssl.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the public key that the shop's bundles are verified with, and those that it had before.

    It is made when it is first needed. The private half is sealed in the shop's database and never shown.

    Example: [bold]jifen bundle key[/]
    """
    opened()
    from jifen.service.acting import acting
    from jifen.service.bundle.keys import new_key, public_pem, signing_keys

    with acting("console"):
        if new:
            new_key()
        keys = signing_keys()
    if pem is not None:
        pem.write_bytes(public_pem(keys[0].public))
    rows = [
        {"key": each.public, "made_at": each.made_at.isoformat(),
         "retired_at": None if each.retired_at is None else each.retired_at.isoformat()}
        for each in keys
    ]  # fmt: skip
    if as_json:
        print_json({"key": keys[0].public, "keys": rows})
        return
    out.print(keys[0].public)
    if len(rows) > 1:
        before = [(row["key"] or "", row["made_at"] or "", row["retired_at"] or "") for row in rows[1:]]
        out.print(make_table("Keys before it", ("key", "made", "retired"), before, left=3))


def _document(made: "Manifest") -> dict[str, object]:
    """The manifest without its files."""
    return made.model_dump(mode="json", exclude={"files"})


def _tell(made: "Manifest") -> None:
    """What a bundle says of itself."""
    kind = "live" if made.shop.live else "sandbox"
    totals = made.totals
    out.print(f"Shop {made.shop.name} ({kind}), {made.period.first} to {made.period.last}", markup=False)
    out.print(f"{totals.members:,} members, {totals.orders:,} orders of {totals.ordered}, {totals.paid} paid out")
    out.print(f"The last batch is {made.log.batch}, its hash {made.log.hash[:12]}….")
    out.print(f"Key {made.key}", soft_wrap=True)
