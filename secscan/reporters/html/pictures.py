"""Pictures as inline SVG, readable in grey: order, gaps and hatching say what colour says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from secscan.inert import for_html
from secscan.wording import ENGLISH, OUTCOMES

_WIDTH = 1000
_LEAST = 6  # an outcome that occurs is at least this wide, or nobody sees it


def bar(counts: Mapping[str, int]) -> Any:
    """A stacked bar of outcomes, the ones that need attention first; its numbers are its text for those who cannot see it."""
    return _bar(tuple((term.key, counts[term.key]) for term in OUTCOMES if counts.get(term.key)))


def tags(counts: Mapping[str, int]) -> Any:
    """Outcomes and how often each occurs, in words."""
    return _tags(tuple((term.key, counts[term.key]) for term in OUTCOMES if counts.get(term.key)))


def meter(rate: float | None) -> Any:
    """A rate between 0 and 1 as a filled line. The number stands beside it, so it is hidden from screen readers."""
    level = int((rate or 0) * _WIDTH)
    return _markup(
        f'<svg class="meter" viewBox="0 0 {_WIDTH} 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="{_WIDTH}" height="8"/><rect class="level" width="{level}" height="8"/></svg>'
    )


def bar_widths(counts: Iterable[int]) -> list[int]:
    """Whole widths that add up to the bar's, in proportion, none of them too thin to be seen."""
    counted = list(counts)
    total = sum(counted)
    widths = [max(_LEAST, _WIDTH * count // total) for count in counted]
    if widths:
        widths[widths.index(max(widths))] += _WIDTH - sum(widths)
    return widths


@lru_cache(maxsize=4096)
def _bar(parts: tuple[tuple[str, int], ...]) -> Any:
    label = ", ".join(f"{ENGLISH.translate(_WORDS[outcome])} {count}" for outcome, count in parts)
    start, rects = 0, []
    for (outcome, _), width in zip(parts, bar_widths(count for _, count in parts), strict=True):
        rects.append(f'<rect class="{outcome}" x="{start}" width="{width}" height="20"/>')
        start += width
    head = f'<svg class="bar" viewBox="0 0 {_WIDTH} 20" preserveAspectRatio="none" role="img" aria-label="{for_html(label)}">'
    return _markup(f"{head}{''.join(rects)}</svg>")


@lru_cache(maxsize=4096)
def _tags(parts: tuple[tuple[str, int], ...]) -> Any:
    written = [f'<span class="tag {key}">{count} {for_html(ENGLISH.translate(_WORDS[key]).lower())}</span>' for key, count in parts]
    return _markup(f'<span class="tally">{" ".join(written)}</span>')


_WORDS = {term.key: term.word for term in OUTCOMES}


def _markup(text: str) -> Any:
    from markupsafe import Markup  # noqa: PLC0415 - comes with Jinja2, which only this report needs

    return Markup(text)  # noqa: S704 - made here, of numbers and of words that are escaped
