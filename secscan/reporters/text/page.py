"""A page of text: its width, its colours and its language."""

from __future__ import annotations

from dataclasses import dataclass

from secscan.decisions import write_attested
from secscan.inert import columns, prose
from secscan.lines import wrap
from secscan.messages import mark
from secscan.model.assessment import Tally
from secscan.terms import OUTCOMES, SEVERITIES
from secscan.wording import Wording

PARAGRAPH = 2000  # characters of a text in one paragraph; the rest is counted
JOINED = "\u00a0"  # a blank at which no line breaks
COUNTED = ("fail", "error", "manual")
"""The outcomes that need attention: of one host they are listed, of many counted."""
CHANGED = mark("Changed locally")
WORDS = {term.key: term.word for term in (*OUTCOMES, *SEVERITIES)}
COLOURS = {"fail": "31", "error": "33", "unreachable": "35", "manual": "36", "pass": "32"}


@dataclass(frozen=True, slots=True)
class Page:
    """How wide it is, whether ANSI colours are wanted, and its language; colour repeats what words already say."""

    width: int
    colour: bool
    w: Wording

    def word(self, key: str) -> str:
        """An outcome or severity as it stands inside a line."""
        return self.w.translate(WORDS[key]).lower()

    def say(self, template: str, **values: object) -> str:
        """A marked text in the language, with its values."""
        return self.w.translate(template).format(**values)

    def counted(self, template: str, number: int, outcome: str = "") -> str:
        """A heading in capitals with the number of what stands below it."""
        return self.heading(f"{self.w.translate(template).upper()} ({self.w.number(number)})", outcome)

    def paint(self, text: str, code: str) -> str:
        """A text in the colour of an ANSI code, where colour is wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def paint_lines(self, text: str, code: str) -> str:
        """Each line of a text in a colour, so that none runs over into the next."""
        return "".join(self.paint(line, code) + "\n" for line in text.splitlines())

    def heading(self, text: str, outcome: str = "") -> str:
        """A heading after an empty line, in the colour of an outcome."""
        return f"\n{self.paint(text, f'1;{COLOURS[outcome]}' if outcome else '1')}\n"

    def fold(self, text: str, indent: str = "", hanging: str | None = None) -> str:
        """A paragraph of our own and a host's words, made visible and wrapped; long words are broken."""
        return (
            "\n".join(wrap(prose(self.w.cut(text, PARAGRAPH)), self.width, indent, indent if hanging is None else hanging)).replace(
                JOINED, " "
            )
            + "\n"
        )


def severity_width(page: Page) -> int:
    """How many columns the widest severity takes with the blank after it."""
    return max(9, *(columns(page.word(term.key)) + 1 for term in SEVERITIES))


def write_counts(tally: Tally, page: Page) -> str:
    """Outcomes with their numbers, each kept on one line by a blank that does not break, then both rates."""
    words = {
        term.key: f"{page.word(term.key)}{JOINED}{page.w.number(tally.counts[term.key])}"
        for term in OUTCOMES
        if tally.counts.get(term.key)
    }
    text = page.fold(page.say(mark(", ")).join(words.values()) or page.say(mark("no results")), "  ")
    for outcome, word in words.items():
        shown = word.replace(JOINED, " ")
        text = text.replace(shown, page.paint(shown, COLOURS.get(outcome, "")))
    if stated := write_attested(page.w, tally):
        text += page.fold(stated, "  ")
    rates = mark("compliance {compliance}, coverage {coverage}")
    said = page.say(rates, compliance=page.w.rate(tally.compliance), coverage=page.w.rate(tally.coverage))
    return text + page.paint(f"  {said}", "1") + "\n"
