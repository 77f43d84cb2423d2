"""``jifen bench``: every command answers, as a table and as JSON; what cannot be measured is said in words."""

import json

import pytest

from jifen.bench import close


@pytest.fixture(autouse=True)
def copied(monkeypatch):
    monkeypatch.setattr(close, "copy_bytes_per_s", lambda: 10**9)


def test_a_close_answers_with_every_figure(jifen):
    answer = jifen("bench", "close", "--members", 100, "--lots", 300, "--shape", "chain", "--json")
    figures = json.loads(answer.out)
    assert answer.code == 0
    assert (figures["members"], figures["lots"], figures["shape"], figures["threads"]) == (100, 300, "chain", 1)
    named = {"seconds", "spread", "entries", "bytes_touched", "copy_bytes_per_s", "bound_ratio", "peak_bytes"}
    assert named <= figures.keys()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("close", "--members", 50, "--upto", "journal"), "times the bound 下限的倍数"),
        (("orders", "--members", 50, "--orders", 20, "--preset", "appreciation"), "orders a second 每秒订单"),
        (("files", "--rows", 40), "Parquet, rows a second 每秒行数"),
        (("snapshot", "--members", 50), "loading 载入"),
        (("journal", "--members", 50), "rows a second 每秒行数"),
        (("simulate", "--members", 50, "--days", 7), "of the processor 处理器秒"),
    ],
)
def test_a_bench_writes_a_table_in_both_languages(jifen, arguments, words):
    answer = jifen("bench", *arguments)
    assert (answer.code, answer.err) == (0, "")
    assert words in answer.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("close", "--members", 1), "--members: 1 is not between"),
        (("close", "--members", 10**12), "is not between"),
        (("close", "--members", 10, "--lots", 10**12), "--lots"),
        (("close", "--members", 10, "--shape", "ring"), "tree or chain or star"),
        (("close", "--members", 10, "--threads", 99), "--threads: 99"),
        (("close", "--members", 10, "--upto", "moon"), "kernel, whole, journal"),
        (("close", "--members", 10, "--preset", "nothing"), "no plan called"),
        (("orders", "--orders", 0), "--orders: 0"),
        (("files", "--rows", 3), "--rows: 3"),
        (("simulate", "--members", 1), "--members: 1"),
        (("simulate", "--members", 10**8), "--members: 100,000,000"),
        (("simulate", "--days", 0), "--days: 0"),
        (("simulate", "--members", 50, "--days", 4000), "--days: 4,000"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(jifen, arguments, words):
    answer = jifen("bench", *arguments)
    assert answer.code == 2
    assert words in answer.err
