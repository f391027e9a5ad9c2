"""How near each running PostgreSQL server is to standing still: its oldest transaction, its connections, its WAL archiver."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable
from secscan.syntax.postgresql import TOUCHES, Server, ask_servers, read_servers

_SQL = """SELECT 'version=' || current_setting('server_version_num')
|| ' standby=' || CASE WHEN pg_is_in_recovery() THEN 'yes' ELSE 'no' END
|| ' oldest_transaction=' || (SELECT max(age(datfrozenxid)) FROM pg_database)
|| ' connections=' || (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL)
|| ' max_connections=' || current_setting('max_connections')
|| ' archived=' || archived_count || ' failed=' || failed_count
|| ' last_archived=' || coalesce(floor(extract(epoch FROM last_archived_time))::text, '')
|| ' last_failed=' || coalesce(floor(extract(epoch FROM last_failed_time))::text, '') FROM pg_stat_archiver"""
_WORDS = (
    "version", "standby", "oldest_transaction", "connections", "max_connections",
    "archived", "failed", "last_archived", "last_failed",
)  # fmt: skip


def ask(calls: Sequence[Arguments]) -> Question:
    """One `psql` per server."""
    return Question(f"{ask_servers(_SQL)}\npart 0 0", TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """For each server `server PORT DIRECTORY`, `| version=.. standby=.. oldest_transaction=.. ...`, `done`; then `end`."""
    servers = read_servers(answer)
    if isinstance(servers, Absent | Unobservable):
        return servers
    return Observed({"servers": tuple(map(_record, servers)), "count": len(servers)})


def _record(server: Server) -> Record:
    if server.fault:
        names = (field.name for field in _FIELDS)
        return {**dict.fromkeys(names, Unobservable(server.fault)), "port": server.port, "directory": server.directory}
    if len(server.rows) != 1:
        raise Unreadable(f"expected one row, got {len(server.rows)}")
    told = dict(word.split("=", 1) for word in server.rows[0].split(" "))
    if tuple(told) != _WORDS or told["standby"] not in {"yes", "no"}:
        raise Unreadable(f"not the state of a server: {server.rows[0][:120]!r}")
    number = int(told["version"])
    major = str(number // 10000) if number >= 100000 else f"{number // 10000}.{number // 100 % 100}"
    used, limit = int(told["connections"]), int(told["max_connections"])
    return {
        "port": server.port,
        "directory": server.directory,
        "version": f"{major}.{number % 100}",
        "standby": told["standby"] == "yes",
        "oldest_transaction": int(told["oldest_transaction"]),
        "connections_percent": round(100 * used / limit, 1),
        "archived": int(told["archived"]),
        "archive_failures": int(told["failed"]),
        "last_archived": _moment(told["last_archived"], "a file that was archived"),
        "archiver_failing": _failing(told["last_archived"], told["last_failed"]),
    }


def _moment(text: str, otherwise: str) -> Value:
    return float(text) if text else Absent(otherwise)


def _failing(last_archived: str, last_failed: str) -> bool:
    """The last try failed: a failure that no success has followed."""
    return bool(last_failed) and (not last_archived or float(last_failed) > float(last_archived))


_FIELDS = (
    Attribute("port", Type.INTEGER, "port of the server"),
    Attribute("directory", Type.TEXT, "its data directory"),
    Attribute("version", Type.VERSION, "version of the server, such as 15.13"),
    Attribute("standby", Type.BOOLEAN, "it follows another server"),
    Attribute(
        "oldest_transaction", Type.INTEGER, "age of the oldest transaction id; at 2 000 000 000 the server stops", passing=True
    ),
    Attribute("connections_percent", Type.NUMBER, "share of the allowed connections that is in use"),
    Attribute("archived", Type.INTEGER, "WAL files archived since the figures were reset", passing=True),
    Attribute("archive_failures", Type.INTEGER, "failed tries to archive since the figures were reset", passing=True),
    Attribute("last_archived", Type.TIMESTAMP, "when a WAL file was last archived; absent when none was"),
    Attribute("archiver_failing", Type.BOOLEAN, "the last try to archive failed"),
)
PROBE = Probe(
    name="postgresql_state",
    summary="How every PostgreSQL server that runs is doing",
    arguments=(),
    attributes=(
        Attribute("servers", Type.RECORDS, "one record per server that runs on the host", _FIELDS),
        Attribute("count", Type.INTEGER, "how many servers run"),
    ),
    ask=ask,
    read=read,
    example=(
        "server 5432 /var/lib/postgresql/15/main\n"
        "| version=150013 standby=no oldest_transaction=737 connections=1 max_connections=100 archived=0 failed=0 last_archived= "
        "last_failed=\ndone\nend\n"
    ),
    time_limit_s=60,
    needs_root=True,
)
