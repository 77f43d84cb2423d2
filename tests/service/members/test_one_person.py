"""One person: given out whole, erased while the books stay whole, sealed with another key."""

from dataclasses import replace

from django.conf import settings
from django.test import override_settings

NUMBER = "+8613800138000"


def test_what_was_sealed_with_a_key_is_opened_with_the_next_one_alone_once_it_is_sealed_anew(shop, tmp_path):
    from jifen.service.current import shop_is
    from jifen.service.members.accounts import make_account
    from jifen.service.members.personal import keep_person, personal, reseal
    from jifen.service.vault import opened

    first, second = "a" * 32, "b" * 32
    with shop_is(shop):
        with override_settings(SETTINGS=replace(settings.SETTINGS, data_key=first, data_keys_old=())):
            account = make_account("138 0013 8000", using=shop)
            keep_person(account, {"name": "Wang"})
        with override_settings(SETTINGS=replace(settings.SETTINGS, data_key=second, data_keys_old=(first,))):
            assert reseal(using=shop) == 2
        account = type(account).objects.using(shop).get(pk=account.pk)
        with override_settings(SETTINGS=replace(settings.SETTINGS, data_key=second, data_keys_old=())):
            assert opened(bytes(account.phone)) == NUMBER
            assert personal(account)["name"] == "Wang"


def test_an_erased_member_leaves_books_that_an_audit_finds_whole(shop, folder):
    from jifen.service import models
    from jifen.service.audit import audit
    from jifen.service.current import shop_is
    from jifen.service.members.accounts import make_account
    from jifen.service.members.personal import erase, is_erased, personal
    from jifen.service.sign_in.joining import join
    from jifen.service.writer import JOURNAL, Writer

    with shop_is(shop):
        account = make_account("138 0013 8000", using=shop)
        join(account, using=shop)
        with Writer.elected(folder, shop) as writer:
            while writer.step():
                pass
        before = list(models.Event.objects.using(shop).values_list("number", "content"))
        erase(account, using=shop)
    assert is_erased(account)
    assert personal(account)["phone"] == ""
    assert len(before) > 0
    assert list(models.Event.objects.using(shop).values_list("number", "content")) == before
    assert audit(folder / JOURNAL, shop).sound
