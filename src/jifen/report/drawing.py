"""The library that draws a report's charts, as one script: made once by the installed package, then kept on disk.

``python -m jifen.report.drawing`` makes it ahead of the first report, which set-up does.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["KEPT", "drawing_library", "drawing_script"]

KEPT = Path(__file__).parent / "__pycache__"
"""Where the script is kept: beside its source, as compiled Python and compiled kernels are."""

_EXPORTS = "window.vegaEmbed = vegaEmbed;"


@cache
def drawing_library() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script, as the installed package carries it.

    Making it takes two seconds of a small machine; where it cannot be kept it is made again each time.
    """
    of = sha256(_EXPORTS.encode()).hexdigest()[:8]
    kept = KEPT / f"drawing-{version('vl-convert-python')}-{of}.js"
    try:
        return kept.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        pass
    import vl_convert

    library: str = vl_convert.javascript_bundle(_EXPORTS)
    _keep(kept, library)
    return library


def drawing_script(specifications: Sequence[Mapping[str, Any]]) -> str:
    """Return the library, and one call for each chart: it is drawn into the element ``chart-`` and its number."""
    # "<" cannot end the script early when it is written as an escape.
    data = json.dumps(specifications, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    calls = (
        f"const charts = {data};\n"
        "Promise.all(charts.map((chart, number) => vegaEmbed('#chart-' + number, chart, "
        "{renderer: 'svg', actions: false}))).then(() => { document.body.dataset.drawn = charts.length; });"
    )
    return f"<script>{drawing_library()}</script>\n<script>{calls}</script>"


def _keep(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all; a folder that cannot be written to is no mistake."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        unfinished.write_bytes(text.encode())
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):
            unfinished.unlink()


if __name__ == "__main__":
    drawing_library()
