"""The frame reader takes any stream a host may send, in any pieces, and invents nothing."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secscan.ask import frames
from secscan.ask.frames import FrameReader
from secscan.errors import ExchangeError
from secscan.model.evidence import Frame, Part

NONCE = "0123456789abcdef"
DIGEST = "a" * 64
CALLS = {1: 1, 2: 3, 3: 2}
TOLD = "the host fell silent"


def mark(*words: object) -> bytes:
    return f"\n{NONCE} {' '.join(map(str, words))}\n".encode()


def one_frame(number: int, parts: list[bytes], rest: bytes = b"", stderr: bytes = b"", status: int = 0) -> bytes:
    body = b"".join(part + mark("P", index, 0) for index, part in enumerate(parts)) + rest
    return mark("B", number, "10.00") + body + mark("E", number, status, "10.25") + stderr + f"\n{NONCE} Z {number}\n".encode()


def stream(body: bytes, packing: str = "plain", noise: bytes = b"") -> bytes:
    greeting = noise + mark("H", packing, DIGEST)
    return greeting + (gzip.compress(body, 1) if packing == "gzip" else body)


def read(data: bytes, cuts: list[int], calls: dict[int, int] | None = None) -> tuple[tuple[Frame, ...], str, FrameReader]:
    """Frames, the violation if any, and the reader, of data fed in pieces that end at the cuts."""
    reader = FrameReader(NONCE, CALLS if calls is None else calls, {3: 7})
    violation = ""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    for start, stop in zip([0, *places], [*places, len(data)], strict=True):
        try:
            reader.feed(data[start:stop])
        except ExchangeError as error:
            violation = violation or str(error)
    return reader.frames(TOLD), violation, reader


outputs = st.binary(max_size=60).map(lambda data: data.replace(NONCE.encode(), b"")) | st.sampled_from(
    [b"", b"\n", b"\n\n", b"x\n", NONCE.encode(), f"\n{NONCE[:8]}".encode(), f"\n{NONCE}".encode(), b"\n" * 40]
)
whole_frames = st.tuples(
    st.just(b""),
    *[
        st.builds(one_frame, st.just(n), st.lists(outputs, max_size=c), outputs, outputs, st.sampled_from([0, 1, 124, 255]))
        for n, c in CALLS.items()
    ],
).map(b"".join)
pieces = st.sampled_from(
    [
        NONCE.encode(),
        b"\n",
        b" ",
        b"B 1 1.0",
        b"P 0 0",
        b"E 1 0 1.0",
        b"Z 1",
        b"END 3",
        b"H plain " + DIGEST.encode(),
        b"H gzip " + DIGEST.encode(),
        mark("B", 1, ""),
        mark("E", 1, 0, ""),
        mark("Z", 1),
        mark("END", 3),
        mark("P", 0, 0),
        mark("P", 9, 0),
        mark("B", 2, ".."),
    ]
) | st.binary(max_size=30)
hostile = st.lists(pieces, max_size=40).map(b"".join)
packings = st.sampled_from(["plain", "gzip"])
cuts = st.lists(st.integers(0, 100_000), max_size=12)


@given(body=whole_frames, packing=packings, noise=st.binary(max_size=50), where=cuts)
def test_any_pieces_give_the_same_frames(body: bytes, packing: str, noise: bytes, where: list[int]):
    data = stream(body + mark("END", 3), packing, noise)
    whole, violation, _ = read(data, [])
    assert not violation
    assert all(not frame.fault or "time limit" in frame.fault for frame in whole)
    assert read(data, where)[:2] == (whole, "")
    assert read(data, list(range(len(data))))[:2] == (whole, "")


@given(body=hostile, packing=packings, where=cuts)
def test_a_hostile_stream_raises_nothing_but_exchange_errors_and_invents_no_frame(body: bytes, packing: str, where: list[int]):
    data = stream(body, packing)
    got, violation, reader = read(data, where)
    assert [frame.number for frame in got] == list(CALLS)
    for frame in got:
        closed = f"\n{NONCE} Z {frame.number}\n".encode() in body and f"{NONCE} E {frame.number} ".encode() in body
        assert frame.fault or closed
        assert len({part.index for part in frame.parts}) == len(frame.parts) <= CALLS[frame.number]
    assert (got, violation) == read(data, [])[:2]
    assert reader.ended <= (mark("END", 3) in body or b"END 3\n" in body)


@given(data=st.binary(max_size=400), where=cuts)
def test_bytes_without_the_nonce_are_never_an_answer(data: bytes, where: list[int]):
    got, _, reader = read(data.replace(NONCE.encode(), b""), where)
    assert not reader.greeting
    assert got == tuple(Frame(number, fault=TOLD) for number in CALLS)


@given(content=st.binary(max_size=300), where=cuts)
def test_no_file_content_can_fake_a_frame(content: bytes, where: list[int]):
    content = (
        content.replace(NONCE.encode(), b"") + b"\nffffffffffffffff P 0 0\n\nffffffffffffffff E 1 0 1\n\nffffffffffffffff Z 1\n"
    )
    data = stream(one_frame(1, [content]) + one_frame(2, [content, content]) + mark("END", 3))
    got = read(data, where)[0]
    assert got[0].parts == (Part(0, 0, content),)
    assert got[1].parts == (Part(0, 0, content), Part(1, 0, content))
    assert got[2] == Frame(3, fault=TOLD)


@given(body=whole_frames, cut=st.integers(0, 3000), packing=packings)
def test_a_stream_that_breaks_off_leaves_every_open_frame_with_a_fault(body: bytes, cut: int, packing: str):
    full = stream(body + mark("END", 3), packing)
    data = full[: cut % len(full)]
    whole = dict(zip(CALLS, read(full, [])[0], strict=True))
    for frame in read(data, [])[0]:
        assert frame.fault or frame == whole[frame.number]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(mark("B", 7, ""), "out of turn", id="a question that was not asked"),
        pytest.param(one_frame(1, [b"x"]) + one_frame(1, [b"y"]), "out of turn", id="the same question twice"),
        pytest.param(mark("B", 1, "") + mark("B", 2, ""), "out of turn", id="a question inside a question"),
        pytest.param(mark("B", 1, "") + mark("Z", 1), "out of turn", id="an end without an exit status"),
        pytest.param(mark("B", 1, "") + mark("E", 1, 0, "") + mark("E", 1, 1, ""), "out of turn", id="two exit statuses"),
        pytest.param(mark("B", 1, "") + mark("E", 1, 0, "") + mark("P", 0, 0), "out of turn", id="a part among the complaints"),
        pytest.param(mark("B", 1, "") + mark("P", 1, 0), "out of turn", id="a part that was not asked"),
        pytest.param(mark("B", 2, "") + mark("P", 1, 0) + mark("P", 1, 0), "out of turn", id="a part twice"),
        pytest.param(mark("B", 1, "") + mark("E", 2, 0, ""), "out of turn", id="the end of another question"),
        pytest.param(mark("P", 0, 0), "out of turn", id="a part of nothing"),
        pytest.param(mark("B", 1, "") + mark("END", 3), "inside a question", id="the end inside a question"),
        pytest.param(mark("X", 1), "does not print", id="an unknown mark"),
        pytest.param(mark("B", 1, "1" * 300), "does not print", id="an endless mark"),
        pytest.param(mark("P", 0, "٣"), "does not print", id="digits that are no ASCII"),
    ],
)
def test_a_lie_about_the_order_ends_the_exchange(body: bytes, told: str):
    got, violation, _ = read(stream(body + one_frame(2, [b"later"]) + mark("END", 3)), [])
    assert told in violation
    assert got[1].fault, "nothing that comes after a lie is believed"
    assert told in read(stream(body), [])[1], "the lie is refused for itself, not for what follows it"


def test_what_comes_in_a_later_piece_than_a_lie_is_not_believed_either():
    lie = stream(mark("B", 7, ""))
    got, violation, _ = read(lie + one_frame(1, [b"later"]) + mark("END", 3), [len(lie)])
    assert violation == "the host answered question 7 out of turn"
    assert got == tuple(Frame(number, fault=TOLD) for number in CALLS)


def test_parts_that_came_before_a_lie_are_kept():
    got, violation, _ = read(stream(one_frame(1, [b"kept"]) + mark("B", 9, "")), [])
    assert violation
    assert got[0] == Frame(1, (Part(0, 0, b"kept"),), b"", b"", 0, 0.25, "")


class TestLimits:
    """Memory is bounded whatever a host sends, and what a limit cuts is never taken for whole."""

    @pytest.mark.parametrize("size", [1, 40_000])
    def test_noise_before_the_greeting_is_limited_however_it_is_cut(self, size: int):
        for noise, refused in ((frames.NOISE_LIMIT - 1, False), (frames.NOISE_LIMIT + 1, True), (frames.NOISE_LIMIT * 3, True)):
            data = stream(one_frame(1, [b"x"]) + mark("END", 3), noise=b"n" * noise)
            assert bool(read(data, [])[1]) == bool(read(data, list(range(noise - 300, len(data), size)))[1]) == refused

    def test_an_answer_beyond_its_limit_is_kept_to_the_limit_and_has_a_fault(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(frames, "BATCH_LIMIT", 1000)
        data = stream(one_frame(2, [b"first", b"y" * 2000, b"third"]) + mark("END", 3))
        got = read(data, [])[0]
        assert got == read(data, list(range(0, len(data), 7)))[0] == read(data, list(range(len(data))))[0]
        assert got[1].fault == "the answer is larger than 0 MiB"
        assert got[1].parts == (Part(0, 0, b"first"),), "what was whole before the limit stays"

    def test_a_stream_beyond_the_limit_ends_at_the_same_byte_however_it_is_cut(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(frames, "STREAM_LIMIT", 500)
        data = stream(one_frame(1, [b"x" * 100]) + one_frame(2, [b"y" * 100] * 3) + one_frame(3, [b"z" * 400]))
        got, violation, _ = read(data, [])
        assert "more than" in violation
        assert (got, violation) == read(data, list(range(len(data))))[:2] == read(data, [200, 300, 700])[:2]

    def test_complaints_are_cut(self):
        got = read(stream(one_frame(1, [b"x"], stderr=b"e" * 100_000) + mark("END", 3)), [])[0]
        assert len(got[0].stderr) == frames.COMPLAINT_LIMIT

    def test_a_gzip_bomb_ends_at_the_limit(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(frames, "STREAM_LIMIT", 2**20)
        reader = FrameReader(NONCE, CALLS, {})
        with pytest.raises(ExchangeError, match="more than 1 MiB"):
            reader.feed(mark("H", "gzip", DIGEST) + gzip.compress(b"\0" * 2**26))
        assert len(reader._buffer) < 2**20

    def test_bytes_after_the_end_of_gzip_are_not_hoarded(self):
        reader = FrameReader(NONCE, CALLS, {})
        reader.feed(mark("H", "gzip", DIGEST) + gzip.compress(mark("B", 1, "")))
        for _ in range(50):
            reader.feed(b"z" * 10_000)
        assert reader._unzip is not None
        assert len(reader._unzip.unused_data) < 10_000

    def test_gzip_that_expands_to_nothing_does_not_run_for_ever(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(frames, "_RECEIVED_LIMIT", 100_000)
        packer = zlib.compressobj(wbits=31)
        data = mark("H", "gzip", DIGEST) + packer.compress(b"")
        reader = FrameReader(NONCE, CALLS, {})
        empty_blocks = b"\0\0\0\xff\xff" * 40_000
        with pytest.raises(ExchangeError, match="more than"):
            reader.feed(data + empty_blocks)

    def test_broken_gzip_is_an_exchange_error(self):
        reader = FrameReader(NONCE, CALLS, {})
        with pytest.raises(ExchangeError, match="not valid gzip"):
            reader.feed(mark("H", "gzip", DIGEST) + b"this is not gzip")


@settings(max_examples=settings().max_examples // 3)
@given(size=st.integers(200_000, 600_000), where=cuts)
def test_an_answer_that_unpacks_to_exactly_the_size_of_a_piece_is_whole(size: int, where: list[int]):
    data = stream(one_frame(1, [b"a" * size]) + mark("END", 3), "gzip")
    got, _, reader = read(data, where)
    assert reader.ended
    assert got[0].parts == (Part(0, 0, b"a" * size),)


@pytest.mark.parametrize("status", [124, 128 + 9, 128 + 15], ids=["timeout", "KILL", "TERM"])
def test_a_watched_question_that_was_killed_says_so(status: int):
    got = read(stream(one_frame(3, [b"half"], status=status) + mark("END", 3)), [])[0]
    assert got[2].fault == "time limit of 7 s reached on the host"


def test_elapsed_time_is_only_told_when_the_host_could_measure_it():
    body = mark("B", 1, "") + mark("E", 1, 0, "5.0") + f"\n{NONCE} Z 1\n".encode() + one_frame(2, [])
    got = read(stream(body), [])[0]
    assert [got[0].elapsed_s, got[1].elapsed_s] == [-1.0, 0.25]
