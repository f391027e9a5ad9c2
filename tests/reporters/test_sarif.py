"""SARIF: what code scanning shows."""

import json

import decided
import pytest
import samples

from secscan.assessments import to_document, validate_document
from secscan.reporters.sarif import render


def run(documents):
    (found,) = json.loads("".join(render(documents)))["runs"]
    return found


@pytest.fixture(scope="module")
def by_rule():
    return {result["ruleId"]: result for result in run([decided.document()])["results"]}


def test_only_failures_have_a_level(by_rule):
    for name, result in by_rule.items():
        assert (result["level"] != "none") == (name.startswith("is_fail_and") or name == "is_manual_and_attested_fail")


def test_only_a_waiver_that_holds_suppresses(by_rule):
    suppressed = {name for name, result in by_rule.items() if "suppressions" in result}
    assert suppressed == {f"is_{outcome}_and_waived" for outcome in ("fail", "error", "manual")}
    (suppression,) = by_rule["is_fail_and_waived"]["suppressions"]
    assert (suppression["status"], suppression["justification"]) == ("accepted", "the vendor certifies updates once a quarter")


def test_skipped_checks_do_not_appear(by_rule):
    assert not any("skipped" in name for name in by_rule)


def test_what_could_not_be_judged_is_open_and_notified():
    found = run(samples.one_host())
    (result,) = [result for result in found["results"] if result["ruleId"] == "shadow_hashes_strong"]
    assert result["kind"] == "open"
    (notification,) = found["invocations"][0]["toolExecutionNotifications"]
    assert "/etc/shadow cannot be read by this user" in notification["message"]["text"]


def test_a_host_that_was_not_reached_has_no_results_and_an_invocation_that_failed():
    found = run([to_document(samples.unreachable("lost", "no route to host"))])
    assert found["results"] == []
    (invocation,) = found["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "no route to host"


def test_results_point_to_their_rule_and_to_the_invocation_of_their_host():
    found = run(samples.twelve_hosts())
    rules, invocations = found["tool"]["driver"]["rules"], found["invocations"]
    assert len(rules) == len(samples.CHECKS)
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert invocations[result["provenance"]["invocationIndex"]]["machine"] == result["properties"]["host"]


def test_the_same_check_on_the_same_host_keeps_its_fingerprint_from_scan_to_scan():
    first, second = samples.assessment(), samples.assessment(started_at=1.0, finished_at=2.0)
    prints = [[each["partialFingerprints"] for each in run([to_document(found)])["results"]] for found in (first, second)]
    assert prints[0] == prints[1]
    assert len({json.dumps(each) for each in prints[0]}) == len(prints[0])


def test_hosts_of_one_name_at_two_sites_have_fingerprints_of_their_own_and_keep_those_of_before():
    (document,) = samples.one_host()
    prints = {}
    for site in ("", "geneva", "nairobi"):
        told = run([{**document, "host": {**document["host"], "site": site}}])["results"]
        prints[site] = [each["partialFingerprints"] for each in told]
    for older, newer in (("checkOnSubject/v1", False), ("checkOnSubject/v2", True)):
        at_sites = [{each[older] for each in prints[site]} for site in ("geneva", "nairobi", "")]
        assert (len(set.union(*at_sites)) == sum(map(len, at_sites))) is newer
    assert all(each["checkOnSubject/v1"] == each["checkOnSubject/v2"] for each in prints[""])


def test_what_a_host_says_makes_no_link():
    hostile = samples.assessment(problems=("see [this](https://evil.example)",))
    (notification,) = [
        each
        for each in run([to_document(hostile)])["invocations"][0]["toolExecutionNotifications"]
        if each["descriptor"]["id"] == "problem_while_asking"
    ]
    assert "](" not in notification["message"]["text"]


def compared(*changes, host="known"):
    """A host with what changed on it since an earlier run."""
    (document,) = samples.one_host()
    since = {
        "run": "run-1", "finished_at": document["started_at"], "content_changed": False, "host": host, "still_failing": 0,
        "changes": list(changes), "hosts_gone": {"count": 0, "names": []},
    }  # fmt: skip
    return {**document, "since": since, "provenance": {**document["provenance"], "run": "run-2"}}


def change(check, kind, before="fail", after="fail"):
    status = {word: word and {"outcome": word, "disposition": "none"} for word in (before, after)}
    return {
        "kind": kind, "check": check, "subject": "", "severity": "high", "before": status[before] or None,
        "after": status[after] or None, "check_changed": False,
    }  # fmt: skip


def test_results_say_whether_they_are_new_updated_unchanged_or_absent_since_the_run_before():
    document = compared(
        change("sshd_root_login_disabled", "new", "pass"),
        change("kernel_randomizes_addresses", "fixed", "fail", "pass"),
        change("telnet_absent", "check_removed", "fail", ""),
        change("rsh_absent", "check_removed", "skipped", ""),
    )
    validate_document(document, "compared")
    found = run([document])
    states = {result["ruleId"]: result["baselineState"] for result in found["results"]}
    assert states.pop("sshd_root_login_disabled") == "new"
    assert states.pop("kernel_randomizes_addresses") == "updated"
    assert states.pop("telnet_absent") == "absent"
    assert set(states.values()) == {"unchanged"}
    assert "rsh_absent" not in states
    assert found["baselineGuid"] != found["automationDetails"]["guid"]


def test_every_result_of_a_host_that_was_added_is_new():
    assert {result["baselineState"] for result in run([compared(host="added")])["results"]} == {"new"}


def test_without_an_earlier_run_nothing_is_said_of_one():
    found = run(samples.one_host())
    assert "baselineGuid" not in found
    assert not any("baselineState" in result for result in found["results"])


def test_hosts_of_several_runs_have_no_run_in_common():
    other = compared()
    found = run([compared(), {**other, "since": {**other["since"], "run": "run-0"}}])
    assert "baselineGuid" not in found
    assert "automationDetails" in found
