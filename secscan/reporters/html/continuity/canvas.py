"""Lines, boxes and words as SVG, mirrored for languages that are read from right to left. Every text comes out harmless."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain

from secscan.reporters.html.templates import for_markup


@dataclass(slots=True)
class Canvas:
    """A picture of a width and a height. Places are given as for left to right; `mirrored` turns them around."""

    width: float
    height: float
    mirrored: bool = False
    _parts: list[str] = field(default_factory=list)

    def box(self, kind: str, x: float, y: float, width: float, height: float, told: str = "") -> None:
        """A rectangle; `told` is what a pointer over it shows."""
        left = self.width - x - width if self.mirrored else x
        size = f'x="{left:.6g}" y="{y:.6g}" width="{max(width, 0):.6g}" height="{height:.6g}"'
        self._parts.append(f'<rect class="{kind}" {size}>{_title(told)}</rect>' if told else f'<rect class="{kind}" {size}/>')

    def dot(self, kind: str, x: float, y: float, radius: float, told: str = "") -> None:
        """A circle."""
        self._parts.append(f'<circle class="{kind}" cx="{self._at(x):.6g}" cy="{y:.6g}" r="{radius:.6g}">{_title(told)}</circle>')

    def cross(self, kind: str, x: float, y: float, radius: float, told: str = "") -> None:
        """A cross, for what is broken."""
        at, r = self._at(x), radius
        strokes = f"M{at - r:.6g} {y - r:.6g}L{at + r:.6g} {y + r:.6g}M{at + r:.6g} {y - r:.6g}L{at - r:.6g} {y + r:.6g}"
        self._parts.append(f'<path class="{kind}" d="{strokes}">{_title(told)}</path>')

    def line(self, kind: str, *places: tuple[float, float]) -> None:
        """A line through places."""
        steps = "L".join(f"{self._at(x):.6g} {y:.6g}" for x, y in places)
        self._parts.append(f'<path class="{kind}" d="M{steps}"/>')

    def curve(self, kind: str, start: tuple[float, float], end: tuple[float, float], bend: float) -> None:
        """A curve between two places that leaves and arrives sideways, `bend` far out."""
        (x1, y1), (x2, y2) = start, end
        way = chain((x1, y1), (x1 + bend, y1), (x2 + (bend if x1 == x2 else -bend), y2), (x2, y2))
        numbers = [self._at(value) if index % 2 == 0 else value for index, value in enumerate(way)]
        self._parts.append(
            f'<path class="{kind}" d="M{numbers[0]:.6g} {numbers[1]:.6g}C{" ".join(f"{n:.6g}" for n in numbers[2:])}"/>'
        )

    def name(self, kind: str, x: float, y: float, text: str, limit: int) -> None:
        """A name from outside, which keeps its own direction; cut to `limit` characters, whole for a pointer over it."""
        shown = text if len(text) <= limit else text[: limit - 1] + "…"
        anchor = "end" if self.mirrored else "start"
        self._parts.append(
            f'<text class="{kind}" direction="ltr" x="{self._at(x):.6g}" y="{y:.6g}" text-anchor="{anchor}">'
            f"{for_markup(shown)}{_title(text) if shown != text else ''}</text>"
        )

    def word(self, kind: str, x: float, y: float, text: str, anchor: str = "start") -> None:
        """Words of ours."""
        self._parts.append(
            f'<text class="{kind}" x="{self._at(x):.6g}" y="{y:.6g}" text-anchor="{anchor}">{for_markup(text)}</text>'
        )

    def picture(self, kind: str, anchor: str, title: str, description: str) -> str:
        """The whole as an SVG element with title and description; `anchor` makes their ids the only ones of a page."""
        return (
            f'<svg class="drawing {kind}" viewBox="0 0 {self.width:.6g} {self.height:.6g}" role="img" '
            f'aria-labelledby="{anchor}-title {anchor}-desc"><title id="{anchor}-title">{for_markup(title)}</title>'
            f'<desc id="{anchor}-desc">{for_markup(description)}</desc>{"".join(self._parts)}</svg>'
        )

    def _at(self, x: float) -> float:
        return self.width - x if self.mirrored else x


def _title(told: str) -> str:
    return f"<title>{for_markup(told)}</title>" if told else ""
