"""Debian's Chromium; the report of a run is drawn from the account that the tests of reports use."""

import os
import shutil

import pytest
from tests.report.conftest import account

__all__ = ["account"]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by playwright."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on this machine; Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    # Playwright keeps a loop of events in this thread, and Django would then refuse every test its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield running
        running.close()
