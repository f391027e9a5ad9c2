"""The state of the audit system in the kernel: switched on, locked, how much it can hold back, and whether it lost anything."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import closed_lines, reply

_SCRIPT = r"""if ! have auditctl; then printf 'absent\n'
elif [ "$(id -u)" != 0 ]; then printf 'unobservable: auditctl needs root\n'
elif [ ! -e /proc/self/status ]; then printf 'unobservable: /proc is not mounted, so the kernel may not be its own\n'
elif said=$(auditctl -s 2>/dev/null) && [ -n "$said" ]; then
  printf '%s\n' "$said"
  pid=${said#*pid[ =]}
  pid=${pid%%[!0-9]*}
  name=''
  if [ "${pid:-0}" != 0 ] && [ -r "/proc/$pid/comm" ]; then IFS= read -r name <"/proc/$pid/comm"; fi
  [ -z "$name" ] || printf 'daemon %s\n' "$name"
  printf 'end\n'
else
  said=$(auditctl -s 2>&1 | head -n 1)
  printf 'unobservable: auditctl -s failed: %s\n' "$said"
fi
part 0 0"""
_NUMBERS = ("enabled", "failure", "backlog_limit", "backlog", "lost", "rate_limit")


def ask(calls: Sequence[Arguments]) -> Question:
    """One auditctl -s, and the name of the process that takes the records."""
    return Question(_SCRIPT, ("auditctl -s", "/proc/PID/comm"))


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines of `auditctl -s` (`enabled 1`; versions before 2.3 print `enabled=1` on one line), `daemon NAME`, then `end`."""
    said = reply(answer, "auditctl")
    if said:
        return said
    words = dict(re.findall(r"(?:^|\s)([a-z_]+)[ =](\S+)", "\n".join(closed_lines(answer))))
    words = {"enabled": words.pop("flag"), **words} if "flag" in words and "enabled" not in words else words
    numbers: dict[str, Value] = {
        name: int(words[name]) if re.fullmatch(r"\d{1,18}", words.get(name, "")) else Unobservable(f"auditctl -s told no {name}")
        for name in (*_NUMBERS, "pid")
    }
    enabled = int(words["enabled"])
    pid = numbers.pop("pid")
    return Observed({
        **numbers,
        "immutable": enabled == 2,
        "running": pid != 0 if isinstance(pid, int) else pid,
        "daemon": words.get("daemon", Absent("a process that takes the records")),
    })  # fmt: skip


PROBE = Probe(
    name="audit_status",
    summary="State of the kernel's audit system",
    arguments=(),
    attributes=(
        Attribute("enabled", Type.INTEGER, "0 off, 1 on, 2 on and locked until the next boot"),
        Attribute("immutable", Type.BOOLEAN, "rules are locked until the next boot"),
        Attribute("running", Type.BOOLEAN, "a process takes the records, as auditd does"),
        Attribute("daemon", Type.TEXT, "name of that process"),
        Attribute("failure", Type.INTEGER, "what happens when records cannot be kept: 0 nothing, 1 a kernel message, 2 panic"),
        Attribute("backlog_limit", Type.INTEGER, "records that may wait"),
        Attribute("backlog", Type.INTEGER, "records that wait now"),
        Attribute("lost", Type.INTEGER, "records lost since boot"),
        Attribute("rate_limit", Type.INTEGER, "records per second, 0 without limit"),
    ),
    ask=ask,
    read=read,
    example="enabled 1\nfailure 1\npid 612\nrate_limit 0\nbacklog_limit 8192\nlost 0\nbacklog 0\ndaemon auditd\nend\n",
    time_limit_s=15,
    needs_root=True,
)
