"""What a domain publishes about its mail: SPF, DKIM, DMARC, exchangers, MTA-STS, TLS reports. Asked from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import NAME_OR_NONE, RESOLVER, UNDECLARED, count_networks
from secscan.syntax.mail_policy import dkim_key, organisation_names, spf_all, spf_lookups, spf_records, starts_with_version, tags

_LINE = re.compile(
    r"domain \S+|txt \S+ .*|none \S+|unknown \S+ .+|exchangers (?:all|none|unknown .+)|policy (?:none|unknown|status) .+|\| .*"
    r"|exchanger \d+ \S+ \S+ tlsa=(?:yes|no|unknown)|[|]"
)


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    domains = [str(call["domain"] or "the declared domain") for call in calls]
    return Question("", tuple(f"name server about the mail of {domain}; https://mta-sts.{domain}" for domain in domains))


def read(call: Arguments, answer: Answer) -> Observation:
    """`domain NAME`; `txt NAME VALUE`, `none NAME` or `unknown NAME WHY` for each name; exchangers; the policy; `end`."""
    said = reply(answer, "mail")
    if said:
        return said
    lines = closed_lines(answer)
    if lines == ["undeclared"] and not call["domain"]:
        return Observed({**{each.name: UNDECLARED for each in PROBE.attributes}, "domain": Absent("a declared domain")})
    if not lines or not all(map(_LINE.fullmatch, lines)) or not lines[0].startswith("domain "):
        raise Unreadable("expected lines about the mail of a domain")
    domain = lines[0].split(" ")[1]
    if str(call["domain"]).lower() not in ("", domain):
        raise Unreadable(f"expected what is told of {call['domain']}")
    texts = _texts(lines)
    exchangers = _exchangers(lines)
    return Observed({
        "domain": domain,
        **_spf(domain, texts),
        **_dmarc(domain, texts),
        "dkim": tuple(_dkim(str(selector), domain, texts) for selector in call["selectors"]),
        **_transport(domain, lines, texts),
        "exchangers": exchangers,
        "networks": _networks(exchangers),
    })  # fmt: skip


def _texts(lines: Sequence[str]) -> dict[str, list[str] | Unobservable]:
    """The TXT records by name; what nobody knows stays so."""
    found: dict[str, list[str] | Unobservable] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        known = found.get(name)
        if word == "txt":
            found[name] = [*known, value] if isinstance(known, list) else [value]
        elif word == "none":
            found[name] = []
        elif word == "unknown":
            found[name] = Unobservable(value)
    return found


def _get(texts: Mapping[str, list[str] | Unobservable], name: str) -> list[str] | Unobservable:
    return texts.get(name, Unobservable(f"the answer does not tell {name}"))


def _spf(domain: str, texts: Mapping[str, list[str] | Unobservable]) -> Record:
    own = _get(texts, domain)
    if isinstance(own, Unobservable):
        return dict.fromkeys(("spf", "spf_count", "spf_all", "spf_lookups"), own)
    records = spf_records(own)
    if not records:
        return {
            "spf": Absent("an SPF record"),
            "spf_count": 0,
            "spf_all": Absent("an SPF record"),
            "spf_lookups": Absent("an SPF record"),
        }
    known = {name: found for name, found in texts.items() if isinstance(found, list)}
    unsure = next((found for name, found in texts.items() if isinstance(found, Unobservable) and _included(name, domain)), None)
    lookups, decided = spf_lookups(domain, known), spf_all(domain, known)
    return {
        "spf": records[0],
        "spf_count": len(records),
        "spf_all": unsure if unsure and decided != "+" else decided,
        "spf_lookups": unsure if unsure and lookups <= 10 else lookups,
    }


def _included(name: str, domain: str) -> bool:
    """Whether a name was asked for SPF's sake: all others are below the domain and begin with a sign of their own."""
    return name != domain and not re.match(r"_dmarc\.|_mta-sts\.|_smtp\._tls\.", name) and "._domainkey." not in name


def _dmarc(domain: str, texts: Mapping[str, list[str] | Unobservable]) -> Record:
    """The record of the domain, else of the nearest one above it, whose policy for subdomains then counts."""
    names = ("dmarc", "dmarc_policy", "dmarc_subdomain_policy", "dmarc_percent", "dmarc_reports")
    for name in organisation_names(domain):
        found = _get(texts, f"_dmarc.{name}")
        if isinstance(found, Unobservable):
            return dict.fromkeys(names, found)
        records = [text for text in found if starts_with_version(text, "DMARC1")]
        if len(records) > 1:
            return dict.fromkeys(names, Absent("a DMARC record that counts: there are several"))
        if records:
            told = tags(records[0])
            policy = told.get("p", "").lower()
            below = told.get("sp", policy).lower()
            percent = "0" if told.get("t", "").lower() == "y" else told.get("pct", "100")
            return {
                "dmarc": records[0],
                "dmarc_policy": (policy if name == domain else below) or Absent("a policy"),
                "dmarc_subdomain_policy": below or Absent("a policy"),
                "dmarc_percent": int(percent) if re.fullmatch(r"\d{1,3}", percent) else 100,
                "dmarc_reports": tuple(uri.strip() for uri in told.get("rua", "").split(",") if uri.strip()),
            }
    return dict.fromkeys(names, Absent("a DMARC record"))


def _dkim(selector: str, domain: str, texts: Mapping[str, list[str] | Unobservable]) -> Record:
    found = _get(texts, f"{selector}._domainkey.{domain}")
    names = ("present", "key_type", "key_bits", "revoked", "testing")
    if isinstance(found, Unobservable):
        return {"selector": selector, **dict.fromkeys(names, found)}
    if not found:
        return {"selector": selector, **dict.fromkeys(names, Absent("a key")), "present": False}
    try:
        kind, bits = dkim_key(found[0])
    except Exception as error:  # noqa: BLE001 - from the network: any failure to parse is that record's own
        return {"selector": selector, **dict.fromkeys(names, Unobservable(f"the key cannot be read: {error}"[:200]))}
    testing = "y" in tags(found[0]).get("t", "").split(":")
    return {
        "selector": selector,
        "present": True,
        "key_type": kind,
        "key_bits": bits or Absent("a key: it was revoked"),
        "revoked": bits == 0,
        "testing": testing,
    }


def _transport(domain: str, lines: Sequence[str], texts: Mapping[str, list[str] | Unobservable]) -> Record:
    reports = _get(texts, f"_smtp._tls.{domain}")
    announced = _get(texts, f"_mta-sts.{domain}")
    found: Value = reports if isinstance(reports, Unobservable) else ()
    if isinstance(reports, list):
        records = [text for text in reports if starts_with_version(text, "TLSRPTv1")]
        found = tuple(uri.strip() for text in records[:1] for uri in tags(text).get("rua", "").split(",") if uri.strip())
    if isinstance(announced, list):
        records = [text for text in announced if starts_with_version(text, "STSv1")]
        mode = _mode(lines) if len(records) == 1 else Absent("the record that announces a policy")
        return {"mta_sts_mode": mode, "tls_reports": found}
    return {"mta_sts_mode": announced, "tls_reports": found}


def _mode(lines: Sequence[str]) -> Value:
    policy = next((line.removeprefix("policy ") for line in lines if line.startswith("policy ")), "")
    kind, _, rest = policy.partition(" ")
    if kind == "status":
        told = [line[2:].partition(":")[2].strip().lower() for line in lines if re.match(r"\| mode\s*:", line)]
        return told[0] if rest == "200" and told else Absent("a policy that can be read")
    if kind == "none":
        return Absent(f"a policy that can be fetched: {rest}")
    return Unobservable(rest or "the answer does not tell the policy")


def _exchangers(lines: Sequence[str]) -> Value:
    end = next((line.removeprefix("exchangers ") for line in lines if line.startswith("exchangers ")), "unknown not told")
    if end.startswith("unknown"):
        return Unobservable(end.removeprefix("unknown "))
    return tuple(_exchanger(line.split(" ")) for line in lines if line.startswith("exchanger "))


def _exchanger(words: Sequence[str]) -> Record:
    _, preference, name, shown, tlsa = words
    known = tuple(shown.split(",")) if re.search(r"[.:]", shown) else ()
    addresses: Value = Unobservable("the name server does not tell") if shown == "unknown" else known
    said = tlsa.removeprefix("tlsa=")
    return {
        "name": name,
        "preference": int(preference),
        "addresses": addresses,
        "tlsa": Unobservable("the name server does not tell") if said == "unknown" else said == "yes",
    }


def _networks(exchangers: Value) -> Value:
    if not isinstance(exchangers, tuple):
        return exchangers
    found: list[str] = []
    for exchanger in exchangers:
        if isinstance(exchanger, dict):
            known = exchanger["addresses"]
            if isinstance(known, Unobservable):
                return known
            if isinstance(known, tuple):
                found += map(str, known)
    return count_networks(found)


PROBE = Probe(
    name="mail_policy",
    summary="What a domain publishes about its mail: SPF, DKIM, DMARC, exchangers, MTA-STS",
    arguments=(
        Argument("domain", Type.TEXT, "the domain; else what the host's label `domain` declares", default="", pattern=NAME_OR_NONE),
        Argument("selectors", Type.LIST, "DKIM selectors in use", default=(), pattern=r"[A-Za-z0-9_.-]{1,60}"),
        Argument("fetch", Type.BOOLEAN, "fetch the MTA-STS policy from https://mta-sts.DOMAIN", default=True),
        Argument("resolver", Type.TEXT, "name server to ask, ADDRESS[:PORT]; else the scanner's own", default="", pattern=RESOLVER),
    ),
    attributes=(
        Attribute("domain", Type.TEXT, "the domain that was asked about; absent when none is declared"),
        Attribute("spf", Type.TEXT, "the SPF record"),
        Attribute("spf_count", Type.INTEGER, "how many SPF records; more than one makes all invalid"),
        Attribute("spf_all", Type.TEXT, "what it says of all others: - fail, ~ soft fail, + pass; ? nothing, or it is not valid"),
        Attribute("spf_lookups", Type.INTEGER, "look-ups it costs, includes counted; more than ten make it invalid"),
        Attribute("dmarc", Type.TEXT, "the DMARC record, the domain's own or of the one above it"),
        Attribute("dmarc_policy", Type.TEXT, "none, quarantine or reject, for this domain"),
        Attribute("dmarc_subdomain_policy", Type.TEXT, "the same for names below"),
        Attribute("dmarc_percent", Type.INTEGER, "for how many of a hundred messages"),
        Attribute("dmarc_reports", Type.LIST, "where aggregate reports go"),
        Attribute(
            "dkim", Type.RECORDS, "one record for each selector",
            (
                Attribute("selector", Type.TEXT, "its name"),
                Attribute("present", Type.BOOLEAN, "there is a record"),
                Attribute("key_type", Type.TEXT, "rsa or ed25519"),
                Attribute("key_bits", Type.INTEGER, "size of the key; absent when it was revoked"),
                Attribute("revoked", Type.BOOLEAN, "the record says that the key is no longer good"),
                Attribute("testing", Type.BOOLEAN, "the record says that nothing should depend on it yet"),
            ),
        ),
        Attribute("mta_sts_mode", Type.TEXT, "enforce, testing or none; absent without a policy that others can fetch"),
        Attribute("tls_reports", Type.LIST, "where others report failures of TLS"),
        Attribute(
            "exchangers", Type.RECORDS, "the servers that take mail for the domain",
            (
                Attribute("name", Type.TEXT, "its name; a dot: the domain takes no mail"),
                Attribute("preference", Type.INTEGER, "lower is asked first"),
                Attribute("addresses", Type.LIST, "its addresses"),
                Attribute("tlsa", Type.BOOLEAN, "its certificate is announced by DANE"),
            ),
        ),
        Attribute("networks", Type.INTEGER, "in how many networks (/24; or /48, where these are more) their addresses are"),
    ),
    ask=ask,
    read=read,
    example="domain example.org\ntxt example.org v=spf1 mx -all\ntxt _dmarc.example.org v=DMARC1; p=reject\nexchangers none\nend\n",
    time_limit_s=60,
    outside=True,
)  # fmt: skip
