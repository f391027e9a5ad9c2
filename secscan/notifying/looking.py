"""Finding what is so: failures and lost hosts in documents, ends of decisions, ends of certificates in evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from secscan.assessments import Document
from secscan.history.records import Diff
from secscan.history.states import Kind
from secscan.judge.observe import exhibits, observe
from secscan.model.attestation import Attestation, Demand, Standing
from secscan.model.evidence import Bundle
from secscan.model.probe import Observed, Probe
from secscan.model.values import Record
from secscan.model.waiver import Waiver
from secscan.notifying.news import Item, Seen, Topic

WEEK_S = 7 * 86400.0
_SETTLED = frozenset({"waived", "attested", "attested_not_applicable"})
_WITH_CERTIFICATES = ("certificate_file", "tls_endpoint")
_Place = tuple[str, str, str]  # host, check, subject


@dataclass(frozen=True, slots=True)
class Looked:
    """What one run found, and how far it looked."""

    items: tuple[Item, ...]
    seen: Seen


def look(documents: Iterable[Document], baseline: str, since: Diff | None, *, whole: bool) -> Looked:
    """Failures that nobody has settled, hosts that were not reached, hosts that are asked no more."""
    fresh = _fresh(since)
    items: list[Item] = []
    asked: set[str] = set()
    reached: set[str] = set()
    unjudged: set[tuple[str, str]] = set()
    for document in documents:
        host = document["host"]["name"]
        asked.add(host)
        if document["unreachable"]:
            was_reached = since is None or host in since.unreached
            items.append(Item(Topic.UNREACHED, "", host=host, title=document["unreachable"], fresh=was_reached))
            continue
        reached.add(host)
        items += _failures(document, baseline, fresh)
        unjudged |= {(host, _what(result, host)) for result in document["results"] if result["outcome"] == "error"}
    if since and whole:
        items += [Item(Topic.GONE, "", host=host, fresh=True) for host in since.hosts_gone if host not in asked]
    return Looked(tuple(items), Seen(baseline, frozenset(reached), frozenset(asked), whole, frozenset(unjudged)))


def endings(
    waivers: Iterable[Waiver], attestations: Iterable[Attestation], demands: Mapping[str, Demand], now: float, ahead_s: float
) -> Iterator[Item]:
    """Waivers and statements that end within some time, or have ended and were not replaced."""
    for waiver in waivers:
        if waiver.starts_at <= now:
            yield from _ending(Topic.WAIVER, waiver.id, waiver.expires_at, now, ahead_s)
    last: dict[tuple[str, str], tuple[float, str]] = {}
    for each in attestations:
        for check in each.checks:
            demand = demands.get(check)
            if demand is not None and set(each.faults(demand, now)) <= {Standing.EXPIRED}:
                place = (check, str(each.scope))
                last[place] = max(last.get(place, (0.0, "")), (each.expires_at(demand), each.id))
    first: dict[str, float] = {}
    for moment, statement in last.values():
        first[statement] = min(moment, first.get(statement, moment))
    for statement, moment in first.items():
        yield from _ending(Topic.STATEMENT, statement, moment, now, ahead_s)


def certificates(bundles: Iterable[Bundle], probes: Mapping[str, Probe], now: float, ahead_s: float) -> Iterator[Item]:
    """Certificates that hosts have or show and that end within some time, or have ended."""
    readers = {name: probes[name] for name in _WITH_CERTIFICATES if name in probes}
    for bundle in bundles:
        found: dict[tuple[str, float], None] = {}
        for call, exhibit in exhibits(bundle, readers).items():
            observation = observe(readers[call.probe], call, exhibit.answer)
            if isinstance(observation, Observed):
                found |= dict.fromkeys(_ends(observation.attributes["certificates"]))
        for name, moment in found:
            yield from _ending(Topic.CERTIFICATE, name, moment, now, ahead_s, bundle.origin.target)


def missed(name: str, last_at: float | None, now: float, every_s: float) -> Item | None:
    """That no run has ended for too long; `name` and `last_at` are those of the last one, None when there never was one."""
    if last_at is not None and now - last_at <= every_s:
        return None
    return Item(Topic.RUN, name or "never", name=name, fresh=True, ends=last_at)


def unknown(reason: str) -> Item:
    """That nobody can tell whether runs happen."""
    return Item(Topic.RUN, "unknown", title=reason, fresh=True)


def _ends(records: object) -> Iterator[tuple[str, float]]:
    """Whom each certificate names, and when it ends; those whose end is not told are left out."""
    known: Sequence[Record] = records if isinstance(records, tuple) else ()
    for record in known:
        if isinstance(record["not_after"], int | float):
            yield str(record["subject"]), float(record["not_after"])


def _fresh(since: Diff | None) -> Mapping[_Place, bool] | None:
    """What fails and did not at the last run, and whether the content changed there; None where there is none to compare with."""
    if since is None:
        return None
    return {
        (change.host, change.check, change.subject): change.content or change.kind is Kind.CHECK_ADDED
        for change in since.changes
        if change.after and change.after.outcome == "fail" and change.kind in (Kind.NEW, Kind.HOST_ADDED, Kind.CHECK_ADDED)
    }


def _failures(document: Document, baseline: str, fresh: Mapping[_Place, bool] | None) -> Iterator[Item]:
    host = document["host"]["name"]
    for result in document["results"]:
        stated = result["disposition"] == "attested_fail"
        if not stated and (result["outcome"] != "fail" or result["disposition"] in _SETTLED):
            continue
        subject = _subject(result, host)
        place = (host, result["check"], subject)
        yield Item(
            Topic.FAILURE,
            _what(result, host),
            baseline=baseline,
            host=host,
            severity=result["severity"],
            name=result["check"],
            title=document["checks"][result["check"]]["title"],
            subject=subject,
            fresh=fresh is None or place in fresh,
            by_content=fresh is not None and fresh.get(place, False),
        )


def _subject(result: Mapping[str, str], host: str) -> str:
    """What of the host a result is about; empty for the host itself."""
    return "" if result["subject"] == host else result["subject"]


def _what(result: Mapping[str, str], host: str) -> str:
    """What tells a result from others of its host, run after run."""
    return f"{result['check']} {_subject(result, host)}".rstrip()


def _ending(topic: Topic, name: str, moment: float, now: float, ahead_s: float, host: str = "") -> Iterator[Item]:
    """Nothing for what lasts; told when it comes near, again in its last week, and when it is over."""
    left = moment - now
    if left < ahead_s:
        stage = "over" if left <= 0 else "week" if left < WEEK_S else "near"
        yield Item(topic, f"{name} {moment:.0f} {stage}", host=host, name=name, fresh=True, ends=moment)
