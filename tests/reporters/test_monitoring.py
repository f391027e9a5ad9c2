"""Numbers and one line for monitoring: Prometheus and Nagios."""

import re

import decided
import pytest
import samples
from prometheus_client.parser import text_string_to_metric_families

from secscan.assessments import to_document, write_document
from secscan.cli import run
from secscan.model.assessment import Outcome
from secscan.reporters import nagios, prometheus

LINE = re.compile(r"SECSCAN (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| (?:[a-z_]+=(?:U|\d+(?:\.\d+)?%?);;;0(?:;100)? ?)+\n\Z")


def line(*documents):
    found = "".join(nagios.render(documents))
    assert LINE.match(found), found
    return found


def judged(*outcomes, severity="high", **more):
    results = tuple(
        samples.replace(samples.result(check, outcome), severity=severity, **more)
        for check, outcome in zip(samples.CHECKS, outcomes, strict=False)
    )
    return to_document(samples.assessment(results=results, proofs=()))


@pytest.mark.parametrize(
    ("document", "state"),
    [
        (judged(Outcome.PASS, Outcome.MANUAL, Outcome.NOT_APPLICABLE), "OK"),
        (judged(Outcome.PASS, Outcome.FAIL, severity="low"), "WARNING"),
        (judged(Outcome.PASS, Outcome.FAIL, severity="medium"), "WARNING"),
        (judged(Outcome.PASS, Outcome.FAIL, severity="high"), "CRITICAL"),
        (judged(Outcome.FAIL, Outcome.ERROR, severity="low"), "WARNING"),
        (judged(Outcome.PASS, Outcome.FAIL, disposition="waived"), "OK"),
        (judged(Outcome.PASS, Outcome.FAIL, disposition="expired"), "CRITICAL"),
        (judged(Outcome.PASS, Outcome.ERROR), "UNKNOWN"),
        (judged(Outcome.NOT_APPLICABLE), "UNKNOWN"),
        (to_document(samples.unreachable("lost", "no route to host")), "UNKNOWN"),
        (to_document(samples.nothing_judged()), "UNKNOWN"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_state_is_the_worst_that_is_known_and_never_ok_where_nothing_is(document, state):
    assert line(document).startswith(f"SECSCAN {state} - ")


@pytest.mark.parametrize(("state", "code"), [("OK", 0), ("WARNING", 1), ("CRITICAL", 2), ("UNKNOWN", 3)])
def test_each_state_has_the_exit_code_of_monitoring_plugins(state, code):
    assert nagios.exit_code(f"SECSCAN {state} - 1 host") == code


def test_the_command_exits_as_a_plugin_does(tmp_path, capsys):
    path = tmp_path / "host.json"
    path.write_text(write_document(judged(Outcome.PASS, Outcome.FAIL)), encoding="utf-8")
    assert run(["report", str(path), "-f", "nagios"]) == 2
    assert capsys.readouterr().out.startswith("SECSCAN CRITICAL")
    assert run(["report", str(path), "-f", "json"]) == 0


def test_no_host_at_all_is_not_ok():
    assert line().startswith("SECSCAN UNKNOWN")


def test_a_hostile_name_neither_ends_the_line_nor_begins_performance_data():
    found = line(to_document(samples.unreachable("a|b=1\n\x1b[0mSECSCAN OK", "gone")))
    assert found.count("|") == 1
    assert found.count("\n") == 1


def families(*documents):
    return {family.name: family.samples for family in text_string_to_metric_families("".join(prometheus.render(documents)))}


def test_every_outcome_and_disposition_is_counted():
    found = families(decided.document())
    counted = {(sample.labels["outcome"], sample.labels["disposition"]): sample.value for sample in found["secscan_results"]}
    assert counted == {(str(outcome), str(disposition)): 1 for outcome, disposition in decided.PAIRS}


def test_a_host_that_was_not_reached_is_down_and_has_no_rates():
    found = families(*samples.three_hosts())
    assert {sample.labels["host"]: sample.value for sample in found["secscan_up"]}["nairobi-app-09"] == 0
    for rate in ("secscan_compliance_ratio", "secscan_coverage_ratio", "secscan_failures"):
        assert "nairobi-app-09" not in {sample.labels["host"] for sample in found[rate]}


def test_of_several_assessments_of_a_host_only_the_last_one_counts():
    found = families(judged(Outcome.FAIL, disposition="expired"), judged(Outcome.PASS))
    assert [sample.labels["outcome"] for sample in found["secscan_results"]] == ["pass"]
    assert sum(sample.value for sample in found["secscan_failures"]) == 0


def test_labels_give_back_what_stood_in_them():
    name = 'quo"te\\back'
    found = families(to_document(samples.assessment(samples.host(name))))
    assert {sample.labels["host"] for sample in found["secscan_up"]} == {name}


def test_times_are_seconds_since_the_epoch():
    found = families(*samples.one_host())
    assert found["secscan_last_scan_timestamp_seconds"][0].value == samples.STARTED + 0.42
    assert found["secscan_waiver_expiry_timestamp_seconds"][0].value == 1_798_761_600.0


def test_waivers_whose_names_are_cut_alike_are_one_series():
    names = ["W" * 300 + end for end in "ab"]
    waivers = {name: samples.replace(samples.WAIVERS["W-2026-007"], id=name) for name in names}
    like = [result for result in samples.assessment().results if result.waiver]
    results = tuple(samples.replace(like[0], waiver=name, subject=name) for name in names)
    text = "".join(prometheus.render([to_document(samples.assessment(results=results, waivers=waivers))]))
    assert text.count("\nsecscan_waiver_expiry_timestamp_seconds{") == 1
