"""Configuration of syslog-ng: its sources, filters, destinations and log paths, as statements of words.

Only these statements leave the host, includes in place, and of what stands in parentheses only names of objects, filters by
facility, level and program, and the first words of drivers: the rest may hold passwords and reads `_`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from secscan.probing import Unreadable

# What follows `@include "NAME"` is sought here when the name is not absolute. The library that comes with the program is left out.
LIST_AWK = r"""
function fault(text) { print "fault " text }
function shown(name, kind) { # whether what stands in the parentheses of NAME may leave the host
  gsub(/_/, "-", name)
  if (name ~ /^(source|filter|destination|flags|facility|level|severity|priority|host)$/) return 1
  if (name ~ /^(network|syslog|tcp|tcp6|udp|udp6|unix-dgram|unix-stream)$/) return 1
  return name == "program" && kind != "destination" && kind != "source"
}
function ended() {
  if (kind ~ /^(source|filter|destination|log)$/) print at ": " held
  held = ""; count = 0; kind = ""
}
function take(token, file, number,   name) { # TOKEN: a word, a text (which begins with a quote), or a sign
  if (held == "" && token == ";") return
  if (count == 0) { at = file ":" number; kind = token }
  if (kind == "include" && count == 1) { included = token }
  name = depth ? opened[depth] : ""
  if (token == "(" && last ~ /^[A-Za-z][A-Za-z0-9_-]*$/) sub(/_$/, last, held) # the name of an option, not what it is set to
  raw = token
  if (token ~ /^"/) {
    token = substr(token, 2, length(token) - 2)
    if (token !~ /^[^][ \t(){};,"\047`|]+$/) token = "?"
    if (name == "" ? count != 1 : !shown(name, kind)) token = "_"
  } else if (token ~ /`/) token = "?"
  else if (token ~ /^[A-Za-z0-9]/ && name != "" && !shown(name, kind)) token = "_"
  count++
  if (token == "(") { depth++; opened[depth] = tolower(last); if (last !~ /^[A-Za-z]/) opened[depth] = name }
  else if (token == "{") { depth++; opened[depth] = "" }
  else if (token == ")" || token == "}") { if (depth) depth--; else fault(file ":" number " closes what was not opened") }
  if (token == "?" && held == "") fault(file ":" number " begins with a word that is made up elsewhere")
  last = raw
  if (token == ";" && !depth) {
    if (kind == "include") { sub(/^"/, "", included); sub(/"$/, "", included); wanted = included }
    ended()
  } else if (length(held) < 20000) held = held (held == "" ? "" : " ") token
  else fault(file ":" number " is in a statement that is too long")
}
function text_of(line,   i, c, quote) { # how long the text is that LINE begins with; 0 when it does not end here
  quote = substr(line, 1, 1)
  for (i = 2; i <= length(line); i++) {
    c = substr(line, i, 1)
    if (c == "\\" && quote == "\"") i++
    else if (c == quote) return i
  }
  return 0
}
function include(name, from, level,   command, list, found, i, names, base) {
  if (name ~ /^(scl\.conf|scl\/.*)$/) return
  if (name !~ /^[A-Za-z0-9_.\/*?@+:-]+$/) { fault(from " includes a name that is not understood"); return }
  if (level > 10) { fault("files include each other more than 10 deep"); return }
  base = name ~ /^\// ? "" : home "/"
  command = "for f in " base name "; do if [ -d \"$f\" ]; then if [ -r \"$f\" ]; then for g in \"$f\"/*.conf; do " \
    "if [ -f \"$g\" ]; then printf \"%s\\n\" \"$g\"; fi; done; else printf \"? %s\\n\" \"$f\"; fi; " \
    "elif [ -f \"$f\" ]; then printf \"%s\\n\" \"$f\"; fi; done; d=" base name "; d=${d%/*}; " \
    "if [ -d \"$d\" ] && [ ! -r \"$d\" ]; then printf \"? %s\\n\" \"$d\"; fi"
  found = 0
  while ((command | getline list) > 0) names[++found] = list
  close(command)
  if (!found && name !~ /[*?]/ && system("[ -d " base name " ]")) fault(from " includes " name ", which is not found")
  for (i = 1; i <= found; i++) {
    if (names[i] ~ /^\? /) fault(substr(names[i], 3) " cannot be listed by this user")
    else scan(names[i], level + 1)
  }
}
function scan(file, level,   line, number, got, size) {
  if (++files > 1000) { if (files == 1001) fault("more than 1000 files are included"); return }
  while ((got = (getline line < file)) > 0) {
    number++
    sub(/\r$/, "", line)
    if (line ~ /^[ \t]*@include[ \t]/) {
      sub(/^[ \t]*@include[ \t]+/, "", line)
      size = line ~ /^["\047]/ ? text_of(line) : 0
      if (!size) { fault(file ":" number " includes a name that is not understood"); continue }
      include(substr(line, 2, size - 2), file ":" number, level)
      continue
    }
    if (line ~ /^[ \t]*@[a-z]/) continue
    while (1) {
      sub(/^[ \t]+/, "", line)
      if (line == "" || line ~ /^#/) break
      if (line ~ /^["\047]/) {
        size = text_of(line)
        if (!size) { fault(file ":" number " has a text that goes on in the next line, which is not followed"); break }
        take("\"" substr(line, 2, size - 2) "\"", file, number)
      } else if (match(line, /^[^ \t(){};,"#\047]+/)) { size = RLENGTH; take(substr(line, 1, size), file, number) }
      else { size = 1; take(substr(line, 1, 1), file, number) }
      line = substr(line, size + 1)
      if (wanted != "") { include(wanted, file ":" number, level); wanted = "" }
    }
  }
  if (got < 0) fault(file " cannot be read by this user")
  close(file)
}
BEGIN { home = main; sub(/\/[^\/]*$/, "", home); scan(main, 0); if (held != "") fault(at " does not end") }
"""


@dataclass(frozen=True, slots=True)
class Element:
    """`NAME ( WORDS )` or `NAME { WORDS }`; `braces` tells which. What has another shape has the name `?`."""

    name: str
    words: tuple[str, ...]
    braces: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """`KIND NAME { ELEMENTS };` as it stands at FILE:LINE. A filter is one expression: its words are kept too."""

    kind: str
    name: str
    words: tuple[str, ...]
    file: str
    line: int

    @property
    def where(self) -> str:
        """The place to look."""
        return f"{self.file}:{self.line}"


def parse_syslog_ng(lines: Sequence[str]) -> list[Statement]:
    """The statements of `FILE:LINE: WORD WORD...`, in order. Unreadable for a line of another shape."""
    return [_statement(line) for line in lines]


def _statement(line: str) -> Statement:
    found = re.fullmatch(r"(/.*?):(\d+): (source|filter|destination|log)(?: (\S+))? \{ (?:(.*) )?\}", line)
    if not found:
        raise Unreadable(f"expected 'FILE:LINE: STATEMENT', got {line[:120]!r}")
    return Statement(found[3], found[4] or "", tuple((found[5] or "").split(" ")), found[1], int(found[2]))


def list_elements(words: Iterable[str]) -> Iterator[Element]:
    """What stands between semicolons, as one element each."""
    held: list[str] = []
    depth = 0
    for word in words:
        depth += (word in {"(", "{"}) - (word in {")", "}"})
        if word == ";" and not depth:
            yield from _element(held)
            held = []
        elif word:
            held.append(word)
    yield from _element(held)


def _element(words: Sequence[str]) -> Iterator[Element]:
    if not words:
        return
    kind = words[1] if len(words) > 2 else ""
    name = words[0].lower().replace("_", "-")
    if kind in {"(", "{"} and _closes(words[1:]):
        yield Element(name, tuple(words[2:-1]), kind == "{")
    else:
        yield Element("?", tuple(words))


def _closes(words: Sequence[str]) -> bool:
    """Whether the bracket that words begin with is closed by the last of them, and not before."""
    depth = 0
    for number, word in enumerate(words):
        depth += (word in {"(", "{"}) - (word in {")", "}"})
        if depth == 0:
            return number == len(words) - 1
    return False
