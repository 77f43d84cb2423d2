"""Whether the database of the environment is there, with the tables of this release and a shop: asked by commands."""

from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from jifen.core.errors import InputError, Problem
from jifen.service.databases import migrate
from jifen.service.settings import SETTINGS
from jifen.service.shop import shop_of

__all__ = ["make_ready"]


def make_ready(*, create: bool = False, using: str = "default") -> None:
    """Say what is missing before a command begins: ``no_database``, ``not_migrated`` or ``no_shop`` (``InputError``).

    With ``create`` the folder and the tables are made, and a shop need not be there yet.
    """
    try:
        if create:
            SETTINGS.var.mkdir(parents=True, exist_ok=True)
            migrate(using)
            return
        executor = MigrationExecutor(connections[using])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            remedy = "`jifen shop create` makes them in a new database, `jifen serve` brings an older one up to date"
            raise InputError(Problem("not_migrated", "the database has not the tables of this release", remedy))
        shop_of(using)
    except DatabaseError as error:
        message = f"the database does not open: {str(error).splitlines()[0]}"
        remedy = "see JIFEN_DATABASE_URL and JIFEN_VAR, or make a shop: jifen shop create"
        raise InputError(Problem("no_database", message, remedy)) from error
