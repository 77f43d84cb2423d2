"""The words of the status page, in one language."""

from collections.abc import Mapping
from functools import cache

from jifen.assess.texts import LANGUAGES, texts

__all__ = ["language_of", "words"]


@cache
def words(language: str) -> Mapping[str, str]:
    """All texts of the page in a language, by name."""
    known = texts("status.yaml", "jifen.service.status")
    return {name: each[language] for name, each in known.items()}


def language_of(asked: str, accepted: str) -> str:
    """The language that was asked for, or the first that the browser accepts and there is.

    >>> language_of("", "fr, zh-CN;q=0.8, en;q=0.5"), language_of("en", "zh"), language_of("", "")
    ('zh', 'en', 'en')
    """
    tags = [asked, *(part.partition(";")[0].strip() for part in accepted.split(","))]
    found = (language for tag in tags for language in LANGUAGES if tag.lower().partition("-")[0] == language)
    return next(found, LANGUAGES[0])
