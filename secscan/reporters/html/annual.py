"""The annual report as one self-contained page, in the look of the other pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secscan.kpi import annual as texts
from secscan.kpi.annual import Annual
from secscan.kpi.measure import Indicator
from secscan.reporters.html import templates
from secscan.wording import Wording


def write_page(annual: Annual, wording: Wording) -> Iterator[str]:
    """The page in pieces, in the words of a language."""
    w = replace(wording, isolates=wording.direction == "rtl")
    style = templates.asset("page.css")
    context = templates.words_of(w) | {
        "annual": annual,
        "texts": texts,
        "value": lambda value, unit: texts.write_value(value, unit, w),
        "most": _most,
        "style": style,
        "policy": f"default-src 'none'; style-src '{templates.digest(style)}'; {templates.NOWHERE}",
    }
    yield from templates.gather(templates.environment().get_template("annual.html").generate(context))


def _most(indicator: Indicator) -> float:
    """Where the picture of an indicator ends: at 100 per cent, or at the largest of its numbers."""
    if indicator.definition.unit == "percent":
        return 100.0
    return max(indicator.value or 0.0, indicator.before or 0.0, indicator.target)
