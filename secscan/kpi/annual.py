"""What the annual report says, in any language and for any medium: indicators against targets, two periods, risks, adjustments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secscan.inert import for_markdown
from secscan.kpi.measure import Indicator
from secscan.kpi.register import Risk
from secscan.messages import mark
from secscan.terms import REDACTED, Term
from secscan.wording import Wording

TITLE = mark("Annual report on cybersecurity and continuity")
STATES = {
    True: Term("pass", mark("Target reached"), "✓", mark("The target is reached.")),
    False: Term("fail", mark("Target missed"), "✕", mark("The target is missed.")),
    None: Term("unknown", mark("No data"), "○", mark("There is nothing to tell it by.")),
}
BETTER, WORSE = Term("better", mark("Better"), "↗", ""), Term("worse", mark("Worse"), "↘", "")
SAME, UNKNOWN = Term("same", mark("Unchanged"), "=", ""), Term("unknown", "", "", "")
TREATMENTS = {"mitigate": mark("Mitigate"), "accept": mark("Accept"), "transfer": mark("Transfer"), "avoid": mark("Avoid")}
IN_ALL = mark("{reached} of the {all} indicators that have a value reach their target; {unknown} have none.")
PERIOD = mark("Period: {start} to {end}")
EARLIER = mark("Earlier period: {start} to {end}")
DAY, EARLIER_DAY = mark("Period: {day}"), mark("Earlier period: {day}")
SCALE = mark(
    "Likelihood and impact go from 1 to 4, and a risk's score is one times the other. "
    "What remains is the score once the risk is treated as said."
)
VERSION = mark("Version {version} of the definitions.")
RISKS_LISTED = 25
_NOTHING = "\u2013"


@dataclass(frozen=True, slots=True)
class Annual:
    """Everything that the report says. Periods are RFC 3339 moments; `before` is None where there is one period only."""

    version: int
    indicators: tuple[Indicator, ...]
    risks: Sequence[Risk]
    adjustments: Sequence[str]
    period: tuple[str, str]
    before: tuple[str, str] | None
    redacted: bool = False

    def in_all(self, w: Wording) -> str:
        """How many targets are reached, in a sentence."""
        known = [each for each in self.indicators if each.reached is not None]
        reached = sum(bool(each.reached) for each in known)
        numbers = {"reached": reached, "all": len(known), "unknown": len(self.indicators) - len(known)}
        return w.translate(IN_ALL).format(**{name: w.number(number) for name, number in numbers.items()})

    def periods(self, w: Wording) -> Iterator[str]:
        """The period, and the earlier one, a line each."""
        for text, text_of_day, period in ((PERIOD, DAY, self.period), (EARLIER, EARLIER_DAY, self.before)):
            if period:
                start, end = map(w.figures.date, period)
                yield w.translate(text_of_day if start == end else text).format(day=start, start=start, end=end)


def trend(indicator: Indicator) -> Term:
    """How it moved since the earlier period."""
    if indicator.better is None:
        return UNKNOWN if indicator.value is None or indicator.before is None else SAME
    return BETTER if indicator.better else WORSE


def write_value(value: float | None, unit: str, w: Wording) -> str:
    """A value as people read it."""
    if value is None:
        return _NOTHING
    if unit == "days":
        return w.figures.decimal(value)
    return w.figures.percent(value) if unit == "percent" else w.number(int(value))


def write_markdown(annual: Annual, w: Wording) -> Iterator[str]:
    """The report in Markdown."""
    say = w.translate
    yield f"# {say(TITLE)}\n\n"
    if annual.redacted:
        yield f"{say(REDACTED)}\n\n"
    yield "".join(f"{line}  \n" for line in annual.periods(w))
    yield f"\n## {say(mark('Results against targets'))}\n\n{annual.in_all(w)}\n\n"
    heads = (mark("Indicator"), mark("Value"), mark("Target"), mark("State"), mark("Earlier period"), mark("Trend"))
    yield _row(map(say, heads)) + "| --- | ---: | ---: | --- | ---: | --- |\n"
    for each in annual.indicators:
        unit, state, moved = each.definition.unit, STATES[each.reached], trend(each)
        yield _row(
            (
                say(each.definition.title),
                write_value(each.value, unit, w),
                write_value(each.target, unit, w),
                f"{state.sign} {say(state.word)}",
                write_value(each.before, unit, w),
                f"{moved.sign} {say(moved.word)}" if moved.word else _NOTHING,
            )
        )
    yield f"\n## {say(mark('Greatest risks'))}\n\n{say(SCALE)}\n\n"
    yield from _risks(annual, w)
    yield f"\n## {say(mark('Proposed adjustments'))}\n\n"
    yield "".join(f"- {_cell(each)}\n" for each in annual.adjustments) or f"{say(mark('Nothing is proposed.'))}\n"
    yield f"\n## {say(mark('How the indicators are defined'))}\n\n{say(VERSION).format(version=annual.version)}\n\n"
    yield _row(map(say, (mark("Indicator"), mark("Formula"), mark("Source")))) + "| --- | --- | --- |\n"
    for each in annual.indicators:
        yield _row((say(each.definition.title), say(each.definition.formula), each.definition.source))


def _risks(annual: Annual, w: Wording) -> Iterator[str]:
    heads = (
        mark("Risk"), mark("Likelihood"), mark("Impact"), mark("Score"), mark("Owner"), mark("Treatment"), mark("What remains"),
    )  # fmt: skip
    yield _row(map(w.translate, heads)) + "| --- | ---: | ---: | ---: | --- | --- | ---: |\n"
    for risk in annual.risks[:RISKS_LISTED]:
        numbers = (w.number(risk.likelihood), w.number(risk.impact), w.number(risk.score))
        owner = risk.owner or w.translate(mark("not named"))
        treatment = w.translate(TREATMENTS[risk.treatment])
        yield _row((w.content(risk.title), *numbers, owner, treatment, w.number(risk.residual)))


def _row(cells: Iterator[str] | Sequence[str]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |\n"


def _cell(text: str) -> str:
    return for_markdown(" ".join(text.split()))
