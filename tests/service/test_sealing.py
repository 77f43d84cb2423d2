"""What is sealed with a key that is replaced is sealed anew, in whatever table it is."""

from dataclasses import replace

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import BinaryField
from django.test import override_settings
from django.utils import timezone

from jifen.core.errors import InputError
from jifen.service.bundle.keys import new_key, signing_keys
from jifen.service.connectors.connections import change_connection, make_connection
from jifen.service.connectors.connections import secrets_of as secrets_of_connection
from jifen.service.connectors.facts import Terms
from jifen.service.current import shop_is
from jifen.service.hooks.endpoints import make_endpoint, rotate_secret
from jifen.service.hooks.endpoints import secrets_of as secrets_of_endpoint
from jifen.service.members.accounts import make_account
from jifen.service.members.personal import keep_person
from jifen.service.sealing import reseal
from jifen.service.vault import opened
from jifen.service.wallets.models import Withdrawal
from jifen.service.wallets.payees import Payee, sealed_payee

TOKEN = b"gAAAA"
"""How every token of Fernet begins."""
FIRST, SECOND = "a" * 32, "b" * 32


def sealed_columns(using: str) -> dict[str, list[bytes]]:
    """What is sealed in any column of bytes of any table, whoever says so."""
    found: dict[str, list[bytes]] = {}
    for model in apps.get_models():
        for field in (field for field in model._meta.fields if isinstance(field, BinaryField)):
            tokens = [
                bytes(value)
                for value in model._base_manager.using(using).values_list(field.name, flat=True)
                if value and bytes(value).startswith(TOKEN)
            ]
            if tokens:
                found[f"{model._meta.db_table}.{field.name}"] = tokens
    return found


def fill(using: str) -> None:
    account = make_account("138 0013 8000", using=using)
    keep_person(account, {"name": "Wang", "id_number": "110101", "bank": "ICBC", "bank_account": "6222"})
    make_endpoint("books", "https://example.com/hook", ["run.closed"], using=using)
    rotate_secret("books", timezone.now(), using=using)
    make_connection("woo", "woocommerce", "first secret of it", Terms(), using=using)
    change_connection("woo", {"secret": "second secret of it"}, using=using)
    signing_keys(using)
    new_key(using=using)
    Withdrawal.objects.using(using).create(
        number="wd:1", member=account.code, request="1", asset="cash", amount=2, fee=1, day=1, state="asked",
        asked_by="console", payee=sealed_payee(Payee("Wang", "6222")),
    )  # fmt: skip


def test_every_sealed_column_is_opened_with_the_new_key_alone(shop):
    given = settings.SETTINGS
    with shop_is(shop):
        with override_settings(SETTINGS=replace(given, data_key=FIRST, data_keys_old=())):
            fill(shop)
            endpoint, connection = model_row("endpoint", shop), model_row("connection", shop)
            told = secrets_of_endpoint(endpoint, timezone.now()), secrets_of_connection(connection)
        assert len(sealed_columns(shop)) == 11
        with override_settings(SETTINGS=replace(given, data_key=SECOND, data_keys_old=(FIRST,))):
            assert reseal(using=shop) == 6
        with override_settings(SETTINGS=replace(given, data_key=SECOND, data_keys_old=())):
            for tokens in sealed_columns(shop).values():
                for token in tokens:
                    opened(token)
            endpoint, connection = model_row("endpoint", shop), model_row("connection", shop)
            assert (secrets_of_endpoint(endpoint, timezone.now()), secrets_of_connection(connection)) == told
        with override_settings(SETTINGS=replace(given, data_key=FIRST, data_keys_old=())), pytest.raises(InputError):
            opened(sealed_columns(shop)["account.phone"][0])


def model_row(table: str, using: str):
    [model] = [model for model in apps.get_models() if model._meta.model_name == table]
    return model._base_manager.using(using).get()
