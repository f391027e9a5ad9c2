"""Certificates that the host trusts and that its distribution did not bring: in bundles, directories of links and anchors.

Those of the distribution are known by their packages: files that dpkg or rpm brought, as long as they are as they were brought.
Certificates are public, and leave the host as they are. The stores of Java and of browsers are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.certificates import FACTS, certificate_facts, load_pem

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_CAP = 200
_ANCHORS = (
    "/usr/local/share/ca-certificates/*.crt", "/usr/local/share/ca-certificates/*/*.crt", "/etc/pki/ca-trust/source/anchors/*",
    "/etc/pki/ca-trust/source/*.p11-kit", "/etc/pki/trust/anchors/*", "/etc/pki/trust/*.p11-kit",
    "/etc/ca-certificates/trust-source/anchors/*", "/etc/ca-certificates/trust-source/*.p11-kit",
)  # fmt: skip
_STORES = (
    "/etc/ssl/certs/*", "/etc/ssl/*.pem", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/*.pem",
    "/var/lib/ca-certificates/ca-bundle.pem", "/var/lib/ca-certificates/pem/*",
)  # fmt: skip
# First come the files of the distribution, then `--`, then what is trusted: certificates that did not come before are told, once.
_AWK = f"""FILENAME != last {{
  if (strange && !shown) print "binary " last
  last = FILENAME; inside = 0; shown = 0; strange = 0
  if (trusted && FNR == 1 && FILENAME !~ /^\\/etc\\/ssl\\// && /^0/) strange = 1
}}
trusted && FILENAME ~ /p11-kit$/ && /^[ \\t]*value:/ {{ strange = 1 }}
/^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/ {{ inside = 1; body = ""; text = ""; next }}
/^-----END (X509 |TRUSTED )?CERTIFICATE-----/ {{
  if (!inside) next
  inside = 0
  if (!trusted) {{ known[body] = 1; vendor++; next }}
  all++
  if (body in known) next
  known[body] = 1
  if (++count > {_CAP}) {{ full = 1; exit }}
  lines[count] = "file " FILENAME text
  next
}}
inside {{ gsub(/[ \\t\\r]/, ""); body = body $0; text = text "\\n" $0 }}
END {{
  if (strange) print "binary " last
  if (all && !vendor) print "unobservable: which authorities the distribution brings cannot be told on this host"
  else if (full) print "unobservable: more than {_CAP} certificates that the distribution did not bring"
  else {{ print "looked"; for (i = 1; i <= count; i++) print lines[i]; print "end" }}
}}"""
_SCRIPT = f"""brought() {{ # paths of files of the distribution that are as they were brought
  if [ -d /var/lib/dpkg/info ]; then
    cd / || return
    list=$(grep -h ' usr/share/ca-certificates/' /var/lib/dpkg/info/*.md5sums 2>/dev/null)
    [ -z "$list" ] || printf '%s\\n' "$list" | md5sum -c 2>/dev/null | sed -n 's|^\\(usr/share/.*\\): OK$|/\\1|p'
  elif have rpm; then
    for file in /usr/share/pki/ca-trust-source/*.p11-kit /usr/share/pki/trust/*.p11-kit; do
      [ -f "$file" ] && rpm -qf "$file" >/dev/null 2>&1 || continue
      rpm -Vf "$file" 2>/dev/null | grep -qE "^..5.* $file\\$|^missing.* $file\\$" || printf '%s\\n' "$file"
    done
  fi
}}
newline='
'
set -- {" ".join(_ANCHORS)} {" ".join(_STORES)}
denied=''
for directory in /etc/ssl/certs /usr/local/share/ca-certificates /etc/pki/ca-trust/source/anchors /etc/pki/trust/anchors; do
  if [ -d "$directory" ] && {{ [ ! -r "$directory" ] || [ ! -x "$directory" ]; }}; then denied=$directory; fi
done
for file in "$@"; do
  shift
  if [ -f "$file" ]; then set -- "$@" "$file"; [ -r "$file" ] || denied=$file; fi
done
if ! have awk || ! have grep || ! have sed; then printf 'unobservable: there is no awk, grep or sed command\\n'
elif [ -n "$denied" ]; then printf 'unobservable: %s cannot be read by this user\\n' "$denied"
else
  vendor=$(brought)
  IFS=$newline
  set -f
  # shellcheck disable=SC2086 # one path a line
  awk {quote(_AWK)} trusted=0 $vendor trusted=1 "$@" /dev/null
  set +f
  IFS=" 	$newline"
fi
part 0 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk through all files, after the packages said which of them are theirs."""
    return Question(_SCRIPT, (*_ANCHORS, *_STORES, "/var/lib/dpkg/info/*.md5sums", "md5sum -c", "rpm -qf", "rpm -Vf"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`looked`; for each certificate `file PATH` and its lines of base64; then `end`. `binary PATH` for what is not PEM."""
    said = reply(answer, "a store of trusted certificates")
    if said:
        return said
    lines = closed_lines(answer)
    binary = [line.removeprefix("binary ") for line in lines if line.startswith("binary /")]
    if binary:
        return Unobservable(f"{binary[0]} holds certificates in a form that is not read")
    if not lines or lines[0] != "looked":
        raise Unreadable("nothing tells that the host looked")
    told: list[tuple[str, list[str]]] = []
    for line in lines[1:]:
        if line.startswith("file /"):
            told.append((line.removeprefix("file "), []))
        elif told and re.fullmatch(r"[A-Za-z0-9+/=]+", line):
            told[-1][1].append(line)
        else:
            raise Unreadable(f"not a line about a certificate: {line[:120]!r}")
    return Observed({"added": tuple(_record(path, "\n".join(body)) for path, body in told)})


def _record(path: str, body: str) -> Record:
    try:
        certificate = load_pem(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        return {"path": path, **certificate_facts(certificate), "may_issue": _may_issue(certificate)}
    except Exception as error:  # noqa: BLE001 - a file on a hostile host: any failure to parse is that record's own
        reason = Unobservable(f"not a readable certificate: {error}"[:200])
        return {"path": path, **{field.name: reason for field in FACTS}, "may_issue": reason}


def _may_issue(certificate: Certificate) -> bool:
    """Old certificates do not say what they are for, and then programs take them for authorities."""
    from cryptography import x509  # noqa: PLC0415 - slow to import, and only reading certificates needs it

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return True


PROBE = Probe(
    name="trust_store",
    summary="Certificates that the host trusts and its distribution did not bring",
    arguments=(),
    attributes=(
        Attribute(
            "added", Type.RECORDS, "one record for each, under the first file that holds it; one that cannot be read says why",
            (
                Attribute("path", Type.TEXT, "the file"),
                *FACTS,
                Attribute("may_issue", Type.BOOLEAN, "nothing in it says that it is no authority"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example="looked\nend\n",
    time_limit_s=60,
)  # fmt: skip
