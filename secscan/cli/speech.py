"""What a run has to say to people who were not there: everything that is so, gathered from what the run found and goes by."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from secscan.cli.telling import Speech

if TYPE_CHECKING:
    from secscan.cli.channels import Notify
    from secscan.cli.job import Done, Job
    from secscan.model.evidence import Bundle
    from secscan.notifying.news import Item
    from secscan.summary import Summary


def speech_of(job: Job, done: Done, summary: Summary, bundles: Iterable[Bundle], notify: Notify, *, whole: bool) -> Speech:
    """What a run found. `whole` is False for a run over a part of the inventory; bundles are looked at one at a time."""
    from secscan.content.renames import renames  # noqa: PLC0415 - keep --help free of it
    from secscan.notifying.letter import Circumstances  # noqa: PLC0415 - only where somebody is told
    from secscan.notifying.looking import look  # noqa: PLC0415 - as above

    looked = look(done.run.documents(), job.engine.baseline, done.since, whole=whole)
    items = [*looked.items, *_by_the_calendar(job, done, bundles, notify)]
    about = Circumstances(
        baseline=job.engine.library.baseline(job.engine.baseline).title,
        moment=summary.finished_at or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        run=done.run.name,
        hosts=len(summary.asked),
        reached=len(summary.asked) - len(summary.unreachable),
        compliance=summary.tally.compliance,
        coverage=summary.tally.coverage,
    )
    return Speech(items, looked.seen, about, renames(job.engine.library.checks))


def _by_the_calendar(job: Job, done: Done, bundles: Iterable[Bundle], notify: Notify) -> Iterator[Item]:
    """What only time brings about: ends, and a run that was left out."""
    from secscan import plugins  # noqa: PLC0415 - keep --help free of it
    from secscan.notifying.looking import certificates, endings, missed  # noqa: PLC0415 - only where somebody is told

    now, engine = time.time(), job.engine
    yield from endings(engine.waivers, engine.attestations, engine.demands, now, notify.ahead_s)
    if any("endings" in channel.tell for channel in notify.channels):
        yield from certificates(bundles, plugins.probes(), now, notify.ahead_s)
    if done.since and notify.every_s is not None:
        gap = missed(done.since.before.name, done.since.before.finished_at, done.started_at, notify.every_s)
        yield from [gap] if gap else []
