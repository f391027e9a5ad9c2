"""Settings of the OpenSSH server as `sshd -T` resolves them, and what Match blocks make of them for some clients.

The options the service is started with count too: RHEL 8 passes its crypto policy on the command line, where `sshd -T`
alone does not see it. Where /run/sshd is missing (socket activation, a stopped service), `sshd -G` answers, or `sshd -T` in a
mount namespace of its own with an empty /run; nothing is made on the host. Where dropbear runs, sshd is not asked: its settings
would not be those of the host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, quote, reply, whole_lines
from secscan.syntax.sshd import (
    LIST_MATCHES,
    OLD_NAMES,
    OLD_VALUES,
    OPTIONS,
    RESOLVE_SSHD,
    keyword_and_value,
    read_seconds,
)
from secscan.syntax.sshd_starts import FIND_SSHD

_ALGORITHMS = {"casignaturealgorithms", "hostbasedacceptedalgorithms", "pubkeyacceptedalgorithms"}  # of those that Match may set
_EXIT = re.compile(r"exit \d+")
_SHOW = r"""show() { # NUMBER OPTION...: the effective configuration for one context
  printf 'context %s\n' "$1"
  shift
  resolve "$@"
  if [ "$code" = 0 ]; then
    printf '%s\n' "$out"
    notice=$(printf '%s\n' "$out" | sed -n 's/^banner //p')
    if [ -f "$notice" ] && [ -r "$notice" ]; then printf 'letters %s\n' $(($(tr -d ' \t\r\n' <"$notice" | wc -c))); fi
  else printf '%s\n' "$said" | while IFS= read -r line; do printf 'said %s\n' "$line"; done; fi
  printf 'exit %s\n' "$code"
}
"""
# a second server has rules of its own: what sshd refuses, dropbear may allow. One in a container is not this host's.
_DROPBEAR = r"""dropbear_serves() {
  home=$(readlink /proc/self/ns/pid 2>/dev/null)
  for dir in /proc/[0-9]*; do
    name=
    { IFS= read -r name <"$dir/comm"; } 2>/dev/null
    [ "$name" = dropbear ] || continue
    at=$(readlink "$dir/ns/pid" 2>/dev/null)
    [ -n "$at" ] && [ "$at" != "$home" ] || return 0
  done
  return 1
}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `sshd -T` per distinct context, and one reading of the Match blocks."""
    contexts = _contexts(calls)
    shows = "\n".join(f'  show {number} "$@" {context}'.rstrip() for context, number in contexts.items())
    script = f"""{FIND_SSHD}{LIST_MATCHES}{RESOLVE_SSHD}{_SHOW}{_DROPBEAR}if dropbear_serves; then
  printf 'unobservable: dropbear serves SSH here, and does not follow the settings of sshd\\n'
elif [ -z "$sshd" ]; then printf 'absent\\n'
elif [ "$(id -u)" != 0 ]; then printf 'unobservable: sshd -T needs root\\n'
elif [ -n "$doubt" ]; then printf 'unobservable: %s\\n' "$doubt"
else
{shows}
  scan "$conf" '' 0
  printf 'end\\n'
fi"""
    return Question(
        script,
        (
            "sshd -T",
            "/proc/*/comm",
            "/etc/ssh/sshd_config and what it includes",
            "units of sshd and the files of variables that they name",
        ),
    )


def _contexts(calls: Sequence[Arguments]) -> dict[str, int]:
    return {context: number for number, context in enumerate(dict.fromkeys(map(_context, calls)))}


def _context(call: Arguments) -> str:
    """The -C option of a call, empty when it names no client. Old versions want user, host and address all together."""
    user, host, address = (call.get(name) for name in ("user", "host", "address"))
    if user is None and host is None and address is None:
        return ""
    address = address or "192.0.2.1"
    return "-C " + quote(f"user={user or 'root'},host={host or address},addr={address},laddr=192.0.2.2,lport=22")


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own lines: what Match blocks say about its option, then its line of `sshd -T` or `unset`."""
    if answer.stdout == b"absent\n" or answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    lines = whole_lines(answer)
    if lines[-1] != "end":
        raise Unreadable("the answer is cut off: its closing line 'end' is missing")
    contexts = {context: _read_context(number, lines) for context, number in _contexts(calls).items()}
    return [_own(str(call["option"]).lower(), contexts[_context(call)], answer) for call in calls]


@dataclass(frozen=True, slots=True)
class _Context:
    """What sshd says for one client: its lines of `sshd -T` by keyword, and lines about Match blocks by the keyword that they set.

    `fault` and `said` are why it says nothing: the Match blocks cannot be read, or sshd ended with a `status` other than 0.
    """

    values: Mapping[str, Sequence[str]]
    matched: Mapping[str, Sequence[str]]
    fault: str = ""
    said: str = ""
    status: int = 0


def _read_context(number: int, lines: Sequence[str]) -> _Context:
    start = lines.index(f"context {number}") + 1
    stop = next(at for at in range(start, len(lines)) if _EXIT.fullmatch(lines[at]))
    status = int(lines[stop].split()[1])
    if status:
        return _Context({}, {}, said="\n".join(line.removeprefix("said ") for line in lines[start:stop]), status=status)
    if start == stop:
        raise Unreadable("sshd -T printed nothing")
    fault = next((line.removeprefix("fault ") for line in lines if line.startswith("fault ")), "")
    values: dict[str, list[str]] = {}
    for line in lines[start:stop]:
        name, _, value = line.partition(" ")
        values.setdefault(name, []).append(value)
    matched: dict[str, list[str]] = {}
    for line in lines[stop:]:
        if line.startswith("match ") and not fault:
            matched.setdefault(keyword_and_value(_matched(line)[3])[0], []).append(line)
    return _Context(values, matched, fault)


def _own(option: str, context: _Context, joint: Answer) -> Answer:
    if context.status:
        return Answer(b"", context.said.encode(), context.status, uid=joint.uid)
    if context.fault:
        return Answer(f"unobservable: {context.fault}\n".encode(), uid=joint.uid)
    name = next((name for name in (option, *_old_names(option)) if name in context.values), "")
    setting = f"{name} {' '.join(context.values[name])}" if name else "unset"
    letters = [f"letters {count}" for count in context.values.get("letters", ()) if option == "banner"]
    return Answer("".join(f"{line}\n" for line in [*context.matched.get(option, ()), *letters, setting]).encode(), uid=joint.uid)


def _old_names(option: str) -> list[str]:
    return [old for old, new in OLD_NAMES.items() if new == option]


def _matched(line: str) -> tuple[str, int, str, str]:
    """File, line number, criteria and setting of a `match` line."""
    found = re.fullmatch(r"match (/.*?):(\d+) (.*?): (\S.*)", line)
    if not found:
        raise Unreadable(f"expected 'match FILE:LINE CRITERIA: SETTING', got {line[:120]!r}")
    return found[1], int(found[2]), found[3], found[4]


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines about Match blocks, `letters 84` where Banner names a file, then `permitrootlogin no` as sshd prints it, or `unset`."""
    option = str(call["option"]).lower()
    said = reply(answer, "sshd")
    if said:
        return said
    if answer.exit:
        return Unobservable(answer.complaint or f"sshd -T ended with exit status {answer.exit}")
    *before, last = whole_lines(answer)
    matched = tuple(_record(option, line) for line in before if not line.startswith("letters "))
    letters = next((int(line.removeprefix("letters ")) for line in before if line.startswith("letters ")), Absent("a file"))
    if last in {"unset", "absent"}:
        if not matched:
            return Absent(f"a value of {call['option']}")
        return Observed(
            {**dict.fromkeys(("value", "number", "seconds", "values", "letters"), Absent()), "set": False, "matched": matched}
        )
    name, _, value = last.partition(" ")
    if OLD_NAMES.get(name, name) != option:
        raise Unreadable(f"expected '{option} VALUE'")
    return Observed({**_values(option, value), "letters": letters, "matched": matched})


def _record(option: str, line: str) -> Record:
    file, number, criteria, setting = _matched(line)
    name, value = keyword_and_value(setting)
    if name != option:
        raise Unreadable(f"expected a setting of {option}, got {name!r}")
    values = _values(option, value)
    if option in _ALGORITHMS and value[:1] in {"+", "^", "-"}:  # what it adds to the default set, or moves to its front
        values["values"] = tuple(value[1:].split(",")) if value[0] != "-" else ()
    return {"criteria": criteria, **values, "file": file, "line": number}


def _values(option: str, value: str) -> Record:
    value = value.strip()
    value = OLD_VALUES.get((option, value.lower()), value)
    if value.lower() in {"yes", "no", "none", "any"}:
        value = value.lower()
    if option == "loglevel":
        value = value.upper()
    number: Value = int(value) if re.fullmatch(r"\d{1,18}", value) else Unobservable(f"{value[:60]!r} is not a whole number")
    return {
        "value": value,
        "number": number,
        "seconds": read_seconds(value),
        "values": tuple(value.split() if " " in value or option == "authenticationmethods" else value.split(",")) if value else (),
        "set": value.lower() not in {"", "none"},
    }


_VALUES = (
    Attribute(
        "value",
        Type.TEXT,
        "the value as sshd -T prints it; several lines of one option joined by blanks; without-password reads prohibit-password",
    ),
    Attribute("number", Type.INTEGER, "the value as a whole number"),
    Attribute("seconds", Type.DURATION, "the value as a time, such as 120 or 2m"),
    Attribute("values", Type.LIST, "the value's elements: algorithms (in a Match block those that + or ^ add), users, files"),
    Attribute("set", Type.BOOLEAN, "false when the value is none or empty"),
)
PROBE = Probe(
    name="sshd_option",
    summary="A setting of the OpenSSH server, as sshd -T resolves it",
    arguments=(
        Argument("option", Type.TEXT, "the setting, spelled as in sshd_config(5)", required=True, choices=OPTIONS),
        Argument("user", Type.TEXT, "judge Match blocks for this user signing in", pattern=r"[^\s,]+"),
        Argument("host", Type.TEXT, "judge Match blocks for a client of this name; needs no user", pattern=r"[^\s,]+"),
        Argument("address", Type.TEXT, "judge Match blocks for a client of this address", pattern=r"[0-9A-Fa-f.:]+"),
    ),
    attributes=(
        *_VALUES,
        Attribute("letters", Type.INTEGER, "of Banner: how many letters the file holds that it names; absent when it names none"),
        Attribute(
            "matched",
            Type.RECORDS,
            "what Match blocks of the configuration set this option to, whoever they are for",
            (
                Attribute("criteria", Type.TEXT, "what follows Match, such as User backup"),
                *_VALUES,
                Attribute("file", Type.TEXT, "file it stands in"),
                Attribute("line", Type.INTEGER, "line it stands on"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    split=split,
    example="match /etc/ssh/sshd_config:130 User backup: PermitRootLogin prohibit-password\npermitrootlogin no\n",
    time_limit_s=30,
    needs_root=True,
    condition="option",
)
