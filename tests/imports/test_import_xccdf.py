"""An ARF report of OpenSCAP."""

import pytest
from reading_files import outcomes, read

from secscan.assessments import to_document


@pytest.fixture(scope="module")
def arf():
    (found,) = read("openscap_arf.xml")
    return found


def test_every_word_of_xccdf_has_its_outcome(arf):
    assert {check: outcome for (check, _), outcome in outcomes(arf).items()} == {
        "sshd_disable_root_login": "fail",
        "sshd_disable_empty_passwords": "pass",
        "package_rsyslog_installed": "error",
        "partition_for_var_log": "not_applicable",
        "audit_rules_login": "skipped",
        "grub2_password": "manual",
    }


def test_host_times_and_origin_are_those_of_the_scan(arf):
    assert (arf.host.name, arf.host.address, arf.host.hostname) == ("vienna-db-02", "192.0.2.44", "vienna-db-02.example")
    assert (arf.host.user, arf.host.uid) == ("root", 0)
    assert to_document(arf)["started_at"] == "2026-10-31T21:15:00.000Z"
    assert (arf.origin.tool, arf.origin.format, len(arf.origin.sha256)) == ("openscap 1.3.7", "ARF", 64)


def test_the_profile_is_the_baseline(arf):
    assert arf.baseline == "standard"
    assert arf.baseline_title == "Standard System Security Profile: Guide to the Secure Configuration of Debian 12"


def test_a_rule_brings_its_texts_group_and_references(arf):
    check = arf.checks["sshd_disable_root_login"]
    assert (check.title, check.domain) == ("Disable SSH Root Login", "ssh_server")
    assert check.rationale.startswith("Even though the communications channel is encrypted")
    assert check.remedy == "Set PermitRootLogin no."
    assert check.references == {
        "nist_800_53": ("AC-6(2)", "AC-17(a)"),
        "iso_27001": ("A.9.2.3",),
        "ssg": ("sshd_disable_root_login",),
    }


def test_severities_that_we_do_not_have_become_the_nearest(arf):
    assert {result.check: result.severity for result in arf.results} == {
        "sshd_disable_root_login": "medium",
        "sshd_disable_empty_passwords": "high",
        "package_rsyslog_installed": "medium",
        "partition_for_var_log": "low",
        "audit_rules_login": "low",
        "grub2_password": "high",
    }


def test_messages_are_the_reason(arf):
    reasons = {result.check: result.reason for result in arf.results}
    assert reasons["package_rsyslog_installed"] == "the package database is locked"
    assert reasons["grub2_password"] == "the tool says: notchecked"
