"""What OpenRC keeps in files: which run levels a service is in, and whether it runs, as rc-update and rc-status tell it."""

from __future__ import annotations

# $booted: the run levels of a normal boot, between blanks, with those that are stacked into them (rc-update --stack). A service in
# `shutdown`, `nonetwork` or a level of somebody's own is not started by a boot.
# $needed: services that those of these levels need or want, between blanks; a boot starts them too.
# wanted_by_level NAME: sets $wants, the run levels it is in with commas between, and $enablement: enabled, disabled, or indirect
# state_of NAME: after wanted_by_level, sets $active, $sub and $pid; `?` where that cannot be seen. A daemon that is gone is
# `crashed`, as for rc-status. What the boot should have started and what does not run has failed: OpenRC keeps no record of why.
OPENRC = r"""newline='
'
line=
{ read -r line </proc/cmdline; } 2>/dev/null
booted=' sysinit boot default '
set -f
for word in $line; do
  case $word in softlevel=?*) booted=" sysinit boot ${word#softlevel=} " ;; esac
done
set +f
roots=' '
for level in $booted; do
  for link in /etc/runlevels/"$level"/* /etc/runlevels/"$level"/*/*; do
    if [ -d "$link" ]; then booted="$booted${link##*/} "; elif [ -e "$link" ]; then roots="$roots${link##*/} "; fi
  done
done
needed=" $(awk -v roots="$roots" '
  /^depinfo_[0-9]+_(service|ineed_[0-9]+|iwant_[0-9]+)=/ {
    p = index($0, "="); split(substr($0, 1, p - 1), key, "_"); value = substr($0, p + 1); gsub(/[^!-~]|[\047"]/, "", value)
    if (key[3] == "service") name = value; else wants[name] = wants[name] " " value
  }
  END {
    many = split(roots, queue, " ")
    for (i = 1; i <= many; i++) {
      count = split(wants[queue[i]], more, " ")
      for (j = 1; j <= count; j++) if (!(more[j] in found)) { found[more[j]] = 1; queue[++many] = more[j]; printf "%s ", more[j] }
    }
  }' /run/openrc/deptree 2>/dev/null)"
wanted_by_level() {
  wants='' enablement=disabled
  for link in /etc/runlevels/*/"$1"; do
    [ -e "$link" ] && [ ! -d "$link" ] || continue
    link=${link%/*}
    link=${link##*/}
    wants=$wants${wants:+,}$link
    case $booted in *" $link "*) enablement=enabled ;; esac
  done
  case $enablement$needed in disabled*" $1 "*) enablement=indirect wants=${wants:-default} ;; esac
}
state_of() {
  active=inactive sub=stopped pid=''
  if [ ! -e /run/openrc/softlevel ]; then active='?' sub='?'
  elif [ -e "/run/openrc/failed/$1" ]; then active=failed sub=failed
  elif [ -e "/run/openrc/started/$1" ]; then
    active=active sub=started recorded=''
    for told in /run/openrc/daemons/"$1"/*; do
      [ -r "$told" ] || continue
      held='' program='' recorded=yes
      while IFS= read -r line; do
        case $line in pidfile=?*) held=${line#pidfile=} ;; exec=?*) program=${line#exec=} ;; esac
      done <"$told"
      has_daemon
    done
    if [ -z "$recorded" ]; then # started by dpkg's start-stop-daemon, which makes no record: what the service said of itself
      held='' program=''
      { IFS= read -r held <"/run/openrc/options/$1/pidfile"; } 2>/dev/null
      { IFS= read -r program <"/run/openrc/options/$1/command"; } 2>/dev/null
      has_daemon
      case $held$sub in crashed) active='?' sub='?' ;; esac
    fi
  elif [ -e "/run/openrc/inactive/$1" ]; then sub=inactive
  elif [ -e "/run/openrc/starting/$1" ]; then active=activating sub=starting
  elif [ $enablement = enabled ]; then
    level=
    { read -r level </run/openrc/softlevel; } 2>/dev/null
    case $booted in
      *" ${level:-?} "*) # `keyword` keeps a service from starting on some machines
        if grep -Eq '^[^#]*keyword +.*-' "/etc/init.d/$1" 2>/dev/null; then active='?' sub='?'; else active=failed; fi ;;
    esac
  fi
}
has_daemon() { # by its pid file $held, else as a process of $program
  pid=
  if [ -n "$held" ]; then
    { read -r pid _ <"$held"; } 2>/dev/null
    if [ -e "$held" ] && [ -z "$pid" ]; then runs='?'
    elif [ -n "$pid" ] && [ -d "/proc/$pid" ]; then runs=yes
    elif [ -d /proc/1 ]; then runs=no
    else runs='?'; fi
  elif [ -n "$program" ]; then seek "$program"
  else return; fi
  case $runs in '?') active='?' sub='?' ;; no) active=failed sub=crashed pid= ;; esac
}
seek() { # PROGRAM: sets $runs. A script, and a name of busybox, cannot be told from others by the path of their process
  runs='?'
  real=$(readlink -f "$1" 2>/dev/null)
  case $real in */"${1##*/}") ;; *) return ;; esac
  [ "$(head -c 2 "$real" 2>/dev/null)" != '#!' ] || return
  case $(ls -l /proc/[0-9]*/exe 2>/dev/null)$newline in
    *" -> $real$newline"* | *" -> $real (deleted)$newline"*) runs=yes ;;
    *) [ "$(id -u)" != 0 ] || runs=no ;;
  esac
}
"""
