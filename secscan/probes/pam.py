"""The PAM stack of a service as the library puts it together, every include resolved in place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.pam import DIRECTORIES, LIST_FILES, Rule, by_service, list_rules, module_name, parse_rule, resolve
from secscan.syntax.pam_paths import ASKING, ways_in


def ask(calls: Sequence[Arguments]) -> Question:
    """Every rule of every file, by one awk; the stacks are put together where the answer is read."""
    script = f"{LIST_FILES}{list_rules()}printf 'end\\n'"
    return Question(script, tuple(f"{directory}/*" for directory in DIRECTORIES))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each service's own stack, one rule a line; `absent` when there is no such service."""
    lines = closed_lines(answer)
    faults = [line.removeprefix("fault ") for line in lines if line.startswith("fault ")]
    if faults:
        return [Answer(f"unobservable: {faults[0]}\n".encode(), uid=answer.uid)] * len(calls)
    files = by_service(lines)
    return [_stack(str(call["service"]), files, answer.uid) for call in calls]


def _stack(service: str, files: dict[str, list[Rule]], uid: int) -> Answer:
    if service not in files:
        return Answer(b"absent\n", uid=uid)
    try:
        text = "".join(f"{rule}\n" for rule in resolve(service, files)) + "end\n"
    except Unreadable as error:
        text = f"unobservable: {error}\n"
    return Answer(text.encode(), uid=uid)


def read(call: Arguments, answer: Answer) -> Observation:
    """One `FILE: TYPE CONTROL MODULE ARGUMENT...` a line in the order they are run, then `end`."""
    said = reply(answer, f"PAM service {call['service']}")
    if said:
        return said
    rules = [parse_rule(line) for line in closed_lines(answer)]
    if not rules:
        raise Unreadable("no rules before the closing line")
    return Observed({
        "rules": tuple(_record(rule, skippable=_is_skippable(rules, place)) for place, rule in enumerate(rules)),
        "ways_in": _ways_in(str(call["service"]), rules, call.get("refusing")),
    })  # fmt: skip


def _ways_in(service: str, rules: Sequence[Rule], refusing: object) -> Value:
    try:
        return ways_in(service, rules, {module_name(str(refusing))} if refusing else ASKING)
    except Unreadable as error:
        return Unobservable(f"{service}: {error}")


def _is_skippable(rules: Sequence[Rule], place: int) -> bool:
    """Whether a number in the control of an earlier rule of the same type leads past this one: [success=1 ...] leaves out one."""
    before = [rule.control for rule in rules[:place] if rule.type == rules[place].type]
    return any(int(jump) >= distance for distance, control in enumerate(reversed(before), 1) for jump in _JUMP.findall(control))


def _record(rule: Rule, *, skippable: bool) -> Record:
    return {
        "type": rule.type,
        "control": rule.control,
        "module": module_name(rule.module),
        "arguments": rule.arguments,
        "file": rule.file,
        "skippable": skippable,
    }


_JUMP = re.compile(r"=(\d{1,9})\b")


PROBE = Probe(
    name="pam",
    summary="The PAM stack of a service, includes resolved",
    arguments=(
        Argument(
            "service", Type.TEXT, "name of the service's file, such as sshd, su, common-auth or system-auth", required=True,
            pattern=r"[A-Za-z0-9_.+-]+",
        ),
        Argument(
            "refusing", Type.TEXT, "for ways_in: the module that refuses, in place of all that ask for a secret",
            pattern=r"pam_[A-Za-z0-9_-]+(\.so)?",
        ),
    ),
    attributes=(
        Attribute(
            "rules", Type.RECORDS, "one record per rule, in the order they are run",
            (
                Attribute("type", Type.TEXT, "auth, account, password or session"),
                Attribute("control", Type.TEXT, "required, requisite, sufficient, optional, or [value=action ...]"),
                Attribute("module", Type.TEXT, "name of the module, such as pam_unix.so"),
                Attribute("arguments", Type.LIST, "its arguments; values that look like secrets are masked"),
                Attribute("file", Type.TEXT, "file the rule stands in"),
                Attribute("skippable", Type.BOOLEAN, "a rule before it may lead past it, as [success=1 default=ignore] does"),
            ),
        ),
        Attribute(
            "ways_in", Type.LIST,
            "rules whose success lets somebody in although every module that asks for a password, code, key or card refused; "
            "none where nothing lets in",
        ),
    ),
    ask=ask,
    read=read,
    split=split,
    example=(
        "/etc/pam.d/common-auth: auth required pam_faillock.so preauth silent deny=5\n"
        "/etc/pam.d/common-auth: auth [success=1 default=ignore] pam_unix.so nullok\n"
        "/etc/pam.d/sshd: account required pam_nologin.so\nend\n"
    ),
    condition="service",
)  # fmt: skip
