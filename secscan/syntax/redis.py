"""Redis and Valkey servers: how they and the files they were started with are found, and their settings without any password."""

from __future__ import annotations

from secscan.probing import quote
from secscan.syntax.servers import FIND_SERVERS

TOUCHES = (
    "/proc/*/{stat,cmdline,cgroup,ns/pid} of Redis and Valkey",
    "systemctl show of their units",
    "/etc/redis, /etc/valkey, /etc/redis.conf and what they include",
    "redis-cli or valkey-cli: PING and CONFIG GET, without a password",
    "/proc/stat",
    "awk",
)
_DEPTH = 8
# Of passwords only that there is one leaves the host; of users no name, only who has not signed in and who needs no password.
_AWK = r"""BEGIN {
  many = split("bind port tls-port protected-mode unixsocket appendonly save aclfile include", names, " ")
  for (i = 1; i <= many; i++) wanted[names[i]] = 1
}
{
  sub(/\r$/, "")
  gsub(/^[ \t]+|[ \t]+$/, "")
  if ($0 == "" || $0 ~ /^#/) next
  name = tolower($1)
  rest = $0
  if (!sub(/^[^ \t]+[ \t]+/, "", rest)) rest = ""
  if (name == "requirepass") { print "| requirepass " (rest ~ /^(""|\047\047)?$/ ? "empty" : "set"); next }
  if (name == "user") {
    line = $2 == "default" ? "| user" : "| other"
    for (i = 3; i <= NF; i++) {
      word = tolower($i)
      if (word ~ /^(on|off|nopass|resetpass|reset)$/) line = line " " word
      else if (word ~ /^[>#]/) line = line " password"
    }
    print line
    next
  }
  if (name in wanted) { gsub(/["\047]/, "", rest); print "| " name (rest == "" ? "" : " " rest) }
}"""
_SHELL = r"""lines() { # FILE DEPTH: its settings, those of files it includes in their place
  if [ ! -r "$1" ] || [ ! -f "$1" ]; then printf 'fault %s cannot be read\n' "$1"; return 0; fi
  if [ "$2" -gt @DEPTH@ ]; then printf 'fault includes are nested deeper than @DEPTH@\n'; return 0; fi
  [ -z "$began" ] || stat -L -c 'changed %Z' -- "$1"
  awk "$reduce" "$1" | while IFS= read -r line; do
    case $line in
      '| include /'*) for file in ${line#| include }; do lines "$file" $(($2 + 1)); done ;;
      '| include '*) printf 'fault it includes %s, by a name that is not absolute\n' "${line#| include }" ;;
      '| aclfile '*)
        printf '%s\n' "$line"
        lines "${line#| aclfile }" $(($2 + 1)) | sed 's/^| user/| acl/'
        ;;
      *) printf '%s\n' "$line" ;;
    esac
  done
}
options() { # WORD...: what stands on the command line, as lines of a file
  text=''
  for word; do
    case $word in --?*) text=$text$nl${word#--} ;; *) text="$text $word" ;; esac
  done
  printf '%s\n' "$text" | awk "$reduce"
}
started() { # PID: the words it was started with, one a line; nothing when that is not known
  words=$(tr '\000\n' '\n ' <"/proc/$1/cmdline" 2>/dev/null)
  unit=$(sed -n 's,^.*/\([^/]*\.service\)$,\1,p' "/proc/$1/cgroup" 2>/dev/null | head -n 1)
  case $words in
    *"$nl/"*) printf '%s\n' "$words" ;;
    *) [ -z "$unit" ] || systemctl show --property=ExecStart -- "$unit" 2>/dev/null |
         sed -n 's/^ExecStart=.*argv\[\]=\([^;]*\) ;.*/\1/p' | head -n 1 | tr ' ' '\n' ;;
  esac
}
reach() { # PID: how its client reaches the server, in $client and $where; $why when it cannot
  client='' where='' why='the process does not tell its port'
  for word in valkey-cli redis-cli; do if have $word; then client=$word; fi; done
  seen=$(tr '\000\n' '  ' <"/proc/$1/cmdline" 2>/dev/null)
  set -f
  # shellcheck disable=SC2086 # words
  set -- $seen
  set +f
  case ${2:-} in
    unixsocket:/*) where="-s ${2#unixsocket:}" ;;
    \**:[0-9]* | 0.0.0.0:[0-9]*) where="-h 127.0.0.1 -p ${2##*:}" ;;
    *:[0-9]*) where="-h ${2%:*} -p ${2##*:}" ;;
  esac
  if [ -z "$client" ]; then where='' why='there is neither a redis-cli nor a valkey-cli command'; fi
}
call_client() { # WORD...: as a client that has not signed in
  limit=''
  if timeout 5 true 2>/dev/null; then limit='timeout 5'; fi
  # shellcheck disable=SC2086 # words
  env -u REDISCLI_AUTH -u VALKEYCLI_AUTH $limit "$client" $where "$@" 2>&1 </dev/null
}
tell_now() { # what a server that asks for no password goes by now: a line of a file each, with the word now before it
  for name in bind port tls-port protected-mode appendonly save; do printf 'CONFIG GET %s\n' $name; done |
    env -u REDISCLI_AUTH -u VALKEYCLI_AUTH $limit "$client" $where 2>/dev/null |
    awk 'key == "" && /^(bind|port|tls-port|protected-mode|appendonly|save)\r?$/ { key = $1; next }
      key != "" { sub(/\r$/, ""); print "now " key ($0 == "" ? "" : " " $0); key = "" }'
}
beginning() { # PID: when it began, in seconds of the epoch
  boot=$(sed -n 's/^btime //p' /proc/stat) each=$(getconf CLK_TCK 2>/dev/null)
  sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null | awk -v boot="$boot" -v each="${each:-100}" '{ printf "%d", boot + $20 / each }'
}
knock() { # what a client is answered that gives no password
  if [ -z "$where" ]; then printf 'live ? %s\n' "$why"; return 0; fi
  said=$(call_client PING | head -n 1)
  case $said in
    PONG) printf 'live open\n'; tell_now ;;
    NOAUTH*) printf 'live closed\n' ;;
    *) printf 'live ? %s\n' "${said:-no answer}" ;;
  esac
}
tell() { # STATE CONF OPTION...
  printf 'server %s %s\n' "$1" "$2"
  [ -z "$began" ] || printf 'began %s\n' "$began"
  state=$1
  lines "$2" 0
  shift 2
  options "$@"
  [ "$state" != running ] || knock
  printf 'done\n'
}
tell_running() { # PID: the server, by the file it was started with; where nothing else knows that, it is asked itself
  reach "$1"
  began=$(beginning "$1")
  set -f
  IFS=$nl
  # shellcheck disable=SC2046 # one word a line
  set -- $(started "$1")
  set +f
  IFS=" 	$nl"
  [ $# = 0 ] || shift
  if [ $# = 0 ] && [ -n "$where" ]; then set -- "$(call_client INFO server | tr -d '\r' | sed -n 's/^config_file://p')"; fi
  case ${1:-} in
    /*) tell running "$@" ;;
    *)
      printf 'server running ?\n'
      knock
      printf 'fault the file that it was started with is not known\ndone\n'
      ;;
  esac
}
program='' began=''
for file in /usr/bin /usr/sbin /usr/local/bin; do
  if [ -x "$file/redis-server" ] || [ -x "$file/valkey-server" ]; then program=$file; fi
done
if [ -r /proc/self/stat ]; then find_servers redis-server valkey-server keydb-server; else servers='' elsewhere=0; fi
if [ -z "$program$servers" ] && [ "$elsewhere" = 0 ]; then printf 'absent\n'
elif [ "$elsewhere" != 0 ] || [ "$(id -u)" != 0 ]; then printf 'unobservable: the settings are read by root only\n'
elif ! have awk; then printf 'unobservable: there is no awk command\n'
else
  for pid in $servers; do tell_running "$pid"; done
  if [ -z "$servers" ]; then
    for file in /etc/redis.conf /etc/redis/redis.conf /etc/redis/redis-*.conf /etc/valkey/valkey.conf /etc/valkey/valkey-*.conf; do
      if [ -f "$file" ]; then tell stopped "$file"; fi
    done
  fi
  printf 'end\n'
fi"""


def fetch_servers() -> str:
    """Shell that prints each server with what its files and its command line say, and what it answers to a stranger."""
    return f"nl='\n'\nreduce={quote(_AWK)}\n{FIND_SERVERS}{_SHELL.replace('@DEPTH@', str(_DEPTH))}"
