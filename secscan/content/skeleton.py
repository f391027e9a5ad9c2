"""A new check file: it loads as it is, and every part says what belongs there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from secscan.content.patterns import argument_fault
from secscan.content.reading import IDENTIFIER, IDENTIFIER_WRITTEN, written
from secscan.documents import did_you_mean
from secscan.errors import UsageError
from secscan.messages import Message
from secscan.model.probe import Argument, Probe
from secscan.model.values import WRITTEN, Scalar, Type, read_value, write_value

_PLAIN = re.compile(r"/?[a-z][\w./@-]*")
_FILE = """\
id: {name}
title: A statement that is true when the check passes
severity: medium # low, medium, high, critical
{subject}rationale: >
  Why it matters, in one to three sentences that a manager understands.
remediation:
  text: What to do, with the exact file and command.
  effort: minutes # minutes, hours, days
  when: runtime # runtime, restart, reboot, reinstall
observe:
  it: {{{call}}}
# {summary}. Its attributes:
{attributes}
expect:
  - that: it.{attribute}
    present: true # or another matcher: see `secscan probe list`
cases: # raw answers as the host prints them: `secscan check record TARGET {name}` makes them from a real one
  - name: it is there
    outcome: pass
    it: {example}
  - name: it is not there
    outcome: fail
    it: "absent\\n"
"""


def check_skeleton(name: str, probe: Probe, given: Mapping[str, str]) -> str:
    """The text of a new check file that asks a probe with these arguments. Raises UsageError for what cannot be."""
    if not IDENTIFIER.match(name):
        raise UsageError("{name!r} cannot be an id; allowed: {allowed}", name=name, allowed=IDENTIFIER_WRITTEN)
    for key in given:
        if probe.argument(key) is None:
            known = [argument.name for argument in probe.arguments]
            raise UsageError(
                "probe {probe} has no argument {key!r}{near}; allowed: {allowed}",
                probe=probe.name,
                key=key,
                near=did_you_mean(key, known),
                allowed=known or Message("none"),
            )
    missing = [argument for argument in probe.arguments if argument.required and argument.name not in given]
    if missing:
        wanted = "; ".join(f"--argument {argument.name}=VALUE ({argument.describe})" for argument in missing)
        names = [argument.name for argument in missing]
        raise UsageError("probe {probe} must be told: {names}; allowed: {wanted}", probe=probe.name, names=names, wanted=wanted)
    arguments = {key: _read(argument, text) for key, text in given.items() if (argument := probe.argument(key))}
    call = {"probe": probe.name, **arguments}
    return _FILE.format(
        name=name,
        subject=f"subject: {probe.derived}\n" if probe.derived else "",
        call=", ".join(f"{key}: {_flow(value)}" for key, value in call.items()),
        summary=probe.summary,
        attributes="\n".join(f"#   {each.name} ({each.type}): {each.describe}" for each in probe.attributes),
        attribute=probe.attributes[0].name,
        example=json.dumps(probe.example, ensure_ascii=False),
    )


def _read(argument: Argument, text: str) -> object:
    try:
        value: Scalar = read_value(argument.type, text.split(",") if argument.type is Type.LIST else _plain(argument.type, text))
    except ValueError:
        told = {"argument": f"{argument.name}={text}", "text": written(text), "allowed": WRITTEN[argument.type]}
        raise UsageError("--argument {argument}: cannot be {text}; allowed: {allowed}", **told) from None
    fault = argument_fault(argument, value)
    if fault:
        told = {"argument": f"{argument.name}={text}", "fault": fault, "allowed": argument.describe}
        raise UsageError("--argument {argument}: {fault}; allowed: {allowed}", **told)
    return write_value(argument.type, value) if argument.type is not Type.DURATION else text


def _plain(kind: Type, text: str) -> object:
    return {"true": True, "false": False}.get(text, text) if kind is Type.BOOLEAN else text


def _flow(value: object) -> str:
    """A value as YAML in flow style: plain where it is a plain word or path, as JSON otherwise."""
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)
