"""The status page: what a shop's operator wants to see at a glance, and any member's account. It only reads."""
