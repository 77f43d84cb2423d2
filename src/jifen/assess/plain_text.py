"""A text made plain, so that a promise is found however it is written: width, case, script and numerals.

Nothing here knows what is promised; ``claims.yaml`` has the characters and words that are exchanged.
"""

import re
import unicodedata
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from jifen.assess.texts import texts

__all__ = ["TEXT_MAX", "grammar", "plain_text", "simple_text"]

TEXT_MAX = 20_000
"""Characters of a text that are read."""

_DIGITS = {**{digit: value for value, digit in enumerate("零一二三四五六七八九")}, "〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}
_PLAIN = "".join(_DIGITS)
_LARGE = "".join(_UNITS)
_NUMERAL = re.compile(rf"(?<![{_PLAIN}{_LARGE}])[{_PLAIN}{_LARGE}]{{1,20}}(?![{_PLAIN}{_LARGE}])")
"""A longer one is no number that anybody promises."""
_DECIMAL = re.compile(rf"(?<![{_PLAIN}{_LARGE}])([{_PLAIN}{_LARGE}]{{1,20}})点([{_PLAIN}]{{1,10}})(?![{_LARGE}])")
_MIXED = re.compile(rf"(?<![\d.])(\d{{1,12}}(?:\.\d{{1,6}})?)([{_LARGE}]{{1,2}})(?![{_LARGE}])")
_PART = re.compile(rf"([百千万])分之([\d.]{{1,12}}|[{_PLAIN}{_LARGE}]{{1,20}})")
_RATE = re.compile(rf"(?<=[化息])([千万])([{_PLAIN}])(?![{_PLAIN}{_LARGE}元块])")
_HAN = r"[⺀-鿿＀-￯]"
_SPACES = re.compile(rf"(?<={_HAN}) |(?<!%) (?={_HAN})")
_ORNAMENTS = re.compile(rf"(?<={_HAN})[·•*_~^|\\/+-]+(?={_HAN})")
_GROUPS = re.compile(r"(?<![\d,.])(\d{1,3}(?:,\d{3})+)(?!,?\d)")


def grammar() -> Mapping[str, Any]:
    """What ``claims.yaml`` says."""
    return texts("claims.yaml")


def simple_text(text: str) -> str:
    """Make characters simple: narrow, small, simplified ones; what cannot be seen is left out.

    >>> simple_text("只漲\u200b不跌，ＦＲＥＥ")
    '只涨不跌,free'
    """
    narrow = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    seen = "".join(character for character in narrow if unicodedata.category(character) != "Cf")
    return _ORNAMENTS.sub("", seen.translate(_simplified()))


@cache
def _simplified() -> dict[int, int]:
    pairs = grammar()["traditional"]
    return str.maketrans(pairs[::2], pairs[1::2])


def plain_text(text: str) -> str:
    """Make a text plain: simple characters, numerals as digits, no space beside a Chinese character.

    >>> plain_text("１００ 天 全返，推三人回本"), plain_text("三百六十五天 Double")
    ('100天全返,推3人回本', '365天2x')
    >>> plain_text("花1万返1.5万，日化千五"), plain_text("one hundred days")
    ('花10000返15000,日化0.5%', '100 days')
    """
    plain = _GROUPS.sub(lambda match: match[0].replace(",", ""), " ".join(simple_text(text[:TEXT_MAX]).split()))
    plain = _SPACES.sub("", plain).replace("百分百", "100%").replace("天天", "每天")
    plain = _DECIMAL.sub(_decimal, plain)
    plain = _PART.sub(lambda match: _parts(match[0], match[2], _UNITS[match[1]]), plain)
    plain = _RATE.sub(lambda match: _parts(match[0], match[2], _UNITS[match[1]]), plain)
    plain = re.sub(r"(?<![\d.])(\d{1,6}(?:\.\d{1,6})?) ?‰", lambda match: _parts(match[0], match[1], 1000), plain)
    plain = re.sub(r"半(?=个?月|年|倍)", "0.5", plain)
    plain = _MIXED.sub(lambda match: _written(Fraction(match[1]) * int(_numeral(match[2]))), plain)
    plain = _NUMERAL.sub(lambda match: _numeral(match[0]), plain)
    return re.sub(r"(?<=\d) (?=%)", "", _english(plain))


def _decimal(match: re.Match[str]) -> str:
    """A Chinese numeral with decimals, in digits."""
    whole = "0" if match[1] == "零" else _numeral(match[1])
    return f"{whole}.{''.join(str(_DIGITS[one]) for one in match[2])}"


def _english(text: str) -> str:
    """English numerals as digits, and words that mean a number."""
    words = grammar()["words"]
    plain = re.sub(rf"\b({'|'.join(words)})\b", lambda match: str(words[match[1]]), text, flags=re.ASCII)
    return re.sub(r"\b([1-9]) (100|1000)\b", lambda match: f"{match[1]}{match[2][1:]}", plain)


def _parts(text: str, digits: str, whole: int) -> str:
    """So many of a hundred, a thousand or ten thousand, in per cent; what is no number stays."""
    number = _numeral(digits)
    return f"{_written(Fraction(number) * 100 / whole)}%" if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", number) else text


def _written(number: Fraction) -> str:
    """A number that has an end, with its digits."""
    whole, part = divmod(number * 10**10, 10**10)
    return f"{int(whole)}.{int(part):010d}".rstrip("0").rstrip(".")


def _numeral(text: str) -> str:
    """Write a Chinese numeral with digits; 零 alone, as in 零撸, is a word, and so is anything that is no numeral."""
    if text in ("零", "〇") or not _NUMERAL.fullmatch(text):
        return "0" if text == "〇" else text
    if not any(character in _UNITS for character in text):
        return "".join(str(_DIGITS[character]) for character in text)
    total = section = digit = 0
    for character in text:
        unit = _UNITS.get(character)
        if unit is None:
            digit = _DIGITS[character]
        elif unit >= _UNITS["万"]:
            total, section, digit = (total + section + digit or 1) * unit, 0, 0
        else:
            section, digit = section + (digit or 1) * unit, 0
    return str(total + section + digit)
