"""What a mail server offers before and after encryption: greeting, STARTTLS, ways to sign in. Asked from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import HOST, NAME_OR_NONE

_LINE = re.compile(r"greeting .+|(?:before|after) .+|tls (?:yes|no|failed .+)")
_VERSION = re.compile(r"\d+\.\d+")


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question("", tuple(f"{call['host'] or 'the target'} TCP port {call['port']}, {call['protocol']}" for call in calls))


def read(call: Arguments, answer: Answer) -> Observation:
    """`greeting TEXT`, `before CAPABILITY` ..., `tls yes|no|failed WHY`, `after CAPABILITY` ..., `end`."""
    said = reply(answer, f"a mail server on port {call['port']}")
    if said:
        return said
    lines = closed_lines(answer)
    if not lines or not all(map(_LINE.fullmatch, lines)) or not lines[0].startswith("greeting "):
        raise Unreadable("expected a greeting and what is offered")
    before = tuple(line[7:] for line in lines if line.startswith("before "))
    after = tuple(line[6:] for line in lines if line.startswith("after "))
    tls = next((line[4:] for line in lines if line.startswith("tls ")), "")
    if not tls and not call["tls"]:
        raise Unreadable("expected whether TLS can begin")
    greeting = lines[0].removeprefix("greeting ")
    return Observed({
        "encrypts": True if call["tls"] else _encrypts(tls),
        "greeting": greeting,
        "tells_version": bool(_VERSION.search(re.sub(r"\d+(\.\d+){3}", "", greeting))),
        "before": before,
        "after": after if after or tls != "no" else Absent("an encrypted part"),
        "sign_in_in_clear": False if call["tls"] else bool(_ways(str(call["protocol"]), before)),
        "sign_in": tuple(_ways(str(call["protocol"]), after or before)),
    })  # fmt: skip


def _encrypts(tls: str) -> Value:
    return Unobservable(tls.removeprefix("failed ")) if tls.startswith("failed ") else tls == "yes"


def _ways(protocol: str, offered: Sequence[str]) -> list[str]:
    """The ways to sign in that hand over a password or a ticket."""
    words = [line.upper() for line in offered]
    if protocol == "smtp":
        found = [way for line in words if re.match(r"AUTH[ =]", line) for way in line[5:].split()]
    elif protocol == "pop3":
        found = [way for line in words if line.startswith("SASL ") for way in line.split()[1:]]
        found += ["USER"] if "USER" in words else []
    else:
        found = [line.removeprefix("AUTH=") for line in words if line.startswith("AUTH=")]
        found += [] if "LOGINDISABLED" in words else ["LOGIN"]
    return list(dict.fromkeys(way for way in found if way not in {"EXTERNAL", "ANONYMOUS"}))


PROBE = Probe(
    name="mail_service",
    summary="What a mail server offers before and after encryption",
    arguments=(
        Argument("port", Type.INTEGER, "port", default=25),
        Argument("protocol", Type.TEXT, "what it speaks", default="smtp", choices=("smtp", "imap", "pop3")),
        Argument("tls", Type.BOOLEAN, "TLS from the first byte, as on ports 465, 993 and 995", default=False),
        Argument("name", Type.TEXT, "name of the server; the target's own unless said", default="", pattern=NAME_OR_NONE),
        Argument("host", Type.TEXT, "another host than the target", pattern=HOST),
    ),
    attributes=(
        Attribute("encrypts", Type.BOOLEAN, "TLS is there: from the first byte, or STARTTLS is offered and works"),
        Attribute("greeting", Type.TEXT, "its first line"),
        Attribute("tells_version", Type.BOOLEAN, "the greeting holds a version number"),
        Attribute("before", Type.LIST, "what is offered in clear"),
        Attribute("after", Type.LIST, "what is offered over TLS"),
        Attribute("sign_in_in_clear", Type.BOOLEAN, "a way to sign in is offered before TLS"),
        Attribute("sign_in", Type.LIST, "ways to sign in, over TLS where it is there"),
    ),
    ask=ask,
    read=read,
    example="greeting 220 mail.example.org ESMTP\nbefore STARTTLS\ntls yes\nafter AUTH PLAIN LOGIN\nend\n",
    time_limit_s=25,
    outside=True,
)  # fmt: skip
