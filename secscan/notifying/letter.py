"""From what is to be told to a message of a few lines, in a language. Pure.

A message goes to services that read Markdown, HTML or a dialect of their own, and some of them call people by `@name`. Whatever
hosts, inventories or content say is therefore written with signs that look the same and mean nothing to any of them. What
hosts answered is not told at all: a message says what fails where, and the evidence stays in the reports.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from secscan.inert import SPACES, fold, visible
from secscan.messages import mark
from secscan.notifying.news import ENDINGS, Digest, Item, Topic
from secscan.terms import SEVERITIES, SEVERITY_RANK
from secscan.wording import Wording

SUBJECT_LIMIT = 150  # characters
_VALUE = 120
_DETAIL = ((20, 5), (8, 3), (3, 1), (0, 0))  # lines of a section and hosts of a line, tried until the message is short enough
_SIGNS = "<>&*`[]#~|\\!@{}$^"
_LOOKALIKES = str.maketrans({sign: chr(ord(sign) + 0xFEE0) for sign in _SIGNS})  # the full-width forms
_EMPHASIS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # an underscore inside a word emphasises nothing
_SEVERITY_WORDS = {term.key: term.word for term in SEVERITIES}
_ENDS = {
    Topic.WAIVER: mark("Waiver {name}: {day}"),
    Topic.STATEMENT: mark("Statement {name}: {day}"),
    Topic.CERTIFICATE: mark("Certificate {name} on {hosts}: {day}"),
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What every message says of the run that it is about. `run` is empty where there is none; `moment` is RFC 3339."""

    baseline: str
    moment: str
    run: str = ""
    hosts: int = 0
    reached: int = 0
    compliance: float | None = None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message. The subject is one line."""

    subject: str
    body: str


def inert(text: str, limit: int = _VALUE) -> str:
    r"""A text on one line that no service takes for markup, a link or a call to somebody.

    >>> ascii(inert("<!here>"))
    "'\\uff1c\\uff01here\\uff1e'"
    """
    shown = visible(fold(text), SPACES)
    shown = shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
    return _EMPHASIS.sub("\uff3f", shown.translate(_LOOKALIKES).replace("//", "\uff0f\uff0f"))


def write_letter(digest: Digest, about: Circumstances, words: Wording, limit: int) -> Letter:
    """The message in at most `limit` characters where that is possible at all: with ever less detail."""
    page = _Page(words)
    sections = list(_sections(digest))
    subject = page.say(mark("{baseline}: {news}"), baseline=words.content(about.baseline), news=_Plain(_summary(sections, page)))
    head = list(_head(about, page))
    body = ""
    for lines, hosts in _DETAIL:
        body = "\n".join([*head, *(line for section in sections for line in _section(section, page, lines, hosts))])
        if len(body) <= limit:
            break
    return Letter(_shorten(subject, SUBJECT_LIMIT), _shorten(body, limit))


def write_test(about: Circumstances, words: Wording) -> Letter:
    """A message that only shows that messages arrive."""
    page = _Page(words)
    subject = page.say(mark("{baseline}: {news}"), baseline=words.content(about.baseline), news=page.say(mark("Test message")))
    return Letter(
        _shorten(subject, SUBJECT_LIMIT), page.say(mark("This message shows that messages arrive. Nothing has happened."))
    )


class _Plain(str):
    """Words of ours, in which every value is inert already."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Page:
    """The language of a message; values in it are inert, and read in their own direction."""

    w: Wording

    def say(self, template: str, **values: str) -> _Plain:
        return _Plain(self.w.translate(template).format(**{name: self.value(value) for name, value in values.items()}))

    def value(self, text: str) -> str:
        if isinstance(text, _Plain):
            return text
        shown = inert(text)
        return f"\u2068{shown}\u2069" if self.w.direction == "rtl" else shown

    def number(self, number: int) -> _Plain:
        return _Plain(self.w.number(number))

    def listed(self, texts: Iterable[str], shown: int) -> _Plain:
        """The first of them, and how many more there are."""
        every = list(dict.fromkeys(texts))
        if not shown:
            return _Plain(self.w.hosts(len(every)))
        told = self.w.translate(mark(", ")).join(map(self.value, every[:shown]))
        more = len(every) - shown
        return _Plain(f"{told} {self.more(more)}" if more > 0 else told)

    def more(self, number: int) -> _Plain:
        return self.say(mark("and {count} more"), count=self.number(number))

    def day(self, moment: float) -> _Plain:
        """The last day of something that ends at a moment, in UTC."""
        return _Plain(self.w.figures.date((datetime.fromtimestamp(moment, UTC) - timedelta(seconds=1)).isoformat()))


@dataclass(frozen=True, slots=True)
class _Section:
    """Items that are told under one heading."""

    heading: str
    items: tuple[Item, ...]
    kind: str


_HEADINGS = {
    "run": mark("A run did not happen"),
    "unknown": mark("It is not known whether runs happen"),
    "new": mark("New failures"),
    "content": mark("New failures of checks that were added or changed"),
    "open": mark("Failures that were there before, and not told"),
    "reminder": mark("Still failing"),
    "unreached": mark("Not reached"),
    "gone": mark("Not asked any more"),
    "ended": mark("Has ended"),
    "ending": mark("Ends soon"),
}
_KINDS = {Topic.RUN: "run", Topic.UNREACHED: "unreached", Topic.GONE: "gone"}


def _kind(item: Item, *, again: bool) -> str:
    if item.topic is Topic.FAILURE:
        if again or not item.fresh:
            return "reminder" if again else "open"
        return "content" if item.by_content else "new"
    if item.topic in ENDINGS:
        return "ended" if item.what.endswith(" over") else "ending"
    if item.topic is Topic.RUN and item.title:
        return "unknown"
    return _KINDS[item.topic]


def _sections(digest: Digest) -> Iterator[_Section]:
    sorted_in: dict[str, list[Item]] = {}
    for items, again in ((digest.news, False), (digest.reminders, True)):
        for item in items:
            sorted_in.setdefault(_kind(item, again=again), []).append(item)
    for kind, heading in _HEADINGS.items():
        if kind in sorted_in:
            yield _Section(heading, tuple(sorted_in[kind]), kind)


def _summary(sections: Iterable[_Section], page: _Page) -> str:
    counts = Counter({section.kind: len(section.items) for section in sections})
    new, still = counts["new"] + counts["content"], counts["open"] + counts["reminder"]
    away, gone, ends = counts["unreached"], counts["gone"], counts["ended"] + counts["ending"]
    w = page.w
    told = (
        (counts["run"], page.say(_HEADINGS["run"])),
        (counts["unknown"], page.say(_HEADINGS["unknown"])),
        (new, w.translate_plural("{count} new failure", "{count} new failures", new)),
        (still, w.translate_plural("{count} failure still there", "{count} failures still there", still)),
        (away, w.translate_plural("{count} host not reached", "{count} hosts not reached", away)),
        (gone, w.translate_plural("{count} host not asked any more", "{count} hosts not asked any more", gone)),
        (ends, w.translate_plural("{count} end is near or over", "{count} ends are near or over", ends)),
    )
    return page.w.translate(mark(", ")).join(said.format(count=page.w.number(count)) for count, said in told if count)


def _head(about: Circumstances, page: _Page) -> Iterator[str]:
    comma = page.w.translate(mark(", "))
    yield comma.join(filter(None, (page.value(page.w.content(about.baseline)), page.w.moment(about.moment), page.value(about.run))))
    if about.run:
        reached = mark("Hosts reached: {reached} of {all}")
        rates = mark("compliance {compliance}, coverage {coverage}")
        said = page.say(reached, reached=page.number(about.reached), all=page.number(about.hosts))
        compliance, coverage = _Plain(page.w.rate(about.compliance)), _Plain(page.w.rate(about.coverage))
        yield comma.join((said, page.say(rates, compliance=compliance, coverage=coverage)))


def _section(section: _Section, page: _Page, shown: int, hosts: int) -> Iterator[str]:
    lines = list(_lines(section, page, hosts))
    yield ""
    yield f"{page.say(section.heading)} ({page.number(len(section.items))})"
    yield from (f"- {line}" for line in lines[:shown])
    if shown and len(lines) > shown:
        yield f"- {page.more(len(lines) - shown)}"


def _lines(section: _Section, page: _Page, hosts: int) -> Iterator[str]:
    """One line for all that is alike, the worst first."""
    alike: dict[tuple[object, ...], list[Item]] = {}
    for item in sorted(section.items, key=_order):
        alike.setdefault(_likeness(item), []).append(item)
    for items in alike.values():
        yield _line(items, page, hosts)


def _order(item: Item) -> tuple[object, ...]:
    return (SEVERITY_RANK.get(item.severity, 0), item.ends or 0.0, item.name, item.host, item.subject)


def _likeness(item: Item) -> tuple[object, ...]:
    if item.topic is Topic.UNREACHED:
        return (item.topic, item.title)
    return (item.topic, item.name, item.severity, item.ends)


def _line(items: list[Item], page: _Page, hosts: int) -> str:
    item = items[0]
    where = page.listed((f"{each.host} ({each.subject})" if each.subject else each.host for each in items), hosts)
    match item.topic:
        case Topic.RUN if item.title:
            return page.value(item.title)
        case Topic.RUN:
            said = mark("No run has finished since {moment}.") if item.ends is not None else mark("No run has ever finished.")
            return page.say(said, moment=_Plain(page.w.moment(_rfc3339(item.ends or 0.0))))
        case Topic.FAILURE:
            severity = page.say(_SEVERITY_WORDS.get(item.severity, item.severity))
            title = page.w.content(item.title)
            return page.say(
                mark("{severity}: {title} ({check}): {hosts}"), severity=severity, title=title, check=item.name, hosts=where
            )
        case Topic.UNREACHED:
            return page.say(mark("{hosts}: {reason}"), hosts=where, reason=item.title)
        case Topic.GONE:
            return where
    return page.say(_ENDS[item.topic], name=item.name, hosts=where, day=page.day(item.ends or 0.0))


def _rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: max(0, limit - 1)]}…"
