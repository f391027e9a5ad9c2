"""Commands and configurations that say what is backed up and what is left out: awk that tells them in lines.

A job is told in these lines, the first of which begins it:
  source TOOL FILE     restic, borg, duplicity, rsync, rsnapshot, bacula or bareos; FILE is the name of a file set for the last two
  target TEXT          where it goes, without a password
  path PATH            a directory of this host
  remote HOST:PATH     one of another host
  opaque WHY           what is saved is not all told
  exclude PATTERN      what is left out, in the words of the tool
  from FILE            a list of such patterns
  vague WHY            what is left out is not all told
  bounded              file systems that are mounted below are left out
  linked               what links point to is saved too
  relative             (rsync) patterns begin at the root of the host and not at what is copied
"""

from __future__ import annotations

ELSEWHERE, UNWRITTEN = "it takes a list from elsewhere", "a part of the list is not written out"
UNDECIDED = "it leaves out by more than names"
TAKEN_BACK = "it takes some of what it leaves out back"


def _worded(program: str) -> str:
    """An awk program with the reasons that stand in it by name."""
    for name, reason in (("ELSEWHERE", ELSEWHERE), ("UNWRITTEN", UNWRITTEN), ("UNDECIDED", UNDECIDED)):
        program = program.replace(f"@{name}@", reason)
    return program


_SAID = f"""function say(line) {{ found[++many] = line }}
function opaque(why) {{ say("opaque " why) }}
function leave(pattern) {{
  if (pattern ~ /[$`]/ || pattern == "") say("vague {UNWRITTEN}")
  else if (pattern ~ /^(!|\\+ )/) say("vague {TAKEN_BACK}")
  else {{ sub(/^- /, "", pattern); say("exclude " pattern) }}
}}
function list(file) {{ say(file ~ /^\\/[A-Za-z0-9\\/@:._-]*$/ ? "from " file : "vague {UNWRITTEN}") }}
function aim(place) {{
  sub(/:\\/\\/[^\\/@]*@/, "://", place)
  if (place != "" && place !~ /[$`{{%]/) say("target " place)
}}
"""
# duplicity: the first rule that fits decides, so that includes before an exclude of everything are the list of what is saved.
_RULES = f"""function settle(   i, late, all) {{
  all = rules && rule[rules] ~ /^- (\\/?\\*\\*?|\\/)$/
  for (i = 1; i <= rules - all; i++) {{
    if (rule[i] ~ /^\\+/ && all) {{
      late = 1
      if (rule[i] ~ /^\\+ \\/[^$*?`{{[]*$/) say("path " substr(rule[i], 3)); else opaque("{UNWRITTEN}")
    }}
    else if (rule[i] ~ /^\\+/ || late) say("vague {TAKEN_BACK}")
    else leave(substr(rule[i], 3))
  }}
  if (!all && origin != "") say("path " origin)
}}
"""
# `restic ... backup`, `borg ... create`, `duplicity` and `rsync` in units, crontabs and the scripts they run.
COMMANDS_AWK = _worded(
    _SAID
    + _RULES
    + r"""function start(name) {
  tool = name; begun = name ~ /^(duplicity|rsync)$/; pending = origin = ""; many = rules = places = loose = 0
}
function finish(   i) {
  if (begun && tool == "duplicity") { settle(); if (!aimed) many = 0 }
  if (begun && tool == "rsync") copy()
  if (begun && many) { print "source " tool " " FILENAME; for (i = 1; i <= many; i++) print found[i] }
  tool = ""; begun = aimed = dry = 0
}
function copy(   i, place) {
  if (places < 2 || dry) { many = 0; return }
  for (i = 1; i < places; i++) {
    place = word_of[i]
    if (place ~ /^\/[^$*?`{]*$/) say("path " place)
    else if (place ~ /^[^\/:$`]+:\/[^$*?`{]*$/) { sub(/^[^@\/]*@/, "", place); say("remote " place) }
    else opaque("@UNWRITTEN@")
  }
  aim(word_of[places])
}
function option(name, value) {
  if (tool != "rsync" && name ~ /^(-e|--exclude)$/ || tool == "rsync" && name == "--exclude") {
    if (tool == "duplicity") rule[++rules] = "- " value; else leave(value)
  }
  else if (tool == "duplicity" && name == "--include") rule[++rules] = "+ " value
  else if (name ~ /^--(exclude-file|exclude-from|exclude-filelist|exclude-globbing-filelist)$/) list(value)
  else if (name ~ /^--(exclude-caches|exclude-device-files|exclude-if-newer)$/) return
  else if (name ~ /^(-x|--one-file-system|--exclude-other-filesystems)$/) say("bounded")
  else if (name ~ /^--(i?exclude|include|filter|max-size|min-size|max-age|cvs-exclude|existing$|ignore-existing$)/ ||
    tool == "rsync" && name ~ /^-[A-Za-z]*[fFC]/) say("vague @UNDECIDED@")
  else if (tool == "restic" && name ~ /^(-r|--repo)$/) aim(value)
  else if (name ~ /^--(files-from|patterns?|patterns-from|paths-from|stdin)/) opaque("@ELSEWHERE@")
  else if (tool == "rsync" && name == "--relative") say("relative")
  else if (name ~ /^--(copy-links|copy-dirlinks|copy-unsafe-links)$/) say("linked")
  else if (tool == "rsync" && name ~ /^--(dry-run|list-only)$/) dry = 1
  else if (tool == "rsync" && name ~ /^-[A-Za-z]+$/) {
    if (name ~ /x/) say("bounded")
    if (name ~ /R/) say("relative")
    if (name ~ /[Lk]/) say("linked")
    if (name ~ /n/) dry = 1
  }
  else if (tool != "rsync" && name ~ /^-[A-Za-z]*x[A-Za-z]*$/) say("bounded")
}
function takes(name) {
  if (name ~ /^--(i?exclude|include|filter|max-size|min-size|max-age)$/) return 1
  if (name ~ /^--(i?ex|in)clude-(file|from|if-present|larger-than|regexp|older-than|filelist|globbing-filelist)$/) return 1
  if (name ~ /^--(files-from[a-z-]*|patterns?|patterns-from|paths-from|repo)$/) return 1
  if (name ~ /^--(tag|host|password|cache|option|comment|compression)[a-z-]*$/) return 1
  if (name ~ /^--(rsh|log|temp|archive|name|encrypt|sign|volsize|full-if)[a-z-]*$/) return 1
  return tool == "rsync" ? name ~ /^-[A-Za-z]*[efT]$/ : name ~ /^-[eopr]$/
}
function saved(place) {
  if (aimed || place ~ /^(full|incr|incremental|inc|backup)$/) return
  if (place ~ /^[a-z0-9+]+:\/\// && (origin != "" || rules || many)) { aim(place); aimed = 1 }
  else if (place ~ /^\$/ && origin != "") aimed = 1
  else if (place ~ /^\/[^$*?`{]*$/) origin = place
  else if (place ~ /^[.$\/]/) opaque("@UNWRITTEN@")
  else if (!loose) begun = 0
}
function positional(place) {
  if (tool == "rsync") { if (place !~ /^[0-9]+$/) word_of[++places] = place }
  else if (tool == "duplicity") saved(place)
  else if (place ~ /::/) { sub(/::.*/, "", place); aim(place) }
  else if (place ~ /^\/[^$*?`{]*$/) say("path " place)
  else if (!loose) opaque("@UNWRITTEN@")
}
{ whole = held $0; held = "" }
/\\$/ { held = substr(whole, 1, length(whole) - 1) " "; next }
whole ~ /^[ \t]*#/ { next }
{
  gsub(/["']/, "", whole); gsub(/\$\([^)]*\)/, "$_", whole)
  count = split(whole, word, /[ \t]+/); pending = tool = ""; begun = aimed = dry = 0
  for (at = 1; at <= count; at++) {
    each = word[at]
    if (each == "") continue
    if (each ~ /^([;&|]+|[0-9]*[<>].*)$/) { finish(); continue }
    if (!begun && pending == "" && each ~ /(^|\/|=)(restic|borg|duplicity|rsync)$/) {
      name = each; sub(/.*[\/=]/, "", name); start(name); continue
    }
    if (tool == "") continue
    last = each ~ /;$/; sub(/;$/, "", each)
    if (pending != "") { option(pending, each); pending = "" }
    else if (each ~ /^-./) {
      name = value = each; sub(/=.*/, "", name)
      if (name != each) { sub(/^[^=]*=/, "", value); option(name, value); loose = 0 }
      else if (tool != "rsync" && each ~ /^-[er]./) { option(substr(each, 1, 2), substr(each, 3)); loose = 0 }
      else if (takes(name)) pending = name
      else { option(name, ""); loose = 1 }
      if (pending == "" || !last) { if (last) finish(); continue }
    }
    else if (!begun) begun = tool == "restic" && each == "backup" || tool == "borg" && each == "create"
    else { positional(each); loose = 0 }
    if (last) finish()
  }
  finish()
}"""
)
BORGMATIC_AWK = _worded(
    _SAID
    + r"""function item(text) {
  sub(/^- +/, "", text); sub(/[ \t]+#.*$/, "", text); sub(/[ \t\r]+$/, "", text); gsub(/["']/, "", text)
  return text
}
/^[ \t]*(#|$)/ { next }
/!include/ { opaque("@ELSEWHERE@"); known = 1; next }
{ indent = match($0, /[^ \t]/); text = substr($0, indent) }
text !~ /^- / && text ~ /^[a-z_]+:/ {
  name = text; sub(/:.*/, "", name); value = text; sub(/^[a-z_]+:[ \t]*/, "", value); value = item(value)
  if (section != "" && indent > depth) { if (section == "repositories" && name == "path") aim(value); next }
  section = name; depth = indent
  if (name ~ /^(patterns|patterns_from)$/ || (name == "source_directories" && value != "")) { opaque("@ELSEWHERE@"); known = 1 }
  if (name == "source_directories") known = 1
  if (name ~ /^(exclude_if_present|exclude_patterns|exclude_from)$/ && value != "") say("vague @UNDECIDED@")
  if (name == "exclude_nodump" && value ~ /^(true|yes|on)$/) say("vague @UNDECIDED@")
  if (name == "one_file_system" && value ~ /^(true|yes|on)$/) say("bounded")
  if (name == "location") section = ""
  next
}
text ~ /^- / {
  text = item(text)
  if (section == "source_directories") { if (text ~ /^\/[^*?{]*$/) say("path " text); else opaque("@UNWRITTEN@") }
  if (section == "exclude_patterns") leave(text)
  if (section == "exclude_from") list(text)
  if (section == "exclude_if_present") say("vague @UNDECIDED@")
  if (section == "repositories") { sub(/^path:[ \t]*/, "", text); aim(text) }
}
END { if (known) { print "source borg " FILENAME; for (i = 1; i <= many; i++) print found[i] } }"""
)
RSNAPSHOT_AWK = _worded(
    _SAID
    + r"""{ sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, ""); count = split($0, word, /\t+/) }
/^#/ || count < 2 { next }
word[1] == "snapshot_root" { root = word[2] }
word[1] == "include_conf" { lists++ }
word[1] == "exclude" { leave(word[2]) }
word[1] == "exclude_file" { list(word[2]) }
word[1] ~ /^include(_file)?$/ { say("vague @UNDECIDED@") }
word[1] == "one_fs" && word[2] == "1" { say("bounded") }
word[1] == "rsync_short_args" && word[2] ~ /x/ { say("bounded") }
word[1] == "rsync_short_args" && word[2] ~ /[Lk]/ { say("linked") }
word[1] == "rsync_long_args" {
  if (word[2] !~ /--relative/) own = 1
  if (word[2] ~ /--(exclude|include|filter|max-size|min-size|cvs|existing|ignore-existing)/) say("vague @UNDECIDED@")
  if (word[2] ~ /--one-file-system/) say("bounded")
  if (word[2] ~ /--copy-(links|dirlinks|unsafe-links)/) say("linked")
}
word[1] == "backup" && word[2] ~ /^\// { say("path " word[2]) }
word[1] == "backup" && word[2] ~ /^[^\/]*:\// { sub(/^[^@\/]*@/, "", word[2]); say("remote " word[2]) }
word[1] == "backup" && count > 3 { say("vague @UNDECIDED@") }
END {
  if (root == "" && !many) exit
  print "source rsnapshot " FILENAME
  if (root != "") print "target " root
  if (!own) print "relative"
  for (i = 1; i <= many; i++) print found[i]
  if (lists) print "opaque a part of its configuration lies elsewhere"
}"""
)
# SOURCE, TARGET and the list `exclude` of a profile of duply, given in this order.
DUPLY_AWK = _worded(
    _SAID
    + _RULES
    + r"""FNR == 1 { files++ }
files == 1 && /^[ \t]*SOURCE=/ {
  sub(/^[^=]*=/, ""); sub(/[ \t]+#.*$/, ""); gsub(/["']/, "")
  if ($0 ~ /^\/[^$*?`]*$/) origin = $0; else opaque("@UNWRITTEN@")
}
files == 1 && /^[ \t]*TARGET=/ { sub(/^[^=]*=/, ""); sub(/[ \t]+#.*$/, ""); gsub(/["']/, ""); aim($0) }
files == 1 && /^[ \t]*DUPL_PARAMS=.*--(ex|in)clude/ { say("vague @UNDECIDED@") }
files == 1 { conf = FILENAME }
files == 2 && /^[ \t]*[^# \t]/ { sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, ""); rule[++rules] = /^[-+] / ? $0 : "- " $0 }
END { settle(); print "source duplicity " conf; for (i = 1; i <= many; i++) print found[i] }"""
)
# File sets of a director. A file set does not follow into mounted file systems unless `OneFS = no`.
FILESET_AWK = _worded(
    _SAID
    + r"""function plain(text) { gsub(/^[ \t]+|[ \t\r]+$/, "", text); gsub(/"/, "", text); return text }
function statement(text,   key, value) {
  if (text !~ /=/) return
  key = tolower(text); sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
  value = text; sub(/^[^=]*=/, "", value); value = plain(value)
  if (section[2] == "" && key == "name") name = value
  if (section[2] == "exclude" && key == "file") leave(value ~ /^\// ? value : "$")
  if (section[2] != "include") return
  if (key == "file") { if (value ~ /^\/[^*?<|\\]*$/) say("path " value); else opaque("@ELSEWHERE@") }
  if (key ~ /plugin$/) opaque("@ELSEWHERE@")
  if (key == "excludedircontaining") say("vague @UNDECIDED@")
  if (key == "exclude" && tolower(value) ~ /^(yes|true)$/) say("vague @UNDECIDED@")
  if (key == "onefs" && tolower(value) ~ /^(no|false)$/) open = 1
}
{
  sub(/(^|[ \t])#.*/, ""); gsub(/[{};]/, "\n&\n"); count = split($0, piece, "\n")
  for (at = 1; at <= count; at++) {
    if (piece[at] == "{") { section[++level] = tolower(plain(held)); held = "" }
    else if (piece[at] == "}") {
      if (section[1] == "fileset") {
        statement(held)
        if (level == 2 && section[2] == "include" && !open) say("bounded")
        if (level == 2) open = 0
        if (level == 1) { print "source " tool " " name; for (i = 1; i <= many; i++) print found[i]; many = 0; name = "" }
      }
      held = ""; section[level] = ""; if (level > 0) level--
    }
    else if (piece[at] == ";") { if (section[1] == "fileset") statement(held); held = "" }
    else held = held piece[at]
  }
  if (held ~ /=/) { if (section[1] == "fileset") statement(held); held = "" }
}"""
)
# A list of patterns, one a line. Of a file that holds anything else nothing is told.
PATTERNS_AWK = _worded(
    _SAID
    + r"""{ sub(/^[ \t]+/, ""); sub(/[ \t\r]+$/, "") }
/^([#;]|$)/ { next }
length($0) > 200 || NR > 1000 || /[^A-Za-z0-9\/_.*?!@+,=~ \[\]-]/ { strange = 1; exit }
{ leave($0) }
END {
  if (strange) { print "vague " FILENAME " holds more than plain patterns"; exit }
  for (i = 1; i <= many; i++) print found[i]
}"""
)
