"""Files that secscan writes into folders of others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from secscan.cli.files import write_whole


@pytest.fixture
def folder() -> Path:
    """A folder with nothing in it."""
    return Path.cwd()


def test_a_link_under_the_name_of_a_file_that_is_being_written_leads_nothing_elsewhere(folder: Path, tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("precious\n")
    victim.chmod(0o640)
    (folder / f".report.json.{os.getpid()}.partial").symlink_to(victim)
    write_whole(folder / "report.json", ["{}"])
    assert (victim.read_text(), victim.stat().st_mode & 0o777) == ("precious\n", 0o640)
    written = folder / "report.json"
    assert (written.read_text(), written.is_symlink(), written.stat().st_mode & 0o777) == ("{}", False, 0o600)


def test_what_a_killed_run_with_the_same_number_left_is_no_hindrance(folder: Path):
    (folder / f".m.prom.{os.getpid()}.partial").write_text("half of it")
    write_whole(folder / "m.prom", ["a 1\n"], mode=0o644)
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [("m.prom", 0o644)]


def test_a_file_is_private_from_its_first_byte_on(folder: Path):
    seen: list[int] = []

    def pieces() -> Iterator[str]:
        seen.extend(path.stat().st_mode & 0o777 for path in folder.iterdir())
        yield "secret"

    write_whole(folder / "report.json", pieces())
    assert seen == [0o600]
