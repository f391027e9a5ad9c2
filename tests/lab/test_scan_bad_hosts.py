"""Scans of hosts that cannot be reached, cannot be believed or wish the scanner ill. None of them passes anything."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

from .hostile import ANSWERS, CONNECTIONS, REFUSALS
from .ssh import new_key

pytestmark = pytest.mark.lab

# What the report says about each, by the name of its behaviour.
_REASONS = {
    "endless": "without the collector's greeting",
    "endless_complaint": "not a byte|not finished|did not run|without the collector",
    "endless_answer": "larger than|more than|not finished",
    "bomb": "larger than|more than",
    "garbage": "not valid gzip|ended its answer early",
    "noise": "ran no collector|did not run the collector|without the collector",
    "fake_frames": "ended its answer early|did not answer|out of turn|never came|not whole",
    "replayed_frames": "out of turn",
    "empty_answers": "",
    "another_plan": "other questions",
    "hangs_mid_answer": "not a byte|not finished",
    "closes_mid_answer": "connection broke|ended|no exit status|closed",
    "never_answers": "not a byte|not finished",
    "never_reads": "not a byte|not finished",
    "trickles": "not finished",
    "dresses_up": "ran no collector",
    "silent": "did not speak SSH",
    "banner_flood": "did not speak SSH|does not allow|conversation failed|hung up",
    "not_ssh": "hung up|conversation failed|did not speak SSH|does not allow",
    "hangs_up": "hung up",
    "speaks_then_hangs": "did not speak SSH|in time",
    "refuses_exec": "refused|closed|ran no collector|did not run",
    "refuses_keys": "did not let in scan",
}


@pytest.fixture(scope="module")
def hostile_scan(scanner, hostile, clean):
    """One scan of every hostile server with an honest host among them."""
    targets = [f"ssh://scan@{name}" for name in (*hostile.values(), "clean")]
    return scanner.scan(*targets, "--timeout", "8", "--connect-timeout", "4", "--fail-on", "never", timeout_s=90)


def test_every_hostile_behaviour_is_looked_at():
    assert set(_REASONS) == {*ANSWERS, *CONNECTIONS, *REFUSALS}


@pytest.mark.parametrize("behaviour", _REASONS)
def test_a_hostile_host_gets_no_verdict_and_a_reason(hostile_scan, hostile, behaviour):
    name = hostile[behaviour]
    assert set(hostile_scan.outcomes(name).values()) <= {"error", "unreachable"}
    reasons = hostile_scan.reasons(name)
    assert re.search(_REASONS[behaviour], reasons), reasons


def test_an_honest_host_among_hostile_ones_is_judged_as_ever(hostile_scan):
    assert hostile_scan.unreachable("clean") == ""
    assert hostile_scan.outcomes("clean")["lab_account_file_protected"] == "pass"


def test_hostile_hosts_cost_neither_the_time_nor_the_memory_they_would_like(hostile_scan):
    assert hostile_scan.seconds < 30
    assert hostile_scan.peak_mb < 600
    assert hostile_scan.exit == 3


def test_nothing_a_hostile_host_says_reaches_terminal_or_page_alive(hostile_scan):
    page = (hostile_scan.folder / "report.html").read_text()
    for text in (hostile_scan.stdout, hostile_scan.stderr, page):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script>alert(1)" not in page
    assert "Traceback" not in hostile_scan.stderr


def test_a_changed_host_key_is_refused_and_nothing_is_sent(boot, lab, scanner):
    host = boot("rekeyed")
    known = lab.client.known_hosts.read_text()
    kept = [line for line in known.splitlines(keepends=True) if not line.startswith(f"{host.address} ")]
    lab.client.known_hosts.write_text("".join(kept) + f"{host.address} {new_key().public}\n")
    scan = scanner.scan("ssh://scan@rekeyed")
    lab.client.known_hosts.write_text(known)
    assert scan.exit == 3
    assert "the host key of rekeyed" in scan.unreachable("rekeyed")
    assert "changed" in scan.unreachable("rekeyed")
    assert "Accepted" not in host.run("cat /var/log/auth.log")


def test_a_changed_host_key_is_refused_even_where_new_ones_are_accepted(lab, scanner, clean, tmp_path):
    wrong = tmp_path / "known_hosts"
    wrong.write_text(f"{clean.address} {new_key().public}\n")
    scan = scanner.scan("ssh://scan@clean", "--known-hosts", str(wrong), "--accept-new")
    assert scan.exit == 3
    assert "changed" in scan.unreachable("clean")


def test_an_unknown_host_key_is_refused_and_shown(lab, scanner, clean, tmp_path):
    scan = scanner.scan("ssh://scan@clean", "--known-hosts", str(tmp_path / "none"))
    assert scan.exit == 3
    assert "is not known" in scan.unreachable("clean")
    assert "SHA256:" in scan.unreachable("clean")


def test_an_unknown_host_key_is_remembered_where_that_was_asked_for(scanner, clean, tmp_path):
    known = tmp_path / "known_hosts"
    assert scanner.scan("ssh://scan@clean", "--known-hosts", str(known), "--accept-new").unreachable("clean") == ""
    assert clean.host_keys[0].split()[1] in known.read_text()
    assert scanner.scan("ssh://scan@clean", "--known-hosts", str(known)).unreachable("clean") == ""


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        pytest.param("127.0.0.9", "refused", id="refused"),
        pytest.param("192.0.2.1", "network is unreachable", id="no-network"),
        pytest.param("10.99.0.250", "no route to host|no answer in time", id="no-neighbour"),
        pytest.param("10.99.0.251", "no answer in time", id="time-out"),
        pytest.param("no-such-host.invalid", "name resolution|not known|cannot be resolved", id="no-such-name"),
    ],
)
def test_a_host_that_cannot_be_reached_says_why_in_one_line(lab, scanner, target, reason):
    lab.enclosure.run("ip", "neigh", "replace", "10.99.0.251", "lladdr", "02:00:00:00:00:99", "dev", "outer", "nud", "permanent")
    scan = scanner.scan(f"ssh://scan@{target}", "--connect-timeout", "4")
    assert scan.exit == 3
    assert set(scan.outcomes(target).values()) == {"unreachable"}
    assert re.search(reason, scan.unreachable(target), re.IGNORECASE), scan.unreachable(target)
    assert "\n" not in scan.unreachable(target)
    assert scan.seconds < 15
    assert "Traceback" not in scan.stderr


@pytest.mark.parametrize("user", ["nobody-here", "root"])
def test_a_user_that_is_not_let_in_makes_the_host_unreachable(scanner, clean, user):
    scan = scanner.scan(f"ssh://{user}@clean")
    assert scan.exit == 3
    assert f"did not let in {user}" in scan.unreachable("clean")


def test_a_host_that_dies_during_the_scan_passes_nothing(boot, scanner):
    dying = boot("dying")
    dying.run("printf '#!/bin/sh\\nsleep 60\\n' >/root/slow && chmod 755 /root/slow && mv /root/slow /usr/bin/stat")
    running = scanner.start("ssh://scan@dying", "--become", "--timeout", "20")
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at and "sleep 60" not in dying.run("ps -eo args"):
        time.sleep(0.1)
    os.kill(dying.leader, signal.SIGKILL)
    scan = running.finish(60)
    assert "pass" not in scan.outcomes("dying").values()
    assert scan.reasons("dying").strip()
    assert scan.exit in {1, 3, 4}
