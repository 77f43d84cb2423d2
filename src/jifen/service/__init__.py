"""The live ledger of a shop: its inbox, its log and its books in a database, and the one writer that adds to them.

Django is at home from here on up. ``docs/live.md`` says how a batch comes to be and what the database refuses.
"""
