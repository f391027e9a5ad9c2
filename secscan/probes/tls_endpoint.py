"""TLS as clients see it: versions, suites, chain, authority and names of the services of a host, asked from outside."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.certificates import FACTS, certificate_facts, is_for, load_der, must_staple, revocation_urls
from secscan.syntax.endpoints import ENDPOINT, HOST
from secscan.syntax.tls import VERSIONS, is_authenticated, is_broken, is_forward_secret

_WORDS = {
    "offers", "refuses", "unknown", "suite", "suites", "renegotiation", "compression", "trust", "certificate", "further", "staple",
    "closed", "plain", "silent", "done",
}  # fmt: skip
_FIELD_OF = {
    "TLSv1.3": "tls1_3", "TLSv1.2": "tls1_2", "TLSv1.1": "tls1_1", "TLSv1.0": "tls1_0", "SSLv3": "ssl3", "SSLv2": "ssl2",
}  # fmt: skip
_NOT_TOLD = Unobservable("the answer does not tell")
_Line = tuple[str, str]


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question("", tuple(f"{call['host'] or 'the target'} TCP port {text}" for call in calls for text in call["endpoints"]))


def read(call: Arguments, answer: Answer) -> Observation:
    """Per endpoint: `endpoint 443 NAME`, then `closed`, `plain WHY`, `silent WHY`, or lines up to `done`; last of all `end`."""
    said = reply(answer, "TLS")
    if said:
        return said
    endpoints: list[Record] = []
    certificates: list[Record] = []
    others: dict[str, list[str]] = {"closed": [], "plain": []}
    silent = 0
    for text, name, lines in _blocks(closed_lines(answer)):
        kind, why = lines[-1]
        if kind in others:
            others[kind].append(text)
            continue
        if kind == "silent":
            silent += 1
            endpoints.append(_unknown(_ENDPOINT_FIELDS, why, endpoint=text))
            certificates.append(_unknown(_CERTIFICATE_FIELDS, why, endpoint=text, position=0))
            continue
        chain = list(_certificates(text, lines))
        endpoints.append(_endpoint(text, name, lines, chain))
        certificates += chain
    count = len(endpoints) - silent
    return Observed({
        "endpoints": tuple(endpoints),
        "certificates": tuple(certificates),
        "count": count if count or not silent else Unobservable("no endpoint answers, and nobody knows why"),
        "closed": tuple(others["closed"]),
        "plain": tuple(others["plain"]),
    })  # fmt: skip


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, str, list[_Line]]]:
    """Endpoint, name and lines of each; Unreadable when one does not end as it must."""
    found: list[tuple[str, str, list[_Line]]] = []
    for line in lines:
        if line.startswith("  ") and found and found[-1][2] and found[-1][2][-1][0] in {"certificate", "further", "staple"}:
            word, rest = found[-1][2][-1]
            found[-1][2][-1] = (word, rest + line.strip())
            continue
        word, _, rest = line.partition(" ")
        if word == "endpoint" and rest:
            text, _, name = rest.partition(" ")
            found.append((text, name, []))
        elif word in _WORDS and found:
            found[-1][2].append((word, rest))
        else:
            raise Unreadable(f"not a line about TLS: {line[:120]!r}")
    if not found:
        raise Unreadable("no endpoint was asked")
    for text, _, block in found:
        if not block or block[-1][0] not in {"closed", "plain", "silent", "done"}:
            raise Unreadable(f"what is told of {text} is cut off")
    yield from found


def _endpoint(text: str, name: str, lines: Sequence[_Line], chain: Sequence[Record]) -> Record:
    told = dict(lines)
    listed = [rest.split() for word, rest in lines if word == "suite" and rest]
    listed += _chosen(lines)
    suites = tuple(dict.fromkeys(suite for suite, *_ in listed))
    whole = _known("suites", told, "all", suites)
    groups = [rest.split()[2] for word, rest in lines if word == "offers" and len(rest.split()) > 2]
    primes = [int(group[2:]) for _, *more in listed for group in more if group.startswith("dh") and group[2:].isdigit()]
    return {
        "endpoint": text,
        "name": name or Absent("a name to ask for"),
        **_versions(lines),
        "suites": whole,
        "broken_suites": _decided(whole, tuple(suite for suite in suites if is_broken(suite))),
        "forward_secret": _all_of(whole, [is_forward_secret(suite) for suite in suites]),
        "authenticated": _any_of(whole, [True for word, rest in lines if (word, rest[:7]) == ("offers", "TLSv1.3")], suites),
        "group": groups[0] if groups else Absent("an ephemeral key exchange"),
        "dh_bits": min(primes) if primes else whole if isinstance(whole, Unobservable) else Absent("a Diffie-Hellman prime"),
        "secure_renegotiation": _known("renegotiation", told, "secure", True, insecure=False),
        "compression": _known("compression", told, "yes", True, no=False),
        "trusted": _trusted(told),
        "trust_fault": told.get("trust", "").removeprefix("no ") if told.get("trust", "").startswith("no ") else Absent("a fault"),
        "name_matches": _name_matches(name, chain),
        "stapled": _stapled(told),
        "chain_length": _length(lines, chain),
    }


def _chosen(lines: Sequence[_Line]) -> Iterator[list[str]]:
    """What the server chose in each version before 1.3, which may be what it would not take in a newer one."""
    for word, rest in lines:
        version, *more = rest.split()[:3] if word == "offers" else [""]
        if version == "SSLv2":
            yield [version]
        elif more and version != "TLSv1.3":
            yield more


def _versions(lines: Sequence[_Line]) -> Record:
    told: dict[str, Value] = dict.fromkeys(_FIELD_OF.values(), _NOT_TOLD)
    for word, rest in lines:
        version, _, more = rest.partition(" ")
        if word in {"offers", "refuses", "unknown"}:
            if version not in VERSIONS:
                raise Unreadable(f"not a version of TLS: {version[:40]!r}")
            told[_FIELD_OF[version]] = Unobservable(more) if word == "unknown" else word == "offers"
    if True not in told.values():
        raise Unreadable("no version of TLS is offered")
    return told


def _known(word: str, told: dict[str, str], expected: str, value: Value, **others: Value) -> Value:
    """The value that a line stands for; its reason when it says unknown."""
    rest = told.get(word)
    if rest is None:
        return _NOT_TOLD
    if rest.startswith("unknown "):
        return Unobservable(rest.removeprefix("unknown "))
    if rest == expected:
        return value
    if rest in others:
        return others[rest]
    raise Unreadable(f"{word} cannot be {rest[:40]!r}")


def _decided(whole: Value, found: tuple[str, ...]) -> Value:
    """One broken suite is enough to know, also where the list is not whole."""
    return found if found or not isinstance(whole, Unobservable) else whole


def _all_of(whole: Value, truths: Sequence[bool]) -> Value:
    return False if False in truths else whole if isinstance(whole, Unobservable) else True


def _any_of(whole: Value, modern: Sequence[bool], suites: Sequence[str]) -> Value:
    if modern or any(map(is_authenticated, suites)):
        return True
    return whole if isinstance(whole, Unobservable) else False


def _trusted(told: dict[str, str]) -> Value:
    said = told.get("trust", "")
    if said.startswith("no "):
        return False
    return _known("trust", told, "yes", True)


def _stapled(told: dict[str, str]) -> Value:
    said = told.get("staple")
    if said is None or said == "none" or said.startswith("unknown "):
        return _known("staple", told, "none", False)
    from cryptography.x509 import ocsp  # noqa: PLC0415 - slow to import, and only staples need it

    try:
        return ocsp.load_der_ocsp_response(base64.b64decode(said, validate=True)).response_status.name == "SUCCESSFUL"
    except ValueError as error:
        return Unobservable(f"the staple cannot be read: {error}")


def _name_matches(name: str, chain: Sequence[Record]) -> Value:
    if not name:
        return Unobservable("the name that clients use is not known: write it before the port, as in www.example.org:443")
    known = [record["names"] for record in chain if record["position"] == 0]
    truths = [is_for(tuple(map(str, names)), name) for names in known if isinstance(names, tuple)]
    return False if False in truths else True if len(truths) == len(known) else _NOT_TOLD


def _length(lines: Sequence[_Line], chain: Sequence[Record]) -> Value:
    shown = [word for word, _ in lines if word in {"certificate", "further"}]
    first = shown.index("further") if "further" in shown else len(shown)
    return first if chain and not isinstance(chain[0]["subject"], Unobservable) else _NOT_TOLD


def _certificates(text: str, lines: Sequence[_Line]) -> Iterator[Record]:
    """A record per certificate of the chain; one that says why where none was told."""
    told = [(word, rest) for word, rest in lines if word in {"certificate", "further"}]
    if not told:
        reason = dict(lines).get("trust", "").removeprefix("unknown ") or "the answer does not tell the chain"
        yield _unknown(_CERTIFICATE_FIELDS, reason, endpoint=text, position=0)
    position = -1
    for word, encoded in told:
        position = 0 if word == "further" else position + 1
        try:
            certificate = load_der(base64.b64decode(encoded, validate=True))
            facts = certificate_facts(certificate)
            lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
            yield {
                "endpoint": text,
                "position": position,
                **facts,
                "lifetime": lifetime.total_seconds(),
                "revocation": revocation_urls(certificate),
                "must_staple": must_staple(certificate),
            }
        except Exception as error:  # noqa: BLE001 - from a hostile peer: any failure to parse is that record's own
            yield _unknown(_CERTIFICATE_FIELDS, f"not a readable certificate: {error}"[:200], endpoint=text, position=position)


def _unknown(fields: Sequence[Attribute], reason: str, **known: Value) -> Record:
    return {**{field.name: Unobservable(reason) for field in fields}, **known}


_ENDPOINT_FIELDS = (
    Attribute("endpoint", Type.TEXT, "as it is written in the argument"),
    Attribute("name", Type.TEXT, "the name that was asked for; absent when none is known"),
    Attribute("ssl2", Type.BOOLEAN, "SSLv2 is offered"),
    Attribute("ssl3", Type.BOOLEAN, "SSLv3 is offered"),
    Attribute("tls1_0", Type.BOOLEAN, "TLS 1.0 is offered"),
    Attribute("tls1_1", Type.BOOLEAN, "TLS 1.1 is offered"),
    Attribute("tls1_2", Type.BOOLEAN, "TLS 1.2 is offered"),
    Attribute("tls1_3", Type.BOOLEAN, "TLS 1.3 is offered"),
    Attribute(
        "suites",
        Type.LIST,
        "suites taken in the newest version before 1.3, or chosen in an older one, by IANA's names; 1.3 has good ones",
    ),
    Attribute(
        "broken_suites", Type.LIST, "those without encryption or proof, or with RC2, RC4, DES, 3DES, IDEA, MD5 or EXPORT keys"
    ),
    Attribute("forward_secret", Type.BOOLEAN, "every suite keeps what was recorded secret when the server's key is stolen later"),
    Attribute("authenticated", Type.BOOLEAN, "at least one suite encrypts and proves at once (GCM, CCM, ChaCha20-Poly1305)"),
    Attribute("group", Type.TEXT, "group of the key exchange in the newest version; dh2048 is a prime of 2048 bits"),
    Attribute("dh_bits", Type.INTEGER, "bits of the shortest Diffie-Hellman prime before 1.3; absent when there is none"),
    Attribute("secure_renegotiation", Type.BOOLEAN, "renegotiation is bound to the connection (RFC 5746), or there is none"),
    Attribute("compression", Type.BOOLEAN, "compression is taken"),
    Attribute(
        "trusted", Type.BOOLEAN, "the chain, as served, leads to an authority that the scanner knows; expiry does not count here"
    ),
    Attribute("trust_fault", Type.TEXT, "why it does not"),
    Attribute("name_matches", Type.BOOLEAN, "the certificate is for the name that was asked for"),
    Attribute("stapled", Type.BOOLEAN, "an answer about revocation is stapled; not seen where only TLS 1.3 is offered"),
    Attribute("chain_length", Type.INTEGER, "how many certificates are served"),
)
_CERTIFICATE_FIELDS = (
    Attribute("endpoint", Type.TEXT, "as it is written in the argument"),
    Attribute(
        "position", Type.INTEGER, "place in the chain, counted from 0, the server's own; it may have several, for other keys"
    ),
    *FACTS,
    Attribute("lifetime", Type.DURATION, "from its first moment to its last"),
    Attribute("revocation", Type.LIST, "where clients can ask whether it was revoked: OCSP responders, revocation lists"),
    Attribute("must_staple", Type.BOOLEAN, "clients shall refuse it without a staple"),
)
PROBE = Probe(
    name="tls_endpoint",
    summary="TLS of a host's services as clients see it: versions, suites, chain, authority, names",
    arguments=(
        Argument(
            "endpoints", Type.LIST,
            "ports, each [NAME:]PORT[/PROTOCOL]: NAME is asked for there, PROTOCOL (smtp, imap, pop3, ldap, postgres, ftp) "
            "begins in clear; always at the host's address",
            default=("443",), pattern=ENDPOINT,
        ),
        Argument("host", Type.TEXT, "another host than the target", pattern=HOST),
        Argument("authorities", Type.TEXT, "a file on the scanner with more authorities, in PEM", default="", pattern=r"(?:/.+)?"),
    ),
    attributes=(
        Attribute("endpoints", Type.RECORDS, "one record for each that speaks TLS, or does not tell", _ENDPOINT_FIELDS),
        Attribute("certificates", Type.RECORDS, "the chains of all of them", _CERTIFICATE_FIELDS),
        Attribute("count", Type.INTEGER, "how many endpoints speak TLS"),
        Attribute("closed", Type.LIST, "endpoints where nothing listens"),
        Attribute("plain", Type.LIST, "endpoints that answer without TLS"),
    ),
    ask=ask,
    read=read,
    example="endpoint 443 www.example.org\nclosed\nend\n",
    time_limit_s=90,
    outside=True,
)  # fmt: skip
