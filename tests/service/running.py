"""``jifen serve`` as it is run, and other commands beside it."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JIFEN = (sys.executable, "-c", "from jifen.cli import main; main()")
PATIENCE = 90.0
"""Seconds: a machine that is busy with other things starts a process slowly."""


class Shop:
    """``jifen serve`` on a free port of this machine."""

    def __init__(self, environment, errors: Path, *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [*JIFEN, "serve", "--bind", f"127.0.0.1:{self.port}", *options]
        with errors.open("w") as file:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, env=environment, text=True)
        self.errors = errors
        assert self.process.stdout.readline() == f"http://127.0.0.1:{self.port}\n", errors.read_text()

    def get(self, path: str):
        """Status, headers and text of an answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, answer.read().decode()

    def wait_for(self, status: int) -> list[str]:
        """Wait until the shop is ready, or is not; returns the codes of the reasons."""
        until = time.monotonic() + PATIENCE
        while (answer := self.get("/readyz"))[0] != status:
            assert time.monotonic() < until, (answer, self.errors.read_text())
            time.sleep(0.02)
        return [reason["code"] for reason in json.loads(answer[2])["reasons"]]

    def lines(self) -> list[dict]:
        """What it has logged."""
        return [json.loads(line) for line in self.errors.read_text().splitlines()]

    def worker(self) -> int:
        """The id of the worker that was started last."""
        started = [line for line in self.lines() if line["message"] == "started"]
        return [line["child"] for line in started if line["process_name"] == "worker"][-1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        with self.process.stdout:
            try:
                return self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                pytest.fail(self.errors.read_text())


def jifen(environment, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([*JIFEN, *arguments], env=environment, capture_output=True, text=True, timeout=60)
