"""Memory and swap, how much the host waits for them, and how often the kernel had to kill a process since it booted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, one_line, reply

_LINE = re.compile(
    r"total=(\d{1,15}) available=(\d{1,15}|-) swap=(\d{1,15}) swap_free=(\d{1,15}) killed=(\d{1,15}|-) waiting=(\d{1,3}\.\d+|-)"
)
_SCRIPT = r"""total='' available=- swap='' swap_free='' killed=- waiting=-
while read -r name value _; do
  case $name in
    MemTotal:) total=$value ;;
    MemAvailable:) available=$value ;;
    SwapTotal:) swap=$value ;;
    SwapFree:) swap_free=$value ;;
  esac
done 2>/dev/null </proc/meminfo
while read -r name value; do
  if [ "$name" = oom_kill ]; then killed=$value; fi
done 2>/dev/null </proc/vmstat
while read -r kind _ _ value _; do
  if [ "$kind" = some ]; then waiting=${value#avg300=}; fi
done 2>/dev/null </proc/pressure/memory
if [ -z "$total" ]; then printf 'unobservable: /proc/meminfo cannot be read\n'
else
  printf 'total=%s available=%s swap=%s swap_free=%s killed=%s waiting=%s\n' \
    "$total" "$available" "${swap:-0}" "${swap_free:-0}" "$killed" "$waiting"
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """Three files of /proc, read by the shell itself."""
    return Question(_SCRIPT, ("/proc/meminfo", "/proc/vmstat", "/proc/pressure/memory"))


def read(call: Arguments, answer: Answer) -> Observation:
    """One line of words: sizes in KiB, processes killed, percent of time waiting; `-` where the kernel does not tell."""
    said = reply(answer, "memory")
    if said:
        return said
    match = _LINE.fullmatch(one_line(answer))
    if not match or match[1] == "0":
        raise Unreadable("not the figures of memory")
    total, swap, swap_free = int(match[1]), int(match[3]), int(match[4])
    untold = Unobservable("this kernel does not tell")
    available: Value = round(100 * int(match[2]) / total, 1) if match[2] != "-" else untold
    return Observed({
        "available_percent": available,
        "total": total * 1024,
        "swap": swap * 1024,
        "swap_used_percent": round(100 * (swap - swap_free) / swap, 1) if swap else Absent("swap space"),
        "killed": int(match[5]) if match[5] != "-" else untold,
        "waiting_percent": float(match[6]) if match[6] != "-" else untold,
    })  # fmt: skip


PROBE = Probe(
    name="memory",
    summary="How much memory is left, and whether the kernel had to kill for it",
    arguments=(),
    attributes=(
        Attribute("available_percent", Type.NUMBER, "share of the memory that programs can still have without swapping"),
        Attribute("total", Type.SIZE, "memory in bytes"),
        Attribute("swap", Type.SIZE, "swap space in bytes; 0 without any"),
        Attribute("swap_used_percent", Type.NUMBER, "share of the swap space in use; absent without any"),
        Attribute(
            "killed", Type.INTEGER, "processes that the kernel killed for want of memory since it booted, containers' own included"
        ),
        Attribute("waiting_percent", Type.NUMBER, "share of the last five minutes in which something waited for memory"),
    ),
    ask=ask,
    read=read,
    example="total=16316120 available=12582912 swap=2097148 swap_free=2097148 killed=0 waiting=0.00\n",
)
