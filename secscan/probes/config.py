"""One key of a configuration file and its drop-in directories, merged as the program does that reads them."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Scalar, Type, Unobservable, Value
from secscan.probing import MASK_AWK, Unreadable, closed_lines, quote, reply
from secscan.syntax.systemd import SYSTEMD_IS_INIT

_FILES = ("path", "vendor", "dropins", "suffix", "main")
_SYNTAX = ("style", "separator", "comment", "ignore_case", "inline_comments")
# with real tabs: busybox awk does not know \\t in a pattern that comes from a string
_SEPARATORS = {"=": "[ \t]*=[ \t]*", ":": "[ \t]*:[ \t]*", "blank": "[ \t]+", "any": "[ \t]*=[ \t]*|[ \t]+"}
_MASKED = "********"

# gather: the files of one configuration in the order they are read, as $@; what hides some of them goes to $hidden.
# list DIRECTORY...: names of drop-ins; of equal names the first directory's hides the others, even when it is /dev/null.
_GATHER = """nl='
'
IFS=$nl
look() {
  up=$1
  while [ ! -e "$up" ] && [ -n "$up" ]; do up=${up%/*}; done
  if [ -d "${up:-/}" ] && [ ! -x "${up:-/}" ]; then hidden=${up:-/}; fi
}
take() {
  if [ -f "$1" ] && [ -r "$1" ]; then files=$files$1$nl; elif [ -f "$1" ]; then hidden=$1; fi
}
tell_hidden() {
  for number; do printf 'call %s\\nunobservable: %s cannot be read by this user\\n' "$number" "$hidden"; done
}
choose() {
  for file; do
    if [ -e "$file" ]; then take "$file"; return 0; fi
    look "$file"
  done
}
list() {
  names=''
  for directory; do
    if [ ! -d "$directory/" ]; then look "$directory"; continue; fi
    if [ ! -r "$directory/" ] || [ ! -x "$directory/" ]; then hidden=$directory; continue; fi
    for file in "$directory"/*"$suffix"; do
      if [ ! -e "$file" ] && [ ! -L "$file" ]; then continue; fi
      case $file in *"$nl"*) hidden="a file whose name holds a line break in $directory" ;; *) names=$names${file##*/}$nl ;; esac
    done
  done
  [ -z "$names" ] || names=$(printf '%s' "$names" | sort -u)
  set -f
  for name in $names; do
    for directory; do
      if [ -e "$directory/$name" ] || [ -L "$directory/$name" ]; then take "$directory/$name"; break; fi
    done
  done
  set +f
}
"""

# One line of configuration to key and value. In an ini file a backslash at the end of a line joins it with the next.
_AWK = f"""{MASK_AWK}function trim(text) {{ gsub(/^[ \\t]+|[ \\t]+$/, "", text); return text }}
function keep(k, key, value,   shown) {{
  shown = mask(key "=" value)
  value = substr(shown, length(key) + 2)
  if (tolower(key) ~ /(^|[-_.])key$/ && value !~ /^([\\/<].*|yes|no|true|false|on|off|none|[0-9]*)$/) value = "{_MASKED}"
  if (last[k] != FILENAME) out[k] = out[k] "in " FILENAME "\\n"
  last[k] = FILENAME
  out[k] = out[k] "| " key " = " value "\\n"
  if (length(out[k]) > 65536) {{ out[k] = "unobservable: more than 64 KiB of settings\\n"; full[k] = 1 }}
}}
FNR == 1 {{ section = ""; pending = "" }}
{{
  sub(/\\r$/, "")
  line = trim($0)
  if (line == "" || index(comment, substr(line, 1, 1))) next
  if (ini && line ~ /\\\\$/) {{ pending = pending substr(line, 1, length(line) - 1) " "; next }}
  line = pending line; pending = ""
  if (ini && line ~ /^\\[.*\\]$/) {{ section = trim(substr(line, 2, length(line) - 2)); next }}
  if (separator == "=") sub(/^export[ \\t]+/, "", line)
  key = line; value = ""
  if (match(line, pattern)) {{ key = substr(line, 1, RSTART - 1); value = trim(substr(line, RSTART + RLENGTH)) }}
  if (inline && value !~ /^["']/) sub(/[ \\t]+#.*$/, "", value)
  for (k = 1; k <= n; k++) {{
    if (full[k] || !(same(key, keys[k]) && (!ini || same(section, sections[k])))) continue
    keep(k, key, value)
  }}
}}
function same(a, b) {{
  if (parameter) a = parameter_name(a)
  return fold ? tolower(a) == tolower(b) : a == b
}}
function parameter_name(text,   i, c, plain) {{
  sub(/^-[ \\t]*/, "", text)
  if (!match(text, /[.\\/]/) || substr(text, RSTART, 1) == ".") return text
  for (i = 1; i <= length(text); i++) {{
    c = substr(text, i, 1)
    plain = plain (c == "/" ? "." : c == "." ? "/" : c)
  }}
  return plain
}}
END {{
  for (k = 1; k <= n; k++) {{
    print "call " numbers[k]
    if (full[k]) printf "%s", out[k]
    else if (out[k] == "") print "absent"
    else printf "%send\\n", out[k]
  }}
}}"""


def _literal(text: object) -> str:
    """An awk string."""
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _words(value: Value | None) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()


def _ask_group(calls: Sequence[tuple[int, Arguments]]) -> str:
    """Shell for the calls that read the same files in the same way."""
    _, first = calls[0]
    main = f"choose {quote(first['path'], *_words(first['vendor']))}"
    if first["style"] == "sysctl" and first["main"] == "last":
        main = (
            f"systemd_is_init || {main}"  # systemd-sysctl reads the drop-ins alone, and a link among them may lead to the main file
        )
    dropins = f"list {quote(*_words(first['dropins']))}" if first["dropins"] else ":"
    settings = {
        "ini": int(first["style"] == "ini"), "parameter": int(first["style"] == "sysctl"),
        "fold": int(first["ignore_case"] is True), "inline": int(first["inline_comments"] is True), "n": len(calls),
        "comment": _literal(first["comment"]), "separator": _literal(first["separator"]),
        "pattern": _literal(_SEPARATORS[str(first["separator"])]),
    }  # fmt: skip
    for place, (number, call) in enumerate(calls, 1):
        settings |= {
            f"keys[{place}]": _literal(call["key"]), f"sections[{place}]": _literal(call["section"]), f"numbers[{place}]": number,
        }  # fmt: skip
    begin = "BEGIN { " + "; ".join(f"{name} = {value}" for name, value in settings.items()) + " }\n"
    return f"""files='' hidden='' suffix={quote(first["suffix"])}
{main if first["main"] == "first" else dropins}
{dropins if first["main"] == "first" else main}
if [ -n "$hidden" ]; then
  tell_hidden {quote(*(number for number, _ in calls))}
else
  set -f
  # shellcheck disable=SC2086 # one path a line; without any, awk has nothing to read
  awk {quote(begin)}"$merge" ${{files:-/dev/null}}
  set +f
fi"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk for all calls that read the same files in the same way."""
    groups: dict[tuple[object, ...], list[tuple[int, Arguments]]] = {}
    for number, call in enumerate(calls):
        groups.setdefault(tuple(call[name] for name in (*_FILES, *_SYNTAX)), []).append((number, call))
    sysctl = any(call["style"] == "sysctl" for call in calls)
    script = f"""if ! have awk; then printf 'unobservable: there is no awk command\\n'; exit 0; fi
merge={quote(_AWK)}
{SYSTEMD_IS_INIT if sysctl else ""}{_GATHER}{chr(10).join(map(_ask_group, groups.values()))}
printf 'end of calls\\n'"""
    places = [place for call in calls for place in (str(call["path"]), *_words(call["vendor"]), *_words(call["dropins"]))]
    init = ("/run/systemd/system", "/sbin/init") if sysctl else ()
    return Question(script, (*dict.fromkeys(places), *init, "awk"))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """The joint answer as one answer per call."""
    if answer.stdout.startswith(b"unobservable: "):
        return [answer] * len(calls)
    own: dict[int, list[str]] = {}
    for line in closed_lines(answer, "end of calls"):
        if line.startswith("call "):
            current = own.setdefault(int(line.removeprefix("call ")), [])
        else:
            current.append(line)
    return [
        Answer("".join(f"{line}\n" for line in own[number]).encode(), answer.stderr, answer.exit, answer.fault, answer.uid)
        for number in range(len(calls))
    ]


def read(call: Arguments, answer: Answer) -> Observation:
    """`in FILE`, then `| KEY = VALUE` for every time it sets the key; files in the order they are read; then `end`."""
    said = reply(answer, f"{call['key']} in {call['path']}")
    if said:
        return said
    found: list[tuple[str, str]] = []
    file = ""
    for line in closed_lines(answer):
        if line.startswith("in /"):
            file = line.removeprefix("in ")
        elif line.startswith("| ") and " =" in line and file:
            found.append((_unquote(line.partition(" =")[2].strip()), file))
        else:
            raise Unreadable(f"not a line of configuration: {line[:120]!r}")
    if not found:
        raise Unreadable("neither a setting nor `absent`")
    value, source = found[-1] if call["wins"] == "last" else found[0]
    secret = Unobservable("a secret: masked on the host")
    values = tuple(item for item, _ in found)
    masked = _MASKED in "".join(values)
    return Observed({
        "value": secret if _MASKED in value else value,
        "number": _number(value),
        "values": secret if masked else _after_reset(values),
        "source": source,
    })  # fmt: skip


def _after_reset(values: tuple[str, ...]) -> Scalar:
    """An empty assignment drops what was collected before it, as in systemd."""
    start = max((place + 1 for place, value in enumerate(values) if not value), default=0)
    return values[start:]


def _unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _number(text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        return Unobservable(f"{text[:60]!r} is not a whole number") if text else Absent("a number")


PROBE = Probe(
    name="config",
    summary="A key of a configuration file with its drop-in directories, merged as the program does it; secrets are masked",
    arguments=(
        Argument("path", Type.TEXT, "the main file", required=True, pattern=PATH),
        Argument("key", Type.TEXT, "the key", required=True, pattern=r"[^\x00-\x1f\x7f]+"),
        Argument(
            "section",
            Type.TEXT,
            "ini only: the section; empty for keys above the first section",
            default="",
            pattern=r"[^\x00-\x1f\x7f]*",
        ),
        Argument(
            "style",
            Type.TEXT,
            "keyvalue: a key and a value a line; ini: the same in [sections]; sysctl: names as in sysctl.d(5)",
            default="keyvalue",
            choices=("keyvalue", "ini", "sysctl"),
        ),
        Argument("separator", Type.TEXT, "between key and value; any: `=` or blanks", default="=", choices=tuple(_SEPARATORS)),
        Argument(
            "vendor",
            Type.LIST,
            "main files to read instead, the first that exists, when `path` is not there",
            default=(),
            pattern=PATH,
        ),
        Argument(
            "dropins",
            Type.LIST,
            "directories of drop-ins, the one that hides equal names in the others first",
            default=(),
            pattern=PATH,
        ),
        Argument("suffix", Type.TEXT, "how the name of a drop-in ends", default=".conf", pattern=r"[A-Za-z0-9._-]*"),
        Argument(
            "main",
            Type.TEXT,
            "whether the main file is read before the drop-ins or after them; of sysctl, systemd does not read it at all",
            default="first",
            choices=("first", "last"),
        ),
        Argument("wins", Type.TEXT, "which of several settings of a key holds", default="last", choices=("last", "first")),
        Argument("comment", Type.TEXT, "characters that begin a comment line", default="#;", pattern=r"[!-~]*"),
        Argument("inline_comments", Type.BOOLEAN, "a blank and # end an unquoted value", default=False),
        Argument("ignore_case", Type.BOOLEAN, "keys and sections are the same in upper and lower case", default=False),
    ),
    attributes=(
        Attribute("value", Type.TEXT, "the value that holds, without quotes around it; unobservable when it looks like a secret"),
        Attribute("number", Type.INTEGER, "the value as a whole number"),
        Attribute(
            "values", Type.LIST, "all values in the order they are read, for keys that add up; an empty one drops those before"
        ),
        Attribute("source", Type.TEXT, "the file that the value comes from"),
    ),
    ask=ask,
    read=read,
    split=split,
    example=(
        "in /etc/systemd/journald.conf\n| Storage = auto\n"
        "in /etc/systemd/journald.conf.d/10-keep.conf\n| Storage = persistent\nend\n"
    ),
    time_limit_s=30,
)
