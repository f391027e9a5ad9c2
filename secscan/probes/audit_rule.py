"""Whether the audit system records something: by rules in the kernel now, and by rule files that are loaded at the next start.

Where /etc/audit/rules.d holds rule files, augenrules builds audit.rules from them and they count; otherwise audit.rules itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe
from secscan.model.probe import Question as Asked
from secscan.model.values import Type, Unobservable
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.audit import Question, Rule, parse_rule, recorded

_CAP = 5000
_ABOUT_ALL = re.compile(r"(kernel|files) unobservable: |kernel switched off$|machine ")
_SCRIPT = """tell() {
  if [ ! -r "$1" ]; then printf 'files unobservable: %s cannot be read by this user\\n' "$1"; return; fi
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in '' | '#'*) ;; *) printf '%s: %s\\n' "$1" "$line" ;; esac
  done <"$1"
}
if ! have auditctl && [ ! -e /etc/audit ]; then printf 'absent\\n'
else
  if ! have auditctl; then printf 'kernel unobservable: auditctl is not installed\\n'
  elif [ "$(id -u)" != 0 ]; then printf 'kernel unobservable: auditctl needs root\\n'
  elif [ ! -e /proc/self/status ]; then printf 'kernel unobservable: /proc is not mounted, so the kernel may not be its own\\n'
  elif rules=$(auditctl -l 2>/dev/null) && [ -n "$rules" ]; then
    printf '%s\\n' "$rules" | while IFS= read -r line; do
      case $line in 'No rules') ;; *) printf 'kernel: %s\\n' "$line" ;; esac
    done
    case $(auditctl -s 2>/dev/null) in
      *'enabled 0'* | *'enabled=0'* | *'flag=0'*) printf 'kernel switched off\\n' ;;
    esac
  else
    said=$(auditctl -l 2>&1 | head -n 1)
    printf 'kernel unobservable: auditctl -l failed: %s\\n' "$said"
  fi
  if [ -e /etc/audit ] && { [ ! -x /etc/audit ] || { [ -d /etc/audit/rules.d ] && [ ! -r /etc/audit/rules.d ]; }; }; then
    printf 'files unobservable: /etc/audit cannot be searched by this user\\n'
  else
    told=''
    for file in /etc/audit/rules.d/*.rules; do
      if [ -f "$file" ]; then told=yes; tell "$file"; fi
    done
    if [ -z "$told" ] && [ -f /etc/audit/audit.rules ]; then tell /etc/audit/audit.rules; fi
  fi
  printf 'machine %s\\nend\\n' "$(uname -m)"
fi"""


def ask(calls: Sequence[Arguments]) -> Asked:
    """All rules once: two processes for the kernel's, none for the files'."""
    return Asked(_SCRIPT, ("auditctl -l", "auditctl -s", "/etc/audit/rules.d/*.rules", "/etc/audit/audit.rules", "uname -m"))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own rules: those about its path or its system calls, and those that silence everything."""
    if answer.stdout == b"absent\n":
        return [answer] * len(calls)
    lines = closed_lines(answer)
    if len(lines) > _CAP:
        return [Answer(f"unobservable: more than {_CAP} rules\n".encode(), uid=answer.uid)] * len(calls)
    parsed = [(line, parse_rule(line.partition(": ")[2])) for line in lines]
    return [_own(_question(call), parsed, answer.uid) for call in calls]


def _own(question: Question, parsed: Sequence[tuple[str, Rule | None]], uid: int) -> Answer:
    own = [line for line, rule in parsed if _ABOUT_ALL.match(line) or (rule and question.concerns(rule))]
    return Answer("".join(f"{line}\n" for line in [*own, "end"]).encode(), uid=uid)


def _question(call: Arguments) -> Question:
    path = str(call.get("path") or "")
    return Question(
        path=path.rstrip("/") or path,
        tree=call.get("tree") is True,
        permissions=frozenset(str(call.get("permissions") or "wa")) if path else frozenset(),
        syscalls=frozenset(() if path else call.get("syscalls") or ()),
        arch=str(call.get("arch") or ""),
        key=str(call.get("key") or ""),
        filters=frozenset(call.get("filters") or ()),
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """`kernel: RULE` as auditctl -l prints it, `FILE: RULE`, `kernel unobservable: REASON`, `files unobservable: REASON`.

    Then `kernel switched off` where it records nothing whatever its rules say, `machine x86_64`, and `end`.
    """
    said = reply(answer, "the audit system")
    if said:
        return said
    question = _question(call)
    if not question.wanted:
        return Unobservable("the question names neither a path nor system calls")
    lines = closed_lines(answer)
    hidden: dict[str, Unobservable] = {}
    rules: dict[str, list[tuple[str, Rule]]] = {"kernel": [], "files": []}
    machine, recording = "", True
    for line in lines:
        if line.startswith("machine "):
            machine = line.removeprefix("machine ")
            continue
        if line == "kernel switched off":
            recording = False
            continue
        source, separator, text = line.partition(": ")
        if source in {"kernel unobservable", "files unobservable"}:
            hidden[source.split()[0]] = Unobservable(text)
            continue
        rule = parse_rule(text)
        if not separator or rule is None or not (source == "kernel" or source.startswith("/")):
            raise Unreadable(f"expected 'kernel: RULE' or 'FILE: RULE', got {line[:120]!r}")
        rules["kernel" if source == "kernel" else "files"].append((text, rule))
    if len(hidden) == 2:
        return Unobservable(f"{hidden['kernel'].reason}; {hidden['files'].reason}")
    loaded = recorded(question, [rule for _, rule in rules["kernel"]], machine) if recording else frozenset()
    configured = recorded(question, [rule for _, rule in rules["files"]], machine)
    return Observed({
        "loaded": hidden.get("kernel", loaded == question.wanted),
        "configured": hidden.get("files", configured == question.wanted),
        "missing": hidden.get("kernel", tuple(sorted(question.wanted - loaded))),
        "keys": tuple(dict.fromkeys(rule.key for _, rule in (*rules["kernel"], *rules["files"]) if rule.key)),
        "rules": hidden.get("kernel", tuple(text for text, _ in rules["kernel"])),
    })  # fmt: skip


PROBE = Probe(
    name="audit_rule",
    summary="Whether the audit system records accesses to a path, or system calls",
    arguments=(
        Argument("path", Type.TEXT, "file or directory whose accesses must be recorded", pattern=r"/[^\x00-\x1f\x7f]*"),
        Argument(
            "permissions",
            Type.TEXT,
            "with a path: kinds of access, of r, w, x and a (attributes)",
            default="wa",
            pattern=r"[rwxa]+",
        ),
        Argument("tree", Type.BOOLEAN, "with a path: a directory, whose files and directories must be watched too", default=False),
        Argument("syscalls", Type.LIST, "without a path: system calls that must be recorded", pattern=r"[a-z0-9_]+"),
        Argument("arch", Type.TEXT, "with system calls: for programs of this word size", choices=("b64", "b32")),
        Argument("key", Type.TEXT, "only rules with this key count", pattern=r"[^\s,]+"),
        Argument(
            "filters",
            Type.LIST,
            "conditions a rule must have, and may have, such as exit=-EACCES",
            pattern=r"[A-Za-z0-9_]+(!=|>=|<=|&=|=|>|<|&)\S+",
        ),
    ),
    attributes=(
        Attribute("loaded", Type.BOOLEAN, "rules in the kernel record all of it; false where the audit system is switched off"),
        Attribute("configured", Type.BOOLEAN, "rule files record all of it after the next start"),
        Attribute("missing", Type.LIST, "permissions or system calls that no rule in the kernel records"),
        Attribute("keys", Type.LIST, "keys of the rules that have to do with it"),
        Attribute("rules", Type.LIST, "rules in the kernel that have to do with it"),
    ),
    ask=ask,
    read=read,
    split=split,
    example="kernel: -w /etc/passwd -p wa -k passwd\n/etc/audit/rules.d/50-passwd.rules: -w /etc/passwd -p wa -k passwd\nend\n",
    time_limit_s=15,
    needs_root=True,
)
