"""Redis and Valkey servers: who may reach them, whether a stranger must prove who he is, and whether data outlives a restart."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply, same_for_all
from secscan.syntax.redis import TOUCHES, fetch_servers


@dataclass(slots=True)
class _Server:
    """What was said of one server: settings in the order they are read, those of now, and what a stranger is answered.

    `began` and `changed` are seconds of the epoch: when the process began, when the newest of its files was changed.
    """

    running: bool
    file: str
    settings: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    now: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    began: int | None = None
    changed: int | None = None
    live: str = ""
    fault: str = ""

    def last(self, name: str) -> tuple[str, ...] | None:
        """The words that hold: the last time the setting is given; None when it never is."""
        return next((words for key, words in reversed(self.settings) if key == name), None)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    return Question(fetch_servers(), TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """`server STATE FILE`, settings after `| `, those of now after `now `, `live ANSWER`, `fault REASON`, `done`; at last `end`."""
    said = reply(answer, "a Redis or Valkey server")
    if said:
        return said
    servers = tuple(_record(server) for server in _servers(closed_lines(answer)))
    if not servers:
        return Unobservable("the server is installed, and no file of settings is where packages put it")
    return Observed({"servers": servers, "count": len(servers)})


def _servers(lines: Iterable[str]) -> Iterator[_Server]:
    server: _Server | None = None
    for line in lines:
        word, _, rest = line.partition(" ")
        state, _, file = rest.partition(" ")
        if word == "server" and server is None and state in {"running", "stopped"} and file:
            server = _Server(state == "running", file)
        elif server is not None and line == "done":
            yield server
            server = None
        elif server is None or not _take(server, word, rest):
            raise Unreadable(f"not what is said of a server: {line[:120]!r}")
    if server is not None:
        raise Unreadable("what is said of a server is cut off: its closing line 'done' is missing")


def _take(server: _Server, word: str, rest: str) -> bool:
    if word == "|" and rest:
        name, *words = rest.split()
        server.settings.append((name, tuple(words)))
    elif word == "now" and rest:
        name, *words = rest.split()
        server.now.append((name, tuple(words)))
    elif word == "began" and rest.isdecimal():
        server.began = int(rest)
    elif word == "changed" and rest.isdecimal():
        server.changed = max(int(rest), server.changed or 0)
    elif word == "live" and rest:
        server.live = rest
    elif word == "fault" and rest:
        server.fault = server.fault or rest
    else:
        return False
    return True


def _record(server: _Server) -> Record:
    file: Value = Absent("a file that is known") if server.file == "?" else server.file
    record: Record = {"file": file, "running": server.running, "answers": _answers(server)}
    if server.fault:
        unknown = ("bind", "port", "tls_port", "local", "protected", "password", "open_users", "append", "saves", "durable")
        return record | dict.fromkeys((*unknown, "clear_now", "durable_now"), Unobservable(server.fault))
    saves = _saves(server)
    bind = server.last("bind")
    port, tls_port = _port(server, "port", 6379), _port(server, "tls-port", 0)
    return record | {
        "bind": Absent("a setting of bind") if bind is None else bind,
        "port": port,
        "tls_port": tls_port,
        "local": _is_local(server),
        "protected": server.last("protected-mode") in {None, ("yes",)},
        "password": _needs_password(server),
        "open_users": any(name == "other" and not _is_closed(rules) for name, rules in server.settings),
        "append": server.last("appendonly") == ("yes",),
        "saves": Absent("a setting of save") if saves is None else saves,
        "durable": _is_durable(server),
        **_now(server),
    }


def _now(server: _Server) -> Record:
    """What holds while it runs: what it tells itself; where it tells strangers nothing, its files unless they are newer than it."""
    names = ("clear_now", "durable_now")
    if not server.running:
        return dict.fromkeys(names, Absent("a server that runs"))
    if server.live == "open" and len(server.now) < len({"bind", "port", "protected-mode", "appendonly", "save"}):
        return dict.fromkeys(names, Unobservable("the server does not tell its settings"))
    if server.live == "open":
        running = _Server(True, server.file, server.now)
        guarded = running.last("protected-mode") == ("yes",) and running.last("bind") in {
            (),
            ("*", "-::*"),
        }  # the built-in addresses
    elif server.began is None or server.changed is None:
        return dict.fromkeys(names, Unobservable("it is not known whether its files have changed since it began"))
    elif server.changed > server.began + 1:
        return dict.fromkeys(names, Unobservable("its files have changed since it began, and it tells strangers nothing"))
    else:
        running, guarded = server, False
    clear = not _is_local(running) and _port(running, "port", 6379) != 0 and not guarded
    return {"clear_now": clear, "durable_now": _is_durable(running)}


def _is_local(server: _Server) -> bool:
    bind = server.last("bind")
    ports = (_port(server, "port", 6379), _port(server, "tls-port", 0))
    return ports == (0, 0) or (bool(bind) and all(map(_is_loopback, bind or ())))


def _is_durable(server: _Server) -> bool:
    saves = _saves(server)
    return server.last("appendonly") == ("yes",) or saves is None or bool(saves)


def _answers(server: _Server) -> Value:
    if not server.running:
        return Absent("a server that runs")
    if server.live in {"open", "closed"}:
        return server.live
    if not server.fault and _port(server, "port", 6379) == 0:
        return Absent("a port for clear connections, at which it could be asked")
    return Unobservable(server.live.removeprefix("? ") or "the server was not asked")


def _port(server: _Server, name: str, default: int) -> int:
    words = server.last(name)
    if words is None:
        return default
    if len(words) != 1 or not words[0].isdecimal():
        raise Unreadable(f"not a port: {' '.join(words)[:60]!r}")
    return int(words[0])


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.removeprefix("-")).is_loopback
    except ValueError:
        return address.removeprefix("-") == "localhost"


def _needs_password(server: _Server) -> bool:
    """Whether a client that has not signed in may do nothing: users of an ACL decide before requirepass does."""
    if server.last("aclfile") is not None:
        rules = server.last("acl")
        return rules is not None and _is_closed(rules)
    rules = server.last("user")
    return server.last("requirepass") == ("set",) if rules is None else _is_closed(rules)


def _is_closed(rules: Iterable[str]) -> bool:
    """Rules of the user who has not signed in, in order: he is off, or has a password and never `nopass` after it."""
    on = free = False
    for rule in rules:
        on = rule == "on" or (on and rule not in {"off", "reset"})
        free = rule == "nopass" or (free and rule not in {"password", "resetpass", "reset"})
    return not (on and free)


def _saves(server: _Server) -> tuple[str, ...] | None:
    """The snapshots that are told; an empty one drops those before. None: the built-in ones."""
    told = [words for name, words in server.settings if name == "save"]
    if not told:
        return None
    start = max((place + 1 for place, words in enumerate(told) if not words), default=0)
    return tuple(" ".join(words) for words in told[start:])


PROBE = Probe(
    name="redis_server",
    summary="Redis and Valkey servers by their settings: reach, sign-in, durability; no password leaves the host",
    arguments=(),
    attributes=(
        Attribute(
            "servers",
            Type.RECORDS,
            "the servers that run; where none runs, the files of settings that there are",
            (
                Attribute("file", Type.TEXT, "the file of settings it was started with"),
                Attribute("running", Type.BOOLEAN, "it runs"),
                Attribute("bind", Type.LIST, "the addresses it listens on; absent: every address"),
                Attribute("port", Type.INTEGER, "port for clear connections; 0: none"),
                Attribute("tls_port", Type.INTEGER, "port for TLS; 0: none"),
                Attribute("local", Type.BOOLEAN, "only this host can reach it: loopback addresses, or a socket alone"),
                Attribute("protected", Type.BOOLEAN, "protected mode is on"),
                Attribute(
                    "password", Type.BOOLEAN, "by the settings, clients must sign in (requirepass, or the ACL of the user default)"
                ),
                Attribute("open_users", Type.BOOLEAN, "a user of the ACL other than default signs in without a password"),
                Attribute(
                    "answers",
                    Type.TEXT,
                    "what it is to a client of this host without a password: open or closed; absent when it is not asked in clear",
                ),
                Attribute("append", Type.BOOLEAN, "every change is written to a file (appendonly)"),
                Attribute("saves", Type.LIST, "when snapshots are written; absent: at the built-in times"),
                Attribute("durable", Type.BOOLEAN, "data outlives a restart: one of the two"),
                Attribute(
                    "durable_now",
                    Type.BOOLEAN,
                    "the same of the server that runs: as it tells clients without a password, else by its files unless they have "
                    "changed since it began",
                ),
                Attribute("clear_now", Type.BOOLEAN, "in the same way: it serves other hosts in clear"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many there are"),
    ),
    ask=ask,
    read=read,
    split=same_for_all,
    example=(
        "server running /etc/redis/redis.conf\n| bind 127.0.0.1 -::1\n| protected-mode yes\n| port 6379\n| appendonly no\n"
        "live open\nnow bind 127.0.0.1 -::1\nnow port 6379\nnow protected-mode yes\nnow appendonly no\nnow save 3600 1\ndone\nend\n"
    ),
    time_limit_s=60,
    needs_root=True,
)
