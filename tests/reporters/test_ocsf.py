"""OCSF compliance findings."""

import json

import decided
import samples

from secscan.assessments import to_document
from secscan.reporters.ocsf import render


def events(documents):
    return [json.loads(line) for line in "".join(render(documents)).splitlines()]


def test_every_outcome_has_its_status_and_skipped_checks_make_no_event():
    found = {event["compliance"]["control"]: event["compliance"]["status_id"] for event in events([decided.document()])}
    ids = {"pass": 1, "fail": 3, "error": 2, "not_applicable": 99, "manual": 0}
    expected = {decided.check_id(outcome, disposition): ids[outcome] for outcome, disposition in decided.PAIRS if outcome in ids}
    assert found == expected | {
        "is_manual_and_attested": 1,
        "is_manual_and_attested_fail": 3,
        "is_manual_and_attested_not_applicable": 99,
    }


def test_an_accepted_failure_is_a_suppressed_finding_that_still_fails():
    found = next(event for event in events([decided.document()]) if event["compliance"]["control"] == "is_fail_and_waived")
    assert (found["status"], found["status_id"], found["compliance"]["status"]) == ("Suppressed", 3, "Fail")
    assert found["unmapped"]["waiver"]["id"] == "W-2026-007"


def test_a_host_that_was_not_reached_is_one_event():
    (event,) = events([to_document(samples.unreachable("lost", "no route to host"))])
    assert (event["compliance"]["status_id"], event["compliance"]["status_details"]) == (0, ["no route to host"])


def test_a_finding_keeps_its_identifier_from_scan_to_scan_and_each_event_has_its_own():
    first = events(samples.one_host())
    second = events([to_document(samples.assessment(started_at=1.0, finished_at=2.0))])
    assert [event["finding_info"]["uid"] for event in first] == [event["finding_info"]["uid"] for event in second]
    assert len({event["metadata"]["uid"] for event in first + second}) == len(first + second)


def test_findings_of_hosts_of_one_name_at_two_sites_have_identifiers_of_their_own():
    (document,) = samples.one_host()
    sites = [{**document, "host": {**document["host"], "site": site}} for site in ("geneva", "nairobi", "")]
    lost = [to_document(samples.unreachable("lost", "no route to host"))]
    sites += [{**each, "host": {**each["host"], "site": site}} for each in lost for site in ("geneva", "vienna")]
    uids = [{event["finding_info"]["uid"] for event in events([each])} for each in sites]
    assert len(set.union(*uids)) == sum(map(len, uids))


def test_a_name_in_place_of_an_address_is_no_ip():
    (event,) = events([to_document(samples.unreachable("lost", "gone"))])
    assert event["resources"][0]["ip"] == "198.51.100.7"
    named = events([to_document(samples.assessment(samples.host(address="web.example")))])
    assert "ip" not in named[0]["resources"][0]
