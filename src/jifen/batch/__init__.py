"""Runs over files: members, orders, refunds and other events in; journal, balances and figures out."""
