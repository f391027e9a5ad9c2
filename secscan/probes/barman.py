"""Repositories of Barman, read from its configuration and its catalogue: its own commands would write to its log.

Each backup of PostgreSQL has a file `backup.info`; the log segments that were archived are listed in `xlog.db`. A backup can be
brought back when Barman calls it done, its files are there and every segment from its first to its last is; with the segments that
follow without a gap, everything up to the last of them can be. Barman keeps no record of `barman verify-backup`.
"""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Observation, Probe, Question
from secscan.model.values import Type
from secscan.probing import quote
from secscan.syntax.restore_points import ATTRIBUTES, EPOCH_AWK, POINT_LIMIT, read_restore_points

_SEGMENTS = 200000  # of the log of one server; more are not looked at
# A line per server: its name, its directory, those of backups, of the log and of the list of the log, with tabs between.
_SERVERS_AWK = r"""function expand(value) {
  gsub(/%\(barman_home\)s/, home, value); gsub(/%\(name\)s/, name, value); gsub(/%\(backup_directory\)s/, directory, value)
  return value
}
function chosen(key, otherwise) {
  if ((name, key) in set) return expand(set[name, key])
  return expand(global[key] != "" ? global[key] : otherwise)
}
/^[ \t]*[;#]/ { next }
/^[ \t]*\[.*\]/ {
  section = $0; sub(/^[ \t]*\[/, "", section); sub(/\].*/, "", section)
  if (section != "barman" && !(section in seen)) { seen[section]; names[++count] = section }
  next
}
match($0, /^[ \t]*(barman_home|backup_directory|basebackups_directory|wals_directory|xlogdb_directory|model|cluster)[ \t]*[=:]/) {
  key = substr($0, 1, RLENGTH - 1); gsub(/[ \t]/, "", key); value = substr($0, RLENGTH + 1)
  gsub(/^[ \t]+|[ \t\r]+$/, "", value)
  if (section == "barman") global[key] = value; else set[section, key] = value
}
END {
  home = global["barman_home"]; if (home == "") home = "/var/lib/barman"
  for (i = 1; i <= count; i++) {
    name = names[i]; if (set[name, "model"] == "true") continue
    directory = chosen("backup_directory", home "/" name)
    wals = chosen("wals_directory", directory "/wals")
    base = chosen("basebackups_directory", directory "/base")
    print name "\t" directory "\t" base "\t" wals "\t" chosen("xlogdb_directory", wals)
  }
}"""
# From `held ID` and `log NAME` lines of what is there, then the list of the log, then the files of all backups.
_POINTS_AWK = (
    EPOCH_AWK
    + r"""function hex(text,   i, value) {
  for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789ABCDEF", substr(text, i, 1)) - 1
  return value
}
function number(wal) { return hex(substr(wal, 9, 8)) * each + hex(substr(wal, 17, 8)) }
function moment(text,   t, east, ahead) {
  if (text !~ /^[0-9]+-[0-9]+-[0-9]+ [0-9]+:[0-9]+:[0-9.]+[-+][0-9]+:[0-9]+$/) return ""
  split(text, t, /[- :+]/); east = substr(text, length(text) - 5)
  ahead = substr(east, 2, 2) * 3600 + substr(east, 5, 2) * 60; if (substr(east, 1, 1) == "-") ahead = -ahead
  return sprintf("%.0f", epoch(t[1], t[2], t[3], t[4], t[5], int(t[6])) - ahead)
}
function complete(first, last,   n, from, to, line) {
  if (length(first) != 24 || length(last) != 24) return 0
  line = substr(first, 1, 8); from = number(first); to = number(last)
  if (to < from || to - from > segments) return 0
  for (n = from; n <= to; n++) if (!((line, n) in at)) return 0
  return 1
}
function close_info(   when, good) {
  if (id == "") return
  each = 4294967296 / (info["xlog_segment_size"] > 0 ? info["xlog_segment_size"] : 16777216)
  if (!indexed) { for (wal in archived) at[substr(wal, 1, 8), number(wal)] = archived[wal]; indexed = 1 }
  status = info["status"]; when = moment(info["end_time"]); if (when == "") when = moment(info["begin_time"])
  if (id > latest) { latest = id; state = status }
  if (info["systemid"] ~ /^[0-9]+$/) cluster = info["systemid"]
  bytes += info["deduplicated_size"] > 0 ? info["deduplicated_size"] : info["size"]
  if (status != "DONE" || when == "") { unfinished++; return }
  if (info["encryption"] == "" || info["encryption"] == "None") open = 1
  good = complete(info["begin_wal"], info["end_wal"]) && (id in held)
  if (good && (!base || when + 0 > base)) { base = when + 0; last = info["end_wal"] }
  print "point " when " " (info["size"] > 0 ? info["size"] : "-") " full " (good ? "y" : "n") " " id; points++
}
$1 == "held" { held[$2]; next }
$1 == "log" { there[$2]; segments++; next }
FILENAME == list { if (length($1) == 24 && $1 !~ /[^0-9A-F]/ && ($1 in there)) archived[$1] = $3; next }
FNR == 1 {
  close_info(); split("", info)
  id = FILENAME; sub(/\/backup\.info$/, "", id); sub(/-backup\.info$/, "", id); sub(/.*\//, "", id)
}
{ key = $0; sub(/=.*/, "", key); value = $0; sub(/^[^=]*=/, "", value); info[key] = value }
END {
  close_info()
  if (base) {
    line = substr(last, 1, 8); follow = number(last)
    while ((line, follow + 1) in at) follow++
    if (int(at[line, follow]) > base) { printf "point %.0f - log y %s\n", int(at[line, follow]), line; points++ }
  }
  if (state) print "| last_result=" (state == "DONE" ? "success" : state == "FAILED" ? "failed" : "running")
  print "| unfinished=" unfinished + 0 " size=" sprintf("%.0f", bytes) " encrypted=" (open || !points ? "no" : "yes")
  if (cluster) print "| id=" cluster
  if (points > @LIMIT@) print "fault more than @LIMIT@ backups"; else print "done " points + 0
}"""
).replace("@LIMIT@", str(POINT_LIMIT))
_SHELL = f"""tab=$(printf '\\t')
servers={quote(_SERVERS_AWK)}
counted={quote(_POINTS_AWK)}
closed() {{ # DIRECTORY...: says so, and is true, when this user cannot look into one
  for part; do
    if [ -d "$part" ] && {{ [ ! -r "$part" ] || [ ! -x "$part" ]; }}; then
      printf 'fault %s cannot be listed by this user\\n' "$part"
      return 0
    fi
  done
  return 1
}}
tell_held() {{ # what is there of backups and of the log
  for place in "$base"/*/; do
    place=${{place%/}}
    for data in "$place"/data/PG_VERSION "$place"/data/base.tar*; do
      if [ -s "$data" ]; then printf 'held %s\\n' "${{place##*/}}"; break; fi
    done
  done
  find "$wals" -type f -size +0c 2>/dev/null | head -n {_SEGMENTS + 1} | sed 's|.*/|log |'
}}
tell_server() {{
  printf 'repository barman %s\\n' "$directory"
  case $name in *[!A-Za-z0-9_.-]*) printf 'fault its name has letters that are not understood\\n'; return 0 ;; esac
  if [ ! -d "$directory" ]; then
    if [ -x "${{directory%/*}}/" ]; then printf '| evidence=repository time_is=exact data_set=%s\\ndone 0\\n' "$name"
    else printf 'fault %s cannot be searched by this user\\n' "${{directory%/*}}"; fi
    return 0
  fi
  if closed "$directory" "$base" "$base"/*/ "$wals" "$wals"/*/; then return 0; fi
  printf '| evidence=repository time_is=exact data_set=%s\\n' "$name"
  stat -c '| mode=%a' -- "$directory"
  list=/dev/null
  for file in "$listed/xlog.db" "$listed/$name-xlog.db"; do if [ -r "$file" ]; then list=$file; fi; done
  set -- "$list"
  for file in "$base"/*/backup.info "$directory"/meta/*-backup.info; do if [ -f "$file" ]; then set -- "$@" "$file"; fi; done
  if [ $# = 1 ]; then printf 'done 0\\n'; return 0; fi
  tell_held | awk -v list="$list" "$counted" - "$@"
}}
answer() {{ # CONFIG
  if [ ! -e "$1" ]; then
    if [ -x "${{1%/*}}/" ]; then printf 'absent\\n'
    else printf 'unobservable: %s cannot be searched by this user\\n' "${{1%/*}}"; fi
    return 0
  fi
  for tool in stat awk find sed; do
    if ! have $tool; then printf 'unobservable: there is no %s command\\n' $tool; return 0; fi
  done
  more=$(awk -F '[ \\t]*[=:][ \\t]*' '$1 ~ /^[ \\t]*configuration_files_directory$/ {{ print $2 }}' "$1" 2>/dev/null | tail -n 1)
  set -- "$1"
  for file in "${{more:-/nowhere}}"/*.conf; do if [ -f "$file" ]; then set -- "$@" "$file"; fi; done
  for file do
    if [ ! -r "$file" ]; then printf 'unobservable: %s cannot be read by this user\\n' "$file"; return 0; fi
  done
  told=$(awk "$servers" "$@" | while IFS=$tab read -r name directory base wals listed; do tell_server; done)
  if [ -n "$told" ]; then printf '%s\\nend\\n' "$told"; else printf 'absent\\n'; fi
}}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """A few processes for each server that is backed up."""
    configs = [str(call["config"]) for call in calls]
    asked = "\n".join(f"answer {quote(config)}\npart {index} 0" for index, config in enumerate(configs))
    touches = (*dict.fromkeys(configs), "its configuration_files_directory", "barman_home", "awk", "find", "stat", "sed")
    return Question(_SHELL + asked, touches)


def read(call: Arguments, answer: Answer) -> Observation:
    """One repository per server, as syntax/restore_points.py describes it; `absent` without the configuration or a server."""
    return read_restore_points(answer, "a server that Barman backs up")


PROBE = Probe(
    name="barman",
    summary="The backups of PostgreSQL that Barman keeps, and how far its archive of the log reaches without a gap",
    arguments=(Argument("config", Type.TEXT, "its configuration", default="/etc/barman.conf", pattern=PATH),),
    attributes=ATTRIBUTES,
    ask=ask,
    read=read,
    example=(
        "repository barman /var/lib/barman/main\n| evidence=repository time_is=exact data_set=main\n| mode=755\n"
        "point 1767218400 22992319 full y 20251231T220000\npoint 1767222000 - log y 00000001\n| last_result=success\n"
        "| unfinished=0 size=22992319 encrypted=no\n| id=7710568639684442154\ndone 2\nend\n"
    ),
    time_limit_s=60,
    condition="config",
)  # fmt: skip
