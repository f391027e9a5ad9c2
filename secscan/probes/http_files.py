"""Working files that a web server gives to everybody: repositories, settings, dumps, status pages. Asked from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secscan.model.probe import Answer, Argument, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply
from secscan.syntax.endpoints import HOST, NAME_OR_NONE

USUAL = (
    "/.git/HEAD", "/.git/config", "/.svn/entries", "/.env", "/.htpasswd", "/.DS_Store", "/backup.sql", "/backup.sql.gz",
    "/backup.zip", "/backup.tar.gz", "/dump.sql", "/db.sqlite", "/wp-config.php.bak", "/config.php.bak", "/server-status",
    "/phpinfo.php", "/info.php",
)  # fmt: skip
_REVEALING = {"git", "archive", "dump", "server status", "phpinfo", "settings", "listing"}
_BUSY = (429, 502, 503, 504)
_LINE = re.compile(r"(?:nothing|path (/\S*)) (\d{3}) ([a-z ]+)")


def ask(calls: Sequence[Arguments]) -> Question:
    """Nothing for a shell: the inquiry of the same name asks."""
    return Question("", tuple(f"{call['host'] or 'the target'}, GET {path}" for call in calls for path in call["paths"]))


def read(call: Arguments, answer: Answer) -> Observation:
    """`nothing STATUS KIND` for a path that cannot be there, `path PATH STATUS KIND` for each named one, `end`."""
    said = reply(answer, "a web server")
    if said:
        return said
    found = [_LINE.fullmatch(line) for line in closed_lines(answer)]
    if not found or None in found or [each[1] for each in found[1:] if each] != list(call["paths"]):
        raise Unreadable("expected a line for each path, after that for nothing")
    (_, missing, nothing), *others = [(each[1] or "", int(each[2]), each[3]) for each in found if each]
    records: list[Record] = [
        {"path": path, "status": status, "kind": kind, "published": _is_published(status, kind, (missing, nothing))}
        for path, status, kind in others
    ]
    published = tuple(str(record["path"]) for record in records if record["published"] is True)
    unknown = next((value for record in records if isinstance(value := record["published"], Unobservable)), None)
    return Observed({"published": published if published or not unknown else unknown, "paths": tuple(records)})


def _is_published(status: int, kind: str, elsewhere: tuple[int, str]) -> Value:
    """Whether it is given out; `elsewhere` is what is answered for a path that cannot be there."""
    if status in _BUSY:
        return Unobservable(f"the server answers {status}, and may give it out at other times")
    return status in (200, 206) and kind != "empty" and (kind in _REVEALING or (status, kind) != elsewhere)


PROBE = Probe(
    name="http_files",
    summary="Working files that a web server gives to everybody",
    arguments=(
        Argument("paths", Type.LIST, "paths to ask for", default=USUAL, pattern=r"/[!-~]*"),
        Argument("scheme", Type.TEXT, "https or http", default="https", choices=("https", "http")),
        Argument("port", Type.INTEGER, "port; 443 or 80 unless said"),
        Argument("name", Type.TEXT, "name of the site; the target's own unless said", default="", pattern=NAME_OR_NONE),
        Argument("host", Type.TEXT, "another host than the target", pattern=HOST),
    ),
    attributes=(
        Attribute("published", Type.LIST, "paths that are given out"),
        Attribute(
            "paths", Type.RECORDS, "one record for each path",
            (
                Attribute("path", Type.TEXT, "as asked for"),
                Attribute("status", Type.INTEGER, "status code"),
                Attribute("kind", Type.TEXT, "git, archive, dump, server status, phpinfo, listing, page, settings, other or empty"),
                Attribute("published", Type.BOOLEAN, "given out, and not the page that stands for everything that is not there"),
            ),
        ),
    ),
    ask=ask,
    read=read,
    example="nothing 404 page\n" + "".join(f"path {path} 404 page\n" for path in USUAL) + "end\n",
    time_limit_s=40,
    outside=True,
)  # fmt: skip
