"""What stands before the processes of a shop: a folder, a database with this release's tables, and a shop in it."""

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from jifen.core.errors import InputError, Problem
from jifen.service import models
from jifen.service.databases import migrate
from jifen.service.environment import Settings
from jifen.service.serving.health import is_migrated

__all__ = ["prepare"]


def prepare(*, migrating: bool, using: str = "default") -> Settings:
    """See to it that a shop can be run, and return the settings; what is missing is an ``InputError``.

    With ``migrating`` the database is brought to the tables of this release.
    """
    given: Settings = settings.SETTINGS
    given.var.mkdir(parents=True, exist_ok=True)
    try:
        if migrating:
            migrate(using)
        elif not is_migrated(using):
            remedy = "start `jifen serve` without --no-migrate"
            raise InputError(Problem("not_migrated", "the database has not the tables of this release", remedy))
        if not models.Shop.objects.using(using).exists():
            raise InputError(Problem("no_shop", "this database has no shop", "create one: jifen shop create"))
    except (DatabaseError, InterfaceError) as error:
        shown = {each.name: each.value for each in given.shown()}["JIFEN_DATABASE_URL"]
        message = f"{shown} does not answer"
        raise InputError(Problem("no_database", message, "see whether it runs, and JIFEN_DATABASE_URL")) from error
    return given
