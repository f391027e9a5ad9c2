"""What a run would pass over in silence: variables that nobody reads, a policy that cannot be, numbers that nobody fetches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def project(own_content: Path) -> Path:
    """A project of one host, whose team is told by the URL in a variable."""
    Path("inventory.yml").write_text("hosts: [{name: here, transport: local}]\n")
    path = Path("secscan.yml")
    path.write_text(
        f"inventory: inventory.yml\nbaseline: tiny_pass\ncontent: [{own_content}]\noutput: out\nhistory: history.sqlite\n"
        "ssh_config: none\nnotify: {channels: [{name: team, url_env: SECSCAN_TEAM_URL, tell: [failures]}]}\n"
    )
    return path


MISTYPED = "environment variable SECSCAN_BASLINE is not read by secscan (did you mean 'SECSCAN_BASELINE'?)"


def found(secscan, about: str, *words: str) -> list[tuple[str, str, str]]:
    """What the doctor says of one thing: state, what is so, how to mend it."""
    told = json.loads(secscan("doctor", "--json", *words).out)
    return [(each["state"], each["what"], each["mend"]) for each in told if each["about"] == about]


def test_a_variable_that_nobody_reads_is_told_with_the_one_that_may_be_meant(secscan, monkeypatch):
    monkeypatch.setenv("SECSCAN_BASLINE", "canary-value")
    shown, ended = secscan("config", "--json"), secscan("run")
    assert (shown.code, shown.complaints) == (0, [f"secscan: note: {MISTYPED}"])
    assert json.loads(shown.out)
    assert ended.code == 0
    assert f"secscan: note: {MISTYPED}" in ended.complaints
    assert found(secscan, "environment") == [("note", MISTYPED, "unset SECSCAN_BASLINE")]
    assert "canary" not in shown.err + ended.err


def test_machines_are_told_of_a_variable_that_nobody_reads_as_of_all_else(secscan, monkeypatch):
    monkeypatch.setenv("SECSCAN_BASLINE", "x")
    lines = [json.loads(line) for line in secscan("run", "--log-format", "json").complaints]
    (told,) = [line for line in lines if line["event"] == "unknown_variable"]
    assert (told["level"], told["variable"], told["message"]) == ("warning", "SECSCAN_BASLINE", f"note: {MISTYPED}")


def test_variables_that_are_read_or_that_the_project_names_are_no_mistake(secscan, monkeypatch):
    for name, value in {"SECSCAN_WORKERS": "2", "SECSCAN_PASSWORD": "x", "SECSCAN_TEAM_URL": "json://127.0.0.1:1/"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SECSCAN_EMPTY", "")
    assert secscan("config").err == ""
    assert "is not read" not in secscan("run").err
    assert found(secscan, "environment") == []


def test_a_key_that_no_variable_can_say_is_none_that_is_read(secscan, monkeypatch):
    monkeypatch.setenv("SECSCAN_REPORTS", "csv")
    assert "environment variable SECSCAN_REPORTS is not read by secscan" in secscan("config").err


@pytest.mark.parametrize("said", ["environment", "command line"])
def test_a_policy_that_cannot_be_is_told_by_the_settings_as_by_a_run(secscan, monkeypatch, said: str):
    words = ("--keep", "daily soon") if said == "command line" else ()
    if not words:
        monkeypatch.setenv("SECSCAN_KEEP", "daily soon")
    shown, ended = secscan("config", *words), secscan("run", *words)
    assert (shown.code, shown.out, shown.err) == (2, "", ended.err)
    assert "daily soon" in shown.err
    assert ended.code == 2


def test_the_doctor_knows_a_policy_that_a_run_would_refuse(secscan, monkeypatch):
    monkeypatch.setenv("SECSCAN_KEEP", "daily soon")
    (told,) = [each for each in found(secscan, "reports") if "daily soon" in each[1]]
    assert told[0] == "wrong"


NEVER_READ = "numbers/secscan.txt does not end in .prom, and node_exporter's textfile collector reads no other files"


def test_numbers_that_no_collector_will_read_are_told_and_written(secscan, project):
    project.write_text(project.read_text() + "prometheus: numbers/secscan.txt\n")
    ended = secscan("run")
    assert ended.code == 0
    assert f"secscan: note: {NEVER_READ}" in ended.complaints
    assert Path("numbers/secscan.txt").is_file()
    assert ("note", NEVER_READ, "prometheus: numbers/secscan.prom") in found(secscan, "reports")


def test_numbers_of_the_right_name_are_no_mistake(secscan, project):
    project.write_text(project.read_text() + "prometheus: secscan.prom\n")
    assert ".prom" not in secscan("run").err
    assert found(secscan, "reports") == []
