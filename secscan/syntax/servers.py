"""Server programs that run on a host, found by the names of their processes, those in containers left out."""

from __future__ import annotations

# find_servers NAME...: process ids of running programs of these names in $servers, children of such programs left out;
# $elsewhere counts those of which this user may not know whether they run in a container
FIND_SERVERS = r"""is_one_of() { # NAME NAMES: the names stand between blanks
  case $2 in *" $1 "*) return 0 ;; esac
  return 1
}
find_servers() {
  servers='' elsewhere=0 wanted=" $* "
  own=$(readlink /proc/self/ns/pid)
  for stat in /proc/[0-9]*/stat; do
    line=''
    { IFS= read -r line <"$stat"; } 2>/dev/null
    name=${line#*(}
    if ! is_one_of "${name%)*}" "$wanted"; then continue; fi
    pid=${line%% *} rest=${line##*) }
    case $rest in Z*) continue ;; esac
    rest=${rest#* } name=''
    { IFS= read -r name <"/proc/${rest%% *}/comm"; } 2>/dev/null
    if is_one_of "$name" "$wanted"; then continue; fi
    space=$(readlink "/proc/$pid/ns/pid")
    if [ -z "$space" ]; then elsewhere=$((elsewhere + 1))
    elif [ "$space" = "$own" ]; then servers="$servers $pid"; fi
  done
}
"""
