"""A database server that goes away in the middle of a run: nothing of the run is lost, and it is in the history in the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from small_content import Small, said, write_baseline, write_checks

from secscan.cli import run
from secscan.cli.kept import Run
from secscan.history.store import History

HOSTS = ("a", "b", "c", "d")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_server: Any) -> Path:
    """A project of four hosts that remembers on the server; each time it is asked, a line is added to `asked`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    good = Small("host_is_good", said(f"echo asked >>{tmp_path}/asked; echo good"), [{"that": "said.output", "contains": "good"}])
    write_baseline(write_checks(tmp_path / "content", good), "own", "requirements: {TESTS-1: [host_is_good]}\n")
    hosts = ", ".join(f"{{name: {name}, transport: local}}" for name in HOSTS)
    (tmp_path / "inventory.yml").write_text(f"hosts: [{hosts}]\n")
    (tmp_path / "secscan.yml").write_text(
        "inventory: inventory.yml\nbaseline: own\ncontent: [content]\noutput: out\nformats: [json]\nworkers: 1\n"
        f"history: {own_server.url.format(name='postgres')}\n"
    )
    return tmp_path


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> dict[int, object]:
    """What is done once so many hosts are finished, before the history is told of the last of them."""
    steps: dict[int, object] = {}
    real = Run.add

    def add(self, kept):
        real(self, kept)
        step = steps.pop(len(self.kept), None)
        if callable(step):
            step()

    monkeypatch.setattr(Run, "add", add)
    return steps


def remembered(server: Any) -> list[tuple[int, bool]]:
    """Of each run, how many hosts the history has, and whether it is whole."""
    history = History(server.url.format(name="postgres"))
    found = [(each.recorded, each.finished_at is not None) for each in history.runs()]
    history.close()
    return found


def asked(place: Path) -> int:
    return len((place / "asked").read_text().splitlines())


def test_a_server_that_is_restarted_takes_at_the_end_what_it_missed(place, own_server, after, capsys):
    after.update({2: own_server.stop, 4: own_server.start})
    assert run(["run", "-q"]) == 0
    told = capsys.readouterr().err
    assert "what is found is on disk, but not remembered" in told
    assert "the history is there again, and nothing is missing in it" in told
    assert remembered(own_server) == [(4, True)]
    assert asked(place) == 4


@pytest.mark.parametrize("gone_after", [1, 3], ids=["before the first host", "in the middle"])
def test_a_server_that_stays_away_loses_nothing_and_a_later_resume_asks_nobody_again(place, own_server, after, capsys, gone_after):
    after.update({gone_after: own_server.stop})
    assert run(["run", "-q"]) == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    (name,) = {each["provenance"]["run"] for each in json.loads(Path("out/report.json").read_text())["assessments"]}
    assert f"not remembered of run {name}: hosts {5 - gone_after}; with --resume {name} they will be" in told
    own_server.start()
    assert run(["scan", "-q", "--resume", name]) == 0
    assert remembered(own_server) == [(4, True)]
    assert asked(place) == 4


def test_a_server_that_is_not_there_from_the_beginning_loses_nothing_either(place, own_server, capsys):
    own_server.stop()
    assert run(["run", "-q"]) == 2
    assert len(json.loads(Path("out/report.json").read_text())["assessments"]) == 4
    (name,) = {each["provenance"]["run"] for each in json.loads(Path("out/report.json").read_text())["assessments"]}
    own_server.start()
    assert run(["scan", "-q", "--resume", name]) == 0
    assert remembered(own_server) == [(4, True)]
    assert asked(place) == 4
    assert run(["run", "-q"]) == 0
    assert asked(place) == 8
