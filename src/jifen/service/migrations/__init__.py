"""The tables, release after release."""
