"""The names of the files in the directory of a run."""

__all__ = ["JOURNAL", "PLAN", "REJECTED", "RUN", "RUN_FORMAT", "SNAPSHOT"]

JOURNAL = "journal"
PLAN = "plan.json"
SNAPSHOT = "snapshot"
REJECTED = "rejected.csv"
RUN = "run.json"
RUN_FORMAT = "jifen run 1"
