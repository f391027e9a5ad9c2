"""CSV: what a spreadsheet reads."""

import csv
import io

import samples

from secscan.assessments import to_document
from secscan.reporters.csv import COLUMNS, render


def rows(documents):
    text = "".join(render(documents))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_every_line_ends_as_rfc_4180_says():
    text = "".join(render(samples.twelve_hosts()))
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")


def test_every_result_is_one_row_with_every_column():
    found = rows(samples.twelve_hosts())
    assert len(found) == 12 * 12
    assert all(set(row) == set(COLUMNS) for row in found)


def test_a_failure_says_what_was_expected_and_found():
    row = next(row for row in rows(samples.one_host()) if row["check"] == "sshd_root_login_disabled")
    assert row["expected"] == 'root_login.value: one of "no"'
    assert row["actual"] == 'root_login.value: "yes"'
    assert (row["nist_800_53"], row["iso_27001"], row["cis_v8"], row["requirements"]) == ("AC-6(2) IA-2", "8.2", "5.4", "UNC-IS-01")
    assert (row["outcome"], row["severity"], row["system"]) == ("fail", "high", "Debian GNU/Linux 12 (bookworm)")


def test_an_unreachable_host_has_its_reason_in_every_row():
    found = rows([to_document(samples.unreachable("lost", "no route to host"))])
    assert {(row["outcome"], row["reason"]) for row in found} == {("unreachable", "no route to host")}


def test_an_unreachable_host_without_results_still_has_a_row():
    empty = samples.assessment(samples.host("lost"), results=(), proofs=(), unreachable="no route")
    assert [(row["host"], row["outcome"], row["reason"]) for row in rows([to_document(empty)])] == [
        ("lost", "unreachable", "no route")
    ]


def test_no_cell_from_a_hostile_host_is_a_formula_or_too_long_for_a_spreadsheet():
    for row in rows([to_document(samples.hostile())]):
        for cell in row.values():
            assert cell[:1] not in set("=+-@\t\r")
            assert len(cell) <= 32_767


def test_a_row_says_what_changed_since_the_run_before():
    document = samples.one_host()[0]
    assert {row["change"] for row in rows([document])} == {""}, "there was none"
    (changed, fails) = [row["check"] for row in rows([document]) if row["outcome"] == "fail"][:2]
    change = {"kind": "new", "check": changed, "subject": "", "severity": "", "before": None, "after": None, "check_changed": False}
    since = {"run": "run-1", "host": "known", "changes": [change]}
    told = {row["check"]: row["change"] for row in rows([{**document, "since": since}])}
    assert (told[changed], told[fails]) == ("new", "still_failing")
    assert {row["change"] for row in rows([{**document, "since": since}]) if row["outcome"] != "fail"} == {"unchanged"}
    added = rows([{**document, "since": {**since, "host": "added", "changes": []}}])
    assert {row["change"] for row in added} == {"host_added"}
    lost = to_document(samples.unreachable("lost", "no route to host"))
    for silent in (lost, {**lost, "results": []}):
        (row, *_) = rows([{**silent, "since": {**since, "host": "unreached", "changes": []}}])
        assert row["change"] == "host_unreached"
