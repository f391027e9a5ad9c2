"""The continuity report: one self-contained page, made of a continuity document (schemas/continuity-1.schema.json) alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from secscan.inert import for_html
from secscan.reporters.html import templates
from secscan.reporters.html.continuity import speech
from secscan.reporters.html.continuity.network import draw_network, find_network
from secscan.reporters.html.continuity.reasons import write_reason
from secscan.reporters.html.continuity.timeline import draw_timeline
from secscan.wording import ENGLISH, Wording

SERVICES_DRAWN = 24  # in the picture of all of them together
ENDING_LISTED = 40
NAMES_LISTED = 40
_SOON_S = 90 * 86400.0
_CLASSES = {"met": "pass", "partly met": "manual", "unknown": "error", "missed": "fail"}


@dataclass(frozen=True, slots=True)
class Gap:
    """Data that no restore point holds; `service` is empty for data that nobody has declared."""

    service: str
    place: str
    size: int | None
    share: float
    why: str


def write_continuity(document: Mapping[str, Any], wording: Wording = ENGLISH) -> Iterator[str]:
    """The page in pieces, in the words of a language."""
    w = replace(wording, isolates=wording.direction == "rtl")
    style = templates.asset("page.css", "continuity/continuity.css")
    context = templates.words_of(w) | {
        "document": document,
        "speech": speech,
        "reason": lambda text: write_reason(w, text),
        "ending_name": lambda name: speech.write_ending(w, name),
        "moment": speech.write_moment,
        "span": lambda seconds: speech.write_span(w, seconds),
        "length": lambda figure, name="": speech.write_figure(w, figure, name),
        "size": lambda size: speech.write_size(w, size),
        "verdict": lambda name: _badge(name, w),
        "known": {term.key: w.translate(term.word) for term in speech.KNOWLEDGE},
        "anchors": {each["service"]: f"service-{quote(each['service'], safe='')}" for each in document["services"]},
        "timeline": lambda data_set, rpo, anchor: templates.markup(
            draw_timeline(data_set, rpo, document["as_of"], document["window_s"], w, anchor)
        ),
        "network": lambda services, anchor, name: templates.markup(draw_network(find_network(services, document), w, anchor, name)),
        "drawn_together": 1 < len(document["services"]) <= SERVICES_DRAWN,
        "gaps": find_gaps(document),
        "ending": _ending(document),
        "ending_listed": ENDING_LISTED,
        "names_listed": NAMES_LISTED,
        "limit": limit_of,
        "style": style,
        "policy": f"default-src 'none'; style-src '{templates.digest(style)}'; " + templates.NOWHERE,
    }
    yield from templates.gather(templates.environment().get_template("continuity/page.html").generate(context))


def limit_of(service: Mapping[str, Any], name: str) -> float:
    """What a figure of a service is held against, in seconds."""
    objectives: Mapping[str, float] = service["objectives"]
    return objectives["rto" if name == "rto" else "rpo"]


def find_gaps(document: Mapping[str, Any]) -> list[Gap]:
    """Data in no backup and data that nobody has declared, the largest first; what is not known stands before all."""
    found = [
        (each["service"], f"{data['id']} ({data['host']})", data["uncovered"], data["size_fault"])
        for each in document["services"]
        for data in each["data_sets"]
        if data["uncovered"] is None or data["uncovered"] or data["covered"] is False
    ]
    found += [("", f"{each['host']}:{each['path']}", each["size"], "") for each in document["undeclared"]]
    most = max((size for _, _, size, _ in found if size), default=0) or 1
    gaps = [Gap(service, place, size, (size or 0) / most, why) for service, place, size, why in found]
    return sorted(gaps, key=lambda gap: (gap.size is not None, -(gap.size or 0), gap.service, gap.place))


def _ending(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What ends within a quarter, and what could not be looked at."""
    last = document["as_of"] + _SOON_S
    return [each for each in document["ending"] if each["ends"] is None or each["ends"] <= last]


def _badge(name: str, w: Wording) -> Any:
    term = next(term for term in speech.VERDICTS if term.key == name)
    sign = f'<span class="sign" aria-hidden="true">{term.sign}</span>'
    return templates.markup(f'<span class="badge {_CLASSES[name]}">{sign}{for_html(w.translate(term.word))}</span>')
