"""Kernel parameters as the running kernel holds them, read from /proc/sys."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable, Value
from secscan.probing import Unreadable, one_line, quote, reply


def _path(key: str) -> str:
    """/proc/sys path of a key: dots become slashes; a slash already in the key stays a dot in the interface's name."""
    return "/proc/sys/" + key.replace(".", "\0").replace("/", ".").replace("\0", "/")


def ask(calls: Sequence[Arguments]) -> Question:
    """One shell loop without a process per key: the shell's own `read` takes each value."""
    pairs = " ".join(quote(call["key"], _path(str(call["key"]))) for call in calls)
    script = f"""set -- {pairs}
i=0
while [ $# -gt 0 ]; do
  if [ ! -e "$2" ]; then
    if [ -d /proc/sys/kernel ]; then printf 'absent\\n'; else printf 'unobservable: /proc/sys is not mounted\\n'; fi
  elif v= && {{ IFS= read -r v || [ -n "$v" ]; }} 2>/dev/null <"$2"; then printf '%s = %s\\n' "$1" "$v"
  elif [ -r "$2" ]; then printf '%s = \\n' "$1"
  else printf 'unobservable: %s cannot be read by this user\\n' "$2"; fi
  part $i 0
  i=$((i + 1))
  shift 2
done"""
    return Question(script, tuple(_path(str(call["key"])) for call in calls))


def read(call: Arguments, answer: Answer) -> Observation:
    """`kernel.randomize_va_space = 2` -> value "2", number 2. Columns of several numbers keep one blank between them."""
    said = reply(answer, f"kernel parameter {call['key']}")
    if said:
        return said
    key, separator, value = one_line(answer).partition(" = ")
    if not separator or key != call["key"]:
        raise Unreadable(f"expected '{call['key']} = value'")
    text = " ".join(value.split())
    number: Value = (
        int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else Unobservable(f"{text!r} is not a whole number")
    )
    return Observed({"value": text, "number": number})


PROBE = Probe(
    name="sysctl",
    summary="A kernel parameter of the running kernel",
    arguments=(
        Argument(
            "key", Type.TEXT, "name of the parameter, such as net.ipv4.ip_forward", required=True, pattern=r"[A-Za-z0-9_./:-]+"
        ),
    ),
    attributes=(
        Attribute("value", Type.TEXT, "the value as text, blanks folded"),
        Attribute("number", Type.INTEGER, "the value as a whole number"),
    ),
    ask=ask,
    read=read,
    example="kernel.randomize_va_space = 2\n",
    condition="key",
)
