"""Measurements: how fast a close, orders, files, snapshots and the journal are on this machine, and against what."""
