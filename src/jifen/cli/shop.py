"""``jifen shop``: create a shop, see how it stands, and lead it: versions of its plan, pause, end, money, coverage."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.options import takes
from jifen.cli.output import JsonOption, make_table, out, print_json
from jifen.cli.settings import SetOption, read_date, read_settings
from jifen.cli.shop_acts import (
    LangOption,
    activate,
    donate,
    end,
    opened,
    pause,
    resume,
    show_findings,
    top_up,
    wind_up,
)
from jifen.cli.shop_schedule import schedule_commands

if TYPE_CHECKING:
    from jifen.service.coverage import Coverage
    from jifen.service.glance import Status

__all__ = ["CreateOptions", "coverage", "create", "shop_commands", "status"]

shop_commands = typer.Typer(help="A shop that is open: create it, see how it stands, lead it.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """What ``jifen shop create`` is given."""

    plan: Annotated[str, typer.Option(help="A preset's name, or a plan file.")]
    name: Annotated[str, typer.Option(help="The shop's name.")]
    settings: SetOption = None
    seat: Annotated[str, typer.Option(metavar="COUNTRY", help="Where it is at home: which laws apply.")] = "CN"
    zone: Annotated[str, typer.Option(help="The time zone of its days.")] = "Asia/Shanghai"
    currency: Annotated[str, typer.Option(help="Its one currency.")] = "CNY"
    live: Annotated[bool, typer.Option("--live", help="Real payments, for good; without it a sandbox.")] = False
    first_day: Annotated[str | None, typer.Option(metavar="DATE", help="Its first day; else today there.")] = None
    lang: LangOption = "en"
    as_json: JsonOption = False


@shop_commands.command("create")
@takes(CreateOptions)
def create(options: CreateOptions) -> None:
    """Create the shop of the database that JIFEN_DATABASE_URL names, with the plan that it opens with.

    A sandbox never becomes a live shop: that is another database.

    Example: [bold]jifen shop create --plan points_dividend --name 试营业[/]
    """
    from datetime import datetime

    from jifen.core.days import shop_zone
    from jifen.plan import load_plan

    plan = load_plan(options.plan, read_settings(options.settings or ()))
    first = read_date(options.first_day, "--first-day") or datetime.now(shop_zone(options.zone)).date()
    opened(create=True)
    from jifen.service.shop import Terms, create_shop

    terms = Terms(options.name, options.seat, options.zone, options.currency, live=options.live)
    create_shop(plan, first.toordinal(), terms)
    findings = show_findings(plan, options.seat, options.currency, "" if options.as_json else options.lang)
    if options.as_json:
        print_json({
            "name": terms.name, "kind": _kind(options.live), "plan": plan.name, "digest": plan.digest,
            "first_day": first.isoformat(), "findings": findings,
        })  # fmt: skip
        return
    out.print(f"{terms.name} is open from {first} on: a {_kind(options.live)}, with {plan.name}.", markup=False)
    out.print("Start `jifen serve`: it writes its books, closes its days, and shows how it stands.", markup=False)


@shop_commands.command("status")
def status(as_json: JsonOption = False) -> None:
    """Say how the shop stands: plan, open day, closes due, writer, money and coverage.

    Example: [bold]jifen shop status[/]
    """
    from datetime import UTC, datetime

    opened()
    from jifen.service.glance import status as ask

    found = ask(datetime.now(UTC))
    if as_json:
        print_json(_document(found))
    else:
        out.print(make_table(f"{found.name} ({_kind(found.live)})", ("", ""), _rows(found), left=2))


@shop_commands.command("coverage")
def coverage(
    days: Annotated[int, typer.Option(min=1, help="So many of the newest days.")] = 30, as_json: JsonOption = False
) -> None:
    """Show by day what is owed, what stands behind it, and what was promised and paid.

    Example: [bold]jifen shop coverage --days 7[/]
    """
    opened()
    from jifen.service.coverage import coverage_days
    from jifen.service.shop import shop_of

    kind, found = _kind(shop_of().live), coverage_days(last=days)
    if as_json:
        print_json({"kind": kind, "days": [_coverage_document(each) for each in found]})
        return
    headings = ("day", "owed", "lots", "queue", "deferred", "reserve", "pools", "coverage", "promised", "paid",
                "in", "out", "wallets")  # fmt: skip
    rows = [_coverage_row(each) for each in found]
    out.print(make_table(f"Coverage by day, in yuan ({kind})", headings, rows))


shop_commands.command("activate")(activate)
shop_commands.command("pause")(pause)
shop_commands.command("resume")(resume)
shop_commands.command("end")(end)
shop_commands.command("wind-up")(wind_up)
shop_commands.command("top-up")(top_up)
shop_commands.command("donate")(donate)
shop_commands.add_typer(schedule_commands, name="schedule")


def _kind(live: bool) -> str:
    return "live shop" if live else "sandbox"


def _rows(found: "Status") -> list[tuple[str, str]]:
    """Each thing and how it stands, for people."""
    closes, names = found.closes, _texts(found)
    rows = [
        ("plan", f"{found.plan_name} ({found.plan.stage})"),
        *(("", f"{each['day']} {each['state']} {each['digest']}") for each in names["versions"][-5:]),
        ("open day", f"{names['open_day']} ({found.zone})"),
        ("days to close", str(closes.due)),
        ("writer", closes.doing or ("at work" if found.writer else "none: start `jifen worker`")),
        ("waiting", str(found.waiting)),
        *((each, str(getattr(found, each))) for each in ("members", "orders", "events", "batches")),
        ("reserve", _yuan(found.reserve)),
        *((f"pool {name}", _yuan(held)) for name, held in found.pools.items()),
    ]
    if found.coverage is not None:
        share = _share(found.coverage.share)
        owed = f"of {_yuan(found.coverage.owed)} owed at the close of {_iso(found.coverage.day)}"
        rows.append(("coverage", f"{share} {owed}"))
    return rows


def _texts(found: "Status") -> dict[str, Any]:
    return {
        "plan": found.plan.digest,
        "open_day": _iso(found.closes.open_day),
        "versions": [
            {"digest": each.digest, "day": _iso(each.day), "state": each.state} for each in found.versions
        ],
    }  # fmt: skip


def _document(found: "Status") -> dict[str, Any]:
    from jifen.core.micros import format_micros

    return {
        "name": found.name, "kind": _kind(found.live), "seat": found.seat, "zone": found.zone,
        "currency": found.currency, "plan_name": found.plan_name, **_texts(found), "stage": found.plan.stage,
        "days_to_close": found.closes.due,
        "doing": found.closes.doing, "writer": found.writer, "waiting": found.waiting, "members": found.members,
        "orders": found.orders, "events": found.events, "batches": found.batches,
        "reserve": format_micros(found.reserve),
        "pools": {name: format_micros(held) for name, held in found.pools.items()},
        "coverage": None if found.coverage is None else _coverage_document(found.coverage),
    }  # fmt: skip


def _coverage_document(found: "Coverage") -> dict[str, Any]:
    from dataclasses import asdict

    from jifen.core.micros import format_micros

    amounts = asdict(found) | {"owed": found.owed, "backed": found.backed}
    del amounts["day"]
    share = None if found.share is None else format_micros(found.share)
    return {
        "day": _iso(found.day), **{name: format_micros(amount) for name, amount in amounts.items()},
        "coverage": share,
    }  # fmt: skip


def _coverage_row(found: "Coverage") -> tuple[str, ...]:
    amounts = (found.owed, found.lots, found.queue, found.deferred, found.reserve, found.pools)
    flows = (found.promised, found.paid, found.reserve_in, found.reserve_out, found.wallets)
    return (_iso(found.day), *map(_yuan, amounts), _share(found.share), *map(_yuan, flows))


def _share(share: int | None) -> str:
    """A share in per cent, cut to two places: nobody is told that all is covered where a millionth is missing."""
    if share is None:
        return "–"
    whole, rest = divmod(share // 100, 100)
    return f"{whole}.{rest:02}%"


def _yuan(amount: int) -> str:
    from jifen.core.micros import format_micros

    return format_micros(amount, 2)


def _iso(day: int) -> str:
    from datetime import date

    return date.fromordinal(day).isoformat()
