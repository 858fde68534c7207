"""Compression of the whole payload of a stream (``docs/protocol.md`` section 9.2)."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Protocol

from .errors import ItemError

_PIECE = 1024
"""Compressed bytes per step: a block of zstd expands 4 bytes to 128 KiB at most (RFC 8878)."""

_STEP = 1 << 20
"""Maximum number of bytes that a step of lz4 returns."""


class Decompressor(Protocol):
    """Decompresses the payload of frames."""

    def feed(self, payload: bytes) -> Iterable[bytes]:
        """Decompress payload, in pieces of bounded size. Raises ``ItemError``."""

    def finish(self) -> None:
        """Check that the compressed frame was complete. Raises ``ItemError``."""


class Compressor(Protocol):
    """The inverse of ``Decompressor``."""

    def feed(self, payload: bytes) -> bytes:
        """Compress payload, so that all of it can be decompressed from what was returned."""

    def finish(self) -> bytes:
        """End the compressed frame."""


def _broken(error: Exception) -> ItemError:
    return ItemError(f"cannot be decompressed: {error}")


class _Zstd:
    def __init__(self) -> None:
        module = importlib.import_module("zstandard")
        self._error: type[Exception] = module.ZstdError
        self._state = module.ZstdDecompressor().decompressobj()

    def feed(self, payload: bytes) -> Iterable[bytes]:
        for start in range(0, len(payload), _PIECE):
            try:
                yield self._state.decompress(payload[start : start + _PIECE])
            except self._error as error:
                raise _broken(error) from None

    def finish(self) -> None:
        if not self._state.eof:
            raise ItemError("the compressed stream ends too early")


class _ZstdCompressor:
    def __init__(self) -> None:
        self._module = importlib.import_module("zstandard")
        self._state = self._module.ZstdCompressor().compressobj()

    def feed(self, payload: bytes) -> bytes:
        head: bytes = self._state.compress(payload)
        tail: bytes = self._state.flush(self._module.COMPRESSOBJ_FLUSH_BLOCK)
        return head + tail

    def finish(self) -> bytes:
        out: bytes = self._state.flush()
        return out


class _Lz4:
    def __init__(self) -> None:
        self._state = importlib.import_module("lz4.frame").LZ4FrameDecompressor()

    def feed(self, payload: bytes) -> Iterable[bytes]:
        while payload or not self._state.needs_input:
            try:
                piece: bytes = self._state.decompress(payload, max_length=_STEP)
            except (RuntimeError, EOFError) as error:
                raise _broken(error) from None
            payload = b""
            if piece:
                yield piece
            if self._state.eof:
                if self._state.unused_data:
                    raise ItemError("there is data after the compressed stream")
                return

    def finish(self) -> None:
        if not self._state.eof:
            raise ItemError("the compressed stream ends too early")


class _Lz4Compressor:
    def __init__(self) -> None:
        self._state = importlib.import_module("lz4.frame").LZ4FrameCompressor(auto_flush=True)
        self._begun = False

    def feed(self, payload: bytes) -> bytes:
        head = b"" if self._begun else self._state.begin()
        self._begun = True
        out: bytes = head + self._state.compress(payload)
        return out

    def finish(self) -> bytes:
        head = b"" if self._begun else self._state.begin()
        out: bytes = head + self._state.flush()
        return out


_KNOWN: dict[str, tuple[Any, Any]] = {
    "zstd": (_Zstd, _ZstdCompressor),
    "lz4": (_Lz4, _Lz4Compressor),
}


def _find(name: str) -> tuple[Any, Any]:
    if name not in _KNOWN:
        raise ItemError(f"the compression {name!r} is not supported; known are {', '.join(_KNOWN)}")
    return _KNOWN[name]


def decompressor(name: str) -> Decompressor:
    """Start to decompress. Raises ``ItemError`` if the algorithm or its package is missing."""
    try:
        made: Decompressor = _find(name)[0]()
    except ImportError:
        raise ItemError(f"the stream is compressed; install pipewright-streams[{name}]") from None
    return made


def compressor(name: str) -> Compressor:
    """Start to compress. Raises ``ItemError`` if the algorithm or its package is missing."""
    try:
        made: Compressor = _find(name)[1]()
    except ImportError:
        raise ItemError(f"to compress by {name}, install pipewright-streams[{name}]") from None
    return made
