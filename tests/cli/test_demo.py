"""``jifen demo``: a shop that is found again; two plans over one shop, one of which can be paid; or one plan alone."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest

JIFEN = (sys.executable, "-P", "-c", "from jifen.cli import main; main()")


@pytest.mark.nightly
def test_the_demo_opens_a_shop_serves_it_and_finds_it_again(tmp_path):
    made = subprocess.run(
        [*JIFEN, "demo", "--no-serve", "--json", "--out", tmp_path], check=True, capture_output=True, text=True
    )
    assert json.loads(made.stdout)["traded"]
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        command = [*JIFEN, "demo", "--out", tmp_path, "--port", str(port)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = ""
        for line in running.stdout:
            said += line
            if re.fullmatch(r"http://127.0.0.1:\d+\n", line):
                break
    assert f"port {port} is busy" in said
    with urlopen(line.strip()) as page:
        text = page.read().decode()
    assert "Funded points" in text
    os.kill(running.pid, signal.SIGINT)
    running.communicate(timeout=30)
    assert running.returncode == 0


def test_the_demo_compares_a_plan_that_can_be_paid_with_one_that_cannot(jifen, tmp_path):
    shown = jifen("demo", "--compare", "--out", tmp_path / "demo")
    assert shown.code == 0, shown.err
    assert "margin left when all is paid" in shown.out
    assert shown.out.count("report.html") == 2
    assert "The first is the plan to begin with" in shown.out

    again = jifen("demo", "--compare", "--out", tmp_path / "demo", "--json")
    ours, vendors = json.loads(again.out)
    assert (ours["sold"], ours["margin"]) == (vendors["sold"], vendors["margin"])
    assert not ours["rest"].startswith("-")
    assert vendors["rest"].startswith("-")
    # What is owed is in a pool from the moment it is promised; the friend's pool may hold more.
    assert float(ours["set_aside"]) >= float(ours["owed"]) > 0
    assert all(outcome["report"].startswith(str(tmp_path)) for outcome in (ours, vendors))


def test_any_plan_can_be_shown_with_the_events_it_needs(jifen, tmp_path):
    shown = jifen("demo", "--plan", "ad_tasks", "--out", tmp_path / "demo", "--json")
    assert shown.code == 0, shown.err
    (outcome,) = json.loads(shown.out)
    assert float(outcome["paid"]) > 0


def test_a_plan_that_is_not_there_is_the_users_mistake(jifen, tmp_path):
    assert jifen("demo", "--plan", "nothing", "--out", tmp_path / "demo").code == 2
