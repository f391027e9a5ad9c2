"""How far behind the server it follows a MariaDB or MySQL server is, for each source it has."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.mysql import CALL_SERVER, TOUCHES

_WORDS = ("io", "sql", "behind", "io_error", "sql_error", "source", "name")
# The statements of MariaDB, of MySQL since 8.0.22 and of what was before; the errors leave the host as numbers.
_AWK = r"""function flush() {
  if (!open) return
  print "replica io=" told["io"] " sql=" told["sql"] " behind=" told["behind"] " io_error=" told["io_error"] \
    " sql_error=" told["sql_error"] " source=" told["source"] " name=" told["name"]
  replicas++; split("", told)
}
/^\*+ [0-9]+\. row \*+$/ { flush(); open = 1; next }
{
  at = index($0, ": "); if (!at) next
  key = substr($0, 1, at - 1); value = substr($0, at + 2); gsub(/^ +/, "", key)
  sub(/^Slave_/, "Replica_", key); sub(/_Master$/, "_Source", key); sub(/^Master_/, "Source_", key)
  if (key == "Replica_IO_Running") told["io"] = value
  else if (key == "Replica_SQL_Running") told["sql"] = value
  else if (key == "Seconds_Behind_Source") told["behind"] = value == "NULL" ? "" : value
  else if (key == "Last_IO_Errno") told["io_error"] = value
  else if (key == "Last_SQL_Errno") told["sql_error"] = value
  else if (key == "Source_Host") { gsub(/[ \t]/, "?", value); told["source"] = value }
  else if (key == "Connection_name" || key == "Channel_Name") told["name"] = value
}
END { flush(); if (!replicas) print "none"; print "end" }"""
_ASK = f"""tell_replicas() {{ # OPTION...
  for statement in 'SHOW ALL SLAVES STATUS' 'SHOW REPLICA STATUS' 'SHOW SLAVE STATUS'; do
    set -- "$@" --protocol=socket --connect-timeout=5
    if "$client" "$@" --batch --raw --column-names --vertical --execute "$statement" </dev/null; then return 0; fi
  done 2>/dev/null
  return 1
}}
if ask_server 'SELECT VERSION()'; then
  if told=$(tell_replicas --host=localhost) || told=$(tell_replicas --defaults-file=/etc/mysql/debian.cnf); then
    printf '%s\\n' "$told" | awk {quote(_AWK)}
  else printf 'unobservable: the server does not tell this user about replication\\n'; fi
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """Two or three calls of the client."""
    return Question(f"{CALL_SERVER}{_ASK}", TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines `replica io=.. sql=.. behind=.. io_error=.. sql_error=.. source=.. name=..`, or `none`; then `end`."""
    said = reply(answer, "a MariaDB or MySQL server")
    if said:
        return said
    lines = closed_lines(answer)
    if not lines:
        raise Unreadable("neither a source nor `none`")
    sources = tuple(_record(line) for line in lines if line != "none")
    return Observed({"sources": sources, "count": len(sources)})


def _record(line: str) -> Record:
    word, _, rest = line.partition(" ")
    told = dict(item.split("=", 1) for item in rest.split(" ", len(_WORDS) - 1))
    if word != "replica" or tuple(told) != _WORDS:
        raise Unreadable(f"not a source: {line[:120]!r}")
    return {
        "name": told["name"],
        "source": told["source"],
        "receiving": told["io"] == "Yes" if told["io"] else Unobservable("the server does not tell"),
        "applying": told["sql"] == "Yes" if told["sql"] else Unobservable("the server does not tell"),
        "behind": float(told["behind"]) if told["behind"] else Absent("a delay that the server knows: something stands still"),
        "errors": tuple(number for number in (told["io_error"], told["sql_error"]) if number not in {"", "0"}),
    }


PROBE = Probe(
    name="mysql_replication",
    summary="The servers that a MariaDB or MySQL server follows, and how far it is behind them",
    arguments=(),
    attributes=(
        Attribute(
            "sources", Type.RECORDS, "one record per server that it follows",
            (
                Attribute("name", Type.TEXT, "name of the connection or channel; empty for the only one"),
                Attribute("source", Type.TEXT, "the host it follows"),
                Attribute("receiving", Type.BOOLEAN, "it is connected and receives changes"),
                Attribute("applying", Type.BOOLEAN, "it applies what it received"),
                Attribute("behind", Type.DURATION, "how far behind it is; absent while one of the two stands still"),
                Attribute("errors", Type.LIST, "numbers of the errors that stopped it"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many servers it follows"),
    ),
    ask=ask,
    read=read,
    example="replica io=Yes sql=Yes behind=3 io_error=0 sql_error=0 source=db1.example.org name=\nend\n",
    time_limit_s=60,
    needs_root=True,
)  # fmt: skip
