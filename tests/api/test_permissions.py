"""Every operation of the API refuses a stranger, another member, a key without the scope, and each role without it.

The operations are those of the description, so a new one is in here without being named.
"""

import re
from collections.abc import Iterator

import pytest
from tests.api.conftest import ROLES, Caller, key, signed_in, staff

from jifen.api.limits import BUCKETS
from jifen.api.urls import api
from jifen.service.rights import Right

OPEN = {"/api/v1/incoming/{connection}"}
"""Here a signature lets in, and not who one is; the tests of connectors look at it."""


def operations() -> Iterator[tuple[str, str, dict]]:
    """All operations: method, path, and what is said of it."""
    for path, methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        for method, said in methods.items():
            if path not in OPEN:
                yield method.upper(), path, said


OPERATIONS = sorted(operations(), key=lambda each: each[:2])


def ask(caller: Caller, method: str, path: str, member: str = "someone"):
    """Ask with whatever an address may have in it: who may not ask does not learn what is wrong with it."""
    filled = re.sub(r"\{(\w+)\}", lambda name: member if name[1] == "member" else "1", path)
    return caller.client.generic(method, filled, "{}", content_type="application/json")


@pytest.fixture(autouse=True)
def full_buckets():
    BUCKETS.clear()
    yield
    BUCKETS.clear()


pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def test_there_are_operations_to_be_looked_at(open_shop):
    assert len(OPERATIONS) > 60
    rights = {said["x-right"] for _, _, said in OPERATIONS}
    assert rights - {None} <= set(Right)


def test_a_stranger_is_refused_everywhere(open_shop):
    for method, path, _ in OPERATIONS:
        answer = ask(Caller(), method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), (method, path)
        BUCKETS.clear()


def test_another_member_and_a_key_without_the_scope_are_refused_everywhere(open_shop):
    member, without = signed_in(), key()
    for method, path, said in OPERATIONS:
        if said["x-right"] is None:
            continue
        for caller in (member, without):
            answer = ask(caller, method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (method, path)
        BUCKETS.clear()


def test_a_key_with_every_other_scope_is_refused(open_shop):
    keys = {right: key(*(set(Right) - {right})) for right in Right}
    for method, path, said in OPERATIONS:
        if said["x-right"] is not None:
            answer = ask(keys[Right(said["x-right"])], method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (method, path)
        BUCKETS.clear()


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_refused_what_it_has_no_right_to(open_shop, role):
    caller = staff(role)
    for method, path, said in OPERATIONS:
        if said["x-right"] is not None and Right(said["x-right"]) not in ROLES[role]:
            answer = ask(caller, method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (method, path)
        BUCKETS.clear()


def test_a_member_is_let_in_to_what_is_his_own_and_says_so(open_shop):
    member = signed_in()
    own = [(method, path) for method, path, said in OPERATIONS if said["x-own"]]
    assert own
    for method, path in own:
        for name in ("me", member.code):
            assert ask(member, method, path, name).status_code not in (401, 403), (method, path)
            BUCKETS.clear()
        if method == "DELETE":
            break


def test_what_needs_no_right_is_no_more_than_the_shop_or_decides_by_what_is_asked(open_shop):
    free = {(method, path) for method, path, said in OPERATIONS if said["x-right"] is None}
    assert free == {
        ("GET", "/api/v1/shop"), ("GET", "/api/v1/programs/disclosure"), ("POST", "/api/v1/staff/deeds"),
    }  # fmt: skip
