"""A probe: the addresses that /etc/hosts gives a name."""

from secscan.model.probe import Answer, Argument, Attribute, Observed, Probe, Question
from secscan.model.values import Absent, Type
from secscan.probing import closed_lines, quote, reply


def ask(calls):
    """One awk for each name: each call's output ends with `part INDEX EXIT`."""
    steps = [
        f"""if [ -r /etc/hosts ]; then
  awk -v name={quote(call["name"])} '{{ sub(/#.*/, ""); for (i = 2; i <= NF; i++) if ($i == name) print $1 }}' \\
    /etc/hosts && echo end
else
  echo 'unobservable: /etc/hosts cannot be read'
fi
part {index} $?"""
        for index, call in enumerate(calls)
    ]
    return Question("\n".join(steps), ("/etc/hosts",))


def read(call, answer: Answer):
    """A line per address, closed by `end`, so that a cut-off list is noticed."""
    said = reply(answer)
    if said:
        return said
    addresses = tuple(closed_lines(answer))
    return Observed({"addresses": addresses}) if addresses else Absent(f"{call['name']} in /etc/hosts")


PROBE = Probe(
    name="hosts_entry",
    summary="The addresses that /etc/hosts gives a name",
    arguments=(Argument("name", Type.TEXT, "host name to look up", required=True, pattern=r"[A-Za-z0-9.-]+"),),
    attributes=(Attribute("addresses", Type.LIST, "addresses in the order of the file"),),
    ask=ask,
    read=read,
    example="127.0.0.1\n::1\nend\n",
    condition="name",
)
