"""XCCDF: rules, profiles and results in one file."""

import xml.etree.ElementTree as ET

import decided
import pytest
import samples
import xmlschema
from validators import tool

from secscan.assessments import to_document
from secscan.reporters.xccdf import render

NS = {"x": "http://checklists.nist.gov/xccdf/1.2"}


def benchmark(documents):
    return ET.fromstring("".join(render(documents)))


@pytest.fixture(scope="module")
def outcomes():
    found = {}
    for result in benchmark([decided.document()]).iterfind("x:TestResult/x:rule-result", NS):
        found[result.get("idref").removeprefix("xccdf_secscan_rule_")] = result
    return found


def test_results_say_what_was_measured_except_where_a_person_attested(outcomes):
    for outcome, disposition in decided.PAIRS:
        said = outcomes[decided.check_id(outcome, disposition)].findtext("x:result", namespaces=NS)
        words = {"not_applicable": "notapplicable", "manual": "notchecked", "skipped": "notselected"}
        stated = (
            {"attested": "pass", "attested_fail": "fail", "attested_not_applicable": "notapplicable"} if outcome == "manual" else {}
        )
        expected = stated.get(disposition) or words.get(outcome, outcome)
        assert said == expected


def test_only_an_attested_result_is_overridden_and_keeps_its_old_one(outcomes):
    overridden = {
        name: result.find("x:override", NS) for name, result in outcomes.items() if result.find("x:override", NS) is not None
    }
    assert set(overridden) == {f"is_manual_and_{said}" for said in ("attested", "attested_fail", "attested_not_applicable")}
    assert {each.findtext("x:old-result", namespaces=NS) for each in overridden.values()} == {"notchecked"}


def test_an_accepted_failure_says_who_accepted_it_until_when(outcomes):
    messages = [message.text for message in outcomes["is_fail_and_waived"].iterfind("x:message", NS)]
    assert any("approved by Chief of ICT, until 2027-01-01" in message for message in messages)


def test_every_host_is_a_test_result_of_a_profile_and_every_rule_is_defined():
    root = benchmark(samples.twelve_hosts())
    rules = {rule.get("id") for rule in root.iterfind(".//x:Rule", NS)}
    profiles = {profile.get("id") for profile in root.iterfind("x:Profile", NS)}
    results = root.findall("x:TestResult", NS)
    assert len({result.get("id") for result in results}) == 12
    for result in results:
        assert result.find("x:profile", NS).get("idref") in profiles
        assert {each.get("idref") for each in result.iterfind("x:rule-result", NS)} <= rules


def test_a_host_with_nothing_judged_has_no_compliance():
    (result,) = benchmark([to_document(samples.unreachable("lost", "no route to host"))]).iterfind("x:TestResult", NS)
    assert [score.get("system") for score in result.iterfind("x:score", NS)] == ["urn:secscan:scoring:coverage"]
    assert result.findtext("x:remark", namespaces=NS) == "The host was not reached: no route to host"
    assert {each.findtext("x:result", namespaces=NS) for each in result.iterfind("x:rule-result", NS)} == {"error"}


def test_every_decision_is_valid_for_the_schema_itself():
    tool("oscap")
    schema = xmlschema.XMLSchema("/usr/share/openscap/schemas/xccdf/1.2/xccdf_1.2.xsd", allow="local", validation="lax")
    assert [error.reason for error in schema.iter_errors("".join(render([decided.document()])))] == []
