"""Key rings as a host shows them tell of each key what the files themselves tell, and come without most of their bytes."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

from secscan.probes.signing_keys import PROBE, _blocks
from secscan.syntax.key_rings import SHOW
from secscan.syntax.openpgp import issuers, signing_keys, unarmour

AWKS = [each for each in ("mawk", "gawk", "busybox") if shutil.which(each)]
KEY, SIGNATURE = "PUBLIC KEY BLOCK", "SIGNATURE"
RINGS = [path for path in sorted(Path("/usr/share/keyrings").glob("debian-archive-*.gpg")) if path.stat().st_size < 60_000]


def example(word: str) -> list[str]:
    """The lines of the block of the probe's example that follows a word."""
    (block,) = [block for block in _blocks(iter(PROBE.example.splitlines()[1:-1])) if block.word == word]
    return block.armoured


def shown(tmp_path: Path, awk: str, kind: str, file: Path):
    """What a host shows of a file, and its length."""
    tools = tmp_path / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "awk").unlink(missing_ok=True)
    (tools / "awk").symlink_to(shutil.which(awk))
    script = f"PATH={tools}:$PATH\n{SHOW}show keys '{kind}' {file}\n"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    (block,) = _blocks(iter(done.stdout.splitlines()))
    return block, len(done.stdout)


def armour(data: bytes, kind: str) -> str:
    text = base64.b64encode(data).decode()
    body = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN PGP {kind}-----\n\n{body}\n=abcd\n-----END PGP {kind}-----\n"


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("armoured", [True, False], ids=["armoured", "binary"])
@pytest.mark.parametrize("ring", ["example", *RINGS], ids=lambda ring: Path(ring).name)
def test_what_is_shown_of_a_key_ring_tells_the_same_keys(tmp_path: Path, awk: str, armoured: bool, ring):
    data = unarmour(example("keys")) if ring == "example" else ring.read_bytes()
    file = tmp_path / "ring"
    file.write_bytes(armour(data, KEY).encode() if armoured else data)
    block, size = shown(tmp_path, awk, KEY, file)
    assert [key for part in block.parts() for key in signing_keys(part)] == list(signing_keys(data))
    assert not block.armoured
    if len(data) > 5000:  # of Debian's keys, most is what other keys say of them
        assert size < len(data)


@pytest.mark.parametrize("awk", AWKS)
def test_who_signed_a_list_is_told_without_the_signature(tmp_path: Path, awk: str):
    lines = example("list")
    file = tmp_path / "InRelease"
    file.write_text("\n".join(["-----BEGIN PGP SIGNED MESSAGE-----", "", "Suite: stable", *lines, ""]))
    block, _ = shown(tmp_path, awk, SIGNATURE, file)
    assert {each for part in block.parts() for each in issuers(part)} == set(issuers(unarmour(lines)))
    assert len("".join(block.binary)) / 2 < len(unarmour(lines)) - 60


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("cut", [1, 7, 40, 100, 150, 200])
def test_a_key_ring_that_is_cut_off_is_shown_as_it_is(tmp_path: Path, awk: str, cut: int):
    data = unarmour(example("keys"))[:-cut]
    file = tmp_path / "ring"
    file.write_bytes(data)
    block, _ = shown(tmp_path, awk, KEY, file)
    assert b"".join(block.parts()) == data
    file.write_text(armour(data, KEY))
    block, _ = shown(tmp_path, awk, KEY, file)
    assert b"".join(block.parts()) == data


@pytest.mark.parametrize("awk", AWKS)
@pytest.mark.parametrize("broken", ["mDME*3SF", "mDMEZ3S", "=DMEZ3SF", "mD=EZ3SF"])
def test_a_block_that_is_no_base64_is_shown_as_it_is(tmp_path: Path, awk: str, broken: str):
    file = tmp_path / "key.asc"
    file.write_text(f"-----BEGIN PGP {KEY}-----\n\n{broken}\n-----END PGP {KEY}-----\n")
    block, _ = shown(tmp_path, awk, KEY, file)
    assert block.armoured == [f"-----BEGIN PGP {KEY}-----", "", broken, f"-----END PGP {KEY}-----"]


@pytest.mark.parametrize("awk", AWKS)
def test_two_blocks_in_a_file_are_both_told_and_one_without_its_end_is_shown(tmp_path: Path, awk: str):
    text = "\n".join([*example("keys"), ""])
    file = tmp_path / "key.asc"
    file.write_text(text + text)
    block, _ = shown(tmp_path, awk, KEY, file)
    assert len([key for part in block.parts() for key in signing_keys(part)]) == 2
    file.write_text(text + text[:80])
    block, _ = shown(tmp_path, awk, KEY, file)
    with pytest.raises(ValueError, match="cut off"):
        list(block.parts())
