"""What all tests share: budgets of the property tests, and where the shared cases and data are."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

NIGHTLY_BUDGET = int(os.environ.get("JIFEN_NIGHTLY_BUDGET", "500"))

settings.register_profile("default", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=15, deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.fixture(scope="session")
def nightly_budget() -> int:
    """How many examples (histories, crashes) each long run may try."""
    return NIGHTLY_BUDGET


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared cases and data: ``JIFEN_SHARED``, or ``../shared`` beside the repository."""
    folder = Path(os.environ.get("JIFEN_SHARED") or Path(__file__).parents[2] / "shared")
    if not folder.is_dir():
        pytest.skip(f"no shared cases and data at {folder}; JIFEN_SHARED names another folder")
    return folder


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows the bulk lane itself has done, call by call."""
    from jifen.engine.bulk import Lane

    rows: list[int] = []
    before = Lane._run

    def counted(lane, rows_of, first, end):
        stopped, why = before(lane, rows_of, first, end)
        rows.append(stopped - first)
        return stopped, why

    monkeypatch.setattr(Lane, "_run", counted)
    return rows
