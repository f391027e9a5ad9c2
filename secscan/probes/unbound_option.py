"""An option of Unbound, as unbound-checkconf tells it from the file with all it includes."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type
from secscan.probing import Unreadable, closed_lines, quote, reply

# An option that this version does not know is told apart from a file with a mistake by asking for one that every version knows.
_SCRIPT = r"""i=0
for option; do
  if ! have unbound-checkconf; then
    if have unbound; then printf 'unobservable: there is no unbound-checkconf command\n'; else printf 'absent\n'; fi
  elif told=$(unbound-checkconf -o "$option" 2>/dev/null); then
    [ -z "$told" ] || printf '%s\n' "$told" | while IFS= read -r line; do printf '| %s\n' "$line"; done
    printf 'end\n'
  elif unbound-checkconf -o verbosity >/dev/null 2>&1; then printf 'unknown\n'
  else printf 'unobservable: unbound-checkconf: %s\n' "$(unbound-checkconf -o "$option" 2>&1 | tail -n 1)"; fi
  part $i 0
  i=$((i + 1))
done"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One `unbound-checkconf` per option; it takes no more than one."""
    return Question(f"set -- {quote(*(call['name'] for call in calls))}\n{_SCRIPT}", ("unbound-checkconf -o",))


def read(call: Arguments, answer: Answer) -> Observation:
    """The option's lines after `| `, then `end`; `unknown` when this version has no such option."""
    said = reply(answer, "Unbound")
    if said:
        return said
    if answer.stdout == b"unknown\n":
        missing = Absent(f"an option {call['name']} in this version")
        return Observed({"value": missing, "values": missing})
    lines = closed_lines(answer)
    if not all(line.startswith("| ") for line in lines):
        raise Unreadable("not the lines of an option")
    values = tuple(line[2:] for line in lines)
    return Observed({"value": "; ".join(values), "values": values})


PROBE = Probe(
    name="unbound_option",
    summary="An option of Unbound",
    arguments=(Argument("name", Type.TEXT, "the option, such as hide-version", required=True, pattern=r"[A-Za-z0-9-]+"),),
    attributes=(
        Attribute("value", Type.TEXT, "its value; several with `; ` between them; empty when it is not set and has none of itself"),
        Attribute("values", Type.LIST, "its values, for options that may come more than once"),
    ),
    ask=ask,
    read=read,
    example="| yes\nend\n",
    time_limit_s=30,
    condition="name",
)
