"""How many messages wait in the queue of Postfix or Exim, and since when the oldest does. No address leaves the host."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Value
from secscan.probing import Unreadable, one_line, reply

_LINE = re.compile(r"(postfix|exim) messages=(\d{1,9}) oldest=(\d{1,12}|-)")
# Exim tells the age at the beginning of a message's first line: 25m, 4h, 3d, 2w. A frozen message counts like any other.
_SCRIPT = r"""ask_postfix() {
  if ! told=$(postqueue -j 2>/dev/null); then
    printf 'unobservable: %s\n' "$(postqueue -j 2>&1 >/dev/null | tr '\n' ' ')"
    return 0
  fi
  printf '%s\n' "$told" | awk '
    /^\{/ {
      if (!match($0, /"arrival_time": *[0-9]+/)) { bad = 1; next }
      at = substr($0, RSTART, RLENGTH); sub(/.*[^0-9]/, "", at)
      n++; if (oldest == "" || at + 0 < oldest + 0) oldest = at
    }
    END {
      if (bad) print "unobservable: a line of postqueue without an arrival time"
      else print "postfix messages=" (n + 0) " oldest=" (n ? oldest : "-")
    }'
}
ask_exim() { # COMMAND; a function of the command's own name would pass for the command
  if ! told=$("$1" -bp 2>/dev/null); then
    printf 'unobservable: %s\n' "$("$1" -bp 2>&1 >/dev/null | tr '\n' ' ')"
    return 0
  fi
  printf '%s\n' "$told" | awk -v now="$(date +%s)" '
    BEGIN { unit["m"] = 60; unit["h"] = 3600; unit["d"] = 86400; unit["w"] = 604800; unit["y"] = 31557600 }
    $3 ~ /^[A-Za-z0-9]+-[A-Za-z0-9]+-[A-Za-z0-9]+$/ && $1 ~ /^[0-9]+[mhdwy]$/ {
      age = $1 * unit[substr($1, length($1))]; n++; if (age > most) most = age
    }
    END { print "exim messages=" (n + 0) " oldest=" (n ? now - most : "-") }'
}
exim=''
for name in exim4 exim; do if have $name; then exim=$name; break; fi; done
if ! have awk; then printf 'unobservable: there is no awk command\n'
elif have postqueue; then ask_postfix
elif [ -n "$exim" ]; then ask_exim "$exim"
elif have sendmail && [ -d /var/spool/mqueue ]; then printf 'unobservable: the queue of Sendmail is not understood\n'
else printf 'absent\n'; fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One list of the queue."""
    return Question(_SCRIPT, ("postqueue -j", "exim -bp", "awk", "date"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`postfix messages=N oldest=SECONDS`, epoch seconds, or `-` when nothing waits."""
    said = reply(answer, "a mail server with a queue")
    if said:
        return said
    match = _LINE.fullmatch(one_line(answer))
    if not match or (match[2] == "0") != (match[3] == "-"):
        raise Unreadable("expected 'postfix messages=N oldest=SECONDS'")
    oldest: Value = Absent("a message that waits") if match[3] == "-" else float(match[3])
    return Observed({"messages": int(match[2]), "oldest": oldest, "program": match[1]})


PROBE = Probe(
    name="mail_queue",
    summary="The queue of the mail server, Postfix or Exim",
    arguments=(),
    attributes=(
        Attribute("messages", Type.INTEGER, "how many messages wait"),
        Attribute("oldest", Type.TIMESTAMP, "when the oldest of them arrived; absent when nothing waits"),
        Attribute("program", Type.TEXT, "postfix or exim"),
    ),
    ask=ask,
    read=read,
    example="postfix messages=2 oldest=1767225600\n",
    time_limit_s=60,
)
