"""What a web server answers: status, redirect, headers, cookies, asked from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable, Value, read_timestamp
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import HOST, NAME_OR_NONE

_SESSION = re.compile(r"(?i)sess|sid$|^sid|auth|token|login|jwt|remember")
_FOR_SCRIPTS = re.compile(r"(?i)^(__(host|secure)-)?(csrf|xsrf)")  # scripts send what it holds back: that is its use
_VERSIONED = re.compile(r"/\s?v?\d|\d+\.\d+")


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question("", tuple(f"{call['host'] or 'the target'} TCP port {_port(call)}, GET {call['path']}" for call in calls))


def _port(call: Arguments) -> int:
    return int(call["port"] or (443 if call["scheme"] == "https" else 80))


def read(call: Arguments, answer: Answer) -> Observation:
    """`url URL`, `status 200`, `header NAME: VALUE` ..., `bytes N`, lines of text after `| `, then `end`; `absent`: port closed."""
    said = reply(answer, f"a web server on port {_port(call)}")
    if said:
        return said
    lines = closed_lines(answer)
    told = dict(line.split(" ", 1) for line in lines if re.match(r"(url|status|bytes) .", line))
    if not {"url", "bytes"} <= set(told) or not re.fullmatch(r"\d{3}", told.get("status", "")):
        raise Unreadable("expected the lines url, status and bytes")
    if not all(line.startswith(("url ", "status ", "bytes ", "header ", "| ")) for line in lines):
        raise Unreadable("not a line about an answer of a web server")
    headers = [_header(line) for line in lines if line.startswith("header ")]
    text = [line[2:] for line in lines if line.startswith("| ")]
    shown: tuple[Record, ...] = tuple({"name": name, "value": value} for name, value in headers)
    named = {name: ", ".join(value for other, value in headers if other == name) for name, _ in headers}
    location = named.get("location", "")
    return Observed({
        "status": int(told["status"]),
        "redirect": _target(told["url"], location) if told["status"][0] == "3" and location else Absent("a redirect"),
        "headers": shown,
        "hsts_max_age": _hsts(named.get("strict-transport-security")),
        "hsts_subdomains": "includesubdomains" in named.get("strict-transport-security", "").lower(),
        "content_security_policy": named.get("content-security-policy", Absent("the header Content-Security-Policy")),
        "framing": _framing(named),
        "content_type_options": _header_or_absent(named, "x-content-type-options"),
        "referrer_policy": _header_or_absent(named, "referrer-policy"),
        "software": tuple(named[name] for name in ("server", "x-powered-by", "x-aspnet-version", "x-generator") if name in named),
        "tells_version": any(_VERSIONED.search(named.get(name, "")) for name in ("server", "x-powered-by", "x-generator"))
        or "x-aspnet-version" in named,
        "cookies": tuple(_cookie(value) for name, value in headers if name == "set-cookie"),
        "text": "\n".join(text) if call["text"] else Unobservable("the text was not asked for"),
        "security_contact": _field(call, text, "contact"),
        "security_expires": _expires(_field(call, text, "expires")),
    })  # fmt: skip


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.removeprefix("header ").partition(":")
    if not colon:
        raise Unreadable(f"not a header: {line[:120]!r}")
    return name.strip().lower(), value.strip()


def _target(url: str, location: str) -> str:
    """The whole address that a Location stands for."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", location):
        return location
    scheme, _, rest = url.partition("://")
    if location.startswith("//"):
        return f"{scheme}:{location}"
    return f"{scheme}://{rest.partition('/')[0]}/{location.lstrip('/')}"


def _hsts(value: str | None) -> Value:
    if value is None:
        return Absent("the header Strict-Transport-Security")
    found = re.search(r"(?i)(?:^|[;\s,])max-age\s*=\s*\"?(\d{1,12})\"?\s*(?:[;,]|$)", value)
    return int(found[1]) if found else Absent(f"max-age, without which browsers ignore {value[:80]!r}")


def _framing(named: dict[str, str]) -> Value:
    """Who may show the page in a frame; frame-ancestors wins over X-Frame-Options, of which browsers know two words."""
    found = re.search(r"(?i)(?:^|[;,])\s*frame-ancestors\s+([^;,]*)", named.get("content-security-policy", ""))
    if found:
        return found[1].strip().lower()
    words = {word.strip().lower() for word in named.get("x-frame-options", "").split(",")} - {""}
    if len(words) > 1 and words & {"deny", "sameorigin", "allowall"}:  # they contradict each other: nobody may
        return "deny"
    if words & {"deny", "sameorigin"}:
        return words.pop()
    return Absent(
        f"X-Frame-Options as browsers know it, in place of {named['x-frame-options'][:80]!r}"
        if words
        else "the header x-frame-options"
    )


def _header_or_absent(named: dict[str, str], name: str) -> Value:
    return named[name].lower() if name in named else Absent(f"the header {name}")


def _cookie(value: str) -> Record:
    pair, *flags = (part.strip() for part in value.split(";"))
    told = {name: value for name, _, value in (flag.lower().partition("=") for flag in flags if flag)}
    name = pair.partition("=")[0]
    return {
        "name": name,
        "secure": "secure" in told,
        "http_only": "httponly" in told,
        "same_site": told.get("samesite") or Absent("SameSite"),
        "session": bool(_SESSION.search(name)) and not _FOR_SCRIPTS.search(name),
    }


def _field(call: Arguments, text: Sequence[str], name: str) -> Value:
    """A field of security.txt (RFC 9116)."""
    if not call["text"]:
        return Unobservable("the text was not asked for")
    found = [line.partition(":")[2].strip() for line in text if line.lower().startswith(f"{name}:")]
    return found[0] if found and found[0] else Absent(f"the field {name}")


def _expires(value: Value) -> Value:

    if not isinstance(value, str):
        return value
    try:
        return read_timestamp(value.upper())
    except ValueError:
        return Unobservable(f"not a moment: {value[:60]!r}")


PROBE = Probe(
    name="http_response",
    summary="What a web server answers: status, redirect, headers, cookies",
    arguments=(
        Argument("scheme", Type.TEXT, "https or http", default="https", choices=("https", "http")),
        Argument("port", Type.INTEGER, "port; 443 or 80 unless said"),
        Argument("path", Type.TEXT, "path to ask for", default="/", pattern=r"/[!-~]*"),
        Argument("name", Type.TEXT, "name of the site; the target's own unless said", default="", pattern=NAME_OR_NONE),
        Argument("host", Type.TEXT, "another host than the target", pattern=HOST),
        Argument("text", Type.BOOLEAN, "keep the first 60 lines of the text", default=False),
    ),
    attributes=(
        Attribute("status", Type.INTEGER, "status code, such as 200"),
        Attribute("redirect", Type.TEXT, "whole address it sends to; absent when it does not redirect"),
        Attribute(
            "headers", Type.RECORDS, "all headers; what cookies hold is masked",
            (Attribute("name", Type.TEXT, "in lower case"), Attribute("value", Type.TEXT, "as sent")),
        ),
        Attribute("hsts_max_age", Type.DURATION, "for how long browsers insist on TLS"),
        Attribute("hsts_subdomains", Type.BOOLEAN, "also for names below"),
        Attribute("content_security_policy", Type.TEXT, "the header of that name"),
        Attribute("framing", Type.TEXT, "who may show it in a frame, in lower case: frame-ancestors, else X-Frame-Options"),
        Attribute("content_type_options", Type.TEXT, "X-Content-Type-Options in lower case"),
        Attribute("referrer_policy", Type.TEXT, "Referrer-Policy in lower case"),
        Attribute("software", Type.LIST, "what Server, X-Powered-By and their like say"),
        Attribute("tells_version", Type.BOOLEAN, "one of these holds a version number"),
        Attribute(
            "cookies", Type.RECORDS, "cookies set by this answer",
            (
                Attribute("name", Type.TEXT, "its name"),
                Attribute("secure", Type.BOOLEAN, "only sent over TLS"),
                Attribute("http_only", Type.BOOLEAN, "out of reach of scripts"),
                Attribute("same_site", Type.TEXT, "strict, lax or none"),
                Attribute("session", Type.BOOLEAN, "its name looks like that of a session or a sign-in"),
            ),
        ),
        Attribute("text", Type.TEXT, "first 60 lines of the text"),
        Attribute("security_contact", Type.TEXT, "first Contact of a security.txt"),
        Attribute("security_expires", Type.TIMESTAMP, "Expires of a security.txt"),
    ),
    ask=ask,
    read=read,
    example="url https://www.example.org/\nstatus 200\nheader Strict-Transport-Security: max-age=31536000\nbytes 612\nend\n",
    time_limit_s=20,
    outside=True,
)  # fmt: skip
