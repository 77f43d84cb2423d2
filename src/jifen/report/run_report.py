"""The report of a run: ``report.html`` made from the run's ``daily.parquet``, its summary and its plan."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from jifen.batch.outputs import DAILY, Summary
from jifen.core.micros import MICRO, mul_div
from jifen.plan.model import Lots, Plan
from jifen.report.figures import Figures
from jifen.report.page import Account, page

__all__ = ["REPORT", "read_figures", "write_report"]

REPORT = "report.html"

_FLOWS = ("sold", "refunded", "granted", "released", "forfeited")
_PAID = "paid:"
_POOL = "pool:"
_LOTS = "lots:"
_DIGEST_SHOWN = 12


def write_report(folder: Path, plan: Plan, summary: Summary) -> Path:
    """Write the report of the run in ``folder`` beside its files and return its path."""
    tokens = {
        store.priced_by: name for name, store in plan.stores.items() if isinstance(store, Lots) and store.priced_by
    }
    account = Account(
        title=" ".join(dict.fromkeys(plan.title.values())) or plan.name,
        facts=_facts(plan, summary),
        figures=read_figures(folder / DAILY, tokens),
        merchant_funded=plan.params["funding"] == "merchant",
        tokens_worth=sum(summary.pools[curve] for curve in tokens) if tokens else None,
        waterfall=summary.waterfall,
        warnings=summary.warnings,
    )
    path = folder / REPORT
    path.write_text(page(account), encoding="utf-8")
    return path


def read_figures(path: Path, tokens: Mapping[str, str]) -> Figures:
    """Read the days of a run. ``tokens``: by curve the store of tokens it prices.

    A curve backs its tokens, which are not owed in yuan, so it does not count among the pools that back what is owed.
    """
    table = pq.read_table(path)
    days = table.column("day").to_pylist()
    columns: dict[str, list[int]] = {}
    for name in table.column_names:
        if name != "day":
            # Exact: a decimal with six places is an integer of millionths.
            columns[name] = [int(amount.scaleb(6)) for amount in table.column(name).to_pylist()]
    nothing = [0] * len(days)
    pools = {name.removeprefix(_POOL): values for name, values in columns.items() if name.startswith(_POOL)}
    backing = [values for name, values in pools.items() if name not in tokens]
    # What is in wallets has been paid for; what is promised beyond it is what reserve and pools must still bear.
    promised = [owed - paid for owed, paid in zip(columns["owed"], columns["wallets"], strict=True)]
    levels = {"owed": promised, "wallets": columns["wallets"], "reserve": columns["reserve"]}
    levels["pools"] = [sum(values) for values in zip(*backing, strict=True)] if backing else nothing
    for curve, store in tokens.items():
        levels["token_pool"] = pools[curve]
        supply = columns.get(f"{_LOTS}{store}", nothing)
        levels["price"] = [
            mul_div(pool, MICRO, held) if held else 0 for pool, held in zip(pools[curve], supply, strict=True)
        ]
    return Figures(
        starts=days,
        flows={name: columns[name] for name in _FLOWS},
        paid={name.removeprefix(_PAID): values for name, values in columns.items() if name.startswith(_PAID)},
        levels=levels,
    )


def _facts(plan: Plan, summary: Summary) -> Mapping[str, str]:
    facts = {
        "Plan 方案": f"{plan.name} ({plan.digest[:_DIGEST_SHOWN]})",
        "Members 会员": f"{summary.members:,}",
        "Orders 订单": f"{summary.orders:,}",
        "Events accepted 已接受": f"{summary.accepted:,}",
        "Repeated rows 重复": f"{summary.duplicates:,}",
        "Rows left out 拒绝": f"{summary.rejected:,}",
    }
    if summary.after_until:
        facts["Events after the last day 截止后"] = f"{summary.after_until:,}"
    return facts | {f"SHA-256 {name}": digest for name, digest in summary.digests.items()}
