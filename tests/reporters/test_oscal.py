"""OSCAL assessment results and plan of action and milestones."""

import json

import decided
import samples

from secscan.assessments import to_document
from secscan.reporters.oscal.poam import render as render_poam
from secscan.reporters.oscal.results import render


def results(documents):
    return json.loads("".join(render(documents)))["assessment-results"]


def poam(documents):
    return json.loads("".join(render_poam(documents)))["plan-of-action-and-milestones"]


def named(item, name):
    return next(prop["value"] for prop in item["props"] if prop["name"] == name)


def test_only_what_passed_or_was_attested_is_satisfied_and_only_failures_are_not():
    (found,) = results([decided.document()])["results"]
    states = {finding["target"]["target-id"]: finding["target"]["status"]["state"] for finding in found["findings"]}
    satisfied = {decided.check_id("pass", disposition) for outcome, disposition in decided.PAIRS} | {"is_manual_and_attested"}
    failed = {decided.check_id("fail", disposition) for outcome, disposition in decided.PAIRS} | {"is_manual_and_attested_fail"}
    assert states == dict.fromkeys(satisfied, "satisfied") | dict.fromkeys(failed, "not-satisfied")


def test_everything_but_skipped_checks_is_observed_and_a_person_is_asked_what_no_machine_can_tell():
    (found,) = results([decided.document()])["results"]
    methods = {named(each, "check"): each["methods"] for each in found["observations"]}
    assert set(methods) == {decided.check_id(*pair) for pair in decided.PAIRS if pair[0] != "skipped"}
    assert methods["is_manual_and_none"] == ["EXAMINE", "INTERVIEW"]
    assert methods["is_error_and_none"] == ["TEST"]


def test_an_accepted_failure_is_an_approved_deviation_with_a_deadline_and_a_log():
    (found,) = results(samples.one_host())["results"]
    (accepted,) = [risk for risk in found["risks"] if risk["status"] == "deviation-approved"]
    assert accepted["deadline"] == "2027-01-01T00:00:00.000Z"
    assert "owner Head of finance systems" in accepted["risk-log"]["entries"][0]["description"]
    assert [risk["status"] for risk in found["risks"]].count("open") == 4


def test_an_unreachable_host_is_one_observation_on_its_inventory_item_and_no_finding():
    (found,) = results([to_document(samples.unreachable("lost", "no route to host"))])["results"]
    (observation,) = found["observations"]
    (item,) = found["local-definitions"]["inventory-items"]
    assert observation["subjects"][0]["subject-uuid"] == item["uuid"]
    assert "no route to host" in observation["description"]
    assert "findings" not in found
    assert "risks" not in found


def test_every_reference_inside_a_document_leads_somewhere_and_no_identifier_is_used_twice():
    for document in (results(samples.twelve_hosts()), poam(samples.twelve_hosts())):
        defined, used = [], set()
        _walk(document, defined, used)
        assert len(defined) == len(set(defined))
        assert used <= set(defined)


def _walk(value, defined, used):
    """Identifiers by key: `uuid` defines (the tool, which every result defines anew, once), `...-uuid` refers."""
    if isinstance(value, list):
        for item in value:
            _walk(item, defined, used)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "uuid" and not (value.get("title") == "secscan" and item in defined):
                defined.append(item)
            elif key.endswith("-uuid"):
                used.add(item)
            else:
                _walk(item, defined, used)


def test_hosts_of_one_name_at_two_sites_are_two_items_of_the_inventory():
    (document,) = samples.one_host()
    sites = [{**document, "host": {**document["host"], "site": site}} for site in ("geneva", "nairobi", "")]
    assert len(poam(sites)["local-definitions"]["inventory-items"]) == 3


def test_objectives_name_the_requirement_that_a_check_serves():
    document = results(samples.one_host())
    objectives = document["local-definitions"]["objectives-and-methods"]
    served = {each["control-id"]: [part["id"] for part in each["parts"]] for each in objectives}
    assert served["UNC-DR-01"] == ["backup_newest_fresh", "backup_restore_tested"]


def test_the_plan_has_one_item_a_check_the_worst_first_with_a_risk_for_each_host():
    plan = poam(samples.twelve_hosts())
    severities = [named(item, "severity") for item in plan["poam-items"]]
    assert severities == sorted(severities, key=["critical", "high", "medium", "low"].index)
    assert len({named(item, "check") for item in plan["poam-items"]}) == len(plan["poam-items"])
    assert sum(len(item["related-risks"]) for item in plan["poam-items"]) == len(plan["risks"])


def test_the_plan_speaks_of_the_same_risks_as_the_results():
    (found,) = results(samples.one_host())["results"]
    assert {risk["uuid"] for risk in poam(samples.one_host())["risks"]} == {risk["uuid"] for risk in found["risks"]}


def test_nothing_that_fails_is_a_plan_that_says_so():
    (item,) = poam([to_document(samples.nothing_judged())])["poam-items"]
    assert item["title"] == "Nothing is open"


def test_what_a_host_says_is_no_markup_in_descriptions():
    (found,) = results([to_document(samples.hostile())])["results"]
    for text in (each["description"] for each in (*found["observations"], *found["findings"], *found["risks"])):
        assert "<script" not in text.replace("\\<", "")
