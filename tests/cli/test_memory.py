"""What is remembered between runs, whatever happens to them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from secscan.cli import run
from secscan.history.store import History

CHECK = """\
id: value_is_eight
title: The value is eight
severity: high
rationale: It must be.
remediation: {{text: Write 8., effort: minutes, when: runtime}}
observe:
  value: {{probe: command, run: "{pause}cat {folder}/value"}}
expect:
  - {{that: value.output, matches: "8"}}
cases:
  - {{name: eight, outcome: pass, value: "| 8\\nexit 0\\n"}}
  - {{name: seven, outcome: fail, value: "| 7\\nexit 0\\n"}}
"""
HOSTS = ("a", "b", "c", "d")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own: four names of this machine, one check, a history."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "checks" / "own").mkdir(parents=True)
    (tmp_path / "baselines").mkdir()
    (tmp_path / "value").write_text("8\n")
    (tmp_path / "checks" / "own" / "value_is_eight.yaml").write_text(CHECK.format(pause="", folder=tmp_path))
    (tmp_path / "baselines" / "own.yaml").write_text("id: own\ntitle: Own\nrequirements:\n  UNC-IS-18: [value_is_eight]\n")
    (tmp_path / "inventory.yml").write_text("hosts:\n" + "".join(f"- {{name: {name}, transport: local}}\n" for name in HOSTS))
    (tmp_path / "secscan.yml").write_text(
        "inventory: inventory.yml\nbaseline: own\ncontent: [.]\noutput: out\nformats: [json]\nhistory: history.sqlite\n"
    )
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run([*words]) == code
    return capsys.readouterr().out


def test_two_runs_are_compared(place: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["scan", "-q"]) == 0
    (place / "value").write_text("7\n")
    assert run(["scan", "-q"]) == 1
    shown = told(capsys, "diff")
    assert "New failures (4)\n  high      value_is_eight on a: pass -> fail\n" in shown
    assert shown.endswith("Still failing: 0\n")
    assert told(capsys, "diff", "--fail-on-new", code=1)
    changes = json.loads(told(capsys, "diff", "--json"))["changes"]
    assert [(change["host"], change["kind"], change["content"]) for change in changes] == [(name, "new", False) for name in HOSTS]
    (place / "value").write_text("6\n")
    assert run(["scan", "-q"]) == 1
    assert "Still failing, with another value (4)" in told(capsys, "diff")


@pytest.mark.parametrize("command", ["scan", "run"])
def test_every_report_tells_what_changed_since_the_last_whole_run(place: Path, capsys: pytest.CaptureFixture[str], command: str):
    formats = ("-f", "json,text,html,markdown,portal")
    assert run([command, "-q", *formats]) == 0
    assert all("since" not in json.loads(path.read_text()) for path in (place / "out" / "hosts").iterdir())
    (place / "value").write_text("7\n")
    assert run([command, "-q", *formats]) == 1
    reports = [place / "out" / name for name in ("report.txt", "report.html", "report.md", "portal/index.html")]
    shown = [path.read_text() for path in reports]
    shown += [told(capsys, "report", "out", "-f", name) for name in ("text", "markdown")]
    assert ["since the run of" in text.lower() and "New failures" in text for text in shown] == [True] * 6
    assert json.loads((place / "out" / "report.json").read_text())["summary"]["since"]["changes"] == {"new": 4}
    assert run([command, "-q", "a", *formats]) == 1
    alone = json.loads((place / "out" / "hosts" / "a.json").read_text())["since"]
    assert (alone["changes"], alone["still_failing"], alone["hosts_gone"]["count"]) == ([], 1, 0)


def since_of(place: Path, folder: str = "out") -> dict[str, dict[str, Any]]:
    """What each document says of changes, by host."""
    report = json.loads((place / folder / "report.json").read_text())
    return {each["host"]["name"]: each["since"] for each in report.get("assessments", [report])}


def test_a_look_at_one_host_takes_the_others_neither_for_gone_nor_for_added_the_next_night(
    place: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["run", "-q"]) == 0
    (place / "value").write_text("7\n")
    assert run(["run", "-q", "-l", "host=a"]) == 1
    assert since_of(place)["a"]["hosts_gone"]["count"] == 0
    assert run(["run", "-q", "b"]) == 1
    (place / "inventory.yml").write_text("hosts:\n" + "".join(f"- {{name: {name}, transport: local}}\n" for name in "abce"))
    assert run(["run", "-q"]) == 1
    since = since_of(place)
    assert {host: told["host"] for host, told in since.items()} == {"a": "known", "b": "known", "c": "known", "e": "added"}
    assert since["a"]["hosts_gone"] == {"count": 1, "names": ["d"]}
    assert [change["kind"] for change in since["a"]["changes"]] == ["new"], "compared with the last whole run"
    assert " ".join(told(capsys, "runs", "list").split()).count("a part of the inventory") == 2
    text = told(capsys, "diff")
    assert "Hosts added (1): e" in text
    assert "Hosts not asked any more (1): d" in text
    assert told(capsys, "runs", "failing").endswith("\nfailing: 4\n"), "d has left, and fails no more"


def test_projects_with_one_history_are_compared_and_taken_up_each_by_itself(place: Path, capsys: pytest.CaptureFixture[str]):
    other = CHECK.format(pause="", folder=place).replace("value_is_eight", "value_is_eight_too")
    (place / "checks" / "own" / "value_is_eight_too.yaml").write_text(other)
    (place / "baselines" / "other.yaml").write_text("id: other\ntitle: Other\nrequirements:\n  UNC-IS-18: [value_is_eight_too]\n")
    run(["scan", "-q"])
    (place / "value").write_text("7\n")
    run(["scan", "-q", "-b", "other", "-o", "elsewhere"])
    run(["scan", "-q"])
    since = since_of(place)["a"]
    assert [(change["kind"], change["check"]) for change in since["changes"]] == [("new", "value_is_eight")]
    assert since["still_failing"] == 0
    text = told(capsys, "diff")
    assert "New failures (4)" in text
    assert "value_is_eight_too" not in text
    assert "allowed: two runs of `secscan runs list`" in " ".join(refused(capsys, "diff", "previous", runs_of(capsys)[1]).split())
    run(["scan", "-q", "-b", "other", "-o", "elsewhere"])
    assert run(["scan", "-q", "--resume", "latest"]) == 1
    assert "4 of 4 hosts are there already" in capsys.readouterr().err
    one, _, _, other_run = runs_of(capsys)
    assert "The first is by baseline own, the second by other." in told(capsys, "diff", one, other_run)


def test_what_fails_anew_fails_a_comparison_unless_somebody_has_accepted_it(place: Path, capsys: pytest.CaptureFixture[str]):
    hosts = (place / "inventory.yml").read_text()
    (place / "inventory.yml").write_text(hosts.replace("- {name: d, transport: local}\n", ""))
    (place / "value").write_text("7\n")
    run(["scan", "-q"])
    (place / "inventory.yml").write_text(hosts)
    run(["scan", "-q"])
    assert "New failures" not in told(capsys, "diff", "--fail-on-new", code=1), "a host that is new fails, and was not asked before"
    words = ["waiver", "add", "value_is_eight", "--any-value", "--host", "e", "--justification", "x", "--owner", "o"]
    assert run([*words, "--approver", "a", "--expires", "2999-01-01"]) == 0
    (place / "inventory.yml").write_text(hosts + "- {name: e, transport: local}\n")
    run(["scan", "-q", "--waivers", "waivers.yml"])
    assert "value_is_eight on e: fail" in told(capsys, "diff", "--fail-on-new", code=0)
    run(["scan", "-q"])
    assert "value_is_eight on e: waived -> fail" in told(capsys, "diff")
    run(["scan", "-q", "--waivers", "waivers.yml"])
    assert "value_is_eight on e: fail -> waived" in told(capsys, "diff")


def runs_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The names of all runs, the oldest first."""
    return [each["name"] for each in json.loads(told(capsys, "runs", "list", "--json"))]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert run([*words]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("asked", ["runs list", "runs failing", "runs forget --keep 'daily 1'", "diff", "history value_is_eight a"])
def test_a_question_to_a_history_that_is_not_there_makes_none(place: Path, capsys: pytest.CaptureFixture[str], asked: str):
    assert "typo.sqlite: there is no history; allowed: " in refused(capsys, *shlex.split(asked), "--history", "typo.sqlite")
    assert not (place / "typo.sqlite").exists()


def test_a_change_of_the_content_is_marked(place: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["scan", "-q"]) == 0
    check = place / "checks" / "own" / "value_is_eight.yaml"
    check.write_text(check.read_text().replace('"8"', '"9"').replace("| 8", "| 9"))
    assert run(["scan", "-q"]) == 1
    shown = told(capsys, "diff")
    assert "value_is_eight on a: pass -> fail; the check changed too" in shown
    assert "Checks or baselines changed in between" in shown


def test_the_story_of_a_check_and_what_fails_for_how_long(place: Path, capsys: pytest.CaptureFixture[str]):
    for value in ("8", "7", "8", "7"):
        (place / "value").write_text(f"{value}\n")
        run(["scan", "-q"])
    lines = told(capsys, "history", "value_is_eight", "a").splitlines()
    assert [line.split("  ")[1].split()[0].rstrip(",") for line in lines if line[0] != " "] == ["pass", "fail", "pass", "fail"]
    assert "value_is_eight on a, reopened 1 time, comes and goes" in " ".join(told(capsys, "runs", "failing").split())
    assert run(["history", "value_is_eight", "z"]) == 2
    assert told(capsys, "runs", "failing").endswith("\nfailing: 4\n")
    assert told(capsys, "runs", "failing", "--first", "1").count("value_is_eight on a") == 1
    assert told(capsys, "runs", "failing", "--first", "1").endswith("\nfailing: 1\n")


def test_only_hosts_that_are_missing_are_asked_again(place: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["scan", "-q", "-l", "host=a", "-l", "host=b"]) == 0
    before = {name: (place / "out" / "hosts" / f"{name}.json").stat().st_mtime_ns for name in "ab"}
    capsys.readouterr()
    (place / "value").write_text("7\n")
    assert run(["scan", "-q", "--resume", "latest"]) == 1
    assert "2 of 4 hosts are there already" in capsys.readouterr().err
    assert {name: (place / "out" / "hosts" / f"{name}.json").stat().st_mtime_ns for name in "ab"} == before
    report = json.loads((place / "out" / "report.json").read_text())
    assert [each["results"][0]["outcome"] for each in report["assessments"]] == ["pass", "pass", "fail", "fail"]
    assert "\nruns: 1\n" in told(capsys, "runs", "list")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--resume", "nosuch"), "no run is named 'nosuch'"),
        (("--resume", "latest", "-o", "elsewhere"), "keeps what it found in"),
        (("--resume", "latest", "--no-history"), "--resume needs what was kept and remembered"),
        (("--resume", "latest", "-b", "un_minimum"), "was by baseline own"),
    ],
)
def test_a_run_that_cannot_be_taken_up_is_told(
    place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
):
    assert run(["scan", "-q", "-l", "host=a"]) == 0
    assert run(["scan", "-q", *words]) == 2
    assert message in capsys.readouterr().err


def test_nothing_is_remembered_of_what_is_not_kept(place: Path):
    (place / "secscan.yml").write_text("inventory: inventory.yml\nbaseline: own\ncontent: [.]\nhistory: history.sqlite\n")
    assert run(["scan", "-q", "-f", "csv"]) == 0
    assert run(["scan", "-q", "-o", "out", "--no-history"]) == 0
    assert not (place / "history.sqlite").exists()


def test_a_damaged_history_is_told_and_the_scan_is_whole(place: Path, capsys: pytest.CaptureFixture[str]):
    (place / "history.sqlite").write_bytes(b"garbage garbage garbage")
    assert run(["scan", "-q"]) == 2
    assert "history.sqlite: is not a SQLite database, or is damaged" in capsys.readouterr().err
    assert len(json.loads((place / "out" / "report.json").read_text())["assessments"]) == 4
    assert (place / "history.sqlite").read_bytes() == b"garbage garbage garbage"


def test_a_history_whose_folder_cannot_be_made_stops_no_scan(place: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["scan", "-q", "--history", "value/below/h.sqlite"]) == 2
    assert "value/below/h.sqlite: cannot be written" in capsys.readouterr().err
    assert len(json.loads((place / "out" / "report.json").read_text())["assessments"]) == 4


def test_a_history_that_goes_away_in_the_middle_stops_no_scan(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    real = History.record

    def record(self, run, document):
        found = real(self, run, document)
        with sqlite3.connect(place / "history.sqlite") as other:
            other.execute("DROP TABLE transitions")
        return found

    monkeypatch.setattr(History, "record", record)
    assert run(["scan", "-q"]) == 2
    said = capsys.readouterr().err
    assert said.count("no such table") == 1
    assert len(json.loads((place / "out" / "report.json").read_text())["assessments"]) == 4


def test_old_runs_are_forgotten_by_policy_and_stories_stay(place: Path, capsys: pytest.CaptureFixture[str]):
    for value in ("8", "7", "8"):
        (place / "value").write_text(f"{value}\n")
        run(["scan", "-q"])
    assert len(told(capsys, "runs", "forget", "--keep", "daily 1", "--dry-run").splitlines()) == 1
    assert "\nruns: 3\n" in told(capsys, "runs", "list")
    told(capsys, "runs", "forget", "--keep", "daily 1")
    assert "Still failing: 0" in told(capsys, "diff"), "there is something to compare with, though both were today"
    assert "\nruns: 2\n" in told(capsys, "runs", "list")
    assert len(json.loads(told(capsys, "history", "value_is_eight", "a", "--json"))) == 3
    assert run(["runs", "forget", "--keep", "hourly 1"]) == 2


STATEMENT = """id: S-1
checks: [second_factor_for_all_users]
scope: organization
statement: The value was eight, see run {run}
performed_on: 2000-01-01
valid_until: {until}
owner: {{name: A}}
approver: {{name: B}}
result: pass
"""


@pytest.mark.parametrize(("until", "kept"), [("2999-01-01", 2), ("2000-02-01", 1)], ids=["it holds", "it is over"])
def test_a_run_that_a_statement_cites_is_forgotten_when_the_statement_is_over(
    place: Path, capsys: pytest.CaptureFixture[str], until: str, kept: int
):
    for _ in range(4):
        run(["scan", "-q"])
    names = [each["name"] for each in json.loads(told(capsys, "runs", "list", "--json"))]
    (place / "statements").mkdir()
    (place / "statements" / "S-1.yaml").write_text(STATEMENT.format(run=names[0], until=until))
    (place / "secscan.yml").write_text((place / "secscan.yml").read_text() + "attestations: statements\n")
    told(capsys, "runs", "forget", "--keep", "last 1")
    left = [each["name"] for each in json.loads(told(capsys, "runs", "list", "--json"))]
    assert left == [names[0], names[3]][-kept:]


def bundles(place: Path) -> set[str]:
    return {path.name.split(".")[0] for path in (place / "out" / "evidence").iterdir()}


def test_what_the_project_keeps_is_kept_and_evidence_of_other_runs_goes_with_them(place: Path, capsys: pytest.CaptureFixture[str]):
    project = place / "secscan.yml"
    project.write_text(project.read_text() + "keep: last 2\n")
    assert "forgot" not in told(capsys, "run")
    (place / "out" / "evidence" / ("0" * 64 + ".bundle.json.gz")).write_bytes(b"of nobody that is known")
    (place / "out" / "evidence" / "notes.txt").write_text("somebody's own")
    first = bundles(place)
    told(capsys, "run", "-q")
    second = bundles(place) - first
    assert "  forgot runs 1, and of their evidence bundles 4\n" in told(capsys, "run")
    third = bundles(place) - first - second
    assert len(second) == len(third) == 4
    assert bundles(place) == second | third | {"0" * 64, "notes"}
    assert len(json.loads(told(capsys, "runs", "list", "--json"))) == 2
    told(capsys, "run", "-q", "a", "--keep", "last 1")
    left = bundles(place)
    digests = {json.loads(path.read_text())["provenance"]["bundle_sha256"] for path in (place / "out" / "hosts").iterdir()}
    assert digests <= left, "what the reports rest on"
    assert not second & left


def test_scans_and_runs_without_a_policy_forget_nothing(place: Path, capsys: pytest.CaptureFixture[str]):
    for _ in range(3):
        told(capsys, "run", "-q")
    assert (len(bundles(place)), len(json.loads(told(capsys, "runs", "list", "--json")))) == (12, 3)


def test_the_evidence_of_a_run_that_a_statement_cites_stays_on_disk(place: Path, capsys: pytest.CaptureFixture[str]):
    told(capsys, "run", "-q")
    cited = bundles(place)
    (name,) = [each["name"] for each in json.loads(told(capsys, "runs", "list", "--json"))]
    (place / "statements").mkdir()
    (place / "statements" / "S-1.yaml").write_text(STATEMENT.format(run=name, until="2999-01-01"))
    (place / "secscan.yml").write_text((place / "secscan.yml").read_text() + "attestations: statements\nkeep: last 1\n")
    for _ in range(3):
        told(capsys, "run", "-q")
    assert cited < bundles(place)
    assert len(bundles(place)) == 8


def test_a_policy_that_cannot_be_kept_to_is_told_with_its_place(place: Path, capsys: pytest.CaptureFixture[str]):
    (place / "secscan.yml").write_text((place / "secscan.yml").read_text() + "keep: hourly 3\n")
    assert run(["run"]) == 2
    assert "secscan.yml:7:1: 'keep' cannot be 'hourly 3'; allowed: words such as daily 30" in capsys.readouterr().err
    assert not (place / "out").exists()


def test_a_history_that_somebody_else_has_locked_is_told_and_the_scan_is_whole(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert run(["scan", "-q"]) == 0
    monkeypatch.setattr("secscan.history.schema.BUSY_S", 0.2)
    other = sqlite3.connect(place / "history.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert run(["scan", "-q"]) == 2
    other.close()
    assert capsys.readouterr().err.count("database is locked") == 1
    assert len(json.loads((place / "out" / "report.json").read_text())["assessments"]) == 4
    assert run(["scan", "-q"]) == 0


@pytest.mark.parametrize("folder", ["100%complete", "a?b=c", "with a blank", "%2e%2e", "日本"])
def test_a_history_lies_where_it_is_said_to_whatever_its_folder_is_called(place: Path, folder: str):
    file = place / folder / "history.sqlite"
    assert run(["scan", "-q", "--history", str(file)]) == 0
    assert file.is_file()
    assert run(["runs", "list", "--history", str(file)]) == 0


def slow(place: Path, seconds: float) -> None:
    (place / "checks" / "own" / "value_is_eight.yaml").write_text(CHECK.format(pause=f"sleep {seconds}; ", folder=place))


def start(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "secscan", "scan", "-q", "-w", "1", *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ), start_new_session=True)


def test_two_runs_over_the_same_inventory_do_not_overlap(place: Path, capsys: pytest.CaptureFixture[str]):
    slow(place, 3)
    first = start()
    locks = place / "data" / "secscan" / "locks"
    deadline = time.monotonic() + 30
    while not (locks.is_dir() and any(path.stat().st_size for path in locks.iterdir())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert run(["scan", "-q"]) == 2
    assert f"another run over {place}/inventory.yml is under way: process {first.pid} on" in capsys.readouterr().err.replace(
        "over inventory.yml", f"over {place}/inventory.yml"
    )
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    slow(place, 0)
    assert run(["scan", "-q"]) == 0  # a dead run's lock is nobody's


def test_a_kill_at_every_step_and_at_any_moment_loses_only_hosts_in_flight_and_the_run_can_be_taken_up(place: Path):
    check = place / "checks" / "own" / "value_is_eight.yaml"
    check.write_text(CHECK.format(pause=f"echo asked >>{place}/asked; ", folder=place))
    (place / "inventory.yml").write_text("hosts:\n" + "".join(f"- {{name: {name}, transport: local}}\n" for name in "ab"))
    program = Path(__file__).with_name("killed_scan.py")
    done = subprocess.run([sys.executable, program, "25"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["points"] > 50
    assert told["killed"] >= told["points"]
    assert told["taken_up"] > 5


def test_projects_that_take_turns_with_hosts_of_one_name_are_told_and_who_moves_a_folder_is_not(place: Path, capsys):
    def complaint(folder: str) -> str:
        capsys.readouterr()
        assert run(["scan", "-q", "-o", folder]) == 0
        return capsys.readouterr().err

    assert [complaint(folder) for folder in ("old", "old", "moved", "moved")] == [""] * 4
    assert f"a, b, c, d: runs into {place / 'moved'} have hosts of these names too" in complaint("old")
    assert f"runs into {place / 'old'} have hosts of these names too" in complaint("moved")
