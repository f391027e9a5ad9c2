"""Kept content is what the files say, wherever they stand now, and is never trusted further than that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from secscan import places, plugins
from secscan.content.library import Library, load_library
from secscan.content.reading import Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(plugins.probes(), plugins.matchers())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(places.checks() / "kernel", tmp_path / "one" / "checks" / "kernel")
    shutil.copytree(places.baselines() / "requirements", tmp_path / "one" / "baselines" / "requirements")
    (tmp_path / "one" / "baselines" / "small.yaml").write_text(
        "id: small\ntitle: Small\nrequirements:\n  UNC-IS-07:\n  - kernel_addresses_randomised\n"
    )
    return tmp_path / "one"


def load(folder: Path, vocabulary: Vocabulary, cache: Path) -> Library:
    return load_library([folder / "checks"], [folder / "baselines"], vocabulary, cache)


def test_content_that_moved_is_found_where_it_is_now(folder: Path, tmp_path: Path, vocabulary: Vocabulary):
    first = load(folder, vocabulary, tmp_path / "cache")
    moved = folder.rename(tmp_path / "other")
    second = load(moved, vocabulary, tmp_path / "cache")
    assert second.sha256 == first.sha256
    assert second.checks["kernel_addresses_randomised"].path.startswith(str(moved))
    assert second.baseline("small").selections == first.baseline("small").selections


def test_a_check_from_the_cache_is_the_check_from_its_file(folder: Path, tmp_path: Path, vocabulary: Vocabulary):
    first, second = (load(folder, vocabulary, tmp_path / "cache") for _ in range(2))
    assert dict(second.checks) == dict(first.checks)


@pytest.mark.parametrize("damage", [b"", b"x", b"secscan.library/4 0 0\n{}"], ids=["empty", "garbage", "forged"])
def test_a_damaged_cache_is_not_read(folder: Path, tmp_path: Path, vocabulary: Vocabulary, damage: bytes):
    first = load(folder, vocabulary, tmp_path / "cache")
    (tmp_path / "cache" / "library.json").write_bytes(damage)
    assert dict(load(folder, vocabulary, tmp_path / "cache").checks) == dict(first.checks)


def test_a_cache_that_others_can_write_is_not_read(folder: Path, tmp_path: Path, vocabulary: Vocabulary):
    load(folder, vocabulary, tmp_path / "cache")
    file = tmp_path / "cache" / "library.json"
    file.chmod(0o666)
    load(folder, vocabulary, tmp_path / "cache")
    assert file.stat().st_mode & 0o777 == 0o600  # written anew
