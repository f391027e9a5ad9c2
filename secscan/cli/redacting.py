"""Reports that can be shown to others: the options, the key of the pseudonyms, and what is known to name nobody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from secscan.cli.confidential import read_private
from secscan.errors import UsageError
from secscan.messages import Message

if TYPE_CHECKING:
    from secscan.pseudonyms import Pseudonyms
    from secscan.redaction import Published

F = TypeVar("F", bound=Callable[..., Any])
Source = Callable[[], Mapping[str, Any]]
_KEY_LEAST = 16  # characters; a shorter key can be guessed, and then every name be tried


def redact_options(command: F) -> F:
    """--redact and --redact-key."""
    options = (
        click.option("--redact", is_flag=True, help="Reports to show to others: pseudonyms, no addresses, values or evidence."),
        click.option(
            "--redact-key",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="A private file with a secret that makes the pseudonyms the same in every report.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(slots=True)
class Redaction:
    """How one command redacts its reports: all of them with the same pseudonyms."""

    key: bytes = field(repr=False)
    lasting: bool
    _pseudonyms: Pseudonyms | None = None

    def documents(self, sources: Sequence[Source]) -> Iterator[Mapping[str, Any]]:
        """The documents of the sources, redacted, read one at a time."""
        from secscan.redaction import redact_in_order  # noqa: PLC0415 - keep --help free of it

        return redact_in_order(sources, self._known(sources), published())

    def checks(self, sources: Sequence[Source]) -> Mapping[str, str]:
        """What each check of the sources is called in their redacted documents."""
        from secscan.redaction import redact  # noqa: PLC0415 - keep --help free of it

        pseudonyms, ours = self._known(sources), published()
        return {
            name: told
            for document in (source() for source in sources)
            for name, told in zip(document["checks"], redact(document, pseudonyms, ours)["checks"], strict=True)
        }

    def _known(self, sources: Sequence[Source]) -> Pseudonyms:
        from secscan.pseudonyms import choose_pseudonyms  # noqa: PLC0415 - keep --help free of it

        if self._pseudonyms is None:
            self._pseudonyms = choose_pseudonyms((source() for source in sources), self.key, lasting=self.lasting)
        return self._pseudonyms


def read_redaction(redact: bool, key: Path | None) -> Redaction | None:
    """What the options ask for; None where nothing is to be redacted. UsageError for a key that can be guessed."""
    if key is None:
        return Redaction(os.urandom(32), lasting=False) if redact else None
    secret = read_private(key, Message("key of the pseudonyms"))
    if len(secret) < _KEY_LEAST:
        raise UsageError(
            "{key}: shorter than {count} characters, which can be guessed; allowed: openssl rand -hex 32 >FILE",
            key=key,
            count=_KEY_LEAST,
        )
    return Redaction(secret.encode(), lasting=True)


def shown(sources: Sequence[Source], redaction: Redaction | None) -> Iterator[Mapping[str, Any]]:
    """The documents of the sources as reports show them, read one at a time."""
    return redaction.documents(sources) if redaction else (source() for source in sources)


def published() -> Published:
    """What ships with secscan."""
    from secscan import places  # noqa: PLC0415 - keep --help free of it
    from secscan.cli.content import load_content  # noqa: PLC0415 - as above
    from secscan.content.sources import read_checks  # noqa: PLC0415 - as above
    from secscan.redaction import Published  # noqa: PLC0415 - as above

    library, _ = load_content(())
    files = read_checks([places.checks()])
    texts = {text for each in library.requirements.values() for text in (each.title, each.source)}
    texts |= {text for baseline in library.baselines.values() for text in _texts(baseline.data)}
    texts |= {file.shown.split("/")[-2] for file in files}
    return Published(frozenset(file.sha256 for file in files), frozenset(texts))


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    for each in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _texts(each)
