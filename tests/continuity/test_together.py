"""What all hosts together tell, as answers of derived probes and as the command line says it."""

from __future__ import annotations

import json

import pytest
from declared import GIB, NOW, after, evidence, restored
from hypothesis import given
from hypothesis import strategies as st

from secscan import places
from secscan.bundles import write_bundle
from secscan.cli import run
from secscan.continuity.derive import ABOUT_ORGANIZATION, ABOUT_SERVICES, answer_organization, answer_services
from secscan.continuity.reading import view_host
from secscan.documents import read_document
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.probe import Attribute, Call, Observed
from secscan.model.values import Absent, Type, Unobservable
from secscan.plugins import probes
from secscan.syntax.told import read_told, write_told

FIELDS = (Attribute("name", Type.TEXT, ""), Attribute("size", Type.SIZE, ""), Attribute("ok", Type.BOOLEAN, ""))
VALUES = {
    "name": st.text(), "size": st.integers(0, 2**60), "ok": st.booleans(),
}  # fmt: skip
UNKNOWN = st.one_of(st.builds(Absent, st.text()), st.builds(Unobservable, st.text(min_size=1)))
RECORDS = st.fixed_dictionaries({name: st.one_of(values, UNKNOWN) for name, values in VALUES.items()})


@given(RECORDS, st.lists(RECORDS).map(tuple))
def test_what_is_written_as_an_answer_is_read_back_the_same(told, records):
    attributes = (*FIELDS, Attribute("records", Type.RECORDS, "", FIELDS))
    whole = {**told, "records": records}
    assert read_told(attributes, write_told(whole)) == Observed(whole)


@pytest.mark.parametrize("name", sorted({*ABOUT_SERVICES, *ABOUT_ORGANIZATION}))
def test_every_derived_probe_reads_what_is_derived_for_it_and_no_other_is_derived(name):
    derived = {each.name: each.derived for each in probes().values() if each.derived}
    assert derived == {**dict.fromkeys(ABOUT_SERVICES, "service"), **dict.fromkeys(ABOUT_ORGANIZATION, "organization")}
    for found in (evidence(), after(restored(), size=GIB), evidence(services=())):
        told = answer_organization(found, [name])
        answers = [*told.values(), *(each[name] for each in answer_services(found, [name]).values() if name in each)]
        for answer in answers:
            assert probes()[name].read({}, answer)


def bundle(host: str) -> Bundle:
    call = Call.of("restore_tests", {"folder": "/var/lib/secscan/restore-tests"})
    record = {"data_set": "files", "started": "2026-09-20T08:00:00Z", "finished": "2026-09-20T09:00:00Z", "result": "pass"}
    answer = f"file a.json\n= {json.dumps(record)}\nend\n" if host == "db1" else "absent\n"
    batch = Batch(1, "restore_tests", (call,), "", Frame(1, (Part(0, 0, answer.encode()),), exit=0))
    return Bundle(Origin(host, host, "ssh", finished_at=NOW, clock_offset_s=0.0), "", "", "", (batch,))


INVENTORY = """organization: Our agency
sites: [{id: geneva}, {id: valencia}]
hosts: [{name: db1, site: geneva}, {name: vault, site: valencia}]
repositories: [{id: far, host: vault, path: /srv/borg, tool: restic, immutable: true}]
services:
  - {name: erp, owner: Chief, criticality: critical, rpo: 4h, rto: 8h,
     data_sets: [{id: files, host: db1, paths: [/srv/erp], backups: [far]}]}
"""


@pytest.fixture
def saved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    for host in ("db1", "vault"):
        write_bundle(bundle(host), tmp_path / "evidence")
    return tmp_path


def test_a_bundle_that_is_none_is_told_and_left_out(saved, capsys):
    (saved / "evidence" / "0.bundle.json.gz").write_bytes(b"no bundle")
    assert run(["continuity", "-i", "inventory.yml", "--saved", str(saved), "--json"]) == 2
    out, err = capsys.readouterr()
    assert "0.bundle.json.gz" in err
    told = json.loads(out)
    assert [each["file"] for each in told["broken"]] == ["0.bundle.json.gz"]
    assert told["services"][0]["own_figures"]["rto"]["verdict"] == "met"


def test_a_statement_about_a_service_that_nobody_declares_is_told(saved, capsys):
    (saved / "statements").mkdir()
    (saved / "statements" / "drill.yaml").write_text(
        "id: drill\nchecks: [recovery_exercised]\nscope: {services: [erpp]}\nstatement: It was brought up elsewhere.\n"
        "performed_on: 2026-01-02\nvalid_until: 2027-01-02\nowner: {name: Ann}\napprover: {name: Bob}\nresult: fail\n"
    )
    run(["continuity", "-i", "inventory.yml", "--saved", ".", "--attestations", "statements"])
    assert "statement drill is about the service 'erpp', which the inventory does not declare" in capsys.readouterr().err


def test_the_json_is_as_its_schema_says(saved, capsys):
    jsonschema = pytest.importorskip("jsonschema")
    run(["continuity", "-i", "inventory.yml", "--saved", str(saved), "--json"])
    schema = json.loads((places.schemas() / "continuity-1.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(capsys.readouterr().out))


def test_services_are_subjects_in_the_document_of_the_organization_that_the_inventory_names(saved):
    arguments = ["evaluate", str(saved / "evidence"), "-i", "inventory.yml", "-b", "un_continuity", "-o", "out", "-f", "json", "-q"]
    assert run(arguments) == 1
    document = json.loads((saved / "out" / "hosts").joinpath(next(
        path.name for path in (saved / "out" / "hosts").iterdir() if path.name.startswith("Our_agency"))).read_text())  # fmt: skip
    outcomes = {result["check"]: result["outcome"] for result in document["results"] if result["subject"] == "service erp"}
    assert outcomes["service_restores_tested"] == "pass"
    assert outcomes["service_recovers_in_time"] == "pass"
    assert outcomes["service_data_loss_within_objective"] == "error"
    assert {result["subject"] for result in document["results"]} == {"Our agency", "service erp"}


WAIVER = """waivers:
  - id: no-second-host
    checks: [service_without_single_points_of_failure]
    services: [SERVICE]
    justification: The second host comes with the budget of next year.
    owner: Ann
    approver: Bob
    starts: 2026-09-01
    expires: 2099-01-01
    any_value: true
"""


@pytest.mark.parametrize(("service", "disposition"), [("erp", "waived"), ("mail", "none")])
def test_a_waiver_for_a_service_accepts_what_fails_on_that_service_alone(saved, service, disposition):
    (saved / "waivers.yml").write_text(WAIVER.replace("SERVICE", service))
    given = ["-i", "inventory.yml", "-b", "un_continuity", "--waivers", "waivers.yml", "-o", "out", "-f", "json", "-q"]
    run(["evaluate", str(saved / "evidence"), *given])
    told = json.loads((saved / "out" / "report.json").read_text())
    documents = told if isinstance(told, list) else told.get("assessments", [told])
    (result,) = [
        result
        for document in documents
        for result in document["results"]
        if result["check"] == "service_without_single_points_of_failure"
    ]
    assert (result["outcome"], result["disposition"]) == ("fail", disposition)


def test_the_organization_is_counted_as_no_host(saved, capsys):
    run(["evaluate", str(saved / "evidence"), "-i", "inventory.yml", "-b", "un_continuity", "--no-color"])
    assert "IN ALL (2 hosts, 0 not reached)" in capsys.readouterr().out


def test_every_shipped_check_above_hosts_is_in_the_continuity_baseline():
    listed = read_document(places.baselines() / "un_continuity.yaml").data["requirements"]
    shipped = {path.stem for path in (places.checks() / "continuity").glob("*.yaml")}
    assert shipped <= {check for checks in listed.values() for check in checks}


def test_a_host_that_was_only_ever_asked_elsewhere_is_viewed_without_complaint():
    assert view_host(bundle("db1"), probes()).host == "db1"
