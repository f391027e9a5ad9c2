"""Uninterruptible power supplies as NUT and apcupsd on the host know them: on line or on battery, charge and time left."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?|-)"
_LINE = re.compile(rf"ups (\S+) by=(nut|apcupsd) charge={_NUMBER} runtime={_NUMBER} status=(.*)")
# Whose upsmon is a slave of another host's upsd asks that host: the names in upsmon.conf are asked as well, never its passwords.
_SCRIPT = r"""show_nut() { # NAME@HOST
  upsc "$1" 2>/dev/null | awk -v name="$1" '
    /^battery\.charge: / { charge = $2 }
    /^battery\.runtime: / { runtime = $2 }
    /^ups\.status: / { status = $0; sub(/^[^:]*: */, "", status) }
    END {
      if (status == "") print "fault " name " does not answer"
      else {
        printf "ups %s by=nut charge=%s ", name, (charge == "" ? "-" : charge)
        printf "runtime=%s status=%s\n", (runtime == "" ? "-" : runtime), status
      }
    }'
}
show_apc() {
  printf '%s\n' "$1" | awk '
    { key = $1; value = $0; sub(/^[^:]*: */, "", value); sub(/ +$/, "", value) }
    key == "UPSNAME" { name = value; gsub(/ /, "_", name) }
    key == "STATUS" { status = value }
    key == "BCHARGE" { charge = value + 0 }
    key == "TIMELEFT" { runtime = value * 60 }
    END {
      if (status == "") print "fault apcaccess tells no status"
      else {
        printf "ups %s by=apcupsd charge=%s ", (name == "" ? "apcupsd" : name), (charge == "" ? "-" : charge)
        printf "runtime=%s status=%s\n", (runtime == "" ? "-" : runtime), status
      }
    }'
}
if ! have awk; then printf 'unobservable: there is no awk command\n'; part 0 0; exit 0; fi
names='' found=''
monitored='$1 == "MONITOR" {
  sub(/@(127\.0\.0\.1)?$/, "@localhost", $2)
  if ($2 !~ /@/) $2 = $2 "@localhost"
  print $2
}'
if have upsc; then
  for name in $(upsc -l localhost 2>/dev/null); do names="$names $name@localhost"; done
  for file in /etc/nut/upsmon.conf /etc/ups/upsmon.conf; do
    if [ -r "$file" ]; then
      for name in $(awk "$monitored" "$file"); do
        case " $names " in *" $name "*) ;; *) names="$names $name" ;; esac
      done
    elif [ -e "$file" ] && [ -z "$names" ]; then names=hidden; fi
  done
fi
if [ "$names" = hidden ]; then printf 'unobservable: upsmon.conf cannot be read by this user\n'; part 0 0; exit 0; fi
for name in $names; do show_nut "$name"; found=yes; done
if have apcaccess; then
  if told=$(apcaccess status 2>/dev/null) && [ -n "$told" ]; then show_apc "$told"
  else printf 'fault apcupsd is installed and does not answer\n'; fi
  found=yes
fi
if [ -n "$found" ]; then printf 'end\n'; else printf 'absent\n'; fi
part 0 0"""
_PASSED_BY = {"OFF", "BYPASS"}  # the load hangs on the mains, or on nothing
_ONLINE, _BATTERY, _LOW, _REPLACE = {"OL", "ONLINE"}, {"OB", "ONBATT"}, {"LB", "LOWBATT"}, {"RB", "REPLACEBATT"}


def ask(calls: Sequence[Arguments]) -> Question:
    """One `upsc` per supply, one `apcaccess`."""
    return Question(_SCRIPT, ("upsc", "apcaccess", "/etc/nut/upsmon.conf", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`ups NAME by=nut charge=PERCENT runtime=SECONDS status=WORDS` per supply, `fault REASON` for one that is silent; `end`."""
    said = reply(answer, "an uninterruptible power supply")
    if said:
        return said
    supplies: list[Record] = []
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        match = _LINE.fullmatch(line)
        if not match:
            raise Unreadable(f"not a line about a power supply: {line[:120]!r}")
        name, program, charge, runtime, status = match.groups()
        words = set(status.split())
        if not words & (_ONLINE | _BATTERY | _PASSED_BY | {"COMMLOST", "SHUTTING"}):
            return Unobservable(f"{name} says {status[:60]!r}, which is no known status")
        supplies.append({
            "name": name,
            "program": program,
            "online": bool(words & _ONLINE) and not words & (_BATTERY | _PASSED_BY),
            "battery_low": bool(words & _LOW),
            "battery_worn": bool(words & _REPLACE),
            "charge": _told(charge),
            "runtime": _told(runtime),
            "status": tuple(status.split()),
        })  # fmt: skip
    if not supplies:
        raise Unreadable("neither a power supply nor `absent`")
    return Observed({"supplies": tuple(supplies), "count": len(supplies)})


def _told(text: str) -> Value:
    return Absent("a figure of the supply") if text == "-" else float(text)


PROBE = Probe(
    name="ups",
    summary="Every uninterruptible power supply that the host watches",
    arguments=(),
    attributes=(
        Attribute(
            "supplies",
            Type.RECORDS,
            "the power supplies",
            (
                Attribute("name", Type.TEXT, "its name, for NUT with the host that is asked"),
                Attribute("program", Type.TEXT, "nut or apcupsd"),
                Attribute("online", Type.BOOLEAN, "mains power is there, and the supply stands between it and the host"),
                Attribute("battery_low", Type.BOOLEAN, "the battery is nearly empty"),
                Attribute("battery_worn", Type.BOOLEAN, "the battery must be replaced"),
                Attribute("charge", Type.NUMBER, "percent of charge; absent when it does not tell"),
                Attribute("runtime", Type.DURATION, "how long the battery lasts at the present load; absent when it does not tell"),
                Attribute("status", Type.LIST, "the words of its status, such as OL CHRG"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many are watched"),
    ),
    ask=ask,
    read=read,
    example="ups ups1@localhost by=nut charge=100 runtime=2640 status=OL\nend\n",
    time_limit_s=30,
)
