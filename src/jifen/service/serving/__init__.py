"""The processes of a live shop, ``jifen serve`` and ``jifen worker``, and what can be seen of them from outside.

``docs/guide/operate.md`` says how a shop is run.
"""
