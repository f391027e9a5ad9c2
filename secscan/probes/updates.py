"""Pending updates as the package manager's own, already fetched lists tell: nothing is downloaded and nothing is written.

apt reads its lists without its cache files. dnf and zypper would write logs, locks and temporary directories, so they run in a
private mount namespace where those places are memory and the caches are read-only; without root they are not asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.rpm import ASK_RPM
from secscan.syntax.systemd import SYSTEMD_IS_INIT

_APT = r"""
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

_RPM = r"""
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

_APK = r"""
ask_apk() {
  printf 'manager apk\nsecurity unobservable: Alpine publishes no advisories with its packages\n'
  moment=$(stat -c %Y /var/cache/apk/APKINDEX.*.tar.gz /etc/apk/cache/APKINDEX.*.tar.gz 2>/dev/null | sort -n | head -n 1)
  if [ -z "$moment" ]; then printf 'pending unobservable: the package index was never fetched\n'
  elif list=$(apk --no-network version -v -l '<' 2>/dev/null); then
    printf 'lists %s\n' "$moment"
    printf '%s\n' "$list" | awk 'NF >= 3 && $2 == "<" { name = $1; match(name, /-[0-9][^-]*-r[0-9]+$/)
      print "update", substr(name, 1, RSTART - 1), substr(name, RSTART + 1), $3, "untold" }' && printf 'pending known\n'
  else printf 'pending unobservable: apk version failed\n'; fi
}
held_apk() {
  unread /etc/apk/world
  tr ' ' '\n' 2>/dev/null </etc/apk/world | sed -n 's/^\([^=<>~@]*\)[=<~][=<>~]*.*/held \1/p'
}
automatic_apk() {
  for file in /etc/periodic/*/*; do
    if [ -x "$file" ] && grep -q '^[^#]*apk .*upgrade' "$file" 2>/dev/null; then
      printf 'automatic yes %s\n' "${file##*/}"
      return
    fi
  done
  if [ ! -r /etc/crontabs/root ]; then printf 'automatic unobservable: /etc/crontabs/root cannot be read by this user\n'
  elif grep -q '^[^#]*apk .*upgrade' /etc/crontabs/root; then printf 'automatic yes cron\n'
  else printf 'automatic no no job runs apk upgrade\n'; fi
}"""

_SCRIPT = (
    SYSTEMD_IS_INIT
    + r"""
masked() { [ "$(readlink "/etc/systemd/system/$1" 2>/dev/null)" = /dev/null ]; }
# a unit is wanted at boot when systemd brings the host up, some target wants it and nobody has masked it
wanted() {
  systemd_is_init || return 1
  ! masked "$1" || return 1
  for link in "/etc/systemd/system/"*".wants/$1" "/usr/lib/systemd/system/"*".wants/$1" "/lib/systemd/system/"*".wants/$1"; do
    [ ! -e "$link" ] && [ ! -h "$link" ] || return 0
  done
  return 1
}
# unread FILE...: what holds packages back, and this user may not see
unread() {
  for file do
    if [ -e "$file" ] && [ ! -r "$file" ]; then printf 'held unobservable: %s cannot be read by this user\n' "$file"; fi
  done
}"""
    + _APT
    + _RPM
    + _APK
    + r"""
if [ -s /var/lib/dpkg/status ]; then manager=apt
elif [ -s /lib/apk/db/installed ] || [ -s /usr/lib/apk/db/installed ]; then manager=apk
elif have zypper; then manager=zypper
elif have dnf; then manager=dnf
else printf 'unobservable: no package manager that is known here: apt, dnf, zypper or apk\n'; part 0 0; exit 0; fi
printf 'now %s\n' "$(date +%s)"
ask_$manager
held_$manager
automatic_$manager
running=; [ ! -e /proc/self ] || running=$(uname -r)
printf 'running %s\n' "$running"
for d in /lib/modules/*/kernel; do [ ! -d "$d" ] || { d=${d%/kernel}; printf 'kernel %s\n' "${d##*/}"; }; done
for f in /run/reboot-required /var/run/reboot-required /run/reboot-needed; do
  if [ -e "$f" ]; then printf 'reboot yes %s exists\n' "$f"; break; fi
done
# Debian may put a new build in the place of the running kernel, under the same name
if [ $manager = apt ] && [ -n "$running" ] && have dpkg-query; then
  runs=$(uname -v | sed -n 's/.* Debian \([^ ]*\).*/\1/p')
  there=$(dpkg-query -W -f='${Version}' "linux-image-$running" 2>/dev/null)
  if [ -n "$runs" ] && [ -n "$there" ] && [ "$runs" != "$there" ]; then
    printf 'reboot yes kernel %s runs, %s is installed\n' "$runs" "$there"
  fi
fi
# what dnf needs-restarting -r looks at: these came after the boot
if [ $manager = dnf ] && ! ask_rpm -q rpm >/dev/null 2>&1 && [ -z "$(ask_rpm -qa 2>/dev/null | head -n 1)" ]; then
  printf 'reboot unobservable: %s\n' "$(why_no_rpm)"
elif [ $manager = dnf ] && read -r up _ </proc/uptime; then
  ask_rpm -q --qf 'at %{INSTALLTIME} %{NAME}\n' -- kernel kernel-core kernel-rt glibc linux-firmware systemd dbus dbus-broker \
    dbus-daemon microcode_ctl 2>/dev/null | while read -r word at name; do
    if [ "$word" = at ] && [ "$at" -gt $(($(date +%s) - ${up%%.*})) ]; then
      printf 'reboot yes %s was updated since the boot\n' "$name"
    fi
  done
fi
printf 'end\n'
part 0 0"""
)
_FIELDS = (
    Attribute("name", Type.TEXT, "the package; on SUSE also security patches by name"),
    Attribute("installed", Type.VERSION, "the installed version; absent for a patch"),
    Attribute("candidate", Type.VERSION, "the version that would be installed"),
    Attribute("security", Type.BOOLEAN, "true when it, or a version it replaces, comes as a security update"),
    Attribute("phased", Type.BOOLEAN, "true when the vendor still holds it back from most hosts; not counted as pending"),
)


def ask(calls: Sequence[Arguments]) -> Question:
    """One question for all: there are no arguments."""
    touches = ("/var/lib/apt/lists", "/var/cache/dnf", "/var/cache/zypp", "/lib/modules", "/run/reboot-required",
               "apt-cache policy", "apt-get --print-uris update", "apt-config", "dpkg-query", "dnf -C check-update",
               "zypper --no-refresh list-updates", "zypper --no-refresh list-patches", "apk --no-network version",
               "/run/systemd/system", "/sbin/init", "rpm -q", "setpriv", "unshare -m", "mount")  # fmt: skip
    return Question(_SCRIPT, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """Lines of a word and its values, closed by `end`; `pending` and `security` say whether the updates are known."""
    said = reply(answer, "updates")
    if said:
        return said
    told: dict[str, list[str]] = {}
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        told.setdefault(word, []).append(rest)
    pending, security = _known(told, "pending"), _known(told, "security")
    records = tuple(_update(kind, text, security) for kind in ("update", "patch") for text in told.get(kind, ()))
    count = sum(1 for text in told.get("update", ()) if not text.endswith(" phased"))
    now = float(told["now"][0])
    updated = float(told["lists"][0]) if "lists" in told else None
    automatic, _, by = told["automatic"][0].partition(" ")
    attributes: dict[str, Value] = {
        "pending": pending or count,
        "security": pending or security or sum(1 for record in records if record["security"] is True),
        "lists_age": max(0.0, now - updated) if updated else _NEVER,
        "lists_updated": updated or _NEVER,
        "packages": pending or records,
        **_kernels(told),
        "held": _held(told.get("held", ())),
        "automatic": Unobservable(by) if automatic == "unobservable:" else automatic == "yes",
        "automatic_by": by
        if automatic == "yes"
        else Unobservable(by)
        if automatic == "unobservable:"
        else Absent(f"what would install them: {by}"),
        "manager": told["manager"][0],
    }
    return Observed(attributes)


_NOT_ITS_OWN = Unobservable("/proc is not mounted, so the kernel may not be its own")
_NEVER = Unobservable("there are no fetched package lists")
_NO_KERNEL = Unobservable("no kernel is installed here: a container, or a kernel from outside")


def _held(names: Sequence[str]) -> Value:
    hidden = next((name for name in names if name.startswith("unobservable: ")), "")
    return Unobservable(hidden.removeprefix("unobservable: ")) if hidden else tuple(dict.fromkeys(names))


def _known(told: dict[str, list[str]], word: str) -> Unobservable | None:
    state = told[word][0]
    if state == "known":
        return None
    if not state.startswith("unobservable: "):
        raise Unreadable(f"expected '{word} known'")
    return Unobservable(state.removeprefix("unobservable: "))


def _update(word: str, text: str, security: Unobservable | None) -> dict[str, Value]:
    name, installed, candidate, kind = text.split(" ")
    if kind not in {"plain", "security", "phased", "untold"}:
        raise Unreadable(f"not an update: {text[:120]!r}")
    urgent: Value = (
        kind == "security"
        if kind != "untold"
        else Unobservable("the package manager does not tell which packages its advisories fix")
    )
    return {
        "name": name,
        "installed": installed if installed != "-" else Absent("a patch" if word == "patch" else "an installed version"),
        "candidate": candidate,
        "security": security or urgent,
        "phased": kind == "phased",
    }


def _kernels(told: dict[str, list[str]]) -> dict[str, Value]:
    running = told["running"][0]
    if not running:
        return dict.fromkeys(("reboot_required", "running_kernel", "newest_kernel"), _NOT_ITS_OWN)
    newest = newest_kernel(running, told.get("kernel", ())) or _NO_KERNEL
    return {"reboot_required": _reboot(told), "running_kernel": running, "newest_kernel": newest}


def _reboot(told: dict[str, list[str]]) -> Value:
    said = told.get("reboot", ())
    if any(text.startswith("yes") for text in said):
        return True
    if unasked := next((text for text in said if text.startswith("unobservable: ")), ""):
        return Unobservable(unasked.removeprefix("unobservable: "))
    newest = newest_kernel(told["running"][0], told.get("kernel", ()))
    if newest and newest != told["running"][0]:
        return True
    return False if newest or said else _NO_KERNEL


def newest_kernel(running: str, installed: Sequence[str]) -> str:
    """The newest installed kernel of the running one's flavour; empty when there is none.

    >>> newest_kernel("6.1.0-9-amd64", ["6.1.0-9-amd64", "6.1.0-37-amd64", "6.12.0-1-cloud-amd64"])
    '6.1.0-37-amd64'
    """
    alike = [release for release in installed if _flavour(release) == _flavour(running)]
    return max(alike, key=_release_key, default="")


def _flavour(release: str) -> tuple[str, ...]:
    """The words of a release that name a build and not a version: `deb13`, `el9_4`, `bpo` are versions."""
    words = re.findall(r"[a-z]+", release.lower())
    return tuple(word for word in words if word not in {"deb", "bpo", "el", "fc", "amzn", "uek", "rc", "ubuntu", "kali", "parrot"})


def _release_key(release: str) -> tuple[int, ...]:
    version = re.match(r"[\d.+_-]*", release)
    return tuple(int(number) for number in re.findall(r"\d+", version[0] if version else ""))


PROBE = Probe(
    name="updates",
    summary="Pending updates and reboots, from package lists that were fetched before",
    arguments=(),
    attributes=(
        Attribute("pending", Type.INTEGER, "how many packages would be updated; could not look when the lists were never fetched"),
        Attribute("security", Type.INTEGER, "how many of them fix security (on SUSE: how many security patches are needed)"),
        Attribute(
            "lists_age", Type.DURATION, "time since the package lists were last refreshed, or since they were made if expired"
        ),
        Attribute("lists_updated", Type.TIMESTAMP, "when the package lists were last refreshed"),
        Attribute("packages", Type.RECORDS, "the pending updates", fields=_FIELDS),
        Attribute("reboot_required", Type.BOOLEAN, "the host says so, or a newer kernel of the running flavour is installed"),
        Attribute("running_kernel", Type.VERSION, "release of the running kernel"),
        Attribute("newest_kernel", Type.VERSION, "release of the newest installed kernel of that flavour"),
        Attribute(
            "held",
            Type.LIST,
            "packages that are kept from being updated: dpkg holds, pins of apt on security fixes, version locks, excludes "
            "of dnf, pins of apk",
        ),
        Attribute("automatic", Type.BOOLEAN, "updates are installed by themselves: installed, configured and scheduled"),
        Attribute("automatic_by", Type.TEXT, "what installs them"),
        Attribute("manager", Type.TEXT, "apt, dnf, zypper or apk"),
    ),
    ask=ask,
    read=read,
    example=(
        "now 1767225600\nmanager apt\nlists 1767200000\nupdate openssl 3.0.15-1~deb12u1 3.0.16-1~deb12u1 security\n"
        "update tzdata 2025a-0 2025b-0 plain\npending known\nsecurity known\nheld linux-image-amd64\n"
        "automatic yes unattended-upgrades\nrunning 6.1.0-35-amd64\nkernel 6.1.0-37-amd64\n"
        "reboot yes /run/reboot-required exists\nend\n"
    ),
    time_limit_s=120,
)
