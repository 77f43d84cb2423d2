"""A shop of this release as a file, for all later releases to open: ``python -m tests.service.make_fixture``.

It writes ``tests/fixtures/shops/RELEASE.tar``: a small shop that has had every kind of event, refused ones among them,
has changed its plan and closed its days. Each release adds one, and the older ones stay (see CONTRIBUTING.md).
"""

import sys
import tempfile
from pathlib import Path

from jifen.service.databases import migrate, open_database, start_django

start_django()

from django.db import connections  # noqa: E402
from tests.service.conftest import joins, order  # noqa: E402

from jifen import __version__  # noqa: E402
from jifen.batch.event_text import parse_event  # noqa: E402
from jifen.engine.events import (  # noqa: E402
    EVENT_TYPES,
    AgentSet,
    AssetTransferred,
    DayClosed,
    Event,
    LiabilityBooked,
    Line,
    MemberMoved,
    OrderPaid,
    OrderReceived,
    OrderRefunded,
    OrderSettled,
    PlanActivated,
    PlanEnded,
    PlanPaused,
    PoolDonated,
    RankSet,
    ReserveToppedUp,
    StoreAdjusted,
    TaskDone,
    TokensSold,
    WithdrawalPaid,
    WithdrawalRejected,
    WithdrawalRequested,
)
from jifen.plan.load import load_plan, revise  # noqa: E402
from jifen.service import models  # noqa: E402
from jifen.service.backup import Backup, backup  # noqa: E402
from jifen.service.content import closing_id  # noqa: E402
from jifen.service.inbox import submit  # noqa: E402
from jifen.service.shop import Terms, create_shop  # noqa: E402
from jifen.service.writer import Writer  # noqa: E402

SHOPS = Path(__file__).parents[1] / "fixtures" / "shops"
PLAN = load_plan(Path(__file__).with_name("fixture_plan.yaml"))
FIRST = 738000
LARGEST = 300_000
"""Bytes that the file may have."""
YUAN = 1_000_000
LEFT_OUT = {"plan_wound_up"}
"""Kinds of events after which a shop does not trade on, as those who open the file want it to."""
REGION = "广东/深圳/南山"


def history() -> list[list[Event]]:
    """What happens on each day; all but the last are closed."""
    two_lines = (Line(amount=300 * YUAN, cost=90 * YUAN), Line(amount=700 * YUAN, line="2", sku="tea", quantity=2))
    rank = next(row.name for ladder in PLAN.ranks.values() for row in ladder.ladder)
    days: list[list[Event]] = [
        [
            *joins("ann", "bob", "cem", "dan"),
            AgentSet(id="agent", day=0, member="dan", region="广东/深圳"),
            RankSet(id="rank", day=0, member="ann", rank=rank, reason="opening"),
            order("o1", "ann", 1000),
            OrderPaid(id="o2", day=0, member="bob", lines=two_lines, region=REGION),
            order("nobody", "eve", 10),
        ],
        [
            order("o3", "cem", 500),
            OrderReceived(id="received", day=0, order="o2"),
            OrderRefunded(id="part", day=0, order="o1", amount=250 * YUAN),
            StoreAdjusted(id="stake", day=0, member="ann", store="stake", amount=3 * YUAN, reason="a stake"),
            PoolDonated(id="gift", day=0, pool="shareholders", amount=90 * YUAN),
            ReserveToppedUp(id="reserve", day=0, amount=5000 * YUAN),
            LiabilityBooked(id="debt", day=0, member="dan", amount=600 * YUAN),
        ],
        [
            OrderSettled(id="settled", day=0, order="o3"),
            TaskDone(id="task", day=0, member="bob"),
            PoolDonated(id="price", day=0, pool="pool", amount=400 * YUAN),
            StoreAdjusted(id="tokens", day=0, member="cem", store="tokens", amount=40 * YUAN),
            MemberMoved(id="move", day=0, member="dan", referrer="ann", reason="asked for"),
        ],
        [
            TokensSold(id="sale", day=0, member="cem", tokens=10 * YUAN),
            WithdrawalRequested(id="w1", day=0, member="cem", amount=2 * YUAN),
            WithdrawalRequested(id="w2", day=0, member="cem", amount=YUAN),
            PlanActivated(id="slower", day=0, plan=revise(PLAN, {"daily_rate": "0.5%"})),
            order("o4", "dan", 80),
        ],
        [
            WithdrawalPaid(id="paid", day=0, withdrawal="w1"),
            WithdrawalRejected(id="rejected", day=0, withdrawal="w2"),
            AssetTransferred(id="sent", day=0, member="cem", to="ann", amount=YUAN, asset="cash"),
            AssetTransferred(id="coins", day=0, member="dan", to="ann", amount=YUAN),
            PlanPaused(id="pause", day=0),
        ],
        [PlanActivated(id="again", day=0, plan=PLAN), order("o5", "bob", 120), PlanEnded(id="end", day=0)],
        [PlanActivated(id="third", day=0, plan=PLAN), order("o6", "ann", 60)],
        [OrderRefunded(id="all", day=0, order="o3", amount=500 * YUAN), order("o7", "cem", 33)],
    ]
    return [[*events, DayClosed(id=closing_id(FIRST + day), day=0)] for day, events in enumerate(days[:-1])] + days[-1:]


def make(target: Path) -> tuple[Backup, set[str]]:
    """Make the shop, trade, and write its backup; returns what that is, and the kinds of events that were accepted."""
    with tempfile.TemporaryDirectory() as name:
        folder, using = Path(name), "fixture"
        open_database(using, f"sqlite:///{folder / 'shop.sqlite3'}")
        migrate(using)
        create_shop(PLAN, FIRST, Terms("fixture", receipts=True), using=using)
        for events in history():
            submit(events, using=using)
            with Writer.elected(folder, using) as writer:
                while writer.step():
                    pass
        log = models.Event.objects.using(using).values_list("content", flat=True)
        kinds = {parse_event(content).name for content in log}
        made = backup(target, folder, using, force=True)
        connections[using].close()
    return made, kinds


def main() -> None:
    """Write the file of this release, and say what it lacks."""
    made, kinds = make(SHOPS / f"{__version__}.tar")
    sys.stdout.write(f"{made.path.name}: {made.size:,} bytes, {made.batch + 1} batches, {made.segments} closes\n")
    if missing := EVENT_TYPES.keys() - kinds - LEFT_OUT:
        sys.exit(f"these kinds of events are not in it: {', '.join(sorted(missing))}; add them to `history`")
    if made.size > LARGEST:
        sys.exit(f"it is larger than {LARGEST:,} bytes: let fewer days do")


if __name__ == "__main__":
    main()
