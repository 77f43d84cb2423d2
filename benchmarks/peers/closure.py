"""The walk up the tree as both databases say it: a recursive query, to be formatted with ``top`` and ``depths``."""

__all__ = ["UP"]

UP = """up AS (
    SELECT m.parent AS member, b.base, 1 AS depth, a.rate, 0::bigint AS covered, false AS paid
    FROM base b JOIN members m USING (member) JOIN members a ON a.member = m.parent
  UNION ALL
    SELECT m.parent, up.base, up.depth + 1, a.rate, greatest(up.rate, up.covered),
           up.rate <= up.covered AND (up.paid OR (up.rate = up.covered AND up.rate > 0))
    FROM up JOIN members m USING (member) JOIN members a ON a.member = m.parent
    WHERE NOT (greatest(up.rate, up.covered) = {top} AND up.rate <= up.covered AND (up.paid OR up.rate = up.covered))
       OR up.depth < {depths}
)"""
"""For each source and ancestor: the rate, the highest rate met before him, and whether a peer of it was paid."""
