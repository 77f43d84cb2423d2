"""What the command line does with mistakes: exit codes, a readable list, and never a traceback for a user's own."""

import subprocess
import sys

import pytest

from jifen.core.errors import BrokenInvariant, InputError, Problem


def test_the_version_is_that_of_the_package(jifen):
    from importlib.metadata import version

    assert jifen("--version").out == f"jifen {version('jifen')}\n"


@pytest.mark.parametrize("command", ["run", "verify", "audit", "explain", "demo", "backup", "restore", "doctor"])
def test_every_command_shows_an_example_in_its_help(jifen, command):
    answer = jifen(command, "--help")
    assert answer.code == 0
    assert "Example: jifen " in answer.out
    assert "--json" in answer.out


def test_mistakes_of_a_user_are_listed_with_place_and_remedy_and_exit_with_2(jifen, monkeypatch):
    def fail(*_):
        raise InputError(
            [Problem("bad_amount", "'-3' is below 0", "write it without a sign", "o.csv", 7, "amount")], more=2
        )

    monkeypatch.setattr("jifen.batch.cases.run_cases", fail)
    answer = jifen("verify", "cases.yaml")
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.splitlines() == [
        "o.csv:7: amount: '-3' is below 0 [bad_amount]",
        "    write it without a sign",
        "… and 2 more",
    ]


def test_mistakes_of_a_user_are_json_on_stdout_if_asked(jifen, tmp_path):
    import json

    answer = jifen("verify", tmp_path / "none.yaml", "--json")
    assert answer.code == 2
    assert json.loads(answer.out)["problems"][0]["file"].endswith("none.yaml")


def test_broken_books_exit_with_3_and_say_what_to_report(jifen, monkeypatch):
    def fail(*_):
        raise BrokenInvariant("transfers of batch 7 do not balance")

    monkeypatch.setattr("jifen.batch.cases.run_cases", fail)
    answer = jifen("verify", "cases.yaml")
    assert answer.code == 3
    assert "transfers of batch 7 do not balance" in answer.err
    assert "jifen verify cases.yaml" in answer.err
    assert "Traceback" not in answer.err


def test_an_interruption_exits_with_130(jifen, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("jifen.batch.cases.run_cases", fail)
    assert jifen("verify", "cases.yaml").code == 130


def test_an_unknown_option_exits_with_2(jifen):
    assert jifen("verify", "--colour").code == 2


def test_starting_imports_none_of_the_heavy_libraries():
    heavy = "{'numba', 'numpy', 'pyarrow', 'polars', 'altair', 'vl_convert', 'pydantic', 'ruamel'}"
    code = f"import sys, jifen, jifen.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_help_imports_none_of_the_heavy_libraries():
    code = """
import sys
from jifen.cli import main
sys.argv = ["jifen", "--help"]
try:
    main()
finally:
    heavy = {"numba", "numpy", "pyarrow", "polars", "duckdb", "altair", "vl_convert", "pydantic", "ruamel", "yaml"}
    print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: jifen" in done.stdout
    assert done.stderr == "[]\n"


def test_every_public_name_can_be_loaded():
    import jifen

    assert [name for name in jifen.__all__ if getattr(jifen, name, None) is None] == []


def test_a_name_that_is_not_public_is_an_attribute_error():
    import jifen

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = jifen.nothing
