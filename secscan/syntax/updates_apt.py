"""What apt would update, holds back and installs by itself: its lists are read without its cache files, and nothing is fetched."""

from __future__ import annotations

UPDATES_APT = r"""
newest() { stat -c %Y "$@" 2>/dev/null | sort -n | tail -n 1; }
# a list that its maker calls expired is as old as it says, however often it was asked for since
note_expired() {
  until=$(sed -n 's/^Valid-Until: //p; /^SHA256:/q' "$1" 2>/dev/null)
  [ -n "$until" ] && until=$(date -d "$until" +%s 2>/dev/null) && [ "$until" -lt "$(date +%s)" ] || return 0
  made=$(sed -n 's/^Date: //p; /^SHA256:/q' "$1")
  made=$(date -d "$made" +%s 2>/dev/null) || return 0
  if [ -z "$expired" ] || [ "$made" -lt "$expired" ]; then expired=$made; fi
}
ask_apt() {
  printf 'manager apt\n'
  lists=/var/lib/apt/lists
  apt_options='-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
  if ! have apt-cache; then printf 'pending unobservable: apt is missing\nsecurity unobservable: apt is missing\n'; return; fi
  problem='' advice='' sources='' expired=''
  # shellcheck disable=SC2086 # the options are words
  targets=$(apt-get $apt_options --print-uris update 2>/dev/null) || problem='apt cannot read its sources'
  for file in $(printf '%s\n' "$targets" | cut -d ' ' -f 2); do
    case $file in *Release) sources=yes ;; *) continue ;; esac
    case $file in *-security_*Release | *_updates_*Release) advice=yes ;; esac
    base=${file%Release}
    [ -e "$lists/${base}Release" ] || [ -e "$lists/${base%In}InRelease" ] || [ -e "$lists/${base%In}Release" ] ||
      problem="the package lists of ${base%_In} were never fetched"
    for list in "$lists/${base}Release" "$lists/${base%In}InRelease" "$lists/${base%In}Release"; do
      if [ -e "$list" ]; then note_expired "$list"; break; fi
    done
  done
  [ -n "$problem$sources" ] || problem='apt has no package source'
  moment=$(newest $lists /var/lib/apt/periodic/update-success-stamp /var/lib/apt/periodic/update-stamp $lists/*Release)
  if [ -n "$expired" ] && [ "$expired" -lt "${moment:-0}" ]; then moment=$expired; fi
  if [ -n "$problem" ]; then printf 'pending unobservable: %s\n' "$problem"
  else
    names=$(dpkg-query -W -f='${db:Status-Status} ${binary:Package}\n' | sed -n 's/^installed //p')
    # shellcheck disable=SC2086 # a list of package names
    if plan=$(apt-cache $apt_options policy $names 2>/dev/null) && [ -n "$plan" ]; then
      [ -z "$moment" ] || printf 'lists %s\n' "$moment"
      # what a pin keeps away is to be installed all the same when the security archive of this release has it
      codename=$(sed -n 's/^VERSION_CODENAME=["'\'']*\([a-z]*\).*/\1/p' /etc/os-release 2>/dev/null)
      printf '%s\n' "$plan" | awk -v own="$codename" '
        function flush() {
          if (name != "" && pending) print "update", name, old, new, kind
          if (name != "" && pinned) print "held", name
          name = ""; pending = pinned = 0; kind = "plain"
        }
        BEGIN { kind = "plain" }
        /^[^ ]/ { flush(); name = $0; sub(/:$/, "", name); newer = 1 }
        /^  Installed: / { old = $2 }
        /^  Candidate: / { new = $2 }
        substr($0, 1, 5) == " *** " { newer = 0 }
        substr($0, 1, 5) == "     " && substr($0, 6, 1) != " " && newer {
          at = $1
          if (at == new) pending = 1
          if (at == new && /\(phased [0-9]+%\)/) kind = "phased"
        }
        substr($0, 1, 8) == "        " && newer && $3 ~ /(-security|\/updates)\// {
          if (!pending && index($3, own) == 1) { pending = pinned = 1; new = at }
          if (pending) kind = "security"
        }
        END { flush() }' && printf 'pending known\n'
    else printf 'pending unobservable: apt cannot read its lists\n'; fi
  fi
  if [ -n "$problem" ]; then printf 'security unobservable: %s\n' "$problem"
  elif [ -z "$advice" ]; then printf 'security unobservable: no security archive among the package sources\n'
  else printf 'security known\n'; fi
}
held_apt() {
  if have dpkg-query; then dpkg-query -W -f='${db:Status-Want} ${binary:Package}\n' | sed -n 's/^hold /held /p'
  else printf 'held unobservable: dpkg-query is missing\n'; fi
}
automatic_apt() {
  if ! have apt-config || [ ! -x /usr/bin/unattended-upgrade ]; then
    printf 'automatic no unattended-upgrades is not installed\n'
    return
  fi
  settings=$(apt-config dump 2>/dev/null)
  for option in Update-Package-Lists Unattended-Upgrade Enable; do
    case $settings in
      *"APT::Periodic::$option \"0\";"*) printf 'automatic no APT::Periodic::%s is 0\n' $option; return ;;
      *"APT::Periodic::$option \""?*) ;;
      *) [ $option = Enable ] || { printf 'automatic no APT::Periodic::%s is not set\n' $option; return; } ;;
    esac
  done
  origins=$(printf '%s\n' "$settings" | sed -n 's/^Unattended-Upgrade::\(Origins-Pattern\|Allowed-Origins\):: "\(..*\)".*/\2/p')
  if [ -z "$origins" ]; then printf 'automatic no unattended-upgrades allows no origin\n'
  # the security archive is named, or nothing but an origin or a site
  elif ! printf '%s\n' "$origins" | grep -Eqi 'security|^((o|origin|site)=[^,]*,?)+$|^[*]|:[*]$'; then
    printf 'automatic no unattended-upgrades allows no security archive\n'
  elif masked apt-daily-upgrade.service || masked apt-daily.service; then printf 'automatic no the services of apt are masked\n'
  elif [ -e /lib/systemd/system/apt-daily-upgrade.timer ] && systemd_is_init; then
    if wanted apt-daily-upgrade.timer && wanted apt-daily.timer; then printf 'automatic yes unattended-upgrades\n'
    else printf 'automatic no the timers of apt are not enabled\n'; fi
  elif [ -x /etc/cron.daily/apt-compat ]; then printf 'automatic yes unattended-upgrades\n'
  else printf 'automatic no nothing starts unattended-upgrades\n'; fi
}"""
"""Shell functions: `ask_apt` tells the updates, `held_apt` what is kept back, `automatic_apt` what installs them."""
