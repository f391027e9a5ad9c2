"""A report of InSpec."""

import pytest
from reading_files import outcomes, read

from secscan.model.assessment import Disposition


@pytest.fixture(scope="module")
def scan():
    (found,) = read("inspec.json")
    return found


def test_outcomes_are_those_that_heimdall_shows(scan):
    assert {check: outcome for (check, _), outcome in outcomes(scan).items()} == {
        "mail-01": "fail",
        "mail-02": "pass",
        "mail-03": "error",
        "mail-04": "not_applicable",
        "mail-05": "manual",
        "mail-06": "fail",
        "mail-07": "fail",
        "linux-01": "pass",
        "mail-08": "error",
    }


def test_waivers_and_attestations_are_decisions_and_no_outcomes(scan):
    decided_ones = {result.check: result.disposition for result in scan.results if result.disposition != Disposition.NONE}
    assert decided_ones == {
        "mail-05": Disposition.ATTESTED,
        "mail-06": Disposition.WAIVED,
        "mail-07": Disposition.EXPIRED,
    }
    assert scan.waivers["mail-06"].justification == "moved next quarter"


def test_who_scanned_what_is_told(scan):
    assert (scan.host.name, scan.host.system) == ("nairobi-mail-01", "ubuntu 22.04")
    assert (scan.origin.tool, scan.origin.format) == ("InSpec 5.22.36", "HDF")


def test_a_failure_says_what_the_control_said(scan):
    failure = next(result for result in scan.results if result.check == "mail-01")
    assert failure.reason == "expected: < 3600 got: 86400"
    assert scan.checks["mail-01"].references == {"nist_800_53": ("SC-5", "Rev_4"), "cci": ("CCI-000366",)}
    assert scan.checks["mail-01"].remedy == "Flush the queue."
