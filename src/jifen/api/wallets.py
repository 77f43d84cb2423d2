"""Wallets 钱包 of members: what is in them, and what is sent and withdrawn; and what the shop does with withdrawals."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, cast

from django.http import FileResponse, HttpRequest
from ninja import File, Router, Schema, UploadedFile
from pydantic import Field, StringConstraints

from jifen.api.access import member_of, needs, principal_of
from jifen.api.amounts import Amount, Id, NotNegative, Positive, Sum
from jifen.api.bodies import Body
from jifen.api.events import Outcome, outcomes
from jifen.api.limits import patience
from jifen.api.problems import Refused
from jifen.api.reading import Cursor, Size, as_date, page_of, readers
from jifen.engine.events import AssetTransferred
from jifen.service.current import current
from jifen.service.door import enter
from jifen.service.members.numbers import masked
from jifen.service.programs.studies import plan_of
from jifen.service.reads import balances
from jifen.service.rights import Right
from jifen.service.standing import standing
from jifen.service.wallets import bank
from jifen.service.wallets.asking import ask, asked_today, review
from jifen.service.wallets.following import follow
from jifen.service.wallets.models import BankBatch, Withdrawal
from jifen.service.wallets.payees import payee_of, read_payee
from jifen.service.wallets.terms import Terms, change_terms, terms_of

__all__ = ["router", "withdrawals"]

router, withdrawals = Router(tags=["wallets"]), Router(tags=["wallets"])

_Asset = Literal["cash", "coin", "voucher"]
_ASSETS: tuple[_Asset, ...] = ("cash", "coin", "voucher")
_State = Literal["asked", "refused", "reserved", "approved", "sent", "paying", "rejecting", "paid", "rejected"]
_Wait = Annotated[int, Field(ge=0, le=20, strict=True, description="Seconds to wait for the books")]
_Number = Annotated[str, StringConstraints(pattern=r"^[0-9a-z]{12}$"), Field(examples=["7kx3mw2qhvra"])]
_Reason = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["the account is closed"])]
_BATCH_NUMBERS = (1 << 63) - 1
_TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_FILE = {"type": "string", "format": "binary"}


# -- the member's own -----------------------------------------------------------------------------------------------


class Wallet(Schema):
    """What a member has of one asset: 零钱 cash, 购物币 coin, 兑换券 voucher."""

    asset: _Asset
    available: Sum = Field(description="What may be spent, sent or withdrawn, as far as the plan lets it")
    set_aside: Sum = Field(description="For withdrawals that have not ended", examples=["0.00"])
    debt: Sum = Field(
        description="What a refund took back and was spent already: later earnings pay it first", examples=["0.00"]
    )
    withdrawable: bool = Field(description="Whether the plan pays it out")
    transferable: bool = Field(description="Whether it may be sent to another member")


class Wallets(Schema):
    """The member's wallets, and what may be withdrawn on the day that is open."""

    member: str = Field(examples=["ann"])
    items: list[Wallet]
    least: Sum = Field(description="The smallest withdrawal", examples=["1.00"])
    left_today: Sum | None = Field(description="What may still be asked for on this business day; null without a limit")
    payee: str = Field(
        description="The account that the bank pays, masked; empty if none is named", examples=["6214****1234"]
    )


@router.get("/{member}/wallets", summary="Wallets", **needs(Right.BOOKS_READ, own=True, answers=Wallets))
def read_wallets(request: HttpRequest, member: Id) -> Wallets:
    """What the member has of each asset, and what the plan lets be done with it."""
    name, using = member_of(request, member), current()
    held, terms = balances(name, readers().directory).amounts, terms_of(using)
    params = plan_of(standing(using).digest, using).params
    withdrawable, transferable = (
        {"cash": True, "coin": params["coin_withdrawable"]},
        {"coin": params["coin_transferable"]},
    )
    items = []
    for asset in _ASSETS:
        amount = held.get(("wallet", asset), 0)
        items.append(Wallet(
            asset=asset, available=max(amount, 0), set_aside=held.get(("pending", asset), 0), debt=max(-amount, 0),
            withdrawable=bool(withdrawable.get(asset)), transferable=bool(transferable.get(asset)),
        ))  # fmt: skip
    left = None if terms.daily_limit is None else max(terms.daily_limit - asked_today(name, using=using), 0)
    payee = payee_of(name, using)
    return Wallets(
        member=name, items=items, least=terms.least, left_today=left, payee=masked(payee.account) if payee else ""
    )


class Sending(Body):
    """What is sent to another member."""

    id: Id = Field(description="Chosen by who sends: the same one counts once", examples=["t-1"])
    to: Id = Field(description="The member who gets it", examples=["bob"])
    amount: Positive = Field(examples=["5.00"])
    asset: _Asset = "coin"
    wait: _Wait = 0


@router.post("/{member}/transfers", summary="Send to a member", **needs(Right.EVENTS_WRITE, own=True, answers=Outcome))
def send(request: HttpRequest, member: Id, body: Sending) -> Outcome:
    """Send coins to another member, where the plan lets them be sent: `asset_forbidden` where it does not."""
    name = member_of(request, member)
    event = AssetTransferred(
        id=f"tf:{name}:{body.id}", day=0, member=name, to=body.to, amount=body.amount, asset=body.asset
    )
    with patience(body.wait) as seconds:
        (found,) = outcomes(enter([event], using=current(), wait=seconds))
    return found.model_copy(update={"id": body.id})


class WithdrawalAnswer(Schema):
    """A withdrawal."""

    number: _Number
    id: str = Field(description="As the member chose it", examples=["w-1"])
    member: str = Field(examples=["ann"])
    asset: _Asset
    amount: Sum = Field(description="What leaves the wallet")
    fee: Sum = Field(description="What of it is withheld", examples=["0.10"])
    net: Sum = Field(description="What the bank pays", examples=["19.80"])
    state: _State = Field(examples=["reserved"])
    code: str = Field(description="Why the books refused it", examples=["insufficient"])
    reason: str = Field(description="Why it was rejected, or what the bank says of its failure", examples=[""])
    result: Literal["", "paid", "failed"] = Field(description="What the bank said last", examples=["paid"])
    payee: str = Field(description="The account that the bank pays, masked", examples=["6214****1234"])
    day: date = Field(description="The business day on which it was asked for")
    asked_at: datetime
    reviewed_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Withdrawal) -> "WithdrawalAnswer":
        """A withdrawal as it is shown."""
        payee = read_payee(bytes(row.payee))
        return cls(
            number=row.number, id=row.request, member=row.member, asset=cast("_Asset", row.asset), amount=row.amount,
            fee=row.fee, net=row.net, state=cast("_State", row.state), code=row.code, reason=row.reason,
            result=cast("Any", row.result), payee=masked(payee.account) if payee else "", day=as_date(row.day),
            asked_at=row.asked_at, reviewed_at=row.reviewed_at, ended_at=row.ended_at,
        )  # fmt: skip


class WithdrawalPage(Schema):
    """Some withdrawals, the newest first."""

    items: list[WithdrawalAnswer]
    next: str | None


class Wish(Body):
    """A withdrawal that is asked for."""

    id: Id = Field(description="Chosen by who asks: the same one counts once", examples=["w-1"])
    amount: Amount = Field(description="Whole cents", examples=["20.00"])
    asset: _Asset = "cash"
    wait: _Wait = 0


@router.post(
    "/{member}/withdrawals", summary="Withdraw", **needs(Right.EVENTS_WRITE, own=True, answers=WithdrawalAnswer)
)
def withdraw(request: HttpRequest, member: Id, body: Wish) -> WithdrawalAnswer:
    """Ask for a withdrawal: the amount is set aside at once, and paid when somebody has reviewed it.

    With `wait` the answer is `reserved`, or `refused` with the `code` of the books.
    """
    name = member_of(request, member)
    readers().directory.member(name)
    with patience(body.wait) as seconds:
        return WithdrawalAnswer.of(ask(name, body.id, body.amount, body.asset, using=current(), wait=seconds))


@router.get(
    "/{member}/withdrawals", summary="A member's withdrawals",
    **needs(Right.BOOKS_READ, own=True, answers=WithdrawalPage),
)  # fmt: skip
def list_own(request: HttpRequest, member: Id, cursor: Cursor = None, size: Size = 50) -> WithdrawalPage:
    """What the member has asked for, the newest first."""
    return _page(Withdrawal.objects.filter(member=member_of(request, member)), cursor, size)


# -- the shop's -----------------------------------------------------------------------------------------------------


class WithdrawalTermsBody(Body):
    """The shop's terms for withdrawals."""

    least: NotNegative = Field(description="The smallest withdrawal", examples=["1.00"])
    daily_limit: NotNegative | None = Field(None, description="Of a member on one business day", examples=["5000.00"])
    fee_rate: Annotated[str, StringConstraints(pattern=r"^0(\.[0-9]{1,6})?$")] = Field(
        "0", description="The part of the amount that is withheld, as a fraction", examples=["0.006"]
    )
    fee_fixed: NotNegative = Field(0, description="What is withheld of each besides, in whole cents", examples=["0.50"])


class WithdrawalTermsAnswer(Schema):
    """The shop's terms for withdrawals."""

    least: Sum = Field(examples=["1.00"])
    daily_limit: Sum | None = Field(examples=["5000.00"])
    fee_rate: str = Field(examples=["0.006"])
    fee_fixed: Sum = Field(examples=["0.50"])


@withdrawals.get("/terms", summary="Terms of withdrawals", **needs(Right.BOOKS_READ, answers=WithdrawalTermsAnswer))
def read_terms(request: HttpRequest) -> dict[str, Any]:
    """The least amount, the limit of a day, and the fee."""
    return _terms(terms_of(current()))


@withdrawals.put("/terms", summary="Change the terms", **needs(Right.WITHDRAWALS_PAY, answers=WithdrawalTermsAnswer))
def write_terms(request: HttpRequest, body: WithdrawalTermsBody) -> dict[str, Any]:
    """Let other terms count from now on; withdrawals that have been asked for keep theirs."""
    rate = int(body.fee_rate.partition(".")[2].ljust(6, "0"))
    return _terms(change_terms(Terms(body.least, body.daily_limit, rate, body.fee_fixed), using=current()))


def _terms(terms: Terms) -> dict[str, Any]:
    rate = f"0.{terms.fee_rate:06d}".rstrip("0").rstrip(".")
    return {"least": terms.least, "daily_limit": terms.daily_limit, "fee_rate": rate, "fee_fixed": terms.fee_fixed}


@withdrawals.get("", summary="Withdrawals", **needs(Right.BOOKS_READ, answers=WithdrawalPage))
def list_withdrawals(
    request: HttpRequest, state: _State | None = None, cursor: Cursor = None, size: Size = 50
) -> WithdrawalPage:
    """All withdrawals, or those in a state, the newest first: `reserved` ones are to be reviewed."""
    rows = Withdrawal.objects.all()
    return _page(rows if state is None else rows.filter(state=state), cursor, size)


class BatchWish(Body):
    """A batch for the bank."""

    id: Id = Field(description="Chosen by who asks: the same one is the same batch", examples=["2026-03-31"])


class BatchAnswer(Schema):
    """A batch for the bank."""

    number: int = Field(examples=[12])
    id: str = Field(examples=["2026-03-31"])
    count: int
    total: Sum = Field(description="What the bank is to pay")
    made_at: datetime
    made_by: str = Field(examples=["staff:7kx3mw2qhvra"])


@withdrawals.post("/batches", summary="Make a batch", **needs(Right.WITHDRAWALS_PAY, answers=BatchAnswer))
def make_batch(request: HttpRequest, body: BatchWish) -> BatchAnswer:
    """Send what is approved to the bank, 1,000 payments at most, oldest first: the file has them."""
    batch = bank.make_batch(body.id, using=current())
    return BatchAnswer(
        number=batch.number, id=batch.request, count=batch.count, total=batch.total, made_at=batch.made_at,
        made_by=batch.made_by,
    )  # fmt: skip


_DOWNLOAD = needs(Right.WITHDRAWALS_PAY, answers=None)
_DOWNLOAD["openapi_extra"] |= {"responses": {200: {"content": {kind: {"schema": _FILE} for kind in _TYPES.values()}}}}


@withdrawals.get("/batches/{number}/file", summary="The file for the bank", **_DOWNLOAD)
def read_file(
    request: HttpRequest, number: Annotated[int, Field(ge=1, le=_BATCH_NUMBERS)], kind: Literal["csv", "xlsx"] = "csv"
) -> FileResponse:
    """Whom the bank is to pay how much: names and accounts in full. Payments whose end is known are left out."""
    batch = BankBatch.objects.filter(number=number).first()
    if batch is None:
        raise Refused("not_found", "there is no such batch", "make one")
    name = f"payments-{number}.{kind}"
    with TemporaryDirectory(prefix="jifen-") as folder:
        bank.write_batch(batch, Path(folder, name), using=current())
        file = Path(folder, name).open("rb")  # noqa: SIM115 - the answer closes it
    return FileResponse(file, as_attachment=True, filename=name, content_type=_TYPES[kind])


class BankRowProblem(Schema):
    """A row of the bank's that is left as it is."""

    line: int = Field(examples=[3])
    code: str = Field(examples=["wrong_amount"])
    message: str


class Results(Schema):
    """What the bank's file has brought."""

    paid: int
    failed: int = Field(description="They are to be reviewed again")
    repeated: int = Field(description="Rows that had been taken in before")
    problems: list[BankRowProblem] = Field(description="Rows that are left as they are; the first 1,000")


@withdrawals.post("/results", summary="What the bank says", **needs(Right.WITHDRAWALS_PAY, answers=Results))
def take_results(request: HttpRequest, file: File[UploadedFile]) -> dict[str, Any]:
    """Take in the bank's results, as CSV or a workbook: `payment` and `result`, which is `paid` or `failed`.

    `amount`, `reference` and `reason` may stand beside them.
    What is in doubt is told and left as it is; a file that is sent twice counts once.
    """
    with _kept(file) as path:
        taken = bank.take_results(path, using=current())
    problems = [{"line": each.line, "code": each.code, "message": each.message} for each in taken.problems[:1000]]
    return {"paid": taken.paid, "failed": taken.failed, "repeated": taken.repeated, "problems": problems}


@withdrawals.get("/{number}", summary="A withdrawal", **needs(Right.BOOKS_READ, answers=WithdrawalAnswer))
def read_withdrawal(request: HttpRequest, number: _Number) -> WithdrawalAnswer:
    """A withdrawal as the books have it now."""
    return WithdrawalAnswer.of(follow(number, using=current()))


class Reviewed(Body):
    """What somebody says of a withdrawal."""

    agree: bool = Field(description="True: the bank is to pay it; false: the amount goes back into the wallet")
    reason: _Reason = Field("", description="Why it is rejected")
    wait: _Wait = 0


@withdrawals.post("/{number}/review", summary="Review", **needs(Right.WITHDRAWALS_REVIEW, answers=WithdrawalAnswer))
def review_withdrawal(request: HttpRequest, number: _Number, body: Reviewed) -> WithdrawalAnswer:
    """Approve a withdrawal, or reject it with a reason; not by the one who asked for it."""
    by = principal_of(request)
    with patience(body.wait) as seconds:
        row = review(number, by, agree=body.agree, reason=body.reason, using=current(), wait=seconds)
    return WithdrawalAnswer.of(row)


@contextmanager
def _kept(file: UploadedFile) -> Iterator[Path]:
    """An upload as a file inside of a ``with``."""
    with TemporaryDirectory(prefix="jifen-") as folder:
        path = Path(folder, "results.xlsx" if (file.name or "").lower().endswith(".xlsx") else "results.csv")
        with path.open("wb") as kept:
            for piece in file.chunks():
                kept.write(piece)
        yield path


def _page(rows: Any, cursor: str | None, size: int) -> WithdrawalPage:
    """A page of withdrawals, each as the books have it now."""
    rows = rows.order_by("-asked_at", "number")
    found, following = page_of(lambda first, count: list(rows[first : first + count]), cursor, size)
    using = current()
    known = [row if row.line is None else follow(row.number, using=using) for row in found]
    return WithdrawalPage(items=[WithdrawalAnswer.of(row) for row in known], next=following)
