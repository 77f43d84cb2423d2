"""What stands before whoever runs a shop: a folder, a database with this release's tables, and a shop in it."""

from django.conf import settings

from jifen.core.errors import InputError, Problem
from jifen.service.databases import migrate, reach, reach_shop
from jifen.service.environment import Settings
from jifen.service.serving.health import is_migrated
from jifen.service.shop import shop_of

__all__ = ["make_tables", "prepare"]


def make_tables(using: str = "default") -> Settings:
    """Make the folder and the tables of this release, for a shop to be; ``InputError`` (``no_database``)."""
    given: Settings = settings.SETTINGS
    given.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    reach(using)
    migrate(using)
    return given


def prepare(*, migrating: bool, using: str = "default") -> Settings:
    """See to it that a shop can be run, and return the settings.

    ``InputError`` for what is missing: ``no_database``, ``no_shop``, and ``not_migrated`` unless ``migrating``, which
    brings the database to the tables of this release.
    """
    given: Settings = settings.SETTINGS
    reach_shop(using)
    if migrating:
        migrate(using)
    elif not is_migrated(using):
        remedy = "`jifen serve` brings them"
        raise InputError(Problem("not_migrated", "the database has not the tables of this release", remedy))
    shop_of(using)
    return given
