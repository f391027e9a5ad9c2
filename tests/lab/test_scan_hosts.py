"""Scans of honest hosts over real SSH: Debian of three ages, hardened, without rights, behind others, with no room to write."""

from __future__ import annotations

import pytest

from .hosts import Shape
from .roots import PASSWORD

pytestmark = pytest.mark.lab

SMALL = {"lab_account_file_protected": "pass", "lab_sudo_rules_readable": "pass", "lab_marker_present": "fail"}


@pytest.fixture(scope="module")
def clean_scan(scanner, clean):
    """Every check on the clean host, as root."""
    return scanner.scan("ssh://scan@clean", "--become", baseline="everything")


def test_a_clean_host_is_reached_and_judged_as_root(clean_scan):
    document = clean_scan.documents["clean"]
    assert clean_scan.exit == 1
    assert document["unreachable"] == ""
    assert (document["host"]["user"], document["host"]["uid"], document["host"]["become"]) == ("scan", 0, "sudo")
    assert document["host"]["hostname"] == "clean"
    assert document["host"]["system"].startswith("Debian GNU/Linux 12")
    counts = clean_scan.counts("clean")
    assert counts["pass"] > 10
    assert counts["fail"] > 5
    assert (clean_scan.folder / "report.html").stat().st_size > 10_000


def test_nearly_every_check_can_be_judged_on_a_clean_host(clean_scan):
    errors = {
        result["check"]: result["reason"] for result in clean_scan.documents["clean"]["results"] if result["outcome"] == "error"
    }
    assert len(errors) <= 0.15 * len(clean_scan.outcomes("clean")), errors


def test_a_hardened_host_passes_more_and_loses_nothing_that_passed(scanner, hardened, clean_scan):
    scan = scanner.scan("ssh://scan@hardened", "--become", baseline="everything")
    before, after = clean_scan.outcomes("clean"), scan.outcomes("hardened")
    assert scan.counts("hardened")["pass"] > clean_scan.counts("clean")["pass"] + 10
    assert {check for check, outcome in before.items() if outcome == "pass" and after[check] == "fail"} == set()


@pytest.mark.parametrize(("suite", "system"), [("bullseye", "Debian GNU/Linux 11"), ("trixie", "Debian GNU/Linux 13")])
def test_older_and_newer_debian_are_judged_as_well(boot, scanner, clean_scan, suite, system):
    boot(suite, suite)
    scan = scanner.scan(f"ssh://scan@{suite}", "--become", baseline="everything")
    assert scan.documents[suite]["host"]["system"].startswith(system)
    assert scan.counts(suite)["error"] <= clean_scan.counts("clean")["error"] + 3, scan.reasons(suite)
    assert scan.counts(suite)["pass"] >= 0.8 * clean_scan.counts("clean")["pass"]


def test_without_sudo_rights_no_verdict_differs_from_that_of_root(scanner, clean_scan, clean):
    scan = scanner.scan("ssh://plain@clean", "--become", baseline="everything")
    judged = {check: outcome for check, outcome in scan.outcomes("clean").items() if outcome != "error"}
    asked_as_root = clean_scan.outcomes("clean")
    assert scan.documents["clean"]["host"]["uid"] == 2003
    assert scan.documents["clean"]["host"]["become"].startswith("refused: ")
    assert scan.counts("clean")["error"] > clean_scan.counts("clean")["error"]
    assert {check: (outcome, asked_as_root[check]) for check, outcome in judged.items() if outcome != asked_as_root[check]} == {}


def test_a_question_that_needs_root_is_an_error_for_others_with_the_reason(scanner, clean):
    scan = scanner.scan("ssh://plain@clean", "--become", "--fail-on", "high")
    assert scan.outcomes("clean") == {**SMALL, "lab_sudo_rules_readable": "error"}
    assert scan.exit == 4
    assert "refused" in scan.reasons("clean")


def test_without_become_nothing_is_asked_as_root(scanner, clean):
    scan = scanner.scan("ssh://scan@clean")
    assert scan.outcomes("clean") == {**SMALL, "lab_sudo_rules_readable": "error"}
    assert scan.documents["clean"]["host"]["become"] == ""
    assert scan.exit == 1


@pytest.fixture
def password_file(tmp_path):
    """The sudo password in a private file."""
    path = tmp_path / "password"
    path.touch(0o600)
    path.write_text(f"{PASSWORD}\n")
    return path


def test_sudo_may_ask_for_a_password_that_comes_from_a_private_file(scanner, clean, password_file):
    scan = scanner.scan("ssh://scanpw@clean", "--become", "--become-password-file", str(password_file))
    assert scan.outcomes("clean") == SMALL
    assert scan.documents["clean"]["host"]["become"] == "sudo"


def test_a_sudo_password_is_found_nowhere_in_what_is_written(scanner, clean, password_file):
    scan = scanner.scan("ssh://scanpw@clean", "--become", environment={"SECSCAN_BECOME_PASSWORD": PASSWORD})
    assert scan.outcomes("clean") == SMALL
    for path in scan.folder.rglob("*"):
        assert path.is_dir() or PASSWORD.encode() not in path.read_bytes(), path
    assert "lab password" not in clean.run("cat /var/log/auth.log; journalctl --no-pager")


def test_a_wrong_sudo_password_is_told_and_judged_without_root(scanner, clean):
    scan = scanner.scan("ssh://scanpw@clean", "--become", environment={"SECSCAN_BECOME_PASSWORD": "wrong"})
    assert scan.outcomes("clean") == {**SMALL, "lab_sudo_rules_readable": "error"}
    assert "password was not accepted" in scan.reasons("clean")


def test_sudo_that_wants_a_password_and_gets_none_is_told(scanner, clean):
    scan = scanner.scan("ssh://scanpw@clean", "--become")
    assert scan.outcomes("clean") == {**SMALL, "lab_sudo_rules_readable": "error"}
    assert "password is required" in scan.reasons("clean")


def test_a_password_file_that_others_may_read_is_refused_before_any_host_is_asked(scanner, clean, password_file):
    password_file.chmod(0o644)
    scan = scanner.scan("ssh://scanpw@clean", "--become", "--become-password-file", str(password_file))
    assert scan.exit == 2
    assert "others may read this sudo password" in scan.stderr
    assert not scan.documents


def test_root_may_be_signed_in_where_the_host_allows_it(boot, scanner):
    boot("rooted", root_too=True)
    scan = scanner.scan("ssh://root@rooted", "--become")
    assert scan.outcomes("rooted") == SMALL
    assert scan.documents["rooted"]["host"]["become"] == ""


def test_a_host_behind_another_is_reached_through_it(boot, lab, scanner):
    boot("jump", inner=True)
    hidden = boot("hidden", inner=True, outer=False)
    lab.client.alias("hidden", hidden.inner_address, ProxyJump="scan@jump")
    assert "unreachable" in lab.enclosure.client(["ip", "route", "get", hidden.inner_address]).stderr.lower()
    scan = scanner.scan("ssh://scan@hidden", "--become")
    assert scan.outcomes("hidden") == SMALL
    assert scan.documents["hidden"]["host"]["hostname"] == "hidden"


def test_a_busybox_appliance_over_dropbear_is_judged(scanner, busybox):
    scan = scanner.scan("ssh://root@busybox", baseline="everything")
    assert scan.unreachable("busybox") == ""
    assert scan.documents["busybox"]["host"]["uid"] == 0
    assert scan.counts("busybox")["pass"] + scan.counts("busybox")["fail"] >= 20


def test_a_host_with_a_full_disk_is_judged_like_any_other(boot, scanner, clean_scan):
    full = boot("full", shape=Shape(disk="24m"))
    full.run("for each in /tmp /run /dev/shm; do mount -o remount,size=4m $each; done")
    full.run(
        "for each in / /tmp /run /dev/shm; do dd if=/dev/zero of=$each/fill bs=16k; dd if=/dev/zero of=$each/rest bs=1; done; true"
    )
    assert "No space left" in full.run("dd if=/dev/zero of=/var/lib/x bs=64k 2>&1; true")
    scan = scanner.scan("ssh://scan@full", "--become", baseline="everything")
    check_alike(clean_scan.outcomes("clean"), scan.outcomes("full"))


def test_a_host_with_a_read_only_root_is_judged_like_any_other(boot, scanner, clean_scan):
    frozen = boot("frozen", shape=Shape(read_only=True))
    assert "Read-only" in frozen.run("touch /x 2>&1 || true")
    scan = scanner.scan("ssh://scan@frozen", "--become", baseline="everything")
    check_alike(clean_scan.outcomes("clean"), scan.outcomes("frozen"))


def check_alike(usual: dict[str, str], here: dict[str, str], most_different: int = 4) -> None:
    """The condition of a disk may change the few verdicts that are about it, and never make one impossible."""
    different = {check: (outcome, here[check]) for check, outcome in usual.items() if outcome != here[check]}
    assert len(different) <= most_different, different
    assert not [check for check, (_, outcome) in different.items() if outcome == "error"], different
