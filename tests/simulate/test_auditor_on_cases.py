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

from jifen.core.micros import MICRO, parse_micros
from jifen.engine.events import (
    AssetTransferred,
    DayClosed,
    Event,
    Line,
    MemberJoined,
    MemberMoved,
    OrderPaid,
    OrderRefunded,
    PlanActivated,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TokensSold,
    WithdrawalRequested,
)
from jifen.plan import load_plan
from jifen.simulate.auditor import Auditor, Outcome

FILES = ("points_dividend", "green_points", "appreciation", "rebate_queue")
PLAIN = {"rank", "referrer", "queue"}


def read_cases(folder: Path, name: str) -> list[dict[str, Any]]:
    return YAML(typ="safe").load((folder / "cases" / f"{name}.yaml").read_text("utf-8"))


def joining(case: dict[str, Any]) -> Iterator[Event]:
    for member, entry in case["members"].items():
        facts = entry if isinstance(entry, dict) else {"referrer": entry}
        yield MemberJoined(id=f"join {member}", day=0, member=member, referrer=facts.get("referrer"))
        if facts.get("rank") is not None:
            yield RankSet(id=f"rank {member}", day=0, member=member, rank=facts["rank"])


def event_of(row: dict[str, Any], auditor: Auditor, case: dict[str, Any]) -> Event:
    """Read one row of a case; what the format leaves to the state (a fraction of an order) is looked up."""
    kind = next(key for key in row if key != "day")
    head = {"id": str(row[kind]), "day": row["day"]}
    member = str(row.get("member"))
    amount = parse_micros(str(row["amount"])) if "amount" in row else 0
    match kind:
        case "order":
            pay = tuple((asset, parse_micros(used)) for asset, used in row.get("pay", {}).items())
            return OrderPaid(**head, member=member, lines=(Line(amount=amount, sku=row.get("sku")),), pay=pay)
        case "refund":
            if "fraction" in row:
                amount = int(Fraction(row["fraction"]) * auditor.books.orders[row["order"]].amount)
            return OrderRefunded(**head, order=row["order"], amount=amount)
        case "sell":
            tokens = None if row["tokens"] == "all" else parse_micros(str(row["tokens"]))
            return TokensSold(**head, member=member, tokens=tokens)
        case "adjust":
            base, value = (parse_micros(row[key]) if key in row else None for key in ("base", "value"))
            return StoreAdjusted(**head, member=member, store=row["store"], amount=amount, base=base, value=value)
        case "donate":
            return PoolDonated(**head, pool=row["donate"] if "pool" not in row else row["pool"], amount=amount)
        case "top_up":
            return ReserveToppedUp(**head, amount=amount)
        case "bind":
            return MemberMoved(**head, member=member, referrer=row["referrer"], by=row["by"])
        case "withdraw":
            return WithdrawalRequested(**head, member=member, amount=amount, asset=row.get("asset", "cash"))
        case "transfer":
            asset = row.get("asset", "coin")
            return AssetTransferred(**head, member=member, to=row["to"], amount=amount, asset=asset)
        case "params":
            plan = load_plan(case["preset"], {**case.get("params", {}), **row["params"]})
            return PlanActivated(id=f"params {row['day']} {row['params']}", day=row["day"], plan=plan)
    raise AssertionError(f"an event the auditor's cases do not have: {row}")


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
    if outcome.refused != expect.get("error"):
        found.append(f"{expect}: refused {outcome.refused}")
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


def run_case(case: dict[str, Any]) -> list[str]:
    """Run a case and return what does not hold; an error is no expectation unless it is named."""
    auditor = Auditor(load_plan(case["preset"], case.get("params", {})))
    found = []
    for event in joining(case):
        assert auditor.apply(event).refused is None
    by_day: dict[int, list[dict[str, Any]]] = {}
    for row in case["events"]:
        by_day.setdefault(row["day"], []).append(row)
    for day in range(case["until"] + 1):
        for row in by_day.get(day, []):
            event = event_of(row, auditor, case)
            outcome = auditor.apply(event)
            claims = [claim for claim in case["expect"] if event.id in (claim.get("after"), claim.get("event"))]
            if not claims and outcome.refused:
                found.append(f"{event.id}: refused {outcome.refused}")
            for claim in claims:
                found += [f"after {event.id}: {text}" for text in mismatches(claim, auditor, outcome)]
        outcome = auditor.apply(DayClosed(id=f"close {day}", day=day))
        for claim in case["expect"]:
            if claim.get("day") == day:
                found += [f"day {day}: {text}" for text in mismatches(claim, auditor, outcome)]
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_auditor_gives_every_number_of_the_cases(shared: Path, name: str) -> None:
    cases = read_cases(shared, name)
    assert {case["id"]: found for case in cases if (found := run_case(case))} == {}


def test_a_wrong_number_of_a_case_is_found(shared: Path) -> None:
    case = read_cases(shared, "points_dividend")[0]
    case["until"] = 1
    case["expect"] = [{"day": 1, "paid": {"A": {"static": "1.000001"}}, "balance": {"A": {"cash": "1"}}}]
    assert run_case(case) == [f"day 1: paid ['A', 'static']: expected {MICRO + 1}, got {MICRO}"]
