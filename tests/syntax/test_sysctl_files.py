"""What files of sysctl.d set, told as the programs do it, and tried on systemd-sysctl in a network of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.syntax.sysctl_files import Line, Run, is_same, settings

PROGRAM = Path("/lib/systemd/systemd-sysctl")
KEYS = [f"net/ipv4/conf/{name}/rp_filter" for name in ("all", "default", "lo")]
PATTERN = "net/ipv4/conf/*/rp_filter"
SAME = [
    ("kernel/kptr_restrict", "1", "1"),
    ("kernel/kptr_restrict", "0x1", "1"),
    ("kernel/kptr_restrict", "01", "1"),
    ("vm/swappiness", "010", "8"),
    ("kernel/sysrq", "16 # why", "16"),
    ("net/ipv4/tcp_rmem", "4096 131072\t6291456", "4096\t131072\t6291456"),
    ("net/ipv4/tcp_rmem", "4096", "4096\t131072\t6291456"),
    ("kernel/shmmax", "-1", "18446744073709551615"),
    ("net/ipv4/neigh/default/retrans_time_ms", "1001", "1004"),
    ("net/ipv4/ip_local_reserved_ports", "5,1-3,4,9", "1-5,9"),
    ("net/ipv4/ip_local_reserved_ports", "", ""),
    ("net/ipv4/tcp_allowed_congestion_control", "cubic reno", "reno cubic"),
    ("net/core/rps_default_mask", "f", "00000000,0000000f"),
    ("kernel/watchdog_cpumask", "0-3", "0-3"),
    ("kernel/core_pattern", "|/bin/x  %p", "|/bin/x %p"),
]
DIFFERENT = [
    ("kernel/kptr_restrict", "1", "2"),
    ("kernel/kptr_restrict", "yes", "1"),
    ("kernel/kptr_restrict", "", "0"),
    ("kernel/kptr_restrict", "1x", "1"),
    ("kernel/kptr_restrict", "10", "1"),
    ("net/ipv4/tcp_rmem", "4096 1", "4096\t131072\t6291456"),
    ("kernel/core_pattern", "core", ""),
    ("kernel/core_pattern", "core", "core.%p"),
    ("kernel/core_pattern", "1-3", "2-3"),
    ("net/ipv4/neigh/default/gc_stale_time", "60", "61"),
    ("net/core/rps_default_mask", "f", "00000000,0000001f"),
]


@pytest.mark.parametrize(("key", "written", "running"), SAME)
def test_a_kernel_that_was_given_this_may_say_that(key, written, running):
    assert is_same(key, written, running)


@pytest.mark.parametrize(("key", "written", "running"), DIFFERENT)
def test_a_kernel_that_was_given_this_does_not_say_that(key, written, running):
    assert not is_same(key, written, running)


@given(
    st.text(max_size=40),
    st.text(alphabet="0123456789abcfx-, \t#", max_size=30),
    st.text(alphabet="0123456789abcfx-, \t", max_size=30),
)
def test_whatever_stands_there_it_is_the_same_or_it_is_not(key, written, running):
    assert isinstance(is_same(key, written, running), bool)
    assert is_same(key, running, running)


def told(run: Run) -> dict[str, str | None]:
    return {key: line.value for key, line in settings([run], {PATTERN: KEYS}).items()}


@pytest.mark.parametrize("program", ["systemd", "procps", "procps3", "busybox"])
def test_what_is_named_later_counts(program):
    assert told(Run(program, [Line("a", "1", "/f"), Line("b", "1", "/f"), Line("a", "2", "/g")])) == {"a": "2", "b": "1"}


def test_an_exclusion_takes_an_earlier_line_of_its_name_under_systemd_alone():
    lines = [Line("a", "1", "/f"), Line("a", None, "/g")]
    assert (told(Run("systemd", lines)), told(Run("procps", lines))) == ({}, {"a": "1"})


@pytest.mark.parametrize("program", ["procps3", "busybox"])
def test_some_know_no_patterns(program):
    assert told(Run(program, [Line(PATTERN, "1", "/f")])) == {}


def test_of_two_names_of_one_thing_the_one_that_is_written_last_counts():
    first, second = Line("net/ipv4/ip_forward", "0", "/f"), Line("net/ipv4/conf/all/forwarding", "1", "/f")
    assert told(Run("systemd", [first, second])) == {second.key: "1"}
    assert told(Run("systemd", [second, first])) == {first.key: "0"}
    later = [Run("systemd", [first]), Run("procps", [second])]
    assert list(settings(later, {})) == [second.key]


LINES = st.lists(st.tuples(st.sampled_from([*KEYS, PATTERN]), st.sampled_from(["0", "1", "2", None])), max_size=6)
FILES = {
    "a pattern and a name": [(PATTERN, "1"), (KEYS[0], "2")],
    "a name before the pattern": [(KEYS[0], "2"), (PATTERN, "1")],
    "an exclusion": [(PATTERN, "1"), (KEYS[2], None)],
    "an exclusion of the pattern": [(PATTERN, "1"), (PATTERN, None)],
    "an exclusion and the name again": [(KEYS[2], None), (PATTERN, "1"), (KEYS[2], "2")],
    "a name and its exclusion": [(KEYS[1], "2"), (KEYS[1], None), (PATTERN, "1")],
    "the same again keeps its place": [(PATTERN, "1"), (KEYS[1], "2"), (PATTERN, "1")],
    "another pattern value": [(PATTERN, "1"), (KEYS[1], "0"), (PATTERN, "2")],
}  # fmt: skip


@given(LINES)
def test_no_key_is_set_by_a_pattern_that_any_line_names(lines):
    found = settings([Run("systemd", [Line(key, value, "/f") for key, value in lines])], {PATTERN: KEYS})
    named = {key for key, _ in lines if key != PATTERN}
    assert all(line.key == key for key, line in found.items() if key in named)


def _may_have_a_network() -> bool:
    return os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not PROGRAM.exists() or not _may_have_a_network(), reason="needs root, systemd-sysctl and network namespaces")
@pytest.mark.parametrize("lines", FILES.values(), ids=FILES)
def test_systemd_sysctl_itself_sets_what_is_told(tmp_path, lines):
    file = tmp_path / "own.conf"
    file.write_text("".join(f"{'' if value else '-'}{key}{f' = {value}' if value else ''}\n" for key, value in lines))
    before = "; ".join(f"echo 0 >/proc/sys/{key}" for key in KEYS)
    after = " ".join(f"/proc/sys/{key}" for key in KEYS)
    script = f"({before}) 2>/dev/null || exit 9; {PROGRAM} {file} 2>/dev/null; cat {after}"
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, check=False)
    if done.returncode == 9:
        pytest.skip("the kernel's parameters cannot be set here")
    expected = dict.fromkeys(KEYS, "0") | told(Run("systemd", [Line(key, value, "/f") for key, value in lines]))
    assert dict(zip(KEYS, done.stdout.split(), strict=True)) == expected
