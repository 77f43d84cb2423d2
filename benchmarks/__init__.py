"""Ours and its peers on one job, one machine, in one run: ``make bench`` writes docs/performance.md."""
