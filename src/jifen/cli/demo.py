"""``jifen demo``: a shop that has traded for 120 days, open on this machine; or two plans compared over files."""

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jifen.cli.compiling import compiling_shown
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, errors, out, print_json, progress_bar

__all__ = ["DemoOptions", "demo"]

_HOST = "127.0.0.1"
_PORTS = 20
"""As many ports are tried, from the one that was asked for on."""
_SETTINGS = ("JIFEN_DATABASE_URL", "JIFEN_HOSTS", "JIFEN_VAR")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What ``jifen demo`` is given."""

    folder: Annotated[Path, typer.Option("--out", help="Where it lives; the next demo finds it there.")] = Path(
        "var/demo"
    )
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where its page is; a busy port makes it the next.")] = (
        8000
    )
    serve: Annotated[bool, typer.Option(help="Show its page until you stop it.")] = True
    compare: Annotated[bool, typer.Option("--compare", help="Compare two plans over files instead.")] = False
    plan: Annotated[
        str | None, typer.Option(help="Run this plan alone over files, with the events it needs: a preset or a file.")
    ] = None
    as_json: JsonOption = False


@takes(DemoOptions)
def demo(options: DemoOptions) -> None:
    """Open a shop that has traded for 120 days, and show its page; later it is found again as it was left.

    Its events go through the same inbox and writer as those of any shop. With [bold]--compare[/] it runs two plans over
    files instead: one that can pay what it says, and one that cannot.

    Example: [bold]jifen demo[/]
    """
    if options.compare or options.plan:
        from jifen.cli.compare import compare

        compare(options.folder, options.plan, as_json=options.as_json)
        return
    port = _free_port(options.port) if options.serve else options.port
    shop = (options.folder / "shop").absolute()
    environment = {name: text for name, text in os.environ.items() if name not in _SETTINGS} | {"JIFEN_VAR": str(shop)}
    os.environ.clear()
    os.environ.update(environment)
    traded = _open(shop)
    if options.as_json:
        print_json({"folder": str(shop), "url": f"http://{_HOST}:{port}", "traded": traded})
    else:
        _tell(shop, port, options.serve)
    if options.serve:
        sys.stdout.flush()
        command = [
            sys.executable,
            "-P",
            "-c",
            "from jifen.cli import main; main()",
            "serve",
            "--bind",
            f"{_HOST}:{port}",
        ]
        os.environ.setdefault("JIFEN_LOG", "text")
        os.environ.setdefault("JIFEN_LOG_LEVEL", "warning")
        os.execv(sys.executable, command)  # noqa: S606 -- from here on it is `jifen serve`


def _open(shop: Path) -> bool:
    """Make the shop, or go on where it was; whether there was anything to do."""
    from jifen.service.databases import migrate, start_django

    shop.mkdir(parents=True, exist_ok=True)
    start_django()
    from jifen.service.example import trade

    migrate()
    with compiling_shown(), progress_bar("trading 120 days") as progress:
        return trade(shop, progress)


def _free_port(asked: int) -> int:
    """The port that was asked for, or the next that is free."""
    from jifen.core.errors import InputError, Problem

    for port in range(asked, min(asked + _PORTS, 65536)):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((_HOST, port))
            except OSError:
                continue
        if port != asked:
            errors.print(f"port {asked} is busy: the page is at http://{_HOST}:{port}", style="yellow")
        return port
    message = f"ports {asked} to {asked + _PORTS - 1} are busy"
    raise InputError(Problem("bad_bind", message, "stop what listens there, or name another", column="--port"))


def _tell(shop: Path, port: int, serving: bool) -> None:
    """Say what to try."""
    page = f"http://{_HOST}:{port}"
    out.print(f"The shop is open. What it has is in {shop}.", soft_wrap=True)
    lines = [
        (f"{page}/", "its status: books, closes, coverage"),
        (f"{page}/members/m00001", "a member's balances, open lots and statement"),
        (f"{page}/?lang=zh", "the same in Chinese 中文"),
        ("jifen demo --compare", "two plans over files: one that can pay, one that cannot"),
        (f"rm -r {shop}", "begin anew"),
    ]
    for what, why in lines if serving else lines[3:]:
        out.print(f"  {what:<44} {why}", markup=False, soft_wrap=True)
    if serving:
        out.print("Ctrl-C stops it; nothing is lost. It is open at:", soft_wrap=True)
