"""What `secscan diff` and reports say of a change, where one kind could be taken for another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def night(own_content: Path, secscan) -> Callable[..., None]:
    """A run over these hosts by a baseline of `own_content`."""

    def work(*hosts: str, baseline: str = "tiny_all") -> None:
        Path("inventory.yml").write_text("hosts:\n" + "".join(f"- {{name: {name}, transport: local}}\n" for name in hosts))
        Path("secscan.yml").write_text(
            f"inventory: inventory.yml\nbaseline: {baseline}\ncontent: [{own_content}]\noutput: out\n"
            "formats: [json, text, html, markdown, portal]\nhistory: history.sqlite\n"
        )
        assert secscan("run", "-q").code in (0, 1, 4)

    return work


def test_a_host_that_is_new_adds_no_check_and_only_what_fails_on_it_is_told(secscan, night):
    night("old")
    night("old", "new")
    text = secscan("diff").out
    assert "Checks added" not in text
    assert "Hosts added (1): new" in text
    assert "Fails on added hosts (1)\n  high      host_says_fail on new: fail\n" in text
    changes = json.loads(secscan("diff", "--json").out)["changes"]
    assert {(each["host"], each["kind"]) for each in changes} == {("new", "host_added")}
    assert len(changes) == 4, "for programs, everything that was found on it"
    assert secscan("diff", "--fail-on-new").code == 1
    for report in ("report.txt", "report.html", "report.md", "portal/index.html"):
        said = (Path("out") / report).read_text()
        assert ("Fails on added hosts" in said, "Checks added" in said) == (True, False), report
    since = json.loads(Path("out/hosts/new.json").read_text())["since"]
    assert [(each["kind"], each["check"]) for each in since["changes"]] == [("host_added", "host_says_fail")]
    assert since["still_failing"] == 0
    assert json.loads(Path("out/report.json").read_text())["summary"]["since"]["changes"] == {"host_added": 1}


def test_a_check_that_is_new_adds_no_host(secscan, night, own_content):
    night("old", baseline="tiny_pass")
    baseline = own_content / "baselines" / "tiny_pass.yaml"
    before = baseline.read_text()
    try:
        baseline.write_text("id: tiny_pass\ntitle: tiny_pass\nrequirements: {TESTS-1: [host_says_fail]}\n")
        night("old", "new", baseline="tiny_pass")
    finally:
        baseline.write_text(before)
    text = secscan("diff").out
    assert "Fails on added hosts (1)\n  high      host_says_fail on new: fail\n" in text
    assert "Checks added (1)\n  high      host_says_fail on old: fail\n" in text
    assert "Checks removed (1)\n  high      host_says_pass on old: pass\n" in text


def test_a_check_that_is_renamed_is_neither_added_nor_removed_and_keeps_its_story(secscan, night, own_content):
    night("old")
    baseline = own_content / "baselines" / "tiny_all.yaml"
    check, renamed = (own_content / "checks" / "tests" / f"{name}.yaml" for name in ("host_says_fail", "host_says_otherwise"))
    text, selected = check.read_text(), baseline.read_text()
    try:
        check.unlink()
        renamed.write_text(text.replace("host_says_fail", "host_says_otherwise") + "formerly: [host_says_fail]\n")
        baseline.write_text(selected.replace("host_says_fail", "host_says_otherwise"))
        night("old")
    finally:
        renamed.unlink()
        check.write_text(text)
        baseline.write_text(selected)
    told = secscan("diff").out
    assert "Checks added" not in told
    assert "Checks removed" not in told
    assert "Still failing: 1" in told
    story = json.loads(secscan("history", "host_says_otherwise", "old", "--json").out)
    assert [chapter["status"]["outcome"] for chapter in story] == ["fail", "fail"], "of another file, and so told once more"
