"""The forms of `secscan continuity`: short text, a page, JSON."""

from __future__ import annotations

import json

import pytest

from secscan.bundles import write_bundle
from secscan.cli import run
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.probe import Call

INVENTORY = """sites: [{id: geneva}, {id: valencia}]
hosts: [{name: db1, site: geneva}, {name: vault, site: valencia}]
repositories: [{id: far, host: vault, path: /srv/borg, tool: restic, immutable: true}]
services:
  - {name: erp, owner: Chief, criticality: critical, rpo: 4h, rto: 8h,
     data_sets: [{id: files, host: db1, paths: [/srv/erp], backups: [far]}]}
"""


@pytest.fixture
def words(tmp_path, monkeypatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory.yml").write_text(INVENTORY)
    call = Call.of("restore_tests", {"folder": "/var/lib/secscan/restore-tests"})
    batch = Batch(1, "restore_tests", (call,), "", Frame(1, (Part(0, 0, b"absent\n"),), exit=0))
    origin = Origin("db1", "db1", "ssh", finished_at=1_790_000_000.0, clock_offset_s=0.0)
    write_bundle(Bundle(origin, "", "", "", (batch,)), tmp_path / "evidence")
    return ["continuity", "-i", "inventory.yml", "--saved", "evidence"]


def test_the_page_and_the_json_are_files_for_their_owner_only(words, tmp_path):
    assert run([*words, "-f", "html,json", "-o", "out", "--language", "fr"]) == 4
    page, document = tmp_path / "out" / "continuity.html", tmp_path / "out" / "continuity.json"
    assert page.stat().st_mode & 0o077 == 0
    assert "Rapport de continuité" in page.read_text()
    assert [each["id"] for each in json.loads(document.read_text())["indicators"]][-1] == "K12"


def test_one_form_goes_to_standard_output(words, capsys):
    assert run([*words, "-f", "html"]) == 4
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")


def test_the_short_form_has_the_whole_set_of_indicators(words, capsys):
    run(words)
    told = " ".join(capsys.readouterr().out.split())
    assert "K12 0 of 1 owners for whom K1 to K5 are met in everything (Chief: K1, 0 of 1)" in told


@pytest.mark.parametrize(("form", "message"), [("pdf", "allowed: text, html, json"), ("html,json", "allowed: -o DIR")])
def test_what_cannot_be_written_is_said_before_anything_is_read(words, capsys, form, message):
    assert run([*words, "-f", form]) == 2
    assert message in capsys.readouterr().err
