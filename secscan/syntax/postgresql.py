"""PostgreSQL servers that run on a host: how they are found, and how one SQL question is put to each by its owner.

A server is told by its process: it stands in its data directory, where postmaster.pid says on which port and in which directory its
socket is. It is asked as the owner of that directory, in a session that can only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from secscan.model.probe import Answer
from secscan.model.values import Absent, Unobservable
from secscan.probing import BECOME, MASK_AWK, Unreadable, closed_lines, quote, reply
from secscan.syntax.servers import FIND_SERVERS, STARTS_WITH_HOST

TOUCHES = (
    "/proc/*/{stat,cwd,exe,ns/pid}",
    "postmaster.pid of each server",
    "psql, as the owner of the data directory",
    "/etc/systemd/system, /etc/rc*.d and /etc/runlevels, where none runs",
    "awk",
)
_LIMIT = 2000  # rows of one server

# ask_servers SQL: for each server `server PORT DIRECTORY`, its rows after `| `, then `done`, or `fault REASON`; at last `end`
_SHELL = r"""nl='
'
options='-c default_transaction_read_only=on -c statement_timeout=10000 -c search_path=pg_catalog -c client_min_messages=error'
ask_one() { # PID SQL
  data=$(readlink "/proc/$1/cwd") program=$(readlink "/proc/$1/exe")
  port='' directory='' number=0
  while IFS= read -r line; do
    number=$((number + 1))
    case $number in 4) port=$line ;; 5) directory=$line ;; esac
  done 2>/dev/null <"$data/postmaster.pid"
  case $port in
    '' | *[!0-9]*) printf 'server 0 ?\nfault postmaster.pid of process %s cannot be read by this user\n' "$1"; return 0 ;;
  esac
  case $data in *"$nl"*) printf 'server %s ?\nfault its data directory holds a line break\n' "$port"; return 0 ;; esac
  printf 'server %s %s\n' "$port" "$data"
  owner=$(stat -c %U -- "$data")
  case $program in
    /usr/* | /opt/*) ;;
    *) printf 'fault the server runs from %s, which is no place of installed programs\n' "${program:-?}"; return 0 ;;
  esac
  if [ -z "$directory" ]; then printf 'fault the server has no socket to be asked at\n'; return 0; fi
  psql=${program%/*}/psql
  [ -x "$psql" ] || psql=$(command -v psql) || { printf 'fault there is no psql command\n'; return 0; }
  question=$2
  put() {
    become "$owner" env -u PGPASSFILE -u PGSERVICE PGCONNECT_TIMEOUT=5 PGOPTIONS="$options" \
      "$psql" -XAtqw -v ON_ERROR_STOP=1 -h "$directory" -p "$port" -U "$owner" -d postgres -c "$question"
  }
  if ! rows=$(put 2>/dev/null); then
    printf 'fault %s\n' "$(put 2>&1 >/dev/null | tr '\n' ' ')"
    return 0
  fi
  { [ -z "$rows" ] || printf '%s\n' "$rows"; } | awk "$mask"
}
ask_servers() { # SQL
  program=''
  for file in /usr/lib/postgresql*/*/bin/postgres /usr/lib/postgresql*/bin/postgres /usr/pgsql-*/bin/postgres \
    /usr/libexec/postgresql*/postgres /usr/bin/postgres /usr/local/bin/postgres /usr/local/pgsql/bin/postgres; do
    if [ -x "$file" ]; then program=$file; fi
  done
  if [ -r /proc/self/stat ]; then find_servers postgres postmaster; else servers='' elsewhere=0; fi
  if [ -z "$servers" ]; then
    if [ "$elsewhere" != 0 ] || { [ -n "$program" ] && [ "$(id -u)" != 0 ]; }; then
      printf 'unobservable: PostgreSQL answers to root and to its own user only\n'
    elif [ -n "$program" ] && starts_with_host 'postgresql*'; then
      printf 'unobservable: PostgreSQL does not run and cannot be asked, but starts by %s\n' "$starter"
    else printf 'absent\n'; fi
    return 0
  fi
  for tool in awk stat; do
    if ! have $tool; then printf 'unobservable: there is no %s command\n' $tool; return 0; fi
  done
  for pid in $servers; do ask_one "$pid" "$1"; done
  if [ "$elsewhere" != 0 ]; then printf 'server 0 ?\nfault another server is seen by root only\n'; fi
  printf 'end\n'
}
"""
_AWK = f"""{MASK_AWK}NR > {_LIMIT} {{ exit }}
{{ print "| " mask($0) }}
END {{ print (NR > {_LIMIT} ? "fault more than {_LIMIT} rows" : "done") }}"""


@dataclass(frozen=True, slots=True)
class Server:
    """What one server said: its rows, or why it did not."""

    port: int
    directory: str
    rows: tuple[str, ...]
    fault: str = ""


def ask_servers(sql: str) -> str:
    """Shell that puts one SQL question to every server that runs. Each row should be one text without line breaks."""
    return f"mask={quote(_AWK)}\n{FIND_SERVERS}{STARTS_WITH_HOST}{BECOME}{_SHELL}ask_servers {quote(' '.join(sql.split()))}"


def read_servers(answer: Answer) -> Sequence[Server] | Absent | Unobservable:
    """Every server with its rows; Absent when PostgreSQL is not there."""
    said = reply(answer, "a PostgreSQL server")
    if said:
        return said
    servers = tuple(_servers(closed_lines(answer)))
    if not servers:
        raise Unreadable("neither a server nor `absent`")
    return servers


def _servers(lines: Iterable[str]) -> Iterable[Server]:
    port, directory, opened = 0, "", False
    rows: list[str] = []
    for line in lines:
        if line.startswith("server ") and not opened:
            _, number, directory = line.split(" ", 2)
            port, rows, opened = int(number), [], True
        elif line.startswith("| ") and opened:
            rows.append(line[2:])
        elif line == "done" and opened:
            yield Server(port, directory, tuple(rows))
            opened = False
        elif line.startswith("fault ") and opened:
            yield Server(port, directory, (), line.removeprefix("fault ").strip() or "the server did not answer")
            opened = False
        else:
            raise Unreadable(f"not what a server says: {line[:120]!r}")
    if opened:
        raise Unreadable("what a server says is cut off: its closing line 'done' is missing")
