"""The queue: claims by unlock day, then arrival, each paid in full while the pool can."""

from typing import Any

import pytest
from tests.engine.shop import Shop, yuan


def queue(**params: Any) -> Shop:
    """Claims of the order's amount, a fifth of it into the pool, unlocked two days later."""
    return Shop("rebate_queue", lock_days=2, accelerate_rate="0%", **params).join(a=None, b=None, c="a")


def served(journal: Any) -> dict[str, int]:
    return {member: rules["serve"] for member, rules in journal.paid().items() if "serve" in rules}


def test_a_claim_waits_until_it_is_unlocked() -> None:
    shop = queue()
    shop.order("o1", "a", "100")
    shop.donate("queue", "80")
    assert [served(shop.close()) for _ in range(3)] == [{}, {}, {"a": yuan("100")}]
    assert shop.world.pool("queue") == 0


def test_the_head_waits_for_the_last_micro_unit() -> None:
    shop = queue()
    shop.order("o1", "a", "100")
    shop.donate("queue", "79.999999")
    assert served(shop.close(3)) == {}
    shop.donate("queue", "0.000001")
    assert served(shop.close()) == {"a": yuan("100")}


@pytest.mark.parametrize(("line", "paid"), [("strict", {}), ("skip", {"b": "100"})])
def test_a_head_that_is_too_large_stops_a_strict_line(line: str, paid: dict[str, str]) -> None:
    shop = queue(queue_head=line)
    shop.order("o1", "a", "300")
    shop.order("o2", "b", "100")
    shop.donate("queue", "20")
    assert shop.world.pool("queue") == yuan("100")
    assert served(shop.close(3)) == {member: yuan(each) for member, each in paid.items()}


def test_claims_are_served_by_unlock_day_then_arrival() -> None:
    shop = queue()
    shop.order("o1", "b", "100")
    shop.close()
    shop.order("o2", "a", "100")
    shop.order("o3", "b", "100")
    assert shop.world.queue() == ["o1", "o2", "o3"]
    shop.donate("queue", "140")
    journal = shop.close(3)
    assert served(journal) == {"a": yuan("100")}
    assert shop.world.queue() == ["o3"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_a_line_longer_than_what_is_looked_at_at_once_is_served_in_order(at_once: int, monkeypatch: Any) -> None:
    """Seven claims of 100 bring 140, and 300 more are given: four are paid, the one given back is passed over."""
    monkeypatch.setattr("jifen.engine.queues._AT_ONCE", at_once)
    shop = queue()
    for place in range(1, 8):
        shop.order(f"o{place}", "ab"[place % 2], "100")
    shop.refund("o3", "100")
    shop.donate("queue", "280")
    assert shop.world.pool("queue") == yuan("400")
    assert served(shop.close(3)) == {"a": yuan("200"), "b": yuan("200")}
    assert shop.world.queue() == ["o6", "o7"]


def test_a_shorter_lock_lets_a_later_claim_pass() -> None:
    """The lock is read when the claim is granted; after it falls to 0 a new claim comes first."""
    from jifen.engine.events import PlanActivated
    from jifen.plan import revise

    shop = queue()
    shop.order("o1", "a", "100")
    shop.book(PlanActivated, plan=revise(shop.plan, {"lock_days": 0}))
    shop.order("o2", "b", "50")
    assert shop.world.queue() == ["o2", "o1"]
    shop.donate("queue", "20")
    assert served(shop.close()) == {"b": yuan("50")}


def test_a_referral_releases_the_referrers_oldest_claims_locked_ones_too() -> None:
    """c's 100 releases 20% of it from a's claim of 100, out of the pool's 20 + 20."""
    shop = queue()
    shop.plan = Shop("rebate_queue", lock_days=2).plan
    shop = Shop(shop.plan).join(a=None, c="a")
    shop.order("o1", "a", "100")
    assert shop.order("o2", "c", "100").paid() == {"a": {"accelerate": yuan("20")}}
    assert (shop.remaining("a", "claim"), shop.world.pool("queue")) == ([yuan("80")], yuan("20"))


def test_a_pool_pays_a_referral_no_more_than_it_has() -> None:
    """50% of 100 wanted, the pool has 40 (two feeds of 20): 10 are forfeited and stay in the claim."""
    shop = Shop("rebate_queue", accelerate_rate="50%").join(a=None, c="a")
    shop.order("o1", "a", "100")
    journal = shop.order("o2", "c", "100")
    assert journal.paid() == {"a": {"accelerate": yuan("40")}}
    assert journal.forfeited() == {"a": yuan("10")}
    assert (shop.remaining("a", "claim"), shop.world.pool("queue")) == ([yuan("60")], 0)


def test_a_refund_takes_the_claim_out_of_the_queue_and_leaves_a_debt() -> None:
    """100 and its feed of 20 go; the pool had paid all it had to another, so it owes 20, repaid by the next feed."""
    shop = queue()
    shop.order("o1", "a", "20")
    shop.order("o2", "b", "80")
    assert served(shop.close(3)) == {"a": yuan("20")}
    shop.refund("o2", "80")
    assert shop.world.queue() == []
    assert (shop.world.pool("queue"), shop.world.pool_debt("queue")) == (0, yuan("16"))
    shop.order("o3", "b", "100")
    assert (shop.world.pool("queue"), shop.world.pool_debt("queue")) == (yuan("4"), 0)


def test_a_claim_that_was_paid_is_paid_back_to_the_pool() -> None:
    shop = queue()
    shop.order("o1", "a", "100")
    shop.donate("queue", "80")
    shop.close(3)
    shop.refund("o1", "50")
    assert (shop.cash("a"), shop.world.pool("queue")) == (yuan("50"), yuan("40"))
