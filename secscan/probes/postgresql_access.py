"""Who may sign in to PostgreSQL and how: pg_hba.conf with its includes, as each running server itself reads the files.

A server tells what the files say now, and to nobody what they said when it last read them, which it goes on with: of files that
have changed since then it is not known what is in force.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable
from secscan.syntax.postgresql import TOUCHES, Server, ask_servers, read_servers

_ROW = re.compile(
    r"line=(\d+) type=(\S*) databases=(\S*) users=(\S*) address=(\S*) netmask=(\S*) method=(\S*) options=(\S*) error=(.*)"
)
_STATE = re.compile(r"loaded=(\d{1,12}(?:\.\d+)?) changed=(\d{1,12})")
# Passwords that stand among the options (of LDAP and RADIUS) stay on the host. Names keep no blanks, so that words stay words.
_SQL = """SELECT 'line=' || coalesce(line_number, 0) || ' type=' || coalesce(type, '')
|| ' databases=' || coalesce(replace(array_to_string(database, ','), ' ', '_'), '')
|| ' users=' || coalesce(replace(array_to_string(user_name, ','), ' ', '_'), '')
|| ' address=' || coalesce(address, '') || ' netmask=' || coalesce(netmask, '') || ' method=' || coalesce(auth_method, '')
|| ' options=' || coalesce((SELECT string_agg(replace(
regexp_replace(one, '^(ldapbindpasswd|radiussecrets)=.*', '\\1:set'), ' ', '_'), ',') FROM unnest(options) AS one), '')
|| ' error=' || translate(coalesce(error, ''), chr(10) || chr(13), '  ') FROM pg_hba_file_rules
UNION ALL SELECT 'loaded=' || extract(epoch FROM pg_conf_load_time())::numeric(20, 3)
|| ' changed=' || coalesce(max(extract(epoch FROM greatest((of_file).modification, (of_file).change)))::bigint, 0)
FROM (SELECT pg_stat_file(file, true) AS of_file FROM (SELECT current_setting('hba_file') AS file
UNION SELECT to_jsonb(rule) ->> 'file_name' FROM pg_hba_file_rules AS rule) AS files WHERE file IS NOT NULL) AS told"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `psql` per server."""
    return Question(f"{ask_servers(_SQL)}\npart 0 0", (*TOUCHES, "pg_hba.conf, read by the server"))


def read(call: Arguments, answer: Answer) -> Observation:
    """For each server `server PORT DIRECTORY`, a row per line of pg_hba.conf, `loaded=TIME changed=TIME`, `done`; then `end`."""
    servers = read_servers(answer)
    if isinstance(servers, Absent | Unobservable):
        return servers
    fault = next((server.fault for server in servers if server.fault), "")
    if fault:
        return Observed(dict.fromkeys(("rules", "faults", "in_force"), Unobservable(fault)))
    records = tuple(record for server in servers for record in _records(server))
    faults = tuple(f"line {record['line']}: {record['error']}" for record in records if isinstance(record["error"], str))
    unknown = next((state for server in servers for state in [_in_force(server)] if isinstance(state, Unobservable)), None)
    return Observed({"rules": records, "faults": faults, "in_force": unknown or True})


def _records(server: Server) -> list[Record]:
    rows = [row for row in server.rows if not _STATE.fullmatch(row)]
    if not rows:
        raise Unreadable("a server without a single line in pg_hba.conf")
    return [_record(server, row) for row in rows]


def _in_force(server: Server) -> bool | Unobservable:
    state = next((match for row in server.rows if (match := _STATE.fullmatch(row))), None)
    if not state or state[2] == "0":
        return Unobservable(f"port {server.port}: when its pg_hba.conf was changed and read is not known")
    if int(state[2]) > float(state[1]):
        return Unobservable(
            f"port {server.port}: pg_hba.conf has changed since the server read it, so what is in force is not known"
        )
    return True


def _record(server: Server, row: str) -> Record:
    match = _ROW.fullmatch(row)
    if not match:
        raise Unreadable(f"not a line of pg_hba.conf: {row[:120]!r}")
    line, kind, databases, users, address, netmask, method, options, error = match.groups()
    if not error and not (kind and method):
        raise Unreadable(f"neither a rule nor an error: {row[:120]!r}")
    local, everywhere = _reach(kind, address, netmask)
    nothing = Absent("a rule that the server can read")
    return {
        "port": server.port,
        "line": int(line),
        "type": kind or nothing,
        "databases": _listed(databases),
        "users": _listed(users),
        "address": f"{address}/{netmask}" if netmask else address or Absent("an address: the line is for the socket"),
        "same_host": local,
        "every_address": everywhere,
        "method": method or nothing,
        "options": _listed(options),
        "error": error or Absent("an error"),
    }


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _reach(kind: str, address: str, netmask: str) -> tuple[Value, Value]:
    """Whether a line is for this host only, and whether it is for every address."""
    if not kind:
        return Absent("a rule that the server can read"), Absent("a rule that the server can read")
    if kind == "local" or address == "samehost":
        return True, False
    if address == "all":
        return False, True
    if not netmask:
        return address in {"localhost", "ip6-localhost"}, address == "."
    first, mask = ipaddress.ip_address(address), ipaddress.ip_address(netmask)
    bits = int(mask).bit_count()
    return first.is_loopback and bits >= (8 if first.version == 4 else 128), bits == 0


PROBE = Probe(
    name="postgresql_access",
    summary="Every line of pg_hba.conf of every PostgreSQL server that runs, as the server reads it",
    arguments=(),
    attributes=(
        Attribute(
            "rules",
            Type.RECORDS,
            "the lines in their order; the first that fits a client decides",
            (
                Attribute("port", Type.INTEGER, "port of the server"),
                Attribute("line", Type.INTEGER, "line of the file"),
                Attribute("type", Type.TEXT, "local, host, hostssl, hostnossl, hostgssenc or hostnogssenc"),
                Attribute("databases", Type.LIST, "databases, or all, sameuser, samerole, replication"),
                Attribute("users", Type.LIST, "roles, or all; +NAME for the members of a role"),
                Attribute("address", Type.TEXT, "address and netmask, a host name, all, samenet or samehost; absent for local"),
                Attribute("same_host", Type.BOOLEAN, "only clients on this host can come by it"),
                Attribute("every_address", Type.BOOLEAN, "it is for all addresses there are"),
                Attribute("method", Type.TEXT, "trust, reject, scram-sha-256, md5, password, peer, ident, cert, ldap, ..."),
                Attribute("options", Type.LIST, "options of the method; passwords among them read NAME:set"),
                Attribute("error", Type.TEXT, "why the server cannot read the line; absent when it can"),
            ),
        ),
        Attribute("faults", Type.LIST, "the lines the server cannot read: with one of them, it keeps the rules it had before"),
        Attribute(
            "in_force",
            Type.BOOLEAN,
            "the files have not changed since each server last read them (a reload or start); else it is unknown what is in force",
        ),
    ),
    ask=ask,
    read=read,
    example=(
        "server 5432 /var/lib/postgresql/15/main\n"
        "| line=90 type=local databases=all users=postgres address= netmask= method=peer options= error=\n"
        "| line=97 type=host databases=all users=all address=10.0.0.0 netmask=255.0.0.0 method=scram-sha-256 options= error=\n"
        "| loaded=1767225600.125 changed=1767220000\ndone\nend\n"
    ),
    time_limit_s=60,
    needs_root=True,
)
