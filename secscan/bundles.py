"""Bundles as files: canonical JSON, gzip, named by the SHA-256 of the canonical form."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from secscan.errors import EvidenceError
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.probe import Call
from secscan.model.values import Value

FORMAT = "secscan.bundle/1"
_SIZE_LIMIT = 512 * 2**20


def seal(bundle: Bundle) -> tuple[Bundle, bytes]:
    """The bundle with its digest, and its file contents. Byte for byte the same for the same evidence."""
    canonical = json.dumps(_to_json(bundle), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    return replace(bundle, sha256=digest), gzip.compress(canonical, 6, mtime=0)


def write_bundle(bundle: Bundle, folder: Path) -> tuple[Bundle, Path]:
    """Seal a bundle and put it into a folder as <digest>.bundle.json.gz; a finished file or none, never a piece of one."""
    sealed, data = seal(bundle)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{sealed.sha256}.bundle.json.gz"
    partial = path.with_suffix(".partial")
    partial.write_bytes(data)
    partial.chmod(0o600)
    partial.replace(path)
    return sealed, path


def read_bundle(path: Path) -> Bundle:
    """A bundle from its file. Raises EvidenceError when it is not one, or its name claims another digest."""
    try:
        with gzip.open(path) as stream:
            canonical = stream.read(_SIZE_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise EvidenceError(f"{path}: cannot be read as a bundle: {error}") from error
    if len(canonical) > _SIZE_LIMIT:
        raise EvidenceError(f"{path}: larger than {_SIZE_LIMIT // 2**20} MiB unpacked")
    digest = hashlib.sha256(canonical).hexdigest()
    claimed = path.name.split(".")[0]
    if len(claimed) == len(digest) and all(c in "0123456789abcdef" for c in claimed) and claimed != digest:
        raise EvidenceError(f"{path}: the evidence was changed: its digest is {digest}")
    try:
        return replace(_from_json(json.loads(canonical)), sha256=digest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(f"{path}: not a bundle of format {FORMAT}: {type(error).__name__}: {error}") from error


def _to_json(bundle: Bundle) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "origin": asdict(bundle.origin),
        "script_sha256": bundle.script_sha256,
        "tool_version": bundle.tool_version,
        "content_sha256": bundle.content_sha256,
        "labels": dict(bundle.labels),
        "problems": list(bundle.problems),
        "batches": [_batch_to_json(batch) for batch in bundle.batches],
    }


def _batch_to_json(batch: Batch) -> dict[str, Any]:
    frame = batch.frame
    return {
        "number": batch.number,
        "probe": batch.probe,
        "calls": [dict(call.arguments) for call in batch.calls],
        "script_sha256": batch.script_sha256,
        "exit": frame.exit,
        "elapsed_s": frame.elapsed_s,
        "fault": frame.fault,
        "stderr": _pack(frame.stderr),
        "rest": _pack(frame.rest),
        "parts": [[part.index, part.exit, _pack(part.stdout)] for part in frame.parts],
    }


def _pack(data: bytes) -> str | dict[str, str]:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _unpack(packed: str | Mapping[str, str]) -> bytes:
    return packed.encode() if isinstance(packed, str) else base64.b64decode(packed["base64"], validate=True)


def _from_json(data: Mapping[str, Any]) -> Bundle:
    if data["format"] != FORMAT:
        raise ValueError(f"format {data['format']!r}")
    return Bundle(
        origin=Origin(**data["origin"]),
        script_sha256=data["script_sha256"],
        tool_version=data["tool_version"],
        content_sha256=data["content_sha256"],
        batches=tuple(map(_batch_from_json, data["batches"])),
        problems=tuple(data["problems"]),
        labels=tuple(sorted(data["labels"].items())),
    )


def _batch_from_json(data: Mapping[str, Any]) -> Batch:
    frame = Frame(
        number=int(data["number"]),
        parts=tuple(Part(int(index), int(status), _unpack(stdout)) for index, status, stdout in data["parts"]),
        rest=_unpack(data["rest"]),
        stderr=_unpack(data["stderr"]),
        exit=int(data["exit"]),
        elapsed_s=float(data["elapsed_s"]),
        fault=str(data["fault"]),
    )
    calls = tuple(Call.of(str(data["probe"]), {name: _value(value) for name, value in call.items()}) for call in data["calls"])
    return Batch(frame.number, str(data["probe"]), calls, str(data["script_sha256"]), frame)


def _value(value: Any) -> Value | None:
    return tuple(value) if isinstance(value, list) else value
