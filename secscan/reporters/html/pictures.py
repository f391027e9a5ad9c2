"""Pictures as inline SVG, readable in grey: order, gaps and hatching say what colour says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from secscan.inert import for_html
from secscan.messages import mark
from secscan.reporters.html.risks import BANDS, level_of
from secscan.terms import OUTCOMES, SEVERITIES
from secscan.wording import Wording

_WIDTH = 1000
_BANDS = 10  # of the histogram
_AIM = 12  # how wide the line of a target is
_LEAST = 6  # an outcome that occurs is at least this wide, or nobody sees it
_CELL, _ROW, _MARGIN = 110, 56, 130  # of the heat map


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

    def progress(self, value: float | None, target: float, before: float | None, most: float) -> Any:
        """A value as a thick line, an earlier one as a thin line below it, and the target across both, up to `most`.

        The numbers stand beside it, so it is hidden from screen readers.
        """
        parts = [self._part("track", 0, _WIDTH, 4, 14)]
        if value is not None:
            parts.append(self._part("level", 0, _along(value, most), 4, 14))
        if before is not None:
            parts.append(self._part("earlier", 0, _along(before, most), 22, 5))
        parts.append(self._part("aim", min(_along(target, most), _WIDTH - _AIM), _AIM, 0, 30))
        head = f'<svg class="progress" viewBox="0 0 {_WIDTH} 30" preserveAspectRatio="none" aria-hidden="true">'
        return _markup(f"{head}{''.join(parts)}</svg>")

    def _part(self, kind: str, start: int, width: int, top: int, height: int) -> str:
        left = _WIDTH - start - width if self.w.direction == "rtl" else start
        return f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{height}"/>'

    def heat_map(self, cells: Mapping[tuple[str, int], int]) -> Any:
        """How many checks fail by severity and likelihood. Darker is worse; the numbers say how many, the place says where."""
        words = [self._band(band) for band in range(len(BANDS))]
        said = [
            f"{self.w.translate(term.word)}, {words[band]}: {self.w.number(cells[term.key, band])}"
            for term in SEVERITIES
            for band in range(len(BANDS))
            if cells.get((term.key, band))
        ]
        width, height = _MARGIN + _CELL * len(BANDS), _ROW * (len(SEVERITIES) + 1)
        parts = [
            part
            for row, term in enumerate(SEVERITIES)
            for part in (self._row_head(row, term.word, width), *self._heat_row(row, term.key, cells, width))
        ]
        foot = len(SEVERITIES) * _ROW + 24
        parts += [self._label(_MARGIN + (band + 0.5) * _CELL, foot, words[band], width) for band in range(len(BANDS))]
        label = for_html(self.w.translate(mark("; ")).join(said))
        head = f'<svg class="heat" viewBox="0 0 {width} {height - 20}" role="img" aria-label="{label}">'
        return _markup(f"{head}{''.join(parts)}</svg>")

    def histogram(self, rates: Iterable[float]) -> list[tuple[str, int, Any]]:
        """Ten bands of rates from the lowest: their names, how many rates fall into each, and a line as long as that."""
        counts = [0] * _BANDS
        for rate in rates:
            counts[min(_BANDS - 1, int(rate * _BANDS))] += 1
        most = max(counts) or 1
        step = 100 // _BANDS
        return [
            (self._percent(f"{at * step}\u2013{(at + 1) * step}"), count, self.meter(count / most))
            for at, count in enumerate(counts)
        ]

    def _heat_row(self, row: int, severity: str, cells: Mapping[tuple[str, int], int], width: int) -> Iterable[str]:
        for band in range(len(BANDS)):
            count = cells.get((severity, band), 0)
            kind = f"{level_of(severity, band).key}{'' if count else ' nil'}"
            left = _MARGIN + band * _CELL
            left = width - left - _CELL if self.w.direction == "rtl" else left
            yield f'<rect class="{kind}" x="{left + 2}" y="{row * _ROW + 2}" width="{_CELL - 4}" height="{_ROW - 4}"/>'
            if count:
                middle, base = left + _CELL / 2, row * _ROW + _ROW / 2 + 8
                yield f'<text class="{kind}" x="{middle:g}" y="{base:g}" text-anchor="middle">{self.w.number(count)}</text>'

    def _row_head(self, row: int, word: str, width: int) -> str:
        at = width - _MARGIN + 10 if self.w.direction == "rtl" else _MARGIN - 10
        said, base = for_html(self.w.translate(word)), row * _ROW + _ROW / 2 + 6
        return f'<text class="axis" x="{at}" y="{base:g}" text-anchor="end">{said}</text>'

    def _label(self, at: float, base: float, said: str, width: int) -> str:
        at = width - at if self.w.direction == "rtl" else at
        return f'<text class="axis" x="{at:g}" y="{base:g}" text-anchor="middle">{for_html(said)}</text>'

    def _band(self, band: int) -> str:
        return self._percent(f"{BANDS[band - 1] if band else 0}\u2013{BANDS[band]}")

    def _percent(self, number: str) -> str:
        return self.w.translate(mark("{number}%")).format(number=number)


def _along(value: float, most: float) -> int:
    """How far a value lies from nought to the most, of the width of a picture."""
    return round(_WIDTH * min(1.0, max(0.0, value / most))) if most else 0


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
