"""What changed since an earlier run, in text."""

from __future__ import annotations

from collections.abc import Iterator

from secscan.lines import pad
from secscan.messages import mark
from secscan.reporters.text.page import WORDS, Page, severity_width
from secscan.since import LISTED, Alike, Comparison


def write_since(since: Comparison, page: Page) -> Iterator[str]:
    """What changed since the last run, where there was one."""
    if not since:
        return
    yield page.heading(page.say(mark("Since the run of {moment}"), moment=page.w.moment(since.moment)).upper())
    if since.content_changed:
        yield page.fold(page.say(mark("Checks or baselines changed in between; what that may have caused is marked.")), "  ")
    for title, count, names in since.fates():
        yield page.fold(f"{page.say(title)} ({page.w.number(count)}): {_some(names, count, page)}", "  ", "    ")
    for kind, title, count in since.kinds():
        yield page.fold(f"{page.say(title)} ({page.w.number(count)})", "  ")
        listed = since.alike(kind)
        for each in listed[:LISTED]:
            yield _change(each, page)
        if len(listed) > LISTED:
            yield page.fold("... " + page.say(mark("and {count} more"), count=page.w.number(len(listed) - LISTED)), "    ")
    still = page.say(mark("Still failing as before: {count}"), count=page.w.number(since.still_failing))
    yield page.fold(still if since.changed or since.still_failing else page.say(mark("Nothing changed.")), "  ")


def _change(each: Alike, page: Page) -> str:
    """Changes that are alike, as one paragraph."""
    named = f"{page.w.content(each.title)} ({each.check})" if each.title else each.check
    told = [f"{named}: {each.outcomes(page.w)}"]
    if each.where:
        told.append(_some(each.where, each.count, page))
    if each.check_changed:
        told.append(page.say(mark("the check changed too")))
    severity = page.word(each.severity) if each.severity in WORDS else ""
    width = severity_width(page)
    return page.fold(page.say(mark("; ")).join(told), "    " + pad(severity, width), " " * (6 + width))


def _some(names: list[str], count: int, page: Page) -> str:
    """The names of the first, and how many more there are."""
    more = count - len(names)
    told = page.say(mark(", ")).join(names)
    return f"{told} {page.say(mark('and {count} more'), count=page.w.number(more))}" if more > 0 else told
