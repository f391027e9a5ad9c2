"""Certificates with which the SSH server proves to clients who the host is: who signed them, for which names, until when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.sshd import RESOLVE_SSHD
from secscan.syntax.sshd_starts import FIND_SSHD

# ssh-keygen tells times in the zone of the host unless told otherwise.
_CERTIFICATES = r"""TZ=UTC
export TZ
out='' code=0
if [ -n "$sshd" ] && [ "$(id -u)" = 0 ]; then resolve "$@"; fi
files=$(printf '%s\n' "$out" | sed -n 's/^hostcertificate //p' | grep -v '^none$')
if [ -z "$sshd" ]; then printf 'absent\n'
elif [ "$(id -u)" != 0 ]; then printf 'unobservable: sshd -T needs root\n'
elif [ -n "$doubt" ]; then printf 'unobservable: %s\n' "$doubt"
elif [ "$code" != 0 ]; then printf 'unobservable: %s\n' "$(printf '%s\n' "$said" | head -n 1)"
elif [ -z "$files" ]; then printf 'absent\n'
elif ! have ssh-keygen || ! have awk; then printf 'unobservable: there is no ssh-keygen or no awk command\n'
else
  printf '%s\n' "$files" | while IFS= read -r file; do
    printf 'certificate %s\n' "$file"
    if told=$(ssh-keygen -L -f "$file" 2>/dev/null); then
      printf '%s\n' "$told" | awk '
        /^ *Type: / { print "| type " $3 }
        /^ *Signing CA: / { print "| authority " $4 }
        /^ *Valid: / { sub(/^ *Valid: /, ""); print "| valid " $0 }
        /^ *Principals: *$/ { inside = 1; next }
        /^ *[A-Z][A-Za-z ]*:/ { inside = 0 }
        inside && NF == 1 { print "| name " $1 }'
    elif [ -e "$file" ]; then printf '| broken\n'
    else printf '| missing\n'; fi
  done
  printf 'end\n'
fi
part 0 0"""
_VALID = re.compile(r"from (\S+) to (\S+)|(before|after) (\S+)|forever")
_STATES = {"broken": "it is no certificate of SSH", "missing": "the file is not there"}


def ask(calls: Sequence[Arguments]) -> Question:
    """One `sshd -T`, one `ssh-keygen -L` for each certificate."""
    return Question(FIND_SSHD + RESOLVE_SSHD + _CERTIFICATES, ("sshd -T", "ssh-keygen -L", "the files that HostCertificate names"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`certificate FILE`, then `| type host`, `| authority DIGEST`, `| valid from TIME to TIME`, `| name NAME`...; then `end`."""
    said = reply(answer, "a host certificate of SSH")
    if said:
        return said
    told: list[tuple[str, list[tuple[str, str]]]] = []
    for line in closed_lines(answer):
        word, _, rest = line.partition(" ")
        if word == "certificate" and rest:
            told.append((rest, []))
        elif word == "|" and told:
            key, _, value = rest.partition(" ")
            told[-1][1].append((key, value))
        else:
            raise Unreadable(f"not a line about a certificate: {line[:120]!r}")
    if not told:
        raise Unreadable("neither a certificate nor `absent`")
    return Observed({"certificates": tuple(_record(path, facts) for path, facts in told), "count": len(told)})


def _record(path: str, facts: Sequence[tuple[str, str]]) -> Record:
    last = dict(facts)
    fault = next((reason for state, reason in _STATES.items() if state in last), "")
    if fault:
        unknown = Unobservable(f"{path}: {fault}")
        return {"path": path, "kind": unknown, "authority": unknown, "not_before": unknown, "not_after": unknown, "names": unknown}
    if not {"type", "authority", "valid"} <= last.keys():
        raise Unreadable(f"{path}: type, authority or validity is missing")
    return {
        "path": path,
        "kind": last["type"],
        "authority": last["authority"],
        **_validity(last["valid"]),
        "names": tuple(value for key, value in facts if key == "name"),
    }


def _validity(text: str) -> dict[str, Value]:
    match = _VALID.fullmatch(text)
    if not match:
        raise Unreadable(f"not a time of validity: {text[:80]!r}")
    begins, ends, side, moment = match.groups()
    begins, ends = begins or (moment if side == "after" else None), ends or (moment if side == "before" else None)
    return {
        "not_before": _seconds(begins) if begins else Absent("a beginning"),
        "not_after": _seconds(ends) if ends else Absent("an end"),
    }


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


PROBE = Probe(
    name="ssh_host_certificate",
    summary="Certificates with which the SSH server proves who the host is",
    arguments=(),
    attributes=(
        Attribute(
            "certificates",
            Type.RECORDS,
            "those that the server is set to show; one that cannot be read says why in every field",
            (
                Attribute("path", Type.TEXT, "the file"),
                Attribute("kind", Type.TEXT, "host; user when somebody took the wrong one"),
                Attribute("authority", Type.TEXT, "SHA256:... of the key that signed it"),
                Attribute("not_before", Type.TIMESTAMP, "from when it is valid; absent when it has no beginning"),
                Attribute("not_after", Type.TIMESTAMP, "until when it is valid; absent when it never ends"),
                Attribute("names", Type.LIST, "the names of hosts that it is for; without any it is for all of them"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many"),
    ),
    ask=ask,
    read=read,
    example=(
        "certificate /etc/ssh/ssh_host_ed25519_key-cert.pub\n| type host\n| authority SHA256:uGJ3\n"
        "| valid from 2025-12-01T00:00:00 to 2026-06-01T00:00:00\n| name web1.example.org\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)
