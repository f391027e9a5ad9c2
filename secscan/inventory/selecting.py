"""Selectors: `site=geneva,label=web` (both), repeated (either), `!` negates, `*` and `?` are patterns, a bare word is a host.

A word that matches nothing at all is a mistake: a misspelt exclusion would otherwise scan what it should spare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from secscan.documents import did_you_mean
from secscan.errors import UsageError
from secscan.inventory.contents import CRITICALITIES
from secscan.messages import Message
from secscan.model.target import Target

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Term:
    written: str
    pattern: str
    negated: bool
    values: Callable[[Target], Iterable[str]]

    def holds(self, target: Target) -> bool:
        return any(fnmatchcase(value, self.pattern) for value in self.values(target)) != self.negated


def select(targets: Sequence[Target], limits: Sequence[str]) -> tuple[Target, ...]:
    """The targets that any of the limits selects, in their order; all when there is no limit.

    Raises UsageError for a limit that cannot be read, names what no target has, or selects nothing.
    """
    if not limits:
        return tuple(targets)
    alternatives = [_read(limit, targets) for limit in limits]
    chosen = tuple(target for target in targets if any(all(term.holds(target) for term in terms) for terms in alternatives))
    if not chosen:
        raise UsageError("--limit {limits!r} selects none of {count} hosts", limits=" ".join(limits), count=len(targets))
    return chosen


def labels_of(target: Target) -> tuple[str, ...]:
    """Everything that `label=` can match: keys, values, and key:value; a value may list several, parted by commas."""
    found = []
    for key, value in target.labels.items():
        found.append(key)
        found += [word for one in value.split(",") if one for word in (one, f"{key}:{one}")]
    return tuple(found)


_KEYS: dict[str, Callable[[Target], Iterable[str]]] = {
    "host": lambda target: (target.name, target.address),
    "site": lambda target: (target.site,),
    "label": labels_of,
    "group": lambda target: target.labels.get("group", "").split(","),
    "criticality": lambda target: (target.criticality,),
    "transport": lambda target: (target.transport,),
}


def _read(limit: str, targets: Sequence[Target]) -> list[_Term]:
    words = [word.strip() for word in limit.split(",")]
    if not all(word.lstrip("!").strip() for word in words):
        raise UsageError("--limit {limit!r} is empty or has an empty part; allowed: {forms}", limit=limit, forms=_allowed_forms())
    return [_read_term(word, targets) for word in words]


def _read_term(word: str, targets: Sequence[Target]) -> _Term:
    key, equals, pattern = word.lstrip("!").strip().partition("=")
    if not equals:
        key, pattern = "host", key
    if key not in _KEYS or not pattern:
        raise UsageError(
            "--limit {word!r} cannot be read{near}; allowed: {forms}",
            word=word,
            near=did_you_mean(key, _KEYS),
            forms=_allowed_forms(),
        )
    term = _Term(word, pattern, (len(word) - len(word.lstrip("!"))) % 2 == 1, _KEYS[key])
    if key == "criticality" and pattern in CRITICALITIES:
        return term
    known = dict.fromkeys(value for target in targets for value in term.values(target) if value)
    if not any(fnmatchcase(value, pattern) for value in known):
        some = ", ".join(sorted(known)[:_SHOWN]) + (f", ... ({len(known)})" if len(known) > _SHOWN else "")
        raise UsageError(
            "--limit {word!r}: no host has {key} {pattern!r}{near}; allowed: {some}",
            word=word,
            key=key,
            pattern=pattern,
            near=did_you_mean(pattern, known),
            some=some or Message("none is set"),
        )
    return term


def _allowed_forms() -> str:
    return Message("{forms}, each with ! before it for not", forms=["HOST", *(f"{key}=..." for key in _KEYS)])
