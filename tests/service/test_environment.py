"""Settings are read once, checked together, and shown without their secrets."""

import pytest

from jifen.core.errors import InputError
from jifen.service.environment import database_of, read_settings

URL = "postgresql://shop:s3cret@db:5433/jifen"


def test_all_mistakes_are_named_at_once():
    with pytest.raises(InputError) as raised:
        read_settings({"JIFEN_DATABASE_URL": "mysql://db/x", "JIFEN_SECRET_KEY": "short"})
    assert len(raised.value.problems) == 2


def test_no_secret_is_shown():
    settings = read_settings(
        {"JIFEN_DATABASE_URL": URL, "JIFEN_SECRET_KEY": "k" * 32, "JIFEN_SECRET_KEYS_OLD": "o" * 32}
    )
    shown = dict(settings.shown())
    assert shown["JIFEN_DATABASE_URL"] == "postgresql://shop:••••@db:5433/jifen"
    assert not any(secret in text for text in shown.values() for secret in ("s3cret", "kkkk", "oooo"))


def test_a_socket_is_named_as_a_host():
    assert database_of("postgresql://shop@/jifen?host=/run/pg")["HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["", "shop.sqlite3", "sqlite://host/x", "postgresql://db", "postgresql://db:no/x"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError, match="bad_setting"):
        database_of(url)
