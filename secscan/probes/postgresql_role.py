"""The roles of every PostgreSQL server that runs: what they may do, and the kind of their password, never its hash."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable
from secscan.syntax.postgresql import TOUCHES, Server, ask_servers, read_servers

_RIGHTS = ("login", "superuser", "create_role", "create_database", "replication", "bypass_row_security")
_ROW = re.compile(r"(\S+) kept=(none|scram-sha-256|md5|unknown) rights=(\S*)")
_SQL = r"""SELECT replace(rolname, ' ', '_') || ' kept=' || CASE WHEN rolpassword IS NULL THEN 'none'
WHEN rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram-sha-256' WHEN rolpassword ~ '^md5[0-9a-f]{32}$' THEN 'md5' ELSE 'unknown' END
|| ' rights=' || concat_ws(',', CASE WHEN rolcanlogin THEN 'login' END,
CASE WHEN rolsuper OR EXISTS (SELECT FROM pg_authid s WHERE s.rolsuper AND pg_has_role(r.oid, s.oid, 'MEMBER'))
THEN 'superuser' END, CASE WHEN rolcreaterole THEN 'create_role' END, CASE WHEN rolcreatedb THEN 'create_database' END,
CASE WHEN rolreplication THEN 'replication' END, CASE WHEN rolbypassrls THEN 'bypass_row_security' END)
FROM pg_authid r WHERE rolname !~ '^pg_' ORDER BY rolname"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `psql` per server."""
    return Question(f"{ask_servers(_SQL)}\npart 0 0", TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """For each server `server PORT DIRECTORY`, `| NAME kept=KIND rights=RIGHT,...` per role, `done`; then `end`."""
    servers = read_servers(answer)
    if isinstance(servers, Absent | Unobservable):
        return servers
    fault = next((server.fault for server in servers if server.fault), "")
    if fault:
        return Observed(dict.fromkeys(("roles", "superusers", "password_kinds"), Unobservable(fault)))
    roles = tuple(_record(server, row) for server in servers for row in server.rows)
    if not roles:
        raise Unreadable("servers without a single role")
    kinds = dict.fromkeys(str(role["password"]) for role in roles if isinstance(role["password"], str))
    superusers = dict.fromkeys(str(role["name"]) for role in roles if role["superuser"] is True)
    return Observed({"roles": roles, "superusers": tuple(superusers), "password_kinds": tuple(kinds)})


def _record(server: Server, row: str) -> Record:
    match = _ROW.fullmatch(row)
    rights = match[3].split(",") if match and match[3] else []
    if not match or not set(rights) <= set(_RIGHTS):
        raise Unreadable(f"not a role: {row[:120]!r}")
    password = Absent("a password") if match[2] == "none" else match[2]
    return {"port": server.port, "name": match[1], "password": password, **{right: right in rights for right in _RIGHTS}}


PROBE = Probe(
    name="postgresql_role",
    summary="Every role of every PostgreSQL server that runs",
    arguments=(),
    attributes=(
        Attribute(
            "roles",
            Type.RECORDS,
            "the roles; those that PostgreSQL itself brings (pg_...) are left out",
            (
                Attribute("port", Type.INTEGER, "port of the server"),
                Attribute("name", Type.TEXT, "name of the role, blanks in it as _"),
                Attribute("password", Type.TEXT, "how its password is kept: scram-sha-256, md5 or unknown; absent without one"),
                Attribute("login", Type.BOOLEAN, "it may sign in"),
                Attribute("superuser", Type.BOOLEAN, "it may do everything, or become a role that may"),
                Attribute("create_role", Type.BOOLEAN, "it may make and change roles"),
                Attribute("create_database", Type.BOOLEAN, "it may make databases"),
                Attribute("replication", Type.BOOLEAN, "it may copy the whole server"),
                Attribute("bypass_row_security", Type.BOOLEAN, "row security does not bind it"),
            ),
        ),
        Attribute(
            "superusers",
            Type.LIST,
            "names of the roles that may do everything; those that cannot sign in too, since others may become them",
        ),
        Attribute("password_kinds", Type.LIST, "the kinds of passwords there are, each once"),
    ),
    ask=ask,
    read=read,
    example="server 5432 /var/lib/postgresql/15/main\n| postgres kept=none rights=login,superuser\ndone\nend\n",
    time_limit_s=60,
    needs_root=True,
)
