"""Settings are read once, checked together, and shown without their secrets."""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from jifen.core.errors import InputError
from jifen.service.environment import VARIABLES, database_of, read_settings

URL = "postgresql://shop:s3cret@db:5433/jifen"


def test_all_mistakes_are_named_at_once():
    wrong = {
        "JIFEN_DATABASE_URL": "mysql://db/x", "JIFEN_SECRET_KEY": "short", "JIFEN_SECRET_KEYS_OLD": f"{'o' * 32},no",
        "JIFEN_LOG": "xml", "JIFEN_LOG_LEVEL": "loud", "JIFEN_METRICS_FROM": "here", "JIFEN_CLOSE_OVERDUE_HOURS": "-1",
        "JIFEN_VAR": __file__,
    }  # fmt: skip
    with pytest.raises(InputError) as raised:
        read_settings(wrong)
    assert {problem.message.partition(":")[0] for problem in raised.value.problems} == set(wrong)
    assert len(raised.value.problems) == len(wrong)


@pytest.mark.parametrize(
    "url",
    [URL, "postgresql://:s3cret@db/jifen", "postgresql://s3cret:s3cret@db/jifen?host=/run", "postgres://a:s3cret@/x"],
)
def test_no_secret_is_shown(url):
    settings = read_settings(
        {"JIFEN_DATABASE_URL": url, "JIFEN_SECRET_KEY": "k" * 32, "JIFEN_SECRET_KEYS_OLD": "o" * 32}
    )
    shown = {each.name: each.value for each in settings.shown()}
    assert shown["JIFEN_DATABASE_URL"] == url.replace(":s3cret@", ":••••@")
    assert not any(secret in text for text in shown.values() for secret in (":s3cret", "kkkk", "oooo"))


def test_each_setting_says_where_it_comes_from_and_an_empty_one_is_not_given():
    settings = read_settings({"JIFEN_HOSTS": "shop.example", "JIFEN_LOG": " "})
    sources = {each.name: each.source for each in settings.shown()}
    assert sources.pop("JIFEN_HOSTS") == "environment"
    assert set(sources.values()) == {"default"}


def test_what_is_like_a_setting_and_is_none_is_listed():
    assert read_settings({"JIFEN_HOST": "shop.example", "OTHER": "1"}).unknown == ("JIFEN_HOST",)


def test_metrics_are_for_this_machine_unless_networks_are_named():
    assert read_settings({}).metrics_from == (ip_network("127.0.0.0/8"), ip_network("::1"))
    assert read_settings({"JIFEN_METRICS_FROM": "10.0.0.0/8"}).metrics_from == (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize("page", ["docs/guide/operate.md", "docs/zh/guide/operate.md"])
def test_the_guides_have_every_setting_and_no_other(page):
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    assert re.findall(r"^\| `(JIFEN_\w+)` \|", text, re.MULTILINE) == list(VARIABLES)


def test_a_socket_is_named_as_a_host():
    assert database_of("postgresql://shop@/jifen?host=/run/pg")["HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["", "shop.sqlite3", "sqlite://host/x", "postgresql://db", "postgresql://db:no/x"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError, match="bad_setting"):
        database_of(url)
