"""``jifen serve``: the web server of a shop, and a worker beside it."""

from dataclasses import dataclass
from typing import Annotated

import typer

from jifen.cli.options import takes
from jifen.cli.worker import ParentOption

__all__ = ["ServeOptions", "serve"]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What ``jifen serve`` is given."""

    bind: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where it listens.")] = "127.0.0.1:8000"
    worker: Annotated[bool, typer.Option(help="Run a worker beside the web server.")] = True
    migrate: Annotated[bool, typer.Option(help="Bring the database to this release's tables first.")] = True
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer, with 16 threads each.")] = 1
    parent: ParentOption = 0


@takes(ServeOptions)
def serve(options: ServeOptions) -> None:
    """Serve a shop on the web, with a worker beside it that writes its books and closes its days.

    It prints its address when it is ready. A worker that dies is started again, and all stop together: the first
    SIGTERM or SIGINT lets requests and the batch end, a second one ends them at once.

    Exit codes: 0 stopped, 1 the web server ended by itself, 2 a setting is wrong or there is no shop.

    Example: [bold]jifen serve --bind 127.0.0.1:8000[/]
    """
    from jifen.service.databases import start_django

    start_django()
    from jifen.service.serving.beside import run_beside
    from jifen.service.serving.logs import configure_logs, warn_of_unknown
    from jifen.service.serving.signals import stop_with_parent, stopped_by_signals
    from jifen.service.serving.start import prepare
    from jifen.service.serving.web import WebServer, check_address, parse_address

    if options.parent:
        stop_with_parent(options.parent)
    address = parse_address(options.bind)
    settings = prepare(migrating=options.migrate)
    check_address(address, settings)
    configure_logs(settings)
    if not options.worker:
        WebServer(address, options.processes, typer.echo).run()
        return
    warn_of_unknown(settings)
    web = ["serve", "--no-worker", "--no-migrate", "--bind", options.bind, "--processes", str(options.processes)]
    raise typer.Exit(run_beside(web, ["worker"], stopped_by_signals()))
