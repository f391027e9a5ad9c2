"""From what was gathered to the page: templates, words, pictures, and a policy that lets the page ask nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from secscan import __version__, places, wording
from secscan.assessments import Document
from secscan.inert import SPACES, for_html, for_script, visible
from secscan.reporters.html.anchors import check_anchor, requirement_anchor
from secscan.reporters.html.fleet import ATTENTION, Fleet, HostLine
from secscan.reporters.html.pictures import Pictures
from secscan.reporters.html.views import HostView, view_host
from secscan.wording import OUTCOMES, SEVERITIES, Sentence, Wording

if TYPE_CHECKING:
    from jinja2 import Environment

TROUBLES_LISTED = 20  # results per host on the page of a large fleet
MENDED_FIRST = 8
_EXCERPT_ALONE, _EXCERPT_AMONG = 2000, 800  # characters of one answer, on the page of one host and of several
_NOWHERE = "base-uri 'none'; form-action 'none'"
_HOTTEST = 4
_PIECE = 65_536
_TICKS = re.compile(r"`([^`\n]+)`")
_ENGLISH = ' lang="en" dir="ltr"'
_ISOLATES = "\u2068\u2069"
_KEPT = SPACES + "\n\t"


def prepare() -> None:
    """Load and compile the templates: 0.2 s that can pass while hosts are being asked."""
    environment = _environment()
    for name in environment.list_templates(["html"]):
        environment.get_template(name)


def write_page(fleet: Fleet, in_full: list[Document] | None, w: Wording) -> Iterator[str]:
    """The page in pieces of about 64 kB. `in_full` has the documents to show with all evidence, None when there are too many."""
    environment = _environment()
    style, script = (_asset(name) for name in ("page.css", "page.js"))
    excerpt = _EXCERPT_ALONE if in_full and len(in_full) == 1 else _EXCERPT_AMONG
    views: list[HostView] | None = None
    if in_full is not None:
        views = [view_host(line, document, fleet.anchors, excerpt, w) for line, document in zip(fleet.hosts, in_full, strict=True)]
    alone = views[0] if views and len(views) == 1 else None
    pictures = Pictures(w)
    context = {
        "_": w.translate,
        "w": w,
        "bar": pictures.bar,
        "meter": pictures.meter,
        "tags": pictures.tags,
        "told": lambda text: _told(w, text),
        "ticked": lambda text: _ticked(w.content(text)),
        "foreign": lambda text: _foreign(w, text),
        "english": _markup("" if w.language == "en" else _ENGLISH),
        "domains": sorted(fleet.domains, key=w.content),
        "style": style,
        "script": script,
        "policy": f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; {_NOWHERE}",
        "fleet": fleet,
        "summary": fleet.summary,
        "views": views,
        "alone": alone,
        "result_anchors": {view.result["check"]: view.anchor for _, group in alone.groups for view in group}
        if alone and not alone.document["unreachable"]
        else {},
        "troubles": _troubles(fleet, w) if views is None else None,
        "island": _markup(for_script(fleet.island())) if views is None else None,
        "excerpt_limit": excerpt,
    }
    yield from _gather(environment.get_template("page.html").generate(context))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context  # noqa: PLC0415 - 60 ms that other reports do not need

    environment = Environment(
        loader=FileSystemLoader(places.report_templates() / "html"),
        autoescape=True,
        finalize=_inert,
        undefined=StrictUndefined,
        optimized=False,  # folding constants costs more than it saves on templates that run once
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cut"] = pass_context(_cut)
    environment.globals |= {
        "wording": wording,
        "outcomes": OUTCOMES,
        "severities": SEVERITIES,
        "attention": ATTENTION,
        "term": {term.key: term for term in (*OUTCOMES, *SEVERITIES, *wording.DISPOSITIONS)},
        "check_anchor": check_anchor,
        "requirement_anchor": requirement_anchor,
        "areas": _areas,
        "named": _named,
        "mended_first": MENDED_FIRST,
        "troubles_listed": TROUBLES_LISTED,
        "tool_version": __version__,
    }
    return environment


def _inert(value: Any) -> Any:
    """What every expression of every template goes through: texts are made visible here, escaped afterwards by Jinja."""
    if type(value) is Sentence:  # its values are visible already, and nothing of a host's stands outside its isolates
        return visible(value, _KEPT + _ISOLATES)
    return visible(value, _KEPT) if type(value) is str else value


def _cut(context: Mapping[str, Any], text: str, limit: int) -> str:
    words: Wording = context["w"]
    return words.cut(text, limit)


def _told(w: Wording, text: str) -> Any:
    """A text of a check, requirement or baseline inside a line of the report."""
    marked = _foreign(w, text)
    return _markup(f"<span{marked}>{for_html(w.content(text))}</span>") if marked else w.content(text)


def _foreign(w: Wording, text: str) -> Any:
    """What marks the element of a text as English, where nobody has translated it."""
    return _markup(_ENGLISH if text and w.translate_content(text) is None else "")


def _ticked(text: str) -> Any:
    """A check author's prose with what stands between backticks as code."""
    return _markup(_TICKS.sub(r"<code>\1</code>", for_html(visible(text.strip(), _KEPT))))


def _troubles(fleet: Fleet, w: Wording) -> Callable[[int], Any]:
    """Lists what needs attention on a host of a large fleet, as markup: tens of thousands of entries, each written once."""
    numbers = {check.check: number for number, check in enumerate(fleet.summary.checks)}

    @cache
    def entry(check: str, outcome: str) -> str:
        title = fleet.checks[check]["title"]
        return f'<li class={outcome}><a href="#c{numbers[check]}"{_foreign(w, title)}>{for_html(w.content(title))}</a>'

    def entries(position: int) -> Any:
        listed = fleet.hosts[position].troubles[:TROUBLES_LISTED]
        return _markup("".join([entry(check, outcome) for check, outcome, _ in listed]))

    return entries


def _areas(line: HostLine, domains: list[str]) -> Any:
    """A host's cells of the matrix: how many checks of each subject area need mending."""
    cells = [
        f'<td class="n heat{min(bad, _HOTTEST)}">{bad}</td>' if (bad := line.domains.get(domain)) else '<td class="n">·</td>'
        for domain in domains
    ]
    return _markup("".join(cells))


def _named(lines: list[HostLine]) -> Any:
    """Links to hosts, separated by commas."""
    return _markup(", ".join([f'<a href="#{line.anchor}"><bdi>{for_html(line.summary.name)}</bdi></a>' for line in lines]))


def _markup(text: str) -> Any:
    from markupsafe import Markup  # noqa: PLC0415 - comes with Jinja2

    return Markup(text)  # noqa: S704 - made by for_html and for_script


@cache
def _asset(name: str) -> Any:
    return _markup((places.report_templates() / "html" / name).read_text(encoding="utf-8"))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _gather(pieces: Iterator[str]) -> Iterator[str]:
    """Template output in pieces worth writing."""
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(gathered)
            gathered, size = [], 0
    yield "".join(gathered)
