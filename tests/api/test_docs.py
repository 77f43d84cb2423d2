"""What the pages of the API show is run, against ``jifen serve`` as it is run, and answers as they say."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.service.running import ROOT, Shop, jifen

PAGES = ROOT / "docs" / "api"
BLOCK = re.compile(r"^```(bash|json)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ANYTHING = "…"


COINS = ("--set", "pay_asset=coin", "--set", "coin_transferable=true", "--set", "coin_withdrawable=true")


@pytest.fixture
def environment(tmp_path, request):
    """What the processes of a new sandbox are told; its plan has what the test says besides."""
    told = {name: text for name, text in os.environ.items() if not name.startswith("JIFEN_")}
    told |= {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "JIFEN_VAR": str(tmp_path / "var")}
    made = jifen(
        told, "shop", "create", "--plan", "points_dividend", *getattr(request, "param", ()), "--name", "试营业"
    )
    assert made.returncode == 0, made.stderr
    return told


@pytest.fixture
def served(environment, tmp_path):
    """The sandbox, serving; what a script of curl is told."""
    key = json.loads(jifen(environment, "staff", "key", "make", "me", "--scope", "all", "--json").stdout)["key"]
    shop = Shop(environment, tmp_path / "log")
    shop.wait_for(200)
    yield {**environment, "SHOP": f"http://127.0.0.1:{shop.port}", "KEY": key}
    shop.stop()


def examples(page: Path) -> list[tuple[str, list[Any]]]:
    """Each command of a page with the answers that stand below it."""
    found: list[tuple[str, list[Any]]] = []
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "bash":
            found.append((text, []))
        else:
            found[-1][1].extend(documents(text))
    return found


def documents(text: str) -> list[Any]:
    """All that a text has of JSON, one behind the other."""
    found, text = [], text.strip()
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        found.append(document)
        text = text[end:].strip()
    return found


def agrees(shown: Any, answered: Any) -> bool:
    """Whether an answer is what is shown; dots stand for anything, in a text for any part of it."""
    if shown == ANYTHING:
        return True
    if isinstance(shown, dict):
        return (
            isinstance(answered, dict) and shown.keys() == answered.keys()
            and all(agrees(each, answered[name]) for name, each in shown.items())
        )  # fmt: skip
    if isinstance(shown, list):
        return isinstance(answered, list) and len(shown) == len(answered) and all(map(agrees, shown, answered))
    if isinstance(shown, str) and ANYTHING in shown:
        pattern = ".*".join(map(re.escape, shown.split(ANYTHING)))
        return isinstance(answered, str) and re.fullmatch(pattern, answered) is not None
    return type(shown) is type(answered) and shown == answered


def test_the_examples_answer_as_they_say(served, tmp_path):
    found = examples(PAGES / "curl.md")
    assert len(found) > 12
    # One shell runs them all, since later ones use what earlier ones have found out.
    script = "".join(f"{{\n{text}}} > {place}.out\n" for place, (text, _) in enumerate(found))
    shell = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(shell, cwd=tmp_path, env=served, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stderr, [each.read_text() for each in tmp_path.glob("*.out")])
    for place, (text, shown) in enumerate(found):
        answered = documents((tmp_path / f"{place}.out").read_text(encoding="utf-8"))
        assert agrees(shown, answered), (text, json.dumps(answered, ensure_ascii=False, indent=1))


@pytest.mark.parametrize("environment", [COINS], indirect=True, ids=["coins"])
def test_the_whole_journey_goes_as_its_script_says(served, environment, tmp_path):
    scopes = ("--scope", "withdrawals.review", "--scope", "withdrawals.pay", "--scope", "books.read")
    made = jifen(environment, "staff", "key", "make", "finance", *scopes, "--json")
    told = served | {"FINANCE": json.loads(made.stdout)["key"], "SMS": str(tmp_path / "var" / "sms.txt")}
    script = ["bash", str(PAGES / "journey.sh")]
    done = subprocess.run(script, cwd=tmp_path, env=told, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert done.stdout.splitlines()[-1] == "Nothing is set aside: 0.00"
    assert jifen(environment, "audit").returncode == 0


def test_an_answer_that_is_another_is_found():
    assert agrees({"a": ["…", "x…"]}, {"a": [3, "xy"]})
    for other in ({"a": [3]}, {"a": [3, "y"]}, {"a": [3, "x"], "b": 1}, [], {"a": None}):
        assert not agrees({"a": ["…", "x…"]}, other)
    assert not agrees({"due": 0}, {"due": False})
