"""Whether the clock is kept right: by which service, from which sources, how far off, how long ago."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_words, reply

# Lines `service NAME`, `synchronised yes|no`, `offset SECONDS`, `stratum N`, `updated EPOCH`, `authenticated yes|no`,
# `source NAME STATE REACHABLE`, `told sources`. What a service cannot tell is left out.
_SCRIPT = r"""running=
home=$(readlink /proc/self/ns/pid 2>/dev/null)
for dir in /proc/[0-9]*; do
  { IFS= read -r name <"$dir/comm"; } 2>/dev/null || continue
  case $name in
    chronyd | systemd-timesyn | ntpd) ;;
    *) continue ;;
  esac
  # a container's own process is not this host's
  at=$(readlink "$dir/ns/pid" 2>/dev/null) && [ "$at" != "$home" ] && continue
  case $name in
    chronyd) running=chrony ;;
    systemd-timesyn) running=${running:-systemd-timesyncd} ;;
    ntpd)
      case $(readlink "$dir/exe" 2>/dev/null) in
        */busybox*) running=busybox-ntpd ;;
        *) if have ntpq; then running=ntpd; elif have ntpctl; then running=openntpd; else running=${running:-busybox-ntpd}; fi ;;
      esac ;;
  esac
done
container=
if [ -e /.dockerenv ] || [ -e /run/.containerenv ] || [ -e /run/systemd/container ] || [ -e /run/host/container-manager ]; then
  container=yes
fi
hidden=
[ -d /proc/1 ] || hidden=yes
silent() { printf 'silent %s gets no answer\n' "$1"; }
chrony() {
  if ! tracking=$(chronyc -n -c tracking 2>/dev/null) || [ -z "$tracking" ]; then silent chronyc; return; fi
  printf '%s\n' "$tracking" | awk -F , 'NF >= 14 {
    own = $1 ~ /^7F7F01/ # its own clock, which `local` lets it serve when no source answers
    print "synchronised " (!own && ($14 == "Normal" || $14 ~ /second$/) ? "yes" : "no")
    if ($3 > 0 && !own) { printf "offset %.9f\n", ($5 < 0 ? -$5 : $5); print "stratum " $3; printf "updated %d\n", $4 }
  }'
  sources=$(chronyc -n -c sources 2>/dev/null) && printf '%s\n' "$sources" | awk -F , '
    BEGIN {
      state["*"] = "selected"; state["+"] = "combined"; state["-"] = "unused"; state["?"] = "unusable"
      state["x"] = "false"; state["~"] = "variable"
    }
    NF >= 7 { print "source", $3, ($2 in state ? state[$2] : "unknown"), ($6 + 0 > 0 ? "yes" : "no") }
    END { print "told sources" }'
  chosen=$(printf '%s\n' "$sources" | awk -F , '$2 == "*" { print $3 }')
  if [ -n "$chosen" ] && auth=$(chronyc -n -c authdata 2>/dev/null); then
    printf '%s\n' "$auth" | awk -F , -v chosen="$chosen" '
      $1 == chosen { print "authenticated " ($2 == "NTS" || $2 == "SK" ? "yes" : "no") }'
  fi
}
timesyncd() {
  if ! told=$(TZ=UTC timedatectl show-timesync --all 2>/dev/null) || [ -z "$told" ]; then silent timedatectl; return; fi
  status=$(TZ=UTC timedatectl timesync-status 2>/dev/null)
  printf '%s\n%s\n' "$told" "$status" | awk '
    function seconds(text,  part, many, i, unit, sum) {
      sum = 0; gsub(/^[+-]/, "", text); many = split(text, part, " ")
      for (i = 1; i <= many; i++) {
        unit = part[i]; gsub(/[0-9.]/, "", unit); if (!(unit in size)) return ""
        sum += part[i] * size[unit]
      }
      return sprintf("%.9f", sum)
    }
    BEGIN {
      size[""] = 1; size["us"] = 0.000001; size["ms"] = 0.001; size["s"] = 1; size["min"] = 60; size["h"] = 3600
      size["d"] = 86400
    }
    /^ServerAddress=./ { address = substr($0, 15) }
    /^ServerName=./ { server = substr($0, 12) }
    /^NTPMessage=/ {
      if (match($0, /Stratum=[0-9]+/)) stratum = substr($0, RSTART + 8, RLENGTH - 8)
      if (match($0, /DestinationTimestamp=[A-Z][a-z][a-z] [0-9-]+ [0-9:]+ UTC/)) {
        at = substr($0, RSTART + 25, 19)
        sub(/ /, "T", at)
      }
      synchronised = /PacketCount=[1-9]/ && !/Leap=3/ && at != ""
    }
    /^ *Offset: / { sub(/^ *Offset: /, ""); offset = seconds($0) }
    END {
      gsub(/[^!-~]/, "?", server)
      print "synchronised " (synchronised ? "yes" : "no")
      if (synchronised) { if (offset != "") print "offset " offset; print "stratum " stratum; print "updated " at "Z" }
      if (server != "") print "source", server, (synchronised ? "selected" : "unusable"), (synchronised ? "yes" : "no")
      print "told sources\nauthenticated no"
    }'
}
ntpd() {
  if ! told=$(ntpq -n -c 'rv 0 leap,stratum,offset,reftime,refid' 2>/dev/null) || [ -z "$told" ]; then silent ntpq; return; fi
  printf '%s\n' "$told" | tr ',' '\n' | awk '
    { sub(/^ +/, "") }
    /^leap=/ { leap = substr($0, 6) }
    /^stratum=/ { stratum = substr($0, 9) + 0 }
    /^refid="?(127\.|LOC)/ { own = 1 } # its own clock, as a source or for orphans
    /^offset=/ { offset = substr($0, 8) / 1000; if (offset < 0) offset = -offset }
    /^reftime=[0-9a-f]+\./ {
      hex = substr($0, 9, 8)
      for (i = 1; i <= 8; i++) at = at * 16 + index("123456789abcdef", substr(hex, i, 1))
    }
    END {
      good = !own && leap != "" && leap != "11" && leap != "3" && stratum > 0 && stratum < 16
      print "synchronised " (good ? "yes" : "no")
      if (good) {
        printf "offset %.9f\nstratum %d\n", offset, stratum
        if (at > 2208988800) printf "updated %.0f\n", at - 2208988800
      }
    }'
  ntpq -p -n 2>/dev/null | awk '
    BEGIN {
      state["*"] = "selected"; state["o"] = "selected"; state["+"] = "combined"; state["#"] = "combined"
      state["-"] = "unused"; state["x"] = "false"
    }
    NR > 2 && $1 ~ /^[^0-9A-Z]?(127\.127\.1\.|LOCAL)/ { next }
    NR > 2 && NF >= 10 && $4 != "p" { mark = substr($0, 1, 1); name = substr($1, mark == " " ? 1 : 2)
      print "source", name, (mark in state ? state[mark] : "unusable"), ($7 + 0 > 0 ? "yes" : "no") }
    END { if (NR) print "told sources" }'
}
openntpd() {
  if ! told=$(ntpctl -s all 2>/dev/null) || [ -z "$told" ]; then silent ntpctl; return; fi
  printf '%s\n' "$told" | awk '
    /clock (un)?synced/ {
      good = /clock synced/; print "synchronised " (good ? "yes" : "no")
      if (match($0, /stratum [0-9]+/)) print substr($0, RSTART, RLENGTH)
    }
    /^[^ \t].* from / || /^[0-9a-f.:]+$/ { name = $1 }
    name != "" && /^[ \t]/ && NF >= 6 {
      mark = $1 == "*"; valid = mark ? $3 : $2; offset = mark ? $7 : $6
      print "source", name, (mark ? "selected" : "unused"), (valid > 0 ? "yes" : "no")
      if (mark && offset ~ /^-?[0-9.]+ms$/) {
        sub(/ms$/, "", offset)
        printf "offset %.9f\n", (offset < 0 ? -offset : offset) / 1000
      }
      name = ""
    }
    END { print "told sources" }'
  printf 'authenticated no\n'
}
busybox_ntpd() {
  if told=$(busybox adjtimex 2>/dev/null); then
    printf '%s\n' "$told" | awk '/^ *status:/ { print "synchronised " (/UNSYNC/ ? "no" : "yes") } /^ *offset:/ {
      printf "offset %.9f\n", ($2 < 0 ? -$2 : $2) / 1000000 }'
  fi
  printf 'authenticated no\n'
}
if [ -z "$running" ] && [ -n "$hidden" ]; then printf 'unobservable: processes cannot be seen by this user\n'
elif [ -z "$running" ] && [ -n "$container" ]; then printf 'unobservable: a container keeps the clock of its host\n'
elif ! have awk; then printf 'unobservable: awk is missing\n'
else
  printf 'now %s\nservice %s\n' "$(date +%s)" "${running:-none}"
  case $running in
    chrony) chrony ;;
    systemd-timesyncd) timesyncd ;;
    ntpd) ntpd ;;
    openntpd) openntpd ;;
    busybox-ntpd) busybox_ntpd ;;
  esac
  printf 'end\n'
fi
part 0 0"""
_SERVICES = {"chrony", "systemd-timesyncd", "ntpd", "openntpd", "busybox-ntpd"}
_FIELDS = (
    Attribute("name", Type.TEXT, "address or name of the source"),
    Attribute("state", Type.TEXT, "selected, combined, unused, unusable, false, variable or unknown"),
    Attribute("reachable", Type.BOOLEAN, "it has answered lately"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = ("/proc/*/comm", "chronyc tracking, sources, authdata", "timedatectl show-timesync, timesync-status",
               "ntpq", "ntpctl", "busybox adjtimex", "/run/systemd/container", "awk", "date")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines of a word and its value, closed by `end`. Without a time service nothing keeps the clock right."""
    said = reply(answer, "time synchronisation")
    if said:
        return said
    told = closed_words(answer)
    service = told["service"][0]
    if service not in _SERVICES | {"none"}:
        raise Unreadable(f"not a time service: {service[:40]!r}")
    reason = told["silent"][0] if "silent" in told else "the time service does not tell"
    unknown: Value = Unobservable(reason) if service != "none" else Absent("a time service that runs")
    updated = _moment(told["updated"][0]) if "updated" in told else unknown
    sources = tuple(_source(text) for text in told.get("source", ()))
    tells_sources = "told" in told
    return Observed(
        {
            "synchronised": _truth(told, "synchronised", unknown) if service != "none" else False,
            "service": service if service != "none" else unknown,
            "offset": float(told["offset"][0]) if "offset" in told else unknown,
            "stratum": int(told["stratum"][0]) if "stratum" in told else unknown,
            "sources": sources if tells_sources else unknown,
            "reachable_sources": sum(1 for source in sources if source["reachable"]) if tells_sources else unknown,
            "last_update": updated,
            "age": max(0.0, float(told["now"][0]) - updated) if isinstance(updated, float) else updated,
            "authenticated": _truth(told, "authenticated", unknown),
        }
    )


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if "T" in text else float(text)


def _source(text: str) -> Record:
    name, state, reachable = text.split(" ")
    return {"name": name, "state": state, "reachable": reachable == "yes"}


def _truth(told: dict[str, list[str]], word: str, unknown: Value) -> Value:
    return told[word][0] == "yes" if word in told else unknown


PROBE = Probe(
    name="time_sync",
    summary="Whether and how the clock is kept right",
    arguments=(),
    attributes=(
        Attribute(
            "synchronised", Type.BOOLEAN, "the time service follows a source, not its own clock; false when no time service runs"
        ),
        Attribute("service", Type.TEXT, "chrony, systemd-timesyncd, ntpd, openntpd or busybox-ntpd; absent when none runs"),
        Attribute("offset", Type.DURATION, "how far the clock is off as the service estimates it, without sign"),
        Attribute("stratum", Type.INTEGER, "distance from a reference clock: of this host, for systemd-timesyncd of its server"),
        Attribute("sources", Type.RECORDS, "the sources it asks", fields=_FIELDS),
        Attribute("reachable_sources", Type.INTEGER, "how many sources have answered lately"),
        Attribute("last_update", Type.TIMESTAMP, "when the clock was last compared with a source"),
        Attribute("age", Type.DURATION, "how long ago that was"),
        Attribute("authenticated", Type.BOOLEAN, "the selected source proves who it is (NTS or a key)"),
    ),
    ask=ask,
    read=read,
    example=(
        "now 1767225600\nservice chrony\nsynchronised yes\noffset 0.000046007\nstratum 3\nupdated 1767225520\n"
        "source 192.0.2.1 selected yes\nsource 192.0.2.2 combined yes\ntold sources\nauthenticated no\nend\n"
    ),
    time_limit_s=30,
)
