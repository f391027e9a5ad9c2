"""What a sign-in shell is told before its user is: when it ends for want of input (TMOUT), and how new files are protected (umask).

The files are read, never run. Where several lines set a value, perhaps under conditions, the weakest one counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.pam import LIST_FILES, list_rules

_FILES = (
    "/etc/environment /usr/etc/profile /etc/profile /etc/profile.local /usr/etc/profile.d/*.sh /etc/profile.d/*.sh "
    "/etc/profile.d/sh.local /usr/etc/bash.bashrc /etc/bash.bashrc /etc/bash.bashrc.local /etc/bashrc /etc/ksh.kshrc"
)
_AWK = r"""
/^[ \t]*#/ { next }
/(^|[^A-Za-z0-9_])TMOUT([^A-Za-z0-9_]|$)/ || /(^|[ \t;&|({])umask([ \t;]|$)/ {
  gsub(/[ \t\r\001-\037\177]+/, " "); sub(/^ /, "")
  print FILENAME ":" FNR ": " substr($0, 1, 500)
}
"""
_SCRIPT = f"""fault=''
set --
for file in {_FILES}; do
  [ -f "$file" ] || continue
  if [ -r "$file" ]; then set -- "$@" "$file"; else fault="$file cannot be read by this user"; fi
done
for dir in /etc/profile.d /usr/etc/profile.d; do
  if [ -d "$dir" ] && [ ! -r "$dir" ]; then fault="$dir cannot be listed by this user"; fi
done
if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"
else
  if [ $# -gt 0 ]; then awk {quote(_AWK)} "$@"; fi
  defs=/etc/login.defs
  [ -e "$defs" ] || defs=/usr/etc/login.defs
  if [ -r "$defs" ]; then
    while read -r key value rest; do
      case $key in UMASK) printf '%s: UMASK %s\\n' "$defs" "$value" ;; esac
    done <"$defs"
  fi
  {LIST_FILES}  {list_rules(["pam_umask"], includes=False)}  printf 'end\\n'
fi
part 0 0"""
_LINE = re.compile(r"(/.*?)(?::(\d+))?: (.*)")


@dataclass(frozen=True, slots=True)
class _Setting:
    value: int | None  # None: cannot be told without running the file
    source: str


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk over the shell's files, one over those of PAM."""
    return Question(_SCRIPT, (*_FILES.split(), "/etc/login.defs", "/etc/pam.d/*"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`FILE:LINE: TEXT` of lines about TMOUT or umask, `/etc/login.defs: UMASK 022`, PAM rules of pam_umask, then `end`."""
    said = reply(answer, "the shell's environment")
    if said:
        return said
    found = []
    for line in closed_lines(answer):
        if line.startswith("fault "):
            return Unobservable(line.removeprefix("fault "))
        parts = _LINE.fullmatch(line)
        if not parts:
            raise Unreadable(f"expected 'FILE:LINE: TEXT', got {line[:120]!r}")
        found.append((parts[1] + (f":{parts[2]}" if parts[2] else ""), parts[3]))
    timeouts = [setting for source, text in found for setting in _timeouts(source, text)]
    text = "\n".join(text for source, text in found if "TMOUT" in text)
    masks = _masks(found)
    return Observed({
        "tmout": _weakest(timeouts, lambda values: 0 if 0 in values else max(values)),
        "tmout_readonly": bool(re.search(r"\breadonly\b[^;\n]*\bTMOUT\b|\b(declare|typeset)\s+-\w*r\w*\s[^;\n]*\bTMOUT\b", text)),
        "tmout_exported": bool(re.search(r"\bexport\b[^;\n]*\bTMOUT\b|\b(declare|typeset)\s+-\w*x\w*\s[^;\n]*\bTMOUT\b", text)),
        "tmout_sources": tuple(dict.fromkeys(setting.source for setting in timeouts)),
        "umask": _weakest(masks, _common_bits),
        "umask_sources": tuple(dict.fromkeys(setting.source for setting in masks)),
    })  # fmt: skip


def _weakest(settings: Sequence[_Setting], choose: Callable[[list[int]], int]) -> Value:
    values = [setting.value for setting in settings if setting.value is not None]
    if len(values) < len(settings):
        unknown = next(setting.source for setting in settings if setting.value is None)
        return Unobservable(f"{unknown} sets it to something that only running it would tell")
    return choose(values) if values else Absent("a line that sets it")


def _common_bits(values: list[int]) -> int:
    """What every one of the masks takes away."""
    common = values[0]
    for value in values:
        common &= value
    return common


def _timeouts(source: str, text: str) -> list[_Setting]:
    """Values that a line gives TMOUT; unset is 0, which is never."""
    settings = [_Setting(0, source) for _ in re.findall(r"\bunset\b[^;]*\bTMOUT\b", text)]
    for value in re.findall(r"(?:^|[\s;&|({])TMOUT=(\"[^\"]*\"|'[^']*'|[^\s;&|)}]*)", text):
        bare = value.strip("\"'")
        settings.append(_Setting(int(bare) if re.fullmatch(r"\d{1,9}", bare) else 0 if bare == "" else None, source))
    return settings


def _masks(found: Sequence[tuple[str, str]]) -> list[_Setting]:
    """What the shell's own files set; else what pam_umask is told; else login.defs, which pam_umask alone reads at a sign-in."""
    shell = [setting for source, text in found for setting in _shell_masks(source, text)]
    pam = [
        _Setting(_octal(value), source)
        for source, text in found
        if "pam_umask.so" in text
        for value in re.findall(r"\s(?i:umask)=(\S+)", text)
    ]
    definitions = [_Setting(_octal(text.split()[1]), source) for source, text in found if re.fullmatch(r"UMASK \S+", text)]
    read_by_pam = any("pam_umask.so" in text for _, text in found)
    return shell or pam or (definitions[-1:] if read_by_pam else [])


def _shell_masks(source: str, text: str) -> list[_Setting]:
    if "pam_umask.so" in text or text.startswith("UMASK "):
        return []
    words = re.findall(r"(?:^|[\s;&|({])umask(?:\s+-[Sp]+)*\s+(?!-)([^\s;&|)}]+)", re.sub(r"(^|\s)#.*", "", text))
    return [_Setting(_octal(word) if word[0].isdigit() else _symbolic(word), source) for word in words]


def _octal(text: str) -> int | None:
    return int(text, 8) if re.fullmatch(r"[0-7]{1,4}", text) else None


def _symbolic(text: str) -> int | None:
    """The mask of `u=rwx,g=rx,o=`: every class must be told, for what is not told depends on the mask before."""
    granted: dict[str, int] = {}
    for clause in text.strip("\"'").split(","):
        parts = re.fullmatch(r"([ugoa]*)=([rwx]*)", clause)
        if not parts:
            return None
        bits = sum({"r": 4, "w": 2, "x": 1}[letter] for letter in set(parts[2]))
        granted.update(dict.fromkeys("ugo" if parts[1] in {"", "a"} else parts[1], bits))
    if {"u", "g", "o"} - set(granted):
        return None
    return 0o777 & ~(granted["u"] << 6 | granted["g"] << 3 | granted["o"])


PROBE = Probe(
    name="shell_environment",
    summary="When idle sign-in shells end, and how new files are protected",
    arguments=(),
    attributes=(
        Attribute("tmout", Type.INTEGER, "seconds after which an idle shell ends; 0 means never; absent when it is set nowhere"),
        Attribute("tmout_readonly", Type.BOOLEAN, "users cannot change it"),
        Attribute("tmout_exported", Type.BOOLEAN, "shells started from the shell have it too"),
        Attribute("tmout_sources", Type.LIST, "files and lines that set it"),
        Attribute(
            "umask", Type.MODE, "the umask: of the shell's files, else of pam_umask, else of login.defs where pam_umask reads it"
        ),
        Attribute("umask_sources", Type.LIST, "files and lines that set it"),
    ),
    ask=ask,
    read=read,
    example=(
        "/etc/profile.d/tmout.sh:1: readonly TMOUT=900; export TMOUT\n"
        "/etc/profile.d/umask.sh:1: umask 027\n/etc/login.defs: UMASK 022\nend\n"
    ),
)
