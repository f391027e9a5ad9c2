"""Server programs of a host: those that run, by the names of their processes, containers left out; and whether one will start."""

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
    name=${line#*\(}
    if ! is_one_of "${name%\)*}" "$wanted"; then continue; fi
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

# starts_with_host NAME...: whether a service or socket of such a name (a pattern, no suffix) starts with the host or with another
# service; what does it is in $starter. False only where the init system is known and nothing of it would start one.
STARTS_WITH_HOST = r"""is_masked() { # UNIT
  [ "$(readlink "/etc/systemd/system/$1" 2>/dev/null)" = /dev/null ]
}
# shellcheck disable=SC2034 # not everybody asks what does it
starts_with_host() {
  starter='' known=''
  for directory in /etc/systemd/system /usr/lib/systemd/system /lib/systemd/system /etc/runlevels /etc/rc3.d; do
    if [ -d "$directory" ]; then known=yes; fi
  done
  if [ -z "$known" ]; then starter='an init system that is not known'; return 0; fi
  for name; do
    for link in /etc/systemd/system/*.wants/$name.service /etc/systemd/system/*.requires/$name.service \
      /etc/systemd/system/*.wants/$name.socket /etc/systemd/system/*.upholds/$name.service \
      /usr/lib/systemd/system/*.wants/$name.service /lib/systemd/system/*.wants/$name.service \
      /run/systemd/generator*/*.target.wants/$name.service /etc/rc[2345].d/S[0-9][0-9]$name /etc/runlevels/*/$name; do
      if [ ! -e "$link" ] && [ ! -L "$link" ]; then continue; fi
      unit=${link##*/}
      case $link in */etc/rc?.d/S*) unit=${unit#S??}.service ;; esac
      if ! is_masked "$unit"; then starter=$link; return 0; fi
    done
    wanted=$(printf '%s' "$name" | sed 's/[*]/[^ ]*/g')
    for file in $(grep -lsE "^(Wants|Requires|BindsTo|Upholds|Sockets)=(.* )?${wanted}[.](service|socket)" \
      /etc/systemd/system/*.service /usr/lib/systemd/system/*.service /lib/systemd/system/*.service); do
      # shellcheck disable=SC2254 # the name is a pattern
      case ${file##*/} in $name.service) ;; *) if ! is_masked "${file##*/}"; then starter=$file; return 0; fi ;; esac
    done
  done
  return 1
}
"""
