"""A directive of Apache httpd, wherever it is in force, and what holds for each server by inheritance."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import MASK, Absent, Record, Type, Unobservable
from secscan.syntax.apache import Configuration, Directive, Section, read_configuration
from secscan.syntax.apache_files import STRUCTURE, TOUCHES, fetch

_ANY_ADDRESS = re.compile(r"(?:\*|_default_)(:(\d+|\*))?")
_ADD_UP = {"customlog", "transferlog", "listen", "serveralias", "sslopensslconfcmd"}
_ALL_OPTIONS = ("ExecCGI", "FollowSymLinks", "Includes", "Indexes")
_OPTIONS = {name.lower(): name for name in (*_ALL_OPTIONS, "IncludesNOEXEC", "MultiViews", "SymLinksIfOwnerMatch")}


def ask(calls: Sequence[Arguments]) -> Question:
    """The files of the configuration, once for all calls."""
    return Question(fetch(str(call["name"]) for call in calls), TOUCHES)


def split(calls: Sequence[Arguments], answer: Answer) -> list[Answer]:
    """Each call's own directives, among those that give them their place."""
    lines = answer.text.split("\n")
    return [replace(answer, stdout="\n".join(_own(str(call["name"]).lower(), lines)).encode()) for call in calls]


def _own(name: str, lines: Iterable[str]) -> Iterable[str]:
    wanted = {name, *STRUCTURE}
    return (line for line in lines if not re.match(r"\| [^<]", line) or re.split(r"\s", line[2:])[0].lower() in wanted)


def read(call: Arguments, answer: Answer) -> Observation:
    """`version`, `built MODULE`, `file PATH`, its lines after `| `, `include PATTERN` with a `match PATH` for each; then `end`."""
    configuration = read_configuration(answer)
    if isinstance(configuration, Absent | Unobservable):
        return configuration
    name = str(call["name"]).lower()
    wanted = [directive for directive in configuration.directives if directive.name == name]
    sections = tuple(_sections(name, wanted, configuration))
    servers = tuple(_servers(name, configuration))
    return Observed({
        "servers": servers,
        "sections": sections,
        "values": tuple(dict.fromkeys(directive.value for directive in wanted)),
        "modules": configuration.modules,
        "count": len(servers),
        "version": configuration.version,
    })  # fmt: skip


def _sections(name: str, wanted: Iterable[Directive], configuration: Configuration) -> Iterable[Record]:
    together: dict[tuple[Section, ...], list[Directive]] = {}
    for directive in wanted:
        together.setdefault(directive.around, []).append(directive)
    for around, directives in together.items():
        yield {"context": _context(around, configuration)} | _merged(name, directives)


def _context(around: Sequence[Section], configuration: Configuration) -> str:
    return " ".join(_title(section, configuration) for section in around) or "main"


def _title(section: Section, configuration: Configuration) -> str:
    names = _words("servername", (section,), configuration)[-1:] if section.is_server else ()
    return " ".join((section.kind, section.title, *names)).rstrip()


def _words(name: str, around: tuple[Section, ...], configuration: Configuration) -> tuple[str, ...]:
    found = (directive.words for directive in configuration.directives if (directive.name, directive.around) == (name, around))
    return tuple(word for words in found for word in words)


def _merged(name: str, directives: Sequence[Directive]) -> Record:
    """What several directives of one place come to: they add up, or the last one holds; Options are a set."""
    if name == "options":
        words = _merge_options(directives)
        value = " ".join(words)
    else:
        value = "; ".join(directive.value for directive in (directives if name in _ADD_UP else directives[-1:]))
        words = directives[-1].words
    if MASK in value:
        return dict.fromkeys(("value", "values"), Unobservable("a secret: masked on the host"))
    if "${" in value:
        return dict.fromkeys(("value", "values"), Unobservable(f"a variable that is set elsewhere: {value[:120]}"))
    return {"value": value, "values": words}


def _merge_options(directives: Iterable[Directive]) -> tuple[str, ...]:
    """Options as httpd merges them: words without a sign replace what was before; those with a sign are kept as they are told."""
    options: dict[str, str] = {}
    for directive in directives:
        if any(word[:1] not in "+-" for word in directive.words):
            options = {}
        for word in directive.words:
            sign, option = (word[0], word[1:]) if word[:1] in "+-" else ("", word)
            named = {"all": _ALL_OPTIONS, "none": ()}.get(option.lower(), (_OPTIONS.get(option.lower(), option),))
            options |= dict.fromkeys(named, sign)
    return tuple(f"{sign}{option}" for option, sign in sorted(options.items()))


def _servers(name: str, configuration: Configuration) -> Iterable[Record]:
    if not _all_covered(configuration):
        yield _server(name, None, configuration)
    for host in configuration.hosts:
        yield _server(name, host, configuration)


def _all_covered(configuration: Configuration) -> bool:
    """Every port that is listened on belongs to a virtual host of every address, so that the main server never answers."""
    addresses = (address for host in configuration.hosts for address in host.title.split())
    taken = {match[2] or "*" for match in map(_ANY_ADDRESS.fullmatch, addresses) if match}
    listened = [directive.words[0] for directive in configuration.directives if directive.name == "listen" and directive.words]
    return bool(listened) and all("*" in taken or each.rpartition(":")[2] in taken for each in listened)


def _server(name: str, host: Section | None, configuration: Configuration) -> Record:
    own = (host,) if host else ()
    engine = _words("sslengine", own, configuration) or _words("sslengine", (), configuration)
    record: Record = {
        "names": (*_words("servername", own, configuration)[-1:], *_words("serveralias", own, configuration)),
        "addresses": tuple(host.title.split()) if host else (),
        "tls": bool(engine) and engine[-1].lower() != "off",
    }
    for level in dict.fromkeys((own, ())):
        found = [each for each in configuration.directives if each.name == name and each.around == level]
        if found:
            return record | _merged(name, found)
    return record | dict.fromkeys(("value", "values"), Absent(f"a setting of {name}"))


_VALUES = (
    Attribute(
        "value",
        Type.TEXT,
        "its words, one blank between them; several that add up with `; ` between them; Options as they come to, All spelt out",
    ),
    Attribute("values", Type.LIST, "its words; of several that add up, those of the last"),
)
PROBE = Probe(
    name="apache_directive",
    summary="A directive of Apache httpd: where it is in force, and what holds for each server",
    arguments=(Argument("name", Type.TEXT, "the directive, such as ServerTokens", required=True, pattern=r"[A-Za-z0-9_]+"),),
    attributes=(
        Attribute(
            "servers",
            Type.RECORDS,
            "the virtual hosts, and the main server where it may answer; the directive is absent where neither of them sets it",
            (
                Attribute("names", Type.LIST, "ServerName and its aliases"),
                Attribute("addresses", Type.LIST, "the addresses of the virtual host, as written; none for the main server"),
                Attribute("tls", Type.BOOLEAN, "it serves TLS"),
                *_VALUES,
            ),
        ),
        Attribute(
            "sections",
            Type.RECORDS,
            "every section in which the directive is in force, with what it comes to there",
            (
                *_VALUES,
                Attribute(
                    "context", Type.TEXT, "the sections around it, such as VirtualHost *:80 a.example.org Directory /srv; or main"
                ),
            ),
        ),
        Attribute("values", Type.LIST, "the values that it is given anywhere, each once"),
        Attribute("modules", Type.LIST, "the modules that are loaded, such as ssl_module"),
        Attribute("count", Type.INTEGER, "how many servers there are"),
        Attribute("version", Type.VERSION, "version of the program"),
    ),
    ask=ask,
    read=read,
    split=split,
    example=(
        "version 2.4.62\nbuilt core\nbuilt mod_so\nfile /etc/apache2/apache2.conf\n| Listen 80\n| IncludeOptional conf.d/*.conf\n"
        "include conf.d/*.conf\nmatch /etc/apache2/conf.d/a.conf\n"
        "file /etc/apache2/conf.d/a.conf\n| ServerTokens Prod\nend\n"
    ),
    time_limit_s=30,
    condition="name",
)
