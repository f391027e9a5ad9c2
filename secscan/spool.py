"""Text that must wait until what stands before it in a format is known: compressed, and on disk when there is much of it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

_IN_MEMORY = 16 * 2**20  # bytes, compressed
_CHUNK = 2**16


class Spool:
    """Takes text, then gives it back once, in the same order. The file has no name and is gone with the process."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed with the spool
        self._compressor = zlib.compressobj(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def write(self, text: str) -> None:
        """Add text at the end."""
        self._file.write(self._compressor.compress(text.encode("utf-8")))

    def read(self) -> Iterator[str]:
        """Everything that was written, in pieces; nothing can be added after."""
        self._file.write(self._compressor.flush())
        self._file.seek(0)
        decompressor = zlib.decompressobj()
        kept = b""
        while chunk := self._file.read(_CHUNK):
            kept += decompressor.decompress(chunk)
            whole = kept.rfind(b"\n") + 1  # a line end is never part of another character
            yield kept[:whole].decode("utf-8")
            kept = kept[whole:]
        yield (kept + decompressor.flush()).decode("utf-8")
