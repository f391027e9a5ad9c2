"""Every machine format is what its own validator wants, whatever the hosts said."""

import io
import json

import decided
import jsonschema
import pytest
import samples
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from prometheus_client.parser import text_string_to_metric_families
from test_sarif import change, compared
from test_summary import organization
from validators import hdf, oscal, sarif, xccdf, xccdf_report

from secscan.assessments import to_document
from secscan.plugins import reporter
from secscan.reporters.ocsf import VERSION

SCENES = {
    "one host": samples.one_host,
    "twelve hosts": samples.twelve_hosts,
    "hostile host": lambda: [to_document(samples.hostile())],
    "every decision": lambda: [decided.document()],
    "unreachable": lambda: [to_document(samples.unreachable("lost", "no route to host"))],
    "nothing judged": lambda: [to_document(samples.nothing_judged())],
    "no host": list,
    "only statements": lambda: [organization()],
    "one name at two sites": lambda: [to_document(samples.assessment(samples.host("web", site=site))) for site in ("a", "b")],
    "compared": lambda: [
        compared(change("sshd_root_login_disabled", "new", "pass"), change("rsh_absent", "check_removed", "fail", ""))
    ],
}


def render(name, documents):
    return "".join(reporter(name).render(documents))


@pytest.fixture(params=SCENES.values(), ids=SCENES)
def scene(request):
    return request.param


def test_assessment_results_are_valid_oscal(scene):
    oscal("assessment_results", render("oscal", scene()))


def test_a_plan_of_action_and_milestones_is_valid_oscal(scene):
    oscal("poam", render("poam", scene()))


def test_sarif_is_valid(scene, tmp_path):
    path = tmp_path / "report.sarif"
    path.write_text(render("sarif", scene()), encoding="utf-8")
    sarif(path)


@pytest.mark.parametrize("scene", [scene for name, scene in SCENES.items() if name not in {"every decision", "only statements"}])
def test_xccdf_is_valid(scene, tmp_path):
    """OpenSCAP's Schematron wants an override in every rule-result as soon as one has one: attested results are not among these."""
    path = tmp_path / "report.xml"
    path.write_text(render("xccdf", scene()), encoding="utf-8")
    xccdf(path)


def test_openscap_renders_our_results(tmp_path):
    path = tmp_path / "report.xml"
    path.write_text(render("xccdf", [decided.document()]), encoding="utf-8")
    page = xccdf_report(path)
    assert "is fail and waived" in page
    assert "the vendor certifies updates once a quarter" in page


def test_heimdall_reads_hostile_and_empty_hosts(scene):
    assert len(hdf(render("hdf", scene()))) == len(scene())


def test_ocsf_events_are_valid(scene):
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(VERSION)).get_class_schema("compliance_finding")
    validator = jsonschema.Draft202012Validator(schema)
    for line in render("ocsf", scene()).splitlines():
        assert [error.message[:300] for error in validator.iter_errors(json.loads(line))] == []


def test_the_official_parser_reads_our_metrics_and_no_series_twice(scene):
    seen = set()
    for family in text_string_to_metric_families(render("prometheus", scene())):
        assert family.type == "gauge"
        assert family.documentation
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in seen
            seen.add(key)


def test_csv_and_json_are_read_by_their_libraries(scene):
    import csv  # noqa: PLC0415 - not the reporter of that name

    rows = list(csv.reader(io.StringIO(render("csv", scene()).removeprefix("\ufeff"), newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    json.loads(render("json", scene()))
