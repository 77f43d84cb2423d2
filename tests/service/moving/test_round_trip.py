"""A shop that is exported, and imported into another: the same members, tree, balances and lots."""

import pytest
from tests.service.conftest import joins, order
from tests.service.moving.conftest import table, written

from jifen.engine.events import MemberJoined, MemberMoved, RankSet, StoreAdjusted, WithdrawalRequested
from jifen.service.current import shop_is

MICRO = 1_000_000
NUMBER = "+8613800138000"


def another(servers, url) -> str:
    """The alias of a second shop, on the same kind of database."""
    from tests.service.conftest import ALIASES

    from jifen.plan import load_plan
    from jifen.service.databases import open_database
    from jifen.service.shop import Terms, create_shop

    address = servers.filled(url.partition(":")[0])
    alias = next(ALIASES)
    open_database(alias, address)
    create_shop(load_plan("points_dividend"), 738001, Terms("other"), using=alias)
    return alias


@pytest.fixture
def old_shop(shop, folder) -> str:
    """Five members, of whom one was moved below another who joined later; orders, coin, a rank, and a withdrawal."""
    from jifen.service.inbox import submit
    from jifen.service.members.accounts import make_account
    from jifen.service.members.personal import keep_person
    from jifen.service.sign_in.joining import join

    with shop_is(shop):
        account = make_account("138 0013 8000", using=shop)
        keep_person(account, {"name": "=王小明", "bank": "招商银行"})
        join(account, using=shop)
        events = [
            *joins("A", "B", "C"),
            MemberJoined(id="j-D", day=0, member="D", referrer="A"),
            MemberMoved(id="m-B", day=0, member="B", referrer="D"),
            RankSet(id="r-A", day=0, member="A", rank="主管"),
            order("o1", "A", 1000),
            order("o2", "B", 500),
            StoreAdjusted(id="c1", day=0, member="C", store="coin", amount=7 * MICRO + 1),
            StoreAdjusted(id="c2", day=0, member="D", store="cash", amount=50 * MICRO),
            WithdrawalRequested(id="w1", day=0, member="D", amount=20 * MICRO),
        ]
        submit(events, using=shop)
        written(shop, folder)
    return shop


def test_a_shop_that_was_exported_and_imported_has_the_same_members_balances_and_lots(
    old_shop, servers, url, folder, tmp_path
):
    from jifen.service.members.accounts import account_with
    from jifen.service.members.personal import personal
    from jifen.service.moving.exporting import export
    from jifen.service.moving.importing import outcome, start
    from jifen.service.moving.maps import load_map
    from jifen.service.moving.opening import draft

    with shop_is(old_shop):
        counts = export(tmp_path / "out", with_personal=True, using=old_shop)
    assert counts["members"] == 5
    assert [row["order"] for row in table(tmp_path / "out", "orders")] == ["o1", "o2"]
    cash = [row for row in table(tmp_path / "out", "balances") if (row["member"], row["asset"]) == ("D", "cash")]
    assert [row["amount"] for row in cash] == ["50.00"]  # 30 in the wallet, and 20 that wait for the bank
    new = another(servers, url)
    with shop_is(new):
        tried = draft(tmp_path / "out", load_map("jifen"), using=new)
        assert [problem.code for problem in tried.refused] == []
        start(tried, using=new)
        written(new, tmp_path / "new")
        done = outcome(tried.digest, using=new)
        assert (done.state, done.refused) == ("done", 0)
        export(tmp_path / "again", with_personal=True, snapshots=tmp_path / "new" / "snapshots", using=new)
        account = account_with(NUMBER, using=new)
        assert personal(account)["name"] == "=王小明"
    for name, columns in (
        ("members", ("member", "sponsor", "phone", "name", "bank", "rank", "agent", "region", "locked")),
        ("balances", None),
        ("funds", None),
        ("orders", ("order", "member", "amount", "refunded")),
        ("lots", ("member", "store", "remaining", "daily")),
    ):
        before, after = table(tmp_path / "out", name), table(tmp_path / "again", name)
        kept = columns or tuple(before[0] if before else ())
        assert [[row[key] for key in kept] for row in after] == [[row[key] for key in kept] for row in before], name
    assert {row["member"]: row["sponsor"] for row in table(tmp_path / "again", "members")}["B"] == "D"
    assert [row["remaining"] for row in table(tmp_path / "again", "lots")] != []
