"""A directive of nginx, wherever it stands, and what holds for each server by inheritance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Absent, Record, Type, Unobservable
from secscan.probing import same_for_all
from secscan.syntax.blocks import Statement
from secscan.syntax.nginx import FETCH, TOUCHES, Placed, place, read_files


def ask(calls: Sequence[Arguments]) -> Question:
    """The files of the configuration, once for all calls."""
    return Question(FETCH, TOUCHES)


def read(call: Arguments, answer: Answer) -> Observation:
    """`file PATH`, its lines after `| `, `include PATTERN` and `match PATH` for what it includes; then `end`."""
    tree = read_files(answer)
    if isinstance(tree, Absent | Unobservable):
        return tree
    name = str(call["name"]).lower()
    places = tuple(_place(found) for found in place(name, tree))
    servers = tuple(_server(name, found.directive, found.around, tree) for found in place("server", tree) if _is_web(found.around))
    return Observed({
        "servers": servers,
        "places": places,
        "values": tuple(dict.fromkeys(str(record["value"]) for record in places)),
        "count": len(servers),
    })  # fmt: skip


def _place(found: Placed) -> Record:
    return {"value": found.directive.value, "values": found.directive.words[1:], "context": _context(found.around)}


def _is_web(around: Sequence[Statement]) -> bool:
    return [block.name for block in around] == ["http"]


def _context(around: Sequence[Statement]) -> str:
    return " ".join(_title(block) for block in around) or "main"


def _title(block: Statement) -> str:
    if block.name == "server":
        return f"server {' '.join(_words('server_name', block)) or '_'}"
    return " ".join(block.words)


def _words(name: str, block: Statement) -> Iterator[str]:
    for statement in block.body or ():
        if statement.name == name:
            yield from statement.words[1:]


def _server(name: str, server: Statement, around: Sequence[Statement], tree: Sequence[Statement]) -> Record:
    listens = [statement for statement in server.body or () if statement.name == "listen"]
    record: Record = {
        "names": tuple(_words("server_name", server)),
        "listens": tuple(statement.value for statement in listens),
        "tls": any({"ssl", "quic"} & set(statement.words) for statement in listens) or "on" in _words("ssl", server),
    }
    for level in (server.body or (), around[-1].body or (), tree):
        own = [statement for statement in level if statement.name == name]
        if own:
            return record | {
                "value": "; ".join(statement.value for statement in own),
                "values": tuple(word for statement in own for word in statement.words[1:]),
            }
    return record | dict.fromkeys(("value", "values"), Absent(f"a setting of {name}"))


_VALUES = (
    Attribute("value", Type.TEXT, "its words, one blank between them; several directives of one level with `; ` between them"),
    Attribute("values", Type.LIST, "its words"),
)
PROBE = Probe(
    name="nginx_directive",
    summary="A directive of nginx: where it stands, and what holds for each server",
    arguments=(Argument("name", Type.TEXT, "the directive, such as server_tokens", required=True, pattern=r"[A-Za-z0-9_]+"),),
    attributes=(
        Attribute(
            "servers",
            Type.RECORDS,
            "the servers for HTTP, with what the directive is for each; absent where it is set on no level",
            (
                Attribute("names", Type.LIST, "the names of the server"),
                Attribute("listens", Type.LIST, "where it listens, as written"),
                Attribute("tls", Type.BOOLEAN, "it serves TLS"),
                *_VALUES,
            ),
        ),
        Attribute(
            "places",
            Type.RECORDS,
            "every place where the directive stands",
            (*_VALUES, Attribute("context", Type.TEXT, "the blocks around it, such as http server example.org location /")),
        ),
        Attribute("values", Type.LIST, "the values that it is given anywhere, each once"),
        Attribute("count", Type.INTEGER, "how many servers for HTTP there are"),
    ),
    ask=ask,
    read=read,
    split=same_for_all,
    example=(
        "file /etc/nginx/nginx.conf\n| http { server_tokens off; include conf.d/*.conf; }\n"
        "include conf.d/*.conf\nmatch /etc/nginx/conf.d/a.conf\n"
        "file /etc/nginx/conf.d/a.conf\n| server { listen 443 ssl; server_name a.example.org; }\nend\n"
    ),
    time_limit_s=30,
    condition="name",
)
