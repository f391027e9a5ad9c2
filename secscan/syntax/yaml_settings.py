"""Settings of a program that is configured in YAML, taken from lines of plain mappings; what is written otherwise is not guessed.

The host tells the keys, and values only of the keys that are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secscan.model.values import Absent, Unobservable
from secscan.probing import Unreadable

# Keys as they stand; values and elements of lists only where the key's last part is wanted. `?` is a line of another kind.
REDUCE_AWK = r"""BEGIN { many = split(names, each, " "); for (i = 1; i <= many; i++) wanted[each[i]] = 1 }
{
  sub(/\r$/, "")
  if ($0 ~ /^[ \t]*(#|$)/) next
  if ($0 ~ /^(---|\.\.\.)/) { print "| ---"; next }
  if ($0 ~ /^ *["\047]?[A-Za-z0-9_.<-]+["\047]?[ ]*:([ ]|$)/ && $0 !~ /^ *-[ ]/) {
    key = $0
    sub(/^ */, "", key)
    sub(/[ ]*:.*/, "", key)
    gsub(/["\047]/, "", key)
    last = key
    sub(/.*\./, "", last)
    shown = last in wanted
    value = $0
    sub(/^[^:]*:[ ]*/, "", value)
    indent = $0
    sub(/[^ ].*/, "", indent)
    print "| " indent key ":" (value == "" || value ~ /^#/ ? "" : shown ? " " value : " ...")
  }
  else if ($0 ~ /^ *-([ ]|$)/) { if (shown) print "| " $0; else { sub(/-.*/, "- ..."); print "| " $0 } }
  else if ($0 ~ /^ *\t/) print "| \t"
  else print "| ?"
}"""
_KEY = re.compile(r"( *)([A-Za-z0-9_.<-]+):(?: (.*))?")
_ITEM = re.compile(r"( *)- (.*)")
_STRANGE = re.compile(r"[{&*!|>%@`]")


@dataclass(slots=True)
class _Found:
    """The lines of one key: what stands behind it, and the elements of a list below it."""

    text: str
    items: list[str]


def find_setting(key: str, lines: Iterable[str]) -> tuple[str, ...] | Absent | Unobservable:
    """The value of a dotted key: one word, or the elements of its list.

    >>> find_setting("net.tls.mode", ["net:", "  port: 1", "  tls:", "    mode: requireTLS # why"])
    ('requireTLS',)
    >>> find_setting("a.b", ["a.b: [x, 'y']"]), find_setting("a.c", ["a.b: 1"])
    (('x', 'y'), Absent(what='a setting of a.c'))
    """
    found: list[_Found] = []
    for path, entry in list(_entries(lines)):  # whole: elements of a list come after their key
        if path == key:
            found.append(entry)
        elif isinstance(refusal := _hides(path, entry, key), Unobservable):
            return refusal
    if not found:
        return Absent(f"a setting of {key}")
    if len(found) > 1:
        return Unobservable(f"{key} is set {len(found)} times")
    return _read_value(key, found[0])


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, _Found]]:
    """Every key by its whole dotted path, in order."""
    stack: list[tuple[int, str]] = []
    entry: _Found | None = None
    begun = False
    for line in lines:
        if line.startswith("\t"):
            raise Unreadable("lines are indented by tabs, which YAML forbids")
        if line == "---" and begun:
            raise Unreadable("more than one document stands in the file")
        begun = begun or line != "---"
        match, item = _KEY.fullmatch(line), _ITEM.fullmatch(line)
        if match:
            indent = len(match[1])
            while stack and stack[-1][0] >= indent:
                stack.pop()
            stack.append((indent, match[2]))
            entry = _Found((match[3] or "").strip(), [])
            yield ".".join(name for _, name in stack), entry
        elif item and entry is not None:
            entry.items.append(item[2])


def _hides(path: str, entry: _Found, key: str) -> Unobservable | None:
    """A key above the one asked for whose value is not a mapping of lines may hold it."""
    if path.rpartition(".")[2] == "<<" or (key.startswith(f"{path}.") and (entry.text.partition("#")[0].strip() or entry.items)):
        return Unobservable(f"{path} is written in a way that is not read here")
    return None


def _read_value(key: str, entry: _Found) -> tuple[str, ...] | Absent | Unobservable:
    text = entry.text
    if re.match(r"\[.*\]\s*(#.*)?$", text):
        words = [word.strip() for word in text[1 : text.rindex("]")].split(",") if word.strip()]
    elif text.partition("#")[0].strip():
        words = [text]
    elif entry.items:
        words = entry.items
    else:
        return Absent(f"a value of {key}")
    if any(_STRANGE.match(word) or word.startswith("[") for word in words):
        return Unobservable(f"{key} is written in a way that is not read here")
    return tuple(_plain(word) for word in words)


def _plain(text: str) -> str:
    """A scalar without quotes and comment."""
    quoted = re.match(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'", text)
    if quoted:
        return quoted[1] if quoted[1] is not None else quoted[2]
    return re.sub(r"(^|\s)#.*$", "", text).strip()
