"""What a run found: one document per host on disk, and of each host what stays in memory."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from secscan.cli.files import write_whole
from secscan.cli.redacting import Redaction, Source, shown
from secscan.errors import SecscanError, UsageError
from secscan.messages import Message, phrase

if TYPE_CHECKING:
    from secscan.continuity.reading import HostView
    from secscan.history.records import Diff
    from secscan.model.assessment import Assessment
    from secscan.model.evidence import Bundle
    from secscan.model.recommendation import Recommendation
    from secscan.model.target import Target
    from secscan.pipeline import Engine

SETTLED = ("waived", "attested", "attested_not_applicable")
_COUNTED = {
    "pass": phrase("{count} pass"),
    "fail": phrase("{count} fail"),
    "error": phrase("{count} error"),
    "manual": phrase("{count} manual"),
    "not_applicable": phrase("{count} not applicable"),
}
_WAIVED, _ATTESTED = phrase("{count} waived"), phrase("{count} attested")


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays in memory of one host once its document is on disk.

    `counts` and `failed_severities` leave out what is waived, or attested to hold; what is attested to fail counts as failed.
    `failing` is how many results fail, whatever people decided.
    `view` is what it told for what is judged of all hosts together, where something is.
    """

    name: str
    counts: Mapping[str, int]
    failed_severities: tuple[str, ...]
    summary: str
    reached: bool
    failing: int
    view: HostView | None = None


@dataclass(slots=True)
class Run:
    """The documents of one run in a folder: hosts/<name>.json, evidence/<digest>.bundle.json.gz. `name` is its id, if any.

    `redaction` is for its reports only: what is kept in the folder is whole. So are `recommendations` of oversight bodies, which
    no redacted report tells.
    """

    folder: Path
    keep_evidence: bool
    name: str = ""
    redaction: Redaction | None = None
    recommendations: Sequence[Recommendation] = ()
    kept: dict[str, Kept] = field(default_factory=dict)  # by host

    @property
    def names(self) -> list[str]:
        """Finished hosts, by name."""
        return sorted(self.kept)

    def keep(self, engine: Engine, target: Target) -> Kept:
        """Scan one target and put document and evidence on disk (called in a worker thread)."""
        from secscan.pipeline import scan, view  # noqa: PLC0415 - keep --help free of it

        assessment, bundle = scan(engine, target, self._seal if self.keep_evidence else None)
        kept = self.write(assessment)
        return replace(kept, view=view(engine, bundle)) if bundle else kept

    def _seal(self, bundle: Bundle) -> Bundle:
        from secscan.bundles import write_bundle  # noqa: PLC0415 - keep --help free of it

        return write_bundle(bundle, self.folder / "evidence")[0]

    def keep_failure(self, engine: Engine, target: Target, error: Exception) -> Kept:
        """A target whose scan broke for a reason of ours or of the disk: reported as not reached, with the reason."""
        from secscan import __version__  # noqa: PLC0415 - keep --help free of it
        from secscan.judge.assess import assess_unreachable  # noqa: PLC0415 - as above

        now = time.time()
        return self.write(assess_unreachable(engine.rulebook, target, describe_failure(error), now, now, __version__))

    def keep_stated(self, engine: Engine) -> Kept | None:
        """What people have stated of the organization, on disk and counted in; None where nothing is asked of it."""
        from secscan.pipeline import assess_stated  # noqa: PLC0415 - keep --help free of it

        return self._keep_organization(assess_stated(engine, time.time()))

    def keep_together(self, engine: Engine) -> Kept | None:
        """What people have stated and what all hosts together tell, on disk and counted in; None where nothing of it is asked."""
        from secscan.pipeline import assess_together, join_evidence  # noqa: PLC0415 - keep --help free of it

        views: dict[str, HostView] = {}
        unread: dict[str, str] = {}
        if engine.rulebook.derived():
            for name, kept in self.kept.items():
                seen = kept.view or (self._view_again(engine, name) if kept.reached else None)
                if seen:
                    views[name] = seen
                else:
                    unread[name] = "its evidence was not kept" if kept.reached else str(kept.summary)
        now = time.time()
        return self._keep_organization(assess_together(engine, join_evidence(engine, views, now, unread), now))

    def _view_again(self, engine: Engine, name: str) -> HostView | None:
        """What a host told that was finished before this run was taken up; None where its evidence is not there."""
        from secscan.bundles import read_bundle  # noqa: PLC0415 - keep --help free of it
        from secscan.pipeline import view  # noqa: PLC0415 - as above

        document = self._read(name)
        path = self.folder / "evidence" / f"{document['provenance']['bundle_sha256']}.bundle.json.gz"
        return view(engine, read_bundle(path)) if path.is_file() else None

    def _keep_organization(self, assessment: Assessment | None) -> Kept | None:
        if assessment is None:
            return None
        if assessment.host.name in self.kept:
            raise UsageError(
                "a host is named {name!r} as the organization; allowed: --organization NAME", name=assessment.host.name
            )
        kept = self.write(assessment)
        self.add(kept)
        return kept

    def tell_since(self, diff: Diff) -> None:
        """Put what changed since an earlier run into the documents on disk, so that every report can tell it."""
        from secscan.assessments import with_since  # noqa: PLC0415 - keep --help free of it
        from secscan.history.documents import Since  # noqa: PLC0415 - as above

        since = Since.of(diff)
        for name, kept in self.kept.items():
            written = self.path(name).read_text(encoding="utf-8")
            write_whole(self.path(name), [with_since(written, since.document(name, kept.failing))])

    def add(self, kept: Kept) -> None:
        """Count a finished host, once."""
        self.kept[kept.name] = kept

    def documents(self) -> Iterator[Mapping[str, Any]]:
        """The documents of the finished hosts, one at a time, in the order of their names."""
        return (source() for source in self.sources())

    def shown(self) -> Iterator[Mapping[str, Any]]:
        """The documents as reports show them, one at a time."""
        return shown(self.sources(), self.redaction)

    def sources(self) -> list[Source]:
        """What reads the document of each finished host, in the order of their names."""
        return [partial(self._read, name) for name in self.names]

    def _read(self, name: str) -> Mapping[str, Any]:
        from secscan.assessments import read_written  # noqa: PLC0415 - keep --help free of it

        return read_written(self.path(name))

    def path(self, name: str) -> Path:
        """The file of a host: its name where that is a safe file name, else that with a digest."""
        safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80].lstrip(".") or "host"
        if safe != name:
            safe += "-" + hashlib.sha256(name.encode()).hexdigest()[:8]
        return self.folder / "hosts" / f"{safe}.json"

    def write(self, assessment: Assessment) -> Kept:
        """Put an assessment on disk and return what stays in memory of it."""
        from secscan.assessments import gist, write_assessment  # noqa: PLC0415 - keep --help free of it

        write_whole(self.path(assessment.host.name), [write_assessment(assessment, self.name)])
        return keep_document(gist(assessment))


def keep_document(document: Mapping[str, Any]) -> Kept:
    """What stays in memory of a host whose document is on disk."""
    undecided = [result for result in document["results"] if result["disposition"] not in SETTLED]
    counts = Counter(result["outcome"] for result in undecided)
    failed = tuple(
        result["severity"] for result in undecided if result["outcome"] == "fail" or result["disposition"] == "attested_fail"
    )
    failing = document["tally"]["counts"].get("fail", 0)
    return Kept(document["host"]["name"], counts, failed, _summarise(document), not document["unreachable"], failing)


def describe_failure(error: Exception) -> str:
    """Why a target has no answer: what it said, or what broke here."""
    return str(error) if isinstance(error, SecscanError) else f"secscan failed: {type(error).__name__}: {error}"


def _summarise(document: Mapping[str, Any]) -> str:
    if document["unreachable"]:
        return Message("not reached: {reason}", reason=document["unreachable"])
    counts = document["tally"]["counts"]
    told = [Message(text, count=counts[name]) for name, text in _COUNTED.items() if counts.get(name)]
    waived = sum(result["disposition"] == "waived" for result in document["results"])
    attested = sum(document["tally"]["attested"].values())
    decided = [Message(text, count=count) for text, count in ((_WAIVED, waived), (_ATTESTED, attested)) if count]
    return Message("{results} ({decided})", results=told, decided=decided) if decided else Message("{results}", results=told)
