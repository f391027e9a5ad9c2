"""What all pages are made with: Jinja templates, the words and pictures they use, and texts of hosts made harmless on the way."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from html import escape
from typing import TYPE_CHECKING, Any

from secscan import __version__, places, terms
from secscan.decisions import write_adjustment
from secscan.figures import last_day
from secscan.findings import VALUE_LIMIT, write_actual, write_details, write_expected, write_record, write_value
from secscan.inert import SPACES, for_html, visible
from secscan.messages import mark
from secscan.reporters.html.pictures import Pictures
from secscan.since import LISTED
from secscan.terms import OUTCOMES, SEVERITIES
from secscan.wording import Sentence, Wording

if TYPE_CHECKING:
    from jinja2 import Environment

NOWHERE = "base-uri 'none'; form-action 'none'"
_PIECE = 65_536
_HOTTEST = 4
_TICKS = re.compile(r"`([^`\n]+)`")
ENGLISH_MARK = ' lang="en" dir="ltr"'
"""What marks an element as English on a page in another language."""
_ISOLATES = "\u2068\u2069"
_KEPT = SPACES + "\n\t"
_SENTENCES = (write_actual, write_adjustment, write_details, write_expected, write_record, write_value)


def prepare() -> None:
    """Load and compile all templates: 0.3 s that can pass while hosts are being asked."""
    templates = environment()
    for name in templates.list_templates(["html"]):
        templates.get_template(name)


def prepare_page() -> None:
    """Load and compile the templates of the single page: half of them, and those of other reports are in folders."""
    templates = environment()
    for name in templates.list_templates(["html"]):
        if "/" not in name:
            templates.get_template(name)


@cache
def environment() -> Environment:
    """The templates, through which no text comes unescaped or invisible."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context  # noqa: PLC0415 - 60 ms that other reports do not need

    made = Environment(
        loader=FileSystemLoader(places.report_templates() / "html"),
        autoescape=True,
        finalize=_inert,
        undefined=StrictUndefined,
        auto_reload=False,  # looking for newer templates costs as much as a small one
        optimized=False,  # folding constants costs more than it saves on templates that run once
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["cut"] = pass_context(_cut)
    made.globals |= {
        "terms": terms,
        "value_limit": VALUE_LIMIT,
        "last_day": last_day,
        "outcomes": OUTCOMES,
        "severities": SEVERITIES,
        "term": {term.key: term for term in (*OUTCOMES, *SEVERITIES, *terms.DISPOSITIONS)},
        "since_listed": LISTED,
        "tool_version": __version__,
    }
    return made


def words_of(w: Wording) -> dict[str, Any]:
    """What every template needs to speak a language."""
    pictures = Pictures(w)
    return {
        "_": w.translate,
        "w": w,
        "bar": pictures.bar,
        "meter": pictures.meter,
        "progress": pictures.progress,
        "tags": pictures.tags,
        "heat_map": pictures.heat_map,
        "histogram": pictures.histogram,
        **{write.__name__: partial(write, w) for write in _SENTENCES},
        "told": lambda text: told(w, text),
        "ticked": cache(lambda text: _ticked(w.content(text))),
        "foreign": lambda text: foreign(w, text),
        "english": markup("" if w.language == "en" else ENGLISH_MARK),
        "badges": {term.key: _badge("badge", term, w) for term in OUTCOMES} | {t.key: _badge("severity", t, w) for t in SEVERITIES},
    }


def for_markup(text: str) -> str:
    """A text made visible as templates do it, and escaped for the content of an element."""
    return escape(_inert(text), quote=False)


def as_templates_do(text: str) -> str:
    """A text made visible and escaped as templates do it, quotes too."""
    return escape(_inert(text), quote=False).replace('"', "&#34;").replace("'", "&#39;")


def told(w: Wording, text: str) -> Any:
    """A text of a check, requirement or baseline inside a line of the report."""
    marked = foreign(w, text)
    return markup(f"<span{marked}>{for_html(w.content(text))}</span>") if marked else w.content(text)


def foreign(w: Wording, text: str) -> Any:
    """What marks the element of a text as English, where nobody has translated it."""
    return markup(ENGLISH_MARK if text and w.translate_content(text) is None else "")


def markup(text: str) -> Any:
    """A text that is markup already: whoever calls this has made it of what is escaped."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with Jinja2

    return Markup(text)  # noqa: S704 - made by for_html and for_script


@cache
def asset(*names: str) -> Any:
    """Files beside the templates, one after the other, as they are."""
    folder = places.report_templates() / "html"
    return markup("\n".join((folder / name).read_text(encoding="utf-8") for name in names))


def digest(text: str) -> str:
    """What a content security policy calls a script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def named(w: Wording, names: Iterable[tuple[str, str]]) -> Any:
    """Links, separated by commas, of (address, name)."""
    return markup(
        w.translate(mark(", ")).join([f'<a href="{for_html(address)}"><bdi>{for_html(name)}</bdi></a>' for address, name in names])
    )


def areas(counted: Mapping[str, int], domains: Iterable[str]) -> Any:
    """A host's cells of the matrix: how many checks of each subject area need mending."""
    cells = [
        f'<td class="n heat{min(bad, _HOTTEST)}">{bad}</td>' if (bad := counted.get(domain)) else '<td class="n">·</td>'
        for domain in domains
    ]
    return markup("".join(cells))


def gather(pieces: Iterator[str]) -> Iterator[str]:
    """Template output in pieces worth writing, of about 64 kB."""
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(gathered)
            gathered, size = [], 0
    yield "".join(gathered)


def _badge(kind: str, term: terms.Term, w: Wording) -> Any:
    said = f'<span class="sign" aria-hidden="true">{term.sign}</span>{for_html(w.translate(term.word))}'
    return markup(f'<span class="{kind} {term.key}">{said}</span>')


def _inert(value: Any) -> Any:
    """What every expression of every template goes through: texts are made visible here, escaped afterwards by Jinja."""
    if type(value) is Sentence:  # its values are visible already, and nothing of a host's stands outside its isolates
        return visible(value, _KEPT + _ISOLATES)
    return visible(value, _KEPT) if type(value) is str else value


def _cut(context: Mapping[str, Any], text: str, limit: int) -> str:
    words: Wording = context["w"]
    return words.cut(text, limit)


def _ticked(text: str) -> Any:
    """A check author's prose with what stands between backticks as code."""
    return markup(_TICKS.sub(r"<code>\1</code>", for_html(visible(text.strip(), _KEPT))))
