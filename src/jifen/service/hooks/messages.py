"""What webhooks say: the type of each event, and ids. Amounts and names are asked for by those who may see them."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

__all__ = ["PING", "HookType", "Message", "message_of", "ping_message"]

PING = "ping"
"""The type of a test, which every endpoint gets when somebody asks for it."""


class HookType(StrEnum):
    """What an endpoint may ask to be told of."""

    MEMBER_JOINED = "member.joined"
    ORDER_ACCEPTED = "order.accepted"
    ORDER_REFUNDED = "order.refunded"
    PROGRAM_ACTIVATED = "program.activated"
    PROGRAM_ENDED = "program.ended"
    PROGRAM_PAUSED = "program.paused"
    PROGRAM_WOUND_UP = "program.wound_up"
    RUN_CLOSED = "run.closed"
    WITHDRAWAL_PAID = "withdrawal.paid"
    WITHDRAWAL_REJECTED = "withdrawal.rejected"
    WITHDRAWAL_REQUESTED = "withdrawal.requested"


_KINDS: Mapping[str, tuple[HookType, Mapping[str, str]]] = {
    "order_paid": (HookType.ORDER_ACCEPTED, {"order": "id", "member": "member"}),
    "order_refunded": (HookType.ORDER_REFUNDED, {"refund": "id", "order": "order"}),
    "member_joined": (HookType.MEMBER_JOINED, {"member": "member"}),
    "withdrawal_requested": (HookType.WITHDRAWAL_REQUESTED, {"withdrawal": "id", "member": "member"}),
    "withdrawal_paid": (HookType.WITHDRAWAL_PAID, {"withdrawal": "withdrawal"}),
    "withdrawal_rejected": (HookType.WITHDRAWAL_REJECTED, {"withdrawal": "withdrawal"}),
    "day_closed": (HookType.RUN_CLOSED, {}),
    "plan_activated": (HookType.PROGRAM_ACTIVATED, {}),
    "plan_paused": (HookType.PROGRAM_PAUSED, {}),
    "plan_ended": (HookType.PROGRAM_ENDED, {}),
    "plan_wound_up": (HookType.PROGRAM_WOUND_UP, {}),
}
"""By name of event its type, and which ids of the event it tells under which name."""
Message = tuple[str, str, str]
"""Its id, its type, and its body: the very text that is signed."""


def message_of(number: int, content: str, now: datetime) -> Message | None:
    """The message of an event of the log, or ``None`` for one that nobody is told of.

    >>> from datetime import UTC
    >>> event = '{"day":738000,"event":"day_closed","id":"day:738000"}'
    >>> message_of(7, event, datetime(2021, 7, 29, tzinfo=UTC))[2]
    '{"type":"run.closed","timestamp":"2021-07-29T00:00:00Z","data":{"event":7,"day":"2021-07-29"}}'
    """
    event = json.loads(content)
    if event["event"] not in _KINDS:
        return None
    kind, ids = _KINDS[event["event"]]
    data = {"event": number, "day": date.fromordinal(event["day"]).isoformat()}
    return f"msg_{number}", kind, _body(kind, now, data | {name: event[field] for name, field in ids.items()})


def ping_message(number: str, now: datetime) -> Message:
    """A message that says nothing, to see whether it arrives; ``number`` is nobody else's."""
    return f"ping_{number}", PING, _body(PING, now, {})


def _body(kind: str, now: datetime, data: Mapping[str, Any]) -> str:
    time = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": time, "data": data}, ensure_ascii=False, separators=(",", ":"))
