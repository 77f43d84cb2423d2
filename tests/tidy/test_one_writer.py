"""Journals are written by the engine and the ledger only: nobody else even names the writer."""

import ast

WRITERS = ("src/jifen/engine/", "src/jifen/ledger/")


def writer_uses(source) -> list[str]:
    found = []
    for node in ast.walk(source.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        names += [node.attr] if isinstance(node, ast.Attribute) else []
        if "JournalWriter" in names:
            found.append(f"{source.name}:{node.lineno}")
    return found


def test_only_engine_and_ledger_write_journals(sources):
    others = [source for source in sources if not source.name.startswith(WRITERS)]
    assert [line for source in others for line in writer_uses(source)] == []


def test_another_writer_is_found(snippet):
    text = "from jifen.ledger.journal import JournalWriter\nimport jifen.ledger.journal as j\nw = j.JournalWriter()\n"
    assert writer_uses(snippet(text)) == ["bad.py:1", "bad.py:3"]
