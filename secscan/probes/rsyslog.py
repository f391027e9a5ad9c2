"""Where rsyslog sends logs, how, and with which permissions it makes files; both of its languages, includes in place."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import closed_lines, quote, reply
from secscan.syntax.rsyslog import LIST_AWK, Target, parse_rsyslog

_CAP = 2000
_SCRIPT = f"""if ! have rsyslogd; then printf 'absent\\n'
elif [ ! -e /etc/rsyslog.conf ]; then printf 'unobservable: there is no /etc/rsyslog.conf\\n'
elif [ ! -r /etc/rsyslog.conf ]; then printf 'unobservable: /etc/rsyslog.conf cannot be read by this user\\n'
else
  awk -v main=/etc/rsyslog.conf {quote(LIST_AWK)}
  printf 'end\\n'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk that follows the includes, with one shell per include."""
    return Question(_SCRIPT, ("/etc/rsyslog.conf and what it includes",))


def read(call: Arguments, answer: Answer) -> Observation:
    """`FILE:LINE: STATEMENT` for each statement that sends elsewhere, discards or sets file modes, then `end`."""
    said = reply(answer, "rsyslog")
    if said:
        return said
    lines = closed_lines(answer)
    faults = [line.removeprefix("fault ") for line in lines if line.startswith("fault ")]
    if faults:
        return Unobservable(faults[0])
    if len(lines) > _CAP:
        return Unobservable(f"more than {_CAP} statements")
    found = parse_rsyslog(lines)
    return Observed({
        "actions": tuple(map(_record, found.targets)),
        "reads_journal": found.reads_journal,
        "file_create_mode": reduce(or_, found.modes) if found.modes else Absent("a setting of it: 0644 counts"),
    })  # fmt: skip


def _record(target: Target) -> Record:
    return {
        "protocol": target.protocol,
        "host": target.host,
        "port": target.port,
        "encrypted": target.protocol in {"tls", "relp+tls"},
        "auth_mode": target.auth_mode or Absent("a setting of it"),
        "queue": target.queue,
        "selector": target.selector,
        "reached": Unobservable(target.doubt) if target.reached is None else target.reached,
        "file": target.file,
        "line": target.line,
    }


PROBE = Probe(
    name="rsyslog",
    summary="Where rsyslog sends logs, what gets there, and with which permissions it makes files",
    arguments=(),
    attributes=(
        Attribute(
            "actions",
            Type.RECORDS,
            "one record per place that logs are sent to",
            (
                Attribute("protocol", Type.TEXT, "udp, tcp, tls (over TCP), relp or relp+tls"),
                Attribute("host", Type.TEXT, "name or address of the receiver"),
                Attribute("port", Type.TEXT, "port of the receiver; 514 where nothing is said"),
                Attribute("encrypted", Type.BOOLEAN, "TLS is used"),
                Attribute("auth_mode", Type.TEXT, "how the receiver is checked, such as x509/name; anon checks nothing"),
                Attribute("queue", Type.TEXT, "what is kept while the receiver is away: none, memory, or disk"),
                Attribute(
                    "selector",
                    Type.TEXT,
                    "which messages are chosen for it, such as *.* or authpriv.*; conditions around it are not told",
                ),
                Attribute(
                    "reached",
                    Type.BOOLEAN,
                    "messages about sign-ins get there: filters let them pass, and nothing discards them before; those that only a "
                    "text in the message decides cannot be followed",
                ),
                Attribute("file", Type.TEXT, "file it stands in"),
                Attribute("line", Type.INTEGER, "line it begins on"),
            ),
        ),
        Attribute(
            "reads_journal", Type.BOOLEAN, "it takes messages from the journal itself (imjournal), not those that are passed on"
        ),
        Attribute(
            "file_create_mode", Type.MODE, "permissions of new log files; of several settings, every bit that any of them grants"
        ),
    ),
    ask=ask,
    read=read,
    example=(
        "/etc/rsyslog.conf:24: $FileCreateMode 0640\n/etc/rsyslog.d/50-remote.conf:1: *.* @@loghost.example.org:6514\n"
        '/etc/rsyslog.d/60-tls.conf:1: action(type="omfwd" target="loghost.example.org" port="6514" protocol="tcp" '
        'streamDriver="gtls" streamDriverMode="1" streamDriverAuthMode="x509/name" queue.type="LinkedList" queue.filename="fwd")\n'
        "end\n"
    ),
    time_limit_s=30,
)
