"""A run of a linter."""

import pytest
from reading_files import outcomes, read

from secscan.model.assessment import Disposition


@pytest.fixture(scope="module")
def lint():
    (found,) = read("linter.sarif")
    return found


def test_results_are_by_rule_and_place_and_unknown_kinds_are_errors(lint):
    assert outcomes(lint) == {
        ("CL001", "etc/app.conf:12"): "fail",
        ("CL001", "etc/test.conf:3"): "fail",
        ("CL001", "etc/review.conf"): "fail",
        ("CL002", "configuration/main"): "fail",
        ("CL002", "section"): "error",
        ("CL004", "configuration/main"): "pass",
        ("CL005", "configuration/main"): "error",
    }


def test_a_rule_without_a_result_is_no_pass(lint):
    assert "CL003" not in {result.check for result in lint.results}


def test_only_an_accepted_suppression_waives(lint):
    waived = {result.subject for result in lint.results if result.disposition is Disposition.WAIVED}
    assert waived == {"etc/test.conf:3"}


def test_severity_comes_from_score_then_level(lint):
    severities = {(result.check, result.subject): result.severity for result in lint.results}
    assert severities["CL001", "etc/app.conf:12"] == "critical"
    assert severities["CL002", "configuration/main"] == "low"
    assert severities["CL004", "configuration/main"] == "medium"


def test_messages_are_put_together_from_their_arguments(lint):
    reasons = {(result.check, result.subject): result.reason for result in lint.results}
    assert reasons["CL002", "configuration/main"] == "etc/app.conf is 400 characters long"


def test_what_the_tool_could_not_do_is_a_problem(lint):
    assert lint.problems == ("two files could not be opened",)
