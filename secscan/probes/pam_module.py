"""A PAM module wherever it is used: its arguments, and its settings merged with its own configuration file as the module does it.

An argument in the stack wins over the configuration file, which wins over what is compiled in. Files in /etc/security win over
those of the vendor in /usr/etc/security. libpwquality reads its drop-ins before pwquality.conf, so the main file wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.pam import DIRECTORIES, LIST_FILES, Rule, by_service, list_rules, module_name, parse_rule, resolve

# in the order they are read: a later line wins. Names are relative to /etc/security, then /usr/etc/security.
_FILES = {
    "pam_faillock.so": ("faillock.conf",),
    "pam_pwhistory.so": ("pwhistory.conf",),
    "pam_pwquality.so": ("pwquality.conf.d/*.conf", "pwquality.conf"),
}
_COMPILED = {("pam_pwhistory.so", "remember"): 10}
_SCRIPT = """for pattern in {patterns}; do
  for dir in /etc/security /usr/etc/security; do
    told=''
    for file in "$dir"/$pattern; do
      [ -f "$file" ] || continue
      told=yes
      if [ ! -r "$file" ]; then printf 'fault %s cannot be read by this user\\n' "$file"; continue; fi
      sed -n 's/#.*//; s/[ \t]*$//; s/^[ \t]*//; /./p' "$file" | while IFS= read -r line; do
        printf 'config %s: %s\\n' "$file" "$line"
      done
    done
    [ -z "$told" ] || break
  done
done
printf 'end\\n'"""


def ask(calls: Sequence[Arguments]) -> Question:
    """The rules of all modules asked for by one awk, and the configuration files of those that have one."""
    modules = list(dict.fromkeys(module_name(str(call["module"])) for call in calls))
    patterns = list(chain.from_iterable(_FILES.get(module, ()) for module in modules))
    script = LIST_FILES + list_rules(modules) + _SCRIPT.format(patterns=" ".join(map(quote, patterns)) or "''")
    touches = [*(f"{directory}/*" for directory in DIRECTORIES), *(f"/etc/security/{pattern}" for pattern in patterns)]
    return Question(script, tuple(touches))


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own rules (`SERVICE,SERVICE < FILE: RULE`) and configuration lines; `absent` when no stack uses the module."""
    lines = closed_lines(answer)
    faults = [line.removeprefix("fault ") for line in lines if line.startswith("fault ")]
    if faults:
        return [Answer(f"unobservable: {faults[0]}\n".encode(), uid=answer.uid)] * len(calls)
    files = by_service([line for line in lines if not line.startswith("config ")])
    users: dict[str, list[tuple[Rule, Sequence[str]]]] = {}
    for rule, services in _users(files).items():
        users.setdefault(module_name(rule.module), []).append((rule, services))
    config = [line for line in lines if line.startswith("config ")]
    return [_own(call, users.get(module_name(str(call["module"])), ()), config, answer.uid) for call in calls]


def _users(files: Mapping[str, Sequence[Rule]]) -> dict[Rule, list[str]]:
    """Every rule with the services whose stack holds it. A file that only others include is no service, but is named as well."""
    users: dict[Rule, list[str]] = {}
    for service, rules in files.items():
        for rule in dict.fromkeys((*rules, *_resolved(service, files))):
            users.setdefault(rule, []).append(service)
    return users


def _resolved(service: str, files: Mapping[str, Sequence[Rule]]) -> list[Rule]:
    """The stack of a service. An included file may hold no rule of the module and be missing here for that."""
    try:
        return resolve(service, _WithEmpty(files))
    except Unreadable:
        return []


class _WithEmpty(dict[str, Sequence[Rule]]):
    """Files by name, where every name is a file."""

    def __contains__(self, name: object) -> bool:
        return True


def _own(call: Arguments, users: Iterable[tuple[Rule, Sequence[str]]], config: Sequence[str], uid: int) -> Answer:
    """The answer to one call; `users` are the rules of its module, each with the services that use it."""
    module, kind, service = module_name(str(call["module"])), call.get("type"), call.get("service")
    rules = [
        f"{','.join(sorted(services))} < {rule}"
        for rule, services in users
        if kind in {None, rule.type} and (service is None or service in services)
    ]
    names = tuple(name.partition("*")[0] for name in _FILES.get(module, ()))
    settings = [line for line in config if any(f"/security/{name}" in line.partition(": ")[0] for name in names)]
    text = "".join(f"{line}\n" for line in [*rules, *settings, "end"]) if rules else "absent\n"
    return Answer(text.encode(), uid=uid)


def read(call: Arguments, answer: Answer) -> Observation:
    """`sshd,su < /etc/pam.d/common-auth: auth required pam_faillock.so deny=5`, `config FILE: key = value`, then `end`."""
    said = reply(answer, f"PAM module {call['module']}")
    if said:
        return said
    lines = closed_lines(answer)
    config = tuple(_setting(line) for line in lines if line.startswith("config "))
    uses = [line.partition(" < ") for line in lines if not line.startswith("config ")]
    rules = [parse_rule(rule) for _, _, rule in uses]
    if not rules or any(module_name(rule.module) != module_name(str(call["module"])) for rule in rules):
        raise Unreadable(f"expected rules of {call['module']}")
    value = _effective(str(call["setting"]), rules, config) if call.get("setting") else Unobservable("no setting was asked for")
    arguments = tuple(_argument(rule, word) for rule in rules for word in rule.arguments)
    return Observed({
        "value": value,
        "number": _COMPILED.get((module_name(rules[0].module), str(call.get("setting"))), value)
        if isinstance(value, Absent)
        else _number(value),
        "services": tuple(sorted({service for services, _, _ in uses for service in services.split(",")})),
        "types": tuple(dict.fromkeys(rule.type for rule in rules)),
        "controls": tuple(dict.fromkeys(rule.control for rule in rules)),
        "arguments": tuple(dict.fromkeys(word for rule in rules for word in rule.arguments)),
        "settings": (*config, *arguments),
    })  # fmt: skip


def _setting(line: str) -> Record:
    found = re.fullmatch(r"config (/\S+): ([^\s=]+)\s*=?\s*(.*)", line)
    if not found:
        raise Unreadable(f"expected 'config FILE: KEY = VALUE', got {line[:120]!r}")
    return {"key": found[2], "value": found[3] or "true", "source": found[1]}


def _argument(rule: Rule, word: str) -> Record:
    key, value = _pair(word)
    return {"key": key, "value": value, "source": rule.file}


def _pair(word: str) -> tuple[str, str]:
    key, separator, value = word.partition("=")
    return key, value if separator else "true"


def _effective(setting: str, rules: Sequence[Rule], config: Sequence[Record]) -> Value:
    """What all uses of the module agree on. faillock counts where it locks, not where it only resets or looks."""
    locking = [rule for rule in rules if rule.type == "auth" and "authsucc" not in rule.arguments]
    relevant = locking if module_name(rules[0].module) == "pam_faillock.so" and locking else rules
    seen = list(dict.fromkeys(_of_rule(setting, rule, config) for rule in relevant))
    if len(seen) == 1:
        return seen[0]
    told = ", ".join(item if isinstance(item, str) else "unset" for item in seen)
    return Unobservable(f"its uses differ: {told}; ask for one type or service")


def _of_rule(setting: str, rule: Rule, config: Sequence[Record]) -> str | Absent | Unobservable:
    pairs = dict(map(_pair, rule.arguments))
    if setting in pairs and "config" not in pairs:
        return pairs[setting]
    if "conf" in pairs:
        return Unobservable(f"{rule.file} names another configuration file, {pairs['conf']}")
    if "config" in pairs and module_name(rule.module) == "pam_passwdqc.so":
        return Unobservable(f"{rule.file} names a configuration file, {pairs['config']}")
    values = [str(record["value"]) for record in config if record["key"] == setting]
    return values[-1] if values else Absent(f"a value of {setting}")


def _number(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"(disabled|\d{1,18})(,(disabled|\d{1,18})){4}", value) and (lengths := re.findall(r"\d+", value)):
        return min(map(int, lengths))  # min=N0,N1,N2,N3,N4 of passwdqc.conf(5): a length for each kind of password
    return int(value) if re.fullmatch(r"-?\d{1,18}", value) else Unobservable(f"{value[:60]!r} is not a whole number")


PROBE = Probe(
    name="pam_module",
    summary="A PAM module in every stack that uses it, with its effective settings",
    arguments=(
        Argument(
            "module", Type.TEXT, "name of the module, such as pam_faillock.so", required=True, pattern=r"pam_[A-Za-z0-9_-]+(\.so)?"
        ),
        Argument("type", Type.TEXT, "only where it is used for this", choices=("auth", "account", "password", "session")),
        Argument("service", Type.TEXT, "only in the stack of this service, includes resolved", pattern=r"[A-Za-z0-9_.+-]+"),
        Argument("setting", Type.TEXT, "the setting that value and number tell, such as deny", pattern=r"[A-Za-z0-9_-]+"),
    ),
    attributes=(
        Attribute(
            "value", Type.TEXT, "effective value of the setting; true for a mere word; absent when the compiled default counts"
        ),
        Attribute(
            "number",
            Type.INTEGER,
            "effective value of the setting as a whole number; of pam_passwdqc's min the smallest that counts; "
            "of pam_pwhistory's remember 10 where nothing is said",
        ),
        Attribute("services", Type.LIST, "services, and files made to be included, whose stack holds the module"),
        Attribute("types", Type.LIST, "auth, account, password, session: what it is used for"),
        Attribute("controls", Type.LIST, "controls it is used with, such as required"),
        Attribute("arguments", Type.LIST, "all arguments it is given anywhere"),
        Attribute(
            "settings",
            Type.RECORDS,
            "every setting, of its configuration file first, of its arguments after that",
            (
                Attribute("key", Type.TEXT, "name of the setting"),
                Attribute("value", Type.TEXT, "its value; true for a mere word"),
                Attribute("source", Type.TEXT, "file it stands in"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    split=split,
    example=(
        "common-auth,sshd < /etc/pam.d/common-auth: auth required pam_faillock.so preauth\n"
        "config /etc/security/faillock.conf: deny = 5\nend\n"
    ),
    condition="module",
)
