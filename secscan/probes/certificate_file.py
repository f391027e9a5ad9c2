"""Certificates and revocation lists in files: whom they name, who issued them, until when. Keys never leave the host."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence

from secscan.filesystem.patterns import EXPAND, GLOB, split_pattern
from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable
from secscan.probing import Unreadable, closed_lines, quote, reply
from secscan.syntax.certificates import FACTS, certificate_facts, load_pem
from secscan.syntax.revocation_lists import FACTS as LIST_FACTS
from secscan.syntax.revocation_lists import list_facts

_CAP = 300
USUAL_PLACES = (
    "/etc/letsencrypt/live/*/fullchain.pem", "/root/.acme.sh/*/*.cer", "/etc/ssl/*.crt", "/etc/ssl/*.pem",
    "/etc/ssl/private/*.pem", "/etc/ssl/certs/ssl-cert-*.pem", "/etc/pki/tls/certs/[!c]*.crt", "/etc/pki/tls/certs/[!c]*.pem",
    "/etc/pki/tls/private/*.pem", "/etc/nginx/ssl/*", "/etc/nginx/certs/*", "/etc/nginx/*.crt", "/etc/nginx/*.pem",
    "/etc/apache2/ssl/*", "/etc/apache2/ssl.crt/*", "/etc/httpd/ssl/*", "/etc/haproxy/*.pem", "/etc/haproxy/certs/*",
    "/etc/haproxy/ssl/*", "/etc/lighttpd/*.pem", "/etc/postfix/*.pem", "/etc/postfix/*.crt", "/etc/postfix/ssl/*",
    "/etc/dovecot/*.pem", "/etc/dovecot/private/*.pem", "/etc/openvpn/*.crt", "/etc/openvpn/*/*.crt", "/etc/ipsec.d/certs/*",
    "/etc/ipsec.d/cacerts/*", "/etc/swanctl/x509/*", "/etc/swanctl/x509ca/*", "/etc/kubernetes/pki/*.crt",
    "/etc/kubernetes/pki/etcd/*.crt", "/etc/docker/*.pem", "/etc/etcd/*.crt", "/etc/etcd/*.pem", "/etc/mysql/*.pem",
    "/etc/mysql/ssl/*", "/var/lib/mysql/*.pem", "/var/lib/postgresql/*/*/server.crt", "/var/lib/pgsql/data/server.crt",
    "/etc/cockpit/ws-certs.d/*", "/etc/ldap/*.pem", "/etc/openldap/certs/*.crt", "/usr/local/share/ca-certificates/*.crt",
    "/etc/pki/ca-trust/source/anchors/*", "/etc/pki/trust/anchors/*",
    "/etc/ssl/*.crl", "/etc/ssl/crl/*", "/etc/nginx/*.crl", "/etc/apache2/ssl.crl/*", "/etc/openvpn/crl.pem",
    "/etc/openvpn/*/crl.pem", "/etc/openvpn/*/pki/crl.pem", "/etc/easy-rsa/pki/crl.pem", "/etc/ipsec.d/crls/*",
    "/etc/swanctl/x509crl/*", "/etc/pki/CA/crl/*", "/var/lib/postgresql/*/*/root.crl", "/var/lib/pgsql/data/root.crl",
)  # fmt: skip
_CONFIGURATIONS = (
    "/etc/nginx", "/etc/apache2", "/etc/httpd", "/etc/lighttpd", "/etc/postfix/main.cf", "/etc/dovecot",
    "/etc/haproxy/haproxy.cfg", "/etc/ldap", "/etc/openvpn", "/etc/mysql", "/etc/my.cnf", "/etc/my.cnf.d", "/etc/postgresql",
    "/etc/vsftpd.conf", "/etc/proftpd",
)  # fmt: skip
_SETTINGS = (
    "ssl_certificate", "SSLCertificateFile", "SSLCertificateChainFile", "ssl.pemfile", "smtpd_tls_cert_file",
    "smtpd_tls_chain_files", "smtp_tls_cert_file", "ssl_cert", "bind .* crt", "TLSCertificateFile", "olcTLSCertificateFile:",
    "cert", "ssl-cert", "ssl_cert_file", "rsa_cert_file", "TLSRSACertificateFile",
    "ssl_crl", "SSLCARevocationFile", "crl-verify", "ssl_crl_file", "ssl-crl", "olcTLSCRLFile:", "bind .* crl-file",
)  # fmt: skip
NAMING_LINES = (
    "^[[:blank:]]*("
    + "|".join(setting.replace(".", "[.]") if not setting.startswith("bind ") else setting for setting in _SETTINGS)
    + ")[[:blank:]=]"
)

_BEGINNING = 40  # lines of a revocation list: who issued it and until when stands first, the revoked ones follow
# Prints the certificates and the beginnings of the revocation lists of PEM files and nothing else: no key, no text around.
_AWK = f"""FNR == 1 {{ inside = 0; left = 0; print "file " FILENAME }}
/^-----BEGIN X509 CRL-----/ {{
  if (++count > {_CAP}) {{ print "fault more than {_CAP} certificates"; exit }}
  left = {_BEGINNING}; print "-----BEGIN X509 CRL-----"; next
}}
/^-----END X509 CRL-----/ {{ print "-----END X509 CRL-----"; left = 0; next }}
left && /^[A-Za-z0-9+\\/=]+[ \\t\\r]*$/ {{ left--; print; next }}
/^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/ {{
  if (++count > {_CAP}) {{ print "fault more than {_CAP} certificates"; exit }}
  inside = 1; print "-----BEGIN CERTIFICATE-----"; next
}}
/^-----END (X509 |TRUSTED )?CERTIFICATE-----/ {{ if (inside) print "-----END CERTIFICATE-----"; inside = 0; next }}
/^-----/ {{ inside = 0; left = 0 }}
inside && /^[A-Za-z0-9+\\/=]+[ \\t\\r]*$/ {{
  print
  if (++lines > {_CAP * 200}) {{ print "fault more than {_CAP} certificates"; exit }}
}}"""

_SCRIPT = f"""{EXPAND}
take() {{
  set -f
  set --
  for file in $found; do
    if [ ! -f "$file" ]; then
      if [ ! -e "$file" ]; then printf 'dangling %s\\n' "$file"; fi
      continue
    fi
    if [ ! -r "$file" ]; then printf 'denied %s\\n' "$file"; continue; fi
    first=''
    case $file in *.der | *.cer | *.crt | *.cert | *.crl) IFS= read -r first <"$file" ;; esac
    case $first in
      0*)
        printf 'file %s\\n' "$file"
        if ! have openssl; then printf 'binary\\n'
        elif openssl crl -inform DER -in "$file" -noout; then
          openssl crl -inform DER -in "$file" -outform PEM | sed -e '{_BEGINNING + 2},$ {{' -e '/^-----END/!d' -e '}}'
        else openssl x509 -inform DER -in "$file" -outform PEM || printf 'broken\\n'; fi
        ;;
      *) set -- "$@" "$file" ;;
    esac
  done 2>/dev/null
  if [ $# -gt 0 ]; then awk {quote(_AWK)} "$@"; fi
  set +f
}}
answer() {{
  if ! have awk || ! have stat; then fault='there is no awk or no stat command'; fi
  if [ -n "$fault" ]; then printf 'unobservable: %s\\n' "$fault"; return 0; fi
  for file in $gone; do printf 'missing %s\\n' "$file"; done
  list_gone
  printf 'looked\\n'
  take
  printf 'end\\n'
}}
"""


def _ask_one(index: int, call: Arguments) -> str:
    patterns = call["paths"] if isinstance(call["paths"], tuple) else ()
    reset = "found='' gone='' fault='' total=0\nIFS=$nl\n"
    if patterns:
        expand = "\n".join(f"expand '' {quote(split_pattern(str(pattern)))}" for pattern in patterns)
        return f"{reset}{expand}\nanswer\npart {index} 0"
    expand = "\n".join(f"expand '' {quote(split_pattern(pattern))}" for pattern in USUAL_PLACES)
    return f"""{reset}if [ "$(id -u)" = 0 ]; then
{expand}
gone=''
for file in $(grep -rhsE {quote(NAMING_LINES)} {quote(*_CONFIGURATIONS)} | tr -s '\\t =<,;"'"'" '\\n' | grep '^/' | sort -u); do
  case $nl$found in *"$nl$file$nl"*) continue ;; esac
  if [ -f "$file" ]; then found=$found$file$nl; elif [ ! -e "$file" ]; then gone=$gone$file$nl; fi
done
else fault='only root can look into every usual place'; fi
answer
part {index} 0"""


def ask(calls: Sequence[Arguments]) -> Question:
    """One awk per call prints the certificates of all its files; binary ones go through openssl."""
    patterns = [
        str(path)
        for call in calls
        if isinstance(call["paths"], tuple)
        for path in call["paths"] or (*USUAL_PLACES, *_CONFIGURATIONS)
    ]
    return Question(
        _SCRIPT + "\n".join(_ask_one(*pair) for pair in enumerate(calls)), (*dict.fromkeys(patterns), "awk", "grep", "openssl")
    )


def read(call: Arguments, answer: Answer) -> Observation:
    """`missing PATH`; `looked`; per file `file PATH` and what it holds as PEM, or `denied PATH`, `dangling PATH`; then `end`."""
    said = reply(answer, "certificates")
    if said:
        return said
    lines = closed_lines(answer)
    if "looked" not in lines:
        raise Unreadable("nothing tells that the host looked")
    fault = next((line.partition(" ")[2] for line in lines if line.startswith(("fault ", "? "))), "")
    if fault:
        return Unobservable(fault)
    named = call["paths"] if isinstance(call["paths"], tuple) else ()
    missing = [line.removeprefix("missing ") for line in lines if line.startswith("missing /")]
    certificates, lists = _records(line for line in lines if line != "looked" and not line.startswith("missing /"))
    return Observed({
        "certificates": certificates, "count": len(certificates), "revocation_lists": lists,
        "missing": tuple(path for path in missing if not named or path in named),
    })  # fmt: skip


def _records(lines: Iterable[str]) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """A record per certificate, or per file that could not be read, and one per list; one that is cut off says so."""
    found: list[Record] = []
    lists: list[Record] = []
    block: list[str] = []
    path, position = "", 0

    def close() -> None:
        nonlocal position
        if block and block[0] == _BEGIN_LIST:
            lists.append(_list_record(path, block))
        elif block:
            found.append(_record(path, position, "\n".join(block) + "\n"))
            position += 1
        block.clear()

    for line in lines:
        word, _, rest = line.partition(" ")
        if block and _INSIDE.fullmatch(line):
            block.append(line)
            if line.startswith("-"):
                close()
            continue
        close()
        if line in {_BEGIN, _BEGIN_LIST}:
            block.append(line)
        elif word == "file":
            path, position = rest, 0
        elif word in _REASONS:
            found.append(_unknown(rest or path, position, _REASONS[word]))
        else:
            raise Unreadable(f"not a line about a certificate: {line[:120]!r}")
    close()
    return tuple(found), tuple(lists)


_BEGIN = "-----BEGIN CERTIFICATE-----"
_BEGIN_LIST, _END_LIST = "-----BEGIN X509 CRL-----", "-----END X509 CRL-----"
_INSIDE = re.compile(rf"[A-Za-z0-9+/=]+\s*|-----END CERTIFICATE-----|{_END_LIST}")
_REASONS = {
    "denied": "it cannot be read by this user",
    "dangling": "the symbolic link leads nowhere",
    "binary": "it is binary, and the host has no openssl to tell a certificate from a key",
    "broken": "it is neither PEM nor a certificate in DER",
}


def _unknown(path: str, position: int, reason: str) -> Record:
    return {**{field.name: Unobservable(reason) for field in _FIELDS}, "path": path, "position": position}


def _record(path: str, position: int, pem: str) -> Record:
    try:
        return {"path": path, "position": position, **certificate_facts(load_pem(pem))}
    except Exception as error:  # noqa: BLE001 - a file on a hostile host: any failure to parse is that record's own
        return _unknown(path, position, f"not a readable certificate: {error}"[:200])


def _list_record(path: str, block: Sequence[str]) -> Record:
    """The record of a list by its first lines."""
    body = "".join(line.strip() for line in block[1:-1]) if block[-1] == _END_LIST else ""
    try:
        return {"path": path, **list_facts(base64.b64decode(body[: len(body) // 4 * 4]))}
    except ValueError as error:
        unknown = Unobservable(f"not a readable revocation list: {error}"[:200])
        return {**{field.name: unknown for field in _LIST_FIELDS}, "path": path}


_LIST_FIELDS = (Attribute("path", Type.TEXT, "the file"), *LIST_FACTS)
_FIELDS = (
    Attribute("path", Type.TEXT, "the file"),
    Attribute("position", Type.INTEGER, "place in the file, counted from 0; the first is usually the service's own"),
    *FACTS,
)
PROBE = Probe(
    name="certificate_file",
    summary="Certificates and revocation lists in files: names, issuer, validity, key",
    arguments=(
        Argument(
            "paths", Type.LIST,
            "absolute paths, with * ? [...] as a shell takes them; without any, the usual places and what the configuration of "
            "web, mail, directory and database servers names (needs root)",
            default=(), pattern=GLOB,
        ),
    ),
    attributes=(
        Attribute("certificates", Type.RECORDS, "one record each; one that cannot be read says why in every field", _FIELDS),
        Attribute("count", Type.INTEGER, "how many certificates, unreadable ones included"),
        Attribute("revocation_lists", Type.RECORDS, "one record per list of revoked certificates", _LIST_FIELDS),
        Attribute("missing", Type.LIST, "files that were named, here or in a server's configuration, and are not there"),
    ),
    ask=ask,
    read=read,
    example="looked\ndenied /etc/ssl/private/web.pem\nend\n",
    time_limit_s=60,
)  # fmt: skip
