"""What hosts, sites, people, statements and the organization are called in a report for others: the same throughout it."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from secscan.assessments import Document
from secscan.model.assessment import ATTESTATION

_ADDRESS = re.compile(r"\d{1,3}(?:[._-]\d{1,3}){3}|(?:[0-9a-f]{1,4}:){2,}|(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|@", re.IGNORECASE)
_SHORT = 4  # characters; shorter names are looked for as whole words, since they stand in many others

Name = tuple[str, str]  # kind, name


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What everything with a name is called in a report. `identities` are the names themselves as `_words_of` writes them."""

    names: Mapping[Name, str]
    identities: frozenset[str]

    def of(self, kind: str, name: str) -> str:
        """The pseudonym; empty for nothing."""
        return self.names[kind, name] if name else ""

    def of_subject(self, name: str) -> str:
        """What a result is about: a host or the organization where it is one, else something of its own."""
        return next(self.names[kind, name] for kind in ("host", "organization", "subject") if (kind, name) in self.names)

    def betrayed_by(self, identifier: str) -> bool:
        """Whether an identifier that people gave has a name or an address in it, however its words are joined."""
        words = _words_of(identifier)
        apart, joined = f"_{words}_", words.replace("_", "")
        told = any(f"_{each}_" in apart or (len(each) >= _SHORT and each.replace("_", "") in joined) for each in self.identities)
        return told or bool(_ADDRESS.search(identifier.casefold()))


def choose_pseudonyms(documents: Iterable[Document], key: bytes, *, lasting: bool) -> Pseudonyms:
    """Pseudonyms for all that the documents name: host-01, ... in an order that the key gives.

    `lasting` ones are digests instead (host-5f0c9a77b3d1), the same in every report that is made with the key.
    """
    found: dict[Name, str] = {}
    identities: set[str] = set()
    for document in documents:
        for name in _names(document):
            found.setdefault(name, hmac.new(key, "\0".join(name).encode("utf-8", "replace"), hashlib.sha256).hexdigest())
        identities |= {words for each in _identities(document) if (words := _words_of(each))}
    if lasting:
        names = {name: f"{name[0]}-{digest[:12]}" for name, digest in found.items()}
    else:
        names = {}
        for kind in {kind for kind, _ in found}:
            ordered = sorted((digest, name) for name, digest in found.items() if name[0] == kind)
            width = max(2, len(str(len(ordered))))
            names |= {name: f"{kind}-{number:0{width}}" for number, (_, name) in enumerate(ordered, 1)}
    return Pseudonyms(names, frozenset(identities))


def kind_of(host: Mapping[str, Any]) -> str:
    """Of what kind the name of a document's host is: a host, or the organization."""
    return "organization" if host["transport"] == ATTESTATION else "host"


def _names(document: Document) -> Iterator[Name]:
    """Everything with a name that may get a pseudonym."""
    host = document["host"]
    yield kind_of(host), host["name"]
    yield "site", host["site"]
    yield "baseline", document["baseline"]["id"]
    yield from (("subject", result["subject"]) for result in document["results"])
    yield from (("check", name) for name in document["checks"])
    yield from (("check", change["check"]) for change in document["changes"])
    yield from (("requirement", name) for name in document["requirements"])
    yield from (("requirement", name) for result in document["results"] for name in result["requirements"])
    yield from (("waiver", name) for name in document["waivers"])
    yield from (("statement", name) for name in document["attestations"])
    yield from (("person", person) for person in _people(document))


def _people(document: Document) -> Iterator[str]:
    for decision in (*document["waivers"].values(), *document["attestations"].values()):
        yield from (decision["owner"], decision["approver"])
    yield from (change["approver"] for change in document["changes"])


def _identities(document: Document) -> Iterator[str]:
    """What a report must not have in its identifiers."""
    host = document["host"]
    for name in (host["name"], host["hostname"]):
        yield name
        yield from _labels(name)
    yield from (host[key] for key in ("address", "user", "machine_id", "host_key", "site"))
    yield from host["labels"].values()
    yield from (result["subject"] for result in document["results"])
    yield from _people(document)


def _labels(name: str) -> list[str]:
    """The parts of a host's name that name somebody: of a domain name all but the top level."""
    labels = name.split(".")
    return labels[:1] if all(label.isdecimal() for label in labels) else labels[: max(1, len(labels) - 1)]


def _words_of(text: str) -> str:
    """The words of a text, folded, with one sign between them whatever stood there: `DB-7.corp` is `db_7_corp`."""
    return "_".join(word for word in re.split(r"[\W_]+", text.casefold()) if word)
