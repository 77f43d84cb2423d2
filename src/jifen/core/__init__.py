"""Amounts, days and errors: what all else stands on."""
