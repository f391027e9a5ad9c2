"""Telling people: each channel in turn, what it was told remembered, what went wrong said; a run never fails for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from secscan.cli.confidential import SOURCES
from secscan.cli.files import write_whole
from secscan.cli.journal import note
from secscan.cli.turns import in_turn
from secscan.errors import SecscanError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.cli.channels import Channel, Notify
    from secscan.notifying.ledger import Last, Ledger
    from secscan.notifying.letter import Circumstances
    from secscan.notifying.news import Digest, Item, Rule, Seen
    from secscan.notifying.sending import Compose
    from secscan.wording import Wording

FILE = "notified.json"


@dataclass(frozen=True, slots=True)
class Told:
    """How telling one channel went: how many pieces of news there were, and why they did not arrive, empty when they did."""

    channel: str
    news: int
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Speech:
    """Everything that is so, how far somebody looked (None: only at the calendar), and what every message says of the run.

    `renamed` are the ids that checks have now, by those that they had before.
    """

    items: Sequence[Item]
    seen: Seen | None
    about: Circumstances
    renamed: Mapping[str, str] = field(default_factory=dict)


def words_of(notify: Notify, language: str, terms: Path | None) -> dict[str, Wording]:
    """The words of each channel. Raises UsageError, InputError for a language or terms that there are not."""
    from secscan.cli.reports import choose_words  # noqa: PLC0415 - keep --help free of it

    return {each.name: choose_words(each.language or language, each.terms or terms) for each in notify.channels}


def tell(notify: Notify, words: dict[str, Wording], folder: Path, speech: Speech) -> list[Told]:
    """Tell every channel what it was not told yet, one message each. What a channel did not get, it is told the next time."""
    from secscan.notifying.ledger import Last, rename_checks  # noqa: PLC0415 - only where somebody is told

    outcomes = []
    with _ledger(folder) as kept:
        kept.ledger = rename_checks(kept.ledger, speech.renamed)
        for channel in notify.channels:
            now = time.time()
            digest = _digest(channel, notify, kept.ledger, speech, now)
            complaint = deliver(channel, _composer(digest, speech.about, words[channel.name])) if digest else ""
            last = Last(speech.about.run, now, complaint) if digest else None
            kept.ledger = kept.ledger.with_channel(channel.name, digest, last)
            kept.save()
            outcomes.append(Told(channel.name, len(digest.news) + len(digest.reminders), complaint))
    return outcomes


def last_failure(folder: Path, channel: str) -> Last | None:
    """The last message to a channel, where it was not delivered; None where it was, or nothing can be read of it."""
    from secscan.notifying.ledger import read_ledger  # noqa: PLC0415 - only where somebody asks

    path = folder / FILE
    with contextlib.suppress(OSError, ValueError, SecscanError):
        last = read_ledger(path.read_text(encoding="utf-8"), str(path)).last.get(channel)
        return last if last and last.complaint else None
    return None


def deliver(channel: Channel, compose: Compose) -> str:
    """Send one message through a channel; why it did not arrive, which is said too. Never raises."""
    from secscan.notifying.sending import send  # noqa: PLC0415 - only where somebody is told

    try:
        complaint = send(SOURCES[channel.kind](channel.place, "URL"), compose)
    except SecscanError as error:
        complaint = str(error)
    if complaint:
        text = Message("channel {channel}: {complaint}", channel=channel.name, complaint=complaint)
        note("channel_failed", text, "error", channel=channel.name, complaint=complaint)
    return complaint


def _digest(channel: Channel, notify: Notify, ledger: Ledger, speech: Speech, now: float) -> Digest:
    from secscan.notifying.choosing import choose  # noqa: PLC0415 - only where somebody is told

    told, owed = ledger.told.get(channel.name, {}), ledger.owed.get(channel.name, frozenset())
    return choose(speech.items, told, speech.seen, _rule(channel, notify), now, owed)


def _rule(channel: Channel, notify: Notify) -> Rule:
    from secscan.notifying.news import GROUPS, Rule  # noqa: PLC0415 - only where somebody is told
    from secscan.terms import SEVERITY_RANK  # noqa: PLC0415 - as above

    topics = frozenset(topic for group in channel.tell for topic in GROUPS[group])
    return Rule(topics, SEVERITY_RANK[channel.severity], notify.remind_s)


def _composer(digest: Digest, about: Circumstances, words: Wording) -> Compose:
    from secscan.notifying.letter import write_letter  # noqa: PLC0415 - only where somebody is told

    return lambda limit: write_letter(digest, about, words, limit)


@dataclass(slots=True)
class _Kept:
    """The ledger of a folder while it is this process's alone."""

    path: Path
    ledger: Ledger

    def save(self) -> None:
        """Put it on disk, whole; what cannot be written is said, and told again the next time."""
        from secscan.notifying.ledger import write_ledger  # noqa: PLC0415 - only where somebody is told

        try:
            write_whole(self.path, [write_ledger(self.ledger)])
        except SecscanError as error:
            note("notified_failed", Message("{error}; what was told now will be told again", error=error.message), "error")


@contextlib.contextmanager
def _ledger(folder: Path) -> Iterator[_Kept]:
    """What was told before. A file that cannot be read is said and begun anew: twice told is better than never."""
    from secscan.notifying.ledger import Ledger, read_ledger  # noqa: PLC0415 - only where somebody is told

    path = folder / FILE
    with in_turn(path.with_suffix(".lock")):
        ledger = Ledger()
        try:
            if path.exists():
                ledger = read_ledger(path.read_text(encoding="utf-8"), str(path))
        except (OSError, ValueError, SecscanError) as error:
            note("notified_failed", Message("{error}; everything is told anew", error=str(error)), "error")
        yield _Kept(path, ledger)
