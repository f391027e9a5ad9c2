"""MariaDB and MySQL: how the server that runs on a host is found and asked, as root over its socket."""

from __future__ import annotations

from collections.abc import Sequence

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
TOUCHES_FILES = ("option files of the server, told by mariadbd or mysqld --print-defaults", "/proc/PID/{exe,cmdline} of the server")

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

# tell_files PROGRAM PID NAME...: what the option files, and after them the command line, give to these variables at a start: first
# `option-files<tab>read`, or why not; then `file NAME<tab>VALUE` in order. The program itself only prints what it reads.
_FILES_AWK = r"""
function tell(option,   name, value, at) {
  if (option !~ /^--/) return
  sub(/ +$/, "", option)
  at = index(option, "=")
  name = tolower(substr(option, 3, (at ? at : length(option) + 1) - 3))
  value = at ? substr(option, at + 1) : "ON"
  gsub(/-/, "_", name)
  sub(/^loose_/, "", name)
  if (!(name in wanted)) {
    if (sub(/^(skip|disable)_/, "", name)) value = "OFF"
    else if (sub(/^enable_/, "", name)) value = "ON"
  } else if (name == "log_bin") value = "ON" # what it is given is the name of its files
  if (name in wanted) print "file " name "\t" value
}
BEGIN { many = split(names, parts, " "); for (i = 1; i <= many; i++) wanted[parts[i]] = 1 }
{
  gsub(/ --/, "\n--")
  many = split($0, parts, "\n")
  for (i = 1; i <= many; i++) tell(parts[i])
}
"""
TELL_FILES = f"""files_awk={quote(_FILES_AWK)}
tell_files() {{
  reader=$1 pid=$2
  shift 2
  names=$*
  words=$(tr '\\000\\n' '\\n ' <"/proc/$pid/cmdline")
  set -f
  IFS='
'
  set --
  for word in $words; do
    case $word in --defaults-*file=* | --defaults-group-suffix=* | --no-defaults) set -- "$@" "$word" ;; esac
  done
  set +f
  unset IFS
  set -- "$reader" "$@" --print-defaults
  if ! text=$(env -u MYSQL_HOME -u MYSQL_GROUP_SUFFIX HOME=/nonexistent "$@" 2>/dev/null </dev/null); then
    printf 'option-files\\t%s cannot tell what they say\\n' "$reader"
    return 0
  fi
  printf 'option-files\\tread\\n'
  printf '%s\\n%s\\n' "$text" "$words" | awk -v names="$names" "$files_awk"
}}
tell_saved() {{ # NAME...: of the server in $servers
  for pid in $servers; do
    exe=$(readlink "/proc/$pid/exe")
    exe=${{exe% (deleted)}}
    case $exe in
      /usr/* | /opt/*) tell_files "$exe" "$pid" "$@" ;;
      *) printf 'option-files\\tthe server runs from %s, which is no place of installed programs\\n' "${{exe:-?}}" ;;
    esac
  done
}}
"""


def ask_server(sql: str, options: Sequence[str] = ()) -> str:
    """Shell that prints the rows of one SQL question, each behind `| `, then `end`; or one conventional line.

    A part of the SQL between /*M! and */ is read by MariaDB only, one between /*!80000 and */ by MySQL 8. With `options`, names
    of variables, what a start of the server would give to these follows the rows (see tell_files).
    """
    tell = f"tell_saved {quote(*options)}" if options else ":"
    return f"""mask={quote(_AWK)}
{TELL_FILES if options else ""}{CALL_SERVER}if ask_server {quote(" ".join(sql.split()))}; then
  {{ printf '%s\n' "$rows"; {tell}; }} | awk "$mask"
fi"""
