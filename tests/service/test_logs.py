"""What is logged has nothing of any person, and no password, whoever put it into a message."""

import json
import logging
import sys

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction

from jifen.core.errors import BrokenInvariant, InputError, Problem
from jifen.service.serving.logs import JsonLines, TextLines, request_id

PHONE = "13800138000"


def line(name, message, *arguments, error=None, formatter=JsonLines, **beside):
    """What is written for a message that a logger of that name is given."""
    caught = None
    if error is not None:
        try:
            raise error
        except BaseException:
            caught = sys.exc_info()
    record = logging.getLogger(name).makeRecord(
        name, logging.ERROR, "file.py", 1, message, arguments, caught, extra=beside or None
    )
    return formatter().format(record)


@pytest.mark.parametrize("formatter", [JsonLines, TextLines])
@pytest.mark.parametrize(
    ("name", "message", "arguments"),
    [
        ("gunicorn.error", "Error handling request %s", ("/members/13800138000?phone=13800138000",)),
        ("gunicorn.error", "Invalid request from ip=13800138000: line 13800138000", ()),
        ("django.request", "%s: %s", ("Not Found", "/members/13800138000")),
        ("django.security.DisallowedHost", "Invalid HTTP_HOST header: '13800138000'.", ()),
        ("any.library", "%d for %r", ("13800138000", PHONE)),
        ("any.library", "%(phone)s", ({"phone": PHONE},)),
        ("any.library", f"first line: {PHONE}\n{PHONE}", ()),
    ],
)
def test_another_librarys_message_keeps_only_what_its_authors_wrote(formatter, name, message, arguments):
    assert PHONE not in line(name, message, *arguments, formatter=formatter)


def test_a_number_of_another_library_is_kept():
    assert json.loads(line("gunicorn.error", "Booting worker with pid: %s", 42))["message"].endswith("pid: 42")


@pytest.mark.parametrize("formatter", [JsonLines, TextLines])
def test_text_beside_a_message_of_ours_is_left_out_unless_it_is_a_word_of_a_list(formatter):
    written = line("jifen.service.writer", "events would break the books", formatter=formatter,
                   line=7, reason=f"member {PHONE} would have -1", code="breaks_books")  # fmt: skip
    assert PHONE not in written
    assert "7" in written
    assert "breaks_books" in written


def test_an_object_beside_a_message_of_another_library_is_left_out():
    assert PHONE not in line("django.request", "failed", request=f"<WSGIRequest: GET '/?phone={PHONE}'>")


@pytest.mark.parametrize("formatter", [JsonLines, TextLines])
@pytest.mark.parametrize(
    ("error", "word"),
    [
        (BrokenInvariant(f"member {PHONE} would have -1"), "BrokenInvariant"),
        (InputError(Problem("bad_name", f"{PHONE!r} is no name")), "bad_name"),
        (OSError(28, "No space left on device", f"/var/{PHONE}"), "ENOSPC"),
        (ValueError(PHONE), "test_logs.py:"),
    ],
)
def test_of_an_exception_its_type_and_place_are_logged_and_not_its_message(formatter, error, word):
    written = line("jifen.service.writer", "it failed", error=error, formatter=formatter)
    assert PHONE not in written
    assert word in written


def test_a_row_that_a_database_quotes_is_not_logged(shop):
    sql = "INSERT INTO inbox (key, content) VALUES (%s, '{}')"
    with pytest.raises(IntegrityError) as raised, transaction.atomic(using=shop), connections[shop].cursor() as cursor:
        cursor.executemany(sql, [[PHONE], [PHONE]])
    written = line("jifen.service.writer", "it failed", error=raised.value)
    assert PHONE not in written
    assert "IntegrityError" in written
    assert "23505" in written or "SQLITE_CONSTRAINT_UNIQUE" in written


def test_the_password_of_a_database_that_refuses_it_is_not_logged(tmp_path):
    from jifen.service.databases import open_database

    open_database("refused", f"postgresql://shop:s3cret@/jifen?host={tmp_path}")
    with pytest.raises(DatabaseError) as raised:
        connections["refused"].ensure_connection()
    written = line("jifen.service.serving.worker", "the worker starts again", error=raised.value)
    assert "OperationalError" in written
    assert "s3cret" not in written


def test_a_line_that_is_logged_for_a_request_has_its_id():
    token = request_id.set("r1")
    try:
        assert json.loads(line("jifen.service.inbox", "done"))["request"] == "r1"
    finally:
        request_id.reset(token)
    assert "request" not in json.loads(line("jifen.service.inbox", "done"))
