"""Phone numbers: read as people write them, kept in E.164, shown masked."""

import phonenumbers

from jifen.core.errors import InputError, Problem

__all__ = ["country_of", "masked", "parse_number"]

_HOME = "CN"
_KEPT_START, _KEPT_END, _LEAST = 3, 4, 8


def parse_number(text: str) -> str:
    """A number in E.164; one without a country is of China. ``InputError`` (``bad_number``) for what is none.

    >>> parse_number("138 0013 8000"), parse_number("+44 20 7946 0958")
    ('+8613800138000', '+442079460958')
    """
    try:
        number = phonenumbers.parse(text, _HOME)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise InputError(Problem("bad_number", "this is not a phone number", "write it with its country, as +86 138…"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country_of(number: str) -> str:
    """The country of a number as an ISO code; empty where no one country has it."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""


def masked(number: str) -> str:
    """A number as others may see it.

    >>> masked("+8613800138000"), masked("")
    ('138****8000', '')
    """
    local = number.removeprefix("+86")
    if len(local) < _LEAST:
        return "*" * len(local)
    start, end = local[:_KEPT_START], local[-_KEPT_END:]
    return f"{start}{'*' * (len(local) - _KEPT_START - _KEPT_END)}{end}"
