"""What the pages about several hosts need, gathered one document at a time: a line of letters per host, counts per site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from secscan.assessments import Document
from secscan.inert import for_html
from secscan.model.assessment import Tally
from secscan.reporters.html.fleet import LETTERS, Fleet, HostLine
from secscan.reporters.html.portal.addresses import HostNames, Layout, Layouts
from secscan.summary import HostSummary, Summary
from secscan.terms import OUTCOME_RANK
from secscan.wording import Wording

_OUTCOMES = {each: outcome for outcome, letter in LETTERS.items() for each in (letter, letter.upper())}
UNNAMED = "\u2013"
"""What stands where a host has no name."""


@dataclass(frozen=True, slots=True)
class Member:
    """A host of the portal. `letters` are its outcomes by position; a capital letter was decided about by a person.

    `said` is its name as markup.
    """

    line: HostLine
    folder: str
    layout: Layout
    letters: str
    said: str

    @property
    def page(self) -> str:
        """The host's own page."""
        return f"hosts/{self.folder}/index.html"

    def outcomes(self, check: str) -> Iterator[tuple[str, str]]:
        """Outcome and page of each result of a check."""
        for position in self.layout.positions.get(check, ()):
            yield _OUTCOMES[self.letters[position]], f"hosts/{self.folder}/{self.layout.address(position)}"


@dataclass(slots=True)
class Site:
    """The hosts of a site, by position, and how often each check had which outcome there."""

    name: str
    hosts: list[int] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (check, outcome)

    def outcomes(self, check: str) -> Iterator[tuple[str, int]]:
        """How often a check had each outcome that it had."""
        return ((outcome, count) for outcome in OUTCOME_RANK if (count := self.counts.get((check, outcome))))


@dataclass(slots=True)
class Gathering:
    """Everything about more than one host. It grows with hosts and with checks times sites, never with evidence.

    What is judged of the organization belongs to no site.
    """

    w: Wording
    fleet: Fleet
    members: list[Member] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)  # by the anchor of a host's line, which no other has
    sites: dict[str, Site] = field(default_factory=dict)
    layouts: Layouts = field(default_factory=Layouts)
    _names: HostNames = field(default_factory=HostNames)

    def add(self, document: Document) -> Member:
        """Take what the common pages need from one document."""
        position = len(self.members)
        self.fleet.add(document)
        line, results = self.fleet.hosts[position], document["results"]
        letters = "".join(
            letter if result["disposition"] == "none" else letter.upper()
            for letter, result in zip(line.letters, results, strict=True)
        )
        name = line.summary.name
        member = Member(line, self._names.name(name), self.layouts.of(document), letters, for_html(name) or UNNAMED)
        self.members.append(member)
        self.pages[line.anchor] = member.page
        if line.summary.asked:
            site = self.sites.setdefault(line.summary.site, Site(line.summary.site))
            site.hosts.append(position)
            site.counts.update((result["check"], result["outcome"]) for result in results)
        return member

    def by_check(self, check: str) -> list[tuple[str, Member, str]]:
        """Outcome, host and page of every result of a check; what needs attention first, then by host."""
        found: dict[str, list[tuple[str, Member, str]]] = {outcome: [] for outcome in OUTCOME_RANK}
        for member in self.members:
            for outcome, page in member.outcomes(check):
                found[outcome].append((outcome, member, page))
        return [each for alike in found.values() for each in alike]

    def sites_by_rank(self) -> list[tuple[Site, Summary]]:
        """Every site with its numbers, the weakest first."""
        found = [(site, self.summary_of([self.members[at].line.summary for at in site.hosts])) for site in self.sites.values()]
        return sorted(found, key=lambda each: (each[1].mean is not None, each[1].mean or 0.0, each[0].name))

    @staticmethod
    def summary_of(hosts: list[HostSummary]) -> Summary:
        """The numbers of some of the hosts."""
        counts: Counter[str] = Counter()
        attested: Counter[str] = Counter()
        for host in hosts:
            counts.update(host.tally.counts)
            attested.update(host.tally.attested)
        moments = [host.finished_at for host in hosts]
        return Summary(tuple(hosts), Tally(counts, attested), {}, (), "", max(moments, default=""))
