"""The auditor gives every number of the public cases, with tolerance zero.

A case runner of its own, so that a mistake of ``jifen.batch.cases`` cannot hide one of the auditor's.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import jifen.plan
from jifen.core.micros import MICRO, parse_micros
from jifen.engine.events import (
    AgentSet,
    AssetTransferred,
    DayClosed,
    Event,
    LiabilityBooked,
    Line,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderRefunded,
    PlanActivated,
    PlanWoundUp,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalRequested,
)
from jifen.plan import Plan, load_plan, preset_names, revise
from jifen.simulate.auditor import Auditor, Outcome

OWN = sorted((Path(__file__).parents[1] / "cases").rglob("*.yaml"))
OWN = [file for file in OWN if file.parent.name != "plans"]
LINE_KEYS = ("sku", "category", "merchant", "zone")
PLAIN = {"rank", "referrer", "queue", "counter"}


def read_cases(file: Path) -> list[dict[str, Any]]:
    return YAML(typ="safe").load(file.read_text("utf-8"))


def joining(case: dict[str, Any]) -> Iterator[Event]:
    for member, entry in case["members"].items():
        facts = entry if isinstance(entry, dict) else {"referrer": entry}
        yield MemberJoined(id=f"join {member}", day=0, member=member, referrer=facts.get("referrer"))
        if facts.get("rank") is not None:
            yield RankSet(id=f"rank {member}", day=0, member=member, rank=facts["rank"])
        if facts.get("agent") is not None:
            yield AgentSet(id=f"agent {member}", day=0, member=member, region=facts["agent"])


def exact(value: Any) -> Fraction:
    """Read a plain number or a rate in percent."""
    text = str(value)
    return Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


def number(row: dict[str, Any], key: str) -> int:
    """Read an amount; one finer than a micro-unit is none, and every event refuses that."""
    amount = exact(row.get(key, 0)) * MICRO
    return int(amount) if amount.denominator == 1 else 0


def order(row: dict[str, Any], head: dict[str, Any]) -> Event:
    pay = tuple((asset, number(row["pay"], asset)) for asset in row.get("pay", {}))
    line = Line(amount=number(row, "amount"), cost=number(row, "cost"), **{key: row.get(key) for key in LINE_KEYS})
    return OrderPaid(**head, member=str(row["member"]), lines=(line,), pay=pay, region=row.get("region"))


def refund(row: dict[str, Any], head: dict[str, Any], auditor: Auditor) -> Event:
    """Of a fraction, the amount is worked out and may be finer than a cent."""
    if "fraction" not in row:
        return OrderRefunded(**head, order=row["order"], amount=number(row, "amount"))
    orders = auditor.books.orders
    whole = orders[row["order"]].amount if row["order"] in orders else 0
    return OrderRefunded(**head, order=row["order"], amount=int(exact(row["fraction"]) * whole), share=True)


def adjust(row: dict[str, Any], head: dict[str, Any]) -> Event:
    base, value = (number(row, key) if key in row else None for key in ("base", "value"))
    amount = number(row, "amount")
    return StoreAdjusted(**head, member=str(row["member"]), store=row["store"], amount=amount, base=base, value=value)


def event_of(row: dict[str, Any], auditor: Auditor, plan: Plan) -> Event:
    """Read one row of a case; what the format leaves to the state (a fraction of an order) is looked up."""
    kind = next(key for key in row if key != "day")
    head = {"id": str(row[kind]), "day": row["day"]}
    member, amount = str(row.get("member")), number(row, "amount")
    if kind in ("order", "adjust"):
        return {"order": order, "adjust": adjust}[kind](row, head)
    if kind == "refund":
        return refund(row, head, auditor)
    if kind == "sell":
        return TokensSold(**head, member=member, tokens=None if row["tokens"] == "all" else number(row, "tokens"))
    if kind == "bind":
        return MemberMoved(**head, member=member, referrer=row["referrer"], by=row["by"])
    if kind == "transfer":
        return AssetTransferred(**head, member=member, to=row["to"], amount=amount, asset=row.get("asset", "coin"))
    if kind == "withdraw":
        return WithdrawalRequested(**head, member=member, amount=amount, asset=row.get("asset", "cash"))
    if kind == "wind_up":
        return PlanWoundUp(**head)
    if kind == "donate":
        return PoolDonated(**head, pool=row["pool"], amount=amount)
    if kind == "params":
        return PlanActivated(
            id=f"params {row['day']} {row['params']}", day=row["day"], plan=revise(plan, row["params"])
        )
    return {"top_up": ReserveToppedUp, "task": TaskDone, "liability": LiabilityBooked}[kind](
        **head,
        **{"top_up": {"amount": amount}, "task": {"member": member}}.get(kind, {"member": member, "amount": amount}),
    )


def micros(value: Any) -> Any:
    return [parse_micros(item) for item in value] if isinstance(value, list) else parse_micros(value)


def actual(auditor: Auditor, outcome: Outcome, key: str, path: list[str]) -> Any:
    if key == "paid":
        return outcome.paid.get((path[0], path[1]), 0)
    if key == "forfeited":
        return outcome.forfeited.get(path[0], 0)
    return getattr(auditor, key)(*path)


def leaves(value: Any, path: list[str]) -> Iterator[tuple[list[str], Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, [*path, name])
    else:
        yield path, value


def rounded(price: tuple[int, int], printed: str) -> str:
    exact = Decimal(price[0]) / Decimal(price[1])
    return str(exact.quantize(Decimal(printed), ROUND_HALF_UP))


def mismatches(expect: dict[str, Any], auditor: Auditor, outcome: Outcome) -> list[str]:
    found = []
    if "event" in expect and outcome.refused != expect.get("error"):
        found.append(f"expected {expect.get('error')}, refused {outcome.refused}")
    for key, claim in expect.items():
        if key in ("day", "after", "event", "error"):
            continue
        for path, want in leaves(claim, []):
            if key == "reserve":
                got, wanted = auditor.reserve, micros(want)
            elif key == "price":
                got, wanted = rounded(auditor.price(), want), want
            else:
                got, wanted = actual(auditor, outcome, key, path), want if key in PLAIN else micros(want)
            if got != wanted:
                found.append(f"{key} {path}: expected {wanted}, got {got}")
    return found


def run_case(case: dict[str, Any], folder: Path) -> list[str]:
    """Run a case and return what does not hold; an error is no expectation unless it is named."""
    auditor = Auditor(plan_of(case, folder))
    for event in joining(case):
        assert auditor.apply(event).refused is None
    found: list[str] = []
    last = {id_of(row): place for place, row in enumerate(case["events"])}
    for place, row in enumerate(case["events"]):
        found += close(auditor, case, row["day"])
        event = event_of(row, auditor, auditor.books.plan)
        outcome = auditor.apply(event)
        told = [claim for claim in case["expect"] if id_of(row) in (claim.get("after"), claim.get("event"))]
        claims = told if last[id_of(row)] == place else []
        if outcome.refused and not any("error" in claim for claim in claims):
            found.append(f"{event.id}: refused {outcome.refused}")
        for claim in claims:
            found += [f"after {event.id}: {text}" for text in mismatches(claim, auditor, outcome)]
    return found + close(auditor, case, case["until"] + 1)


def plan_of(case: dict[str, Any], folder: Path) -> Plan:
    """Load the plan of a case: a preset, a file beside the cases, or one of the example plans."""
    name, examples = case["preset"], Path(jifen.plan.__file__).parent / "examples"
    file = folder / name if name.endswith(".yaml") else examples / f"{name}.yaml"
    return load_plan(name if name in preset_names() else file, case.get("params", {}))


def id_of(row: dict[str, Any]) -> str:
    return str(next(value for key, value in row.items() if key != "day"))


def close(auditor: Auditor, case: dict[str, Any], before: int) -> list[str]:
    """Run the days before one, and return what does not hold after any of them."""
    found = []
    while auditor.open_day < before:
        day = auditor.open_day
        outcome = auditor.apply(DayClosed(id=f"close {day}", day=day))
        for claim in case["expect"]:
            if claim.get("day") == day:
                found += [f"day {day}: {text}" for text in mismatches(claim, auditor, outcome)]
    return found


def failed(file: Path) -> dict[str, list[str]]:
    return {case["id"]: found for case in read_cases(file) if (found := run_case(case, file.parent))}


def test_the_auditor_gives_every_number_of_the_shared_cases(shared: Path) -> None:
    files = sorted((shared / "cases").glob("*.yaml"))
    assert {case["preset"] for file in files for case in read_cases(file)} <= set(preset_names())
    assert len(files) >= 13
    assert {file.name: found for file in files if (found := failed(file))} == {}


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.stem)
def test_the_auditor_gives_every_number_of_our_own_cases(file: Path) -> None:
    assert failed(file) == {}


def test_a_wrong_number_of_a_case_is_found(shared: Path) -> None:
    case = read_cases(shared / "cases" / "points_dividend.yaml")[0]
    case["until"] = 1
    case["expect"] = [{"day": 1, "paid": {"A": {"static": "1.000001"}}, "balance": {"A": {"cash": "1"}}}]
    assert run_case(case, shared) == [f"day 1: paid ['A', 'static']: expected {MICRO + 1}, got {MICRO}"]
