"""What each command prints where, how it ends, and that its help tells how to use it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import without_colour

from secscan import cli
from secscan.inert import columns


def documents(text: str) -> list[dict[str, Any]]:
    """The assessments of a JSON report."""
    report = json.loads(text)
    return report.get("assessments", [report])


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_a_command_fits_a_terminal_and_begins_with_its_usage(secscan, name):
    told = secscan(name, "--help")
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(f"Usage: secscan {name}")
    assert all(columns(line) <= 80 for line in told.out.splitlines())


def options_of(command: click.Command, path: str) -> list[tuple[str, click.Option]]:
    """Every option of a command and of the commands below it."""
    found = [(path, parameter) for parameter in command.params if isinstance(parameter, click.Option)]
    for name, below in getattr(command, "commands", {}).items():
        found += options_of(below, f"{path} {name}")
    return found


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_option_of_a_command_says_what_it_does(name):
    command = cli.secscan.get_command(click.Context(cli.secscan), name)
    assert [f"{path} {option.opts[-1]}" for path, option in options_of(command, name) if not option.help] == []


def test_the_list_of_commands_imports_no_command():
    script = "import sys; from secscan.cli import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in done.stdout for name in cli.COMMANDS)
    assert not {f"secscan.cli.{name}" for name in cli.COMMANDS} & set(done.stderr.split())


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_one_line(secscan, word):
    told = secscan(word)
    assert (told.code, told.out.count("\n"), told.err) == (0, 1, "")
    assert told.out.startswith("secscan")


@pytest.mark.parametrize(
    ("kind", "options", "code"),
    [
        ("pass", (), 0),
        ("fail", (), 1),
        ("error", (), 4),
        ("manual", (), 0),
        ("fail", ("--fail-on", "high"), 1),
        ("fail", ("--fail-on", "critical"), 0),
        ("fail", ("--fail-on", "never"), 0),
        ("error", ("--fail-on", "error"), 1),
        ("error", ("--fail-on", "never"), 4),
        ("manual", ("--fail-on", "manual"), 1),
        ("all", (), 1),
        ("all", ("--fail-on", "critical"), 4),
        ("all", ("--fail-on", "critical,manual"), 1),
        ("all", ("--fail-on", "critical,unreachable"), 4),
    ],
)
def test_a_scan_and_the_judging_of_what_it_kept_end_with_the_same_code(secscan, tiny, kind, options, code):
    told = secscan("scan", "local", *tiny(kind), *options, "-o", "out")
    assert told.code == code
    assert secscan("evaluate", "out/evidence", *tiny(kind), *options).code == code


@pytest.mark.parametrize(("options", "code"), [((), 3), (("--fail-on", "unreachable"), 1), (("--fail-on", "never"), 3)])
def test_a_target_that_is_not_reached_ends_with_3_however_well_the_others_do(secscan, tiny, options, code):
    told = secscan("scan", "local", "chroot:///nowhere", *tiny("pass"), *options)
    assert told.code == code
    assert "secscan: local: 1 pass" in told.complaints
    assert "secscan: nowhere: not reached: /nowhere is not a directory that can be reached here" in told.complaints


def test_what_fails_counts_before_what_was_not_reached(secscan, tiny):
    assert secscan("scan", "local", "chroot:///nowhere", *tiny("fail")).code == 1


def test_data_goes_to_standard_output_and_what_happens_to_standard_error(secscan, tiny):
    told = secscan("scan", "local", *tiny("all"), "-f", "json")
    (document,) = documents(told.out)
    assert document["host"]["name"] == "local"
    assert told.complaints == ["secscan: local: 1 pass, 1 fail, 1 error, 1 manual"]


@pytest.mark.parametrize("name", ["json", "csv", "junit", "html", "text"])
def test_a_report_rendered_from_what_was_kept_is_what_the_scan_printed(secscan, tiny, name):
    printed = secscan("scan", "local", *tiny("all"), "-f", name, "--quiet")
    kept = secscan("scan", "local", *tiny("all"), "-o", "out", "-f", name, "--quiet")
    again = secscan("report", "out", "-f", name)
    assert (printed.err, kept.out, kept.err, again.err, again.code) == ("", "", "", "", 0)
    (written,) = Path("out").glob("report.*")
    assert written.read_bytes().decode() == again.out
    assert len(printed.out) > 100


def test_csv_has_a_row_for_each_result(secscan, tiny):
    rows = list(csv.DictReader(io.StringIO(secscan("scan", "local", *tiny("all"), "-f", "csv", "-q").out)))
    assert {row["outcome"] for row in rows} == {"pass", "fail", "error", "manual"}


def test_reports_and_evidence_are_for_their_owner_only(secscan, tiny):
    secscan("scan", "local", *tiny("all"), "-o", "out", "-f", "text,json,html,csv,junit")
    written = [path for path in Path("out").rglob("*") if path.is_file()]
    assert len(written) == 8  # five reports, a document, its evidence, and the lock of the folder
    assert {path.stat().st_mode & 0o077 for path in (Path("out"), *Path("out").rglob("*"))} == {0}
    assert [path for path in written if path.name.endswith(".partial")] == []


def test_no_evidence_keeps_reports_alone(secscan, tiny):
    secscan("scan", "local", *tiny("all"), "-o", "out", "--no-evidence")
    assert not Path("out/evidence").exists()
    assert Path("out/report.html").is_file()


def test_a_scan_without_a_folder_leaves_nothing_behind(secscan, tiny, tmp_path):
    secscan("scan", "local", *tiny("all"))
    assert [*Path().rglob("*"), *(tmp_path / "home").rglob("*")] == []


def test_quiet_says_nothing_but_what_was_asked_for(secscan, tiny):
    asked = secscan("scan", "local", *tiny("all"), "-q", "-f", "json")
    assert (asked.err, json.loads(asked.out)["format"][:7]) == ("", "secscan")
    kept = secscan("scan", "local", *tiny("all"), "-q", "-o", "out")
    assert (kept.code, kept.out, kept.err) == (1, "", "")
    judged = secscan("evaluate", "out/evidence", *tiny("all"), "-q", "-o", "again")
    assert (judged.code, judged.out, judged.err) == (1, "", "")


def test_colours_are_for_terminals_unless_they_are_asked_for(secscan, tiny):
    plain = secscan("scan", "local", *tiny("all"))
    assert "\x1b" not in plain.out + plain.err
    assert "\x1b" not in secscan("scan", "local", *tiny("all"), "--no-color").out
    secscan("scan", "local", *tiny("all"), "-o", "out")
    coloured = secscan("report", "out", "--color")
    assert "\x1b[" in coloured.out
    assert without_colour(coloured.out) == secscan("report", "out", "--no-color").out


def test_the_text_report_is_80_columns_wide_whatever_hosts_are_called(secscan, tiny):
    Path("inventory.yml").write_text(
        f"hosts: [{{name: {'long-name-' * 12}end, transport: local}}, {{name: b, transport: local}}]\n"
    )
    for words in (("local",), ("-i", "inventory.yml"), ("chroot:///" + "nowhere-" * 20,)):
        told = secscan("scan", *words, *tiny("all"))
        assert told.out
        assert max(map(columns, told.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("limits", "asked"),
    [
        ((), ["a", "b", "c"]),
        (("site=geneva",), ["a", "b"]),
        (("site=geneva,label=web",), ["a"]),
        (("label=web", "host=c"), ["a", "c"]),
        (("!site=geneva",), ["c"]),
        (("b",), ["b"]),
    ],
)
def test_limit_asks_the_hosts_that_it_names_and_no_others(secscan, tiny, limits, asked):
    Path("inventory.yml").write_text(
        "defaults: {transport: local}\nsites: [{id: geneva}]\n"
        "hosts: [{name: a, site: geneva, labels: [web]}, {name: b, site: geneva}, {name: c}]\n"
    )
    words = [word for limit in limits for word in ("--limit", limit)]
    told = secscan("scan", "-i", "inventory.yml", *tiny("pass"), *words, "-f", "json")
    assert [document["host"]["name"] for document in documents(told.out)] == asked


def test_a_plan_says_what_would_be_asked_and_prints_the_script_that_asks_it(secscan, tiny):
    told = secscan("plan", *tiny("all"))
    assert (told.code, told.err) == (0, "")
    assert "run=echo good" in told.out
    plan = json.loads(secscan("plan", *tiny("all"), "--json").out)
    script = secscan("plan", *tiny("all"), "--script").out
    assert "echo good" in script
    assert plan["script_sha256"][:16] in told.out
    checked = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert plan["script_sha256"] in secscan("plan", *tiny("all"), "--sudoers").out


def test_collect_prints_a_line_for_each_bundle_and_judges_nothing(secscan, tiny):
    told = secscan("collect", "local", "chroot:///nowhere", *tiny("fail"), "-o", "kept")
    assert told.code == 3
    name, path = told.out.rstrip("\n").split("\t")
    assert (name, Path(path).parent) == ("local", Path("kept"))
    assert told.complaints == ["secscan: nowhere: not reached: /nowhere is not a directory that can be reached here"]
    assert secscan("evaluate", path, *tiny("fail")).code == 1


def test_answers_that_a_person_collected_by_hand_are_judged_under_the_name_that_is_given(secscan, tiny):
    script = secscan("plan", *tiny("pass"), "--script").out
    answers = subprocess.run(["sh", "-c", script], input=b"0123456789abcdef\n", capture_output=True, check=False).stdout
    Path("answers").write_bytes(answers)
    told = secscan("evaluate", "answers", "--name", "island", *tiny("pass"), "-f", "json")
    assert told.code == 0
    assert documents(told.out)[0]["host"]["name"] == "island"


def test_of_two_bundles_of_one_host_the_newest_is_judged(secscan, tiny):
    for _ in range(2):
        secscan("scan", "local", *tiny("pass"), "-o", "out")
    assert len(list(Path("out/evidence").iterdir())) == 2
    told = secscan("evaluate", "out/evidence", *tiny("pass"), "-f", "json")
    (document,) = documents(told.out)
    assert document["finished_at"] == json.loads(Path("out/hosts/local.json").read_text())["finished_at"]
    assert "note: local has several bundles; the newest is judged" in told.err


@pytest.mark.parametrize(
    ("check", "code", "words"),
    [
        ("host_says_pass", 0, ["Every expectation holds", "Outcome: pass"]),
        (
            "host_says_fail",
            1,
            ["run=", "| bad", 'said.output contains "good": does not hold', 'actual: "bad\\n"', "Outcome: fail", "Remedy"],
        ),
        ("host_says_error", 4, ["exit status 3", "cannot be told", "Outcome: error"]),
        ("person_says_manual", 4, ["Outcome: manual", "Is it so?"]),
    ],
)
def test_explain_leads_from_the_question_to_the_outcome(secscan, tiny, check, code, words):
    secscan("scan", "local", *tiny("all"), "-o", "out", "-q")
    asked = secscan("explain", "local", check, *tiny("all"))
    saved = secscan("explain", "local", check, "--saved", "out", *tiny("all"))
    assert (asked.code, saved.code, asked.err, saved.err) == (code, code, "", "")
    assert [word for word in words if word not in saved.out] == []
    assert asked.out == saved.out


def test_explain_says_why_a_target_was_not_reached(secscan, tiny):
    told = secscan("explain", "chroot:///nowhere", "host_says_pass", *tiny("all"))
    assert told.code == 3
    assert "Outcome: unreachable: /nowhere is not a directory" in told.out


def test_a_reader_that_has_gone_is_neither_a_failing_check_nor_a_traceback(own_content):
    command = [sys.executable, "-m", "secscan", "plan", "--content", str(own_content), "--script"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.close()
        complaint = running.stderr.read()
    assert (running.returncode, complaint) == (141, b"")
