"""Settings of /etc/login.defs as the shadow tools read them; on SUSE merged with /usr/etc and drop-ins, as libeconf does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, one_line, reply

# Keys count regardless of case, the last one wins, there are no comments behind a value, quotes around it are dropped.
# A drop-in of /etc hides one of the same name in /usr/etc; a file that is not there but as a dangling name is skipped.
_SCRIPT = r"""tell() {
  if [ ! -r "$1" ]; then printf 'fault %s cannot be read by this user\n' "$1"; return; fi
  while read -r key value || [ -n "$key" ]; do
    case $key in '' | '#'*) continue ;; esac
    [ -n "$value" ] || continue
    value=${value#\"}
    printf '%s: %s %s\n' "$1" "$key" "${value%%\"*}"
  done <"$1"
}
if [ ! -e /etc/login.defs ] && [ ! -e /usr/etc/login.defs ]; then printf 'unobservable: there is no login.defs\n'
else
  if [ -e /etc/login.defs ]; then tell /etc/login.defs; else tell /usr/etc/login.defs; fi
  if [ -e /usr/etc/login.defs ]; then
    for file in /usr/etc/login.defs.d/*.defs /etc/login.defs.d/*.defs; do
      [ -e "$file" ] || continue
      case $file in /usr/*) [ ! -e "/etc/login.defs.d/${file##*/}" ] || continue ;; esac
      tell "$file"
    done
  fi
  printf 'end\n'
fi"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The whole file, comments left out, by the shell alone."""
    return Question(_SCRIPT, ("/etc/login.defs", "/usr/etc/login.defs", "/etc/login.defs.d/*.defs", "/usr/etc/login.defs.d/*.defs"))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own line, the last one; `absent` when the key is not set."""
    if answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    effective: dict[str, str] = {}
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return [Answer(f"unobservable: {line.removeprefix('fault ')}\n".encode(), uid=answer.uid)] * len(calls)
        effective[_parse(line)[1].upper()] = line
    return [Answer((effective.get(str(call["key"]).upper(), "absent") + "\n").encode(), uid=answer.uid) for call in calls]


def _parse(line: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(?:(/\S+): )?(\S+) (.*)", line)
    if not found:
        raise Unreadable(f"expected 'FILE: KEY VALUE', got {line[:120]!r}")
    return found[1] or "", found[2], found[3].strip()


def read(call: Arguments, answer: Answer) -> Observation:
    """`/etc/login.defs: PASS_MAX_DAYS 99999`; the file may be left out."""
    said = reply(answer, f"{call['key']} in login.defs")
    if said:
        return said
    source, key, value = _parse(one_line(answer))
    if key.upper() != str(call["key"]).upper():
        raise Unreadable(f"expected a line about {call['key']}")
    number: Value = int(value) if re.fullmatch(r"-?\d{1,18}", value) else Unobservable(f"{value[:60]!r} is not a whole number")
    mode: Value = int(value, 8) if re.fullmatch(r"[0-7]{1,4}", value) else Unobservable(f"{value[:60]!r} is not an octal mode")
    return Observed({"value": value, "number": number, "mode": mode, "source": source or Absent("a file that sets it")})


PROBE = Probe(
    name="login_defs",
    summary="A setting of /etc/login.defs",
    arguments=(Argument("key", Type.TEXT, "name of the setting, such as PASS_MAX_DAYS", required=True, pattern=r"[A-Za-z0-9_]+"),),
    attributes=(
        Attribute("value", Type.TEXT, "the value as text"),
        Attribute("number", Type.INTEGER, "the value as a whole decimal number"),
        Attribute("mode", Type.MODE, "the value as octal permission bits, for UMASK and HOME_MODE"),
        Attribute("source", Type.TEXT, "file the setting comes from"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="/etc/login.defs: PASS_MAX_DAYS 365\n",
    condition="key",
)
