"""The books without a database: transfers, journal segments, hash chain, snapshots, invariants."""
