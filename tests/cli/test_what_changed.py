"""What `secscan diff` and reports say of a change, where one kind could be taken for another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_content import Small, said, write_checks


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


def test_the_end_of_a_run_counts_what_fails_on_added_hosts_as_every_report_does(secscan, night):
    night("old")
    Path("inventory.yml").write_text("hosts:\n- {name: old, transport: local}\n- {name: new, transport: local}\n")
    told = secscan("run", "--log-format", "json")
    assert "1 failing on added targets" in " ".join(told.out.split())
    assert json.loads(told.complaints[-1])["changes"] == {"host_added": 1}


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


@pytest.fixture
def state(own_content: Path, tmp_path: Path) -> Iterator[Path]:
    """A file with what the host of the baseline `only_told` says: good, bad or nothing that can be judged when it is not there."""
    file = tmp_path / "state"
    write_checks(own_content, Small("told", said(f"cat {file}"), [{"that": "said.output", "lacks": "bad"}]))
    yield file
    (own_content / "checks" / "tests" / "told.yaml").unlink()
    (own_content / "baselines" / "only_told.yaml").unlink()


def nights(state: Path, night: Callable[..., None], *answers: str | None) -> None:
    """A run for each of these answers; None: it cannot be judged."""
    for each in answers:
        state.unlink(missing_ok=True)
        if each is not None:
            state.write_text(f"{each}\n")
        night("web1", baseline="only_told")


REPORTS = ("report.txt", "report.html", "report.md", "portal/index.html")


def test_a_failure_that_comes_back_after_a_night_of_error_still_fails(secscan, night, state):
    nights(state, night, "bad", None)
    assert "Cannot be judged any more (1)\n  high      told on web1: fail -> error\n" in secscan("diff").out
    nights(state, night, "bad")
    told = secscan("diff", "--fail-on-new")
    assert (told.code, told.out.splitlines()[1:]) == (0, ["", "Still failing: 1"])
    for report in REPORTS:
        assert "New failures" not in (Path("out") / report).read_text(), report
    since = json.loads(Path("out/hosts/web1.json").read_text())["since"]
    assert (since["changes"], since["still_failing"]) == ([], 1)
    first = json.loads(secscan("history", "told", "web1", "--json").out)[0]["at"]
    assert secscan("runs", "failing").out.startswith(time.strftime("%Y-%m-%d", time.gmtime(first)))
    assert "reopened" not in secscan("runs", "failing").out


def test_what_was_mended_while_it_could_not_be_judged_is_fixed_and_the_way_is_shown(secscan, night, state):
    nights(state, night, "bad", None, None, "good")
    assert "Fixed (1)\n  high      told on web1: fail -> error -> pass\n" in secscan("diff").out
    for report in REPORTS:
        assert "fail → error → pass" in (Path("out") / report).read_text(), report
    assert "fail → error → pass" in secscan("report", "out", "-f", "text").out, "the document is as its schema says"
    (change,) = json.loads(Path("out/hosts/web1.json").read_text())["since"]["changes"]
    assert change["failed_before"] == {"outcome": "fail", "disposition": "none"}
    (change,) = json.loads(secscan("diff", "--json").out)["changes"]
    assert (change["kind"], change["before"]["outcome"], change["failed_before"]["outcome"]) == ("fixed", "error", "fail")
    nights(state, night, "bad")
    assert "reopened 1 time" in secscan("runs", "failing").out, "it was mended in between, whenever that was"


def test_what_passed_before_a_night_of_error_and_fails_after_it_is_new_and_nothing_is_fixed_that_never_failed(
    secscan, night, state
):
    nights(state, night, "good", None, "good")
    assert "Passes, and had no verdict before (1)\n  high      told on web1: error -> pass\n" in secscan("diff").out
    nights(state, night, None, "bad")
    text = secscan("diff", "--fail-on-new")
    assert text.code == 1
    assert "New failures (1)\n  high      told on web1: error -> fail\n" in text.out


def test_another_value_after_a_night_of_error_is_told_as_that(secscan, night, state):
    nights(state, night, "bad", None, "bad worse")
    assert "Still failing, with another value (1)\n  high      told on web1: fail -> error -> fail\n" in secscan("diff").out
    assert "fail → error → fail" in Path("out/report.txt").read_text()
