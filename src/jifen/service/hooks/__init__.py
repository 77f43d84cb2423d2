"""Webhooks that a shop sends."""
