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
UNION ALL SELECT CONCAT('open ', JSON_QUOTE(CAST(Db AS CHAR))) FROM mysql.db WHERE User = ''"""
_BY_PASSWORD = {"", "mysql_native_password", "mysql_old_password", "caching_sha2_password", "sha256_password", "ed25519", "parsec"}


def ask(calls: Sequence[Arguments]) -> Question:
    """One call of the client."""
    return Question(f"{ask_server(_SQL)}\npart 0 0", TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """`| account {...}` per account, `| open "DATABASE"` per database that anonymous users may use; then `end`."""
    said = reply(answer, "a MariaDB or MySQL server")
    if said:
        return said
    accounts: list[Record] = []
    opened: list[str] = []
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        if line.startswith("| account "):
            told = json.loads(line.removeprefix("| account "))
            if told["priv"].get("is_role") is not True:
                accounts.append(_record(str(told["user"]), str(told["host"]), told["priv"]))
        elif line.startswith("| open "):
            opened.append(str(json.loads(line.removeprefix("| open "))))
        else:
            raise Unreadable(f"not an account: {line[:120]!r}")
    if not accounts:
        raise Unreadable("a server without a single account")
    return Observed({"accounts": tuple(accounts), "open_databases": tuple(dict.fromkeys(opened)), "count": len(accounts)})


def _record(user: str, host: str, told: Mapping[str, Any]) -> Record:
    ways = [way or told for way in told.get("auth_or") or [told]]
    return {
        "name": f"{user}@{host}",
        "user": user,
        "host": host,
        "local": host in _LOCAL,
        "plugins": tuple(str(way.get("plugin", "")) for way in ways),
        "locked": told.get("account_locked") is True,
        "empty_password": any(way.get("plugin", "") in _BY_PASSWORD and not way.get("authentication_string") for way in ways),
        "administrator": bool(int(told["access"]) & _SUPER),
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
                Attribute("administrator", Type.BOOLEAN, "it has the right SUPER"),
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
