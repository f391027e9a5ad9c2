"""Programs that command lines of units and of cron start, as far as their words tell: an awk that follows wrappers and scripts."""

from __future__ import annotations

# For awk; `source` is where the line stands. What is found is printed a line each, tab-separated:
#   program SOURCE WORD   what is started: a path, or a name that is looked for on PATH
#   note SOURCE WHY       what of the line could not be followed
# start(words, from, count): the program at words[from] and, where it is an interpreter or starts another, what that is given.
# shell(text): each simple command of lines for a shell. tokens(text, out, how): words; for a shell "\n" between its commands, and
# without the patterns of `case`.
# Of a whole script (see _SCRIPT_AWK) only programs with a path are told: where others lie is said by root's PATH, judged elsewhere.
_WORDS_AWK = r"""
function clean(text) { gsub(/[\001-\037\177]/, "?", text); return text }
function program(word) { if (!scripted || word ~ /^\//) print "program\t" clean(source) "\t" clean(word) }
function note(why) { print "note\t" clean(source) "\t" clean(why) }
function unless_script(word) { return scripted ? "" : ": " word }
function tokens(text, out, how,   i, c, quoted, word, some, count, depth, mark) {
  split("", out); count = 0; word = ""; some = 0; quoted = ""; depth = 0; mark = 0
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quoted != "" && c == quoted) quoted = ""
    else if (c == "\\" && quoted != "\047") { i++; word = word substr(text, i, 1); some = 1 }
    else if (quoted != "") word = word c
    else if (c == "\"" || c == "\047") { quoted = c; some = 1 }
    else if (how == "shell" && c == "(" && word ~ /=$/) { while (i < length(text) && substr(text, i, 1) != ")") i++ }
    else if (c ~ /[ \t\n]/ || (how == "shell" && c ~ /[;&|()]/)) {
      if (some) out[++count] = word
      word = ""; some = 0
      if (c == "(") depth++
      else if (how == "shell" && c == ")" && --depth < 0) { count = mark; depth = 0 }
      if (c == "\n" || c ~ /[;&|()]/) out[++count] = "\n"
      if (c ~ /[\n;&(]/) mark = count
    }
    else if (how == "shell" && c == "#" && !some) { while (i < length(text) && substr(text, i + 1, 1) != "\n") i++ }
    else { word = word c; some = 1 }
  }
  if (some) out[++count] = word
  return count
}
function before(word) { return word ~ /^([A-Za-z_][A-Za-z0-9_]*=.*|if|then|else|elif|do|while|until|!|[{]|exec|command|time)$/ }
function built_in(word) {
  return word ~ /^([0-9]*[<>].*|fi|done|esac|case|for|in|[}]|\[|\[\[|:|cd|echo|exit|export|false|kill|printf|read|return|set)$/ ||
    word ~ /^(shift|test|trap|true|umask|ulimit|unset|wait)$/
}
function shell(text,   words, count, i, first) {
  count = tokens(text, words, "shell"); first = 1
  for (i = 1; i <= count + 1; i++) {
    if (i <= count && words[i] != "\n") continue
    if (scripted) follow(words, first, i - 1)
    while (first < i && before(words[first])) first++
    if (first < i) start(words, first, i - 1, 1)
    first = i + 1
  }
}
function joined(words, from, count,   text) {
  for (text = ""; from <= count; from++) text = text " " words[from]
  return text
}
function start(words, from, count, shelly,   word, name) {
  word = words[from]
  if (shelly && built_in(word)) return
  if (word ~ /[$`*?%]/) { note("a program that a variable or a pattern names"); return }
  if (word !~ /^\// && word ~ /\//) { note("a program below the directory it starts in" unless_script(word)); return }
  program(word)
  name = word; sub(/.*\//, "", name)
  if (name ~ /^(ba|da|k|mk|z|a)?sh$/) script(words, from + 1, count, "shell")
  else if (name ~ /^(python|perl|ruby|node|nodejs|php|lua|java|tclsh|awk|source|\.)[0-9.]*$/) script(words, from + 1, count, name)
  else if (name ~ /^(env|nice|ionice|chrt|taskset|timeout|nohup|setsid|stdbuf|chronic|cronic|unbuffer|catchsegv|flock)$/)
    wrapped(words, from + 1, count, name)
  else if (name == "start-stop-daemon") daemon(words, from + 1, count)
  else if (name == "run-parts") directory(words, from + 1, count)
  else if (name == "busybox" && from < count) start(words, from + 1, count)
}
function directory(words, i, count) {
  for (; i <= count; i++) if (words[i] ~ /^\//) { start(words, i, i); return }
}
function wrapped(words, i, count, name,   locked) {
  for (; i <= count; i++) {
    if (words[i] ~ /^-/ || words[i] ~ /^[0-9.,x]+[smhd]?$/ || words[i] ~ /^[A-Za-z_][A-Za-z0-9_]*=/) {
      if (name == "flock" && words[i] == "-c") { shell(joined(words, i + 1, count)); return }
      continue
    }
    if (name == "flock" && !locked) { locked = 1; continue }
    start(words, i, count)
    return
  }
}
function daemon(words, i, count,   told, run, many, user, option, value) {
  for (; i <= count && words[i] != "--"; i++) {
    option = words[i]; value = ""
    if (option ~ /^--[a-z]+=/) { value = option; sub(/^[^=]*=/, "", value); sub(/=.*/, "", option) }
    if (option !~ /^(-[xacu]|--(exec|startas|chuid|user))$/) continue
    if (value == "") value = words[++i]
    if (option ~ /^(-a|--startas)$/ || (option ~ /^(-x|--exec)$/ && run[1] == "")) run[1] = value
    if (option ~ /^(-c|--chuid)$/ || (openrc && option ~ /^(-u|--user)$/)) user = value
  }
  sub(/:.*/, "", user)
  if (run[1] == "" || user !~ /^(root|0)?$/) return
  for (many = 1; i < count; i++) run[++many] = words[i + 1]
  start(run, 1, many)
}
function script(words, i, count, name) {
  for (; i <= count; i++) {
    if (name == "shell" && words[i] ~ /^-[a-z]*c$/) { if (i < count) shell(words[i + 1]); return }
    if (words[i] ~ /^-(c|e|ne|pe|m|r)$/) { note("what " name " is told to do on its command line"); return }
    if (words[i] ~ /^[-<>]/) continue
    if (words[i] ~ /^\// && words[i] !~ /[$`*?%]/) program(words[i])
    else note("a script that " name " is given" unless_script(words[i]))
    return
  }
}
"""
# script_text(): what a script starts whose lines gather(LINE) was given. Variables are followed where the script itself gives
# them a value. What stands in a here-document is no command, unless a shell is given it.
_SCRIPT_AWK = r"""
function expanded(word,   out, name, other, rest, again) {
  for (again = 0; again < 3 && index(word, "$"); again++) {
    out = ""
    while (match(word, /[$]([A-Za-z_][A-Za-z0-9_]*|[{][A-Za-z_][A-Za-z0-9_]*(:?[-=][^{}$]*)?[}])/)) {
      name = substr(word, RSTART + 1, RLENGTH - 1)
      rest = substr(word, RSTART + RLENGTH)
      out = out substr(word, 1, RSTART - 1)
      gsub(/[{}]/, "", name)
      other = name
      sub(/[:=-].*/, "", name)
      sub(/^[^:=-]*/, "", other)
      if (name in vars && vars[name] != "") out = out vars[name]
      else if (other != "") {
        if (other ~ /^:?=/) vars[name] = substr(other, index(other, "=") + 1)
        sub(/^:?[-=]/, "", other)
        out = out other
      } else out = out "${" name "}"
      word = rest
    }
    word = out word
  }
  return word
}
function follow(words, from, to,   i, name, assigned) {
  assigned = 1
  for (i = from; i <= to; i++) {
    words[i] = expanded(words[i])
    if ("HOME" in vars) sub(/^~\//, vars["HOME"] "/", words[i])
    if (assigned && words[i] ~ /^[A-Za-z_][A-Za-z0-9_]*=/) {
      name = words[i]
      sub(/=.*/, "", name)
      vars[name] = substr(words[i], length(name) + 2)
      if (name == "command") commands[++runs] = vars[name]
    } else if (words[i] !~ /^(export|readonly|local|declare|typeset|if|then|else|do|[{])$/) assigned = 0
  }
}
function gather(line,   head) {
  if (marker != "") {
    head = line
    sub(/^[ \t]+/, "", head)
    if (head == marker) { marker = ""; return }
    if (!fed) return
  } else if (line !~ /^[ \t]*#|<<<|\(\(/ && match(line, /<<-?[ \t]*["\047\\]?[A-Za-z_][A-Za-z0-9_]*["\047]?/)) {
    head = substr(line, 1, RSTART - 1)
    marker = substr(line, RSTART, RLENGTH)
    line = head substr(line, RSTART + RLENGTH)
    gsub(/^<<-?[ \t]*["\047\\]?|["\047]$/, "", marker)
    fed = head ~ /(^|[ \t\/])(ba|da|k|mk|z|a)?sh[ \t]*$|SHELL[^}]*[}]?[ \t]*$/
  }
  if (length(text) > 100000) { if (!long) note("it is longer than what is looked at"); long = 1 }
  else if (sub(/\\$/, "", line)) text = text line
  else text = text line "\n"
}
function script_text() {
  scripted = 1
  shell(text)
  scripted = 0; text = ""; marker = ""; long = 0
}
"""
COMMANDS_AWK = _WORDS_AWK + _SCRIPT_AWK
# Every Exec line of units with what systemd makes of it, those alone that root runs. Main files come first, then drop-ins in order.
UNITS_AWK = (
    COMMANDS_AWK
    + r"""
function own(file,   parts, count, unit) {
  count = split(file, parts, "/")
  unit = parts[count]
  if (unit ~ /\.conf$/) { unit = parts[count - 1]; sub(/\.d$/, "", unit) }
  return unit
}
function truth(value) { return tolower(value) ~ /^(1|yes|y|true|t|on)$/ }
function take(line,   key, value, at) {
  at = index(line, "=")
  key = substr(line, 1, at - 1); value = substr(line, at + 1)
  sub(/[ \t]+$/, "", key); sub(/^[ \t]+/, "", value); sub(/[ \t]+$/, "", value)
  if (key ~ /^(User|DynamicUser|PermissionsStartOnly|RootDirectory|RootImage)$/) setting[unit, key] = value
  else if (key ~ /^Exec(Condition|Start|StartPre|StartPost|Reload|ReloadPost|Stop|StopPre|StopPost)$/) {
    if (value == "") {
      for (each = 1; each <= many; each++) if (units[each] == unit && keys[each] == key) units[each] = ""
    } else { many++; units[many] = unit; keys[many] = key; values[many] = value; sources[many] = FILENAME }
  }
}
FNR == 1 { unit = own(FILENAME); inside = 0; held = ""; known[unit] = 1 }
{
  sub(/\r$/, "")
  if ($0 ~ /^[ \t]*[#;]/) next
  line = held $0; held = ""
  if (line ~ /\\$/) { held = substr(line, 1, length(line) - 1) " "; next }
  sub(/^[ \t]+/, "", line)
  if (line ~ /^\[/) { inside = line ~ /^\[(Service|Socket|Mount|Swap)\]/; next }
  if (inside && index(line, "=")) take(line)
}
END {
  for (each = 1; each <= many; each++) if (units[each] != "") {
    unit = units[each]; of = unit; source = sources[each] " " keys[each]; line = values[each]
    template = unit
    sub(/@[^.]*\./, "@.", template)
    if (!((of, "User") in setting) && !((of, "DynamicUser") in setting)) of = template
    raised = 0
    while (line ~ /^[-@:+!|]/) { if (line ~ /^[+!]/) raised = 1; line = substr(line, 2) }
    if (truth(setting[of, "PermissionsStartOnly"]) && keys[each] != "ExecStart") raised = 1
    user = setting[of, "User"]
    if (!raised && user ~ /%/) { note("whom it runs as is known when it starts"); continue }
    if (!raised && (user !~ /^(root|0)?$/ || (user == "" && truth(setting[of, "DynamicUser"])))) continue
    if (setting[of, "RootDirectory"] setting[of, "RootImage"] != "") { note("it runs in a file system of its own"); continue }
    count = tokens(line, words, "unit")
    first = 1
    for (i = 1; i <= count + 1; i++) if (i > count || words[i] == ";") {
      if (values[each] ~ /^[-:+!|]*@/ && i > first + 1) { # the second word is only the name that the program goes by
        for (j = first + 1; j < i - 1; j++) words[j] = words[j + 1]
        if (first < i - 1) start(words, first, i - 2)
      } else if (first < i) start(words, first, i - 1)
      first = i + 1
    }
  }
}
"""
)
# The lines of tables of cron and anacron that root runs, and scripts: those of periods, and root's jobs of at.
# Operands set `kind` before the files of a kind: table or script.
JOBS_AWK = (
    COMMANDS_AWK
    + r"""
FNR == 1 { script_text(); split("", vars) }
kind == "script" { source = FILENAME; gather($0); next }
{ sub(/^[ \t]+/, "") }
/^#/ || /^$/ || /^[A-Za-z_"\047][A-Za-z0-9_"\047]*[ \t]*=/ { next }
{
  form = FILENAME ~ /anacrontab$/ ? "anacron" : FILENAME ~ /^\/etc\/(crontab$|cron\.d\/)/ ? "system" : "own"
  source = FILENAME ":" FNR
  fields = form == "anacron" ? 3 : $1 ~ /^@/ ? 1 : 5
  if (form == "system") { if ($(fields + 1) !~ /^-?(root|0)(:|$)/) next; fields++ }
  line = $0
  for (i = 1; i <= fields; i++) sub(/^[^ \t]+[ \t]*/, "", line)
  if (match(line, /^%|[^\\]%/)) line = substr(line, 1, RSTART + RLENGTH - 2)
  gsub(/\\%/, "%", line)
  shell(line)
}
END { script_text() }
"""
)
