"""Where syslog-ng sends logs, and whether messages about sign-ins get there; its files with their includes in place."""

from __future__ import annotations

from collections.abc import Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import closed_lines, quote, reply
from secscan.syntax.syslog_ng import LIST_AWK, parse_syslog_ng
from secscan.syntax.syslog_ng_flow import Sending, follow

_CAP = 100_000  # letters
_FILE = "/etc/syslog-ng/syslog-ng.conf"
_SCRIPT = f"""if ! have syslog-ng; then printf 'absent\\n'
elif [ ! -e {_FILE} ]; then printf 'unobservable: there is no {_FILE}\\n'
elif [ ! -r {_FILE} ]; then printf 'unobservable: {_FILE} cannot be read by this user\\n'
elif ! have awk; then printf 'unobservable: there is no awk command\\n'
else
  awk -v main={_FILE} {quote(LIST_AWK)}
  printf 'end\\n'
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk that follows the includes, with one shell per include."""
    return Question(_SCRIPT, (f"{_FILE} and what it includes", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`FILE:LINE: WORDS` for each source, filter, destination and log path, then `end`."""
    said = reply(answer, "syslog-ng")
    if said:
        return said
    lines = closed_lines(answer)
    faults = [line.removeprefix("fault ") for line in lines if line.startswith("fault ")]
    if faults:
        return Unobservable(faults[0])
    if len(answer.text) > _CAP:
        return Unobservable(f"its files hold more than {_CAP} letters")
    return Observed({"actions": tuple(map(_record, follow(parse_syslog_ng(lines))))})


def _record(sending: Sending) -> Record:
    return {
        "driver": sending.driver,
        "host": Unobservable(f"{sending.file}:{sending.line} does not tell the receiver") if sending.host is None else sending.host,
        "reached": Unobservable(sending.doubt) if sending.reached is None else sending.reached,
        "reads_journal": sending.reads_journal,
        "file": sending.file,
        "line": sending.line,
    }


PROBE = Probe(
    name="syslog_ng",
    summary="Where syslog-ng sends logs, and what gets there",
    arguments=(),
    attributes=(
        Attribute(
            "actions",
            Type.RECORDS,
            "one record per destination that is not on this host",
            (
                Attribute("driver", Type.TEXT, "what sends, such as network, syslog, tcp or http"),
                Attribute("host", Type.TEXT, "name or address of the receiver"),
                Attribute(
                    "reached",
                    Type.BOOLEAN,
                    "messages about sign-ins get there from a source of the host's own messages: filters let them pass, and no "
                    "final path takes them before; parsers, branches, patterns and other drivers cannot be followed",
                ),
                Attribute("reads_journal", Type.BOOLEAN, "they come out of the journal, where there is one, not by its forwarding"),
                Attribute("file", Type.TEXT, "file it stands in"),
                Attribute("line", Type.INTEGER, "line it begins on"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example=(
        "/etc/syslog-ng/syslog-ng.conf:19: source s_src { system ( ) ; internal ( ) ; }\n"
        "/etc/syslog-ng/conf.d/net.conf:1: destination d_net { network ( logs.example.org port ( _ ) transport ( _ ) ) ; }\n"
        "/etc/syslog-ng/conf.d/net.conf:4: log { source ( s_src ) ; destination ( d_net ) ; }\n"
        "end\n"
    ),
    time_limit_s=30,
)
