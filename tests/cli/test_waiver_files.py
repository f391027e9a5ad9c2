"""Files of waivers are people's: what is added changes nothing of what they wrote, however they wrote it and whoever adds too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from secscan.waivers import read_waivers

GIVEN = ("--any-value", "--justification", "j", "--owner", "Ann", "--approver", "Bob", "--expires", "2099-01-01")
ENTRY = """- id: W-1
  checks: [host_says_fail]
  any_value: true
  justification: x
  owner: a
  approver: b
  starts: 2026-01-01
  expires: 2099-01-01 # the contract ends
"""


def ids(path: Path) -> list[str]:
    return [each.id for each in read_waivers([path])]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("", id="empty"),
        pytest.param("# ours\n\n", id="a comment alone"),
        pytest.param("---\n", id="a document with nothing in it"),
        pytest.param("\ufeff# ours\n", id="a byte order mark and a comment"),
    ],
)
def test_a_file_with_nothing_in_it_has_no_waivers_and_takes_the_first(secscan, written):
    path = Path("waivers.yml")
    path.write_text(written, encoding="utf-8")
    assert secscan("waiver", "list").code == 0
    told = secscan("waiver", "add", "host_says_fail", "--id", "W-2", *GIVEN)
    assert told.code == 0, told.err
    assert path.read_text(encoding="utf-8").startswith(f"{written}waivers:\n- id: W-2\n")
    assert ids(path) == ["W-2"]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["Unix", "DOS"])
@pytest.mark.parametrize("indent", ["", "  ", "    "], ids=["flush", "two", "four"])
@pytest.mark.parametrize("head", ["waivers:\n", "\ufeff# ours\nwaivers: # here\n\n  # the first\n"], ids=["plain", "comments"])
def test_what_is_added_is_written_as_the_rest_of_the_file_is(secscan, head, indent, end):
    path = Path("waivers.yml")
    entry = "".join(f"{indent}{line}\n" for line in ENTRY.splitlines())
    before = f"{head}{entry}".replace("\n", end).encode()
    path.write_bytes(before)
    told = secscan("waiver", "add", "host_says_fail", "--id", "W-2", *GIVEN)
    assert told.code == 0, told.err
    after = path.read_bytes()
    assert after.startswith(before)
    assert after[len(before) :].decode().startswith(f"{indent}- id: W-2{end}{indent}  checks:{end}")
    assert after.count(b"\n") == after.count(end.encode())
    assert ids(path) == ["W-1", "W-2"]


def test_waivers_that_are_added_at_the_same_moment_are_all_there(secscan, tmp_path):
    words = [sys.executable, "-m", "secscan", "waiver", "add", "host_says_fail", *GIVEN]
    several = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env={**os.environ, "LC_ALL": "C"}) for _ in range(4)]
    told = [each.communicate(timeout=120)[1] for each in several]
    assert [each.returncode for each in several] == [0] * 4, told
    assert len(ids(Path("waivers.yml"))) == 4
    assert sorted(path.name for path in Path().iterdir() if "waivers" in path.name) == ["waivers.yml"]


@pytest.mark.parametrize("selector", ["sites: [geneva]", "labels: {role: web}"])
def test_a_waiver_for_a_service_of_a_site_is_refused_because_it_would_be_for_nothing(secscan, selector):
    Path("waivers.yml").write_text(f"waivers:\n{ENTRY}  services: [mail]\n  {selector}\n")
    told = secscan("waiver", "list")
    assert told.code == 2
    name = selector.partition(":")[0]
    assert f"waivers.yml:11:3: {name!r} cannot go with 'services'" in told.err
