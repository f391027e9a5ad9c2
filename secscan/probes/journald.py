"""A setting of systemd-journald, from journald.conf and its drop-ins in every directory, merged as systemd merges them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, one_line, reply
from secscan.syntax.systemd import SYSTEMD_IS_INIT, list_settings, read_boolean, read_bytes, read_seconds

_SCRIPT = f"""{SYSTEMD_IS_INIT}found=''
for file in /usr/lib/systemd/systemd-journald /lib/systemd/systemd-journald; do [ ! -x "$file" ] || found=yes; done
if [ -z "$found" ]; then printf 'unobservable: systemd-journald is not installed\\n'
elif ! systemd_is_init; then printf 'unobservable: systemd does not run here, so nothing reads journald.conf\\n'
else
{list_settings("journald.conf", "Journal")}
printf 'end\\n'
fi"""


def ask(calls: Sequence[Arguments]) -> Question:
    """Every assignment of every file, by the shell alone."""
    return Question(
        _SCRIPT, ("/etc/systemd/journald.conf", "journald.conf.d/*.conf in /etc, /run, /usr/local/lib and /usr/lib", "/sbin/init")
    )


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each key's own line, the last one; `absent` when it is not set, or was set back to nothing."""
    if answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    lines = closed_lines(answer)
    faults = [line.removeprefix("fault ") for line in lines if line.startswith("fault ")]
    if faults:
        return [Answer(f"unobservable: {faults[0]}\n".encode(), uid=answer.uid)] * len(calls)
    effective = {_parse(line)[1]: line for line in lines}
    told = {key: line for key, line in effective.items() if _parse(line)[2]}
    return [Answer((told.get(str(call["key"]), "absent") + "\n").encode(), uid=answer.uid) for call in calls]


def _parse(line: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(?:(/.*?): )?([A-Za-z0-9]+)=(.*)", line)
    if not found:
        raise Unreadable(f"expected 'FILE: KEY=VALUE', got {line[:120]!r}")
    return found[1] or "", found[2], found[3].strip()


def read(call: Arguments, answer: Answer) -> Observation:
    """`/etc/systemd/journald.conf: Storage=persistent`; the file may be left out."""
    said = reply(answer, f"{call['key']} in journald.conf")
    if said:
        return said
    source, key, value = _parse(one_line(answer))
    if key != call["key"] or not value:
        raise Unreadable(f"expected a value of {call['key']}")
    return Observed({
        "value": value,
        "number": _as(int, value, "a whole number"),
        "size": _as(read_bytes, value, "a size"),
        "seconds": _as(read_seconds, value, "a time"),
        "enabled": _as(read_boolean, value, "yes or no"),
        "source": source or Absent("a file that sets it"),
    })  # fmt: skip


def _as(reader: Callable[[str], Value], value: str, what: str) -> Value:
    try:
        return reader(value)
    except ValueError:
        return Unobservable(f"{value[:60]!r} is not {what}")


PROBE = Probe(
    name="journald",
    summary="A setting of systemd-journald, drop-ins merged",
    arguments=(Argument("key", Type.TEXT, "name of the setting, such as Storage", required=True, pattern=r"[A-Za-z0-9]+"),),
    attributes=(
        Attribute("value", Type.TEXT, "the value as text; absent when the compiled default counts"),
        Attribute("number", Type.INTEGER, "the value as a whole number"),
        Attribute("size", Type.SIZE, "the value as a size, such as 1G"),
        Attribute("seconds", Type.DURATION, "the value as a time, such as 1month"),
        Attribute("enabled", Type.BOOLEAN, "the value as yes or no"),
        Attribute("source", Type.TEXT, "file the setting comes from"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="/etc/systemd/journald.conf: Storage=persistent\n",
    condition="key",
)
