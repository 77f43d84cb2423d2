"""A line on stderr before the first kernel is compiled: what keeps the user waiting, and that it is once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from jifen.cli.output import errors

if TYPE_CHECKING:
    from numba.core.event import Event

__all__ = ["compiling_shown"]


@contextmanager
def compiling_shown() -> Iterator[None]:
    """Say so once if a kernel has to be compiled, because the cache on disk does not have it for this machine."""
    from numba.core.event import Listener, install_listener

    said: list[str] = []

    class _Say(Listener):
        def on_start(self, event: "Event") -> None:
            if not said:
                said.append(_name(event.data))
                errors.print(_LINE.format(escape(said[0])))

        def on_end(self, event: "Event") -> None:
            pass

    with install_listener("numba:compile", _Say()):
        yield


_LINE = "compiling the fast loops for this machine, first [bold]{}[/]: once, up to a minute 首次编译，以后不再需要"


def _name(data: dict[str, Any]) -> str:
    function = data["dispatcher"].py_func
    return f"{function.__module__.removeprefix('jifen.')}.{function.__name__}"
