"""Exports of other systems, in rows shaped as the tables of their public releases; not against a live system."""

import pytest
from tests.service.moving.conftest import written

from jifen.core.errors import InputError
from jifen.service.moving.maps import MAPS, TABLES, load_map

MICRO = 1_000_000
CRMEB = {
    "eb_user": """
uid,account,real_name,card_id,phone,add_time,now_money,brokerage_price,integral,spread_uid,spread_time,is_del
3,u3,李四,,13800138001,1599800000,0.00,12.34,80.00,7,1599800000,0
7,u7,王五,11010119900307283X,13800138000,1599700000,100.50,0.00,5.00,0,0,0
8,u8,,,,1599900000,0.00,0.00,0.00,3,1599900000,0
9,u9,,,,1599900000,9.00,9.00,0.00,3,1599900000,1
""",
    "eb_store_order": """
id,order_id,uid,total_price,pay_price,paid,pay_time,refund_status,refund_price,status
1,wx160001,3,120.00,99.90,1,1600000000,0,0.00,2
2,wx160002,7,50.00,50.00,1,1600003600,2,50.00,-2
3,wx160003,8,10.00,10.00,0,0,0,0.00,0
""",
}
LIKESHOP = {
    "ls_user": """
id,sn,nickname,mobile,user_money,user_integral,first_leader,second_leader,distribution_code,create_time,earnings,del
1,10001,a,13800138000,20.00,7,0,0,ABC234,1600000000,1.10,0
2,10002,b,13800138001,0.00,0,1,0,DEF567,1600000000,0.00,0
5,10005,c,,3.00,0,1,0,,1600000000,0.00,1600009999
""",
    "ls_order": """
id,order_sn,user_id,pay_status,pay_time,order_amount,refund_amount
1,202001,2,1,1600000000,30.00,
2,202002,2,2,1600000000,8.00,8.00
3,202003,1,0,0,5.00,
""",
}


def imported(shop, files, folder, how, tables):
    """Import an export of another system; gives what was tried, and balances by member and asset."""
    from jifen.service.directory import Directory
    from jifen.service.moving.importing import outcome, start
    from jifen.service.moving.opening import draft
    from jifen.service.reads import balances

    tried = draft(files(**tables), load_map(how), using=shop)
    assert tried.refused == []
    start(tried, using=shop)
    written(shop, folder)
    assert outcome(tried.digest, using=shop).state == "done"
    directory = Directory(shop)
    held = {
        (row.member, asset): amount
        for row in tried.members
        for (_, asset), amount in balances(row.member, directory).amounts.items()
    }
    return tried, held


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_shop_of_crmeb_is_brought_along(shop, files, folder):
    from jifen.service.members.accounts import account_with
    from jifen.service.members.personal import personal
    from jifen.service.moving.models import PastOrder

    tried, held = imported(shop, files, folder, "crmeb", CRMEB)
    assert [(row.member, row.sponsor) for row in tried.members] == [("3", "7"), ("7", None), ("8", "3")]
    assert held == {("3", "cash"): 12_340_000, ("7", "coin"): 100_500_000}
    past = PastOrder.objects.using(shop).order_by("order").values_list("order", "member", "amount", "refunded")
    assert list(past) == [("wx160001", "3", 99_900_000, 0), ("wx160002", "7", 50_000_000, 50_000_000)]
    known = personal(account_with("+8613800138000", using=shop))
    assert (known["name"], known["id_number"]) == ("王五", "11010119900307283X")
    assert known["joined_at"].startswith("2020-09-10T01:06:40")
    assert "eb_user.csv: integral" in tried.unread


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_shop_of_likeshop_is_brought_along(shop, files, folder):
    from jifen.service.members.models import Account
    from jifen.service.moving.models import PastOrder

    tried, held = imported(shop, files, folder, "likeshop", LIKESHOP)
    assert [(row.member, row.sponsor) for row in tried.members] == [("1", None), ("2", "1")]
    assert held == {("1", "coin"): 20 * MICRO, ("1", "cash"): 1_100_000}
    assert Account.objects.using(shop).get(code="2").invite_code == "DEF567"
    assert list(PastOrder.objects.using(shop).order_by("order").values_list("order", "refunded")) == [
        ("202001", 0), ("202002", 8 * MICRO),
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_map_of_ones_own_says_what_a_point_is_worth(shop, files, tmp_path):
    from jifen.service.moving.opening import draft

    own = tmp_path / "own.yaml"
    own.write_text(
        "name: own\nsources:\n"
        "  - {table: members, file: eb_user, columns: {member: uid}}\n"
        "  - table: balances\n    file: eb_user\n"
        '    columns: {member: uid, asset: {value: voucher}, amount: {column: integral, times: "0.015"}}\n'
    )
    found = draft(files(**CRMEB), load_map(str(own)), using=shop)
    # 80 and 5 points at 0.015: 1.2 and 0.075.
    assert [(each.name, each.opened) for each in found.totals] == [("voucher", 1_275_000)]


@pytest.mark.parametrize("name", MAPS)
def test_each_map_that_comes_along_is_one_and_names_our_columns(name):
    found = load_map(name)
    assert found.name == name
    assert {source.table for source in found.sources} <= TABLES.keys()
    assert any(source.table == "members" for source in found.sources)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name: x", "bad_map"), ("[", "bad_map"), ("3", "bad_map"), ("name: x\nsources: [{table: coupons}]", "bad_map"),
        ("name: x\nsources: [{table: members, file: m, columns: {hobby: h}}]", "bad_map"),
        ('name: x\nsources: [{table: members, file: m, columns: {member: {column: m, times: "0x1"}}}]', "bad_map"),
    ],
)  # fmt: skip
def test_a_map_that_is_none_is_refused(tmp_path, text, code):
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(InputError) as refused:
        load_map(str(tmp_path / "map.yaml"))
    assert refused.value.problems[0].code == code


@pytest.mark.parametrize(
    ("tables", "code"),
    [
        ({"members": "name\nx"}, "missing_column"), ({"balances": "member,asset,amount\n"}, "missing_table"),
        ({"members": "member,member\nA,B"}, "bad_header"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_files_that_are_not_what_the_map_says_are_refused(shop, files, tried, tables, code):
    with pytest.raises(InputError) as refused:
        tried(files(**tables))
    assert refused.value.problems[0].code == code
