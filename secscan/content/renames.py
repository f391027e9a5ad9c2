"""What checks were called before: whoever still names one so means the check that it is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from secscan.model.check import Check
from secscan.model.waiver import Waiver


def renames(checks: Mapping[str, Check]) -> dict[str, str]:
    """The id that a check has now, by each that it had before. An id that another check has meanwhile is that one's."""
    return {old: check.id for check in checks.values() for old in check.formerly if old not in checks}


def follow(waivers: Iterable[Waiver], checks: Mapping[str, Check]) -> tuple[Waiver, ...]:
    """The waivers with the ids that checks have now; each knows which of its own were others."""
    every = tuple(waivers)
    if all(name in checks for waiver in every for name in _named(waiver)):
        return every  # to know former ids, every check of the library has to be read
    now = renames(checks)
    return tuple(_followed(waiver, now) for waiver in every)


def _named(waiver: Waiver) -> Iterable[str]:
    yield from (name for name in waiver.checks if not {"*", "?", "["} & set(name))
    for seen in waiver.observed.values():
        yield from seen


def _followed(waiver: Waiver, now: Mapping[str, str]) -> Waiver:
    old = {name: now[name] for name in _named(waiver) if name in now}
    if not old:
        return waiver
    return replace(
        waiver,
        checks=tuple(dict.fromkeys(old.get(name, name) for name in waiver.checks)),
        observed={subject: _latest(seen, old) for subject, seen in waiver.observed.items()},
        renamed=old,
    )


def _latest(seen: Mapping[str, str], old: Mapping[str, str]) -> dict[str, str]:
    """Fingerprints by the ids of now; that which was given for the check as it is called now counts."""
    return {old[name]: value for name, value in seen.items() if name in old} | {
        name: value for name, value in seen.items() if name not in old
    }
