"""Hooks that root runs, of start scripts, devices, packages, logs, networks and shells: where they are and what they start."""

from __future__ import annotations

from secscan.syntax.root_commands import COMMANDS_AWK

# Operands set `kind` before the files of a kind. `conf` is what a service of OpenRC, the file after it, reads first; `apt` is what
# `apt-config dump` prints.
HOOKS_AWK = (
    COMMANDS_AWK
    + r"""
function finish() {
  script_text()
  if (was == "service" && openrc) service()
  if (was != "conf") split("", vars)
  runs = 0
}
function service(   i, user, words, count) {
  if (!runs && "command" in vars) commands[++runs] = vars["command"]
  user = vars["command_user"]
  sub(/:.*/, "", user)
  if (user ~ /[$`]/) { note("whom its command runs as is known when it starts"); return }
  if (user !~ /^(root|0)?$/) return
  for (i = 1; i <= runs; i++) {
    count = tokens(commands[i] " " vars["command_args"], words, "unit")
    if (count) start(words, 1, count)
  }
}
function begin(   parts) {
  finish()
  was = kind; source = kind == "apt" ? "apt.conf" : FILENAME
  if (kind == "conf") split("", vars)
  held = ""; inside = 0; openrc = 0
  if (kind == "script") vars["HOME"] = "/root"
  if (kind == "service") {
    vars["RC_SVCNAME"] = vars["SVCNAME"] = parts[split(source, parts, "/")]
    openrc = $0 ~ /^#!.*(openrc-run|runscript)/
  }
}
function quoted_value(rest,   i, c, value) {
  for (i = 1; i <= length(rest); i++) {
    c = substr(rest, i, 1)
    if (c == "\\" && substr(rest, i + 1, 1) == "\"") { value = value "\""; i++ }
    else if (c == "\"") break
    else value = value c
  }
  taken = i
  return value
}
function rule(line,   key, ahead, words, count, junk, value) {
  while (match(line, /(RUN|PROGRAM|IMPORT)([{]program[}])?[ \t]*[-+:=!]?=[ \t]*e?"/)) {
    ahead = RSTART == 1 ? "," : substr(line, RSTART - 1, 1)
    key = substr(line, RSTART, RLENGTH)
    line = substr(line, RSTART + RLENGTH)
    value = quoted_value(line)
    line = substr(line, taken + 1)
    if (ahead !~ /[, \t]/ || key ~ /^IMPORT[ \t]*[-+:=!]/) continue
    sub(/[^A-Z].*/, "", key)
    count = tokens(value, words, "unit")
    if (!count) continue
    if (words[1] !~ /[\/$%]/) { # one without a path lies where udev keeps its own
      value = "/usr/lib/udev/" words[1]
      if ((getline junk < value) < 0) words[1] = "/lib/udev/" words[1]
      else { words[1] = value; close(value) }
    }
    source = FILENAME " " key
    start(words, 1, count)
  }
}
function only(word,   words) { words[1] = word; start(words, 1, 1) }
FNR == 1 { begin() }
{ sub(/\r$/, "") }
kind == "script" || kind == "service" || kind == "conf" { gather($0); next }
kind == "udev" {
  if ($0 ~ /^[ \t]*#/) next
  line = held $0; held = ""
  if (line ~ /\\$/) { held = substr(line, 1, length(line) - 1) " "; next }
  rule(line)
}
kind == "apt" && match($0, / "/) {
  key = substr($0, 1, RSTART - 1); value = substr($0, RSTART + 2)
  sub(/";$/, "", value)
  sub(/::$/, "", key)
  source = "apt.conf " key
  key = tolower(key)
  if (key ~ /^(dpkg|apt|rpm|aptcli|binary)::.*(invoke|pre-install-pkgs|hooks::)|proxy-?auto-?detect/) shell(value)
  else if (key ~ /^dir::bin::/ && value ~ /^\/.*[^\/]$/) only(value)
}
kind == "dpkg" && match($0, /^[ \t]*(pre|post)-invoke[ \t]*[= \t][ \t]*/) {
  value = substr($0, RLENGTH + 1)
  gsub(/^["\047]|["\047]$/, "", value)
  shell(value)
}
kind == "inittab" && !/^[ \t]*#/ && sub(/^[^:]*:[^:]*:[^:]*:[-+@ \t]*/, "") { shell($0) }
kind == "logrotate" {
  if (inside && $1 == "endscript") { inside = 0; script_text() }
  else if (inside) gather($0)
  else if ($1 ~ /^(prerotate|postrotate|firstaction|lastaction|preremove)$/) inside = 1
  else if ($1 ~ /^(un)?compresscmd$/ && NF > 1) only($2)
}
END { finish() }
"""
)
# Defines list_hooks; apt_hooks, which wants the awk above in $reader; and looked, told, run_script. Wants $nl and $tab.
LIST_HOOKS = r"""hook_dirs='/etc/rc.d /etc/rc.d/init.d /etc/local.d
/etc/network/if-pre-up.d /etc/network/if-up.d /etc/network/if-down.d
/etc/network/if-post-down.d /etc/networkd-dispatcher/*.d /usr/lib/networkd-dispatcher/*.d /etc/ppp /etc/ppp/*.d /etc/udhcpc
/usr/share/udhcpc /etc/wpa_supplicant /etc/resolvconf/update.d /etc/resolvconf/update-libc.d /etc/ca-certificates/update.d
/etc/kernel/*.d /etc/initramfs-tools/hooks /etc/initramfs-tools/scripts/* /etc/grub.d /etc/update-motd.d /etc/needrestart/*.d
/etc/letsencrypt/renewal-hooks/* /etc/libvirt/hooks /etc/libvirt/hooks/*.d /etc/acpi /etc/pm/*.d /etc/apk/commit_hooks.d
/usr/lib/apk/commit_hooks.d /lib/apk/commit_hooks.d'
for folder in /etc /usr/lib; do
  hook_dirs="$hook_dirs $folder/NetworkManager/dispatcher.d $folder/NetworkManager/dispatcher.d/*.d"
done
for folder in /etc /run /usr/local/lib /usr/lib /lib; do
  if [ -L "$folder" ]; then continue; fi
  for word in generators environment-generators sleep shutdown; do hook_dirs="$hook_dirs $folder/systemd/system-$word"; done
done
looked() { # DIRECTORY: true when one can look into it
  [ -d "$1" ] || return 1
  if [ -r "$1" ] && [ -x "$1" ]; then return 0; fi
  printf 'fault %s cannot be read by this user\n' "$1"
  return 1
}
told() { # FILE: true when it is one that can be told; a link is told with the way to what it leads to
  [ -f "$1" ] || return 1
  case $1 in *"$nl"* | *"$tab"*) printf 'fault a file in %s has a name that no line can hold\n' "${1%/*}"; return 1 ;; esac
  if [ -L "$1" ]; then printf 'program\t%s\t%s\n' "$1" "$1"; fi
}
run_script() { # FILE: one that is run; it is read as well when a shell does so
  if ! told "$1" || [ ! -x "$1" ]; then return 0; fi
  if [ ! -L "$1" ]; then printf 'program\t%s\t%s\n' "$1" "$1"; fi
  first=''
  IFS= read -r first 2>/dev/null <"$1"
  case $first in '#!'*sh | '#!'*sh' '* | '#!'*openrc-run* | '#!'*runscript*) printf '%s\n' "$1" ;; esac
}
list_rules() { # as they override each other: what is empty or leads nowhere masks
  names=/
  for dir in /etc/udev/rules.d /run/udev/rules.d /usr/local/lib/udev/rules.d /usr/lib/udev/rules.d /lib/udev/rules.d; do
    looked "$dir" || continue
    for file in "$dir"/*.rules; do
      case $names in *"/${file##*/}/"*) continue ;; esac
      names=$names${file##*/}/
      if told "$file"; then printf '%s\n' "$file"; fi
    done
  done
}
list_rotation() { # what logrotate reads, with what that includes
  for file in /etc/logrotate.conf /usr/etc/logrotate.conf; do
    if [ -f "$file" ] && [ -r "$file" ]; then sed -n 's/^[ 	]*include[ 	][ 	]*\(\/[^ 	]*\).*/\1/p' "$file"; fi
  done | {
    printf '%s\n' /etc/logrotate.conf /usr/etc/logrotate.conf /etc/logrotate.d /usr/etc/logrotate.d
    cat
  } | sort -u | while IFS= read -r place; do
    if told "$place"; then printf '%s\n' "$place"; fi
    looked "$place" || continue
    for file in "$place"/*; do
      if told "$file"; then printf '%s\n' "$file"; fi
    done
  done
}
list_hooks() { # files with operands that tell their kind; `fault WHY`, `program SOURCE PATH`
  IFS=" $nl"
  set +f
  printf 'kind=udev\n'
  list_rules
  printf 'kind=logrotate\n'
  list_rotation
  printf 'kind=dpkg\n'
  for file in /etc/dpkg/dpkg.cfg /etc/dpkg/dpkg.cfg.d/*; do if told "$file"; then printf '%s\n' "$file"; fi; done
  printf 'kind=inittab\n'
  if told /etc/inittab; then printf '/etc/inittab\n'; fi
  if looked /etc/init.d; then
    for file in /etc/init.d/*; do
      if [ -x "$file" ] && told "/etc/conf.d/${file##*/}"; then printf 'kind=conf\n/etc/conf.d/%s\n' "${file##*/}"; fi
      printf 'kind=service\n'
      run_script "$file"
    done
  fi
  printf 'kind=script\n'
  for dir in $hook_dirs; do
    looked "$dir" || continue
    for file in "$dir"/*; do run_script "$file"; done
  done
  for file in /etc/rc.local /etc/rc.d/rc.local /sbin/ifup-local /sbin/ifdown-local; do run_script "$file"; done
  looked /root
  for file in /etc/profile /etc/profile.d/*.sh /etc/bash.bashrc /etc/bashrc /etc/bash/*.sh /etc/bash/bashrc /etc/zshenv \
    /etc/zprofile /etc/zshrc /etc/zsh/z* /etc/dhcp/dhclient-*-hooks /etc/dhcp/dhclient-*-hooks.d/* /etc/dhcpcd.*-hook* \
    /usr/lib/dhcpcd/dhcpcd-hooks/* /lib/dhcpcd/dhcpcd-hooks/* /etc/rc.conf \
    /root/.profile /root/.bash_profile /root/.bash_login /root/.bashrc /root/.bash_logout \
    /root/.zshenv /root/.zprofile /root/.zshrc /root/.kshrc; do
    if told "$file"; then printf 'program\t%s\t%s\n%s\n' "$file" "$file" "$file"; fi
  done
}
apt_hooks() {
  if ! have apt-config; then return 0; fi
  if settings=$(apt-config dump 2>/dev/null </dev/null); then printf '%s\n' "$settings" | awk "$reader" kind=apt -
  else printf 'fault apt-config fails: the settings of apt\n'; fi
}
"""
