"""Scans of many hosts: bad ones neither stop nor delay the others, and what is finished is kept."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

pytestmark = pytest.mark.lab

_BAD = ("silent", "endless", "hangs_mid_answer", "hangs_up", "garbage", "never_answers", "refuses_keys")


@pytest.fixture(scope="module")
def many(lab):
    """The names of two hundred hosts."""
    return lab.boot_cheap(200)


@pytest.fixture(scope="module")
def fleet_scan(scanner, many, hostile):
    """One scan of two hundred good hosts with bad ones at the beginning, in the middle and at the end."""
    bad = [hostile[name] for name in _BAD]
    names = [*bad[:3], *many[:100], *bad[3:5], *many[100:], *bad[5:]]
    options = ("--timeout", "30", "--connect-timeout", "10", "--fail-on", "never")
    return scanner.scan(*(f"ssh://scan@{name}" for name in names), "--become", *options, timeout_s=180)


def test_two_hundred_hosts_are_all_judged_whatever_the_bad_ones_do(fleet_scan, many):
    assert len(fleet_scan.documents) == len(many) + len(_BAD)
    wrong = {name: fleet_scan.reasons(name) for name in many if fleet_scan.counts(name) != {"pass": 2, "fail": 1}}
    assert wrong == {}
    assert fleet_scan.exit == 3


def test_each_host_of_a_fleet_has_a_key_of_its_own_in_the_report(fleet_scan, many):
    assert len({fleet_scan.documents[name]["host"]["host_key"] for name in many}) == len(many)


def test_bad_hosts_get_no_verdict_in_a_fleet_either(fleet_scan, hostile):
    for name in _BAD:
        assert set(fleet_scan.outcomes(hostile[name]).values()) <= {"error", "unreachable"}


def test_bad_hosts_delay_nobody_but_themselves(fleet_scan, hostile, many):
    def finished(name: str) -> str:
        return str(fleet_scan.documents[name]["finished_at"])

    assert max(map(finished, many)) < finished(hostile["hangs_mid_answer"])
    assert fleet_scan.seconds < 60


def test_memory_is_bounded_whatever_the_number_of_hosts(fleet_scan, scanner, many):
    one = scanner.scan(f"ssh://scan@{many[0]}", "--become")
    assert fleet_scan.peak_mb < one.peak_mb + 250


def test_one_slow_host_does_not_hold_back_the_others(scanner, lab, clean, many):
    with lab.relay(clean.address, rtt_s=1.0) as relay:
        lab.client.know("127.0.0.1", clean.host_keys, relay.port)
        lab.client.alias("slow", "127.0.0.1", Port=str(relay.port))
        scan = scanner.scan("ssh://scan@slow", *(f"ssh://scan@{name}" for name in many[:5]), "--become", "--workers", "2")
    lines = [line for line in scan.stderr.splitlines() if ": 2 pass" in line]
    assert len(lines) == 6
    assert lines[-1].startswith("secscan: slow: ")
    assert scan.exit == 1


def test_an_interrupted_scan_ends_at_once_and_keeps_what_is_finished(scanner, hostile, many):
    names = (hostile["silent"], *many[:6], hostile["hangs_mid_answer"])
    running = scanner.start(*(f"ssh://scan@{name}" for name in names), "--become", "--connect-timeout", "60")
    ends_at = time.monotonic() + 30
    while running.stderr().count(": 2 pass") < 6 and time.monotonic() < ends_at:
        time.sleep(0.05)
    os.kill(running.process.pid, signal.SIGINT)
    began = time.monotonic()
    scan = running.finish(20)
    assert time.monotonic() - began < 5
    assert scan.exit == 130
    assert sorted(scan.documents) == sorted(many[:6])
    assert {tuple(sorted(scan.counts(name).items())) for name in many[:6]} == {(("fail", 1), ("pass", 2))}
    assert len(json.loads((scan.folder / "report.json").read_text())["assessments"]) == 6
    assert "6 of 8 targets" in scan.stderr
    assert "Traceback" not in scan.stderr


def test_a_scan_that_is_killed_leaves_whole_documents_only(scanner, hostile, many):
    names = (hostile["silent"], *many[:6])
    running = scanner.start(*(f"ssh://scan@{name}" for name in names), "--become", "--connect-timeout", "60")
    ends_at = time.monotonic() + 30
    while running.stderr().count(": 2 pass") < 3 and time.monotonic() < ends_at:
        time.sleep(0.02)
    running.process.kill()
    scan = running.finish(20)
    assert scan.exit == -signal.SIGKILL
    assert len(scan.documents) >= 3
