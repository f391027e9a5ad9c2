"""Shell that tells which files of sysctl.d(5) a start applies, in which order and by whom, and what the kernel says to each key.

Its answer: `run WHO`, `in FILE`, `set KEY<tab>VALUE`, `not KEY` (excluded from patterns), `gone KEY` (the kernel has none such),
`hidden KEY` (a secret), `match PATTERN KEY`, `now MODE UID ro|rw KEY<tab>=VALUE`, `fault WHY`. Values of keys that the kernel does
not have stay on the host: a file may be a link to something else. It runs after LIST_ERRORS of filesystem/entries.py.
"""

from __future__ import annotations

from secscan.probing import MASK_COMMAND_AWK, quote
from secscan.syntax.systemd import SYSTEMD_IS_INIT

_CAP = 10_000  # parameters
_FILE_CAP = 1_048_576  # bytes of a file
# Reads the files, once for the names (phase 1), once for everything (phase 2: after the list of what is there, and the mounts).
_AWK = rf"""{MASK_COMMAND_AWK}function strip(text) {{ gsub(/^[ \t\r]+|[ \t\r]+$/, "", text); return text }}
function clean(text) {{ gsub(/\t/, " ", text); gsub(/[\001-\037\177]/, "?", text); return text }}
function secret(path, value,   words, many) {{
  if (path ~ /(secret|_key)$/) return 1
  if (value !~ /[^-0-9 \t]/) return 0
  many = split(value, words, " ")
  return index(mask_command(words, many), "***") > 0
}}
function swapped(text,   i, c, out) {{
  for (i = 1; i <= length(text); i++) {{
    c = substr(text, i, 1)
    out = out (c == "/" ? "." : c == "." ? "/" : c)
  }}
  return out
}}
function path_of(name,   last) {{
  if (by == "busybox" && name !~ /\// && match(name, /^net\.ipv[46]\.(conf|neigh)\./)) {{ # it finds the name of the interface
    last = name
    sub(/.*\./, "", last)
    name = swapped(substr(name, 1, RLENGTH)) substr(name, RLENGTH + 1, length(name) - RLENGTH - length(last) - 1) "/" last
  }} else if (match(name, /[.\/]/) && substr(name, RSTART, 1) == ".") name = swapped(name)
  gsub(/\/\/+/, "/", name)
  sub(/^\//, "", name)
  return name
}}
function running(path,   text, line, got, n) {{
  while ((got = (getline line < ("/proc/sys/" path))) > 0 && length(text) <= 4096) text = n++ ? text " " line : line
  close("/proc/sys/" path)
  if (got < 0 || length(text) > 4096) return ""
  return secret(path, text) ? "\thidden" : "\t=" clean(text)
}}
function is_read_only(path,   point) {{
  point = "/proc/sys/" path
  while (point != "" && !(point in read_only)) sub(/\/[^\/]*$/, "", point)
  return point in read_only && read_only[point]
}}
step == 1 && /^match / {{ print; fits[$2] = 1; next }}
step == 1 && /^\? / {{
  if ($0 !~ /(No such file or directory|Not a directory)$/) print "fault " substr($0, 3)
  next
}}
step == 1 {{
  at = index($0, " /proc/sys/")
  path = substr($0, at + 11)
  if (at && !(path in mode)) {{ mode[path] = $1; owner[path] = $3; order[++many] = path }}
  next
}}
step == 2 {{
  if ($5 == "/proc" || $5 ~ /^\/proc\/sys(\/|$)/) read_only[$5] = ("," $6 "," $NF ",") ~ /,ro,/
  next
}}
FNR == 1 && phase == 2 {{
  if (run != shown) print "run " by
  shown = run
  print "in " FILENAME
}}
{{
  text = strip($0)
  if (length(text) > 4096) {{ if (phase == 2) print "fault " FILENAME ":" FNR " is longer than 4096 bytes"; next }}
  if (text == "" || text ~ /^[#;]/) next
  value = ""; without = 0
  if (by == "busybox" && text ~ /\\$/) {{
    if (phase == 2) print "fault " FILENAME ":" FNR " goes on in the next line, which is not followed"
    next
  }}
  if ((at = index(text, "="))) {{ name = substr(text, 1, at - 1); value = strip(substr(text, at + 1)) }}
  else if (text ~ /^-/) {{ name = text; without = 1 }}
  else next
  if (by != "systemd" && !without && value == "" || by == "busybox" && name ~ /^-/) next # they refuse it
  sub(/^-/, "", name)
  name = strip(name)
  if (name == "" || name ~ /[^!-~]/) next # no parameter has such a name
  path = path_of(name)
  if (("/" path "/") ~ /\/\.\.?\//) next
  if (path ~ "[^]A-Za-z0-9_.:@+,~%*?[!/-]") {{
    if (phase == 2) print "fault " FILENAME ":" FNR " names a parameter in a way that is not followed"
    next
  }}
  if (phase == 1) {{
    if (path in seen) next
    seen[path] = 1
    if (++many > {_CAP}) {{ print "fault the files name more than {_CAP} parameters"; exit }}
    print (path ~ /[*?[]/ ? "pattern " : "key ") path
  }} else if (without) print "not " path
  else if (!(path in fits) && (!(path in mode) || mode[path] ~ /^d/)) print "gone " path
  else if (secret(path, value)) print "hidden " path
  else print "set " path "\t" clean(value)
}}
END {{
  for (i = 1; i <= many && phase == 2; i++) {{
    path = order[i]
    if (mode[path] ~ /^d/) continue
    told = mode[path] ~ /^.r/ ? running(path) : ""
    print "now " mode[path] " " owner[path] " " (is_read_only(path) ? "ro" : "rw") " " path told
  }}
}}"""
_SCRIPT = (
    SYSTEMD_IS_INIT
    + r"""
folders='/etc/sysctl.d /run/sysctl.d /usr/local/lib/sysctl.d /usr/lib/sysctl.d'
[ -L /lib ] || folders="$folders /lib/sysctl.d"
plan=''  # arguments for awk, one a line: `run=N`, `by=WHO`, paths
number=0
fault() { printf 'fault %s\n' "$*"; }
by() { # WHO FILE...: one run of who applies files
  number=$((number + 1))
  plan=${plan}run=$number${nl}by=$1$nl
  shift
  for each; do plan=$plan$each$nl; done
}
fit() { # FILE: whether it can be read; sets masks when it hides those of its name in other places
  masks=yes
  if [ -d "$1" ] && [ ! -L "$1" ]; then masks=''; return 1; fi
  if [ -f "$1" ]; then
    if [ -r "$1" ]; then return 0; fi
    fault "$1 cannot be read by this user"
  elif [ -e "$1" ]; then
    [ "$(readlink -f "$1")" = /dev/null ] || fault "$1 is no file"
  elif [ "$(id -u)" != 0 ]; then fault "$1 leads to where this user may not look"; fi
  return 1
}
merged() { # FOLDER...: sets files, one a line, in the order of their names; of equal names that of the first folder
  names='' files=''
  for folder; do
    [ -d "$folder" ] || continue
    if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then fault "$folder cannot be read by this user"; continue; fi
    for file in "$folder"/*.conf; do
      if [ ! -e "$file" ] && [ ! -L "$file" ]; then continue; fi
      case $file in
        *"$nl"*) fault "a file whose name holds a line break in $folder" ;;
        *) names=$names${file##*/}$nl ;;
      esac
    done
  done
  [ -z "$names" ] || names=$(printf '%s' "$names" | sort -u)
  set -f
  IFS=$nl
  for name in $names; do
    for folder; do
      if [ ! -e "$folder/$name" ] && [ ! -L "$folder/$name" ]; then continue; fi
      if fit "$folder/$name"; then files=$files$folder/$name$nl; fi
      if [ -n "$masks" ]; then break; fi
    done
  done
  IFS=" $nl"
  set +f
}
program=/usr/sbin/sysctl # by its path: a shell of busybox would take its own
[ -x $program ] || program=/sbin/sysctl
procps=''
find_procps() { # sets procps; before version 4 it knows no patterns
  procps=procps
  case $($program --version 2>/dev/null) in *' '[1-3].*) procps=procps3 ;; esac
}
all_at_once() { # WHO [FILE]: what is in all folders, then a file
  # shellcheck disable=SC2086 # words
  merged $folders
  if [ -n "${2:-}" ] && [ -e "$2" ] && fit "$2"; then files=$files$2$nl; fi
  by "$1"
  plan=$plan$files
}
one_by_one() { # WHO FOLDER...: each file by a run of its own
  who=$1
  shift
  merged "$@"
  set -f
  IFS=$nl
  for file in $files; do by "$who" "$file"; done
  IFS=" $nl"
  set +f
}
under_systemd() {
  unit='' wanted=''
  for folder in /etc/systemd /run/systemd /usr/local/lib/systemd /usr/lib/systemd /lib/systemd; do
    folder=$folder/system
    if [ -z "$unit" ] && { [ -e "$folder/systemd-sysctl.service" ] || [ -L "$folder/systemd-sysctl.service" ]; }; then
      unit=$folder/systemd-sysctl.service
    fi
    for link in "$folder"/*.wants/systemd-sysctl.service; do [ ! -L "$link" ] || wanted=$link; done
  done
  if [ -z "$unit" ]; then printf 'applied no there is no systemd-sysctl.service\n'
  elif [ ! -s "$unit" ]; then printf 'applied no systemd-sysctl.service is masked\n'
  elif [ -z "$wanted" ]; then printf 'applied no nothing wants systemd-sysctl.service\n'
  else printf 'applied yes\n'; fi
  all_at_once systemd
  [ -e /etc/sysctl.conf ] || return 0
  main=$(readlink -f /etc/sysctl.conf)
  set -f
  IFS=$nl
  for file in $files; do
    if [ "$(readlink -f "$file")" = "$main" ]; then main=''; break; fi
  done
  IFS=" $nl"
  set +f
  if [ -n "$main" ] && fit /etc/sysctl.conf; then by nobody /etc/sysctl.conf; fi
}
under_openrc() {
  script=/etc/init.d/sysctl
  level=''
  for link in /etc/runlevels/sysinit/sysctl /etc/runlevels/boot/sysctl /etc/runlevels/default/sysctl; do
    [ ! -e "$link" ] || level=$link
  done
  if [ -n "$level" ]; then printf 'applied yes\n'; else printf 'applied no the service sysctl is in no run level of a start\n'; fi
  who=busybox
  if $program -V >/dev/null 2>&1; then find_procps; who=$procps; fi
  if [ ! -r $script ]; then fault "$script cannot be read, or is not there"
  elif grep -q Ignoring $script && grep -q /usr/lib/sysctl.d $script; then # Alpine
    for folder in /lib/sysctl.d /usr/lib/sysctl.d /etc/sysctl.d; do
      merged $folder
      set -f
      IFS=$nl
      for file in $files; do
        hidden=''
        if [ -f "/run/sysctl.d/${file##*/}" ]; then hidden=yes; fi
        if [ $folder != /etc/sysctl.d ] && [ -f "/etc/sysctl.d/${file##*/}" ]; then hidden=yes; fi
        [ -n "$hidden" ] || by $who "$file"
      done
      IFS=" $nl"
      set +f
    done
    if [ -e /etc/sysctl.conf ] && fit /etc/sysctl.conf; then by $who /etc/sysctl.conf; fi
    one_by_one $who /run/sysctl.d
  elif ! grep -q -e --system $script; then fault "$script is not known"
  elif [ $who != busybox ]; then all_at_once $who /etc/sysctl.conf
  elif [ -e /etc/sysctl.conf ]; then
    if fit /etc/sysctl.conf; then by busybox /etc/sysctl.conf; fi
    one_by_one busybox /etc/sysctl.d
  fi
}
under_sysvinit() {
  level=''
  for link in /etc/rc[S2345].d/S*procps; do [ ! -e "$link" ] || level=$link; done
  if [ -n "$level" ]; then printf 'applied yes\n'; else printf 'applied no /etc/init.d/procps is in no run level\n'; fi
  find_procps
  all_at_once $procps /etc/sysctl.conf
}
after_ufw() { # its own file, when a start switches it on
  starts=''
  for link in /etc/systemd/system/*.wants/ufw.service /etc/runlevels/*/ufw /etc/rc[S2345].d/S*ufw; do
    [ ! -e "$link" ] || starts=yes
  done
  if [ ! -s /etc/systemd/system/ufw.service ] && [ -L /etc/systemd/system/ufw.service ]; then starts=''; fi
  if [ -z "$starts" ] || [ ! -e /etc/ufw/ufw.conf ] || ! fit /etc/ufw/ufw.conf; then return 0; fi
  grep -q "^ENABLED=[\"']*[yY]" /etc/ufw/ufw.conf || return 0
  own=''
  if [ -e /etc/default/ufw ] && fit /etc/default/ufw; then
    own=$(sed -n "s/^IPT_SYSCTL=[\"']*\([^\"' ]*\).*/\1/p" /etc/default/ufw | tail -n 1)
  fi
  case $own in
    '') ;;
    /*) if [ -e "$own" ] && fit "$own"; then find_procps; by $procps "$own"; fi ;;
    *) fault "/etc/default/ufw names a file in a way that is not followed" ;;
  esac
}
compare() {
  after_ufw
  set -f
  IFS=$nl
  # shellcheck disable=SC2086 # one argument a line
  set -- $plan
  IFS=" $nl"
  set +f
  large=$(
    for each; do case $each in /*) ls -ldLn -- "$each"; esac; done |
      awk '$5 > @FILE_CAP@ { print substr($0, index($0, "/")) " has more than @FILE_CAP@ bytes" }'
  )
  if [ -n "$large" ]; then fault "$large" | head -n 1; return 0; fi
  [ $# -gt 0 ] || set -- /dev/null
  if ! named=$(awk -v phase=1 "$reader" "$@"); then fault 'the files could not be read'; return 0; fi
  listed=$(list "$named")
  printf '%s\n' "$listed" | awk -v phase=2 "$reader" step=1 - step=2 "$mounts" step=3 "$@" || fault 'awk failed'
}
list() { # NAMED: which keys each pattern fits, and the line of `ls` for every key
  keys=kernel/ostype$nl
  set -f
  IFS=$nl
  for line in $1; do
    case $line in
      fault*) printf '? %s\n' "${line#* }" ;;
      key*) keys=$keys${line#* }$nl ;;
      *)
        set +f
        for path in /proc/sys/${line#* }; do
          [ -f "$path" ] || continue
          printf 'match %s %s\n' "${line#* }" "${path#/proc/sys/}"
          keys=$keys${path#/proc/sys/}$nl
        done
        set -f ;;
    esac
  done
  # shellcheck disable=SC2046,SC2086 # one key a line
  set -- $(printf '%s' "$keys" | sort -u | sed 's|^|/proc/sys/|')
  if [ $# -gt @CAP@ ]; then printf '? the files name more than @CAP@ parameters\n'; set -- /proc/sys/kernel/ostype; fi
  IFS=" $nl"
  list_errors ls -ldn -- "$@"
}
container=''
virtualization=none
if have systemd-detect-virt; then virtualization=$(systemd-detect-virt 2>/dev/null)
elif [ -e /.dockerenv ] || [ -e /run/.containerenv ]; then virtualization=docker; fi
case $virtualization in
  docker | podman | lxc | lxc-libvirt | systemd-nspawn | openvz | rkt | wsl | proot | pouch | container-other)
    container=$virtualization ;;
esac
mounts=/dev/null # the mounts of the system itself: those of a scan may be stricter
if (true </proc/1/mountinfo) 2>/dev/null; then mounts=/proc/1/mountinfo
elif [ -n "$container" ]; then mounts=/proc/self/mountinfo; fi
first=$(stat -c %d:%i /proc/1/root/. 2>/dev/null)
if [ ! -d /proc/sys/kernel ]; then printf 'unobservable: /proc is not mounted\n'
elif [ -n "$first" ] && [ "$first" != "$(stat -c %d:%i /. 2>/dev/null)" ]; then
  printf 'unobservable: these are not the files of the system that runs\n'
elif ! have awk; then printf 'unobservable: there is no awk command\n'
else
  [ -z "$container" ] || printf 'container %s\n' "$container"
  if systemd_is_init; then under_systemd; compare
  elif [ -e /run/openrc/softlevel ]; then under_openrc; compare
  elif [ -n "$container" ]; then printf 'idle\n'
  elif [ -e /etc/init.d/procps ]; then under_sysvinit; compare
  else fault 'what applies the files at a start is not known here'; fi
  printf 'end\n'
fi
part 0 0"""
)

SCRIPT = f"reader={quote(_AWK)}\n" + _SCRIPT.replace("@CAP@", str(_CAP)).replace("@FILE_CAP@", str(_FILE_CAP))
