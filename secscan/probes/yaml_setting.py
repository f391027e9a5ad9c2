"""A setting of a program that is configured in YAML, such as MongoDB, Elasticsearch or OpenSearch."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.filesystem.entries import PATH
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.yaml_settings import REDUCE_AWK, find_setting

_SHELL = r"""setting() { # NAMES FILE...: the first file that is there, reduced
  names=$1
  shift
  for file; do
    up=${file%/*}
    while [ ! -e "$up" ] && [ -n "$up" ]; do up=${up%/*}; done
    if [ ! -x "${up:-/}" ]; then printf 'unobservable: %s cannot be searched by this user\n' "${up:-/}"; return 0; fi
    if [ ! -e "$file" ]; then continue; fi
    if [ ! -r "$file" ] || [ ! -f "$file" ]; then printf 'unobservable: %s cannot be read by this user\n' "$file"; return 0; fi
    printf 'file %s\n' "$file"
    awk -v names="$names" "$reduce" "$file"
    printf 'end\n'
    return 0
  done
  printf 'absent\n'
}
"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk for each call: files of settings are short."""
    asked = [f"setting {quote(_parts(call), *call['paths'])}\npart {number} 0" for number, call in enumerate(calls)]
    script = f"""reduce={quote(REDUCE_AWK)}
{_SHELL}if ! have awk; then
  setting() {{ printf 'unobservable: there is no awk command\\n'; }}
fi
""" + "\n".join(asked)
    return Question(script, (*dict.fromkeys(path for call in calls for path in call["paths"]), "awk"))


def _parts(call: Arguments) -> str:
    """Parts of the key: only lines that end in one of them tell their value."""
    return " ".join(str(call["key"]).split("."))


def read(call: Arguments, answer: Answer) -> Observation:
    """`file PATH`, its lines after `| ` with `...` for what was not asked; then `end`."""
    said = reply(answer, f"a file of settings at {', '.join(call['paths'])}")
    if said:
        return said
    first, *lines = closed_lines(answer) or [""]
    if not first.startswith("file /") or not all(line.startswith("| ") for line in lines):
        raise Unreadable("not the lines of a file")
    words = find_setting(str(call["key"]), (line[2:] for line in lines))
    source = first.removeprefix("file ")
    if isinstance(words, Absent | Unobservable):
        return Observed({"value": words, "values": words, "source": source})
    return Observed({"value": ", ".join(words), "values": words, "source": source})


PROBE = Probe(
    name="yaml_setting",
    summary="A setting of a program that is configured in YAML; values that were not asked for stay on the host",
    arguments=(
        Argument("paths", Type.LIST, "where the file may be; the first that is there is read", required=True, pattern=PATH),
        Argument(
            "key",
            Type.TEXT,
            "the key with what is above it, such as net.tls.mode, however it is nested",
            required=True,
            pattern=r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*",
        ),
    ),
    attributes=(
        Attribute("value", Type.TEXT, "the value as text; elements of a list with commas between them; absent when it is not set"),
        Attribute("values", Type.LIST, "the elements of a list, or the one value"),
        Attribute("source", Type.TEXT, "the file that was read"),
    ),
    ask=ask,
    read=read,
    example="file /etc/mongod.conf\n| security:\n|   authorization: enabled\nend\n",
    time_limit_s=30,
)
