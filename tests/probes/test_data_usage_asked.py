"""How much data lies in a place, and how one gets there, asked of real directories and links."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_files_asked import ask

from secscan.model.probe import Observed
from secscan.model.values import Absent, Unobservable

SHELLS = [shell for shell in (("dash",), ("bash", "--posix"), ("mksh",), ("busybox", "ash")) if shutil.which(shell[0])]


def told(*places: Path | str, shell: tuple[str, ...] = ("sh",)) -> dict[str, dict]:
    """The records by path."""
    observation = ask("data_usage", shell, places=[str(place) for place in places])[1]
    assert isinstance(observation, Observed), observation
    return {record["path"]: record for record in observation.attributes["places"]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`srv/erp` leads to `data/erp`, in which 100 KiB lie."""
    root = tmp_path.resolve()
    (root / "data/erp/letters").mkdir(parents=True)
    (root / "data/erp/letters/one").write_bytes(bytes(range(256)) * 400)
    (root / "srv").mkdir()
    (root / "srv/erp").symlink_to(root / "data/erp")
    return root


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_a_place_that_is_a_link_is_as_large_as_what_it_leads_to_and_tells_where_that_lies(tree: Path, shell):
    record = told(tree / "srv/erp", shell=shell)[str(tree / "srv/erp")]
    assert record["size"] >= 100 * 1024
    assert (record["real"], record["links"]) == (str(tree / "data/erp"), (str(tree / "srv/erp"),))
    assert record["borders"][0] == "/"


def test_every_link_on_the_way_is_told(tree: Path):
    (tree / "home").symlink_to("srv")
    (tree / "data/erp/old").symlink_to("letters")
    path = tree / "home/erp/old"
    record = told(path)[str(path)]
    assert record["real"] == str(tree / "data/erp/letters")
    assert record["links"] == (str(tree / "home"), str(tree / "home/erp"), str(path))


def test_a_place_without_a_link_lies_where_its_name_says(tree: Path):
    record = told(f"{tree}/data/erp/")[f"{tree}/data/erp"]
    assert (record["real"], record["links"]) == (f"{tree}/data/erp", ())


def test_another_file_system_begins_at_its_mount_point():
    record = told("/proc/sys")["/proc/sys"]
    assert record["borders"][:2] == ("/", "/proc")


def test_a_link_that_leads_nowhere_has_no_size_and_no_place(tree: Path):
    (tree / "srv/gone").symlink_to(tree / "nowhere")
    record = told(tree / "srv/gone")[str(tree / "srv/gone")]
    assert isinstance(record["size"], Unobservable)
    assert isinstance(record["real"], Unobservable)
    assert record["links"] == (str(tree / "srv/gone"),)


def test_links_that_only_a_pattern_finds_are_passed_over_and_where_there_is_nothing_else_nothing_lies(tree: Path):
    assert isinstance(ask("data_usage", places=[f"{tree}/srv/*"])[1], Absent)
    (tree / "srv/web").mkdir()
    assert list(told(f"{tree}/srv/*")) == [f"{tree}/srv/web"]
    assert isinstance(told(f"{tree}/srv/*")[f"{tree}/srv/web"]["links"], Unobservable)


def test_a_place_whose_real_name_holds_a_line_break_is_not_said_to_lie_elsewhere(tree: Path):
    strange = tree / "two\n^ etc"
    strange.mkdir()
    (tree / "srv/strange").symlink_to(strange)
    record = told(tree / "srv/strange")[str(tree / "srv/strange")]
    assert isinstance(record["real"], Unobservable)
    assert not isinstance(record["borders"], tuple)
