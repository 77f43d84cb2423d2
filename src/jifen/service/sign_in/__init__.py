"""Signing up and in: through the door, by a code that was sent to a phone."""
