"""The doctor on real servers: what would stop a run is told with its remedy, and nothing is changed by looking."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from transports.servers import me

from secscan.history import schema
from secscan.history.store import History


@pytest.fixture
def project(server, client_key, known_hosts, own_content) -> Path:
    """A project with one host over SSH that is as it should be."""
    Path("inventory.yml").write_text(f"hosts: [{{name: far, address: 127.0.0.1, port: {server.port}, user: {me()}}}]\n")
    path = Path("secscan.yml")
    path.write_text(
        f"inventory: inventory.yml\nbaseline: tiny_pass\ncontent: [{own_content}]\noutput: out\nhistory: history.sqlite\n"
        f"identity: {client_key}\nknown_hosts: {known_hosts}\nssh_config: none\n"
    )
    return path


def looked(secscan, *words: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the findings by what they are about."""
    told = secscan("doctor", "--json", *words)
    found: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(told.out):
        found.setdefault(each["about"], []).append(each)
    return told.code, found


def test_where_all_is_well_nothing_is_wrong_and_nothing_is_made(secscan, project):
    known = Path(project.read_text().split("known_hosts: ")[1].split()[0])
    before = known.read_bytes()
    told = secscan("doctor")
    assert told.code == 0, told.out
    assert told.out.endswith("\nnothing is wrong\n")
    assert "ok     far: reached by ssh, host key known, signed in as" in told.out
    assert "ok     far: clock within" in told.out
    assert known.read_bytes() == before
    assert not Path("out").exists()
    assert not Path("history.sqlite").exists()


def test_a_host_key_that_is_not_known_is_told_and_not_taken_even_where_a_run_would(secscan, project):
    empty = Path("nobody")
    empty.touch(0o600)
    code, found = looked(secscan, "--known-hosts", "nobody", "--accept-new")
    assert code == 1
    (told,) = found["far"]
    assert "is not known" in told["what"]
    assert "compare the fingerprint" in told["mend"]
    assert empty.read_bytes() == b""


def test_a_key_that_is_not_let_in_and_a_host_that_does_not_answer_are_told_apart(secscan, project, tmp_path):
    other = tmp_path / "other"
    other.write_text("no key at all\n")
    other.chmod(0o600)
    code, found = looked(secscan, "--identity", str(other))
    assert code == 1
    assert "did not let in" in found["far"][0]["what"]
    Path("inventory.yml").write_text("hosts: [{name: far, address: 127.0.0.1, port: 1}]\n")
    assert "connection refused" in looked(secscan)[1]["far"][0]["what"]


def test_sudo_that_is_refused_is_wrong(secscan, project, monkeypatch, tmp_path):
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{sudo.parent}:/usr/bin:/bin")
    Path("inventory.yml").write_text("hosts: [{name: here, transport: local, become: {user: operator}}]\n")
    code, found = looked(secscan)
    assert code == 1
    assert [each["what"] for each in found["here"] if each["state"] == "wrong"] == ["sudo refused: sudo: a password is required"]


def test_content_and_inventory_that_cannot_be_used_are_told_and_the_rest_is_looked_at(secscan, project):
    project.write_text(project.read_text().replace("tiny_pass", "tiny_nothing"))
    Path("inventory.yml").write_text("hosts: [{nam: far}]\nhostz: []\n")
    code, found = looked(secscan)
    assert code == 1
    assert "tiny_nothing" in found["content"][0]["what"]
    assert len(found["inventory"]) >= 2
    assert "far" not in found
    assert found["history"][0]["state"] == "ok"


@pytest.mark.parametrize("state", ["damaged", "foreign", "newer", "current"])
def test_a_history_is_looked_at_and_not_touched(secscan, project, state):
    path = Path("history.sqlite")
    if state == "damaged":
        path.write_text("no database at all")
    else:
        if state != "foreign":
            History(f"sqlite:///{path.absolute()}").close()
        with sqlite3.connect(path) as database:
            if state == "foreign":
                database.execute("CREATE TABLE theirs (x)")
            if state == "newer":
                database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()
    before = path.read_bytes()
    code, found = looked(secscan)
    assert path.read_bytes() == before
    assert list(Path().glob("*.backup")) == []
    assert (code, found["history"][0]["state"]) == ((0, "ok") if state == "current" else (1, "wrong"))


def test_a_history_of_an_older_secscan_is_fine_since_the_next_run_brings_it_up(secscan, project, monkeypatch):
    History(f"sqlite:///{Path('history.sqlite').absolute()}").close()
    monkeypatch.setattr(schema, "REVISION", str(int(schema.REVISION) + 1))
    code, found = looked(secscan)
    assert code == 0
    assert "is of an older secscan" in found["history"][0]["what"]


def test_a_folder_that_cannot_be_written_is_told(secscan, project):
    Path("out").write_text("a file is in the way\n")
    code, found = looked(secscan)
    assert code == 1
    assert any("is not a folder" in each["what"] for each in found["folders"])


@pytest.mark.parametrize(
    ("about", "wrong", "told"),
    [
        ("reports", "language: xx", "no language is named 'xx'"),
        ("reports", "formats: [html, nosuch]", "no format is named 'nosuch'"),
        ("reports", "terms: nosuch.yml", "there is no file of terms"),
        ("reports", "redact_key: nosuch", "nosuch: cannot be read"),
        ("reports", "reports: [{formats: [nosuch], directory: www}]", "no format is named 'nosuch'"),
        ("reports", "reports: [{formats: [html], directory: www, language: xx}]", "no language is named 'xx'"),
        ("reports", "fail_on: [bogus]", "--fail-on cannot be 'bogus'"),
        ("channels", "notify: {channels: [{name: team, url_file: team.url, language: xx}]}", "no language is named 'xx'"),
    ],
)
def test_whatever_a_run_would_refuse_is_wrong(secscan, project, about, wrong, told):
    project.write_text(f"{project.read_text()}{wrong}\n")
    code, found = looked(secscan)
    assert code == 1
    assert found[about][0]["state"] == "wrong"
    assert told in found[about][0]["what"]
    assert not Path("www").exists()
    assert secscan("run").code == 2


def test_parameters_of_a_host_that_a_run_would_refuse_are_wrong(secscan, project):
    Path("inventory.yml").write_text("hosts: [{name: here, transport: local, parameters: {command_says_yes: {nosuch: 1}}}]\n")
    code, found = looked(secscan)
    assert code == 1
    assert found["inventory"][0]["what"] in secscan("run").err
    assert found["here"][0]["state"] == "ok"


def test_a_project_without_a_folder_for_what_it_finds_is_wrong(secscan, project):
    project.write_text(project.read_text().replace("output: out\n", ""))
    code, found = looked(secscan)
    assert code == 1
    assert "names no output" in found["reports"][0]["what"]
    assert looked(secscan, "-o", "elsewhere")[0] == 0


def test_a_channel_that_cannot_be_told_anything_is_a_note_since_no_run_stops_for_it(secscan, project):
    project.write_text(f"{project.read_text()}notify: {{channels: [{{name: team, url_file: team.url}}]}}\n")
    code, found = looked(secscan)
    (note,) = found["channels"]
    assert (code, note["state"]) == (0, "note")
    assert "team" in note["what"]
    assert "cannot be read" in note["what"]
    Path("team.url").write_text("json://127.0.0.1/canary-5512\n")
    Path("team.url").chmod(0o600)
    code, found = looked(secscan)
    assert [(each["state"], each["what"]) for each in found["channels"]] == [("ok", "team: its URL is at hand")]


def test_without_any_target_the_machine_itself_is_looked_at(secscan):
    code, found = looked(secscan)
    assert code == 0
    assert {"python", "packages", "content", "history", "folders", "disk"} == found.keys()
