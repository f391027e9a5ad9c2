"""The words that reports use: every outcome, severity, disposition and standing with its sign and its meaning, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from secscan.messages import mark

REDACTED = mark(
    "Redacted: hosts, sites, people and the organization have pseudonyms; addresses, accounts, values and evidence are left out."
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word that reports use, a sign beside it so that colour is never the only signal, and what it means."""

    key: str
    word: str
    sign: str
    meaning: str


OUTCOMES = (
    Term("fail", mark("Fail"), "✕", mark("The question was asked and answered, and the answer is not what it should be.")),
    Term(
        "error",
        mark("Error"),
        "!",
        mark("Could not be judged: no privilege, no time left, a missing tool, or an answer that cannot be read."),
    ),
    Term("unreachable", mark("Unreachable"), "∅", mark("The host was not reached, so nothing was asked.")),
    Term("manual", mark("Manual"), "✎", mark("No machine can tell: a person must say.")),
    Term("pass", mark("Pass"), "✓", mark("The question was asked and answered, and the answer is what it should be.")),
    Term(
        "not_applicable",
        mark("Not applicable"),
        "○",
        mark("A declared condition was evaluated on the host, and it is not met there."),
    ),
    Term("skipped", mark("Skipped"), "»", mark("Deselected by a person or a filter; not asked.")),
)
"""Every outcome, the ones that need attention first. Reports list results in this order."""

SEVERITIES = (
    Term("critical", mark("Critical"), "▲▲", mark("A failure gives the host away, or loses what cannot be replaced.")),
    Term("high", mark("High"), "▲", mark("A failure makes a serious attack or outage likely.")),
    Term("medium", mark("Medium"), "◆", mark("A failure weakens a defence that others still back up.")),
    Term("low", mark("Low"), "▽", mark("A failure is untidy, or helps an attacker a little.")),
)
"""Every severity, the worst first."""

DISPOSITIONS = (
    Term("none", mark("Open"), "", mark("Nobody has decided anything about this outcome.")),
    Term(
        "waived",
        mark("Waived"),
        "",
        mark("A failure that somebody answerable has accepted until a date. It still shows as a failure."),
    ),
    Term(
        "attested",
        mark("Attested"),
        "",
        mark("A person has stated, with evidence and signed off, that it holds; nobody measured it."),
    ),
    Term(
        "attested_fail",
        mark("Attested not to hold"),
        "",
        mark("A person has stated that it does not hold. It counts as unanswered."),
    ),
    Term(
        "attested_not_applicable",
        mark("Attested not to be needed"),
        "",
        mark("A person has stated, with evidence and signed off, that it does not apply."),
    ),
    Term(
        "needs_review",
        mark("Needs review"),
        "",
        mark(
            "A waiver that was given for another value than the one observed now, or for longer than is allowed, or a statement "
            "that cannot be relied on: it does not count."
        ),
    ),
    Term("expired", mark("Expired"), "", mark("A waiver or statement whose time is over: it counts for nothing any more.")),
)

STANDINGS = (
    Term("holds", mark("holds"), "", mark("Signed off by another person, in time, and its evidence is what was signed for.")),
    Term("backwards", mark("ends before it begins"), "", mark("Its last day lies before the day that it is about.")),
    Term("future", mark("dated in the future"), "", mark("The day that it is about is still to come.")),
    Term("unsigned", mark("not signed off"), "", mark("Nobody has approved it, or nobody but its owner.")),
    Term("evidence_changed", mark("evidence changed"), "", mark("A file has another SHA-256 than the one that was signed for.")),
    Term("evidence_missing", mark("evidence missing"), "", mark("A file is not there, or cannot be read.")),
    Term("claimed", mark("only claimed"), "", mark("No file with a SHA-256 shows it.")),
    Term("unanswered", mark("questions left open"), "", mark("It does not answer every question of the check.")),
    Term("expired", mark("expired"), "", mark("Its last day is over, or it is older than the check allows.")),
)
"""How a statement can stand; of several faults the first of these is told."""

WORDS = (
    Term("compliance", mark("Compliance"), "", mark("Of the results that had to be judged, the share that is a pass.")),
    Term("coverage", mark("Coverage"), "", mark("Of the results that were wanted, the share that got a verdict.")),
    Term("requirement", mark("Requirement"), "", mark("A sentence of a source that the organization has to meet.")),
    Term("baseline", mark("Baseline"), "", mark("Which checks a host must pass, with which parameters, for which requirements.")),
    Term("check", mark("Check"), "", mark("One thing that must be so, and how to tell.")),
    Term("evidence", mark("Evidence"), "", mark("What the host answered, byte for byte, sealed with a digest.")),
    Term("waiver", mark("Waiver"), "", mark("A failure that somebody answerable accepts until a date, for a written reason.")),
    Term("statement", mark("Statement"), "", mark("What a person says holds, with evidence, signed off by another.")),
)
"""The words that a reader who is new to reports like ours must know."""

EFFORTS = {"minutes": mark("takes minutes"), "hours": mark("takes hours"), "days": mark("takes days")}
WHENS = {
    "runtime": mark("works at once"),
    "restart": mark("works after a restart of the service"),
    "reboot": mark("works after a reboot"),
    "reinstall": mark("needs a reinstallation"),
}
CATALOGUES = {
    "nist_800_53": "NIST SP 800-53",
    "nist_csf": "NIST CSF",
    "iso_27001": "ISO/IEC 27001",
    "iso_22301": "ISO 22301",
    "cis_v8": "CIS Controls v8",
    "pci_dss": "PCI DSS",
    "ssg": "ComplianceAsCode",
}
PROPOSALS = frozenset({"un_catalogue"})
"""Catalogues of which readers have nothing: where our own checks were proposed."""
DOMAINS = {
    "accounts": "Accounts", "backup": "Backup", "containers": "Containers", "continuity": "Continuity",
    "data_protection": "Data protection", "databases": "Databases", "dns": "DNS", "filesystem": "File systems",
    "governance": "Governance", "integrity": "Integrity", "kernel": "Kernel", "logging": "Logging", "mail": "Mail",
    "network": "Network", "passwords": "Passwords", "patching": "Patching", "pki": "Public-key infrastructure",
    "recovery": "Recovery", "resilience": "Resilience", "services": "Services", "ssh": "SSH", "time": "Time", "tls": "TLS",
    "web": "Web",
}  # fmt: skip
"""Subject areas as English says them; other languages have them in their catalogue of content."""
STATES = {"observed": mark("observed"), "absent": mark("looked, not there"), "unobservable": mark("could not look")}

OUTCOME_RANK: Mapping[str, int] = {term.key: rank for rank, term in enumerate(OUTCOMES)}
SEVERITY_RANK: Mapping[str, int] = {term.key: rank for rank, term in enumerate(SEVERITIES)}
