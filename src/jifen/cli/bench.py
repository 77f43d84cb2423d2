"""``jifen bench``: how fast this machine closes days, takes orders, reads files, keeps state and journal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jifen.cli.compiling import compiling_shown
from jifen.cli.options import takes
from jifen.cli.output import JsonOption, errors, make_table, out, print_json

if TYPE_CHECKING:
    from jifen.bench.sizes import Size
    from jifen.plan import Plan

__all__ = [
    "CloseOptions",
    "OrderOptions",
    "WorldOptions",
    "bench_commands",
    "close",
    "files",
    "journal",
    "orders",
    "simulate",
    "snapshot",
]

bench_commands = typer.Typer(
    help="Measure on this machine 性能测试: medians of five runs, on made-up worlds of any size.", no_args_is_help=True
)

_Members = Annotated[int, typer.Option(min=0, help="Members of the made-up world.")]
_Lots = Annotated[int | None, typer.Option(min=0, help="Open lots of all of them together; else two a member.")]
_Shape = Annotated[
    str, typer.Option(metavar="tree|chain|star", help="Who refers whom: a random forest, a line, all the first one.")
]
_Preset = Annotated[
    str | None, typer.Option(help="A preset's name, or a plan file; else the one that is always measured.")
]
_Rows = Annotated[int, typer.Option(min=0, help="Rows of members and orders together.")]


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What a bench on a world is given."""

    members: _Members = 100_000
    lots: _Lots = None
    shape: _Shape = "tree"
    preset: _Preset = None
    as_json: JsonOption = False


@dataclass(frozen=True, slots=True)
class CloseOptions:
    """What ``jifen bench close`` is given."""

    members: _Members = 1_000_000
    lots: _Lots = None
    shape: _Shape = "tree"
    preset: _Preset = None
    threads: Annotated[int, typer.Option(min=0, help="Threads of the kernel, at most.")] = 1
    upto: Annotated[
        str,
        typer.Option(
            metavar="kernel|whole|journal",
            help="How far: all entries in memory; posted and checked as well; with the journal on disk as well.",
        ),
    ] = "kernel"
    as_json: JsonOption = False


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """What ``jifen bench orders`` is given."""

    orders: Annotated[int, typer.Option(min=0, help="Orders of the log; joins, refunds and sales come on top.")] = (
        200_000
    )
    members: _Members = 100_000
    lots: _Lots = None
    shape: _Shape = "tree"
    preset: _Preset = None
    as_json: JsonOption = False


@bench_commands.command()
@takes(CloseOptions)
def close(options: CloseOptions) -> None:
    """Close a day: seconds, against what the machine's memory allows at best.

    Example: [bold]jifen bench close --members 1000000 --shape chain[/]
    """
    from jifen.bench.close import bench_close

    with _telling() as say:
        upto: Any = options.upto
        figures = bench_close(_plan(options.preset), _size(options), options.threads, upto, say)
    _show("Close of a day 日结", asdict(figures), options.as_json)


@bench_commands.command()
@takes(OrderOptions)
def orders(options: OrderOptions) -> None:
    """Take orders in bulk, with joins, refunds and sales, through all rules of a plan.

    Example: [bold]jifen bench orders --preset appreciation --orders 50000[/]
    """
    from jifen.bench.orders import bench_orders

    with _telling() as say:
        figures = bench_orders(_plan(options.preset), _size(options), options.orders, say)
    _show("Orders in bulk 批量订单", asdict(figures), options.as_json)


@bench_commands.command()
def files(rows: _Rows = 100_000, preset: _Preset = None, as_json: JsonOption = False) -> None:
    """Read members and orders from CSV and Parquet: parsed, checked, numbered.

    Example: [bold]jifen bench files --rows 1000000[/]
    """
    from jifen.bench.files import bench_files

    with _telling() as say:
        figures = bench_files(_plan(preset), rows, say)
    _show("Files in 文件读取", asdict(figures), as_json)


@bench_commands.command()
@takes(WorldOptions)
def snapshot(options: WorldOptions) -> None:
    """Save and load the state of a shop, against a plain write of the same bytes.

    Example: [bold]jifen bench snapshot --members 1000000[/]
    """
    from jifen.bench.snapshot import bench_snapshot

    with _telling() as say:
        figures = bench_snapshot(_plan(options.preset), _size(options), say)
    _show("Snapshot 状态快照", asdict(figures), options.as_json)


@bench_commands.command()
def simulate(
    members: _Members = 100_000,
    days: Annotated[int, typer.Option(min=0, help="Days; as many members join on each.")] = 365,
    preset: _Preset = None,
    as_json: JsonOption = False,
) -> None:
    """Simulate a plan once: members who join day by day, each with an order, through the engine.

    Example: [bold]jifen bench simulate --members 1000000[/]
    """
    from jifen.bench.simulate import bench_simulate

    with _telling() as say:
        figures = bench_simulate(_plan(preset), members, days, say)
    _show("Simulation 模拟", asdict(figures), as_json)


@bench_commands.command()
@takes(WorldOptions)
def journal(options: WorldOptions) -> None:
    """Write the journal of one close, against a plain write of the same columns.

    Example: [bold]jifen bench journal --members 1000000[/]
    """
    from jifen.bench.journal import bench_journal

    with _telling() as say:
        figures = bench_journal(_plan(options.preset), _size(options), say)
    _show("Journal 流水写入", asdict(figures), options.as_json)


def _plan(preset: str | None) -> "Plan":
    from jifen.bench.sizes import standard
    from jifen.plan import load_plan

    return load_plan(preset or standard()["preset"])


def _size(options: WorldOptions | CloseOptions | OrderOptions) -> "Size":
    from jifen.bench.sizes import Size

    lots = 2 * options.members if options.lots is None else options.lots
    shape: Any = options.shape
    return Size(options.members, lots, shape)


@contextmanager
def _telling() -> Iterator[Callable[[str], None]]:
    """Say on a terminal what is being done; nothing is written between the runs that are timed otherwise."""
    if not errors.is_terminal:
        yield lambda doing: None
        return
    with compiling_shown(), errors.status("loading") as status:
        yield status.update


_LABELS = {
    "preset": "plan 方案", "members": "members 会员", "lots": "open lots 积分单", "shape": "shape 推荐形状",
    "threads": "threads 线程", "seconds": "seconds 秒（中位数）", "spread": "spread 波动", "entries": "entries 分录",
    "bytes_touched": "bytes touched 必须读写的字节", "copy_bytes_per_s": "bytes copied a second 内存带宽",
    "bound_seconds": "memory bound 内存下限", "bound_ratio": "times the bound 下限的倍数",
    "peak_bytes": "peak memory 内存峰值",
    "whole_seconds": "whole close 完整日结", "whole_spread": "whole close, spread 波动",
    "journal_seconds": "with its journal 含流水落盘", "journal_spread": "with its journal, spread 波动",
    "plain_seconds": "plain write of the same 直接写入", "plain_spread": "plain write, spread 波动",
    "plain_ratio": "times the plain write 直接写入的倍数", "journal_ratio": "times kernel and plain write 倍数",
    "journal_rows": "rows of the journal 流水行数", "journal_bytes": "bytes of the journal 流水字节",
    "close_peak_bytes": "one close, peak memory 内存峰值", "orders": "orders 订单", "events": "events 事件",
    "orders_per_s": "orders a second 每秒订单",
    "singly_per_s": "orders a second one by one 逐笔处理每秒订单", "singly_ratio": "times that 逐笔处理的倍数",
    "rows": "rows 行", "rows_per_s": "rows a second 每秒行数",
    "bytes": "bytes 字节",
    "csv_bytes": "CSV, bytes 字节", "csv_seconds": "CSV, seconds 秒", "csv_spread": "CSV, spread 波动",
    "csv_rows_per_s": "CSV, rows a second 每秒行数", "parquet_bytes": "Parquet, bytes 字节",
    "parquet_seconds": "Parquet, seconds 秒", "parquet_spread": "Parquet, spread 波动",
    "parquet_rows_per_s": "Parquet, rows a second 每秒行数", "load_seconds": "loading 载入",
    "load_spread": "loading, spread 波动", "days": "days 天数", "cpu_seconds": "of the processor 处理器秒",
}  # fmt: skip


def _show(title: str, figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    rows = [(_LABELS[name], _text(name, value)) for name, value in figures.items() if value is not None]
    out.print(make_table(title, ("", ""), rows))


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if name.endswith("ratio"):
        return f"{value:,.2f}"
    if isinstance(value, float):
        return f"{value:.3g} s" if value < 1 else f"{value:.2f} s"
    return f"{value:,}"
