"""Refuse built pages that ask another host for something: ``python outside_requests.py FOLDER``.

A link that a reader may follow is no request; a script, style sheet, picture, font or frame is.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

LOADS = {
    "audio": "src", "embed": "src", "iframe": "src", "img": "src", "input": "src", "link": "href", "object": "data",
    "script": "src", "source": "src", "track": "src", "video": "src",
}  # fmt: skip
QUIET_LINKS = {"canonical", "next", "prev", "search", "index", "author", "license"}
OUTSIDE = re.compile(r"(?:[a-z]+:)?//", re.IGNORECASE)
STYLE_LOADS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s;]+)""", re.IGNORECASE)


class _Page(HTMLParser):
    """Collects what a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        address = given.get(LOADS.get(tag, ""), "")
        quiet = tag == "link" and given.get("rel", "") in QUIET_LINKS
        if OUTSIDE.match(address) and not quiet:
            self.found.append(f"<{tag}> {address}")
        self.found += STYLE_LOADS.findall(given.get("style", ""))


def outside_requests(folder: Path) -> list[str]:
    """Say which built pages and style sheets load what from another host."""
    found = []
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".html":
            page = _Page()
            text = file.read_text(encoding="utf-8")
            page.feed(text)
            loaded = page.found + [
                address
                for block in re.findall(r"<style.*?</style>", text, re.DOTALL)
                for address in STYLE_LOADS.findall(block)
            ]
        elif file.suffix == ".css":
            loaded = STYLE_LOADS.findall(file.read_text(encoding="utf-8"))
        else:
            continue
        found += [f"{file}: {address}" for address in loaded]
    return found


if __name__ == "__main__":
    sys.exit("\n".join(outside_requests(Path(sys.argv[1]))) or None)
