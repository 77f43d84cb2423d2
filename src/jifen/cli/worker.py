"""``jifen worker``: the process that writes a shop's books and closes its days."""

from typing import Annotated

import typer

__all__ = ["ParentOption", "worker"]

ParentOption = Annotated[int, typer.Option("--parent", hidden=True, help="Stop when the process of this id is gone.")]


def worker(parent: ParentOption = 0) -> None:
    """Write the books of a shop and close its days, until it is stopped.

    Several may run: one of them is elected, and another follows when it ends. It outlives restarts of its database. A
    machine that has never run one compiles for up to a minute before it writes. The first SIGTERM or SIGINT lets it
    finish its batch and keep a snapshot; a second one ends it at once.

    Exit codes: 0 stopped, 2 there is no shop or its log cannot be followed, 3 the books would not balance.

    Example: [bold]jifen worker[/]
    """
    from jifen.service.databases import start_django

    start_django()
    from jifen.service.serving.logs import configure_logs, warn_of_unknown
    from jifen.service.serving.signals import stop_with_parent, stopped_by_signals
    from jifen.service.serving.start import prepare
    from jifen.service.serving.worker import run_worker, warm_up

    stop = stopped_by_signals()
    if parent:
        stop_with_parent(parent)
    settings = prepare(migrating=False)
    configure_logs(settings)
    if not parent:
        warn_of_unknown(settings)
    warm_up()
    run_worker(settings.var, stop)
