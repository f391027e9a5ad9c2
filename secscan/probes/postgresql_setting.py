"""Settings of PostgreSQL as each running server has them in force, told by the server itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Scalar, Type, Unobservable
from secscan.probing import Unreadable
from secscan.syntax.postgresql import TOUCHES, Server, ask_servers, read_servers

_SETTING = re.compile(r"([a-z0-9_.]+) source=(\S+) unit=(\S*) pending=(yes|no) value=(.*)", re.IGNORECASE)
_OVERRIDE = re.compile(r"override \S+ for=(\S+)@(\S+) value=(.*)")
_SAVED = re.compile(r"saved \S+ value=(.*)")
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}
_BYTES = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2}
_SQL = """SELECT name || ' source=' || replace(source, ' ', '-') || ' unit=' || coalesce(unit, '') || ' pending='
|| CASE WHEN pending_restart THEN 'yes' ELSE 'no' END || ' value=' || translate(setting, chr(10) || chr(13), '  ')
FROM pg_settings WHERE name IN ({names})
UNION ALL SELECT 'override ' || split_part(one, '=', 1) || ' for=' || coalesce(replace(rolname, ' ', '_'), '*') || '@'
|| coalesce(replace(datname, ' ', '_'), '*') || ' value=' || translate(substr(one, strpos(one, '=') + 1), chr(10) || chr(13), '  ')
FROM pg_db_role_setting LEFT JOIN pg_roles r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase,
unnest(setconfig) AS one WHERE split_part(one, '=', 1) IN ({names})
UNION ALL SELECT 'saved ' || name || ' value=' || translate(CASE WHEN vartype = 'enum'
THEN lower(coalesce(saved, boot_val)) ELSE coalesce(saved, boot_val, '') END, chr(10) || chr(13), '  ')
FROM (SELECT name, vartype, source, reset_val, boot_val, (SELECT CASE WHEN vartype <> 'bool' THEN setting
WHEN lower(setting) IN ('1', 't', 'tr', 'tru', 'true', 'on', 'y', 'ye', 'yes') THEN 'on' ELSE 'off' END
FROM pg_file_settings f WHERE lower(f.name) = lower(s.name) ORDER BY seqno DESC LIMIT 1) AS saved FROM pg_settings s
WHERE name IN ({names})) AS both_of WHERE vartype IN ('bool', 'enum', 'string')
AND (source = 'configuration file' OR (source = 'default' AND saved IS NOT NULL))
AND CASE WHEN vartype = 'enum' THEN lower(coalesce(saved, boot_val, '')) <> lower(reset_val)
ELSE coalesce(saved, boot_val, '') <> coalesce(reset_val, '') END"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `psql` per server for all settings."""
    names = ", ".join(f"'{name}'" for name in dict.fromkeys(str(call["name"]) for call in calls))
    return Question(ask_servers(_SQL.format(names=names)), TOUCHES)


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own rows, with the lines that tell the servers apart."""
    lines = answer.text.split("\n")
    return [replace(answer, stdout="\n".join(_own(str(call["name"]), lines)).encode()) for call in calls]


def _own(name: str, lines: Iterable[str]) -> Iterable[str]:
    return (
        line
        for line in lines
        if not line.startswith("| ") or line.startswith((f"| {name} ", f"| override {name} ", f"| saved {name} "))
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """For each server `server PORT DIRECTORY`, `| NAME source=.. unit=.. pending=.. value=..`, `done`; then `end`."""
    servers = read_servers(answer)
    if isinstance(servers, Absent | Unobservable):
        return servers
    name = str(call["name"])
    records = tuple(_record(name, server) for server in servers)
    fault = next((server.fault for server in servers if server.fault), "")
    values = tuple(dict.fromkeys(str(record["value"]) for record in records if isinstance(record["value"], str)))
    unknown = next((record["value"] for record in records if isinstance(record["value"], Unobservable)), None)
    overrides = tuple(override for server in servers for override in _overrides(server))
    return Observed({
        "servers": records,
        "values": unknown or values,
        "overrides": Unobservable(fault) if fault else overrides,
        "saved": Unobservable(fault) if fault else tuple(saved for server in servers for saved in _saved(server)),
    })  # fmt: skip


def _record(name: str, server: Server) -> Record:
    missing = Absent(f"a setting {name} in this version, or in what it has loaded")
    nothing = Unobservable(server.fault) if server.fault else missing
    told: Record = dict.fromkeys(("value", "number", "seconds", "bytes", "source", "pending_restart"), nothing)
    for row in server.rows:
        if row.startswith(("override ", "saved ")):
            continue
        setting = _SETTING.fullmatch(row)
        if not setting or setting[1] != name:
            raise Unreadable(f"not the setting {name}: {row[:120]!r}")
        _, source, unit, pending, value = setting.groups()
        told = {
            "value": Unobservable("a secret: masked on the host") if "********" in value else value,
            "number": _scaled(value, 1),
            "seconds": _scaled(value, _SECONDS.get(unit)),
            "bytes": _scaled(value, _BYTES.get(unit)),
            "source": source,
            "pending_restart": pending == "yes",
        }
    return {"port": server.port, "directory": server.directory, **told}


def _overrides(server: Server) -> Iterable[Record]:
    for row in server.rows:
        if not row.startswith("override "):
            continue
        match = _OVERRIDE.fullmatch(row)
        if not match:
            raise Unreadable(f"not a setting for some sessions: {row[:120]!r}")
        yield {"port": server.port, "role": match[1], "database": match[2], "value": match[3]}


def _saved(server: Server) -> Iterable[Record]:
    for row in server.rows:
        if not row.startswith("saved "):
            continue
        match = _SAVED.fullmatch(row)
        if not match:
            raise Unreadable(f"not what a file says: {row[:120]!r}")
        secret = "********" in match[1]
        yield {"port": server.port, "value": Unobservable("a secret: masked on the host") if secret else match[1]}


def _scaled(value: str, unit: float | None) -> Scalar | Unobservable:
    if not re.fullmatch(r"-?\d{1,18}", value):
        return Unobservable(f"{value[:60]!r} is not a whole number")
    if unit is None:
        return Unobservable("the setting is no such quantity")
    return int(value) * unit


PROBE = Probe(
    name="postgresql_setting",
    summary="A setting of every PostgreSQL server that runs, as the server tells it",
    arguments=(
        Argument(
            "name", Type.TEXT, "name of the setting, such as ssl_min_protocol_version", required=True, pattern=r"[A-Za-z0-9_.]+"
        ),
    ),
    attributes=(
        Attribute(
            "servers",
            Type.RECORDS,
            "one record per server that runs on the host",
            (
                Attribute("port", Type.INTEGER, "port of the server"),
                Attribute("directory", Type.TEXT, "its data directory"),
                Attribute("value", Type.TEXT, "the value in force; absent when this version has no such setting"),
                Attribute("number", Type.INTEGER, "the value as a whole number, in the setting's own unit"),
                Attribute("seconds", Type.DURATION, "the value of a setting that is a time"),
                Attribute("bytes", Type.SIZE, "the value of a setting that is a size"),
                Attribute("source", Type.TEXT, "where it comes from: default, configuration-file, command-line, ..."),
                Attribute("pending_restart", Type.BOOLEAN, "the file says something else, which a restart would bring into force"),
            ),
        ),
        Attribute("values", Type.LIST, "the values of all servers, each once"),
        Attribute(
            "overrides",
            Type.RECORDS,
            "other values that sessions of some roles or in some databases begin with",
            (
                Attribute("port", Type.INTEGER, "port of the server"),
                Attribute("role", Type.TEXT, "the role; * for all"),
                Attribute("database", Type.TEXT, "the database; * for all"),
                Attribute("value", Type.TEXT, "the value"),
            ),
        ),
        Attribute(
            "saved",
            Type.RECORDS,
            "what the files say now where it is something else, in force after a restart; not told of numbers",
            (
                Attribute("port", Type.INTEGER, "port of the server"),
                Attribute("value", Type.TEXT, "the value; the default where the files name it no more"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    split=split,
    example="server 5432 /var/lib/postgresql/15/main\n| fsync source=default unit= pending=no value=on\ndone\nend\n",
    time_limit_s=60,
    needs_root=True,
    condition="name",
)
