"""Bundles for an auditor or a regulator: what a shop did as files that one key has signed."""
