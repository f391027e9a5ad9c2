"""What a scan leaves on a host, and how little it asks of it."""

from __future__ import annotations

import re

import pytest

from .hosts import OwnFile, Shape
from .writes import ALLOWED, differences, snapshot

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def watched(boot):
    """A host whose sshd notes every command it is asked to run."""
    return boot("watched", shape=Shape(files={"/etc/ssh/sshd_config.d/lab.conf": OwnFile("LogLevel VERBOSE\n")}))


def test_a_scan_of_everything_writes_nothing_but_what_signing_in_writes(scanner, watched):
    before = snapshot(watched)
    scan = scanner.scan("ssh://scan@watched", "--become", baseline="everything")
    assert scan.counts("watched")["pass"] > 10
    assert differences(before, snapshot(watched)) == []


def test_a_scan_without_rights_writes_nothing_either(scanner, watched):
    before = snapshot(watched)
    scanner.scan("ssh://plain@watched", "--become", baseline="everything")
    assert differences(before, snapshot(watched)) == []


def test_a_scan_of_an_appliance_writes_nothing_at_all(scanner, busybox):
    before = snapshot(busybox)
    scanner.scan("ssh://root@busybox", baseline="everything")
    after = snapshot(busybox)
    assert {path: entry for path, entry in after.items() if before.get(path) != entry} == {}
    assert before.keys() == after.keys()


def test_a_scan_leaves_no_process_and_no_login_behind(scanner, watched):
    before = watched.run("ps -eo comm= | sort")
    scanner.scan("ssh://scan@watched", "--become", baseline="everything")
    watched.run("for i in 1 2 3 4 5 6 7 8 9 10; do loginctl --no-legend list-sessions | grep -q . || break; sleep 1; done")
    assert watched.run("ps -eo args=").count("secscan") == 0
    assert set(watched.run("ps -eo comm= | sort").split()) - set(before.split()) <= {"ps", "sort", "sh", "systemd", "(sd-pam)"}


def test_every_check_on_a_host_is_one_sign_in_one_command_and_one_sudo(scanner, watched):
    said = "journalctl --no-pager --output=cat"
    before = watched.run(said)
    scan = scanner.scan("ssh://scan@watched", "--become", baseline="everything")
    new = watched.run(said).removeprefix(before)
    assert len(scan.outcomes("watched")) > 50
    assert len(re.findall(r"Accepted publickey for scan ", new)) == 1
    assert len(re.findall(r"Starting session: ", new)) == 1
    assert len(re.findall(r"COMMAND=", new)) == 1


def test_every_path_that_may_change_has_a_reason():
    assert all(reason.strip() for reason in ALLOWED.values())
    assert not any(
        re.fullmatch(pattern, path) for pattern in ALLOWED for path in ("/etc/passwd", "/tmp/x", "/root/x", "/var/tmp/x")
    )
