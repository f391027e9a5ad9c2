"""Settings of MariaDB and MySQL: as the running server has them in force, and as its next start would bring them into force."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.mysql import TOUCHES, TOUCHES_FILES, ask_server

_SQL = """SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names});
SELECT 'asked', 'origins' /*M! UNION ALL SELECT CONCAT('origin ', LOWER(VARIABLE_NAME)),
CONCAT(GLOBAL_VALUE_ORIGIN, ' ', COALESCE(DEFAULT_VALUE, '?')) FROM information_schema.SYSTEM_VARIABLES
WHERE VARIABLE_NAME IN ({names}) */ /*!80000 UNION ALL SELECT CONCAT('origin ', LOWER(VARIABLE_NAME)), CONCAT(VARIABLE_SOURCE, ' ?')
FROM performance_schema.variables_info WHERE VARIABLE_NAME IN ({names})
UNION ALL SELECT CONCAT('persisted ', LOWER(VARIABLE_NAME)), VARIABLE_VALUE FROM performance_schema.persisted_variables
WHERE VARIABLE_NAME IN ({names}) */"""
_ROW = re.compile(r"\| (?:(origin|persisted|file) )?([A-Za-z0-9_-]+) = ?(.*)")
_STAYS = {"COMPILE-TIME", "COMPILED", "AUTO", "COMMAND-LINE", "COMMAND_LINE", "ENV"}  # origins that a start brings again
_MULTIPLES = {"": 1, **{letter: 1024**power for power, letter in enumerate("kmgtpe", 1)}}


def ask(calls: Sequence[Arguments]) -> Question:
    """One call of the client for all settings; `version` among them, so that there always is an answer."""
    asked = tuple(dict.fromkeys(str(call["name"]).lower() for call in calls))
    names = ", ".join(f"'{name}'" for name in ("version", *asked))
    return Question(ask_server(_SQL.format(names=names), asked), (*TOUCHES, *TOUCHES_FILES))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own line after the one that tells the version."""
    lines = answer.text.split("\n")
    return [
        replace(answer, stdout="\n".join(line for line in lines if _concerns(str(call["name"]).lower(), line)).encode())
        for call in calls
    ]


def _concerns(name: str, line: str) -> bool:
    match = _ROW.fullmatch(line)
    return not match or match[2].lower() in {name, "option-files"} or (match[2] == "version" and not match[1])


def read(call: Arguments, answer: Answer) -> Observation:
    """`| version = VERSION` and `| NAME = VALUE` as the server tells them, what a start would bring (see _after_restart); `end`."""
    said = reply(answer, "a MariaDB or MySQL server")
    if said:
        return said
    told: dict[str, str] = {}
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        match = _ROW.fullmatch(line)
        if not match:
            raise Unreadable(f"not a setting: {line[:120]!r}")
        kind, name, value = match.groups()
        told[f"{kind or ''} {name.lower()}".strip()] = value
    name = str(call["name"]).lower()
    known = {"version", "asked", "option-files", name, f"origin {name}", f"persisted {name}", f"file {name}"}
    if "version" not in told or not told.keys() <= known:
        raise Unreadable(f"expected the server's version and {name}")
    missing = Absent(f"a setting {name} in this version")
    running = told.get(name, missing)
    after = _after_restart(name, running, told) if isinstance(running, str) else missing
    return Observed({**_values("{}", running), **_values("after_restart_{}", after), "version": told["version"]})


def _values(form: str, told: str | Absent | Unobservable) -> dict[str, Value]:
    """What is known of a value, under names of a form."""
    if isinstance(told, str) and "********" in told:
        told = Unobservable("a secret: masked on the host")
    value, number, values = (form.format(word) for word in ("value", "number", "values"))
    if not isinstance(told, str):
        return dict.fromkeys((value, number, values), told)
    return {value: told, number: _number(told), values: tuple(told.split(",")) if told else ()}


def _after_restart(name: str, running: str, told: Mapping[str, str]) -> str | Unobservable:
    """What the server would tell after a start: `persisted` beats `file`, the last that the files and the command line say.

    What neither names comes back as it is; as the default where it was set since the start, or by a file that names it no more.
    """
    files = told.get("option-files", "it was not asked what its option files say")
    for kind in ("persisted", "file"):
        if f"{kind} {name}" in told:
            return _as_told(told[f"{kind} {name}"], running)
    if files != "read":
        return Unobservable(files)
    if name == "log_bin" and "MariaDB" in told["version"]:  # it tells neither where this comes from nor the default
        return "OFF"
    origin, _, default = told.get(f"origin {name}", "").partition(" ")
    if origin in _STAYS:
        return running
    if not origin or default == "?":
        return Unobservable("the option files do not name it, and the server does not tell its default")
    return default


def _as_told(written: str, running: str) -> str:
    """A value of an option file as the server tells it, who has now a value of the same kind."""
    word = written.strip("\"'").lower()
    number = re.fullmatch(r"(-?\d{1,18})([kmgtpe]?)", word)
    if running.upper() in {"ON", "OFF"}:
        return "ON" if word in {"1", "on", "true", "yes"} else "OFF" if word in {"0", "off", "false", "no"} else word.upper()
    if number and re.fullmatch(r"-?\d+", running):
        return str(int(number[1]) * _MULTIPLES[number[2]])
    return written.strip("\"'")


def _number(value: str) -> Value:
    return int(value) if re.fullmatch(r"-?\d{1,18}", value) else Unobservable(f"{value[:60]!r} is not a whole number")


PROBE = Probe(
    name="mysql_setting",
    summary="A setting of the MariaDB or MySQL server that runs, and what its next start would make of it",
    arguments=(
        Argument("name", Type.TEXT, "name of the system variable, such as local_infile", required=True, pattern=r"[A-Za-z0-9_]+"),
    ),
    attributes=(
        Attribute("value", Type.TEXT, "the global value in force, such as ON; absent when this version has no such setting"),
        Attribute("number", Type.INTEGER, "the value as a whole number"),
        Attribute("values", Type.LIST, "the value's elements, where commas stand between them"),
        Attribute(
            "after_restart_value",
            Type.TEXT,
            "the value that the next start brings into force, by option files, command line and what is persisted; that of now "
            "where none names it and nobody set it since",
        ),
        Attribute("after_restart_number", Type.INTEGER, "that value as a whole number"),
        Attribute("after_restart_values", Type.LIST, "that value's elements, where commas stand between them"),
        Attribute("version", Type.VERSION, "version of the server; MariaDB's holds the word MariaDB"),
    ),
    ask=ask,
    read=read,
    split=split,
    example=(
        "| local_infile = ON\n| version = 10.11.11-MariaDB-0+deb12u1\n| asked = origins\n| origin local_infile = COMPILE-TIME ON\n"
        "| option-files = read\n| file local_infile = OFF\nend\n"
    ),
    time_limit_s=60,
    needs_root=True,
    condition="name",
)
