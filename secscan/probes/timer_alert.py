"""Who is told when the job of a systemd timer fails: the units that start on its failure, and hooks of the backup program."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply

_HOOKS = "on_error|healthchecks|uptime_kuma|uptimekuma|cronitor|cronhub|pagerduty|ntfy|pushover|zabbix|apprise|sentry|loki"
_LINE = re.compile(r"job (\S+\.timer) unit=(\S+) on_failure=(\S*)")
_HOOK = re.compile(rf"hook (\S+) ({_HOOKS})")
_START = r"""
if [ ! -d /run/systemd/system ] || ! have systemctl; then
  if have systemctl || [ -d /etc/systemd/system ]; then offline='systemd does not run here'; else offline=absent; fi
fi
hooks=''
for file in /etc/borgmatic/config.yaml /etc/borgmatic.d/*.yaml; do
  if [ ! -e "$file" ]; then continue; fi
  if [ ! -r "$file" ]; then hooks="${hooks}fault $file cannot be read by this user
"; continue; fi
  for word in $(grep -oE '^ *(@HOOKS@):' "$file" | tr -d ' :' | sort -u); do
    hooks="${hooks}hook $file $word
"
  done
done
answer() { # PATTERN...
  case $offline in
    '') ;;
    absent) printf 'absent\n'; return 0 ;;
    *) printf 'unobservable: %s\n' "$offline"; return 0 ;;
  esac
  if ! timers=$(systemctl show --no-pager --all -p Id,LoadState,ActiveState,UnitFileState,Unit -- "$@" 2>&1); then
    printf 'unobservable: systemctl: %s\n' "$(printf '%s\n' "$timers" | head -n 1)"
    return 0
  fi
  units=$(printf '%s\n' "$timers" | sed -n 's/^Unit=//p' | sort -u)
  if [ -z "$units" ]; then printf 'absent\n'; return 0; fi
  # shellcheck disable=SC2086 # unit names have no blanks
  jobs=$(systemctl show --no-pager -p Id,OnFailure -- $units 2>/dev/null)
  told=$(printf '%s\n\n%s\n\n' "$jobs" "$timers" | awk '
    function flush() {
      if (v["Id"] ~ /\.timer$/) {
        if (v["LoadState"] == "loaded" && (v["ActiveState"] == "active" || v["UnitFileState"] ~ /^enabled/) && !(v["Id"] in done))
          print "job " v["Id"] " unit=" v["Unit"] " on_failure=" alert[v["Unit"]]
        done[v["Id"]] = 1
      } else if (v["Id"] != "") { gsub(/ /, ",", v["OnFailure"]); alert[v["Id"]] = v["OnFailure"] }
      split("", v)
    }
    /^$/ { flush(); next }
    { p = index($0, "="); v[substr($0, 1, p - 1)] = substr($0, p + 1) }')
  if [ -n "$told" ]; then printf '%s\n%send\n' "$told" "$hooks"; else printf 'absent\n'; fi
}
""".replace("@HOOKS@", _HOOKS)


def ask(calls: Sequence[Arguments]) -> Question:
    """Two `systemctl show` for each call."""
    answers = "\n".join(f"answer {quote(*_patterns(call))}\npart {index} 0" for index, call in enumerate(calls))
    return Question(
        f"offline=''{_START}{answers}", ("systemctl show", "/etc/borgmatic/config.yaml", "/etc/borgmatic.d/*.yaml", "awk", "grep")
    )


def _patterns(call: Arguments) -> list[str]:
    return [name if name.endswith(".timer") else name + ".timer" for name in str(call["name"]).split("|")]


def read(call: Arguments, answer: Answer) -> Observation:
    """`job TIMER unit=UNIT on_failure=UNIT,UNIT` for each timer in use, `hook FILE WORD` for borgmatic's own; then `end`."""
    said = reply(answer, f"a timer {call['name']} in use")
    if said:
        return said
    jobs: list[Record] = []
    hooks: list[str] = []
    for line in closed_lines(answer):
        job, hook = _LINE.fullmatch(line), _HOOK.fullmatch(line)
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        if job:
            jobs.append({"timer": job[1], "unit": job[2], "on_failure": tuple(filter(None, job[3].split(",")))})
        elif hook:
            hooks.append(hook[2])
        else:
            raise Unreadable(f"not a line about a timer's job: {line[:120]!r}")
    if not jobs:
        raise Unreadable("neither a timer nor `absent`")
    for record in jobs:
        record["hooks"] = tuple(dict.fromkeys(hooks)) if str(record["unit"]).startswith("borgmatic") else ()
        record["told"] = bool(record["on_failure"] or record["hooks"])
    return Observed({"jobs": tuple(jobs), "count": len(jobs)})


PROBE = Probe(
    name="timer_alert",
    summary="Who is told when the job of a systemd timer fails",
    arguments=(
        Argument(
            "name", Type.TEXT, "name of the timer, with or without .timer; may hold * and ?; alternatives are separated by |",
            required=True, pattern=r"[A-Za-z0-9_.:@*?|\\-]+",
        ),
    ),
    attributes=(
        Attribute(
            "jobs",
            Type.RECORDS,
            "one record per timer that is armed or will be at the next boot",
            (
                Attribute("timer", Type.TEXT, "the timer"),
                Attribute("unit", Type.TEXT, "the unit it starts"),
                Attribute("on_failure", Type.LIST, "units that start when that fails (OnFailure=)"),
                Attribute("hooks", Type.LIST, "services that borgmatic itself tells, such as healthchecks or ntfy"),
                Attribute("told", Type.BOOLEAN, "there is one of either"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many timers"),
    ),
    ask=ask,
    read=read,
    example="job restic.timer unit=restic.service on_failure=status-mail@restic.service\nend\n",
    time_limit_s=30,
    condition="name",
)  # fmt: skip
