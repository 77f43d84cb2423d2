"""Batches for the bank, and what it says of them.

A batch is a file of payments. The bank's answer names each payment, and is taken in row by row: what is in doubt is
told and left as it is, and a file that is taken in twice counts once.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jifen.core.errors import InputError, Problem
from jifen.core.micros import format_micros, parse_micros
from jifen.engine.events import WithdrawalPaid
from jifen.service.acting import actor
from jifen.service.locks import alone
from jifen.service.moving.sheets import Row, open_sheets, write_sheets
from jifen.service.shop import shop_of
from jifen.service.wallets.following import locked, sent_to_books, to_be_reviewed
from jifen.service.wallets.models import BankBatch, Withdrawal
from jifen.service.wallets.payees import read_payee

__all__ = ["BATCH_MOST", "FILE_MOST", "RowProblem", "Taken", "make_batch", "take_results", "write_batch"]

BATCH_MOST = 1_000
"""Payments of a batch."""
FILE_MOST = 16 << 20
"""Bytes of a file with results, unfolded."""
_COLUMNS = ("payment", "amount", "currency", "name", "bank", "account")
_NAMES = {"付款编号": "payment", "结果": "result", "金额": "amount", "流水号": "reference", "原因": "reason"}
_RESULTS = {"paid": "paid", "成功": "paid", "failed": "failed", "失败": "failed"}
_PAYMENT = re.compile(r"([0-9a-z]{1,40})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row of the bank's that is left as it is."""

    line: int
    code: str
    message: str


@dataclass(slots=True)
class Taken:
    """What a file with results has brought."""

    paid: int = 0
    failed: int = 0
    repeated: int = 0
    """Rows that had been taken in before."""
    problems: list[RowProblem] = field(default_factory=list)


def make_batch(request: str, *, using: str = "default") -> BankBatch:
    """Send what is approved to the bank, oldest first; to ask again under the same id is to ask once.

    ``InputError`` (``nothing_to_pay``) where nothing is approved.
    """
    with alone("bank batches", using):
        made = BankBatch.objects.using(using).filter(request=request).first()
        if made is not None:
            return made
        approved = Withdrawal.objects.using(using).select_for_update().filter(state="approved")
        rows = list(approved.order_by("asked_at", "number")[:BATCH_MOST])
        if not rows:
            raise InputError(Problem("nothing_to_pay", "no withdrawal is approved", "review those that are reserved"))
        batch = BankBatch(request=request, made_by=actor(), count=len(rows), total=sum(row.net for row in rows))
        batch.save(using=using)
        for row in rows:
            row.state, row.batch = "sent", batch
            row.save(using=using)
    return batch


def write_batch(batch: BankBatch, path: Path, *, using: str = "default") -> int:
    """Write the payments of a batch into a new file, ``.csv`` or ``.xlsx``; returns how many.

    Those whose end is known already are left out: nobody is to be paid twice because a file was asked for again.
    """
    currency = shop_of(using).currency
    rows = Withdrawal.objects.using(using).filter(batch=batch, state="sent").order_by("number")
    return write_sheets(path, [("payments", _COLUMNS, (_cells(row, currency) for row in rows))])["payments"]


def _cells(row: Withdrawal, currency: str) -> tuple[str, ...]:
    payee = read_payee(bytes(row.payee))
    person = (payee.name, payee.bank, payee.account) if payee else ("", "", "")
    return row.payment, format_micros(row.net, 2), currency, *person


def take_results(path: Path, *, using: str = "default") -> Taken:
    """Take in what the bank says: a table with the columns ``payment`` and ``result``, paid or failed.

    ``amount``, ``reference`` and ``reason`` may stand beside them; the columns may be named in Chinese. A payment that
    failed is to be reviewed again. ``InputError`` for a file that cannot be read; nothing has been taken in then.
    """
    with open_sheets(path, FILE_MOST) as sheets:
        if len(sheets) != 1:
            raise InputError(
                Problem("no_table", "this is not one table", "give one CSV file, or a workbook of one sheet")
            )
        (sheet,) = sheets.values()
        rows = [(row.line, _named(row)) for row in sheet.rows()]
    taken = Taken()
    for line, cells in rows:
        for code, message in _taken(cells, taken, using):
            taken.problems.append(RowProblem(line, code, message))
    return taken


def _named(row: Row) -> dict[str, str]:
    return {_NAMES.get(name, name): cell for name, cell in row.cells.items()}


def _taken(cells: Mapping[str, str], taken: Taken, using: str) -> Iterator[tuple[str, str]]:
    """Take one row in, or say why not."""
    payment, result = _PAYMENT.fullmatch(cells.get("payment", "")), _RESULTS.get(cells.get("result", "").lower())
    if payment is None or not Withdrawal.objects.using(using).filter(number=payment[1]).exists():
        yield "unknown_payment", "no payment of ours has this number"
        return
    if result is None:
        yield "bad_result", "the result is neither paid nor failed"
        return
    with alone(f"withdrawal {payment[1]}", using):
        row = locked(payment[1], using)
        if row.payment != payment[0]:  # it failed, and has gone back to be reviewed since
            if result == "paid":
                yield "other_result", "the bank has said before that this payment failed"
            else:
                taken.repeated += 1
        elif row.state in ("paying", "paid"):
            if result == "paid":
                taken.repeated += 1
            else:
                yield "other_result", "the bank has said before that this payment was made"
        elif (wrong := _wrong_amount(cells, row)) is not None:
            yield wrong
        else:
            _end(row, result, cells, using)
            taken.paid, taken.failed = taken.paid + (result == "paid"), taken.failed + (result == "failed")


def _wrong_amount(cells: Mapping[str, str], row: Withdrawal) -> tuple[str, str] | None:
    """What is wrong with the amount, if the bank says one."""
    text = cells.get("amount", "").replace(",", "")
    if not text:
        return None
    try:
        paid = parse_micros(text)
    except ValueError:
        return "bad_amount", "the amount is none"
    return None if paid == row.net else ("wrong_amount", "the bank has paid another amount")


def _end(row: Withdrawal, result: str, cells: Mapping[str, str], using: str) -> None:
    row.bank_reference = cells.get("reference", "")[:200]
    if result == "paid":
        row.result = "paid"
        sent_to_books(row, WithdrawalPaid(id=f"wp:{row.number}", day=0, withdrawal=row.event), "paying", using)
        return
    to_be_reviewed(row)
    row.result, row.reason = "failed", cells.get("reason", "")[:200]
    row.save(using=using)
