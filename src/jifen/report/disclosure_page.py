"""The page for members as HTML: one file, in English, in Chinese or in both, with nothing loaded from anywhere."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from jifen.assess.disclosure import TEXTS, Disclosure
from jifen.assess.texts import LANGUAGES, say, texts

__all__ = ["disclosure_page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_DIGEST_SHOWN = 12
_TAGS = {"en": "en", "zh": "zh-Hans"}


def disclosure_page(disclosure: Disclosure, languages: Sequence[str] = LANGUAGES) -> str:
    """Return the whole page as text, its parts in the order of the languages."""
    style = files("jifen.report").joinpath("page.css").read_text(encoding="utf-8")
    title = " · ".join(disclosure.title[language] for language in languages)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{_TAGS[languages[0]]}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(title)} · jifen</title>",
        f"<style>{style}</style></head><body><main>",
        *(_language(disclosure, language) for language in languages),
        f'<p class="soft">{escape(disclosure.plan)} {escape(disclosure.digest[:_DIGEST_SHOWN])}</p>',
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _language(disclosure: Disclosure, language: str) -> str:
    headings = texts(TEXTS)["sections"]
    parts = [f'<article lang="{_TAGS[language]}"><h1>{escape(disclosure.title[language])}</h1>']
    for section in disclosure.sections:
        told = "".join(f"<li>{escape(say(TEXTS, each, language))}</li>" for each in section.statements)
        parts.append(f"<h2>{escape(headings[section.name][language])}</h2><ul>{told}</ul>")
    return "\n".join([*parts, "</article>"])
