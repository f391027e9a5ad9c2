"""Figures in words of one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from secscan.continuity.assess import DataSetFigures, ServiceFigures
from secscan.continuity.dependencies import Loss
from secscan.continuity.extent import Stray
from secscan.continuity.figures import Figure, Verdict
from secscan.continuity.indicators import Indicator
from secscan.inert import columns
from secscan.lines import pad, wrap
from secscan.messages import Message, counted, phrase
from secscan.model.values import write_duration

Say = Callable[[str], str]
"""Says a message in the reader's language."""
TITLES = {
    "rpo_now": phrase("data loss now"),
    "worst_gap": phrase("worst in window"),
    "site_loss": phrase("loss of the site"),
    "cyber": phrase("attack on backups"),
    "rto": phrase("recovery time"),
}
_COVERAGE = phrase("coverage")
_KINDS = {
    "host": phrase("host"),
    "site": phrase("site"),
    "disk": phrase("disk"),
    "resolver": phrase("resolver"),
    "uplink": phrase("uplink"),
    "service": phrase("service"),
}
WIDTH = 80
"""Columns of a line of the short form."""
_ONLY = {"resolver": "resolver of ", "uplink": "uplink of "}  # what stands before the host in the names of these elements
_APART = {"estimated": phrase("{count} estimated"), "unknown": phrase("{count} unknown")}


def short_lines(figures: ServiceFigures, say: Say = str) -> Iterator[str]:
    """A service in a few lines: each objective against its figure, its data sets, and what does not fit together."""
    service = figures.service
    about = {"service": service.name, "criticality": Message(service.criticality), "owner": service.owner}
    yield say(Message("{service}  {criticality}, owner {owner}", **about))
    width = max(columns(say(Message(title))) for title in (*TITLES.values(), _COVERAGE)) + 1
    hanging = " " * (width + 2)
    for name, figure in figures.promised.items():
        known = pad(say(Message(figure.knowledge.value)), 11)
        told = pad(say(written(figure)), 12)
        judged = say(_judged(name, figures))
        yield from wrap(f"  {pad(say(Message(TITLES[name])), width)}{told}{known}{judged}", WIDTH, hanging=hanging)
    yield from wrap(f"  {pad(say(Message(_COVERAGE)), width)}{say(_covered(figures))}", WIDTH, hanging=hanging)
    for each in figures.data_sets:
        for text, indent in _about_data(each, say):
            yield from wrap(text, WIDTH, " " * indent, " " * (indent + 2))


def _about_data(each: DataSetFigures, say: Say) -> Iterator[tuple[str, int]]:
    """What is said of a data set: sentences, and how far each is indented."""
    yield say(Message("{data_set}: {rule}", data_set=each.data_set.id, rule=_describe(each))), 2
    faults = {note for copy in each.copies for note in (copy.fault, *copy.notes)}
    lacking = [reason for reason in each.composition.missing if reason not in faults]
    if lacking and each.composition.verdict is not Verdict.MET:
        yield say(Message("for 3-2-1-1-0: {reasons}", reasons="; ".join(lacking))), 4
    for note in (*each.trials.notes, *each.trials.strays):
        yield say(note), 4
    for copy in each.copies:
        for note in (copy.fault, *copy.notes):
            if note:
                yield f"{say(copy.repository.id)}: {say(note)}", 4


def _judged(name: str, figures: ServiceFigures) -> Message:
    """What an objective comes to, and by what the service is limited."""
    figure, objective = figures.objectives[name], figures.service.rto if name == "rto" else figures.service.rpo
    told = Message(
        "{verdict} (objective {objective}): {why}",
        verdict=Message(figure.verdict.value),
        objective=write_duration(objective),
        why=figure.why,
    )
    if name not in figures.limits:
        return told
    limit = figures.limits[name]
    return Message("{told} (limited by {service}; by itself {own})", told=told, service=limit, own=written(figures.own[name]))


def _covered(figures: ServiceFigures) -> Message:
    """How many data sets have a restore point, how many are unknown, and how much is in no backup."""
    if not figures.data_sets:
        return Message("no data of its own")
    covered = sum(each.covered is True for each in figures.data_sets)
    unknown = sum(each.covered is None for each in figures.data_sets)
    told = Message("{covered} of {all} data sets have a restore point", covered=covered, all=len(figures.data_sets))
    if unknown:
        told = Message("{told}, {count} unknown", told=told, count=unknown)
    sizes = [each.extent.uncovered for each in figures.data_sets]
    if not any(size is None or size for size in sizes):
        return told
    known = sum(size for size in sizes if size)
    if known and None in sizes:
        return Message("{told}; in no backup: {size} and what is not known", told=told, size=written_size(known))
    if known:
        return Message("{told}; in no backup: {size}", told=told, size=written_size(known))
    return Message("{told}; in no backup: what is not known", told=told)


def loss_line(loss: Loss) -> Message:
    """What stops with one element, in one line."""
    kind, services = Message(_KINDS.get(loss.kind, loss.kind)), list(loss.services)
    if loss.kind in _ONLY:
        return counted(
            "without the only {kind} of {host}: {services} stops",
            "without the only {kind} of {host}: {services} stop",
            len(services),
            kind=kind,
            host=loss.name.removeprefix(_ONLY[loss.kind]),
            services=services,
        )
    return counted(
        "without {kind} {name}: {services} stops",
        "without {kind} {name}: {services} stop",
        len(services),
        kind=kind,
        name=loss.name,
        services=services,
    )


def stray_line(stray: Stray) -> Message:
    """A place that no service declares, in one line."""
    place = f"{stray.host}:{stray.path}"
    return Message("{place} ({size}) belongs to no declared data set", place=place, size=written_size(stray.size))


def written_size(size: int | None) -> str:
    """Bytes with a unit, `?` when they are not known.

    >>> written_size(None), written_size(512), written_size(10 * 2**30)
    ('?', '512 B', '10.0 GiB')
    """
    if size is None:
        return "?"
    value, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"


def indicator_line(indicator: Indicator, say: Say = str) -> str:
    """An indicator in one line, with the numbers that belong to it."""
    apart = {"estimated": len(indicator.estimated), "unknown": len(indicator.unknown)}
    rest: list[str] = [Message(_APART[word], count=count) for word, count in apart.items() if count]
    rest += [*_numbers(indicator.numbers), *indicator.notes]
    told = Message("{met} of {all} {title}", met=len(indicator.met), all=len(indicator.of), title=Message(indicator.title))
    if rest:
        told = Message("{told} ({details})", told=told, details=rest)
    return f"{indicator.id:<9}{say(told)}"


def wrapped(line: str, hanging: int) -> list[str]:
    """A line of the short form as lines that fit, the further ones indented."""
    return wrap(line, WIDTH, hanging=" " * hanging)


def _numbers(numbers: Mapping[str, float | None]) -> Iterator[Message]:
    if "bytes" in numbers:
        held, found = (None if value is None else int(value) for value in (numbers["bytes_covered"], numbers["bytes"]))
        if (held, found) != (None, None):
            yield Message("{held} of {all}", held=written_size(held), all=written_size(found))
    if numbers.get("overdue") and (days := numbers["median_days_overdue"]) is not None:
        yield Message("{count} overdue, by {days} days in the median", count=int(numbers["overdue"] or 0), days=round(days))
    if "in_30_days" in numbers:
        near, far = int(numbers["in_30_days"] or 0), int(numbers["in_90_days"] or 0)
        yield Message("{count} within 30 days, {more} within 90", count=near, more=far)


def written(figure: Figure) -> str:
    """The length of time in the two largest units, `never` without an end, `?` when it is not known."""
    if figure.seconds is None:
        return "?"
    if math.isinf(figure.seconds):
        return Message("never")
    unit = 60 if figure.seconds >= 3600 else 1
    return write_duration(figure.seconds // unit * unit)


def _describe(each: DataSetFigures) -> Message:
    rule, depth = each.composition, each.depth
    told = Message(
        "3-2-1-1-0 {verdict} (copies {copies}, hosts {hosts}, off-site {off_site}, immutable {immutable}, errors {errors}); "
        "reaches back {back} ({depth})",
        verdict=Message(rule.verdict.value),
        copies=rule.copies,
        hosts=rule.hosts,
        off_site=rule.off_site,
        immutable=rule.immutable,
        errors="?" if rule.errors is None else rule.errors,
        back="?" if depth.seconds is None else f"{depth.seconds / 86400:.0f}d",
        depth=Message(depth.verdict.value),
    )
    if each.held is None:
        return told
    return Message("{told}, objective held {rate} of the window", told=told, rate=f"{each.held:.1%}")
