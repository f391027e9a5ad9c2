"""Evidence comes back from its file as it was, and any change to it is found."""

from __future__ import annotations

import gzip
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secscan.bundles import read_bundle, seal, write_bundle
from secscan.errors import EvidenceError
from secscan.model.evidence import Batch, Bundle, Frame, Origin, Part
from secscan.model.probe import Call

texts = st.text(max_size=10)
numbers = st.integers(0, 10**9)
seconds = st.floats(0, 4e9, allow_nan=False)
data = st.binary(max_size=30) | st.sampled_from([b"", b"\xff\xfe", "naïve\n".encode(), b"\0", b"absent\n"])
frames = st.builds(
    Frame,
    numbers,
    st.lists(st.builds(Part, numbers, st.integers(0, 255), data), max_size=3).map(tuple),
    data,
    data,
    st.integers(-1, 255),
    st.floats(-1, 1e6),
    texts,
)
values = (
    st.none()
    | texts
    | st.integers(-(10**9), 10**9)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(texts, max_size=3).map(tuple)
)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    frame, probe = draw(frames), draw(texts)
    calls = draw(st.lists(st.dictionaries(texts, values, max_size=3), max_size=3))
    return Batch(frame.number, probe, tuple(Call.of(probe, call) for call in calls), draw(texts), frame)


origins = st.builds(
    Origin,
    target=texts,
    address=texts,
    transport=texts,
    user=texts,
    become=texts,
    host_key=texts,
    started_at=seconds,
    finished_at=seconds,
    uid=st.integers(-1, 70_000),
    hostname=texts,
    machine_id=texts,
    clock_offset_s=st.none() | st.floats(-1e6, 1e6),
    received_bytes=numbers,
)
bundles = st.builds(
    Bundle,
    origins,
    texts,
    texts,
    texts,
    st.lists(batches(), max_size=3).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
    st.dictionaries(texts, texts, max_size=2).map(lambda labels: tuple(sorted(labels.items()))),
)
SAMPLE = Bundle(
    Origin("web1", "192.0.2.1", "ssh", uid=0, started_at=1.5, finished_at=2.5, clock_offset_s=0.5),
    "s" * 64,
    "1.0",
    "c" * 64,
    (
        Batch(
            1,
            "sysctl",
            (Call.of("sysctl", {"key": "a", "more": ("x", "y"), "other": None}),),
            "d" * 64,
            Frame(1, (Part(0, 0, b"a = 1\n"),), exit=0, elapsed_s=0.1),
        ),
    ),
    ("slow",),
    (("site", "geneva"),),
)


@given(bundles)
def test_a_bundle_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, bundle: Bundle):
    folder = tmp_path_factory.mktemp("bundles")
    sealed, path = write_bundle(bundle, folder)
    again = read_bundle(path)
    assert again == bundle
    assert again.sha256 == sealed.sha256 == path.name.split(".")[0]


@given(bundles)
def test_the_same_evidence_is_the_same_file(bundle: Bundle):
    assert seal(bundle) == seal(replace(bundle, sha256="not a part of it"))


def put(folder: Path, text: bytes, name: str = "some.bundle.json.gz") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text, mtime=0))
    return path


def sample_text() -> bytes:
    return gzip.decompress(seal(SAMPLE)[1])


def test_a_file_whose_name_claims_another_digest_is_refused(tmp_path: Path):
    _, path = write_bundle(SAMPLE, tmp_path)
    path.write_bytes(gzip.compress(sample_text().replace(b"a = 1", b"a = 2")))
    with pytest.raises(EvidenceError, match="the evidence was changed"):
        read_bundle(path)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_of_a_named_bundle_goes_unseen(tmp_path_factory: pytest.TempPathFactory, place: int, difference: int):
    text = bytearray(sample_text())
    text[place % len(text)] ^= difference
    name = f"{seal(SAMPLE)[0].sha256}.bundle.json.gz"
    with pytest.raises(EvidenceError):
        read_bundle(put(tmp_path_factory.mktemp("changed"), bytes(text), name))


def changed(path: tuple[str | int, ...], value: Any) -> bytes:
    document = json.loads(sample_text())
    inside = document
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "secscan.bundle/9"),
        (("origin",), []),
        (("origin", "target"), 5),
        (("origin", "uid"), "0"),
        (("origin", "uid"), True),
        (("origin", "started_at"), "now"),
        (("origin", "clock_offset_s"), []),
        (("origin", "password"), "x"),
        (("script_sha256",), None),
        (("batches",), {}),
        (("batches", 0), 5),
        (("batches", 0, "number"), "1"),
        (("batches", 0, "exit"), 0.5),
        (("batches", 0, "calls"), [5]),
        (("batches", 0, "calls", 0, "key"), {"a": 1}),
        (("batches", 0, "calls", 0, "key"), [[1]]),
        (("batches", 0, "parts"), [[0, 0]]),
        (("batches", 0, "parts", 0, 2), {"base64": "!"}),
        (("batches", 0, "parts", 0, 2), {"base64": "YQ=="}),
        (("batches", 0, "stderr"), 5),
        (("labels",), []),
        (("labels", "site"), 5),
        (("problems",), [5]),
        (("problems",), None),
        (("extra",), 1),
        (("batches", 0, "elapsed_s"), 1),
    ],
    ids=str,
)
def test_a_bundle_that_says_something_else_than_bundles_do_is_refused(tmp_path: Path, path: tuple[str | int, ...], value: Any):
    with pytest.raises(EvidenceError):
        read_bundle(put(tmp_path, changed(path, value)))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"5",
        b"\xff",
        b"[" * 100_000,
        sample_text() + b"\n",
        b" " + sample_text(),
        sample_text().replace(b"0.1", b"NaN"),
    ],
    ids=range(10),
)
def test_no_content_of_a_file_raises_anything_but_an_evidence_error(tmp_path: Path, text: bytes):
    with pytest.raises(EvidenceError):
        read_bundle(put(tmp_path, text))


@pytest.mark.parametrize(
    "raw", [b"", b"no gzip", b"\x1f\x8b", gzip.compress(sample_text())[:-20]], ids=["empty", "other", "head", "cut"]
)
def test_no_bytes_of_a_file_raise_anything_but_an_evidence_error(tmp_path: Path, raw: bytes):
    (tmp_path / "x.bundle.json.gz").write_bytes(raw)
    with pytest.raises(EvidenceError):
        read_bundle(tmp_path / "x.bundle.json.gz")


def test_evidence_is_for_its_owner_alone_and_never_half_there(tmp_path: Path):
    _, path = write_bundle(SAMPLE, tmp_path / "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]
