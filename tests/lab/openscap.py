"""Debian's own OpenSCAP and its rules (ComplianceAsCode), run on a booted host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from .hosts import Host, OwnFile
from .roots import Recipe, debian_root

RULES = Recipe("trixie", ("ssg-debian",), "extract")  # the rules for Debian 12 are in the release after it
STREAM = "/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml"
_RULE = "xccdf_org.ssgproject.content_rule_"
_VALUE = "xccdf_org.ssgproject.content_value_"
_FOLDER = "/run/openscap"


def stream_file() -> OwnFile:
    """The rules, for a host that has OpenSCAP without them. Raises NoRootError."""
    return OwnFile((debian_root(RULES) / STREAM.lstrip("/")).read_text())


def rules_of(stream: str) -> frozenset[str]:
    """The ids of all rules of a data stream, without what all begin with."""
    return frozenset(re.findall(rf'<(?:xccdf-1\.2:)?Rule [^>]*\bid="{_RULE}([^"]+)"', stream))


def judge(host: Host, rules: Iterable[str], values: Mapping[str, str], timeout_s: float = 300) -> dict[str, str]:
    """OpenSCAP's result by rule, in its own words. `values` sets variables of the rules."""
    tailoring = Path(f"{host.root}{_FOLDER}")
    tailoring.mkdir(mode=0o700, exist_ok=True)
    (tailoring / "tailoring.xml").write_text(_tailoring(rules, values))
    host.run(
        f"cd {_FOLDER} && oscap xccdf eval --profile xccdf_secscan_profile_lab --tailoring-file tailoring.xml"
        f" --results results.xml {STREAM} >said 2>&1 || [ $? = 2 ]",  # 2: some rule fails
        timeout_s=timeout_s,
    )
    results = (tailoring / "results.xml").read_text()
    return dict(re.findall(rf'<rule-result idref="{_RULE}([^"]+)".*?<result>(\w+)</result>', results, re.DOTALL))


def _tailoring(rules: Iterable[str], values: Mapping[str, str]) -> str:
    lines = [f'<select idref="{_RULE}{rule}" selected="true"/>' for rule in sorted(rules)]
    lines += [f'<set-value idref="{_VALUE}{name}">{value}</set-value>' for name, value in sorted(values.items())]
    return "\n".join(
        [
            '<Tailoring xmlns="http://checklists.nist.gov/xccdf/1.2" id="xccdf_secscan_tailoring_lab">',
            f'<benchmark href="{STREAM}"/>',
            '<version time="2026-01-01T00:00:00">1</version>',
            '<Profile id="xccdf_secscan_profile_lab"><title>Rules that checks refer to</title>',
            *lines,
            "</Profile></Tailoring>\n",
        ]
    )
