"""Rules of the Linux audit system, as audit.rules(7) writes them and `auditctl -l` prints them, and what they record.

A rule that records only some of what it is asked for does not count, with one exception that every guide makes: what nobody
signed in for (`auid!=unset`) and system accounts (`auid>=1000`, or less) may be left out. So may single programs and services.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_PERMISSIONS = frozenset("rwxa")
_B32 = {"b32", "i386", "i486", "i586", "i686", "x86", "arm", "armeb", "ppc", "s390", "parisc"}
_UNSET = {"-1", "4294967295", "unset"}
_IDS = {"uid", "euid", "suid", "fsuid", "auid", "obj_uid", "gid", "egid", "sgid", "fsgid", "obj_gid"}
_SYSCALL = {"msgtype=SYSCALL", "msgtype=1300"}
_LISTS = {"task", "exit", "user", "exclude", "filesystem", "entry", "io_uring"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `fields` are the conditions beyond architecture, place, permissions and key, in one spelling."""

    action: str  # always or never
    filter: str  # exit, task, user, exclude, filesystem
    syscalls: frozenset[str]
    path: str = ""
    recursive: bool = False
    permissions: frozenset[str] = frozenset()
    arch: str = ""  # b64, b32, or empty
    key: str = ""
    fields: tuple[str, ...] = ()

    @property
    def silences(self) -> bool:
        """What it leaves out is more than a program, a service, or what nobody signed in for."""
        return not any(map(_is_narrow, self.fields))

    @property
    def silences_all(self) -> bool:
        """Nothing at all is recorded, or nothing of root or of everybody who signs in."""
        if self.filter == "exclude":
            kinds = [field for field in self.fields if field.startswith("msgtype")]
            return self.silences and (not kinds or any(kind in _SYSCALL or not kind.startswith("msgtype=") for kind in kinds))
        return (self.action, self.filter) == ("never", "task") and self.silences

    def touches(self, path: str) -> bool:
        """The rule is about this path: itself, or a directory above it."""
        return bool(self.path) and (self.path == path or (self.recursive and path.startswith(self.path.rstrip("/") + "/")))


@dataclass(frozen=True, slots=True)
class Question:
    """What must be recorded: accesses to a path (for a `tree`, to all below it too), or system calls."""

    path: str = ""
    permissions: frozenset[str] = frozenset()
    syscalls: frozenset[str] = frozenset()
    arch: str = ""
    key: str = ""
    filters: frozenset[str] = frozenset()
    tree: bool = False

    @property
    def wanted(self) -> frozenset[str]:
        """Permissions or system calls, whichever this is about."""
        return self.permissions if self.path else self.syscalls

    def concerns(self, rule: Rule) -> bool:
        """The rule has to do with the question, whether it is enough or not."""
        if rule.silences_all:
            return True
        if rule.filter != "exit":
            return False
        if self.path:
            return rule.touches(self.path)
        return not rule.path and bool(rule.syscalls & self.syscalls or "all" in rule.syscalls)


def parse_rule(text: str) -> Rule | None:
    """The rule in one line; None for settings (-b, -e, -D), comments, and what is no rule."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return None
    pairs = list(pairwise(words))
    actions = [value for option, value in pairs if option in {"-a", "-A"}]
    watches = [value for option, value in pairs if option == "-w"]
    if not actions and not watches:
        return None
    syscalls = {name for option, value in pairs if option == "-S" for name in value.split(",")}
    fields = [_spell(value) for option, value in pairs if option in {"-F", "-C"}]
    fields += [f"key={value}" for option, value in pairs if option == "-k"]
    fields += [f"perm={value}" for option, value in pairs if option == "-p"]
    if watches:
        return _rule("always", "exit", {"all"}, [f"dir={watches[0]}", *fields], from_watch=True)
    parts = actions[0].split(",")
    action = next((part for part in parts if part not in _LISTS), "always")
    return _rule(action, next((part for part in parts if part in _LISTS), "exit"), syscalls, fields)


def _rule(action: str, kind: str, syscalls: Iterable[str], fields: Sequence[str], *, from_watch: bool = False) -> Rule:
    named = dict(field.partition("=")[::2] for field in fields if re.match(r"(path|dir|perm|arch|key)=", field))
    path = named.get("path") or named.get("dir") or ""
    return Rule(
        action=action,
        filter=kind,
        syscalls=frozenset(syscalls),
        path=path.rstrip("/") or path,
        recursive="dir" in named,
        permissions=frozenset(named.get("perm", "rwxa" if from_watch or (path and not syscalls) else "")) & _PERMISSIONS,
        arch=("b32" if named["arch"].lower() in _B32 else "b64") if "arch" in named else "",
        key=named.get("key", ""),
        fields=tuple(field for field in fields if not re.match(r"(path|dir|perm|arch|key)=", field)),
    )


def _spell(field: str) -> str:
    """One spelling: `auid!=4294967295` and `auid!=-1` are `auid!=unset`, `a0=0x0` is `a0=0`, `uid!=euid` is `euid!=uid`."""
    found = re.fullmatch(r"\s*([A-Za-z0-9_]+)\s*(!=|>=|<=|&=|=|>|<|&)\s*(.*?)\s*", field)
    if not found:
        return field
    name, operator, value = found.groups()
    if name in {"auid", "loginuid"}:
        name, value = "auid", "unset" if value in _UNSET else value
    elif re.fullmatch(r"0x[0-9a-fA-F]{1,16}", value):
        value = str(int(value, 16))
    if operator in {"=", "!="} and value in _IDS:  # a comparison of two ids; the kernel tells it in an order of its own
        name, value = sorted((name, value))
    return f"{name}{operator}{value}"


def recorded(question: Question, rules: Sequence[Rule], machine: str = "") -> frozenset[str]:
    """The wanted permissions or system calls that the rules record. `machine` tells, as uname -m does, which programs run."""
    if any(rule.silences_all for rule in rules):
        return frozenset()
    if not question.path:
        return _recorded(question, [rule for rule in rules if question.arch in {"", rule.arch or "b64"}])
    sizes = ("b32",) if re.fullmatch(r"i[3-6]86|armv[5-8].*", machine) else ("b64", "b32") if machine == "x86_64" else ("b64",)
    return frozenset.intersection(*(_recorded(question, [rule for rule in rules if rule.arch in {"", size}]) for size in sizes))


def _recorded(question: Question, rules: Sequence[Rule]) -> frozenset[str]:
    """What rules for programs of one size record. The first rule that fits decides, as in the kernel."""
    seen: set[str] = set()
    silenced: set[str] = set()
    for rule in rules:
        if not question.concerns(rule) or (question.tree and not rule.recursive):
            continue
        covered = _covered(question, rule)
        if rule.action == "never":
            silenced |= covered - seen if rule.silences else set()
        elif _wide_enough(question, rule):
            seen |= covered - silenced
    return question.wanted & seen


def _covered(question: Question, rule: Rule) -> frozenset[str]:
    if question.path:
        return rule.permissions & question.permissions
    return question.syscalls if "all" in rule.syscalls else rule.syscalls & question.syscalls


def _wide_enough(question: Question, rule: Rule) -> bool:
    if question.key and rule.key != question.key:
        return False
    wanted = {_spell(field) for field in question.filters}
    return wanted <= set(rule.fields) and all(field in wanted or _usual(field) for field in rule.fields)


def _usual(field: str) -> bool:
    bound = re.fullmatch(r"auid>=(\d{1,9})", field)
    return field == "auid!=unset" or bool(bound and int(bound[1]) <= 1000)


def _is_narrow(field: str) -> bool:
    """Holds for one program, one service or what nobody signed in for: not for root, for a person, or for many."""
    name, operator, value = field.partition("=")
    number = int(value) if re.fullmatch(r"\d{1,9}", value) else None
    if not operator or not re.fullmatch(r"[a-z_0-9]+", name):  # another comparison than =
        return False
    if name == "auid":
        return value == "unset" or (number is not None and 0 < number < 1000)
    if name in {"uid", "euid"}:
        return value != "root" and (number is None or 0 < number < 1000)
    return name in {"exe", "subj_user", "subj_role", "subj_type", "pid", "ppid"}
