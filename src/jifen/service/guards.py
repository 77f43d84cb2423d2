"""What the database itself refuses, as triggers: the same rules in the words of SQLite and of PostgreSQL.

1. What is written stays: nobody changes or removes events, transfers, batches, names, runs, coverage, plan versions,
   changes of the plan, and what the shop is (a sandbox never becomes a live shop).
2. Rows are written for the batch that is open, and only one can be, the next one.
3. A balance is touched once a batch, and says what it was before.
4. A batch is sealed only if it follows the last one's hash, and each account has changed by the sum of its transfers.
5. An opened batch that is not sealed cannot be committed: its key is deferred (see ``models.Opening``).
"""

__all__ = ["POSTGRESQL", "POSTGRESQL_SEAL", "SQLITE", "SQLITE_SEAL"]

_KEPT = ("event", "transfer", "batch", "name", "plan_version", "run", "coverage", "plan_change", "shop")
_OF_OPENING = ("event", "transfer", "name", "run", "coverage", "plan_change")

_BEFORE = "COALESCE((SELECT {rows} FROM batch WHERE number = NEW.number - 1), 0)"
"""How many rows of a table the batches before have: the next one's are numbered from there."""
_NEW = f"number >= {_BEFORE.format(rows='transfers')} AND number < NEW.transfers"
"""The transfers of the new batch. PostgreSQL knows none of the bounds when it plans: of one alone it expects a third of
the table, and reads all of it for a single order."""

_NET = f"""
    SELECT account, SUM(change) AS change FROM (
        SELECT source AS account, -amount AS change FROM transfer WHERE {_NEW}
        UNION ALL SELECT target, amount FROM transfer WHERE {_NEW}
    ) AS moved GROUP BY account
"""
"""What the transfers of the new batch do to each account."""


def _miscounted(table: str, rows: str) -> str:
    """Whether the numbers of a batch's rows do not go on from those before, without a gap, to its count."""
    before = _BEFORE.format(rows=rows)
    return (
        f"NEW.{rows} <> {before} + (SELECT COUNT(*) FROM {table} WHERE number >= {before} AND number < NEW.{rows})"
        f" OR NEW.{rows} <> COALESCE((SELECT MAX(number) + 1 FROM {table}), 0)"
    )


_SEAL = {
    "a batch is sealed that is not open":
        "NEW.number IS DISTINCT FROM (SELECT batch FROM opening)",
    "a batch does not follow from the last one":
        "NEW.previous <> COALESCE((SELECT hash FROM batch WHERE number = NEW.number - 1), {zero})",
    "a hash has 32 bytes":
        "LENGTH(NEW.hash) <> 32 OR LENGTH(NEW.previous) <> 32",
    "a batch does not count its events": _miscounted("event", "events"),
    "a batch does not count its transfers": _miscounted("transfer", "transfers"),
    "balances do not change by what is transferred":
        "EXISTS (SELECT 1 FROM (SELECT COUNT(*) AS moved,"
        " COALESCE(SUM(CASE WHEN balance.amount - balance.previous = net.change THEN 1 ELSE 0 END), 0) AS followed"
        f" FROM ({_NET}) AS net LEFT JOIN balance ON balance.account = net.account AND balance.batch = NEW.number"
        ") AS changed WHERE moved <> followed OR moved <> (SELECT COUNT(*) FROM balance WHERE batch = NEW.number))",
}  # fmt: skip
"""Why the seal of a batch is refused, by what is said then."""

_OPENS = "{row}batch IS DISTINCT FROM (SELECT COALESCE(MAX(number) + 1, 0) FROM batch)"
_NOT_OPEN = "{row}batch IS DISTINCT FROM (SELECT batch FROM opening)"

# -- SQLite ----------------------------------------------------------------------------------------------------------


def _on_sqlite(name: str, when: str, condition: str, message: str) -> str:
    """A row trigger that refuses a statement."""
    condition = condition.replace("IS DISTINCT FROM", "IS NOT")
    return f"CREATE TRIGGER {name} {when} FOR EACH ROW WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"


def _sqlite() -> list[str]:
    made = [
        _on_sqlite(f"{table}_kept_{verb.lower()}", f"BEFORE {verb} ON {table}", "1", f"a {table} is never changed")
        for table in _KEPT
        for verb in ("UPDATE", "DELETE")
    ]
    made += [
        _on_sqlite(f"{table}_of_opening", f"BEFORE INSERT ON {table}", _NOT_OPEN.format(row="NEW."),
                   f"a {table} is written outside of the open batch")
        for table in _OF_OPENING
        if table != "transfer"
    ]  # fmt: skip
    # A column of SQLite takes anything; what is no whole number is refused here. One trigger is faster than two.
    made.append(_on_sqlite(
        "transfer_of_opening", "AFTER INSERT ON transfer",
        f"{_NOT_OPEN.format(row='NEW.')} OR typeof(NEW.amount) <> 'integer' OR typeof(NEW.source) <> 'integer'"
        " OR typeof(NEW.target) <> 'integer'",
        "a transfer is of whole numbers, and written in the open batch",
    ))  # fmt: skip
    made += [
        _on_sqlite("opening_next", "BEFORE INSERT ON opening", _OPENS.format(row="NEW."), "only the next batch opens"),
        _on_sqlite("opening_kept", "BEFORE UPDATE ON opening", "1", "an opening is never changed"),
        _on_sqlite("balance_kept", "BEFORE DELETE ON balance", "1", "a balance is never removed"),
        _on_sqlite("balance_new", "BEFORE INSERT ON balance",
                   f"NEW.previous <> 0 OR typeof(NEW.amount) <> 'integer' OR {_NOT_OPEN.format(row='NEW.')}",
                   "a balance is made outside of the open batch"),
        _on_sqlite("balance_once", "BEFORE UPDATE ON balance",
                   "NEW.account <> OLD.account OR NEW.previous IS NOT OLD.amount OR NEW.batch <= OLD.batch"
                   f" OR typeof(NEW.amount) <> 'integer' OR {_NOT_OPEN.format(row='NEW.')}",
                   "a balance changes once in the open batch, from what it was"),
        _on_sqlite("inbox_kept", "BEFORE DELETE ON inbox", "1", "the inbox keeps what was asked for"),
        _on_sqlite("inbox_decided", "BEFORE UPDATE ON inbox",
                   "OLD.batch IS NOT NULL OR NEW.key <> OLD.key OR NEW.content <> OLD.content"
                   f" OR {_NOT_OPEN.format(row='NEW.')}", "the inbox is decided once, by the open batch"),
    ]  # fmt: skip
    made.append(_sqlite_seal())
    # The last key of an opening is its batch: it may go only when that stands.
    made.append(_on_sqlite(
        "opening_left", "BEFORE DELETE ON opening", "OLD.batch NOT IN (SELECT number FROM batch)",
        "an opened batch is sealed, or its transaction is rolled back",
    ))  # fmt: skip
    return made


def _sqlite_seal() -> str:
    checks = "".join(
        f"SELECT RAISE(ABORT, '{message}') WHERE {condition.replace('IS DISTINCT FROM', 'IS NOT')}; "
        for message, condition in _SEAL.items()
    ).replace("{zero}", "zeroblob(32)")
    return f"CREATE TRIGGER batch_sealed AFTER INSERT ON batch FOR EACH ROW BEGIN {checks} DELETE FROM opening; END"


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


def _on_postgresql(name: str, when: str, condition: str, message: str) -> list[str]:
    """A trigger, of a statement unless ``when`` says of each row, that refuses a statement."""
    each = "" if "FOR EACH" in when else " FOR EACH STATEMENT"
    return [
        _function(name, _refuse(condition, message)),
        f"CREATE TRIGGER {name} {when}{each} EXECUTE FUNCTION {name}()",
    ]


def _refuse(condition: str, message: str) -> str:
    """The statement of a function that refuses what its trigger was called for."""
    return f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "


def _function(name: str, statements: str) -> str:
    """What a trigger calls."""
    body = f"BEGIN {statements} RETURN NULL; END"
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"


def _postgresql() -> list[str]:
    made = []
    for table in _KEPT:
        made += _on_postgresql(
            f"{table}_kept", f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}", "TRUE", f"a {table} is never changed"
        )
    new = " REFERENCING NEW TABLE AS new_rows"
    for table in _OF_OPENING:
        made += _on_postgresql(
            f"{table}_of_opening", f"AFTER INSERT ON {table}{new}", _some(_NOT_OPEN.format(row="")),
            f"a {table} is written outside of the open batch",
        )  # fmt: skip
    made += _on_postgresql(
        "opening_next", f"AFTER INSERT ON opening{new}", _some(_OPENS.format(row="")), "only the next batch opens"
    )
    made += _on_postgresql(
        "opening_kept", "BEFORE UPDATE OR TRUNCATE ON opening", "TRUE", "an opening is never changed"
    )
    made += _on_postgresql(
        "opening_left", "AFTER DELETE ON opening REFERENCING OLD TABLE AS new_rows",
        _some("batch NOT IN (SELECT number FROM batch)"),
        "an opened batch is sealed, or its transaction is rolled back",
    )  # fmt: skip
    made += _on_postgresql("balance_kept", "BEFORE DELETE OR TRUNCATE ON balance", "TRUE", "a balance is never removed")
    made += _on_postgresql(
        "balance_new", f"AFTER INSERT ON balance{new}", _some(f"previous <> 0 OR {_NOT_OPEN.format(row='')}"),
        "a balance is made outside of the open batch",
    )  # fmt: skip
    both = " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
    made += _on_postgresql(
        "balance_once", f"AFTER UPDATE ON balance{both}",
        "EXISTS (SELECT 1 FROM new_rows FULL JOIN old_rows USING (account) WHERE new_rows.previous IS DISTINCT FROM"
        f" old_rows.amount OR new_rows.batch <= old_rows.batch OR {_NOT_OPEN.format(row='new_rows.')})",
        "a balance changes once in the open batch, from what it was",
    )  # fmt: skip
    made += _on_postgresql(
        "inbox_kept", "BEFORE DELETE OR TRUNCATE ON inbox", "TRUE", "the inbox keeps what was asked for"
    )
    made += _on_postgresql(
        "inbox_decided", f"AFTER UPDATE ON inbox{both}",
        "EXISTS (SELECT 1 FROM new_rows FULL JOIN old_rows USING (id) WHERE old_rows.batch IS NOT NULL"
        " OR new_rows.key IS DISTINCT FROM old_rows.key OR new_rows.content IS DISTINCT FROM old_rows.content"
        f" OR {_NOT_OPEN.format(row='new_rows.')})",
        "the inbox is decided once, by the open batch",
    )  # fmt: skip
    made += [
        _postgresql_seal(),
        "CREATE TRIGGER batch_sealed AFTER INSERT ON batch FOR EACH ROW EXECUTE FUNCTION batch_sealed()",
    ]
    return made


def _postgresql_seal() -> str:
    checks = "".join(_refuse(condition, message) for message, condition in _SEAL.items())
    zero = f"'\\x{'00' * 32}'::bytea"
    return _function("batch_sealed", f"{checks.replace('{zero}', zero)} DELETE FROM opening;")


def _some(condition: str) -> str:
    """Whether a condition holds of some of the statement's rows."""
    return f"EXISTS (SELECT 1 FROM new_rows WHERE {condition})"


SQLITE = tuple(_sqlite())
"""Statements, in order."""
POSTGRESQL = tuple(_postgresql())
"""Statements, in order."""
SQLITE_SEAL, POSTGRESQL_SEAL = ("DROP TRIGGER batch_sealed", _sqlite_seal()), (_postgresql_seal(),)
"""Statements that put the seal of now in place of an older release's."""
