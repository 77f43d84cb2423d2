"""Connectors: signed webhooks of foreign shops become events."""
