"""The restore points of a data set over the window: a row for each repository, and one for the time without a bearable loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from secscan.continuity.intervals import Span, uncovered
from secscan.messages import mark
from secscan.reporters.html.continuity.canvas import Canvas
from secscan.reporters.html.continuity.reasons import say_reason
from secscan.reporters.html.continuity.speech import NOTHING, write_moment, write_span
from secscan.wording import Wording

WIDTH = 1000.0
_EDGE, _ROW, _TOP = 24.0, 54.0, 30.0
_TICKS = 8
_RADIUS = 7.0
_APART = 3.0  # points that are closer than this look like one, and are drawn as one
_DAY = 86400.0
_STEPS = tuple(_DAY * days for days in (1, 2, 7, 14, 30, 91, 365, 3650))


def draw_timeline(data_set: Mapping[str, Any], rpo: float, now: float, window_s: float, w: Wording, anchor: str) -> str:
    """The picture of a data set of a continuity document; `anchor` is its own on the page."""
    repositories = data_set["repositories"]
    canvas = Canvas(WIDTH, _TOP + _ROW * (len(repositories) + 1) + 34, mirrored=w.direction == "rtl")
    start, bottom = now - window_s, _TOP + _ROW * (len(repositories) + 1)

    def place(moment: float) -> float:
        return _EDGE + (WIDTH - 2 * _EDGE) * (moment - start) / window_s

    first = place(max(start, now - rpo))
    canvas.box("objective", first, _TOP - 4, WIDTH - _EDGE - first, bottom - _TOP + 4, w.translate(mark("Objective")))
    _draw_axis(canvas, start, now, bottom, place)
    canvas.word("axis", WIDTH - _EDGE, _TOP - 10, f"{w.translate(mark('Objective'))} {write_span(w, rpo)}", "end")
    for row, repository in enumerate(repositories):
        _draw_repository(canvas, repository, (start, now), _TOP + row * _ROW, place, w)
    lost = find_gaps(data_set, rpo, (start, now))
    base = _TOP + len(repositories) * _ROW
    canvas.word("label", _EDGE, base + 16, w.translate(mark("Without a restore point within the objective")))
    canvas.box("held", _EDGE, base + 24, WIDTH - 2 * _EDGE, 16)
    for begin, end in lost:
        width = max(2.0, place(end) - place(begin))
        canvas.box("gap", place(begin), base + 24, width, 16, f"{write_moment(begin)} {NOTHING} {write_moment(end)}")
    return canvas.picture("timeline", anchor, _title(data_set, w), _describe(data_set, lost, (start, now), w))


def find_gaps(data_set: Mapping[str, Any], rpo: float, window: Span) -> tuple[Span, ...]:
    """The parts of a window in which the newest restore point was older than the objective, or there was none."""
    times = [point["time"] for each in data_set["repositories"] for point in each["points"] if point["integrity"] != "broken"]
    return uncovered(((time, time + rpo) for time in times), window)


def _draw_axis(canvas: Canvas, start: float, now: float, bottom: float, place: Any) -> None:
    step = next(
        (step for step in _STEPS if (now - start) / step <= _TICKS), _STEPS[-1] * ((now - start) // _STEPS[-1] // _TICKS + 1)
    )
    tick = (start // _DAY + 1) * _DAY
    while tick <= now:
        canvas.line("tick", (place(tick), _TOP - 4), (place(tick), bottom + 6))
        if _EDGE * 2 < place(tick) < WIDTH - _EDGE * 2:
            canvas.word("axis", place(tick), bottom + 26, write_moment(tick)[:10], "middle")
        tick += step
    canvas.line("now", (place(now), _TOP - 4), (place(now), bottom + 6))


def _draw_repository(canvas: Canvas, repository: Mapping[str, Any], window: Span, top: float, place: Any, w: Wording) -> None:
    where = " · ".join(part for part in (repository["id"], repository["host"], repository["site"]) if part)
    canvas.name("label", _EDGE, top + 16, where, 60)
    canvas.line("rail", (_EDGE, top + 36), (WIDTH - _EDGE, top + 36))
    if repository["fault"]:
        canvas.box("dark", _EDGE, top + 28, WIDTH - 2 * _EDGE, 16, say_reason(w, repository["fault"]))
        canvas.word("dark", WIDTH / 2, top + 41, w.translate(mark("not known")), "middle")
    for at, kind, told in _merge(repository["points"], window, place):
        if kind == "broken":
            canvas.cross(kind, at, top + 36, _RADIUS, told)
        else:
            canvas.dot(kind, at, top + 36, _RADIUS if kind == "whole" else _RADIUS - 1, told)


def _merge(points: list[Mapping[str, Any]], window: Span, place: Any) -> Iterator[tuple[float, str, str]]:
    """What is drawn of points in the window: place, kind and moment; what would lie on the one before it is left out."""
    start, now = window
    last: dict[str, float] = {}
    for point in sorted(points, key=lambda point: float(point["time"])):
        at = place(min(point["time"], now))
        broken = point["integrity"] == "broken"
        kind = "broken" if broken else "doubtful" if point["doubt"] or point["integrity"] == "unverified" else "whole"
        if start <= point["time"] and at - last.get(kind, -WIDTH) >= _APART:
            last[kind] = at
            yield at, kind, write_moment(point["time"]) if 0 <= point["time"] < 253_402_300_800 else "?"


def _title(data_set: Mapping[str, Any], w: Wording) -> str:
    return w.translate(mark("Restore points of {name}")).format(name=data_set["id"])


def _describe(data_set: Mapping[str, Any], lost: tuple[Span, ...], window: Span, w: Wording) -> str:
    """The picture in words, for those who cannot see it."""
    counts = [
        f"{each['id']} {w.number(sum(window[0] <= point['time'] <= window[1] for point in each['points']))}"
        if not each["fault"]
        else f"{each['id']} {w.translate(mark('not known'))}"
        for each in data_set["repositories"]
    ]
    longest = max((end - begin for begin, end in lost), default=0.0)
    told = w.translate(
        mark(
            "From {start} to {end}. Restore points by repository: {counts}. "
            "Time without one within the objective: {lost}, at most {longest} at once."
        )
    )
    return told.format(
        start=w.moment(write_moment(window[0])),
        end=w.moment(write_moment(window[1])),
        counts=w.translate(mark("; ")).join(counts) or NOTHING,
        lost=write_span(w, sum(end - begin for begin, end in lost)),
        longest=write_span(w, longest),
    )
