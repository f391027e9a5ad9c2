"""Bundles as files: canonical JSON, gzip, named by the SHA-256 of the canonical form."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import re
import threading
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from secscan.errors import EvidenceError
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.probe import Call
from secscan.model.values import Value

FORMAT = "secscan.bundle/1"
_SIZE_LIMIT = 512 * 2**20
_ORIGIN_TYPES = {each.name: str(each.type) for each in fields(Origin)}  # as written there: "str", "float | None", ...


def seal(bundle: Bundle) -> tuple[Bundle, bytes]:
    """The bundle with its digest, and its file contents. Byte for byte the same for the same evidence."""
    canonical = _canonical(bundle)
    digest = hashlib.sha256(canonical).hexdigest()
    return replace(bundle, sha256=digest), gzip.compress(canonical, 6, mtime=0)


def write_bundle(bundle: Bundle, folder: Path) -> tuple[Bundle, Path]:
    """Seal a bundle and put it into a folder as <digest>.bundle.json.gz; a finished file or none, never a piece of one."""
    sealed, data = seal(bundle)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{sealed.sha256}.bundle.json.gz"
    partial = folder / f".{path.name}.{os.getpid()}.{threading.get_ident()}.partial"
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # of a full disk
    return sealed, path


def read_bundle(path: Path) -> Bundle:
    """A bundle from its file. Raises EvidenceError when it is not one, was changed, or its name claims another digest."""
    canonical = _unpack_file(path)
    digest = hashlib.sha256(canonical).hexdigest()
    claimed = path.name.split(".")[0]
    if re.fullmatch("[0-9a-f]{64}", claimed) and claimed != digest:
        raise EvidenceError("{path}: the evidence was changed: its digest is {digest}", path=path, digest=digest)
    try:
        bundle = replace(_from_json(json.loads(canonical)), sha256=digest)
        written = _canonical(bundle)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {str(error)[:200]}"
        raise EvidenceError("{path}: not a bundle of format {format}: {what}", path=path, format=FORMAT, what=what) from error
    if written != canonical:
        raise EvidenceError("{path}: not a bundle as secscan writes it: it says the same in other words, or more", path=path)
    return bundle


def _unpack_file(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            canonical = stream.read(_SIZE_LIMIT + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise EvidenceError(
            "{path}: cannot be read as a bundle: {reason}", path=path, reason=getattr(error, "strerror", None) or error
        ) from error
    if len(canonical) > _SIZE_LIMIT:
        raise EvidenceError("{path}: larger than {count} MiB unpacked", path=path, count=_SIZE_LIMIT // 2**20)
    return canonical


def _canonical(bundle: Bundle) -> bytes:
    return json.dumps(_to_json(bundle), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def _to_json(bundle: Bundle) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "origin": _origin_to_json(bundle.origin),
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
        "elapsed_s": float(frame.elapsed_s),
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
        origin=_origin_from_json(data["origin"]),
        script_sha256=_text(data["script_sha256"]),
        tool_version=_text(data["tool_version"]),
        content_sha256=_text(data["content_sha256"]),
        batches=tuple(map(_batch_from_json, data["batches"])),
        problems=tuple(map(_text, data["problems"])),
        labels=tuple((name, _text(value)) for name, value in sorted(data["labels"].items())),
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


def _origin_to_json(origin: Origin) -> dict[str, Any]:
    return {
        name: float(value) if _ORIGIN_TYPES[name].startswith("float") and value is not None else value
        for name, value in asdict(origin).items()
    }


def _origin_from_json(data: Mapping[str, Any]) -> Origin:
    for name, value in data.items():
        if type(value).__name__ not in _ORIGIN_TYPES[name].replace("None", "NoneType").split(" | "):
            raise TypeError(f"origin's {name} is a {type(value).__name__}")
    return Origin(**data)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, found a {type(value).__name__}")
    return value


def _value(value: Any) -> Value | None:
    if isinstance(value, list):
        return tuple(map(_text, value))
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"an argument cannot be a {type(value).__name__}")
