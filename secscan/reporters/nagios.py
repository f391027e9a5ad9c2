"""One line as monitoring plugins print it (Nagios, Icinga, Checkmk, Sensu), with performance data; over all hosts together.

Failures of high or critical severity are CRITICAL, others WARNING; what could not be judged, or nothing judged at all, is UNKNOWN.
What was accepted raises no alarm and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from secscan.assessments import Document
from secscan.inert import prose, shorten
from secscan.model.assessment import ATTESTATION, Tally
from secscan.reporters import Reporter
from secscan.vocabularies import VOCABULARIES
from secscan.wording import ENGLISH

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_RANK = ("OK", "UNKNOWN", "WARNING", "CRITICAL")  # a known failure is told before what is not known
_ALARMS = {"critical": "CRITICAL", "high": "CRITICAL", "medium": "WARNING", "low": "WARNING"}
_LIMIT = 1000  # characters; some servers cut at 1,024
_NAMED = 3
_WORDS = VOCABULARIES["nagios"]


def render(documents: Iterable[Document]) -> Iterator[str]:
    """The line."""
    counts: Counter[str] = Counter()
    attested: Counter[str] = Counter()  # what statements say
    failing: Counter[str] = Counter()  # check -> hosts
    state, hosts, lost, accepted, redacted = "OK", 0, [], 0, False
    for document in documents:
        hosts += document["host"]["transport"] != ATTESTATION
        if document["unreachable"]:
            lost.append(document["host"]["name"])
        redacted = redacted or document["provenance"].get("redacted", False)
        attested.update(document["tally"]["attested"])
        for result in document["results"]:
            counts[result["outcome"]] += 1
            said = _WORDS.word(result["outcome"], result["disposition"]).said
            said = _ALARMS[result["severity"]] if said == "by severity" else said
            state = max(state, said, key=_RANK.index)
            if result["outcome"] in {"fail", "manual"} and said != "OK":  # measured to fail, or stated to
                failing[result["check"]] += 1
            accepted += result["disposition"] == "waived"
    tally = Tally(counts, attested)
    if tally.compliance is None or lost:
        state = max(state, "UNKNOWN", key=_RANK.index)
    told = _told(hosts, lost, tally, accepted, failing) + ("; redacted" if redacted else "")
    yield f"SECSCAN {state} - {told} | {_performance(tally, hosts, lost, accepted)}\n"


def exit_code(text: str) -> int:
    """What a plugin that printed this line exits with: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."""
    return STATES.index(text.split(" ", 2)[1])


def _told(hosts: int, lost: list[str], tally: Tally, accepted: int, failing: Counter[str]) -> str:
    parts = [f"{ENGLISH.hosts(hosts)}, compliance {ENGLISH.rate(tally.compliance)}"]
    if lost:
        parts.append(f"{len(lost)} not reached ({_names(lost)})")
    if failing:
        parts.append(f"{sum(failing.values())} failing ({_names([name for name, _ in failing.most_common(_NAMED + 1)])})")
    if tally.counts.get("error"):
        parts.append(f"{tally.counts['error']} not judged")
    if accepted:
        parts.append(f"{accepted} waived")
    return shorten(prose("; ".join(parts)).replace("|", "/"), _LIMIT, "...")


def _names(names: list[str]) -> str:
    return ", ".join([*(shorten(name, 80, "...") for name in names[:_NAMED]), *(["..."] if len(names) > _NAMED else [])])


def _performance(tally: Tally, hosts: int, lost: list[str], accepted: int) -> str:
    """`label=value[unit];warn;crit;min;max`, as plugins write it; U where a rate is not known."""
    counted = {"hosts": hosts, "unreachable_hosts": len(lost), "waived": accepted}
    counted |= {outcome: tally.counts.get(outcome, 0) for outcome in ("pass", "fail", "error", "manual", "not_applicable")}
    written = [f"{name}={count};;;0" for name, count in counted.items()]
    for name, rate in (("compliance", tally.compliance), ("coverage", tally.coverage)):
        written.append(f"{name}={'U' if rate is None else f'{int(rate * 1000 + 1e-9) / 10:.1f}%'};;;0;100")
    return " ".join(written)


REPORTER = Reporter(
    "nagios",
    "nagios.txt",
    "text/plain; charset=utf-8",
    "One line for monitoring (Nagios, Icinga, Checkmk, Sensu); `secscan report` exits as plugins do",
    render,
    exit_code=exit_code,
)
