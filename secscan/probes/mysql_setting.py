"""Settings of MariaDB and MySQL as the running server has them in force, told by the server itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.mysql import TOUCHES, ask_server


def ask(calls: Sequence[Arguments]) -> Question:
    """One call of the client for all settings; `version` among them, so that there always is an answer."""
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(["version", *(str(call["name"]) for call in calls)]))
    return Question(ask_server(f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})"), TOUCHES)


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own line after the one that tells the version."""
    lines = answer.text.split("\n")
    return [
        replace(answer, stdout="\n".join(line for line in lines if _concerns(str(call["name"]).lower(), line)).encode())
        for call in calls
    ]


def _concerns(name: str, line: str) -> bool:
    return not line.startswith("| ") or line.lower().startswith((f"| {name} =", "| version ="))


def read(call: Arguments, answer: Answer) -> Observation:
    """`| version = VERSION` and `| NAME = VALUE` as the server tells them; then `end`."""
    said = reply(answer, "a MariaDB or MySQL server")
    if said:
        return said
    told: dict[str, str] = {}
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        match = re.fullmatch(r"\| ([A-Za-z0-9_]+) = ?(.*)", line)
        if not match:
            raise Unreadable(f"not a setting: {line[:120]!r}")
        told[match[1].lower()] = match[2]
    name = str(call["name"]).lower()
    if "version" not in told or not told.keys() <= {"version", name}:
        raise Unreadable(f"expected the server's version and {name}")
    version = told["version"]
    missing = Absent(f"a setting {name} in this version")
    if name not in told:
        return Observed({**dict.fromkeys(("value", "number", "values"), missing), "version": version})
    value = told[name]
    if "********" in value:
        return Observed(
            {**dict.fromkeys(("value", "number", "values"), Unobservable("a secret: masked on the host")), "version": version}
        )
    return Observed(
        {"value": value, "number": _number(value), "values": tuple(value.split(",")) if value else (), "version": version}
    )


def _number(value: str) -> Value:
    return int(value) if re.fullmatch(r"-?\d{1,18}", value) else Unobservable(f"{value[:60]!r} is not a whole number")


PROBE = Probe(
    name="mysql_setting",
    summary="A setting of the MariaDB or MySQL server that runs, as the server tells it",
    arguments=(
        Argument("name", Type.TEXT, "name of the system variable, such as local_infile", required=True, pattern=r"[A-Za-z0-9_]+"),
    ),
    attributes=(
        Attribute("value", Type.TEXT, "the global value in force, such as ON; absent when this version has no such setting"),
        Attribute("number", Type.INTEGER, "the value as a whole number"),
        Attribute("values", Type.LIST, "the value's elements, where commas stand between them"),
        Attribute("version", Type.VERSION, "version of the server; MariaDB's holds the word MariaDB"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="| local_infile = ON\n| version = 10.11.11-MariaDB-0+deb12u1\nend\n",
    time_limit_s=60,
    needs_root=True,
    condition="name",
)
