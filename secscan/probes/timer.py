"""Timers of systemd: whether they are armed, when they last fired and will fire, and how the job ended.

A name may be a pattern (`restic*`) and may offer alternatives (`restic*|borg*`): the first match that is active describes the
observation, and all matches are in `timers`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply, same_for_all, starts_at_boot

_SCRIPT = r"""
if [ ! -d /run/systemd/system ] || ! have systemctl; then
  if have systemctl || [ -d /etc/systemd/system ]; then printf 'unobservable: systemd does not run here\n'
  else printf 'absent\n'; fi
  exit 0
fi
TZ=UTC
export TZ
properties=Id,Names,LoadState,ActiveState,UnitFileState,WantedBy,RequiredBy,Unit,Persistent,LastTriggerUSec,NextElapseUSecRealtime,NextElapseUSecMonotonic
if ! timers=$(systemctl show --no-pager --all -p $properties -- "$@" 2>&1); then
  printf 'unobservable: systemctl: %s\n' "$(printf '%s\n' "$timers" | head -n 1)"
  exit 0
fi
units=$(printf '%s\n' "$timers" | sed -n 's/^Unit=//p' | sort -u)
jobs=
# shellcheck disable=SC2086 # unit names have no blanks
[ -z "$units" ] ||
  jobs=$(systemctl show --no-pager -p Id,ActiveState,Result,ExecMainStatus,ExecMainExitTimestamp -- $units 2>/dev/null)
up=; { read -r up _ </proc/uptime; } 2>/dev/null
booted=; [ -z "$up" ] || booted=$(($(date +%s) - ${up%%.*}))
printf '%s\n\n%s\n\n' "$jobs" "$timers" | awk -v booted="$booted" '
  function moment(text,  part) { return split(text, part, " ") == 4 && part[4] == "UTC" ? part[2] "T" part[3] "Z" : "" }
  function seconds(text,  part, count, i, sum, unit) {
    count = split(text, part, " "); sum = 0
    for (i = 1; i <= count; i++) {
      unit = part[i]; gsub(/[0-9.]/, "", unit)
      if (!(unit in size)) return ""
      sum += (part[i] + 0) * size[unit]
    }
    return sum > 0 && booted != "" ? sprintf("%d", booted + sum) : ""
  }
  function join(text) { gsub(/ /, ",", text); return text }
  function flush(  wants, unit) {
    if (v["Id"] ~ /\.timer$/ && "Unit" in v && v["LoadState"] != "not-found") {
      wants = join(v["WantedBy"] (v["WantedBy"] != "" && v["RequiredBy"] != "" ? " " : "") v["RequiredBy"]); unit = v["Unit"]
      if (!(v["Id"] in done)) print v["Id"], "names=" join(v["Names"]), "active=" v["ActiveState"],
        "enablement=" v["UnitFileState"],
        "wanted_by=" wants, "unit=" unit, "persistent=" v["Persistent"], "last=" moment(v["LastTriggerUSec"]),
        "next=" moment(v["NextElapseUSecRealtime"]), "next_elapse=" seconds(v["NextElapseUSecMonotonic"]),
        "job=" state[unit], "result=" result[unit], "status=" status[unit], "ended=" ended[unit]
      done[v["Id"]] = 1
    } else if (v["Id"] != "") {
      unit = v["Id"]; state[unit] = v["ActiveState"]; result[unit] = v["Result"]; status[unit] = v["ExecMainStatus"]
      ended[unit] = moment(v["ExecMainExitTimestamp"])
    }
    split("", v)
  }
  BEGIN { size["us"] = 0.000001; size["ms"] = 0.001; size["s"] = 1; size["min"] = 60; size["h"] = 3600; size["d"] = 86400
    size["w"] = 604800; size["month"] = 2629800; size["y"] = 31557600 }
  /^$/ { flush(); next }
  { p = index($0, "="); v[substr($0, 1, p - 1)] = substr($0, p + 1) }
  END { print "end" }'"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `systemctl show` for the timers of all calls, one for what they start."""
    patterns = list(dict.fromkeys(pattern for call in calls for pattern in _patterns(call)))
    return Question(f"set -- {quote(*patterns)}{_SCRIPT}", ("systemctl show", "/proc/uptime", "date", "awk"))


def _patterns(call: Arguments) -> list[str]:
    return [name if name.endswith(".timer") else name + ".timer" for name in str(call["name"]).split("|")]


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's matching timers: in the order of its alternatives, then by name."""
    if reply(answer):
        return same_for_all(calls, answer)
    lines = sorted(closed_lines(answer))
    parts = []
    for call in calls:
        matches = dict.fromkeys(line for pattern in _patterns(call) for line in lines if _matches(line, pattern))
        parts.append("\n".join([*matches, "end"]) if matches else "absent")
    return [replace(answer, stdout=f"{part}\n".encode(), exit=0) for part in parts]


def _matches(line: str, pattern: str) -> bool:
    name, _, words = line.partition(" ")
    aliases = next((word.removeprefix("names=").split(",") for word in words.split(" ") if word.startswith("names=")), [])
    return any(fnmatch.fnmatchcase(candidate, pattern) for candidate in (name, *aliases))


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines `TIMER active=.. enablement=.. unit=.. last=.. next=.. result=..`, closed by `end`; an empty value is none."""
    said = reply(answer, f"timer {call['name']}")
    if said:
        return said
    records = tuple(_record(line) for line in closed_lines(answer))
    if not records:
        raise Unreadable("no timer in the answer")
    best = next((record for record in records if record["active"] is True), records[0])
    return Observed({**best, "timers": records})


def _record(line: str) -> Record:
    name, *words = line.split(" ")
    told = dict(word.split("=", 1) for word in words)
    enablement = told["enablement"]
    return {
        "active": told["active"] == "active",
        "enabled": starts_at_boot(enablement, told.get("wanted_by", "").split(",") if told.get("wanted_by") else ()),
        "enablement": enablement or Absent("a file of the timer"),
        "last_run": _moment(told["last"]) or Absent("a moment at which it fired"),
        "next_run": _next(told),
        "last_result": _result(told),
        "last_status": int(told["status"]) if told.get("ended") and told.get("status") else _NOT_RUN,
        "last_end": _moment(told.get("ended", "")) or _NOT_RUN,
        "name": name,
        "unit": told.get("unit") or Absent("a unit that it starts: it is masked"),
        "persistent": told["persistent"] == "yes" if told.get("persistent") else Unobservable("systemd does not tell"),
    }


_NOT_RUN = Absent("an end, since the boot, of what it starts")


def _result(told: dict[str, str]) -> Value:
    if told.get("job") in {"activating", "active", "deactivating"}:
        return "running"
    return (
        (told.get("result") or Unobservable("systemd does not tell"))
        if told.get("ended") or told.get("job") == "failed"
        else _NOT_RUN
    )


def _next(told: dict[str, str]) -> Value:
    moments = [_moment(told.get("next", "")), float(told.get("next_elapse") or 0)]
    return min((moment for moment in moments if moment), default=Absent("a next time: it is not armed"))


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0


_FIELDS = (
    Attribute("active", Type.BOOLEAN, "the timer is armed"),
    Attribute("enabled", Type.BOOLEAN, "the timer is armed again at the next boot"),
    Attribute("enablement", Type.TEXT, "enabled, disabled, static, masked, enabled-runtime, ..."),
    Attribute("last_run", Type.TIMESTAMP, "when it last fired; absent when it never did"),
    Attribute("next_run", Type.TIMESTAMP, "when it will fire; absent when it is not armed"),
    Attribute(
        "last_result",
        Type.TEXT,
        "how the job ended last: success, exit-code, timeout, ...; running while it runs; absent before its first end",
    ),
    Attribute("last_status", Type.INTEGER, "exit status of the job's last run since the boot"),
    Attribute("last_end", Type.TIMESTAMP, "when the job's last run since the boot ended"),
    Attribute("name", Type.TEXT, "name of the timer, with its suffix"),
    Attribute("unit", Type.TEXT, "the unit it starts"),
    Attribute("persistent", Type.BOOLEAN, "a run that was missed while the host was off is made up for"),
)
PROBE = Probe(
    name="timer",
    summary="A timer of systemd: armed, last and next run, and how its job ended",
    arguments=(
        Argument(
            "name",
            Type.TEXT,
            "name of the timer, with or without .timer; may hold * and ?; alternatives are separated by |, as in restic*|borg*",
            required=True,
            pattern=r"[A-Za-z0-9*?][A-Za-z0-9@:_.\\*?-]*(\|[A-Za-z0-9*?][A-Za-z0-9@:_.\\*?-]*)*",
        ),
    ),
    attributes=(*_FIELDS, Attribute("timers", Type.RECORDS, "every timer that matches the name", fields=_FIELDS)),
    ask=ask,
    read=read,
    split=split,
    example=(
        "restic.timer active=active enablement=enabled wanted_by=timers.target unit=restic.service persistent=yes "
        "last=2026-01-01T02:00:00Z next=2026-01-02T02:00:00Z job=inactive result=success status=0 ended=2026-01-01T02:04:10Z\nend\n"
    ),
    time_limit_s=30,
    condition="name",
)
