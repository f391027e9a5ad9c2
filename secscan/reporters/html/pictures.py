"""Pictures as inline SVG, readable in grey: order, gaps and hatching say what colour says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from secscan.inert import for_html
from secscan.wording import OUTCOMES, Wording, mark

_WIDTH = 1000
_LEAST = 6  # an outcome that occurs is at least this wide, or nobody sees it


_Parts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures with the words of a language; equal ones are drawn once."""

    w: Wording
    _bars: dict[_Parts, Any] = field(default_factory=dict)
    _tags: dict[_Parts, Any] = field(default_factory=dict)

    def bar(self, counts: Mapping[str, int]) -> Any:
        """A stacked bar of outcomes, the ones that need attention first; its numbers are its text for those who cannot see it."""
        parts = _parts(counts)
        if parts not in self._bars:
            self._bars[parts] = self._draw_bar(parts)
        return self._bars[parts]

    def tags(self, counts: Mapping[str, int]) -> Any:
        """Outcomes and how often each occurs, in words."""
        parts = _parts(counts)
        if parts not in self._tags:
            written = [
                f'<span class="tag {key}">{self.w.number(count)} {for_html(self.w.translate(_WORDS[key]).lower())}</span>'
                for key, count in parts
            ]
            self._tags[parts] = _markup(f'<span class="tally">{" ".join(written)}</span>')
        return self._tags[parts]

    def _draw_bar(self, parts: _Parts) -> Any:
        label = self.w.translate(mark(", ")).join(
            f"{self.w.translate(_WORDS[outcome])} {self.w.number(count)}" for outcome, count in parts
        )
        start, rects = 0, []
        for (outcome, _), width in zip(parts, bar_widths(count for _, count in parts), strict=True):
            left = _WIDTH - start - width if self.w.direction == "rtl" else start
            rects.append(f'<rect class="{outcome}" x="{left}" width="{width}" height="20"/>')
            start += width
        head = f'<svg class="bar" viewBox="0 0 {_WIDTH} 20" preserveAspectRatio="none" role="img" aria-label="{for_html(label)}">'
        return _markup(f"{head}{''.join(rects)}</svg>")

    def meter(self, rate: float | None) -> Any:
        """A rate between 0 and 1 as a filled line. The number stands beside it, so it is hidden from screen readers."""
        level = int((rate or 0) * _WIDTH)
        start = f' x="{_WIDTH - level}"' if self.w.direction == "rtl" else ""
        return _markup(
            f'<svg class="meter" viewBox="0 0 {_WIDTH} 8" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="track" width="{_WIDTH}" height="8"/><rect class="level"{start} width="{level}" height="8"/></svg>'
        )


def bar_widths(counts: Iterable[int]) -> list[int]:
    """Whole widths that add up to the bar's, in proportion, none of them too thin to be seen."""
    counted = list(counts)
    total = sum(counted)
    widths = [max(_LEAST, _WIDTH * count // total) for count in counted]
    if widths:
        widths[widths.index(max(widths))] += _WIDTH - sum(widths)
    return widths


def _parts(counts: Mapping[str, int]) -> _Parts:
    return tuple((term.key, counts[term.key]) for term in OUTCOMES if counts.get(term.key))


_WORDS = {term.key: term.word for term in OUTCOMES}


def _markup(text: str) -> Any:
    from markupsafe import Markup  # noqa: PLC0415 - comes with Jinja2, which only this report needs

    return Markup(text)  # noqa: S704 - made here, of numbers and of words that are escaped
