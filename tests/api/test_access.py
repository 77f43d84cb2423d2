"""Who is let in, and what is told to those who are not."""

from tests.api.conftest import Caller, key, signed_in, staff

from jifen.service.rights import Right, Role
from jifen.service.staff.models import ApiKey


def test_a_stranger_is_told_to_sign_in(open_shop):
    answer = Caller().get("/shop")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "not_signed_in"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_whoever_is_signed_in_reads_what_the_shop_is(open_shop):
    for caller in (key(), staff(Role.AUDITOR), signed_in()):
        assert caller.get("/shop").json()["name"] == "test"


def test_a_key_that_is_revoked_made_up_or_cut_short_lets_nobody_in(open_shop):
    from django.utils import timezone

    made, text = ApiKey.make("test", [Right.BOOKS_READ])
    for wrong in (text[:-1], text + "x", "jk_0_0", "jk__", "", text.replace("jk_", "")):
        assert Caller({"Authorization": f"Bearer {wrong}"}).get("/shop").status_code == 401
    assert Caller({"Authorization": f"Bearer {text}"}).get("/shop").status_code == 200
    made.revoked_at = timezone.now()
    made.save()
    assert Caller({"Authorization": f"Bearer {text}"}).get("/shop").status_code == 401


def test_an_account_that_is_locked_is_nobodys(open_shop):
    from jifen.service.members.models import Account

    caller = signed_in()
    Account.objects.update(is_active=False)
    assert caller.get("/shop").status_code == 401


def test_the_description_says_that_problems_are_problem_details(open_shop):
    described = Caller().client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    answers = described["paths"]["/api/v1/shop"]["get"]["responses"]
    assert set(answers["401"]["content"]) == {"application/problem+json"}
    assert set(answers["200"]["content"]) == {"application/json"}
