"""A payload on its way in: digest and compression while it arrives, so that a large one is never held whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from typing import Any

import zstandard

DREMPEL = 256 * 1024
"""Bytes up to which a payload is kept as it is; a larger one lives compressed only (design.md §3)."""

_BLOK = 128 * 1024
_draad = threading.local()


class Payload:
    """Bytes of a bericht, written once and then read as often as needed.

    Write with `write`, end with `finish`; after that `size`, `digest` (SHA-256, hex), `compressed` (one zstd
    frame) and `chunks` are valid. `plain` is the whole payload when it is at most `DREMPEL` bytes, else None.
    """

    def __init__(self, data: bytes | None = None) -> None:
        self.size = 0
        self.digest = ""
        self.compressed = b""
        self.plain: bytes | None = None
        self._klein: bytes | bytearray = b""
        self._delen: list[bytes] = []
        self._hash: Any = None  # of a large one, as `_pers`; a small one is hashed and compressed at its end
        self._pers: zstandard.ZstdCompressionObj | None = None
        if data is not None:
            self.write(data)
            self.finish()

    def write(self, data: bytes) -> None:
        """Add the next piece, of any length."""
        self.size += len(data)
        if self._pers is None:
            if not self._klein:
                self._klein = bytes(data)  # most come in one piece, which need not be copied
            elif isinstance(self._klein, bytes):
                self._klein = bytearray(self._klein + data)
            else:
                self._klein += data
            if self.size <= DREMPEL:
                return
            self._hash = hashlib.sha256()
            self._pers = zstandard.ZstdCompressor(level=3).compressobj()
            data, self._klein = bytes(self._klein), b""
        self._hash.update(data)
        self._delen.append(self._pers.compress(data))

    def finish(self) -> None:
        """End the payload; it and `write` may not be called again.

        Raises:
            RuntimeError: it ended before; what it holds would be lost.
        """
        if self.digest:
            raise RuntimeError("the payload has ended")
        if self._pers is None:
            self.plain = bytes(self._klein)
            self.digest = hashlib.sha256(self.plain).hexdigest()
            self.compressed = _pers().compress(self.plain)
        else:
            self._delen.append(self._pers.flush())
            self.digest = self._hash.hexdigest()
            self.compressed = b"".join(self._delen)
        self._klein, self._pers, self._delen = b"", None, []

    def chunks(self) -> Iterator[bytes]:
        """Yield the payload, at most 128 KiB at a time."""
        if self.plain is not None:
            yield self.plain
        else:
            yield from decompress(self.compressed)


def _pers() -> zstandard.ZstdCompressor:
    """Return the compressor of this thread: making one costs several times what compressing a small payload does."""
    try:
        return _draad.pers  # type: ignore[no-any-return]  # a thread-local knows no types
    except AttributeError:
        _draad.pers = zstandard.ZstdCompressor(level=3)
        return _draad.pers  # type: ignore[no-any-return]  # same


def _uitpakker() -> zstandard.ZstdDecompressor:
    """Return the decompressor of this thread, for the same reason; for what it unpacks in one call."""
    try:
        return _draad.uitpakker  # type: ignore[no-any-return]  # a thread-local knows no types
    except AttributeError:
        _draad.uitpakker = zstandard.ZstdDecompressor()
        return _draad.uitpakker  # type: ignore[no-any-return]  # same


def decompress(compressed: bytes) -> Iterator[bytes]:
    """Yield what one zstd frame holds, at most 128 KiB at a time."""
    if 0 < zstandard.frame_content_size(compressed) <= _BLOK:
        yield _uitpakker().decompress(compressed)
        return
    with zstandard.ZstdDecompressor().stream_reader(compressed) as lezer:
        while blok := lezer.read(_BLOK):
            yield blok
