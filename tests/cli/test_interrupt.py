"""Ctrl-C ends a run at once and cleanly, and keeps what is finished."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def endless(listener: socket.socket) -> str:
    """That server as a target."""
    return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Whoever runs the tests in the background of a shell has Ctrl-C ignored, by all that they start too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt(words: tuple[object, ...], finished: str) -> tuple[int, str, str]:
    """Run a command until it says that a host is finished, then press Ctrl-C; how it ended and what it said."""
    command = [sys.executable, "-u", "-m", "secscan", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        stream = running.stderr if finished.startswith("secscan") else running.stdout
        heard = stream.readline()
        assert heard.startswith(finished), heard
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    return running.returncode, out, err


def test_an_interrupted_scan_reports_and_keeps_the_hosts_that_are_finished(tiny, endless):
    words = ("scan", "local", endless, *tiny("fail"), "-o", "out", "--connect-timeout", "60")
    code, out, err = interrupt(words, "secscan: local: 1 pass, 1 fail")
    assert code == 130
    assert err.splitlines()[-1] == "secscan: interrupted: 1 of 2 targets are finished and kept"
    assert "Traceback" not in err
    assert "host_says_fail" in out
    assert json.loads(Path("out/hosts/local.json").read_text())["tally"]["counts"] == {"pass": 1, "fail": 1}
    assert [path.name for path in Path("out/hosts").iterdir()] == ["local.json"]
    assert len(list(Path("out/evidence").iterdir())) == 1
    assert "host_says_fail" in Path("out/report.html").read_text()
    assert [path for path in Path("out").rglob("*") if path.name.endswith(".partial")] == []


def test_an_interrupted_collection_keeps_the_bundles_that_are_whole(secscan, tiny, endless):
    words = ("collect", "local", endless, *tiny("pass"), "-o", "kept", "--connect-timeout", "60")
    code, _, err = interrupt(words, "local\t")
    assert (code, err.strip()) == (130, "secscan: interrupted")
    (bundle,) = Path("kept").iterdir()
    assert secscan("evaluate", bundle, *tiny("pass")).code == 0


def test_a_scan_that_is_interrupted_before_any_host_is_finished_says_so(tiny, endless, listener):
    command = [sys.executable, "-m", "secscan", "scan", endless, *tiny("pass"), "--connect-timeout", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        connection, _ = listener.accept()
        with connection:
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=20)
    assert (running.returncode, "Traceback" in err) == (130, False)
    assert "interrupted" in err
    assert "pass" not in out


LOSING = """
import os, signal, sys
from secscan.cli import job, main

class Cleared:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass

def clear_away():
    Cleared()

def pass_over():
    try:
        Cleared.__del__(None)
    except:
        pass

def load(formats):
    WAY()
    print("lost", flush=True)

job.load_reporters = load
main(sys.argv[1:])
"""


@pytest.mark.parametrize("way", ["clear_away", "pass_over"])
def test_a_ctrl_c_that_comes_where_nobody_heeds_it_is_not_lost(tiny, endless, way):
    command = [sys.executable, "-c", LOSING.replace("WAY", way), "scan", endless, *tiny("pass"), "--connect-timeout", "60"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    assert "lost" in ended.stdout
    assert ended.returncode == 130
    assert ended.stderr.splitlines() == ["secscan: interrupted: 0 of 1 targets are finished and kept"]


def test_who_starts_it_with_interrupts_ignored_has_them_ignored(tiny, endless, listener):
    command = [sys.executable, "-m", "secscan", "scan", endless, *tiny("pass"), "--connect-timeout", "2"]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        connection, _ = listener.accept()
        with connection:
            running.send_signal(signal.SIGINT)
            _, err = running.communicate(timeout=60)
    assert (running.returncode, "interrupted" in err) == (3, False)
