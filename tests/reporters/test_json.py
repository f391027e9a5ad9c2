"""JSON: one document as it is, several in one object."""

import json

import samples

from secscan.assessments import validate_document
from secscan.reporters.json import render


def test_one_host_is_its_document():
    assert json.loads("".join(render(samples.one_host()))) == samples.one_host()[0]


def test_several_hosts_are_one_object_with_valid_assessments_and_a_summary():
    report = json.loads("".join(render(samples.twelve_hosts())))
    assert report["format"] == "secscan.report/1"
    assert report["assessments"] == samples.twelve_hosts()
    assert report["summary"]["hosts"] == 12
    assert report["summary"]["unreachable"] == [{"host": "nairobi-app-09", "reason": "connection timed out after 15 s"}]
    for document in report["assessments"]:
        validate_document(document, "report.json")


def test_no_host_is_an_empty_report():
    assert json.loads("".join(render([])))["assessments"] == []


def test_hosts_are_written_as_they_come():
    pieces = render(samples.fleet(5))
    next(pieces)
    assert "nairobi-app-01" in next(pieces)
