"""A language that reports and commands speak: it translates texts, writes what is counted, and sets values apart in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from secscan.figures import EnglishFigures, Figures, last_day
from secscan.inert import SPACES, visible
from secscan.messages import Message, Title, mark
from secscan.model.assessment import ATTESTATION
from secscan.terms import DOMAINS, EFFORTS, WHENS


def mark_plural(one: str, many: str, count: int) -> str:
    """The form that English uses for a number."""
    return one if count == 1 else many


class Sentence(str):
    """Words of ours around values that are visible and set apart by isolates already: a page shows its isolates to nobody."""

    __slots__ = ()


class _Apart(str):
    """A value of a message that reads in its own direction whatever stands around it, in quotes (`!r`) too."""

    __slots__ = ("own",)
    own: str

    def __new__(cls, value: str) -> Self:
        apart = super().__new__(cls, _isolate(value))
        apart.own = value
        return apart

    def __repr__(self) -> str:
        return _isolate(repr(self.own))


@dataclass(frozen=True, slots=True, eq=False)
class Wording:
    """Words of one language. `translate` is gettext, `translate_plural` ngettext; without them, English.

    `translate_content` gives a text of a check, requirement or baseline in this language, None when nobody has translated it.
    `isolates` sets the values in a sentence apart, for readers that mix directions; the sentence is a Sentence then.
    """

    translate: Callable[[str], str] = mark
    translate_plural: Callable[[str, str, int], str] = mark_plural
    translate_content: Callable[[str], str | None] = mark
    figures: Figures = field(default_factory=EnglishFigures)
    language: str = "en"
    direction: str = "ltr"
    isolates: bool = False

    def message(self, message: str) -> str:
        """A message in this language: numbers as it writes them, other values as they are; a text that is no message stays."""
        if not isinstance(message, Message) or self.language == ENGLISH.language:
            return str(message)
        count = message.values.get("count")
        if message.many and isinstance(count, int):
            text = self.translate_plural(message.text, message.many, count)
        else:
            text = self.translate(message.text)
        if not text:  # a plural that nobody has translated yet
            return str(message)
        return text.format(**{name: self._said(value) for name, value in message.values.items()}) if message.values else text

    def _said(self, value: object) -> object:
        """A value of a message: another message, a list of such, a number, or what stays as it is."""
        if isinstance(value, Message):
            return self.message(value)
        if isinstance(value, Title) and (title := self.translate_content(value)):
            return title
        if isinstance(value, list):
            return self.translate(mark(", ")).join(str(self._said(each)) for each in value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.figures.number(value)
        return _Apart(str(value)) if self.isolates and str(value) else visible(str(value), SPACES)

    def cut(self, text: str, limit: int, end: str = "…") -> str:
        """At most `limit` characters, and how many more there were."""
        over = len(text) - limit
        if over <= 0:
            return text
        note = self.translate_plural("{count} more character", "{count} more characters", over)
        return type(text)(f"{text[:limit]}{end} ({note.format(count=self.figures.number(over))})")

    def rate(self, rate: float | None) -> str:
        """A rate in percent, rounded down so that only everything is 100 %; words when there is none."""
        return self.translate(mark("not judged")) if rate is None else self.figures.percent(int(rate * 1000 + 1e-9) / 10)

    def number(self, count: float) -> str:
        """A count as the language writes it."""
        return self.figures.number(count)

    def moment(self, moment: str) -> str:
        """`2026-11-21T07:02:03.120Z` as `2026-11-21 07:02 UTC`."""
        return self.translate(mark("{date} {time} UTC")).format(date=self.figures.date(moment), time=moment[11:16])

    def last_day(self, moment: str) -> str:
        """The last day on which something that ends at a moment still holds: `2026-12-31` of `2027-01-01T00:00:00Z`."""
        return self.figures.date(last_day(moment))

    def seconds(self, seconds: float) -> str:
        """A measured time: `1.9 s`."""
        return self.translate(mark("{number} s")).format(number=self.figures.decimal(seconds))

    def offset(self, seconds: float) -> str:
        """How far a clock is off: `+0.3 s`."""
        return self.translate(mark("{number} s")).format(number=self.figures.signed(seconds))

    def content(self, text: str) -> str:
        """A text of a check, requirement or baseline: in this language where it is translated, else as it was written."""
        return self.translate_content(text) or text

    def hosts(self, count: int) -> str:
        """A number of hosts: `1 host`, `12 hosts`."""
        return self.translate_plural("{count} host", "{count} hosts", count).format(count=self.figures.number(count))

    def checks(self, count: int) -> str:
        """A number of checks."""
        return self.translate_plural("{count} check", "{count} checks", count).format(count=self.figures.number(count))

    def bytes(self, count: int) -> str:
        """A number of bytes."""
        return self.translate_plural("{count} byte", "{count} bytes", count).format(count=self.figures.number(count))

    def received(self, count: int) -> str:
        """A number of bytes that came from a host."""
        return self.translate_plural("{count} byte received", "{count} bytes received", count).format(
            count=self.figures.number(count)
        )

    def remedy_terms(self, text: Mapping[str, Any]) -> str:
        """Effort and effect of a check's remedy: `takes minutes, works at once`."""
        known = (EFFORTS.get(text["effort"]), WHENS.get(text["when"]))
        return self.translate(mark(", ")).join(self.translate(word) for word in known if word)

    def who(self, host: Mapping[str, Any]) -> str:
        """As whom a host was asked: `admin over ssh, as root (sudo)`; words where that is not known, as of another scanner."""
        if host["transport"] == ATTESTATION:
            return self.translate(mark("no host: what people have stated, and what all hosts together tell"))
        how = mark("{user} over {transport}") if host["user"] else mark("over {transport}")
        known = self.sentence(how, user=host["user"], transport=host["transport"]) if host["transport"] else str(host["user"])
        parts = [known] if known else []
        if host["uid"] is not None:
            parts.append(self.sentence(mark("as uid {uid}"), uid=host["uid"]) if host["uid"] else self.translate(mark("as root")))
        if host["become"]:
            parts.append(host["become"])
        return self.joined(self.translate(mark(", ")), parts) if parts else self.translate(mark("not known"))

    def sentence(self, template: str, **values: object) -> str:
        """A marked text in this language with its values, which are set apart where the reader mixes directions."""
        said = self.translate(template)
        if not self.isolates:
            return said.format(**values)
        return Sentence(said.format(**{name: self._apart(value) for name, value in values.items()}))

    def joined(self, between: str, parts: list[str]) -> str:
        """Sentences and values one after the other; what is no Sentence is set apart where the reader mixes directions."""
        return Sentence(between.join(map(self._apart, parts))) if self.isolates else between.join(parts)

    def _apart(self, value: object) -> str:
        """A value that reads in its own direction whatever stands around it, and that cannot end its isolation."""
        if isinstance(value, Sentence) or value == "":
            return str.__str__(value)
        return _isolate(str(value))


def _isolate(value: str) -> str:
    return f"\u2068{visible(value, SPACES)}\u2069"


def _in_english(text: str) -> str:
    return DOMAINS.get(text, text)


ENGLISH = Wording(translate_content=_in_english)
