"""The accounts of MariaDB and MySQL: who may sign in from where, with what kind of proof. No hash leaves the host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.mysql import TOUCHES, ask_server

_SUPER = 1 << 15
_LOCAL = ("localhost", "127.0.0.1", "::1")
# What stands between /*M!100400 and */ is read by MariaDB from 10.4 on, what stands after /*!50700 by MySQL from 5.7 on only.
# Of what proves who one is, only whether it is empty, invalid or set goes out.
_SQL = """/*M!100400 SELECT CONCAT('account {"user":', JSON_QUOTE(User), ',"host":', JSON_QUOTE(Host), ',"priv":',
REGEXP_REPLACE(Priv, '"authentication_string": ?"(?!(invalid)?")[^"]*"', '"authentication_string":"set"'), '}') AS told
FROM mysql.global_priv */
/*!50700 SELECT CONCAT('account {"user":', JSON_QUOTE(CAST(User AS CHAR)), ',"host":', JSON_QUOTE(CAST(Host AS CHAR)),
',"priv":{"plugin":', JSON_QUOTE(plugin), ',"authentication_string":"', IF(COALESCE(authentication_string, '') = '', '', 'set'),
'","account_locked":', IF(account_locked = 'Y', 'true', 'false'), ',"access":', IF(Super_priv = 'Y', 32768, 0), '}}') AS told
FROM mysql.user */
UNION ALL SELECT CONCAT('open ', JSON_QUOTE(CAST(Db AS CHAR))) FROM mysql.db WHERE User = ''
/*M!100400 UNION ALL SELECT CONCAT('member ', JSON_ARRAY(User, Host, Role)) FROM mysql.roles_mapping */"""
_BY_PASSWORD = {"", "mysql_native_password", "mysql_old_password", "caching_sha2_password", "sha256_password", "ed25519", "parsec"}


def ask(calls: Sequence[Arguments]) -> Question:
    """One call of the client."""
    return Question(f"{ask_server(_SQL)}\npart 0 0", TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """`| account {...}` per account or role, `| open "DATABASE"` per database that anonymous users may use.

    `| member ["USER", "HOST", "ROLE"]` per role that is granted to an account, or to a role (then without a host); at last `end`.
    """
    said = reply(answer, "a MariaDB or MySQL server")
    if said:
        return said
    told: list[tuple[str, str, Mapping[str, Any]]] = []
    opened: list[str] = []
    granted: dict[tuple[str, str], list[str]] = {}
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        if line.startswith("| account "):
            account = json.loads(line.removeprefix("| account "))
            told.append((str(account["user"]), str(account["host"]), account["priv"]))
        elif line.startswith("| member "):
            user, host, role = map(str, json.loads(line.removeprefix("| member ")))
            granted.setdefault((user, host), []).append(role)
        elif line.startswith("| open "):
            opened.append(str(json.loads(line.removeprefix("| open "))))
        else:
            raise Unreadable(f"not an account: {line[:120]!r}")
    powerful = {name for name, _, priv in told if priv.get("is_role") is True and _is_super(priv)}
    accounts = [
        _record(user, host, priv, any(role in powerful for role in _roles(user, host, granted)))
        for user, host, priv in told
        if priv.get("is_role") is not True
    ]
    if not accounts:
        raise Unreadable("a server without a single account")
    return Observed({"accounts": tuple(accounts), "open_databases": tuple(dict.fromkeys(opened)), "count": len(accounts)})


def _is_super(told: Mapping[str, Any]) -> bool:
    return bool(int(told["access"]) & _SUPER)


def _roles(user: str, host: str, granted: Mapping[tuple[str, str], Sequence[str]]) -> set[str]:
    """The roles that an account may take, those that roles have in turn counted."""
    found: set[str] = set()
    waiting = list(granted.get((user, host), ()))
    while waiting:
        role = waiting.pop()
        if role not in found:
            found.add(role)
            waiting += granted.get((role, ""), ())
    return found


def _record(user: str, host: str, told: Mapping[str, Any], powerful: bool) -> Record:
    ways = [way or told for way in told.get("auth_or") or [told]]
    return {
        "name": f"{user}@{host}",
        "user": user,
        "host": host,
        "local": host in _LOCAL,
        "plugins": tuple(str(way.get("plugin", "")) for way in ways),
        "locked": told.get("account_locked") is True,
        "empty_password": any(way.get("plugin", "") in _BY_PASSWORD and not way.get("authentication_string") for way in ways),
        "administrator": powerful or _is_super(told),
    }


PROBE = Probe(
    name="mysql_account",
    summary="Every account of the MariaDB or MySQL server that runs",
    arguments=(),
    attributes=(
        Attribute(
            "accounts",
            Type.RECORDS,
            "the accounts; roles are left out",
            (
                Attribute("name", Type.TEXT, "USER@HOST"),
                Attribute("user", Type.TEXT, "name of the user; empty for the anonymous one"),
                Attribute("host", Type.TEXT, "where it may come from; % stands for anything"),
                Attribute("local", Type.BOOLEAN, "it may come from this host only"),
                Attribute("plugins", Type.LIST, "ways to prove who one is, any of which will do"),
                Attribute("locked", Type.BOOLEAN, "it cannot be signed in to"),
                Attribute("empty_password", Type.BOOLEAN, "the empty password is right"),
                Attribute("administrator", Type.BOOLEAN, "it has the right SUPER, itself or by a role of MariaDB"),
            ),
        ),
        Attribute("open_databases", Type.LIST, "databases, or patterns of their names, that anonymous users may use"),
        Attribute("count", Type.INTEGER, "how many accounts there are"),
    ),
    ask=ask,
    read=read,
    example=(
        '| account {"user":"root","host":"localhost","priv":{"access":18446744073709551615,"plugin":"mysql_native_password",'
        '"authentication_string":"invalid","auth_or":[{},{"plugin":"unix_socket"}]}}\nend\n'
    ),
    time_limit_s=60,
    needs_root=True,
)
