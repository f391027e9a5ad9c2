"""MariaDB and MySQL: how the server that runs on a host is found and asked, as root over its socket."""

from __future__ import annotations

from secscan.probing import MASK_AWK, quote
from secscan.syntax.servers import FIND_SERVERS, STARTS_WITH_HOST

TOUCHES = (
    "/proc/*/{stat,ns/pid}",
    "/etc/systemd/system, /etc/rc*.d and /etc/runlevels, where none runs",
    "mariadb or mysql, over the socket",
    "/root/.my.cnf and /etc/mysql/debian.cnf, read by the client",
    "awk",
)
_LIMIT = 5000  # rows

# ask_server SQL: the rows, or why there are none as a conventional line; true only when there are rows
_SHELL = r"""call_client() { # OPTION...
  "$client" "$@" --protocol=socket --connect-timeout=5 --batch --raw --skip-column-names --execute "$question" </dev/null
}
ask_server() {
  question=$1 program='' client='' rows=''
  for file in /usr/sbin/mariadbd /usr/sbin/mysqld /usr/libexec/mariadbd /usr/libexec/mysqld /usr/bin/mariadbd /usr/bin/mysqld \
    /usr/local/mysql/bin/mysqld; do
    if [ -x "$file" ]; then program=$file; fi
  done
  if [ -r /proc/self/stat ]; then find_servers mariadbd mysqld; else servers='' elsewhere=0; fi
  for file in mysql mariadb; do if have $file; then client=$file; fi; done
  set -f
  # shellcheck disable=SC2086 # process ids
  set -- $servers
  set +f
  if [ $# -gt 1 ]; then printf 'unobservable: %s servers run here; which of them answers is not known\n' $#
  elif [ $# = 0 ] && { [ "$elsewhere" != 0 ] || { [ -n "$program" ] && [ "$(id -u)" != 0 ]; }; }; then
    printf 'unobservable: the server answers to root only\n'
  elif [ $# = 0 ] && [ -n "$program" ] && starts_with_host 'mariadb*' 'mysql*'; then
    printf 'unobservable: %s does not run and cannot be asked, but starts by %s\n' "${program##*/}" "$starter"
  elif [ $# = 0 ]; then printf 'absent\n'
  elif [ -z "$client" ]; then printf 'unobservable: there is neither a mariadb nor a mysql command\n'
  elif ! have awk; then printf 'unobservable: there is no awk command\n'
  elif rows=$(call_client --host=localhost 2>/dev/null) && [ -n "$rows" ]; then return 0
  elif rows=$(call_client --defaults-file=/etc/mysql/debian.cnf 2>/dev/null) && [ -n "$rows" ]; then return 0
  else printf 'unobservable: %s: %s\n' "$client" "$(call_client --host=localhost 2>&1 >/dev/null | tr '\n' ' ')"; fi
  return 1
}
"""
CALL_SERVER = FIND_SERVERS + STARTS_WITH_HOST + _SHELL  # defines ask_server, which leaves its client in $client
_AWK = f"""{MASK_AWK}NR > {_LIMIT} {{ exit }}
{{ sub(/\t/, " = "); print "| " mask($0) }}
END {{ if (NR > {_LIMIT}) print "fault more than {_LIMIT} rows"; print "end" }}"""


def ask_server(sql: str) -> str:
    """Shell that prints the rows of one SQL question, each behind `| `, then `end`; or one conventional line.

    A part of the SQL between /*M! and */ is read by MariaDB only; MySQL takes it for a comment.
    """
    return f"""mask={quote(_AWK)}
{CALL_SERVER}if ask_server {quote(" ".join(sql.split()))}; then printf '%s\\n' "$rows" | awk "$mask"; fi"""
