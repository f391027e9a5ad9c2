"""Which ids the frameworks have that checks refer to, so that a mapping to a control that does not exist is noticed.

NIST SP 800-53 r5 (public domain) and the rules of ComplianceAsCode (BSD licence) are files beside the requirements. Of the others
only the numbering is here: CSF 2.0 core, ISO/IEC 27001:2022 Annex A, ISO 22301:2019 clauses, CIS Controls v8.1, PCI DSS v4.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from secscan import places
from secscan.documents import did_you_mean

NIST_FILE = "requirements/nist_sp800_53r5.csv"
RULES_FILE = "requirements/complianceascode.csv"
RULES_RELEASES = ("0.1.65", "0.1.76", "0.1.82")  # of ComplianceAsCode, in the packages ssg-* of Debian 12, Debian 13 and unstable
_CIS_SAFEGUARDS = (5, 7, 14, 12, 6, 8, 7, 12, 7, 7, 5, 8, 11, 9, 7, 14, 9, 5)  # of controls 1 to 18
_ISO_27001_CONTROLS = {5: 37, 6: 8, 7: 14, 8: 34}
_CSF = {
    "GV.OC": "1-5", "GV.RM": "1-7", "GV.RR": "1-4", "GV.PO": "1-2", "GV.OV": "1-3", "GV.SC": "1-10",
    "ID.AM": "1-5 7-8", "ID.RA": "1-10", "ID.IM": "1-4",
    "PR.AA": "1-6", "PR.AT": "1-2", "PR.DS": "1-2 10-11", "PR.PS": "1-6", "PR.IR": "1-4",
    "DE.CM": "1-3 6-6 9-9", "DE.AE": "2-4 6-8",
    "RS.MA": "1-5", "RS.AN": "3-3 6-8", "RS.CO": "2-3", "RS.MI": "1-2",
    "RC.RP": "1-6", "RC.CO": "3-4",
}  # fmt: skip


def fault_of(framework: str, name: str) -> tuple[str, str]:
    """What is wrong with an id of a framework (a key of `references`), and what is allowed; empty when nothing is."""
    known = _KNOWN.get(framework)
    if known:
        ids = known()
        if name in ids:
            return "", ""
        return f"{_TITLES[framework]} has no {name!r}{did_you_mean(name, ids)}", _ALLOWED[framework]
    form = _FORMS[framework]
    return ("", "") if form.fullmatch(name) else (f"{name!r} cannot be an id of {_TITLES[framework]}", _ALLOWED[framework])


@cache
def nist_controls() -> Mapping[str, str]:
    """The titles of all controls and enhancements of NIST SP 800-53 r5 by label, such as AC-2(1)."""
    with Path(places.baselines(), NIST_FILE).open(encoding="utf-8", newline="") as stream:
        return {row["label"]: row["title"] for row in csv.DictReader(stream)}


@cache
def rules() -> Mapping[str, str]:
    """The titles of all rules for operating systems in those releases of ComplianceAsCode, by id."""
    with Path(places.baselines(), RULES_FILE).open(encoding="utf-8", newline="") as stream:
        return {row["rule"]: row["title"] for row in csv.DictReader(stream)}


def _counted(last: Mapping[int, int]) -> frozenset[str]:
    return frozenset(f"{group}.{number}" for group, count in last.items() for number in range(1, count + 1))


@cache
def _iso_27001() -> frozenset[str]:
    return _counted(_ISO_27001_CONTROLS)


@cache
def _cis() -> frozenset[str]:
    controls = dict(enumerate(_CIS_SAFEGUARDS, 1))
    return _counted(controls) | {str(control) for control in controls}


@cache
def _csf() -> frozenset[str]:
    names = set(_CSF)
    for category, ranges in _CSF.items():
        for first, last in (each.split("-") for each in ranges.split()):
            names |= {f"{category}-{number:02}" for number in range(int(first), int(last) + 1)}
    return frozenset(names)


_KNOWN: dict[str, Callable[[], Mapping[str, str] | frozenset[str]]] = {
    "nist_800_53": nist_controls,
    "nist_csf": _csf,
    "iso_27001": _iso_27001,
    "cis_v8": _cis,
    "ssg": rules,
}
_FORMS = {
    "iso_22301": re.compile(r"(?:[4-9]|10)(?:\.[1-9][0-9]?){0,2}"),
    "pci_dss": re.compile(r"(?:[1-9]|1[0-2])(?:\.[1-9][0-9]?){0,3}"),
    "un_catalogue": re.compile(r"[A-Z]{2,4}-[0-9]{3}"),
}
_TITLES = {
    "nist_800_53": "NIST SP 800-53 r5",
    "nist_csf": "NIST CSF 2.0",
    "iso_27001": "ISO/IEC 27001:2022 Annex A",
    "iso_22301": "ISO 22301:2019",
    "cis_v8": "CIS Controls v8.1",
    "pci_dss": "PCI DSS v4",
    "ssg": f"ComplianceAsCode ({RULES_RELEASES[0]} to {RULES_RELEASES[-1]})",
    "un_catalogue": "the catalogue of check proposals",
}
_ALLOWED = {
    "nist_800_53": "a control such as AC-2 or AC-2(1)",
    "nist_csf": "a category or subcategory such as PR.AA or PR.AA-05",
    "iso_27001": "5.1 to 5.37, 6.1 to 6.8, 7.1 to 7.14, 8.1 to 8.34",
    "iso_22301": "a clause such as 8.4 or 8.4.4",
    "cis_v8": "a control from 1 to 18, or a safeguard such as 5.4",
    "pci_dss": "a requirement such as 8.3.6",
    "ssg": "a rule of one of these releases, such as sshd_disable_root_login",
    "un_catalogue": "an id such as SSH-001",
}
