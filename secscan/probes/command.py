"""The escape hatch: what a command prints. For what no other probe can tell; the plan shows every such command as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Type, Unobservable
from secscan.probing import MASK_AWK, Unreadable, quote, reply, whole_lines

_LIMIT = 256  # KiB
_SECONDS = 30
_NEVER = {126: "permission denied", 127: "command not found", 124: f"time limit of {_SECONDS} s reached", 137: "killed"}
_USUAL = {77: "this user lacks a permission that the command needs"}  # EX_NOPERM of sysexits(3)

# The last line of the input is the exit status, put there after the command has ended; the line before it is empty when the
# command's output ended well. Everything the command printed goes out behind `| `.
_AWK = f"""{MASK_AWK}{{
  bytes += length($0) + 1
  if (bytes > {_LIMIT * 1024}) {{ large = 1; for (i in lines) delete lines[i]; n = 1; lines[1] = $0; next }}
  if ($0 ~ /PRIVATE KEY|AGE-SECRET-KEY-|Private-Lines:/) secret = 1
  lines[++n] = $0
}}
END {{
  status = lines[n]; n--
  if (lines[n] == "") n--
  if (secret) {{ print "unobservable: the output holds a private key"; exit }}
  if (large) {{ print "unobservable: the output is larger than {_LIMIT} KiB"; exit }}
  for (i = 1; i <= n; i++) print "| " mask(lines[i])
  print status
}}"""


# A pipe ends with the status of its last command. Where one is written, a shell is taken in which the first failure counts.
_PIPE = re.compile(r"(?<![|>])\|(?!\|)")
_FIND_PIPING = """
piping=''
for shell in sh bash; do
  if [ -z "$piping" ] && "$shell" -c 'set -o pipefail' 2>/dev/null; then piping=$shell; fi
done"""


def ask(calls: Sequence[Arguments]) -> Question:
    """Each command in a shell of its own, with its own time limit."""
    texts = [str(call["run"]) for call in calls]
    questions = "\n".join(f"{_one(text)}\npart {index} 0" for index, text in enumerate(texts))
    script = f"""limit=''
if timeout -k 2 {_SECONDS} true 2>/dev/null; then limit='timeout -k 2 {_SECONDS}'
elif timeout {_SECONDS} true 2>/dev/null; then limit='timeout {_SECONDS}'; fi
IFS=' '
tidy={quote(_AWK)}{_FIND_PIPING if any(map(_PIPE.search, texts)) else ""}
{questions}"""
    return Question(script, tuple(dict.fromkeys(f"sh -c {quote(call['run'])}" for call in calls)))


def _one(text: str) -> str:
    """Shell that runs one command, tells its exit status after its output, and tidies both."""
    if not _PIPE.search(text):
        return _run("sh", text)
    piped = _run('"$piping"', f"set -o pipefail\n{text}")
    return (
        f'if [ -n "$piping" ]; then\n{piped}\n'
        "else printf 'unobservable: no shell here tells when the first command of a pipe fails\\n'; fi"
    )


def _run(shell: str, text: str) -> str:
    return f"{{ $limit {shell} -c {quote(text)} </dev/null; printf '\\nexit %s\\n' $?; }} | awk \"$tidy\""


def read(call: Arguments, answer: Answer) -> Observation:
    """`| ` and a line of output, for each line; then `exit STATUS`."""
    said = reply(answer, "output")
    if said:
        return said
    *lines, last = whole_lines(answer)
    match = re.fullmatch(r"exit (\d{1,3})", last)
    if not match or not all(line.startswith("|") for line in lines):
        raise Unreadable("not the output of a command and its exit status")
    status = int(match[1])
    allowed = call["exit_ok"] if isinstance(call["exit_ok"], tuple) else ()
    if status in _NEVER or str(status) not in allowed:
        return Unobservable(_NEVER.get(status) or _USUAL.get(status, f"exit status {status}"))
    own = tuple(line[2:] for line in lines)
    return Observed({"output": "".join(f"{line}\n" for line in own), "lines": own, "exit": status})


PROBE = Probe(
    name="command",
    summary=f"Escape hatch: what a shell command prints (at most {_SECONDS} s and {_LIMIT} KiB); prefer any other probe",
    arguments=(
        Argument(
            "run",
            Type.TEXT,
            "shell text, run by sh -c; must not change anything on the host. In a pipe the first failure counts",
            required=True,
            pattern=r"[^\x00]+",
        ),
        Argument(
            "exit_ok",
            Type.LIST,
            "exit statuses that mean an answer; any other is Unobservable",
            default=("0",),
            pattern=r"[0-9]{1,3}",
        ),
    ),
    attributes=(
        Attribute("output", Type.TEXT, "standard output; what looks like a password, a token or a hash is ********"),
        Attribute("lines", Type.LIST, "its lines"),
        Attribute("exit", Type.INTEGER, "exit status"),
    ),
    ask=ask,
    read=read,
    example="| enabled\nexit 0\n",
    time_limit_s=180,
)
