"""``jifen run``, ``jifen audit`` and ``jifen explain`` over a shop of two members."""

import io
import json

import pytest


def test_a_run_prints_its_figures_and_where_the_report_is(jifen, shop):
    # Ann: 3000 × 2.5 = 7500 points, Bob: 9000 × 3 = 27000. On day 1.2 % of the orders: 36 a day for Ann from the 4th,
    # 108 a day for Bob from the 5th, and half of Bob's for Ann: to the 6th 3 × 36 + 2 × 108 and 2 × 54.
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--until", "2026-01-06")
    answer = jifen("run", "green_points", *arguments, "--out", shop / "out")
    assert answer.code == 0
    figures = dict(line.rsplit(maxsplit=1) for line in answer.out.splitlines()[1:] if line.strip())
    assert figures["sold"] == "12,000.00"
    assert figures["granted: points"] == "34,500.00"
    assert figures["paid: static"] == "324.00"
    assert figures["paid: generation"] == "108.00"
    assert figures["in wallets: cash"] == "432.00"
    assert figures["still owed: points"] == "34,068.00"
    assert figures["Report:"] == str(shop / "out" / "report.html")
    assert (shop / "out" / "report.html").is_file()


def test_a_parameter_is_set_as_yaml(jifen, shop):
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--until", "2026-01-06")
    changes = ("--set", "generations=[]", "--set", "daily_rate=2.4%")
    answer = jifen("run", "green_points", *arguments, *changes, "--out", shop / "out", "--json")
    assert json.loads(answer.out)["paid"] == {"static": "648.000000"}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("--set", "daily_rate"), "is not key=value"),
        (("--set", "daily_rate=[1"), "not YAML"),
        (("--set", "dayly_rate=1%"), "dayly_rate"),
        (("--until", "tomorrow"), "is not a date"),
    ],
)
def test_a_wrong_option_is_the_users_mistake(jifen, shop, change, part):
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--out", shop / "out")
    answer = jifen("run", "green_points", *arguments, *change)
    assert answer.code == 2
    assert part in answer.err
    assert not (shop / "out").exists()


def test_on_error_takes_two_words_only(jifen, shop):
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--out", shop / "out")
    assert jifen("run", "green_points", *arguments, "--on-error", "maybe").code == 2


def test_a_wrong_row_stops_the_run_or_is_left_out(jifen, shop):
    with (shop / "orders.csv").open("a") as orders:
        orders.write("o3,cid,2026-01-05,100\n")
    arguments = ("--members", shop / "members.csv", "--orders", shop / "orders.csv", "--out", shop / "out")
    stopped = jifen("run", "green_points", *arguments)
    assert stopped.code == 2
    assert "orders.csv:4: member: " in stopped.err
    assert not (shop / "out").exists()
    skipped = jifen("run", "green_points", *arguments, "--on-error", "skip")
    assert skipped.code == 0
    assert "rows left out" in skipped.out
    assert (shop / "out" / "rejected.csv").is_file()


def test_a_run_that_is_sound_passes_its_audit(jifen, ran):
    answer = jifen("audit", ran)
    assert answer.code == 0
    assert answer.out.startswith("Sound: 6 batches")


def test_a_changed_balance_is_named_by_the_audit(jifen, ran):
    balances = ran / "balances.csv"
    balances.write_text(balances.read_text().replace("ann,cash,216", "ann,cash,217"))
    answer = jifen("audit", ran)
    assert answer.code == 1
    assert "balances.csv" in answer.out
    assert json.loads(jifen("audit", ran, "--json").out)["sound"] is False


def test_a_folder_that_is_no_run_is_the_users_mistake(jifen, tmp_path):
    assert jifen("audit", tmp_path).code == 2
    assert jifen("explain", tmp_path, "--member", "ann").code == 2


def test_an_explanation_names_lot_and_source_of_each_amount(jifen, ran):
    # Of Bob's 108 of that day half goes to Ann, out of her own lot.
    answer = jifen("explain", ran, "--member", "ann", "--day", "2026-01-06", "--json")
    static, generation = json.loads(answer.out)
    assert (static["rule"], static["lot"], static["amount"]) == ("static", "o1", "36.00")
    assert [(source["order"], source["base"], source["rate"]) for source in static["sources"]] == [
        ("o1", "3000.00", "1.2%")
    ]
    assert (generation["rule"], generation["lot"], generation["amount"]) == ("generation", "o1", "54.00")
    (source,) = generation["sources"]
    assert (source["member"], source["order"], source["base"], source["rate"]) == ("bob", "o2", "108.00", "50%")


def test_an_explanation_is_a_table_of_days_and_reasons(jifen, ran):
    answer = jifen("explain", ran, "--member", "ann", "--day", "2026-01-06")
    assert "50% of 108.00 by bob (o2)" in answer.out


def test_a_member_the_run_does_not_know_is_the_users_mistake(jifen, ran):
    answer = jifen("explain", ran, "--member", "zoe")
    assert answer.code == 2
    assert "the run knows no member 'zoe'" in answer.err


def test_a_member_who_received_nothing_is_said_so(jifen, ran):
    assert "bob received nothing on 2026-01-02." in jifen("explain", ran, "--member", "bob", "--day", "2026-01-02").out


def test_of_many_sources_the_largest_are_shown_and_the_rest_is_added_up():
    from rich.console import Console

    from jifen.cli.explain import explanation_table
    from jifen.engine.explain import Explanation, Source

    sources = tuple(Source("bob", f"o{place}", "1", 10**8, 500_000, 10**6) for place in range(25))
    one = Explanation(739_000, "generation", 25 * 10**6, 25 * 10**6, "cash", 25 * 10**6, "o", "0" * 64, sources)
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(explanation_table("ann", [one]))
    text = console.export_text()
    assert "(o19)" in text
    assert "(o20)" not in text
    assert "… and 5 smaller ones, 5.00 points in all" in text
