"""What machines read on standard error: JSON and nothing else, whatever goes wrong and whoever says it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# What nobody foresaw happens at the end of a run: a library warns and logs, a thread breaks, or we do.
PROGRAM = """
import logging, sys, threading, warnings
from secscan import cli
from secscan.cli import nightly
real = nightly.conclude
def conclude(*arguments, **options):
    {what}
    return real(*arguments, **options)
nightly.conclude = conclude
cli.main(sys.argv[1:])
"""
STRAYS = {
    "warning": "warnings.warn('an old\\nway', stacklevel=1)",
    "log": "logging.getLogger('some.library').error('lost %s', 'it')",
    "exception in a log": "try: 1 / 0\n    except Exception: logging.getLogger('some.library').exception('lost it')",
    "thread": "thread = threading.Thread(target=lambda: 1 / 0); thread.start(); thread.join()",
    "ours": "raise RuntimeError('lost\\nit')",
}


@pytest.fixture
def project(own_content: Path) -> Path:
    """A project that asks this machine."""
    Path("inventory.yml").write_text("hosts: [local]\n")
    path = Path("secscan.yml")
    path.write_text(f"inventory: inventory.yml\nbaseline: tiny_pass\ncontent: [{own_content}]\noutput: out\nformats: [json]\n")
    return path


def run_with(what: str, *words: str) -> subprocess.CompletedProcess[str]:
    """`secscan run`, in the middle of which something happens."""
    command = [sys.executable, "-c", PROGRAM.format(what=what), "run", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONWARNINGS": "default"})


@pytest.mark.parametrize(
    ("words", "written", "variable"),
    [
        (["run", "--log-format", "json", "--bogus"], "", ""),
        (["run", "--log-format=json", "-w", "many"], "", ""),
        (["scan", "local", "--log-format", "json", "-b", "nosuch"], "", ""),
        (["--config", "nosuch.yml", "run", "--log-format", "json"], "", ""),
        (["run", "--bogus"], "log_format: json\n", ""),
        (["run"], "log_format: json\nfoo: bar\n", ""),
        (["run"], "log_format: 'json'\ninventory: [\n", ""),
        (["run", "--bogus"], "", "json"),
        (["run"], "foo: bar\n", "json"),
    ],
)
def test_mistakes_are_told_to_machines_too(secscan, project, monkeypatch, words, written, variable):
    project.write_text(f"{project.read_text()}{written}")
    if variable:
        monkeypatch.setenv("SECSCAN_LOG_FORMAT", variable)
    told = secscan(*words)
    assert (told.code, told.out) == (2, "")
    events = [json.loads(line) for line in told.err.splitlines()]
    assert events
    assert {(event["event"], event["exit_code"]) for event in events} == {("failed", 2)}


def test_people_are_told_of_mistakes_by_commands_that_keep_no_log(secscan, project):
    project.write_text(f"{project.read_text()}log_format: json\n")
    assert secscan("runs", "list", "--bogus").err.startswith("secscan: no such option")


@pytest.mark.parametrize("kind", STRAYS)
def test_what_nobody_foresaw_is_a_line_of_json_with_the_run(project, kind):
    done = run_with(STRAYS[kind], "--log-format", "json")
    events = {event["event"]: event for event in map(json.loads, done.stderr.splitlines())}
    run = events["host_finished"]["run"]
    assert all(event["run"] == run for event in events.values())
    if kind == "ours":
        assert events["crashed"]["message"] == "secscan itself failed: RuntimeError: lost\nit; please report it to us"
        assert "in conclude\n" in events["crashed"]["traceback"]
        assert "run_finished" not in events
    else:
        assert "run_finished" in events
        assert {"an old\nway", "lost it", "division by zero"} & set(events["library"]["message"].split(": "))
        assert ("traceback" in events["library"]) == ("ZeroDivisionError" in done.stderr)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_crash_does_not_end_with_the_exit_code_of_something_that_fails(project, log_format):
    done = run_with(STRAYS["ours"], "--log-format", log_format)
    assert done.returncode == 70
    if log_format == "text":
        assert "RuntimeError: lost\nit\n" in done.stderr
        assert done.stderr.splitlines()[-1].endswith("please report it to us")
