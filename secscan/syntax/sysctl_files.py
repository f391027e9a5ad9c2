"""What the files of sysctl.d(5) set at the next start: runs of files, patterns, exclusions, and values as the kernel takes them.

Three programs apply them. systemd-sysctl and procps' sysctl read all files, then write: a name that stands for itself wins over
patterns, wherever it stands. busybox' sysctl and procps before version 4 write line by line and know no patterns. A key is a path
below /proc/sys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

PATTERN = re.compile(r"[*?\[]")
# What two keys of a group set is one and the same, or the one clears the other: what is written last counts.
_GROUPS = (
    ("net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding"),
    ("net/nf_conntrack_max", "net/netfilter/nf_conntrack_max"),
    ("vm/dirty_ratio", "vm/dirty_bytes"),
    ("vm/dirty_background_ratio", "vm/dirty_background_bytes"),
    ("vm/overcommit_ratio", "vm/overcommit_kbytes"),
)
_OTHERS = {key: tuple(other for other in group if other != key) for group in _GROUPS for key in group}
_NUMBER = re.compile(r"-?(0[xX][0-9a-fA-F]+|\d+)")
_RANGES = re.compile(r"(\d{1,10}(-\d{1,10})?)(,\d{1,10}(-\d{1,10})?)*")
_TICK_MS = 10  # what is kept in ticks of the kernel's clock comes back rounded to one; the longest tick there is


@dataclass(frozen=True, slots=True)
class Line:
    """A line that sets a key or a pattern; `value` None excludes it from patterns."""

    key: str
    value: str | None
    file: str


@dataclass(slots=True)
class Run:
    """The lines that one run of a program applies, in the order of its files; `by`: systemd, procps, procps3, busybox or nobody."""

    by: str
    lines: list[Line] = field(default_factory=list)


def settings(runs: Iterable[Run], matches: Mapping[str, Iterable[str]]) -> dict[str, Line]:
    """By key the line that counts in the end. `matches`: by pattern the keys that it fits.

    >>> lines = [Line("net/*/a", "1", "/f"), Line("net/x/a", "2", "/f"), Line("net/y/a", None, "/f")]
    >>> {key: line.value for key, line in settings([Run("systemd", lines)], {"net/*/a": ["net/x/a", "net/y/a", "net/z/a"]}).items()}
    {'net/z/a': '1', 'net/x/a': '2'}
    """
    final: dict[str, Line] = {}
    for run in runs:
        for key, line in _written(run, matches):
            for gone in (key, *_OTHERS.get(key, ())):
                final.pop(gone, None)
            final[key] = line
    return final


def _written(run: Run, matches: Mapping[str, Iterable[str]]) -> Iterable[tuple[str, Line]]:
    """What a run writes, in order."""
    if run.by in {"busybox", "procps3"}:
        return [(line.key, line) for line in run.lines if line.value is not None and not PATTERN.search(line.key)]
    lines = _as_systemd_keeps_them(run.lines) if run.by == "systemd" else run.lines
    explicit = {line.key for line in lines if not PATTERN.search(line.key)}
    written: list[tuple[str, Line]] = []
    for line in lines:
        if line.value is None:
            continue
        if PATTERN.search(line.key):
            written += [(key, line) for key in matches.get(line.key, ()) if key not in explicit]
        else:
            written.append((line.key, line))
    return written


def _as_systemd_keeps_them(lines: Iterable[Line]) -> list[Line]:
    """One line a key: a later one takes the place of an earlier one, unless it says the same. An exclusion takes it too."""
    kept: dict[str, Line] = {}
    for line in lines:
        earlier = kept.get(line.key)
        if earlier is not None and earlier.value == line.value:
            continue
        kept.pop(line.key, None)
        kept[line.key] = line
    return list(kept.values())


def is_same(key: str, written: str, running: str) -> bool:
    r"""Whether a kernel that was given `written` may say `running`.

    It reads numbers as C does, as many as the key has, and does not mind what follows; fewer leave the others as they are.

    >>> is_same("kernel/printk", "0x4 4", "4\t4\t1\t7"), is_same("kernel/sysrq", "16 # why", "16"), is_same("kernel/sysrq", "", "0")
    (True, True, False)
    """
    wanted, told = written.split(), running.split()
    if wanted == told or not wanted or not told:
        return wanted == told
    if "mask" in key or "bitmap" in key:
        return _plain_mask(written) == _plain_mask(running)
    if all(_NUMBER.fullmatch(word) for word in told):
        return _same_numbers(key, wanted, told)
    if key.endswith("allowed_congestion_control"):
        return set(wanted) == set(told)
    ranges = _RANGES.fullmatch(running) and _RANGES.fullmatch(written)
    return bool(ranges) and _ranges(written) == _ranges(running)


def _same_numbers(key: str, wanted: list[str], told: list[str]) -> bool:
    pairs: list[tuple[int, int]] = []
    for word, other in zip(wanted, told, strict=False):
        if not _NUMBER.fullmatch(word):
            break
        pairs.append((_as_c_reads(word), _as_c_reads(other)))
    margin = _TICK_MS if key.endswith("_ms") else 0
    return bool(pairs) and all(_agree(one, other, margin) for one, other in pairs)


def _agree(written: int, running: int, margin: int) -> bool:
    """A negative number comes back from an unsigned key as what is that much below its end."""
    wrapped = written < 0 and running in {written + 2**32, written + 2**64}
    return wrapped or abs(written - running) <= margin


def _as_c_reads(word: str) -> int:
    """0x10 is 16, and 010 is 8."""
    digits = word.lstrip("-")
    sign = -1 if word.startswith("-") else 1
    if digits[:2] in {"0x", "0X"}:
        return sign * int(digits, 16)
    octal = len(digits) > 1 and digits.startswith("0") and not set(digits) & {"8", "9"}
    return sign * int(digits, 8 if octal else 10)


def _plain_mask(text: str) -> str:
    return "".join(text.split()).replace(",", "").lower().removeprefix("0x").lstrip("0")


def _ranges(text: str) -> list[tuple[int, int]]:
    """`1-3,4,9` as [(1, 4), (9, 9)]."""
    parts = sorted((int(first), int(last or first)) for first, _, last in (part.partition("-") for part in text.split(",")))
    merged: list[tuple[int, int]] = []
    for first, last in parts:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def dotted(key: str) -> str:
    """A path below /proc/sys as sysctl names it: dots of an interface's name become slashes.

    >>> dotted("net/ipv4/conf/eth0.5/rp_filter")
    'net.ipv4.conf.eth0/5.rp_filter'
    """
    return key.translate(str.maketrans("/.", "./"))
