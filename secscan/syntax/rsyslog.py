"""Configuration of rsyslog, in both of its languages: what sends elsewhere, and with which permissions files are made.

Only statements about these leave the host (others may hold passwords), as `FILE:LINE: STATEMENT`, includes in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from secscan.probing import Unreadable

# settings of the old language that matter here; those of an action hold for the actions after them
_DIRECTIVES = (
    "defaultnetstreamdriver|actionsendstreamdriver|actionsendstreamdrivermode|actionsendstreamdriverauthmode"
    "|actionqueuetype|actionqueuefilename|filecreatemode|resetconfigvariables"
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
function statement(file, number, text, depth,   low, at, stop, object, chosen) {
  low = tolower(bare(text))
  # what a selector at the beginning chooses; & stands for that of the statement before
  if (match(low, /^[ \t]*[*a-z0-9,]+\.[^ \t(]+[ \t]/)) selector = substr(low, 1, RLENGTH)
  else if (low !~ /^[ \t]*&/) selector = low ~ /^[ \t]*:(\$|msg|programname|syslogtag|hostname|fromhost|rawmsg)/ ? "property " : ""
  else sub(/&/, selector, text)
  chosen = selector; gsub(/[ \t]+/, "", chosen); if (chosen != "") chosen = chosen " "
  if (low ~ /^[ \t]*\$includeconfig[ \t]/) { sub(/^[ \t]*[^ \t]+[ \t]+/, "", text); include(text, file, depth); return }
  if (low ~ /^[ \t]*\$[a-z]/) {
    sub(/^[ \t]*\$/, "", low); sub(/[ \t].*/, "", low)
    if (low ~ /^("""
    + _DIRECTIVES
    + r""")$/) tell(file, number, text)
    return
  }
  while (match(tolower(text), /(^|[^a-z_.])(action|global|module|include)[ \t]*\(/)) {
    text = substr(text, RSTART)
    sub(/^[^A-Za-z]/, "", text)
    stop = close_of(text)
    if (!stop) return
    object = substr(text, 1, stop)
    text = substr(text, stop + 1)
    low = tolower(object)
    if (low ~ /^include/) {
      if (match(low, /file[ \t]*=[ \t]*"[^"]*"/)) {
        object = substr(object, RSTART, RLENGTH); sub(/^[^"]*"/, "", object); sub(/"$/, "", object)
        include(object, file, depth)
      } else print "fault " file " has an include that is not understood"
    }
    else if (low ~ /^action/ && low ~ /type[ \t]*=[ \t]*"(om)?(fwd|relp)"/) tell(file, number, chosen object)
    else if (low ~ /^action/ && low ~ /filecreatemode/ && low ~ /type[ \t]*=[ \t]*"omfile"/) tell(file, number, object)
    else if (low ~ /^global/ && low ~ /netstreamdriver/) tell(file, number, object)
    else if (low ~ /^module/ && low ~ /builtin:om(file|fwd)/) tell(file, number, object)
  }
  if (bare(text) ~ /(^|[ \t])-?@@?[^ \t@]/ || text ~ /:omrelp:/) tell(file, number, text)
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
    if (held !~ /^[ \t]*$/) statement(file, first, held, depth)
    held = ""
  }
  if (got < 0) print "fault " file " cannot be read by this user"
  close(file)
}
BEGIN { scan(main, 0) }
"""
)


_EVERYTHING = "*.*"


@dataclass(frozen=True, slots=True)
class Target:
    """One place logs are sent to. `queue` is none, memory or disk; `selector` which messages, as far as one stands before it."""

    protocol: str
    host: str
    port: str
    auth_mode: str
    queue: str
    selector: str
    file: str
    line: int


@dataclass(slots=True)
class Configuration:
    """What the statements say."""

    targets: list[Target] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)


def parse_rsyslog(lines: Sequence[str]) -> Configuration:
    """Targets and file modes of `FILE:LINE: STATEMENT` lines, in order. Unreadable for a line of another shape."""
    located = [_locate(line) for line in lines]
    driver = _default_driver([text for _, _, text in located])
    legacy: dict[str, str] = {}
    found = Configuration()
    for file, line, text in located:
        directive = re.fullmatch(r"\$(\w+)\s*(.*)", text)
        if directive:
            _direct(directive[1].lower(), directive[2].strip(), legacy, found)
            continue
        kind = re.match(r"(?:([^\s(]+) )?(action|global|module)\s*\(", text, re.IGNORECASE)
        if kind:
            place = (kind[1] or _EVERYTHING, file, line)
            _object(_parameters(text), kind[2].lower(), driver, place, found)
        else:
            found.targets.append(_legacy_target(text, legacy, driver, file, line))
            legacy.pop("actionqueuetype", None)
            legacy.pop("actionqueuefilename", None)
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
