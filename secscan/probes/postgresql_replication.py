"""How far behind the copies of each running PostgreSQL server are: WAL that waits for the archive, standbys, replication slots.

A standby that has replayed all it received may have received nothing for days; so it is told separately whether it is connected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable
from secscan.syntax.postgresql import TOUCHES, Server, ask_servers, read_servers

_SQL = """SELECT 'server standby=' || CASE WHEN pg_is_in_recovery() THEN 'yes' ELSE 'no' END
|| ' archiving=' || current_setting('archive_mode')
|| ' waiting=' || (SELECT count(*) FROM pg_ls_dir('pg_wal/archive_status') AS f WHERE f LIKE '%.ready')
|| ' waiting_since=' || coalesce((SELECT floor(extract(epoch FROM
min((pg_stat_file('pg_wal/archive_status/' || f, true)).modification)))::text
FROM pg_ls_dir('pg_wal/archive_status') AS f WHERE f LIKE '%.ready'), '')
|| ' receiver=' || coalesce((SELECT status FROM pg_stat_wal_receiver LIMIT 1), '')
|| ' heard=' || coalesce((SELECT floor(extract(epoch FROM last_msg_receipt_time))::text FROM pg_stat_wal_receiver LIMIT 1), '')
|| ' replayed=' || coalesce(floor(extract(epoch FROM pg_last_xact_replay_timestamp()))::text, '')
|| ' delay=' || CASE WHEN NOT pg_is_in_recovery() THEN ''
WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN '0'
ELSE coalesce(round(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::numeric, 1)::text, '') END
UNION ALL SELECT 'replica state=' || coalesce(state, '') || ' sync=' || coalesce(sync_state, '')
|| ' lag=' || CASE WHEN pg_is_in_recovery() THEN coalesce(round(extract(epoch FROM replay_lag)::numeric, 1)::text, '')
WHEN replay_lsn = pg_current_wal_lsn() THEN '0' ELSE coalesce(round(extract(epoch FROM replay_lag)::numeric, 1)::text, '') END
|| ' behind=' || coalesce(round(pg_wal_lsn_diff(
CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, replay_lsn))::text, '')
|| ' name=' || coalesce(application_name, '') FROM pg_stat_replication
UNION ALL SELECT 'slot active=' || CASE WHEN active THEN 'yes' ELSE 'no' END
|| ' kept=' || coalesce(round(pg_wal_lsn_diff(
CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn))::text, '')
|| ' name=' || slot_name FROM pg_replication_slots"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `psql` per server."""
    return Question(f"{ask_servers(_SQL)}\npart 0 0", TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """For each server `server PORT DIRECTORY`, rows `| server ..`, `| replica ..`, `| slot ..`, `done`; then `end`."""
    servers = read_servers(answer)
    if isinstance(servers, Absent | Unobservable):
        return servers
    faults = "; ".join(server.fault for server in servers if server.fault)

    def rows(kind: str, record: Callable[[Server, str], Record]) -> Value:
        told = tuple(record(server, rest) for server in servers for word, _, rest in map(_split, server.rows) if word == kind)
        return Unobservable(faults) if faults else told

    return Observed({
        "servers": tuple(map(_server, servers)),
        "replicas": rows("replica", _replica),
        "slots": rows("slot", _slot),
        "count": len(servers),
    })  # fmt: skip


def _split(row: str) -> tuple[str, str, str]:
    word, space, rest = row.partition(" ")
    if word not in {"server", "replica", "slot"}:
        raise Unreadable(f"not a row about replication: {row[:120]!r}")
    return word, space, rest


def _words(rest: str, names: Sequence[str]) -> dict[str, str]:
    told = dict(word.split("=", 1) for word in rest.split(" ", len(names) - 1))
    if tuple(told) != tuple(names):
        raise Unreadable(f"expected {' '.join(names)} in {rest[:120]!r}")
    return told


def _server(server: Server) -> Record:
    if server.fault:
        unknown = dict.fromkeys((field.name for field in _SERVER_FIELDS), Unobservable(server.fault))
        return {**unknown, "port": server.port, "directory": server.directory}
    own = [rest for word, _, rest in map(_split, server.rows) if word == "server"]
    if len(own) != 1:
        raise Unreadable(f"expected one row about the server, got {len(own)}")
    told = _words(own[0], ("standby", "archiving", "waiting", "waiting_since", "receiver", "heard", "replayed", "delay"))
    standby = told["standby"] == "yes"
    only_standbys = Absent("a standby: this server leads")
    return {
        "port": server.port,
        "directory": server.directory,
        "standby": standby,
        "archiving": told["archiving"] in {"on", "always"},
        "waiting": int(told["waiting"]),
        "waiting_since": _number(told["waiting_since"], "a file that waits"),
        "connected": told["receiver"] == "streaming" if standby else only_standbys,
        "heard": _number(told["heard"], "a server that it is connected to"),
        "replayed": _number(told["replayed"], "a replayed transaction"),
        "delay": _number(told["delay"], "a replayed transaction") if standby else only_standbys,
    }


def _replica(server: Server, rest: str) -> Record:
    told = _words(rest, ("state", "sync", "lag", "behind", "name"))
    return {
        "port": server.port, "name": told["name"], "state": told["state"] or Unobservable("not told"), "sync": told["sync"],
        "lag": _number(told["lag"], "a lag that was measured"), "behind": _size(told["behind"]),
    }  # fmt: skip


def _slot(server: Server, rest: str) -> Record:
    told = _words(rest, ("active", "kept", "name"))
    return {"port": server.port, "name": told["name"], "active": told["active"] == "yes", "kept": _size(told["kept"])}


def _number(text: str, otherwise: str) -> Value:
    return float(text) if text else Absent(otherwise)


def _size(text: str) -> Value:
    return max(int(text), 0) if text else Absent("a position in the WAL")


_SERVER_FIELDS = (
    Attribute("port", Type.INTEGER, "port of the server"),
    Attribute("directory", Type.TEXT, "its data directory"),
    Attribute("standby", Type.BOOLEAN, "it follows another server"),
    Attribute("archiving", Type.BOOLEAN, "it archives its WAL"),
    Attribute("waiting", Type.INTEGER, "WAL files that are complete and not archived", passing=True),
    Attribute("waiting_since", Type.TIMESTAMP, "since when the oldest of them waits; absent when none does"),
    Attribute("connected", Type.BOOLEAN, "a standby receives WAL from its server; absent on a server that leads"),
    Attribute("heard", Type.TIMESTAMP, "when a standby last heard of its server; absent when it is not connected"),
    Attribute("replayed", Type.TIMESTAMP, "time of the last transaction that a standby replayed"),
    Attribute("delay", Type.DURATION, "age of what a standby replayed; 0 when it replayed all it received; absent where it leads"),
)
PROBE = Probe(
    name="postgresql_replication",
    summary="WAL archive, standbys and replication slots of every PostgreSQL server that runs",
    arguments=(),
    attributes=(
        Attribute("servers", Type.RECORDS, "one record per server that runs on the host", _SERVER_FIELDS),
        Attribute(
            "replicas", Type.RECORDS, "one record per standby, archiver or backup that is connected to one of them",
            (
                Attribute("port", Type.INTEGER, "port of the server"),
                Attribute("name", Type.TEXT, "the name it gives itself"),
                Attribute("state", Type.TEXT, "streaming, catchup, startup, backup, stopping"),
                Attribute("sync", Type.TEXT, "async, sync, quorum or potential"),
                Attribute("lag", Type.DURATION, "how long it takes until it has replayed a transaction; absent when not measured"),
                Attribute("behind", Type.SIZE, "bytes of WAL it has not replayed"),
            ),
        ),
        Attribute(
            "slots", Type.RECORDS, "one record per replication slot",
            (
                Attribute("port", Type.INTEGER, "port of the server"),
                Attribute("name", Type.TEXT, "name of the slot"),
                Attribute("active", Type.BOOLEAN, "somebody uses it"),
                Attribute("kept", Type.SIZE, "bytes of WAL that are kept for it"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many servers run"),
    ),
    ask=ask,
    read=read,
    example=(
        "server 5432 /var/lib/postgresql/15/main\n"
        "| server standby=no archiving=on waiting=0 waiting_since= receiver= heard= replayed= delay=\n"
        "| replica state=streaming sync=async lag=0.2 behind=0 name=15/standby\ndone\nend\n"
    ),
    time_limit_s=60,
    needs_root=True,
)  # fmt: skip
