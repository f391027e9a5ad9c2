"""What dnf and zypper would update, hold back and install by themselves.

Both would write logs, locks and temporary directories, so they run in a private mount namespace where those places are memory and
the caches are read-only; without root they are not asked.
"""

from __future__ import annotations

from secscan.syntax.rpm import ASK_RPM

UPDATES_RPM = r"""
@ASK_RPM@# what writes logs, locks and temporary files does it in memory that only this one process sees
apart() {
  unshare -m sh -c '
    { mount --make-rprivate / && mount -t tmpfs secscan /var/log && mount -t tmpfs secscan /var/tmp &&
      for dir in /var/cache "$(rpm --eval %_dbpath)"; do
        mount --bind "$dir" "$dir" && mount -o remount,ro,bind "$dir" || exit 99
      done && mkdir -p /var/tmp/cache && { [ ! -d "$0" ] || cp -rs "$0/." /var/tmp/cache; }
    } 2>/dev/null || exit 99
    exec "$@"' "$@"
}
# enabled sections of repository files, each with the newest of its fetched files under $1
repositories() {
  cache=$1 oldest='' advice='' unfetched='' silent=''
  shift
  for id in $(cat -- "$@" 2>/dev/null | awk '
    function flush() { if (id != "" && on) print id; on = 1 }
    /^\[/ { flush(); id = $0; gsub(/^\[|\].*$/, "", id); if (id == "main") id = "" }
    /^[ \t]*enabled[ \t]*=/ { v = tolower($0); sub(/^[^=]*=[ \t]*/, "", v); on = (v !~ /^(0|no|false|off)/) }
    END { flush() }'); do
    any=yes
    at=$(newest "$cache/$id"/repodata/* "$cache/$id"-[0-9a-f]*/repodata/* "$cache/$id"/suse/setup/descr/*)
    [ -n "$at" ] || unfetched="the metadata of $id was never fetched"
    [ -z "$oldest" ] || [ "${at:-0}" -gt "$oldest" ] || oldest=$at
    [ -n "$oldest" ] || oldest=$at
    for file in "$cache/$id"/repodata/*updateinfo* "$cache/$id"-[0-9a-f]*/repodata/*updateinfo*; do
      if [ -e "$file" ]; then advice=yes; continue 2; fi
    done
    case $id in *[Bb]ase[Oo][Ss]* | *[Aa]pp[Ss]tream* | base | updates) silent=$id ;; esac
  done
  [ -n "${any:-}" ] || unfetched='no package repository is enabled'
}
unknown() { printf 'pending unobservable: %s\nsecurity unobservable: %s\n' "$1" "$1"; }
ask_dnf() {
  printf 'manager dnf\n'
  if [ "$(id -u)" != 0 ]; then unknown 'dnf keeps its lists and logs for root'; return; fi
  cache=/var/cache/dnf
  [ ! -d /var/cache/libdnf5 ] || ! have dnf5 || cache=/var/cache/libdnf5
  repositories $cache /etc/yum.repos.d/*.repo /etc/distro.repos.d/*.repo
  if [ -n "$unfetched" ]; then unknown "$unfetched"; return; fi
  # what is held back is to be updated all the same, so nothing is left out
  set -- --disableexcludes=all --disableplugin=versionlock
  [ $cache = /var/cache/dnf ] || set -- '--setopt=disable_excludes=*'
  all=$(apart $cache dnf -C -q --setopt=cachedir=/var/tmp/cache "$@" check-update 2>/dev/null)
  case $? in
    0 | 100) ;;
    99) unknown 'this host allows no private mount namespace'; return ;;
    *) unknown 'dnf check-update failed'; return ;;
  esac
  urgent=
  if [ -n "$silent" ]; then printf 'security unobservable: the repository %s carries no advisories\n' "$silent"
  elif [ -n "$advice" ]; then
    urgent=$(apart $cache dnf -C -q --setopt=cachedir=/var/tmp/cache "$@" check-update --security 2>/dev/null)
    case $? in 0 | 100) printf 'security known\n' ;; *) printf 'security unobservable: dnf check-update --security failed\n' ;; esac
  else printf 'security unobservable: the repositories carry no advisories\n'; fi
  printf 'lists %s\n' "$oldest"
  all=$(printf '%s\n' "$all" | awk '/^Obsoleting/ { exit } NF == 3 && $1 ~ /\./ { sub(/\.[^.]*$/, "", $1); print $1, $2 }')
  urgent=$(printf '%s\n' "$urgent" | awk '/^Obsoleting/ { exit } NF == 3 && $1 ~ /\./ { sub(/\.[^.]*$/, "", $1); print $1, $2 }')
  # shellcheck disable=SC2046 # a list of package names
  { printf '%s\n' "$urgent" | sed 's/^/security /'
    form='old %{NAME} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n'
    ask_rpm -q --qf "$form" -- $(printf '%s\n' "$all" | cut -d ' ' -f 1) 2>/dev/null
    printf '%s\n' "$all" | sed 's/^/new /'; } | awk '$1 == "security" { kind[$2] = "security" } $1 == "old" { old[$2] = $3 }
      $1 == "new" && NF == 3 { print "update", $2, ($2 in old ? old[$2] : "-"), $3, ($2 in kind ? "security" : "plain") }' &&
        printf 'pending known\n'
}
held_dnf() {
  set -- /etc/dnf/plugins/versionlock.list /etc/yum/pluginconf.d/versionlock.list
  unread "$@" /etc/dnf/versionlock.toml
  cat -- "$@" 2>/dev/null | sed -n 's/^[ !]*\([^# ][^ ]*\).*/held \1/p'
  sed -n 's/^name *= *"\([^" ]*\)".*/held \1/p' /etc/dnf/versionlock.toml 2>/dev/null
  set -- /etc/dnf/dnf.conf /etc/yum.conf /etc/yum.repos.d/*.repo /etc/distro.repos.d/*.repo
  unread "$@"
  cat -- "$@" 2>/dev/null | awk '
    /^[^ \t]/ { on = /^exclude(pkgs)?[ \t]*=/; sub(/^[^=]*=/, "") }
    on { many = split($0, word, /[ ,\t]+/); for (i = 1; i <= many; i++) if (word[i] != "") print "held " word[i] }'
}
automatic_dnf() {
  for unit in dnf-automatic-install.timer dnf5-automatic.timer dnf-automatic.timer yum-cron.service; do
    wanted $unit || continue
    file=/etc/dnf/automatic.conf
    [ $unit != yum-cron.service ] || file=/etc/yum/yum-cron.conf
    if [ $unit = dnf-automatic-install.timer ] ||
      grep -Eqi '^[[:space:]]*apply_updates[[:space:]]*=[[:space:]]*(yes|true|1|on)' $file 2>/dev/null
    then printf 'automatic yes %s\n' "${unit%.*}"
    else printf 'automatic no %s only downloads or tells\n' "${unit%.*}"; fi
    return
  done
  printf 'automatic no no timer of dnf-automatic is enabled\n'
}
ask_zypper() {
  printf 'manager zypper\n'
  repositories /var/cache/zypp/raw /etc/zypp/repos.d/*.repo
  if [ -n "$unfetched" ]; then unknown "$unfetched"; return; fi
  if [ "$(id -u)" != 0 ]; then unknown 'zypper is asked as root only'; return; fi
  ZYPP_READONLY_HACK=1 ZYPP_LOGFILE=/dev/null
  export ZYPP_READONLY_HACK ZYPP_LOGFILE
  all=$(apart - zypper -n --no-refresh -x list-updates --all 2>/dev/null) # locked ones too
  case $? in
    0) ;;
    99) unknown 'this host allows no private mount namespace'; return ;;
    *) unknown 'zypper list-updates failed'; return ;;
  esac
  case $all in *'</update-list>'*) ;; *) unknown 'zypper list-updates said nothing'; return ;; esac
  printf 'lists %s\n' "$oldest"
  if [ -z "$advice" ]; then printf 'security unobservable: the repositories carry no patches\n'
  else
    urgent=$(apart - zypper -n --no-refresh -x list-patches --category security 2>/dev/null)
    case $urgent in
      *'</update-list>'*) printf 'security known\n' ;;
      *) printf 'security unobservable: zypper list-patches failed\n'; urgent= ;;
    esac
  fi
  printf '%s\n%s\n' "$all" "${urgent:-}" | sed 's/<update /\
<update /g' | awk -F '"' '/^<update kind=/ { name = new = old = "-"
      for (i = 1; i < NF; i += 2) {
        if ($i ~ / name=$/) name = $(i + 1); if ($i ~ / edition=$/) new = $(i + 1)
        if ($i ~ / edition-old=$/) old = $(i + 1)
      }
      print ($2 == "patch" ? "patch" : "update"), name, old, new, ($2 == "patch" ? "security" : "untold") }' &&
        printf 'pending known\n'
}
held_zypper() {
  unread /etc/zypp/locks
  sed -n 's/^solvable_name: *\([^ ]*\).*/held \1/p' /etc/zypp/locks 2>/dev/null
}
automatic_zypper() {
  for unit in transactional-update.timer os-update.timer; do
    if wanted $unit; then printf 'automatic yes %s\n' "${unit%.*}"; return; fi
  done
  for file in /etc/cron.daily/opensuse.org-online_update /etc/cron.weekly/opensuse.org-online_update; do
    if [ -x $file ]; then printf 'automatic yes online_update\n'; return; fi
  done
  printf 'automatic no neither transactional-update, os-update nor online_update is enabled\n'
}""".replace("@ASK_RPM@", ASK_RPM)
"""Shell functions: `ask_dnf` tells the updates, `held_dnf` what is kept back, `automatic_dnf` what installs them; so for zypper."""
