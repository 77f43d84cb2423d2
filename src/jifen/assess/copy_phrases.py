"""Phrases in a shop's texts that promise what may not be promised: lists as data, in ``rules/phrases.yaml``.

Case, width, script, spaces and what cannot be seen do not matter. A list of words reads no meaning: who writes that
nothing is guaranteed is found as well, and who promises in words of his own is not.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jifen.assess.plain_text import simple_text
from jifen.plan.document import read_text

__all__ = ["found_phrases", "phrase_lists"]


@cache
def phrase_lists() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """By metric: phrases by language (``zh``, ``en``), and under ``harmless`` longer words that only contain one."""
    text = files("jifen.assess").joinpath("rules", "phrases.yaml").read_text(encoding="utf-8")
    document: Any = read_text(text, "phrases.yaml")
    return {name: {key: tuple(map(str, words)) for key, words in lists.items()} for name, lists in document.items()}


def found_phrases(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """By metric the phrases that stand in these texts, each with the name of its text.

    >>> found_phrases({"push": "积分只涨不跌！", "page": "夏季新品上市"})["copy_returns"]
    ('push: 只涨不跌',)
    """
    found = {}
    for metric, lists in phrase_lists().items():
        hits = [f"{name}: {phrase}" for name, text in texts.items() for phrase in _hits(text, lists)]
        found[metric] = tuple(dict.fromkeys(hits))
    return found


def _hits(text: str, lists: Mapping[str, tuple[str, ...]]) -> list[str]:
    words = simple_text(text)
    packed = re.sub(r"\s+", "", words)
    for harmless in lists.get("harmless", ()):
        packed = packed.replace(harmless, "·")
    chinese = [phrase for phrase in lists.get("zh", ()) if phrase in packed]
    spaced = re.sub(r"[\s\-–—]+", " ", words)
    english = [
        # Not `\b`: a Chinese character beside a word is no part of it.
        phrase
        for phrase in lists.get("en", ())
        if re.search(rf"(?<![a-z0-9]){re.escape(phrase)}(?![a-z0-9])", spaced)
    ]
    return [*chinese, *english]
