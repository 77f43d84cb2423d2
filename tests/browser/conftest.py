"""The report is drawn from the account that the tests of reports use."""

from tests.report.conftest import account

__all__ = ["account"]
