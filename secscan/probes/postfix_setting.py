"""Settings of Postfix as `postconf` resolves them: main.cf with its defaults, and what master.cf sets for single services."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import MASK_AWK, Unreadable, closed_lines, quote, reply

_LINE = re.compile(r"\| (\S+) =(?: (.*))?")
_TABLE = re.compile(r"[a-z0-9_]+:.+|/.*", re.IGNORECASE)  # cidr:/etc/postfix/networks, or a file of elements


def ask(calls: Sequence[Arguments]) -> Question:
    """Two calls of `postconf`: the settings, and all that single services have of their own."""
    names = quote(*dict.fromkeys(str(call["name"]) for call in calls))
    script = f"""mask={quote(MASK_AWK + '{ print "| " mask($0) }')}
if ! have postconf; then
  if [ -e /etc/postfix/main.cf ]; then printf 'unobservable: there is no postconf command\\n'; else printf 'absent\\n'; fi
elif ! have awk; then printf 'unobservable: there is no awk command\\n'
elif ! told=$(postconf -x {names} 2>/dev/null); then
  printf 'unobservable: %s\\n' "$(postconf -x {names} 2>&1 >/dev/null | tr '\\n' ' ')"
elif ! own=$(postconf -Px 2>/dev/null); then
  printf 'unobservable: %s\\n' "$(postconf -Px 2>&1 >/dev/null | tr '\\n' ' ')"
else
  printf '%s\\n' "$told" "$own" | awk 'NF' | awk "$mask"
  printf 'end\\n'
fi"""
    return Question(script, ("postconf -x", "postconf -Px", "/etc/postfix/main.cf", "/etc/postfix/master.cf", "awk"))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own lines: its setting, and all that the services have that set it too."""
    lines = answer.text.split("\n")
    return [replace(answer, stdout="\n".join(_own(str(call["name"]), lines)).encode()) for call in calls]


def _own(name: str, lines: Sequence[str]) -> Iterable[str]:
    services = {match[1] for line in lines if (match := re.match(rf"\| (\S+/\S+/){re.escape(name)} =", line))}
    own = (f"| {name} =", *(f"| {each}" for each in services))
    return (line for line in lines if not line.startswith("| ") or line.startswith(own))


def read(call: Arguments, answer: Answer) -> Observation:
    """`| NAME = VALUE`, then `| SERVICE/TYPE/NAME = VALUE` for each service with one of its own, and what else it has; `end`."""
    said = reply(answer, "Postfix")
    if said:
        return said
    name = str(call["name"])
    value: str | None = None
    own: dict[str, dict[str, str]] = {}
    for line in closed_lines(answer):
        match = _LINE.fullmatch(line)
        if not match:
            raise Unreadable(f"not a setting: {line[:120]!r}")
        service, _, setting = match[1].rpartition("/")
        if service:
            own.setdefault(service, {})[setting] = match[2] or ""
        elif setting != name:
            raise Unreadable(f"not the setting {name}: {line[:120]!r}")
        else:
            value = match[2] or ""
    return Observed(_values(name, value) | {"overrides": tuple(_overrides(name, own))})


def _overrides(name: str, own: Mapping[str, Mapping[str, str]]) -> Iterable[Record]:
    for service, settings in own.items():
        if name not in settings:
            raise Unreadable(f"nothing about {name} of {service[:120]!r}")
        beside = tuple(f"{other}={value}" for other, value in settings.items() if other != name)
        yield {"service": service, "value": settings[name], "beside": beside}


def _values(name: str, value: str | None) -> Record:
    if value is None:
        missing = Absent(f"a setting {name} in this version")
        return {"value": missing, "values": missing, "literal": missing}
    if "********" in value:
        secret = Unobservable("a secret: masked on the host")
        return {"value": secret, "values": secret, "literal": secret}
    values = tuple(re.split(r"[\s,]+", value.strip())) if value.strip() else ()
    tables = ", ".join(element for element in values if _TABLE.fullmatch(element))
    literal: Value = Unobservable(f"part of it stands in tables: {tables}") if tables else values
    return {"value": value, "values": values, "literal": literal}


PROBE = Probe(
    name="postfix_setting",
    summary="A setting of Postfix, as postconf resolves it",
    arguments=(Argument("name", Type.TEXT, "name of the parameter, such as mynetworks", required=True, pattern=r"[A-Za-z0-9_]+"),),
    attributes=(
        Attribute("value", Type.TEXT, "the value with names expanded; absent when this version has no such parameter"),
        Attribute("values", Type.LIST, "its elements, between blanks and commas"),
        Attribute("literal", Type.LIST, "its elements; unobservable when one of them is a table or a file of more elements"),
        Attribute(
            "overrides",
            Type.RECORDS,
            "services of master.cf with another value",
            (
                Attribute("service", Type.TEXT, "the service and its type, such as submission/inet"),
                Attribute("value", Type.TEXT, "its value"),
                Attribute("beside", Type.LIST, "what else it has of its own, each NAME=VALUE"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    split=split,
    example="| mynetworks = 127.0.0.0/8 [::1]/128\nend\n",
    time_limit_s=30,
    condition="name",
)
