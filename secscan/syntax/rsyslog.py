"""Configuration of rsyslog, in both of its languages: what sends elsewhere, and with which permissions files are made.

Only statements about these leave the host (others may hold passwords), as `FILE:LINE: STATEMENT`, includes in place, and what
discards messages. A line `given FILTER` before one of them tells a filter around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from secscan.probing import Unreadable
from secscan.syntax.rsyslog_flow import Flow

# settings of the old language that matter here; those of an action hold for the actions after them
_DIRECTIVES = (
    "defaultnetstreamdriver|actionsendstreamdriver|actionsendstreamdrivermode|actionsendstreamdriverauthmode"
    "|actionqueuetype|actionqueuefilename|filecreatemode|resetconfigvariables|ruleset|defaultruleset"
    "|actionexeconlywhenpreviousissuspended"
)
LIST_AWK = (
    r"""
function tell(file, number, text) {
  gsub(/[\001-\037\177]/, " ", text); sub(/ +$/, "", text)
  print file ":" number ": " text
}
function bare(text) { gsub(/"(\\.|[^"\\])*"/, "\"\"", text); return text }
function close_of(text,   i, c, quoted, depth) { # where the first parenthesis closes; 0 when it does not
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quoted && c == "\\") { i++; continue }
    if (c == "\"") quoted = !quoted
    else if (quoted) continue
    else if (c == "(") depth++
    else if (c == ")" && --depth == 0) return i
  }
  return 0
}
function balanced(text,   i, c, quoted, depth) {
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quoted && c == "\\") { i++; continue }
    if (c == "\"") quoted = !quoted
    else if (!quoted && c == "(") depth++
    else if (!quoted && c == ")") depth--
  }
  return depth <= 0 && !quoted
}
function uncomment(text,   i, c, quoted) {
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quoted && c == "\\") { i++; continue }
    if (c == "\"") quoted = !quoted
    else if (!quoted && c == "#") return substr(text, 1, i - 1)
  }
  return text
}
function include(pattern, from, depth,   command, list, count, i, names) {
  gsub(/"/, "", pattern); gsub(/[ \t]+$/, "", pattern)
  if (pattern ~ /\/$/) pattern = pattern "*"
  if (pattern !~ /^[A-Za-z0-9_.\/*?@+:-]+$/) { print "fault " from " includes a name that is not understood"; return }
  if (depth > 10) { print "fault files include each other more than 10 deep"; return }
  command = "for f in " pattern "; do if [ -f \"$f\" ]; then printf \"%s\\n\" \"$f\"; fi; done; d=" pattern \
    "; d=${d%/*}; if [ -d \"$d\" ] && [ ! -r \"$d\" ]; then printf \"? %s\\n\" \"$d\"; fi"
  count = 0
  while ((command | getline list) > 0) names[++count] = list
  close(command)
  for (i = 1; i <= count; i++) {
    if (names[i] ~ /^\? /) print "fault " substr(names[i], 3) " cannot be listed by this user"
    else scan(names[i], depth + 1)
  }
}
function then_of(text,   i, c, quote) { # where the word stands that ends a condition; 0 when it does not
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (quote != "" && c == "\\") { i++; continue }
    if (quote != "") { if (c == quote) quote = "" }
    else if (c == "\"" || c == "\047") quote = c
    else if (tolower(substr(text, i, 6)) ~ /^[^a-z_]then([^a-z_]|$)/) return i + 1
  }
  return 0
}
# Filters that hold here: given[1..givens]. Those after inside[level] belong to the statement at hand, the others to blocks around.
function under(filter) { given[++givens] = filter }
function ended(   i) { # the statement that they belong to; & takes them up again
  befores = 0
  for (i = inside[level] + 1; i <= givens; i++) before[++befores] = given[i]
  givens = inside[level]
}
function told_under(file, number, count,   i) {
  for (i = 1; i <= count; i++) tell(file, number, "given " given[i])
}
# a target is told with the selector right before it
function send(file, number, text,   count, chosen) {
  count = givens; chosen = ""
  if (count > inside[level] && given[count] ~ /^selector /) { chosen = substr(given[count], 10) " "; count-- }
  else if (count > inside[level] && given[count] ~ /^property /) chosen = "property "
  told_under(file, number, count)
  tell(file, number, chosen text)
  ended()
}
function object_of(file, number, object, depth,   low) {
  low = tolower(object)
  if (low ~ /^include/) {
    if (match(low, /file[ \t]*=[ \t]*"[^"]*"/)) {
      object = substr(object, RSTART, RLENGTH); sub(/^[^"]*"/, "", object); sub(/"$/, "", object)
      include(object, file, depth)
    } else print "fault " file " has an include that is not understood"
  }
  else if (low ~ /^action/ && low ~ /type[ \t]*=[ \t]*"(om)?(fwd|relp)"/) send(file, number, object)
  else if (low ~ /^action/) {
    if (low ~ /filecreatemode/ && low ~ /type[ \t]*=[ \t]*"omfile"/) tell(file, number, object)
    ended()
  }
  else if (low ~ /^global/ && low ~ /netstreamdriver/) tell(file, number, object)
  else if (low ~ /^module/ && low ~ /builtin:om(file|fwd)/) tell(file, number, object)
  else if (low ~ /^module/ && low ~ /"imjournal"/) tell(file, number, object)
  else if (low ~ /^(module|input)/ && low ~ /"im(uxsock|journal)"/ && low ~ /ruleset[ \t]*=/) tell(file, number, object)
  else if (low ~ /^ruleset/) {
    if (match(low, /name[ \t]*=[ \t]*"[^"]*"/)) {
      object = substr(object, RSTART, RLENGTH); sub(/^[^"]*"/, "", object); sub(/"$/, "", object)
      under("ruleset " object)
    } else under("unknown")
  }
}
function statement(file, number, text, depth,   low, stop, i, first) {
  low = tolower(text)
  if (low ~ /^[ \t]*\$includeconfig[ \t]/) { sub(/^[ \t]*[^ \t]+[ \t]+/, "", text); include(text, file, depth); return }
  if (low ~ /^[ \t]*\$modload[ \t]+imjournal/) { tell(file, number, text); return }
  if (low ~ /^[ \t]*\$[a-z]/) {
    sub(/^[ \t]*\$/, "", low); sub(/[ \t].*/, "", low)
    if (low ~ /^("""
    + _DIRECTIVES
    + r""")$/) tell(file, number, text)
    return
  }
  while (1) {
    sub(/^[ \t;]+/, "", text)
    if (text == "") return
    low = tolower(text); first = substr(text, 1, 1)
    if (first == "{") { inside[++level] = givens; text = substr(text, 2) }
    else if (first == "}") { if (level) level--; ended(); text = substr(text, 2) }
    else if (first == "&") { givens = inside[level]; for (i = 1; i <= befores; i++) under(before[i]); text = substr(text, 2) }
    else if (low ~ /^(stop([^a-z0-9_]|$)|~)/) {
      told_under(file, number, givens); tell(file, number, "stop"); ended()
      text = substr(text, first == "~" ? 2 : 5)
    }
    else if (match(low, /^call(_indirect)?[ \t]+[^ \t;{}]+/)) {
      told_under(file, number, givens); tell(file, number, substr(text, 1, RLENGTH)); ended()
      text = substr(text, RLENGTH + 1)
    }
    else if (low ~ /^if[ \t("$]/ && (stop = then_of(text))) {
      under("if " substr(text, 3, stop - 3)); text = substr(text, stop + 4)
    }
    else if (match(low, /^[*a-z0-9,]+\.[^ \t({"]+[ \t]/)) {
      first = substr(low, 1, RLENGTH); gsub(/[ \t]+/, "", first); givens = inside[level]; under("selector " first)
      text = substr(text, RLENGTH + 1)
    }
    else if (match(text, /^:[$!A-Za-z][^,":]*,[ \t]*![A-Za-z]+[ \t]*,[ \t]*"(\\.|[^"\\])*"/) ||
             match(text, /^:[$!A-Za-z][^,":]*,[ \t]*[A-Za-z]+[ \t]*(,[ \t]*"(\\.|[^"\\])*")?/)) {
      givens = inside[level]; under("property " substr(text, 1, RLENGTH)); text = substr(text, RLENGTH + 1)
    }
    else if (low ~ /^-?@@?[^ \t@]/ || low ~ /^:omrelp:/) { send(file, number, text); return }
    else if (first ~ /[\/?|^>:]/ || low ~ /^-[\/?]/ || (first == "*" && low ~ /^\*[ \t]*$/)) { ended(); return }
    else if (low ~ /^[a-z_]+[ \t]*\(/ && low !~ /^(foreach|if)[ \t(]/ && (stop = close_of(text))) {
      object_of(file, number, substr(text, 1, stop), depth); text = substr(text, stop + 1)
    }
    else if (match(low, /^(set|unset|reset)[ \t][^;]*;/)) text = substr(text, RLENGTH + 1)
    # names of users
    else if (givens > inside[level] && given[givens] ~ /^(selector|property) / && low ~ /^[a-z0-9_,.-]+[ \t]*$/) {
      ended(); return
    }
    else { # a word of another meaning: what follows is under a condition that nobody follows
      if (low !~ /^(continue|do)([ \t{}]|$)/) under("unknown")
      if (match(text, /^[^ \t{};@]+/)) text = substr(text, RLENGTH + 1)
      else text = substr(text, 2)
    }
  }
}
function scan(file, depth,   line, number, held, first, got, comment) {
  if (++files > 1000) { if (files == 1001) print "fault more than 1000 files are included"; return }
  number = 0; held = ""; comment = 0
  while ((got = (getline line < file)) > 0) {
    number++
    if (comment) { if (!sub(/.*\*\//, "", line)) continue; comment = 0 }
    if (line ~ /^[ \t]*\/\*/) { if (!sub(/\/\*.*\*\//, "", line)) { comment = 1; continue } }
    line = uncomment(line)
    if (held == "") first = number
    if (sub(/\\$/, "", line)) { held = held line; continue }
    held = held line " "
    if (!balanced(held) && number - first < 500) continue
    if (tolower(held) ~ /^[ \t}]*(else[ \t]+)?if[ \t("$]/ && !then_of(held) && number - first < 500) continue
    if (held !~ /^[ \t]*$/) statement(file, first, held, depth)
    held = ""
  }
  if (got < 0) print "fault " file " cannot be read by this user"
  close(file)
}
BEGIN { level = 0; givens = 0; inside[0] = 0; scan(main, 0) }
"""
)


_EVERYTHING = "*.*"


@dataclass(frozen=True, slots=True)
class Target:
    """One place logs are sent to. `queue` is none, memory or disk; `selector` which messages, as far as one stands before it.

    `reached` tells whether messages about sign-ins get there: None when that is not known, and `doubt` says why.
    """

    protocol: str
    host: str
    port: str
    auth_mode: str
    queue: str
    selector: str
    file: str
    line: int
    reached: bool | None = True
    doubt: str = ""


@dataclass(slots=True)
class Configuration:
    """What the statements say."""

    targets: list[Target] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    reads_journal: bool = False  # by imjournal; else journald passes messages on, as ForwardToSyslog says


def parse_rsyslog(lines: Sequence[str]) -> Configuration:
    """Targets and file modes of `FILE:LINE: STATEMENT` lines, in order. Unreadable for a line of another shape."""
    located = [_locate(line) for line in lines]
    driver = _default_driver([text for _, _, text in located])
    legacy: dict[str, str] = {}
    found = Configuration()
    flow = Flow()
    for file, line, text in located:
        known = len(found.targets)
        directive = re.fullmatch(r"\$(\w+)\s*(.*)", text)
        kind = re.match(r"(?:([^\s(]+) )?(action|global|module|input)\s*\(", text, re.IGNORECASE)
        if directive:
            _direct(directive[1].lower(), directive[2].strip(), legacy, found)
            flow.direct(directive[1].lower(), directive[2].strip(), f"{file}:{line}")
        elif flow.takes(text, f"{file}:{line}"):
            continue
        elif kind:
            given = _parameters(text)
            found.reads_journal |= given.get("load") == "imjournal"
            place = (kind[1] or _EVERYTHING, file, line)
            _object(given, kind[2].lower(), driver, place, found)
            if kind[2].lower() in {"module", "input"} and "ruleset" in given:
                flow.doubt_all(f"{file}:{line} takes messages of this host to a ruleset of their own")
        else:
            found.targets.append(_legacy_target(text, legacy, driver, file, line))
            legacy.pop("actionqueuetype", None)
            legacy.pop("actionqueuefilename", None)
        spare = kind is not None and _parameters(text).get("action.execonlywhenpreviousissuspended", "off").lower() == "on"
        for number in range(known, len(found.targets)):
            flow.arrive(number, found.targets[number].selector, f"{file}:{line}", stand_in=spare)
        if len(found.targets) > known or kind:
            flow.leave()
    fates = flow.fates()
    found.targets = [replace(target, reached=fates[n][0], doubt=fates[n][1]) for n, target in enumerate(found.targets)]
    return found


def _locate(line: str) -> tuple[str, int, str]:
    found = re.fullmatch(r"(/.*?):(\d+): \s*(\S.*?)\s*", line)
    if not found:
        raise Unreadable(f"expected 'FILE:LINE: STATEMENT', got {line[:120]!r}")
    return found[1], int(found[2]), found[3]


def _default_driver(texts: Sequence[str]) -> str:
    driver = "ptcp"
    for text in texts:
        if found := re.fullmatch(r"\$DefaultNetstreamDriver\s+(\S+)", text, re.IGNORECASE):
            driver = found[1].lower()
        elif re.match(r"global\s*\(", text, re.IGNORECASE):
            driver = _parameters(text).get("defaultnetstreamdriver", driver).lower()
    return driver


def _direct(name: str, value: str, legacy: dict[str, str], found: Configuration) -> None:
    if name == "resetconfigvariables":
        legacy.clear()
    elif name == "modload":
        found.reads_journal = True
    elif name == "filecreatemode":
        found.modes.append(_mode(value))
    else:
        legacy[name] = value


def _mode(text: str) -> int:
    if not re.fullmatch(r"[0-7]{3,5}", text):
        raise Unreadable(f"not a file mode: {text[:60]!r}")
    return int(text, 8)


def _parameters(text: str) -> dict[str, str]:
    """`name="value"` pairs of an object, names in lower case; a list has one element a line."""
    pairs = re.findall(r'([\w.]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|\[([^\]]*)\])', text)
    return {name.lower(): value or "\n".join(re.findall(r'"([^"]*)"', listed)) for name, value, listed in pairs}


def _object(given: Mapping[str, str], kind: str, driver: str, place: tuple[str, str, int], found: Configuration) -> None:
    if "filecreatemode" in given:
        found.modes.append(_mode(given["filecreatemode"]))
    name = given.get("type", "").lower().removeprefix("om")
    if kind != "action" or name not in {"fwd", "relp"}:
        return
    relp = name == "relp"
    if relp:
        secure = given.get("tls", "off").lower() == "on"
    else:
        secure = _is_tls(given.get("streamdriver", driver), given.get("streamdrivermode", "0"))
    protocol = "relp" if relp else "udp" if given.get("protocol", "udp").lower() == "udp" else "tcp"
    for host in given.get("target", "").split("\n"):
        found.targets.append(
            Target(
                protocol=_named(protocol, secure=secure),
                host=host,
                port=given.get("port", "514"),
                auth_mode=given.get("tls.authmode" if relp else "streamdriverauthmode", ""),
                queue=_queue(given.get("queue.type", ""), given.get("queue.filename", "")),
                selector=place[0],
                file=place[1],
                line=place[2],
            )
        )


def _named(protocol: str, *, secure: bool) -> str:
    return {"tcp": "tls", "relp": "relp+tls"}.get(protocol, protocol) if secure else protocol


def _is_tls(driver: str, mode: str) -> bool:
    return driver.lower() in {"gtls", "ossl", "mbedtls"} and mode.strip() == "1"


def _queue(kind: str, file: str) -> str:
    if kind.lower() == "disk" or (kind.lower() in {"linkedlist", "fixedarray"} and file):
        return "disk"
    return "memory" if kind.lower() in {"linkedlist", "fixedarray"} else "none"


def _legacy_target(text: str, legacy: Mapping[str, str], driver: str, file: str, line: int) -> Target:
    """`*.* @@(o)host:port;template`, `@[::1]:514`, `:omrelp:host:port`."""
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    found = re.search(r"(?:^|\s)-?(@@?)(?:\([^)]*\))?(\[[^\]]+\]|[^\s:;]+)(?::(\d+))?", unquoted)
    relp = re.search(r":omrelp:(\[[^\]]+\]|[^\s:;]+)(?::(\d+))?", unquoted)
    queue = _queue(legacy.get("actionqueuetype", ""), legacy.get("actionqueuefilename", ""))
    before = text[: text.index("@") if "@" in text else len(text)].split()
    selector = before[0].lower() if before and re.match(r"[*A-Za-z0-9,]+\.|:|property$", before[0]) else _EVERYTHING
    if relp:
        return Target("relp", relp[1].strip("[]"), relp[2] or "514", "", queue, selector, file, line)
    if not found:
        raise Unreadable(f"not a target: {text[:120]!r}")
    stream = legacy.get("actionsendstreamdriver", driver)
    secure = found[1] == "@@" and _is_tls(stream, legacy.get("actionsendstreamdrivermode", "0"))
    protocol = "udp" if found[1] == "@" else "tcp"
    return Target(
        protocol=_named(protocol, secure=secure),
        host=found[2].strip("[]"),
        port=found[3] or "514",
        auth_mode=legacy.get("actionsendstreamdriverauthmode", "") if secure else "",
        queue=queue,
        selector=selector,
        file=file,
        line=line,
    )
