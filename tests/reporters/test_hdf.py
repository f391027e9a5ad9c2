"""HDF as Heimdall reads it."""

import json

import decided
import pytest
import samples
from validators import hdf

from secscan.assessments import to_document
from secscan.reporters.hdf import render

READ_AS = {
    "pass": "Passed",
    "fail": "Failed",
    "error": "Profile Error",
    "not_applicable": "Not Applicable",
    "manual": "Not Reviewed",
    "skipped": "Not Reviewed",
}


def written(documents):
    return "".join(render(documents))


@pytest.fixture(scope="module")
def statuses():
    (profile,) = hdf(written([decided.document()]))
    return profile


@pytest.mark.parametrize(("outcome", "disposition"), decided.PAIRS)
def test_heimdall_shows_every_outcome_as_what_it_is_whatever_was_decided(outcome, disposition, statuses):
    status = statuses[decided.check_id(outcome, disposition)]
    stated = {"attested": "Passed", "attested_fail": "Failed"} if outcome == "manual" else {}
    assert status == stated.get(disposition, READ_AS[outcome])


def test_a_host_that_was_not_reached_is_a_profile_in_error_beside_the_others():
    profiles = hdf(written(samples.three_hosts()))
    assert [set(profile.values()) == {"Profile Error"} for profile in profiles] == [False, False, True]
    lost = json.loads(written(samples.three_hosts()))["profiles"][2]
    assert (lost["status"], lost["status_message"]) == ("failed", "The host was not reached: connection timed out after 15 s")


def test_a_waiver_says_that_the_control_was_run_all_the_same():
    controls = json.loads(written(samples.one_host()))["profiles"][0]["controls"]
    waiver = next(control["waiver_data"] for control in controls if control["id"] == "security_updates_installed")
    assert (waiver["run"], waiver["skipped_due_to_waiver"], waiver["expiration_date"]) == (True, False, "2027-01-01T00:00:00.000Z")
    assert sum("waiver_data" in control for control in controls) == 1


def test_one_host_is_the_platform_and_many_are_counted():
    assert json.loads(written(samples.one_host()))["platform"]["target_id"] == "geneva-web-01"
    assert json.loads(written(samples.three_hosts()))["platform"]["target_id"] == "3 hosts"


def test_controls_carry_their_nist_identifiers_for_heimdalls_tree():
    controls = json.loads(written([to_document(samples.assessment())]))["profiles"][0]["controls"]
    assert controls[0]["tags"]["nist"] == ["AC-6(2)", "IA-2"]
